//! What a key can be made again from.

use std::fmt;

use plimsoll_core::Keypair;
use zeroize::Zeroizing;

use super::WalletProblem;
use super::key_file::{hex_bytes, secret_json};

/// The words or the seed of a key that existed before. Wiped after use, never printed.
pub struct KeyOrigin {
    seed: Zeroizing<[u8; 32]>,
    /// Empty for a seed: words that belong to a given seed cannot be found.
    words: Zeroizing<String>,
}

impl KeyOrigin {
    /// From twelve or more words; more than one space between them does not matter.
    ///
    /// # Errors
    /// [`WalletProblem::NoKey`] where they are no mnemonic.
    pub fn mnemonic(text: &str) -> Result<Self, WalletProblem> {
        let mut words = Zeroizing::new(String::with_capacity(text.len()));
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Ok(Self { seed: Keypair::seed_of_mnemonic(&words)?, words })
    }

    /// From a secret seed: 64 hex digits, with 0x or without.
    ///
    /// # Errors
    /// [`WalletProblem::Field`] where it is none.
    pub fn seed(text: &str) -> Result<Self, WalletProblem> {
        Ok(Self { seed: hex_bytes("secretSeed", text.trim())?, words: Zeroizing::default() })
    }

    /// The key.
    #[must_use]
    pub fn keypair(&self) -> Keypair {
        Keypair::from_seed(&self.seed)
    }

    pub(super) fn json(&self) -> Zeroizing<String> {
        secret_json(&self.keypair(), &self.seed, &self.words)
    }
}

impl fmt::Debug for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyOrigin({}, secret ***)", self.keypair().hotkey().short())
    }
}
