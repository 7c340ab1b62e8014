//! BLS12-381 through blst: hashing to G1, sums of products, pairings, and vector commitments to blocks.
//!
//! Formats: a point of G1 has 96 bytes, x and y as 48 big-endian bytes each, infinity is 0x40 and zeros; one of
//! G2 has 192 (x.c1, x.c0, y.c1, y.c0), both the uncompressed form of the ZCash protocol specification,
//! section 5.4.9.2. A scalar has 32 little-endian bytes and is below the group order r.
//!
//! Sources: RFC 9380, section 8.8.1 (hash to curve); Pedersen, CRYPTO '91 (commitments, here to vectors and
//! without blinding); github.com/supranational/blst.

mod blocks;
mod generators;
mod group;

pub use blocks::{ELEMENT_BYTES, LARGEST_ELEMENTS, combine_blocks, commit_blocks};
pub use generators::{LARGEST_GENERATORS, generator, generators_sum};

use crate::error::KernelError;
use group::{CurvePoint, Scalar, TwistPoint, pairings_cancel, sum_of_products};

/// Bytes of a point of G1.
pub const G1_BYTES: usize = 96;
/// Bytes of a point of G2.
pub const G2_BYTES: usize = 192;
/// Bytes of a scalar.
pub const SCALAR_BYTES: usize = 32;
/// The longest domain separation tag of RFC 9380.
pub const LARGEST_DOMAIN_BYTES: usize = 255;

/// The point of G1 that `message` hashes to: RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_, with `domain` as
/// its domain separation tag.
///
/// # Errors
/// [`KernelError::BadInput`] for a domain of no bytes or more than [`LARGEST_DOMAIN_BYTES`].
pub fn hash_to_g1(domain: &[u8], message: &[u8]) -> Result<[u8; G1_BYTES], KernelError> {
    check_domain(domain)?;
    Ok(CurvePoint::hashed(domain, message).to_bytes())
}

fn check_domain(domain: &[u8]) -> Result<(), KernelError> {
    if domain.is_empty() || domain.len() > LARGEST_DOMAIN_BYTES {
        let text = format!("a domain of {} bytes, expected 1 to {LARGEST_DOMAIN_BYTES}", domain.len());
        return Err(KernelError::BadInput(text));
    }
    Ok(())
}

/// Whether `bytes` are a point of the curve of order r, written in the one right way.
#[must_use]
pub fn is_in_g1(bytes: &[u8]) -> bool {
    let point = bytes.try_into().ok().and_then(CurvePoint::from_bytes);
    point.is_some_and(|point| point.is_in_group())
}

/// The sum of each of `points` times its scalar; `None` where one is no point of the curve or one of the scalars
/// is not below r.
///
/// Points are checked to lie on the curve, not to lie in the group of order r: see [`is_in_g1`]. The sum is
/// right for any points of the curve but (0, ±2), which count as none: they have order 3, the only one below 9, and
/// blst's tables of the first eight multiples cannot hold infinity. The time goes with the longest scalar.
///
/// # Errors
/// [`KernelError::BadInput`] where there are not as many scalars as points, or the lists have other lengths.
pub fn g1_sum(points: &[u8], scalars: &[u8]) -> Result<Option<[u8; G1_BYTES]>, KernelError> {
    let (points, rest) = points.as_chunks::<G1_BYTES>();
    let (scalars, rest_of_scalars) = scalars.as_chunks::<SCALAR_BYTES>();
    if !rest.is_empty() || !rest_of_scalars.is_empty() || points.len() != scalars.len() {
        let text = format!(
            "{} points and {} scalars (and {} bytes over): expected as many of both",
            points.len(),
            scalars.len(),
            rest.len() + rest_of_scalars.len()
        );
        return Err(KernelError::BadInput(text));
    }
    let Some(points) = points.iter().map(CurvePoint::from_bytes).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    if scalars.iter().any(|scalar| Scalar::from_bytes(scalar).is_none()) {
        return Ok(None);
    }
    let significant =
        |scalar: &[u8; SCALAR_BYTES]| scalar.iter().rposition(|&byte| byte != 0).map_or(1, |at| at + 1);
    let len = scalars.iter().map(significant).max().unwrap_or(1);
    let short: Vec<u8> = scalars.iter().flat_map(|scalar| &scalar[..len]).copied().collect();
    Ok(Some(sum_of_products(&points, &short, (8 * len).min(255))))
}

/// Whether the product of the pairings of each point of G1 with its point of G2 is one. `false` where one is no
/// point of its group.
///
/// # Errors
/// [`KernelError::BadInput`] where there are not as many of both, or the lists have other lengths.
pub fn pairing_check(g1: &[u8], g2: &[u8]) -> Result<bool, KernelError> {
    let (first, rest) = g1.as_chunks::<G1_BYTES>();
    let (second, rest_of_second) = g2.as_chunks::<G2_BYTES>();
    if !rest.is_empty() || !rest_of_second.is_empty() || first.len() != second.len() {
        let text = format!(
            "{} points of G1 and {} of G2 (and {} bytes over): expected as many of both",
            first.len(),
            second.len(),
            rest.len() + rest_of_second.len()
        );
        return Err(KernelError::BadInput(text));
    }
    let pair = |(p, q): (&[u8; G1_BYTES], &[u8; G2_BYTES])| {
        let p = CurvePoint::from_bytes(p).filter(CurvePoint::is_in_group)?;
        Some((p, TwistPoint::from_bytes(q)?))
    };
    let pairs: Option<Vec<_>> = first.iter().zip(second).map(pair).collect();
    Ok(pairs.is_some_and(|pairs| pairings_cancel(&pairs)))
}
