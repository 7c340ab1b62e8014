//! Against what bittensor-drand 2.0.0 sealed, opened with what quicknet published.

use plimsoll_core::{Hotkey, Uid};
use proptest::prelude::*;

use super::*;
use crate::scale::Reader;
use crate::timelock::TimelockedWeights;
use crate::timelock::identity::open_key as key_of;

const ROUND_123: &str =
    "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92";
const ROUND_1000: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

/// `get_encrypted_commit_v2` of uids 0, 1, 2, 77, weights 1, 2, 65535, 300, version key 7, hotkey 00 01 … 1f.
const COMMIT: &str = include_str!("../../tests/vectors/timelock_commit.hex");
/// `encrypt_at_round(b"hello", 123)`: the sealed bytes with their compact length before and the round after.
const HELLO: &str = include_str!("../../tests/vectors/timelock_hello.hex");
/// `encrypt_at_round(b"", 1000)`.
const EMPTY: &str = include_str!("../../tests/vectors/timelock_empty.hex");

fn bytes_of(hex: &str) -> Vec<u8> {
    hex::decode(hex.trim()).unwrap()
}

fn signature(hex: &str) -> RoundSignature {
    hex.parse().unwrap()
}

/// The inside of bittensor-drand's envelope, and the round it names.
fn unwrapped(hex: &str) -> (Vec<u8>, DrandRound) {
    let bytes = bytes_of(hex);
    let mut reader = Reader(&bytes);
    let inside = reader.counted_bytes().unwrap().to_vec();
    let round = DrandRound(reader.u64().unwrap());
    assert!(reader.0.is_empty());
    (inside, round)
}

#[test]
fn weights_that_bittensor_drand_sealed_open_with_the_rounds_signature() {
    let weights = TimelockedWeights::open(&bytes_of(COMMIT), &signature(ROUND_1000)).unwrap();
    assert_eq!(weights.hotkey, Hotkey(std::array::from_fn(|i| u8::try_from(i).unwrap())));
    assert_eq!(weights.weights, [(Uid(0), 1), (Uid(1), 2), (Uid(2), 65535), (Uid(77), 300)]);
    assert_eq!(weights.version_key, 7);
}

#[test]
fn messages_that_bittensor_drand_sealed_open_and_only_with_their_own_round() {
    let (hello, round) = unwrapped(HELLO);
    assert_eq!(round, DrandRound(123));
    assert_eq!(open(&hello, &signature(ROUND_123)).unwrap(), b"hello");
    assert_eq!(
        open(&hello, &signature(ROUND_1000)).unwrap_err().to_string(),
        "cannot open the timelocked bytes: the signature is not of the round they are sealed to, or they have \
         changed"
    );
    let (empty, round) = unwrapped(EMPTY);
    assert_eq!(round, DrandRound(1000));
    assert_eq!(open(&empty, &signature(ROUND_1000)).unwrap(), b"");
}

#[test]
fn with_the_randomness_of_bittensor_drand_our_bytes_are_its_bytes() {
    let commit = (bytes_of(COMMIT), DrandRound(1000), ROUND_1000);
    let hello = unwrapped(HELLO);
    for (theirs, round, by) in [commit, (hello.0, hello.1, ROUND_123)] {
        let (sealed_key, body, nonce) = parts(&theirs).unwrap();
        let key = key_of(&sealed_key, &signature(by)).unwrap();
        // W is the key under the hash of s, so s itself is only found through the pairing: by V.
        let s = crate::timelock::identity::tests::randomness_of(&sealed_key, &signature(by));
        let message = decrypt(&key, &nonce, body).unwrap();
        let ours = seal_with(&message, round, &Randomness { key, s, nonce }).unwrap();
        assert_eq!(hex::encode(ours), hex::encode(theirs));
    }
}

#[test]
fn what_is_sealed_is_244_bytes_longer_never_twice_the_same_and_opens() {
    for len in [0, 1, 15, 16, 17, 1000] {
        let message: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let (one, other) =
            (seal(&message, DrandRound(1000)).unwrap(), seal(&message, DrandRound(1000)).unwrap());
        assert_eq!(one.len(), len + 244);
        for part in [0..96, 104..136, 144..176] {
            assert_ne!(one[part.clone()], other[part]);
        }
        assert_eq!(open(&one, &signature(ROUND_1000)).unwrap(), message);
        assert_eq!(open(&other, &signature(ROUND_1000)).unwrap(), message);
        assert!(open(&one, &signature(ROUND_123)).is_err());
    }
}

#[test]
fn every_changed_byte_is_found() {
    let sealed = seal(b"weights", DrandRound(1000)).unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x04;
        let error = open(&changed, &signature(ROUND_1000)).unwrap_err().to_string();
        assert!(error.starts_with("cannot open the timelocked bytes: "), "byte {at}: {error}");
    }
}

#[test]
fn bytes_that_are_not_sealed_say_what_is_wrong_with_them() {
    let sealed = seal(b"weights", DrandRound(1000)).unwrap();
    let said = |bytes: &[u8]| {
        let text = open(bytes, &signature(ROUND_1000)).unwrap_err().to_string();
        text.strip_prefix("cannot open the timelocked bytes: ").unwrap().to_owned()
    };
    assert_eq!(said(&[]), "U should have 96 bytes, and 0 are left");
    assert_eq!(said(&sealed[..100]), "V should have 8 bytes, and 4 are left");
    assert_eq!(said(&[&sealed[..], b"xy"].concat()), "2 bytes are over");
    let mut long = sealed.clone();
    long[96..104].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(said(&long).starts_with("V should have 18446744073709551615 bytes, and "));
    let mut suite = sealed;
    let at = suite.len() - 8;
    suite[at..].copy_from_slice(b"AES_CBC\n");
    assert_eq!(said(&suite), "the cipher is `AES_CBC\\n`, expected AES_GCM_");
    let weights = seal(b"weights", DrandRound(1000)).unwrap();
    let error = TimelockedWeights::open(&weights, &signature(ROUND_1000)).unwrap_err().to_string();
    assert_eq!(error, "cannot open the timelocked bytes: the message in them is no weights");
}

proptest! {
    #[test]
    fn no_bytes_make_opening_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        real_head: bool,
    ) {
        if real_head {
            let sealed = bytes_of(COMMIT);
            let n = bytes.len().min(sealed.len());
            bytes[..n].copy_from_slice(&sealed[..n]);
        }
        prop_assert!(bytes == bytes_of(COMMIT) || open(&bytes, &signature(ROUND_1000)).is_err());
    }
}
