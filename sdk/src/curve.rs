//! BLS12-381 as the host plays it: points, sums of products, pairings. Commitments to blocks are functions of
//! [`crate::Plot`] and [`crate::Region`]. Formats and bounds stand in `wit/curve.wit`.
//!
//! Natively these are slow and obvious twins, with the SDK's feature `curve`.

use crate::{PluginError, Result};

#[cfg(not(target_family = "wasm"))]
use crate::curve_twin as played_by;
#[cfg(target_family = "wasm")]
use crate::export::crates::curve as played_by;

/// Bytes of a point of G1.
pub const G1_BYTES: usize = 96;
/// Bytes of a point of G2.
pub const G2_BYTES: usize = 192;
/// Bytes of a scalar.
pub const SCALAR_BYTES: usize = 32;
/// Bytes of an element of a block.
pub const ELEMENT_BYTES: usize = 31;

/// A point of G1.
pub type G1 = [u8; G1_BYTES];

/// The point that `message` hashes to under the domain separation tag `domain` (RFC 9380).
///
/// # Errors
/// [`PluginError::BadInput`] for a domain of no or more than 255 bytes.
pub fn hash_to_g1(domain: &[u8], message: &[u8]) -> Result<G1> {
    played_by::hash_to_g1(domain, message).and_then(|point| g1(&point))
}

/// Whether these are the bytes of a point of the group of order r.
#[must_use]
pub fn is_in_g1(point: &[u8]) -> bool {
    played_by::is_in_g1(point)
}

/// The sum of each point times its scalar; `None` where one is no point of the curve, or no scalar below r. Points
/// need not be of the group, but (0, ±2), which have order 3, count as none.
///
/// # Errors
/// [`PluginError::BadInput`] where there are not as many of both, or more than 4096.
pub fn g1_sum(points: &[u8], scalars: &[u8]) -> Result<Option<G1>> {
    played_by::g1_sum(points, scalars)?.map(|point| g1(&point)).transpose()
}

/// The sum of generators 0, 1, 2... of `domain`, each times its scalar; `None` where a scalar is not below r.
///
/// # Errors
/// [`PluginError::BadInput`] for a wrong domain or more than 128 scalars.
pub fn generators_sum(domain: &[u8], scalars: &[u8]) -> Result<Option<G1>> {
    played_by::generators_sum(domain, scalars)?.map(|point| g1(&point)).transpose()
}

/// Whether the product of the pairings is one; `false` where a point is not of its group.
///
/// # Errors
/// [`PluginError::BadInput`] where there are not as many of both, or more than 64.
pub fn pairing_check(g1: &[u8], g2: &[u8]) -> Result<bool> {
    played_by::pairing_check(g1, g2)
}

fn g1(bytes: &[u8]) -> Result<G1> {
    let wrong = |_| PluginError::Internal(format!("a point of {} bytes, expected {G1_BYTES}", bytes.len()));
    bytes.try_into().map_err(wrong)
}
