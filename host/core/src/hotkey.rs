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
        bs58::encode(raw).into_string()
    }

    /// The first eight characters of the address: for people, never for comparison.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_ss58();
        text.truncate(8);
        text
    }
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
    fn one_wrong_character_is_found() {
        let typo = ALICE.replace('w', "x");
        assert_eq!(typo.parse::<Hotkey>(), Err(Ss58Error::Checksum));
    }

    proptest! {
        #[test]
        fn a_hotkey_survives_its_own_text(bytes: [u8; 32]) {
            prop_assert_eq!(Hotkey(bytes).to_ss58().parse::<Hotkey>(), Ok(Hotkey(bytes)));
        }
    }
}
