//! The host's memory-hard labels, as the plugin calls them.

use super::convert::digest;
use crate::bindings::imports::labels as wire;
use crate::bindings::imports::storage::Plot;
use crate::labels::{Label, LabelCost, ScryptForm};
use crate::{Digest, Result, Span};

impl From<LabelCost> for wire::LabelCost {
    fn from(cost: LabelCost) -> Self {
        match cost {
            LabelCost::Scrypt { form, n, r, p } => {
                let form = match form {
                    ScryptForm::Rfc7914 => wire::ScryptForm::Rfc7914,
                    ScryptForm::Spacemesh => wire::ScryptForm::Spacemesh,
                };
                Self::Scrypt(wire::Scrypt { form, n, r, p })
            }
            LabelCost::Argon2id { memory_kib, passes, lanes } => {
                Self::Argon2id(wire::Argon2id { memory_kib, passes, lanes })
            }
        }
    }
}

pub(super) fn fill(
    plot: &Plot,
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    labels: Span,
    track_smallest: bool,
) -> Result<Option<Label>> {
    let label = wire::fill(plot, (*cost).into(), key, label_bytes, labels.into(), track_smallest)?;
    label.map(|label| Ok(Label { index: label.index, bytes: digest(&label.bytes)? })).transpose()
}

#[cfg(target_family = "wasm")]
pub(crate) fn labels_of(
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    indices: &[u64],
) -> Result<Vec<u8>> {
    Ok(wire::labels_of((*cost).into(), key, label_bytes, indices)?)
}
