//! What a memory-hard label costs: the function, its parameters, and the bounds on them.

use serde::{Deserialize, Serialize};

use crate::error::KernelError;

/// Which scrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ScryptForm {
    /// RFC 7914: Salsa20/8 and PBKDF2-HMAC-SHA-256.
    Rfc7914,
    /// As Spacemesh's POST: the ChaCha permutation with 8 rounds over the whole block, PBKDF2-HMAC over the
    /// original Keccak-512 (padding 01), integerify = the first 32-bit word of the last block.
    /// Source: <https://github.com/spacemeshos/post-rs>, commit a2d155a.
    Spacemesh,
}

/// A memory-hard function of 32 bytes of output, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum LabelCost {
    /// scrypt. Takes `n` x 128 x `r` bytes a label under way, and 4 x `n` x `r` x `p` block permutations.
    Scrypt {
        /// Which one.
        form: ScryptForm,
        /// Rows of memory: a power of two, 2 or more, below 2^(16 r).
        n: u32,
        /// 128-byte blocks of a row: 1 or more.
        r: u32,
        /// Independent walks through memory: 1 or more.
        p: u32,
    },
    /// Argon2id, version 1.3 (RFC 9106), one label at a time.
    Argon2id {
        /// Memory: 8 KiB a lane, or more.
        memory_kib: u32,
        /// Passes over the memory: 1 or more.
        passes: u32,
        /// Lanes: 1 or more.
        lanes: u32,
    },
}

/// The most memory of one label under way: 1 GiB.
const LARGEST_LABEL_BYTES: u64 = 1 << 30;
/// The most bytes of scrypt's p blocks together: 16 MiB.
const LARGEST_BLOCKS_BYTES: u64 = 16 << 20;
/// The most memory of labels under way together: 256 MiB; larger ones are made one at a time.
const TOGETHER_BYTES: u64 = 256 << 20;

/// So few walks fill one vector only: so many labels are under way at the most.
pub(crate) const FEW_WALKS: u64 = 4;
/// What a block of argon2id takes, in permutations of scrypt of 20 ns: measured 410 to 540 ns, in memory that is
/// there already.
const BLOCK_PERMUTATIONS: u64 = 24;

impl LabelCost {
    /// The most labels under way at once, on any machine.
    pub const LABELS_AT_ONCE: u64 = 8;

    /// What Spacemesh's network uses: N = 8192, r = p = 1.
    pub const SPACEMESH: Self = Self::Scrypt { form: ScryptForm::Spacemesh, n: 8192, r: 1, p: 1 };

    /// Whether there is such a function, and it fits.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] naming the parameter.
    pub fn check(&self) -> Result<(), KernelError> {
        let bad = |text: String| Err(KernelError::BadInput(text));
        match *self {
            Self::Scrypt { n, r, p, .. } => {
                if n < 2 || !n.is_power_of_two() {
                    return bad(format!("n of scrypt must be a power of two, 2 or more, not {n}"));
                }
                if r == 0 || p == 0 {
                    return bad(format!("r and p of scrypt must be 1 or more, not {r} and {p}"));
                }
                if r == 1 && n >= 1 << 16 {
                    return bad(format!("n of scrypt must be below 65536 where r is 1 (RFC 7914), not {n}"));
                }
                let blocks_bytes = u64::from(p).saturating_mul(128 * u64::from(r));
                if blocks_bytes > LARGEST_BLOCKS_BYTES {
                    return bad(format!(
                        "p x 128 x r of scrypt must be at most {LARGEST_BLOCKS_BYTES} bytes, not {blocks_bytes}"
                    ));
                }
            }
            Self::Argon2id { memory_kib, passes, lanes } => {
                if passes == 0 || lanes == 0 || lanes > argon2::Params::MAX_P_COST {
                    return bad(format!(
                        "passes and lanes of argon2id must be 1 or more, not {passes} and {lanes}"
                    ));
                }
                if u64::from(memory_kib) < 8 * u64::from(lanes) {
                    return bad(format!(
                        "memory of argon2id must be 8 KiB a lane or more, not {memory_kib} KiB for {lanes} lanes"
                    ));
                }
            }
        }
        match self.label_memory_bytes() {
            bytes if bytes > LARGEST_LABEL_BYTES => {
                bad(format!("a label must take at most {LARGEST_LABEL_BYTES} bytes of memory, not {bytes}"))
            }
            _ => Ok(()),
        }
    }

    /// Memory of one label under way.
    fn label_memory_bytes(&self) -> u64 {
        match *self {
            Self::Scrypt { n, r, .. } => u64::from(n).saturating_mul(128).saturating_mul(r.into()),
            Self::Argon2id { memory_kib, .. } => u64::from(memory_kib) << 10,
        }
    }

    /// Labels that may be under way together: all of a machine's vectors, or one.
    pub(crate) fn is_small(&self) -> bool {
        matches!(self, Self::Scrypt { .. })
            && self.label_memory_bytes() <= TOGETHER_BYTES / Self::LABELS_AT_ONCE
    }

    /// The most memory that a call of [`crate::fill_labels`] or [`crate::labels_of`] takes beside what it is
    /// given and gives, on any machine.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes_for(u64::MAX)
    }

    /// The same of a call for so many labels: a few are not made as many at once.
    #[must_use]
    pub fn memory_bytes_for(&self, labels: u64) -> u64 {
        let (at_once, beside) = match *self {
            _ if labels == 0 => (0, 0),
            Self::Scrypt { r, p, .. } => {
                let is_few = labels.saturating_mul(p.into()) <= FEW_WALKS;
                let at_once = match self.is_small() {
                    true if is_few => FEW_WALKS,
                    true => Self::LABELS_AT_ONCE,
                    false => 1,
                };
                // The blocks of the labels, as bytes and as lines, and three times a row of them in vectors.
                let rows = 2 * u64::from(p) + Self::LABELS_AT_ONCE + 3;
                (at_once, rows.saturating_mul(128 * u64::from(r)))
            }
            Self::Argon2id { .. } => (1, 0),
        };
        at_once.saturating_mul(self.label_memory_bytes().saturating_add(beside))
    }

    /// How much work a label is: 64-byte permutations of scrypt (4 n r p), or as many as argon2id's blocks of
    /// 1 KiB are worth (24 each).
    #[must_use]
    pub fn permutations(&self) -> u64 {
        match *self {
            Self::Scrypt { n, r, p, .. } => {
                let rows = u64::from(n).saturating_mul(r.into());
                rows.saturating_mul(p.into()).saturating_mul(4)
            }
            Self::Argon2id { memory_kib, passes, .. } => {
                u64::from(memory_kib).saturating_mul(passes.into()).saturating_mul(BLOCK_PERMUTATIONS)
            }
        }
    }
}
