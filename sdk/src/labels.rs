//! Memory-hard labels: what a plot of them costs to make, and what a verifier makes again.
//!
//! Label i is 32 bytes of scrypt or argon2id over the password key[32] ‖ i as eight little-endian bytes ‖ 32
//! zero bytes, with an empty salt (argon2id: 16 zero bytes); a shorter label is its beginning. With Spacemesh's
//! form of scrypt these are the labels of its POST. In a plugin they are made by the host, several at a time
//! in a processor's vectors.

use crate::{Digest, PluginError, Result};

#[cfg(target_family = "wasm")]
use crate::export as played_by;
#[cfg(not(target_family = "wasm"))]
use crate::label_twins as played_by;

/// Bytes of a whole label.
pub const LABEL_BYTES: u32 = 32;

/// The most memory that the host gives to labels under way.
const LARGEST_MEMORY_BYTES: u64 = 300 << 20;
/// Labels under way at once, where they take no more than this together.
const TOGETHER: u64 = 8;
const TOGETHER_BYTES: u64 = 256 << 20;

/// Which scrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScryptForm {
    /// RFC 7914: Salsa20/8 and PBKDF2-HMAC-SHA-256.
    Rfc7914,
    /// As Spacemesh's POST: the ChaCha permutation with 8 rounds over the whole block, PBKDF2-HMAC over the
    /// original Keccak-512.
    Spacemesh,
}

/// A memory-hard function, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelCost {
    /// scrypt: `n` × 128 × `r` bytes of memory, and 4 × `n` × `r` × `p` permutations of 64 bytes.
    Scrypt {
        /// Which one.
        form: ScryptForm,
        /// Rows of memory: a power of two, 2 or more, below 2^(16 r).
        n: u32,
        /// 128-byte blocks of a row.
        r: u32,
        /// Walks through memory.
        p: u32,
    },
    /// Argon2id, version 1.3.
    Argon2id {
        /// Memory; 8 KiB a lane or more.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
}

/// A whole label and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Which one.
    pub index: u64,
    /// Its bytes.
    pub bytes: [u8; 32],
}

impl LabelCost {
    /// The scrypt whose form is named as in parameters: `spacemesh` or `rfc7914`; checked.
    ///
    /// # Errors
    /// [`PluginError::BadConfig`] naming the parameter.
    pub fn scrypt(form: &str, n: u32, r: u32, p: u32) -> Result<Self> {
        let form = match form {
            "spacemesh" => ScryptForm::Spacemesh,
            "rfc7914" => ScryptForm::Rfc7914,
            _ => {
                let message = format!("`form` must be spacemesh or rfc7914, it is {form}");
                return Err(PluginError::BadConfig(message));
            }
        };
        let cost = Self::Scrypt { form, n, r, p };
        cost.check().map(|()| cost)
    }

    /// Whether the host makes such labels.
    ///
    /// # Errors
    /// [`PluginError::BadConfig`] naming the parameter.
    pub fn check(&self) -> Result<()> {
        let bad = |text: String| Err(PluginError::BadConfig(text));
        match *self {
            Self::Scrypt { n, .. } if n < 2 || !n.is_power_of_two() => {
                return bad(format!("`n` must be a power of two, 2 or more, not {n}"));
            }
            Self::Scrypt { r, p, .. } if r == 0 || p == 0 => {
                return bad(format!("`r` and `p` must be 1 or more, not {r} and {p}"));
            }
            Self::Scrypt { n, r: 1, .. } if n >= 1 << 16 => {
                return bad(format!("`n` must be below 65536 where `r` is 1 (RFC 7914), not {n}"));
            }
            Self::Scrypt { r, p, .. } if u64::from(r).saturating_mul(p.into()) > 1 << 17 => {
                return bad(format!("`r` × `p` must be at most 131072, not {r} × {p}"));
            }
            Self::Argon2id { memory_kib, passes, lanes }
                if passes == 0 || lanes == 0 || u64::from(memory_kib) < 8 * u64::from(lanes) =>
            {
                return bad(format!(
                    "argon2id takes 1 or more passes and lanes and 8 KiB a lane, not {passes}, {lanes} and \
                     {memory_kib} KiB"
                ));
            }
            _ => {}
        }
        match self.memory_bytes() {
            bytes if bytes > LARGEST_MEMORY_BYTES => bad(format!(
                "labels of this cost take {bytes} bytes of memory, at most {LARGEST_MEMORY_BYTES} are given"
            )),
            _ => Ok(()),
        }
    }

    /// The most memory that a filling worker takes on the host, for [`crate::Layout::memory_bytes`].
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match *self {
            Self::Scrypt { n, r, p, .. } => {
                let row = 128 * u64::from(r);
                let label = u64::from(n).saturating_mul(row);
                let at_once = if label <= TOGETHER_BYTES / TOGETHER { TOGETHER } else { 1 };
                let beside = row.saturating_mul(2 * u64::from(p) + TOGETHER + 3);
                at_once.saturating_mul(label.saturating_add(beside))
            }
            Self::Argon2id { memory_kib, .. } => u64::from(memory_kib) << 10,
        }
    }

    /// The same for the same cost and never for another: a byte for the function, then its parameters as
    /// little-endian words. To be hashed into keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (function, parameters) = match *self {
            Self::Scrypt { form: ScryptForm::Rfc7914, n, r, p } => (0, [n, r, p]),
            Self::Scrypt { form: ScryptForm::Spacemesh, n, r, p } => (1, [n, r, p]),
            Self::Argon2id { memory_kib, passes, lanes } => (2, [memory_kib, passes, lanes]),
        };
        [&[function][..], &parameters.map(u32::to_le_bytes).concat()].concat()
    }

    /// How much work a label is: permutations of 64 bytes, or as many as argon2id's blocks are worth (24 each).
    #[must_use]
    pub const fn permutations(&self) -> u64 {
        match *self {
            Self::Scrypt { n, r, p, .. } => {
                (n as u64).saturating_mul(r as u64).saturating_mul(p as u64).saturating_mul(4)
            }
            Self::Argon2id { memory_kib, passes, .. } => {
                (memory_kib as u64).saturating_mul(passes as u64).saturating_mul(24)
            }
        }
    }
}

/// The first `label_bytes` (1 to 32) of each label of `indices`, at most 4096 of them, one after another.
///
/// # Errors
/// [`PluginError::BadInput`] for costs and sizes that the host does not make.
pub fn labels_of(cost: &LabelCost, key: &Digest, label_bytes: u32, indices: &[u64]) -> Result<Vec<u8>> {
    played_by::labels_of(cost, key, label_bytes, indices)
}
