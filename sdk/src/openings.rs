//! Whole units opened with their Merkle paths, bound to the challenge that asked for them.
//!
//! The answer is keyed BLAKE3 under the challenge's nonce over identity ‖ openings (32 bytes), then the openings:
//! each unit's bytes and its path, in the order of the challenge. A unit is a leaf of the tree over all units.

use crate::pure::{HashKind, keyed_digest};
use crate::{Challenge, Digest, Extent, Identity, LARGEST_PROOF_BYTES, Parts, Region, Result, Statement};

/// Bytes of the digest that binds openings to their challenge.
const BINDING_BYTES: u32 = 32;

impl Challenge {
    /// The most units whose openings fit into one proof.
    #[must_use]
    pub fn most_openings(statement: &Statement) -> u32 {
        // The first leaf is the deepest: every left subtree is as deep as its right one, or deeper.
        let path_bytes = 32 * crate::pure::merkle_depth(statement.units, 0);
        let opening_bytes = statement.unit_bytes.saturating_add(path_bytes).max(1);
        (LARGEST_PROOF_BYTES as u32 - BINDING_BYTES) / opening_bytes
    }

    /// The answer that opens the units asked for.
    ///
    /// # Errors
    /// What the region said.
    pub fn open(&self, region: &dyn Region, statement: &Statement, kind: HashKind) -> Result<Vec<u8>> {
        let all = Extent { offset: 0, len: statement.unit(statement.units).offset };
        let openings = region.merkle_openings(kind, statement.unit_bytes, all, &self.units)?;
        Ok([&self.binding(&statement.identity, &openings)[..], &openings].concat())
    }

    /// The bytes of the units asked for, after all of `answer` was found to be bound to this challenge and to
    /// the identity, and every path to lead to `root`.
    ///
    /// # Errors
    /// A reason against the answer.
    pub fn opened<'a>(
        &self,
        statement: &Statement,
        kind: HashKind,
        root: &Digest,
        answer: &'a [u8],
    ) -> Result<Vec<&'a [u8]>, String> {
        let (bound, openings) = answer.split_first_chunk().ok_or("ends before its openings")?;
        if *bound != self.binding(&statement.identity, openings) {
            return Err("the openings are not bound to this challenge".into());
        }
        let mut parts = Parts::of(openings);
        let Statement { unit_bytes, units, .. } = *statement;
        let opened = |&unit| parts.merkle_opening(kind, unit_bytes, units, unit, root);
        let opened = self.units.iter().map(opened).collect::<Result<_, _>>()?;
        parts.end().map(|()| opened)
    }

    fn binding(&self, identity: &Identity, openings: &[u8]) -> Digest {
        keyed_digest(&self.nonce, &[&identity.to_bytes()[..], openings].concat())
    }
}
