//! The native twin of `curve`: another implementation of BLS12-381, one product after another.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, Gt, Scalar, multi_miller_loop};
use sha2_of_bls12_381::Sha256;

use crate::curve::{ELEMENT_BYTES, G1_BYTES, G2_BYTES, SCALAR_BYTES};
use crate::{PluginError, Result};

fn bad<T>(what: &str) -> Result<T> {
    Err(PluginError::BadInput(what.to_owned()))
}

fn hashed(domain: &[u8], message: &[u8]) -> Result<G1Projective> {
    if domain.is_empty() || domain.len() > 255 {
        return bad("a domain has 1 to 255 bytes");
    }
    Ok(<G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], domain))
}

fn bytes(point: &G1Projective) -> Vec<u8> {
    G1Affine::from(point).to_uncompressed().to_vec()
}

/// Of the curve, not necessarily of the group, but none of order 3.
fn point(bytes: &[u8; G1_BYTES]) -> Option<G1Affine> {
    let point: Option<G1Affine> = G1Affine::from_uncompressed_unchecked(bytes).into();
    let is_of_order_three = |point: &G1Affine| {
        let point = G1Projective::from(point);
        point != G1Projective::identity() && point.double() == -point
    };
    let point = point.filter(|point| point.is_on_curve().into() && point.to_uncompressed() == *bytes);
    point.filter(|point| !is_of_order_three(point))
}

fn scalar(bytes: &[u8; SCALAR_BYTES]) -> Option<Scalar> {
    Scalar::from_bytes(bytes).into()
}

pub(crate) fn hash_to_g1(domain: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    hashed(domain, message).map(|point| bytes(&point))
}

pub(crate) fn is_in_g1(given: &[u8]) -> bool {
    let found = given.try_into().ok().and_then(point);
    found.is_some_and(|point| point.is_torsion_free().into())
}

pub(crate) fn g1_sum(points: &[u8], scalars: &[u8]) -> Result<Option<Vec<u8>>> {
    let (points, rest) = points.as_chunks::<G1_BYTES>();
    let (scalars, over) = scalars.as_chunks::<SCALAR_BYTES>();
    if points.len() != scalars.len() || !rest.is_empty() || !over.is_empty() || points.len() > 4096 {
        return bad("a sum takes as many scalars as points, at most 4096");
    }
    let mut sum = G1Projective::identity();
    for (p, s) in points.iter().zip(scalars) {
        let (Some(p), Some(s)) = (point(p), scalar(s)) else { return Ok(None) };
        sum += p * s;
    }
    Ok(Some(bytes(&sum)))
}

pub(crate) fn generators_sum(domain: &[u8], scalars: &[u8]) -> Result<Option<Vec<u8>>> {
    let (scalars, over) = scalars.as_chunks::<SCALAR_BYTES>();
    if !over.is_empty() || scalars.len() > 128 {
        return bad("there are at most 128 generators, and each scalar has 32 bytes");
    }
    let mut sum = G1Projective::identity();
    for (index, s) in (0_u32..).zip(scalars) {
        let generator = hashed(domain, &index.to_le_bytes())?;
        let Some(s) = scalar(s) else { return Ok(None) };
        sum += generator * s;
    }
    Ok(Some(bytes(&sum)))
}

pub(crate) fn pairing_check(g1: &[u8], g2: &[u8]) -> Result<bool> {
    let (g1, rest) = g1.as_chunks::<G1_BYTES>();
    let (g2, over) = g2.as_chunks::<G2_BYTES>();
    if g1.len() != g2.len() || !rest.is_empty() || !over.is_empty() || g1.len() > 64 {
        return bad("a check takes as many points of G1 as of G2, at most 64");
    }
    let mut pairs = Vec::new();
    for (p, q) in g1.iter().zip(g2) {
        let p: Option<G1Affine> = G1Affine::from_uncompressed(p).into();
        let q: Option<G2Affine> = G2Affine::from_uncompressed(q).into();
        let (Some(p), Some(q)) = (p, q) else { return Ok(false) };
        pairs.push((p, G2Prepared::from(q)));
    }
    let terms: Vec<_> = pairs.iter().map(|(p, q)| (p, q)).collect();
    Ok(multi_miller_loop(&terms).final_exponentiation() == Gt::identity())
}

/// Elements of 31 bytes as scalars of 32.
fn widened(block: &[u8]) -> Vec<u8> {
    block.as_chunks::<ELEMENT_BYTES>().0.iter().flat_map(|element| [&element[..], &[0]].concat()).collect()
}

pub(crate) fn commitment(domain: &[u8], block: &[u8]) -> Result<Vec<u8>> {
    let sum = generators_sum(domain, &widened(block))?;
    sum.ok_or_else(|| PluginError::Internal("an element is never beyond the group order".into()))
}

/// The sum of each block times its coefficient; all blocks have the same length.
pub(crate) fn combined(elements: u32, blocks: &[&[u8]], coefficients: &[u8]) -> Result<Vec<u8>> {
    let (coefficients, over) = coefficients.as_chunks::<SCALAR_BYTES>();
    if coefficients.len() != blocks.len() || !over.is_empty() {
        return bad("a combination takes as many coefficients as blocks");
    }
    let mut sums = vec![Scalar::zero(); elements as usize];
    for (block, coefficient) in blocks.iter().zip(coefficients) {
        let Some(by) = scalar(coefficient) else { return bad("a coefficient is not below the group order") };
        for (sum, element) in sums.iter_mut().zip(widened(block).as_chunks::<SCALAR_BYTES>().0) {
            *sum += by * scalar(element).unwrap_or_default();
        }
    }
    Ok(sums.iter().flat_map(Scalar::to_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_order_three_are_none_as_for_the_host() {
        // (0, 2) and (0, p - 2).
        let mut two = [0; G1_BYTES];
        two[G1_BYTES - 1] = 2;
        let opposite = G1Affine::to_uncompressed(&-G1Affine::from_uncompressed_unchecked(&two).unwrap());
        for third in [two, opposite] {
            assert!(bool::from(G1Affine::from_uncompressed_unchecked(&third).unwrap().is_on_curve()));
            assert_eq!(g1_sum(&third, &Scalar::one().to_bytes()), Ok(None));
            assert!(!is_in_g1(&third));
        }
        let infinity = G1Affine::identity().to_uncompressed();
        assert_eq!(g1_sum(&infinity, &Scalar::one().to_bytes()), Ok(Some(infinity.to_vec())));
    }
}
