//! The weights that are sealed, and the call's other figures.

use plimsoll_core::{Hotkey, Uid};

use super::sealed::{OVERHEAD_BYTES, open, seal};
use super::{DrandRound, RoundSignature};
use crate::ChainError;
use crate::scale::{Reader, push_compact, push_u16s};

/// What `commit_timelocked_weights` wants as its `commit_reveal_version`.
pub const COMMIT_REVEAL_VERSION: u16 = 4;
/// The longest commit that the chain takes.
pub const MAX_COMMIT_BYTES: usize = 5000;

/// What a validator seals: SCALE of the hotkey as bytes, uids, values, and the version key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelockedWeights {
    /// Whose weights; the chain drops those of somebody else than who committed them.
    pub hotkey: Hotkey,
    /// Whom, and how much with the largest at 65535.
    pub weights: Vec<(Uid, u16)>,
    /// The version of the subnet's rules that they follow; 0 for any.
    pub version_key: u64,
}

impl TimelockedWeights {
    /// The bytes to commit.
    ///
    /// # Errors
    /// [`ChainError::Timelock`] where they would be longer than [`MAX_COMMIT_BYTES`].
    pub fn seal(&self, round: DrandRound) -> Result<Vec<u8>, ChainError> {
        let message = self.encode();
        let (bytes, n_weights) = (message.len() + OVERHEAD_BYTES, self.weights.len());
        if bytes > MAX_COMMIT_BYTES {
            return Err(ChainError::Timelock {
                why: format!(
                    "{n_weights} weights are {bytes} bytes when sealed, and the chain takes at most \
                     {MAX_COMMIT_BYTES}: set fewer weights"
                ),
            });
        }
        seal(&message, round)
    }

    /// What was committed, once the round is out.
    ///
    /// # Errors
    /// [`ChainError::Sealed`].
    pub fn open(bytes: &[u8], signature: &RoundSignature) -> Result<Self, ChainError> {
        Self::decode(&open(bytes, signature)?)
            .ok_or_else(|| ChainError::Sealed { why: "the message in them is no weights".into() })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + 4 * self.weights.len());
        push_compact(&mut out, self.hotkey.0.len());
        out.extend(self.hotkey.0);
        push_u16s(&mut out, self.weights.iter().map(|(uid, _)| uid.0));
        push_u16s(&mut out, self.weights.iter().map(|&(_, value)| value));
        out.extend(self.version_key.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let hotkey = Hotkey::from_slice(reader.counted_bytes()?)?;
        let (uids, values) = (reader.u16s()?, reader.u16s()?);
        let version_key = reader.u64()?;
        if !reader.0.is_empty() || uids.len() != values.len() {
            return None;
        }
        Some(Self { hotkey, weights: uids.into_iter().map(Uid).zip(values).collect(), version_key })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_and_no_shorter_bytes_do(
            hotkey: [u8; 32],
            weights in proptest::collection::vec((any::<u16>().prop_map(Uid), any::<u16>()), 0..80),
            version_key: u64,
        ) {
            let weights = TimelockedWeights { hotkey: Hotkey(hotkey), weights, version_key };
            let bytes = weights.encode();
            prop_assert_eq!(TimelockedWeights::decode(&bytes), Some(weights));
            for len in 0..bytes.len() {
                prop_assert_eq!(TimelockedWeights::decode(&bytes[..len]), None);
            }
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(weights) = TimelockedWeights::decode(&bytes) {
                prop_assert_eq!(weights.encode(), bytes);
            }
        }
    }

    #[test]
    fn more_weights_than_the_chain_takes_are_refused_before_they_are_sealed() {
        let of = |n: u16| TimelockedWeights {
            hotkey: Hotkey([7; 32]),
            weights: (0..n).map(|i| (Uid(i), 1)).collect(),
            version_key: 0,
        };
        let most = of(1177).seal(DrandRound(1)).unwrap();
        assert_eq!(most.len(), 4997);
        assert_eq!(
            of(1178).seal(DrandRound(1)).unwrap_err().to_string(),
            "cannot timelock the weights: 1178 weights are 5001 bytes when sealed, and the chain takes at most \
             5000: set fewer weights"
        );
    }
}
