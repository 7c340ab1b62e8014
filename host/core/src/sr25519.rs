//! Signatures: sr25519 (Schnorr over Ristretto) with the signing context `substrate`, as Bittensor uses it.
//!
//! Secrets are zeroised on drop and never printed.

use std::fmt;
use std::str::FromStr;

use schnorrkel::{ExpansionMode, MiniSecretKey, PublicKey, SecretKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::Hotkey;

const CONTEXT: &[u8] = b"substrate";

/// A 64-byte sr25519 signature; 128 hex digits as text. Signing is randomised: verify, never compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// Why a key could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeypairError {
    /// The 64 bytes are no secret key.
    #[error("the private key is no sr25519 secret key")]
    PrivateKey,
    /// The words are no BIP-39 mnemonic.
    #[error("the secret phrase is no valid mnemonic")]
    Mnemonic,
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(String),
}

/// A key that can sign. Neither printed nor serialised.
#[derive(Clone)]
pub struct Keypair(schnorrkel::Keypair);

impl Keypair {
    /// From the 32-byte secret seed, expanded the way Substrate does.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        // `MiniSecretKey::from_bytes` checks nothing but the length, which the type gives.
        match MiniSecretKey::from_bytes(seed) {
            Ok(mini) => Self(mini.expand_to_keypair(ExpansionMode::Ed25519)),
            Err(_) => unreachable!("a mini secret key is any 32 bytes"),
        }
    }

    /// From the 64-byte expanded private key of a wallet file.
    ///
    /// # Errors
    /// [`KeypairError::PrivateKey`] where the scalar is not canonical.
    pub fn from_private_key(bytes: &[u8; 64]) -> Result<Self, KeypairError> {
        let secret = SecretKey::from_bytes(bytes).map_err(|_| KeypairError::PrivateKey)?;
        Ok(Self(secret.to_keypair()))
    }

    /// The secret seed of a mnemonic without password: PBKDF2-HMAC-SHA512 over the *entropy*, 2048 rounds,
    /// first 32 bytes (substrate-bip39; not the seed of BIP-39 itself).
    ///
    /// # Errors
    /// [`KeypairError::Mnemonic`].
    pub fn seed_of_mnemonic(phrase: &str) -> Result<Zeroizing<[u8; 32]>, KeypairError> {
        let mnemonic: bip39::Mnemonic = phrase.parse().map_err(|_| KeypairError::Mnemonic)?;
        let (entropy, len) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let mut seed = Zeroizing::new([0u8; 64]);
        pbkdf2::pbkdf2_hmac::<sha2::Sha512>(&entropy[..len], b"mnemonic", 2048, &mut seed[..]);
        let mut out = Zeroizing::new([0u8; 32]);
        out.copy_from_slice(&seed[..32]);
        Ok(out)
    }

    /// A fresh twelve-word mnemonic from the system's randomness.
    ///
    /// # Errors
    /// [`KeypairError::Randomness`].
    pub fn fresh_mnemonic() -> Result<Zeroizing<String>, KeypairError> {
        let mut entropy = Zeroizing::new([0u8; 16]);
        getrandom::fill(&mut entropy[..]).map_err(|e| KeypairError::Randomness(e.to_string()))?;
        let mnemonic = bip39::Mnemonic::from_entropy(&entropy[..]).map_err(|_| KeypairError::Mnemonic)?;
        Ok(Zeroizing::new(mnemonic.to_string()))
    }

    /// The 64-byte expanded private key, for a wallet file only.
    #[must_use]
    pub fn to_private_key(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.secret.to_bytes())
    }

    /// The public side.
    #[must_use]
    pub fn hotkey(&self) -> Hotkey {
        Hotkey(self.0.public.to_bytes())
    }

    /// Signs `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign_simple(CONTEXT, message).to_bytes())
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({}, secret ***)", self.hotkey().short())
    }
}

/// Whether `signature` over `message` is by `signer`.
#[must_use]
pub fn verify_signature(signer: &Hotkey, message: &[u8], signature: &Signature) -> bool {
    let Ok(key) = PublicKey::from_bytes(&signer.0) else { return false };
    let Ok(signature) = schnorrkel::Signature::from_bytes(&signature.0) else { return false };
    key.verify_simple(CONTEXT, message, &signature).is_ok()
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", hex::encode(&self.0[..4]))
    }
}

impl FromStr for Signature {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut out = [0; 64];
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut out)
            .map_err(|e| format!("a signature has 128 hex digits: {e}"))?;
        Ok(Self(out))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOTKEY: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";
    const PHRASE: &str = "awesome universe enter owner goat section spike process scissors race pill exile";
    const SEED: &str = "0d6babae806aa94cc002a5cb8e12c4d9ada2232d99644ecce2ebb9c446d26bbb";
    const PRIVATE: &str = "6c6a501aad3c3e126fadb247a697f800e7a565ef72d9b5141a88e5d6fe0b130b\
                           45cfdb662a4bdfb1b172483a76fc2105728ca6678f41f7fd79267500de9f0fbb";
    const HELLO: &str = "6ae727db60cb990ce547cd533e713d36bf434d519dddc5ae141529dc0b1faa64\
                         d6642cc481343e639bd796641e6a0cd42b5f2f8846b60207a3cf8c036f9f0486";

    #[test]
    fn phrase_seed_and_private_key_of_a_bittensor_wallet_give_one_hotkey() {
        let seed = Keypair::seed_of_mnemonic(PHRASE).unwrap();
        assert_eq!(hex::encode(seed.as_slice()), SEED);
        let from_seed = Keypair::from_seed(&seed);
        let private: [u8; 64] = hex::decode(PRIVATE).unwrap().try_into().unwrap();
        let from_private = Keypair::from_private_key(&private).unwrap();
        assert_eq!(from_seed.hotkey().to_ss58(), HOTKEY);
        assert_eq!(from_private.hotkey().to_ss58(), HOTKEY);
        assert_eq!(from_seed.to_private_key().as_slice(), private);
    }

    #[test]
    fn a_signature_made_by_the_bittensor_wallet_verifies() {
        let signer: Hotkey = HOTKEY.parse().unwrap();
        let signature: Signature = HELLO.parse().unwrap();
        assert!(verify_signature(&signer, b"hello", &signature));
        assert!(!verify_signature(&signer, b"hellp", &signature));
    }

    #[test]
    fn every_flipped_bit_of_a_signature_fails() {
        let pair = Keypair::from_seed(&[7; 32]);
        let good = pair.sign(b"message");
        assert!(verify_signature(&pair.hotkey(), b"message", &good));
        for bit in 0..512 {
            let mut bad = good;
            bad.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_signature(&pair.hotkey(), b"message", &bad), "bit {bit}");
        }
    }

    #[test]
    fn a_keypair_never_prints_its_secret() {
        let pair = Keypair::from_seed(&[7; 32]);
        let text = format!("{pair:?}");
        assert!(text.contains("***") && !text.contains(&hex::encode(&pair.to_private_key()[..4])));
    }
}
