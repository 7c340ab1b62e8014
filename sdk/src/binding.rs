//! Openings that answer one challenge to one identity, and no other.
//!
//! An answer is keyed BLAKE3 under the challenge's nonce over openings ‖ challenge ‖ identity (32 bytes), then the
//! openings. Whoever has the openings can make it: it shows what they answer, not where they lie.

use crate::pure::keyed_digest;
use crate::{Digest, Identity, Parts, Result};

fn binding(nonce: &Digest, challenge: &[u8], identity: &Identity, openings: &[u8]) -> Digest {
    keyed_digest(nonce, &[openings, challenge, &identity.to_bytes()].concat())
}

/// The answer of `openings` to the bytes of a challenge with `nonce`.
#[must_use]
pub fn bind(nonce: &Digest, challenge: &[u8], identity: &Identity, openings: &[u8]) -> Vec<u8> {
    [&binding(nonce, challenge, identity, openings)[..], openings].concat()
}

/// The openings of an answer, after they were found to be bound to this challenge and identity.
///
/// # Errors
/// A reason against the answer.
pub fn unbind<'a>(
    nonce: &Digest,
    challenge: &[u8],
    identity: &Identity,
    answer: &'a [u8],
) -> Result<Parts<'a>, String> {
    let (bound, openings) = answer.split_first_chunk().ok_or("the proof ends before its binding")?;
    if *bound != binding(nonce, challenge, identity, openings) {
        return Err("the proof answers another challenge, or was damaged".into());
    }
    Ok(Parts::of(openings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hotkey;

    #[test]
    fn what_is_bound_answers_its_challenge_and_identity_only() {
        let one = Identity { netuid: 1, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
        let other = Identity { netuid: 2, ..one };
        let answer = bind(&[7; 32], b"which", &one, b"these");
        let of = |nonce: u8, challenge: &[u8], identity, answer| {
            unbind(&[nonce; 32], challenge, identity, answer).map(|mut openings| openings.take(5))
        };
        assert_eq!(of(7, b"which", &one, &answer), Ok(Some(&b"these"[..])));
        let wrong = Err("the proof answers another challenge, or was damaged".to_owned());
        assert_eq!(of(8, b"which", &one, &answer), wrong);
        assert_eq!(of(7, b"whose", &one, &answer), wrong);
        assert_eq!(of(7, b"which", &other, &answer), wrong);
        assert_eq!(of(7, b"which", &one, &answer[..36]), wrong);
        assert_eq!(of(7, b"which", &one, &answer[..31]), Err("the proof ends before its binding".into()));
    }
}
