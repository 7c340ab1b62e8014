//! Filling a plot with the seed prototype's chain of texts.
//!
//! chunk_i = text(state_i), state_{i+1} = state_i XOR SHA-256(chunk_i).

use plimsoll_core::{Digest, PlotSpace, Span};
use sha2::{Digest as _, Sha256};

use crate::error::KernelError;
use crate::puts::{LARGEST_PUT_BYTES, check_rows, check_units, puts};
use crate::seed_text::SeedText;

/// Bytes of a row: SHA-256 of the text, then the state behind it.
const ROW_BYTES: u32 = 64;

/// Rows that are kept back and written together.
const ROWS_A_PUT: u64 = 4096;

/// Text is hashed while it is still in the processor's nearest cache.
const PIECE_BYTES: usize = 8 * 1024;

/// Fills `units` with text, unit i at i × `unit_bytes`, the first of them from `state`; writes for each the
/// row SHA-256(text) ‖ next state (64 bytes) at `rows` + 64 × i; gives the state behind the last unit.
/// Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] for empty units or rows inside of the text, [`KernelError::Space`] as the plot
/// says.
pub fn fill_seed_text(
    plot: &dyn PlotSpace,
    state: &Digest,
    unit_bytes: u32,
    units: Span,
    rows: u64,
) -> Result<Digest, KernelError> {
    let text = check_units(plot.size_bytes(), unit_bytes, units)?;
    let row_extent = check_rows(plot.size_bytes(), rows, ROW_BYTES, units)?;
    if text.offset < row_extent.offset + row_extent.len && row_extent.offset < text.offset + text.len {
        return Err(KernelError::BadInput(format!(
            "rows at {} of {} bytes would overwrite the text at {} of {} bytes: \
             rows must begin behind the last unit",
            row_extent.offset, row_extent.len, text.offset, text.len
        )));
    }
    let mut chain = Chain::new(state, unit_bytes as usize);
    let (mut kept_rows, mut rows_at) = (Vec::new(), row_extent.offset);
    // Tiny units have large rows: no put covers more of them than are kept back.
    let step = LARGEST_PUT_BYTES.min(ROWS_A_PUT * u64::from(unit_bytes));
    for put in puts(text, step) {
        let before = chain.clone();
        let mut new_rows = Vec::new();
        plot.put(put.offset, put.len as usize, &mut |buffer| {
            // From the same start each time: a space may ask twice.
            chain = before.clone();
            new_rows.clear();
            chain.write(buffer, &mut new_rows);
        })?;
        kept_rows.append(&mut new_rows);
        if kept_rows.len() as u64 >= ROWS_A_PUT * u64::from(ROW_BYTES) {
            plot.write_at(rows_at, &kept_rows)?;
            rows_at += kept_rows.len() as u64;
            kept_rows.clear();
        }
    }
    plot.write_at(rows_at, &kept_rows)?;
    Ok(chain.state)
}

/// The chain somewhere inside of a unit.
#[derive(Clone)]
struct Chain {
    /// Of the current unit.
    state: Digest,
    text: SeedText,
    hash: Sha256,
    /// Bytes of the current unit that are not yet written; never 0.
    left_bytes: usize,
    unit_bytes: usize,
}

impl Chain {
    fn new(state: &Digest, unit_bytes: usize) -> Self {
        Self {
            state: *state,
            text: SeedText::new(state),
            hash: Sha256::new(),
            left_bytes: unit_bytes,
            unit_bytes,
        }
    }

    /// Continues the text into `into` and appends a row for each unit that ends there.
    fn write(&mut self, into: &mut [u8], rows: &mut Vec<u8>) {
        let mut rest = into;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at_mut(rest.len().min(self.left_bytes).min(PIECE_BYTES));
            self.text.write(piece);
            self.hash.update(&*piece);
            self.left_bytes -= piece.len();
            if self.left_bytes == 0 {
                let digest: [u8; 32] = self.hash.finalize_reset().into();
                let next = std::array::from_fn(|i| self.state.0[i] ^ digest[i]);
                rows.extend_from_slice(&digest);
                rows.extend_from_slice(&next);
                *self = Self::new(&Digest(next), self.unit_bytes);
            }
            rest = behind;
        }
    }
}
