//! `proof-seqpack`: a leaf of each unit, and some units packed again.

use plimsoll_core::{Digest, Span, Statement};
use plimsoll_kernels::{Chain, chain_leaf, keyed_digest, merkle_verify};

use super::draws::Draws;
use super::parts::{Over, Parts, depth};
use super::{BLAKE3, DIGEST_BYTES, Parameters, Twin, identity_bytes, parsed};

const LEAF_BYTES: u32 = 1024;

pub(super) struct Chains {
    chain: Chain,
    repack: u64,
}

impl Chains {
    pub(super) fn new(given: &Parameters<'_>) -> Option<Self> {
        let (layers, window) = (given.number("layers")?, given.number("window")?);
        let chain = Chain { layers, window, reverse: given.switch("reverse")? };
        Some(Self { chain, repack: given.number("repack")? })
    }

    fn key(&self, statement: &Statement) -> Digest {
        let Chain { layers, window, reverse } = self.chain;
        let sizes = [statement.unit_bytes, layers, window, reverse.into()].map(u32::to_le_bytes);
        let identity = identity_bytes(&statement.identity);
        Digest::of(&[b"plimsoll proof-seqpack v1", sizes.as_flattened(), &identity].concat())
    }
}

impl Twin for Chains {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let (root, each) = (statement.commitment?, u64::from(statement.unit_bytes / LEAF_BYTES));
        let leaves = statement.units.checked_mul(each)?;
        let tree = Over { kind: BLAKE3, leaf_bytes: LEAF_BYTES, leaves, root: &root };
        let mut parts = Parts(proof);
        let tag = parts.digest()?;
        let bound = [parts.0, challenge, &identity_bytes(&statement.identity)].concat();
        (keyed_digest(&nonce, &bound) == tag).then_some(())?;
        let mut draws = Draws::new("plimsoll proof-seqpack v1", &[challenge]);
        let asked: Vec<u64> = units.iter().map(|unit| unit * each + draws.below(each)).collect();
        let again = draws.distinct(self.repack, Span { first: 0, count: units.len() as u64 });
        let key = self.key(statement);
        for (place, (&unit, leaf)) in (0..).zip(units.iter().zip(asked)) {
            let (_, path) = parts.opening(tree, leaf)?;
            if again.contains(&place) {
                // The upper part of the leaf's path is its unit's.
                let path = &path[path.len() - DIGEST_BYTES * depth(statement.units, unit)..];
                let (len, units) = (statement.unit_bytes, statement.units);
                let packed = chain_leaf(self.chain, &key, unit, len, BLAKE3, units).ok()?;
                merkle_verify(BLAKE3, &root, units, unit, &packed, path).then_some(())?;
            }
        }
        parts.end()
    }
}
