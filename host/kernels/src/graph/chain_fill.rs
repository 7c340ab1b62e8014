//! Filling a plot with chained units.

use plimsoll_core::{Digest, Extent, PlotSpace, Span};

use super::chain::{Chain, chains, seed};
use crate::error::KernelError;
use crate::puts::{LARGEST_PUT_BYTES, check_units, puts};

/// Units that are made side by side: two keep the processor's SHA-256 unit busy.
const SIDE_BY_SIDE: usize = 2;

/// Fills `units`, unit i at i × `unit_bytes`. Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] as [`Chain::check`] says; [`KernelError::Space`] as the plot says.
pub fn fill_chain(
    plot: &dyn PlotSpace,
    chain: Chain,
    key: &Digest,
    unit_bytes: u32,
    units: Span,
) -> Result<(), KernelError> {
    chain.check(unit_bytes)?;
    let over = check_units(plot.size_bytes(), unit_bytes, units)?;
    let each = u64::from(unit_bytes);
    // Whole units only: a unit is made where it is lent.
    let step = LARGEST_PUT_BYTES - LARGEST_PUT_BYTES % each;
    for Extent { offset, len } in puts(over, step) {
        plot.put(offset, len as usize, &mut |buffer| {
            let mut unit = offset / each;
            for group in buffer.chunks_mut(SIDE_BY_SIDE * unit_bytes as usize) {
                if group.len() == SIDE_BY_SIDE * unit_bytes as usize {
                    let (one, other) = group.split_at_mut(unit_bytes as usize);
                    let seeds = [seed(key, unit), seed(key, unit + 1)];
                    chains(chain, &seeds, [one.as_chunks_mut().0, other.as_chunks_mut().0]);
                } else {
                    chains(chain, &[seed(key, unit)], [group.as_chunks_mut().0]);
                }
                unit += SIDE_BY_SIDE as u64;
            }
        })?;
    }
    Ok(())
}
