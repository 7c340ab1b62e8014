//! drand's quicknet: chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971, scheme
//! bls-unchained-g1-rfc9380.

use std::fmt;
use std::str::FromStr;

use blst::BLST_ERROR;
use blst::min_sig::{PublicKey, Signature};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// When round 1 was published, in seconds since 1970.
pub const QUICKNET_GENESIS_S: u64 = 1_692_803_367;
/// Seconds from round to round.
pub const QUICKNET_PERIOD_S: u64 = 3;

/// The public key, a point of G2, compressed.
pub(super) const PUBLIC_KEY: [u8; 96] = hex_bytes(
    b"83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451\
      0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
);
/// The domain separation tag under which rounds are hashed to G1.
pub(super) const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// A round of the beacon, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DrandRound(pub u64);

impl DrandRound {
    /// The number of whole periods from quicknet's genesis to a moment, at least 1: the round that
    /// bittensor-drand names for it. It is published 3 to 6 s earlier.
    #[must_use]
    pub const fn before(unix_ms: u64) -> Self {
        let elapsed_ms = unix_ms.saturating_sub(QUICKNET_GENESIS_S * 1000);
        let periods = elapsed_ms / (QUICKNET_PERIOD_S * 1000);
        Self(if periods == 0 { 1 } else { periods })
    }

    /// What the beacon signs: SHA-256 of the round's number, big-endian.
    pub(super) fn message(self) -> [u8; 32] {
        Sha256::digest(self.0.to_be_bytes()).into()
    }
}

impl fmt::Display for DrandRound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the beacon publishes for a round: a point of G1, compressed. It opens all that is sealed to the round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoundSignature(pub [u8; 48]);

impl RoundSignature {
    /// Whether it is quicknet's signature of `round`.
    #[must_use]
    pub fn verify(&self, round: DrandRound) -> bool {
        let (Some(signature), Some(key)) = (self.point(), public_key()) else { return false };
        signature.verify(false, &round.message(), DOMAIN, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
    }

    /// The point, if it is one of the group of order r and not infinity.
    pub(super) fn point(&self) -> Option<Signature> {
        Signature::sig_validate(&self.0, true).ok()
    }
}

impl fmt::Debug for RoundSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoundSignature({})", hex::encode(self.0))
    }
}

impl FromStr for RoundSignature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 48];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|error| format!("a round's signature has 96 hex digits: {error}"))?;
        Ok(Self(bytes))
    }
}

/// The beacon's key as a point. `None` never happens: a test reads it.
pub(super) fn public_key() -> Option<PublicKey> {
    PublicKey::key_validate(&PUBLIC_KEY).ok()
}

const fn hex_bytes<const N: usize>(digits: &[u8]) -> [u8; N] {
    assert!(digits.len() == 2 * N, "two digits a byte");
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("a lowercase hex digit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_123: &str =
        "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92";
    const ROUND_1000: &str =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    fn signature(hex: &str) -> RoundSignature {
        hex.parse().unwrap()
    }

    #[test]
    fn published_signatures_verify_under_the_key_and_for_no_other_round() {
        assert!(public_key().is_some());
        assert!(signature(ROUND_123).verify(DrandRound(123)));
        assert!(signature(ROUND_1000).verify(DrandRound(1000)));
        assert!(!signature(ROUND_1000).verify(DrandRound(1001)));
        assert!(!signature(ROUND_123).verify(DrandRound(1000)));
    }

    #[test]
    fn points_outside_of_the_group_are_no_signatures() {
        let good = signature(ROUND_1000);
        for bit in 0..48 * 8 {
            let mut bad = good;
            bad.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!bad.verify(DrandRound(1000)), "bit {bit}");
        }
        let mut infinity = RoundSignature([0; 48]);
        infinity.0[0] = 0xc0;
        assert!(infinity.point().is_none());
        assert!(
            "00".parse::<RoundSignature>().unwrap_err().starts_with("a round's signature has 96 hex digits")
        );
    }

    #[test]
    fn a_round_named_for_a_moment_is_out_by_then_and_no_later_than_two_periods_before() {
        assert_eq!(DrandRound::before(0), DrandRound(1));
        assert_eq!(DrandRound::before((QUICKNET_GENESIS_S + 3000) * 1000), DrandRound(1000));
        // Round 1 came with the genesis.
        let published_unix_s = |round: DrandRound| QUICKNET_GENESIS_S + (round.0 - 1) * QUICKNET_PERIOD_S;
        for ms in (QUICKNET_GENESIS_S * 1000 + 3000..).step_by(457).take(1000) {
            let out_ms = published_unix_s(DrandRound::before(ms)) * 1000;
            assert!((3000..6000).contains(&(ms - out_ms)), "{ms}");
        }
    }
}
