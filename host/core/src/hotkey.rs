//! Who signs: a raw sr25519 public key and its SS58 text.
//!
//! SS58 as Substrate defines it: base58(prefix byte ‖ 32-byte key ‖ first two bytes of
//! BLAKE2b-512("SS58PRE" ‖ prefix ‖ key)); Bittensor uses the generic prefix 42.

use std::fmt;
use std::str::FromStr;

use blake2::{Blake2b512, Digest as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const PREFIX: u8 = 42;

/// A raw 32-byte sr25519 public key. Prints, parses and serialises as SS58 with prefix 42.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hotkey(pub [u8; 32]);

/// What is wrong with the text of a hotkey.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ss58Error {
    /// A character outside the base58 alphabet.
    #[error("not an SS58 address: {0}")]
    Base58(String),
    /// The wrong number of bytes.
    #[error("an SS58 address of a hotkey has 35 bytes, this has {0}")]
    Length(usize),
    /// The prefix of another network.
    #[error("the SS58 prefix is {0}, Bittensor uses 42")]
    Prefix(u8),
    /// A typing error.
    #[error("the SS58 checksum does not match: a character is wrong")]
    Checksum,
}

impl Hotkey {
    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A hotkey from a slice, if the slice has exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The address as text.
    #[must_use]
    pub fn to_ss58(&self) -> String {
        let mut raw = [0u8; 35];
        raw[0] = PREFIX;
        raw[1..33].copy_from_slice(&self.0);
        let sum = checksum(&raw[..33]);
        raw[33..].copy_from_slice(&sum);
        base58(&raw)
    }

    /// The first eight characters of the address: for people, never for comparison.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_ss58();
        text.truncate(8);
        text
    }
}

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Five digits at a time: the highest power of 58 that leaves a remainder within 32 bits.
const FIVE_DIGITS: u64 = 58 * 58 * 58 * 58 * 58;

/// Base58 of an address, whose first byte is not zero. Every signed request writes several: five digits at a time
/// over words of 32 bits take a tenth of what one digit at a time over bytes takes.
fn base58(raw: &[u8; 35]) -> String {
    let mut padded = [0u8; 36];
    padded[1..].copy_from_slice(raw);
    let mut words = [0u32; 9];
    for (word, bytes) in words.iter_mut().zip(padded.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    // 280 bits are at most 48 digits: ten divisions.
    let (mut digits, mut at, mut first) = ([0u8; 50], 50, 0);
    while first < words.len() {
        let mut rest = 0u64;
        for word in &mut words[first..] {
            let value = rest << 32 | u64::from(*word);
            // Below 2^32, for the rest is below the divisor.
            *word = (value / FIVE_DIGITS) as u32;
            rest = value % FIVE_DIGITS;
        }
        for _ in 0..5 {
            at -= 1;
            digits[at] = ALPHABET[(rest % 58) as usize];
            rest /= 58;
        }
        first += words[first..].iter().take_while(|word| **word == 0).count();
    }
    digits[at..].iter().skip_while(|digit| **digit == ALPHABET[0]).map(|digit| char::from(*digit)).collect()
}

fn checksum(payload: &[u8]) -> [u8; 2] {
    let mut hasher = Blake2b512::new();
    hasher.update(b"SS58PRE");
    hasher.update(payload);
    let out = hasher.finalize();
    [out[0], out[1]]
}

impl fmt::Display for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_ss58())
    }
}

impl fmt::Debug for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hotkey({})", self.short())
    }
}

impl FromStr for Hotkey {
    type Err = Ss58Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let raw = bs58::decode(text).into_vec().map_err(|e| Ss58Error::Base58(e.to_string()))?;
        if raw.len() != 35 {
            return Err(Ss58Error::Length(raw.len()));
        }
        if raw[0] != PREFIX {
            return Err(Ss58Error::Prefix(raw[0]));
        }
        if checksum(&raw[..33]) != [raw[33], raw[34]] {
            return Err(Ss58Error::Checksum);
        }
        Self::from_slice(&raw[1..33]).ok_or(Ss58Error::Length(raw.len()))
    }
}

impl Serialize for Hotkey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.to_ss58())
    }
}

impl<'de> Deserialize<'de> for Hotkey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn alice_has_the_address_that_substrate_gives_her() {
        let key: Hotkey = ALICE.parse().unwrap();
        assert_eq!(hex::encode(key.0), "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
        assert_eq!(key.to_ss58(), ALICE);
    }

    #[test]
    fn the_text_of_the_smallest_and_the_largest_key_is_right() {
        for key in [Hotkey([0; 32]), Hotkey([0xFF; 32])] {
            let text = key.to_ss58();
            let raw = bs58::decode(&text).into_vec().unwrap();
            assert_eq!((text.len(), &raw[1..33]), (48, &key.0[..]));
        }
    }

    #[test]
    fn one_wrong_character_is_found() {
        let typo = ALICE.replace('w', "x");
        assert_eq!(typo.parse::<Hotkey>(), Err(Ss58Error::Checksum));
    }

    proptest! {
        #[test]
        fn the_text_is_the_base58_of_every_other_implementation(bytes: [u8; 32], sum: [u8; 2]) {
            let mut raw = [PREFIX; 35];
            raw[1..33].copy_from_slice(&bytes);
            raw[33..].copy_from_slice(&sum);
            prop_assert_eq!(base58(&raw), bs58::encode(raw).into_string());
        }

        #[test]
        fn a_hotkey_survives_its_own_text(bytes: [u8; 32]) {
            prop_assert_eq!(Hotkey(bytes).to_ss58().parse::<Hotkey>(), Ok(Hotkey(bytes)));
        }
    }
}
