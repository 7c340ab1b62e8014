//! Chia's proof of space, as the host plays it. Making and proving are functions of [`crate::Plot`] and
//! [`crate::Region`]; formats and bounds stand in `wit/pospace.wit`. Natively the feature `pospace` is needed.

#[cfg(target_family = "wasm")]
use crate::export::crates::pospace as played_by;
#[cfg(all(not(target_family = "wasm"), feature = "pospace"))]
use crate::pospace_twin as played_by;
#[cfg(any(target_family = "wasm", feature = "pospace"))]
use crate::{Digest, Result};

/// Which plots: of 2^k entries (k even, 18 to 28) and how hard they are to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlotForm {
    /// The logarithm of a plot's entries.
    pub k: u8,
    /// From 2 to 17; 15 at most for k = 18.
    pub strength: u8,
}

/// A proof, and the place of the challenge that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotProof {
    /// Place in the list of challenges.
    pub challenge: u32,
    /// 16 × k bytes.
    pub proof: Vec<u8>,
}

impl PlotForm {
    /// Bytes of a proof.
    #[must_use]
    pub const fn proof_bytes(self) -> usize {
        16 * self.k as usize
    }
}

#[cfg(any(target_family = "wasm", feature = "pospace"))]
impl PlotForm {
    /// Bytes of a unit: room for any plot of this k.
    ///
    /// # Errors
    /// [`crate::PluginError::BadInput`] saying what k and strength may be.
    pub fn unit_bytes(self) -> Result<u32> {
        played_by::unit_bytes(self)
    }

    /// Whether `proof` is a full proof of the plot of `group_id` (index 0, meta group 0) for `challenge`.
    ///
    /// # Errors
    /// [`crate::PluginError::Unsupported`] on a processor without AES instructions.
    pub fn verify(self, group_id: &Digest, challenge: &Digest, proof: &[u8]) -> Result<bool> {
        played_by::verify(self, group_id, challenge, proof)
    }
}
