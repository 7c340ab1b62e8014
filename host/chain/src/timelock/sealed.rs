//! Sealed bytes: what is in them and where.
//!
//! | bytes | what |
//! |---|---|
//! | 96 | U, a compressed point of G2 |
//! | 8, 32 | 32, V |
//! | 8, 32 | 32, W |
//! | 8 | length of the next two rows |
//! | 8, n | n, the message under AES-256-GCM with its tag |
//! | 8, 12 | 12, the nonce |
//! | 8, 8 | 8, `AES_GCM_` |
//!
//! Lengths are little-endian u64s: arkworks' canonical serialisation of `TLECiphertext` in ideal-lab5/timelock.

use zeroize::Zeroizing;

use super::cipher::{NONCE_BYTES, TAG_BYTES, decrypt, encrypt};
use super::identity::{SealedKey, open_key, seal_key};
use super::{DrandRound, RoundSignature};
use crate::ChainError;

const SUITE: &[u8; 8] = b"AES_GCM_";
/// What sealing adds to a message.
pub(super) const OVERHEAD_BYTES: usize =
    96 + (8 + 32) + (8 + 32) + 8 + (8 + TAG_BYTES) + (8 + NONCE_BYTES) + (8 + SUITE.len());

/// What makes one sealing differ from another of the same message.
struct Randomness {
    key: Zeroizing<[u8; 32]>,
    s: Zeroizing<[u8; 32]>,
    nonce: [u8; NONCE_BYTES],
}

/// `message`, readable by nobody before `round` is published and by everybody after. 244 bytes longer.
///
/// # Errors
/// [`ChainError::Timelock`] where the system gives no randomness.
pub fn seal(message: &[u8], round: DrandRound) -> Result<Vec<u8>, ChainError> {
    let no_randomness = |error: getrandom::Error| ChainError::Timelock {
        why: format!("the system gave no randomness: {error}"),
    };
    let mut fresh = Randomness { key: Zeroizing::default(), s: Zeroizing::default(), nonce: [0; 12] };
    getrandom::fill(&mut fresh.key[..]).map_err(no_randomness)?;
    getrandom::fill(&mut fresh.s[..]).map_err(no_randomness)?;
    getrandom::fill(&mut fresh.nonce).map_err(no_randomness)?;
    seal_with(message, round, &fresh)
        .ok_or_else(|| ChainError::Timelock { why: "the message is too long for AES-GCM".into() })
}

/// What was sealed to the round that `signature` is of.
///
/// # Errors
/// [`ChainError::Sealed`] where the bytes are not sealed bytes, are sealed to another round, or have changed.
pub fn open(bytes: &[u8], signature: &RoundSignature) -> Result<Vec<u8>, ChainError> {
    let (sealed_key, body, nonce) = parts(bytes)?;
    let key = open_key(&sealed_key, signature).ok_or_else(|| {
        sealed("the signature is not of the round they are sealed to, or they have changed")
    })?;
    decrypt(&key, &nonce, body).ok_or_else(|| sealed("the message in them has changed"))
}

fn seal_with(message: &[u8], round: DrandRound, random: &Randomness) -> Option<Vec<u8>> {
    let SealedKey { u, v, w } = seal_key(&random.key, &random.s, round)?;
    let body = encrypt(&random.key, &random.nonce, message)?;
    let mut out = Vec::with_capacity(message.len() + OVERHEAD_BYTES);
    out.extend(u);
    push(&mut out, &v);
    push(&mut out, &w);
    push_len(&mut out, 8 + body.len() + 8 + NONCE_BYTES);
    push(&mut out, &body);
    push(&mut out, &random.nonce);
    push(&mut out, SUITE);
    Some(out)
}

fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    push_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn push_len(out: &mut Vec<u8>, len: usize) {
    out.extend((len as u64).to_le_bytes());
}

type Parts<'a> = (SealedKey, &'a [u8], [u8; NONCE_BYTES]);

fn parts(bytes: &[u8]) -> Result<Parts<'_>, ChainError> {
    let mut rest = bytes;
    let u = take(&mut rest, 96, "U")?.try_into().map_err(|_| sealed("U has 96 bytes"))?;
    let v = array(&mut rest, "V")?;
    let w = array(&mut rest, "W")?;
    let mut both = field(&mut rest, "the message and its nonce")?;
    let suite = field(&mut rest, "the cipher's name")?;
    if suite != SUITE {
        return Err(sealed(&format!(
            "the cipher is `{}`, expected AES_GCM_",
            String::from_utf8_lossy(&suite[..suite.len().min(32)]).escape_debug()
        )));
    }
    let body = field(&mut both, "the message")?;
    let nonce = array(&mut both, "the nonce")?;
    let over = rest.len() + both.len();
    if over > 0 {
        return Err(sealed(&format!("{over} bytes are over")));
    }
    Ok((SealedKey { u, v, w }, body, nonce))
}

fn array<const N: usize>(rest: &mut &[u8], what: &str) -> Result<[u8; N], ChainError> {
    let bytes = field(rest, what)?;
    bytes.try_into().map_err(|_| sealed(&format!("{what} has {} bytes, expected {N}", bytes.len())))
}

/// A length and as many bytes.
fn field<'a>(rest: &mut &'a [u8], what: &str) -> Result<&'a [u8], ChainError> {
    let len = take(rest, 8, what)?.try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX);
    take(rest, usize::try_from(len).unwrap_or(usize::MAX), what)
}

fn take<'a>(rest: &mut &'a [u8], len: usize, what: &str) -> Result<&'a [u8], ChainError> {
    let (taken, after) = rest
        .split_at_checked(len)
        .ok_or_else(|| sealed(&format!("{what} should have {len} bytes, and {} are left", rest.len())))?;
    *rest = after;
    Ok(taken)
}

fn sealed(why: &str) -> ChainError {
    ChainError::Sealed { why: why.to_owned() }
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
