//! What is hashed: blake2b-256 of SCALE(hotkey, storage index, uids, values, salt, version key), as the chain
//! and the Python SDK compute it.

use std::fmt;

use blake2::Blake2b256;
use blake2::Digest as _;
use plimsoll_core::{Digest, Hotkey, Uid};
use serde::{Deserialize, Serialize};

use crate::ChainError;
use crate::scale::push_u16s;

/// Words of a fresh salt: 128 bits.
pub const MAX_SALT_WORDS: usize = 8;

/// Weights and all else that their hash hides. Whoever reads the salt before the reveal can guess the weights.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WeightsPreimage {
    /// Whose weights.
    pub hotkey: Hotkey,
    /// The storage index: the netuid for a subnet's main mechanism, and 4096 more for each further one.
    pub index: u16,
    /// Whom, and how much with the largest at 65535.
    pub weights: Vec<(Uid, u16)>,
    /// What makes the hash unguessable.
    pub salt: Vec<u16>,
    /// The version of the subnet's rules that they follow; 0 for any.
    pub version_key: u64,
}

impl WeightsPreimage {
    /// Weights with a fresh salt.
    ///
    /// # Errors
    /// [`ChainError::Reveal`] where the system gives no randomness.
    pub fn fresh(
        hotkey: Hotkey,
        index: u16,
        weights: Vec<(Uid, u16)>,
        version_key: u64,
    ) -> Result<Self, ChainError> {
        let mut bytes = [0; 2 * MAX_SALT_WORDS];
        getrandom::fill(&mut bytes)
            .map_err(|error| ChainError::Reveal { why: format!("the system gave no randomness: {error}") })?;
        let salt = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(Self { hotkey, index, weights, salt, version_key })
    }

    /// What `commit_weights` takes.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(64 + 4 * self.weights.len());
        bytes.extend(self.hotkey.0);
        bytes.extend(self.index.to_le_bytes());
        push_u16s(&mut bytes, self.weights.iter().map(|(uid, _)| uid.0));
        push_u16s(&mut bytes, self.weights.iter().map(|&(_, value)| value));
        push_u16s(&mut bytes, self.salt.iter().copied());
        bytes.extend(self.version_key.to_le_bytes());
        Digest(Blake2b256::digest(&bytes).into())
    }
}

impl fmt::Debug for WeightsPreimage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, n) = (self.hotkey.short(), self.weights.len());
        write!(f, "WeightsPreimage({key}, index {}, {n} weights ***)", self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alices() -> WeightsPreimage {
        WeightsPreimage {
            hotkey: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".parse().unwrap(),
            index: 3,
            weights: vec![(Uid(0), 30000), (Uid(1), 65535)],
            salt: vec![7, 8, 9],
            version_key: 0,
        }
    }

    #[test]
    fn the_hash_is_that_of_bittensors_sdk() {
        let hash = alices().hash().to_string();
        assert_eq!(hash, "c191694be608a424f4f9fab64677b5eb152c399d6aa2b2c4382ca2d34ad8408b");
    }

    #[test]
    fn every_part_is_in_the_hash() {
        let hash = alices().hash();
        let changes: [fn(&mut WeightsPreimage); 6] = [
            |w| w.hotkey.0[31] ^= 1,
            |w| w.index += 4096,
            |w| w.weights[1].0 = Uid(2),
            |w| w.weights[0].1 += 1,
            |w| w.salt[2] += 1,
            |w| w.version_key = 1,
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut other = alices();
            change(&mut other);
            assert_ne!(other.hash(), hash, "change {i}");
        }
    }

    #[test]
    fn a_salt_is_fresh_each_time_and_never_printed() {
        let of = || WeightsPreimage::fresh(Hotkey([1; 32]), 3, vec![(Uid(4), 54321)], 0).unwrap();
        let (one, other) = (of(), of());
        assert_eq!(one.salt.len(), MAX_SALT_WORDS);
        assert_ne!(one.salt, other.salt);
        assert!(!format!("{one:?}").contains("54321"), "{one:?}");
    }
}
