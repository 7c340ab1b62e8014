//! Memory-hard labels: label i = 32 bytes of scrypt or argon2id over key ‖ i ‖ zeros.
//!
//! The password is key[32] ‖ u64 LE i ‖ 32 zero bytes, the salt empty, the output 32 bytes, as in Spacemesh's
//! POST; argon2id, which cannot have an empty salt, takes 16 zero bytes. Scrypt's form, sources and bounds are
//! in [`LabelCost`]. Labels are independent: several lie side by side in the vectors of one core.

mod cost;
mod fill;
pub(crate) mod romix;
pub(crate) mod rows;
mod scrypt;

pub use cost::{LabelCost, ScryptForm};
pub use fill::{fill_labels, labels_by, labels_of};

use plimsoll_core::Digest;

/// Bytes of a whole label.
pub const LABEL_BYTES: u32 = 32;

/// A label and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Which one.
    pub index: u64,
    /// All of its bytes.
    pub bytes: [u8; 32],
}

impl Label {
    /// Whether this one counts as smaller: by its bytes as a string, then by its index.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        (self.bytes, self.index) < (other.bytes, other.index)
    }
}

/// key ‖ index ‖ zeros.
fn password(key: &Digest, index: u64) -> [u8; 72] {
    let mut password = [0; 72];
    password[..32].copy_from_slice(key.as_bytes());
    password[32..40].copy_from_slice(&index.to_le_bytes());
    password
}
