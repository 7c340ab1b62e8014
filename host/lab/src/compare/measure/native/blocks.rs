//! `proof-compact`: one combined block against the commitments to the asked ones.

use plimsoll_core::{Digest, Statement};
use plimsoll_kernels::curve::{ELEMENT_BYTES, G1_BYTES, SCALAR_BYTES, g1_sum, generators_sum};
use plimsoll_kernels::{HashKind, merkle_leaf, merkle_verify};

use super::draws::Draws;
use super::parts::{Over, Parts};
use super::{DIGEST_BYTES, Twin, identity_bytes, parsed};

const SHA256: HashKind = HashKind::Sha256;
const DOMAIN: &[u8] = b"PLIMSOLL-PROOF-COMPACT-V1-BLS12381G1_XMD:SHA-256_SSWU_RO_";
/// Commitments under one root; a tree stands over the roots.
const GROUP_ROWS: u64 = 1024;
/// Bytes of a unit's coefficient.
const COEFFICIENT_BYTES: usize = 10;

pub(super) struct Blocks;

impl Twin for Blocks {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (_, units) = parsed(challenge, statement)?;
        let root = statement.commitment?;
        let elements = statement.unit_bytes as usize / ELEMENT_BYTES;
        let mut parts = Parts(proof);
        let combined = parts.take(elements * SCALAR_BYTES)?;
        let mut tags = Vec::new();
        for &unit in &units {
            tags.extend_from_slice(tag(&mut parts, statement.units, unit, &root)?);
        }
        parts.end()?;
        let scalars = coefficients(statement, &root, challenge, units.len());
        let left = g1_sum(&tags, &scalars).ok()??;
        (left == generators_sum(DOMAIN, combined).ok()??).then_some(())
    }
}

/// The commitment to unit `unit`: its path in its group, the group's root, and the root's path.
fn tag<'a>(parts: &mut Parts<'a>, units: u64, unit: u64, commitment: &Digest) -> Option<&'a [u8]> {
    let (group, inside) = (unit / GROUP_ROWS, unit % GROUP_ROWS);
    let rows = GROUP_ROWS.min(units - group * GROUP_ROWS);
    let bytes = parts.take(G1_BYTES)?;
    let path = parts.path(rows, inside)?;
    let groups = Over {
        kind: SHA256,
        leaf_bytes: DIGEST_BYTES as u32,
        leaves: units.div_ceil(GROUP_ROWS),
        root: commitment,
    };
    let (root, _) = parts.opening(groups, group)?;
    let leaf = merkle_leaf(SHA256, G1_BYTES as u64, rows, inside, bytes).ok()?;
    merkle_verify(SHA256, &Digest::from_slice(root)?, rows, inside, &leaf, path).then_some(bytes)
}

/// A scalar below 2^80 for each unit.
fn coefficients(statement: &Statement, root: &Digest, challenge: &[u8], units: usize) -> Vec<u8> {
    let sizes = [statement.units, statement.unit_bytes.into()].map(u64::to_le_bytes).concat();
    let inputs = [challenge, &root.0, &identity_bytes(&statement.identity), &sizes];
    let mut draws = Draws::new("plimsoll proof-compact v1", &inputs);
    let mut scalars = vec![0; units * SCALAR_BYTES];
    for scalar in scalars.as_chunks_mut::<SCALAR_BYTES>().0 {
        scalar[..COEFFICIENT_BYTES].copy_from_slice(&draws.digest().0[..COEFFICIENT_BYTES]);
    }
    scalars
}
