//! `proof-seed-v1`: each asked chunk follows from the row before it.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{Digest, Identity, Statement};
use plimsoll_kernels::{HashKind, digest_of, seed_text_digests};

use super::parts::{Over, Parts};
use super::{DIGEST_BYTES, Twin, identity_bytes, parsed};

const ROW_BYTES: u32 = 64;

pub(super) struct Text;

impl Twin for Text {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, units) = parsed(challenge, statement)?;
        let (root, kind) = (statement.commitment?, HashKind::Sha256);
        let tree = Over { kind, leaf_bytes: ROW_BYTES, leaves: statement.units, root: &root };
        let mut parts = Parts(proof);
        let answers = parts.take(DIGEST_BYTES * units.len())?;
        let opened: BTreeSet<u64> =
            units.iter().flat_map(|&unit| [0, unit.saturating_sub(1), unit]).collect();
        let mut rows = BTreeMap::new();
        for index in opened {
            rows.insert(index, parts.opening(tree, index)?.0);
        }
        parts.end()?;
        let mut checked: BTreeMap<u64, Option<&[u8]>> = BTreeMap::from([(0, None)]);
        checked.extend(units.iter().copied().zip(answers.chunks(DIGEST_BYTES).map(Some)));
        let bound = [&nonce.0[..], &identity_bytes(&statement.identity)].concat();
        for (index, answer) in checked {
            let state = match index.checked_sub(1) {
                Some(before) => Digest::from_slice(&rows[&before][DIGEST_BYTES..])?,
                None => first_state(&statement.identity),
            };
            let [hash, bound_hash] = seed_text_digests(&state, statement.unit_bytes, &bound);
            let next: [u8; DIGEST_BYTES] = std::array::from_fn(|at| state.0[at] ^ hash.0[at]);
            (*rows[&index] == [hash.0, next].concat()).then_some(())?;
            let is_right = answer.is_none_or(|answer| bound_hash.as_bytes() == answer);
            is_right.then_some(())?;
        }
        Some(())
    }
}

fn first_state(identity: &Identity) -> Digest {
    digest_of(HashKind::Sha256, (identity.owner.to_ss58() + &identity.validator.to_ss58()).as_bytes())
}
