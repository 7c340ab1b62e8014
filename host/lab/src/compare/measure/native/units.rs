//! `proof-stream`: units are made again. `proof-merkle`: units are opened.

use plimsoll_core::{Digest, Statement};
use plimsoll_kernels::{Keystream, keyed_digest, keystream_digest, keystream_leaf, merkle_verify};

use super::parts::{Over, Parts};
use super::{BLAKE3, Twin, identity_bytes, parsed};

pub(super) struct Stream;

impl Twin for Stream {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let (root, len, leaves) = (statement.commitment?, statement.unit_bytes, statement.units);
        let seed =
            [b"plimsoll proof-stream v1", &len.to_le_bytes()[..], &identity_bytes(&statement.identity)];
        let key = Digest::of(&seed.concat());
        let mut parts = Parts(proof);
        for unit in units {
            let (answer, path) = (parts.digest()?, parts.path(leaves, unit)?);
            let made = keystream_digest(Keystream::Blake3Xof, &key, unit, len, BLAKE3, nonce.as_bytes());
            let leaf = keystream_leaf(Keystream::Blake3Xof, &key, unit, len, BLAKE3, leaves).ok()?;
            let holds = made == answer && merkle_verify(BLAKE3, &root, leaves, unit, &leaf, path);
            holds.then_some(())?;
        }
        parts.end()
    }
}

pub(super) struct Merkle;

impl Twin for Merkle {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let root = statement.commitment?;
        let (tree, mut parts) = (tree(statement, &root), Parts(proof));
        let tag = parts.digest()?;
        let bound = [&identity_bytes(&statement.identity), &root.0[..], parts.0].concat();
        (keyed_digest(&nonce, &bound) == tag).then_some(())?;
        for unit in units {
            parts.opening(tree, unit)?;
        }
        parts.end()
    }
}

/// The BLAKE3 tree whose leaves are the units.
pub(super) const fn tree<'a>(statement: &Statement, root: &'a Digest) -> Over<'a> {
    Over { kind: BLAKE3, leaf_bytes: statement.unit_bytes, leaves: statement.units, root }
}
