//! Labels into a plot, and labels for who checks them.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use plimsoll_core::{Digest, PlotSpace, Span};

use super::cost::LabelCost;
use super::scrypt::Scrypt;
use super::{LABEL_BYTES, Label, password};
use crate::error::KernelError;
use crate::isa::Isa;
use crate::puts::{LARGEST_PUT_BYTES, check_rows, puts};

/// argon2id asks for eight bytes of salt or more.
const ARGON2_SALT: [u8; 16] = [0; 16];

/// A put holds about this much work, so that whoever wants to stop need not wait: about a second.
const PERMUTATIONS_A_PUT: u64 = 1 << 27;
/// And no less than this many bytes, so that disks like it.
const SMALLEST_PUT_BYTES: u64 = 4096;

/// What makes labels, with its memory.
enum Maker {
    Scrypt(Box<Scrypt>),
    Argon2(Box<Argon2<'static>>, Vec<Block>),
}

impl Maker {
    /// For about `labels` labels.
    fn new(isa: Isa, cost: &LabelCost, labels: u64) -> Result<Self, KernelError> {
        cost.check()?;
        match *cost {
            LabelCost::Scrypt { form, n, r, p } => {
                Ok(Self::Scrypt(Box::new(Scrypt::new(isa, form, [n, r, p], cost.is_small(), labels))))
            }
            LabelCost::Argon2id { memory_kib, passes, lanes } => {
                let params = Params::new(memory_kib, passes, lanes, Some(LABEL_BYTES as usize))
                    .map_err(|error| KernelError::BadInput(format!("argon2id: {error}")))?;
                let memory = vec![Block::default(); params.block_count()];
                Ok(Self::Argon2(Box::new(Argon2::new(Algorithm::Argon2id, Version::V0x13, params)), memory))
            }
        }
    }

    /// The labels of `indices`, in order.
    fn each(
        &mut self,
        key: &Digest,
        indices: impl Iterator<Item = u64>,
        each: &mut dyn FnMut(Label),
    ) -> Result<(), KernelError> {
        match self {
            Self::Scrypt(scrypt) => {
                let mut indices = indices.peekable();
                while indices.peek().is_some() {
                    let batch: Vec<u64> = indices.by_ref().take(scrypt.at_once()).collect();
                    scrypt.labels(key, &batch, each);
                }
            }
            Self::Argon2(argon2, memory) => {
                for index in indices {
                    let mut bytes = [0; 32];
                    argon2
                        .hash_password_into_with_memory(
                            &password(key, index),
                            &ARGON2_SALT,
                            &mut bytes,
                            &mut *memory,
                        )
                        .map_err(|error| KernelError::BadInput(format!("argon2id: {error}")))?;
                    each(Label { index, bytes });
                }
            }
        }
        Ok(())
    }
}

fn check_label_bytes(label_bytes: u32) -> Result<(), KernelError> {
    if (1..=LABEL_BYTES).contains(&label_bytes) {
        return Ok(());
    }
    Err(KernelError::BadInput(format!("label-bytes must be from 1 to {LABEL_BYTES}, not {label_bytes}")))
}

/// Fills the plot with the first `label_bytes` of each label of `labels`; label i begins at i x
/// `label_bytes`. Gives the smallest whole label of them where `track_smallest` asks for it. Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] for costs that cannot be and label sizes other than 1 to 32,
/// [`KernelError::Space`] as the plot says.
pub fn fill_labels(
    plot: &dyn PlotSpace,
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    labels: Span,
    track_smallest: bool,
) -> Result<Option<Label>, KernelError> {
    check_label_bytes(label_bytes)?;
    cost.check()?;
    let over = check_rows(plot.size_bytes(), 0, label_bytes, labels)?;
    if labels.count == 0 {
        // Nothing to make takes no memory.
        return Ok(None);
    }
    let mut maker = Maker::new(Isa::best(), cost, labels.count)?;
    let label_bytes = u64::from(label_bytes);
    let mut smallest: Option<Label> = None;
    // Labels that begin before a put and end in it would be made twice: puts are whole labels.
    let step = (PERMUTATIONS_A_PUT / cost.permutations() * label_bytes)
        .clamp(SMALLEST_PUT_BYTES, LARGEST_PUT_BYTES)
        .next_power_of_two();
    for put in whole_puts(over, step, label_bytes) {
        let mut bytes = Vec::with_capacity(put.len as usize);
        let first = put.offset / label_bytes;
        maker.each(key, first..first + put.len / label_bytes, &mut |label| {
            bytes.extend_from_slice(&label.bytes[..label_bytes as usize]);
            if track_smallest && smallest.is_none_or(|smallest| label.is_below(&smallest)) {
                smallest = Some(label);
            }
        })?;
        plot.write_at(put.offset, &bytes)?;
    }
    Ok(smallest)
}

/// Cuts `over` near the multiples of `step`, but never a label.
fn whole_puts(
    over: plimsoll_core::Extent,
    step: u64,
    label_bytes: u64,
) -> impl Iterator<Item = plimsoll_core::Extent> {
    let step = step - step % label_bytes;
    puts(over, step.max(label_bytes))
}

/// The first `label_bytes` of each label of `indices`, one after another.
///
/// # Errors
/// [`KernelError::BadInput`] for costs that cannot be and label sizes other than 1 to 32.
pub fn labels_of(
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    indices: &[u64],
) -> Result<Vec<u8>, KernelError> {
    labels_by(Isa::best(), cost, key, label_bytes, indices)
}

/// The same with one implementation of scrypt, for comparison. Where the machine lacks `isa`, the portable one
/// is used.
///
/// # Errors
/// As [`labels_of`].
pub fn labels_by(
    isa: Isa,
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    indices: &[u64],
) -> Result<Vec<u8>, KernelError> {
    check_label_bytes(label_bytes)?;
    cost.check()?;
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let mut maker = Maker::new(isa, cost, indices.len() as u64)?;
    let mut bytes = Vec::with_capacity(indices.len() * label_bytes as usize);
    maker.each(key, indices.iter().copied(), &mut |label| {
        bytes.extend_from_slice(&label.bytes[..label_bytes as usize]);
    })?;
    Ok(bytes)
}
