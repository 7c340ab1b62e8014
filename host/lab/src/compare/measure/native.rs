//! Verifiers in native code, for the price of the sandbox: the same kernels, called without a plugin.
//!
//! Written from the head comments of `plugins/proof-stream` and `plugins/proof-merkle`. Schemes without a twin
//! have no ratio.

use plimsoll_core::{Digest, Identity, Statement};
use plimsoll_kernels::{
    HashKind, Keystream, keyed_digest, keystream_digest, keystream_leaf, merkle_leaf, merkle_verify,
};
use plimsoll_node::measure::meter::{Took, timed_here};

use std::convert::Infallible;

const HASH: HashKind = HashKind::Blake3;
const DIGEST_BYTES: usize = 32;
const INDEX_BYTES: usize = 8;

/// Whether the twin of the scheme called `name` accepts the proof, and how long it took; `None` where there is
/// no twin.
pub(super) fn timed_verify(
    name: &str,
    statement: &Statement,
    challenge: &[u8],
    proof: &[u8],
) -> Option<(bool, Took)> {
    let twin: fn(&Statement, &[u8], &[u8]) -> Option<()> = match name {
        "proof-stream" => stream,
        "proof-merkle" => merkle,
        _ => return None,
    };
    let work = || Ok::<_, Infallible>(twin(statement, challenge, proof).is_some());
    timed_here(work).ok()
}

/// Units of a challenge of the usual form: a nonce of 32 bytes, then ascending indices of eight bytes.
pub(super) fn units_of(challenge: &[u8], statement: &Statement) -> Option<u32> {
    let (_, indices) = parsed(challenge, statement)?;
    u32::try_from(indices.len()).ok()
}

fn parsed(challenge: &[u8], statement: &Statement) -> Option<(Digest, Vec<u64>)> {
    let (nonce, rest) = challenge.split_at_checked(DIGEST_BYTES)?;
    let (words, rest) = rest.as_chunks::<INDEX_BYTES>();
    let indices: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let ascending = indices.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = indices.last().is_some_and(|last| *last < statement.units);
    (rest.is_empty() && ascending && inside).then_some((Digest::from_slice(nonce)?, indices))
}

fn identity_bytes(identity: &Identity) -> Vec<u8> {
    [&identity.netuid.0.to_le_bytes()[..], &identity.owner.0, &identity.validator.0].concat()
}

/// Levels between leaf `index` of `leaves` and the root.
fn depth(leaves: u64, index: u64) -> usize {
    let (mut leaves, mut index, mut depth) = (leaves, index, 0);
    while leaves > 1 {
        let left = 1 << (leaves - 1).ilog2();
        (leaves, index) = if index < left { (left, index) } else { (leaves - left, index - left) };
        depth += 1;
    }
    depth
}

/// `None` where the proof does not hold.
fn stream(statement: &Statement, challenge: &[u8], mut proof: &[u8]) -> Option<()> {
    let (nonce, units) = parsed(challenge, statement)?;
    let (root, len, leaves) = (statement.commitment?, statement.unit_bytes, statement.units);
    let seed = [b"plimsoll proof-stream v1", &len.to_le_bytes()[..], &identity_bytes(&statement.identity)];
    let key = Digest::of(&seed.concat());
    for unit in units {
        let (answer, rest) = proof.split_at_checked(DIGEST_BYTES)?;
        let (path, rest) = rest.split_at_checked(DIGEST_BYTES * depth(leaves, unit))?;
        proof = rest;
        let made = keystream_digest(Keystream::Blake3Xof, &key, unit, len, HASH, nonce.as_bytes());
        let leaf = keystream_leaf(Keystream::Blake3Xof, &key, unit, len, HASH, leaves).ok()?;
        let holds = made.as_bytes() == answer && merkle_verify(HASH, &root, leaves, unit, &leaf, path);
        holds.then_some(())?;
    }
    proof.is_empty().then_some(())
}

/// `None` where the proof does not hold.
fn merkle(statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
    let (nonce, units) = parsed(challenge, statement)?;
    let (root, leaves) = (statement.commitment?, statement.units);
    let (tag, mut openings) = proof.split_at_checked(DIGEST_BYTES)?;
    let bound = [&identity_bytes(&statement.identity), &root.0[..], openings].concat();
    (keyed_digest(&nonce, &bound).as_bytes() == tag).then_some(())?;
    for unit in units {
        let (bytes, rest) = openings.split_at_checked(statement.unit_bytes as usize)?;
        let (path, rest) = rest.split_at_checked(DIGEST_BYTES * depth(leaves, unit))?;
        openings = rest;
        let leaf = merkle_leaf(HASH, statement.unit_bytes.into(), leaves, unit, bytes).ok()?;
        merkle_verify(HASH, &root, leaves, unit, &leaf, path).then_some(())?;
    }
    openings.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Hotkey, NetUid};

    #[test]
    fn only_an_ascending_challenge_inside_of_the_plot_is_read() {
        let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
        let statement = Statement { identity, unit_bytes: 1024, units: 9, commitment: None };
        let challenge = |units: &[u64]| {
            let indices = units.iter().flat_map(|unit| unit.to_le_bytes());
            [7; 32].into_iter().chain(indices).collect::<Vec<u8>>()
        };
        assert_eq!(units_of(&challenge(&[0, 3, 8]), &statement), Some(3));
        for strange in [&[][..], &[9], &[3, 3], &[4, 2]] {
            assert_eq!(units_of(&challenge(strange), &statement), None, "{strange:?}");
        }
        assert_eq!(units_of(&[7; 41], &statement), None);
    }

    #[test]
    fn a_scheme_without_a_twin_has_none() {
        let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
        let statement = Statement { identity, unit_bytes: 1024, units: 9, commitment: None };
        assert!(timed_verify("proof-of-a-stranger", &statement, &[], &[]).is_none());
        assert!(timed_verify("proof-merkle", &statement, &[], &[]).is_some_and(|(valid, _)| !valid));
    }
}
