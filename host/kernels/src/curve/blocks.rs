//! Blocks of field elements: a commitment to each, and linear combinations of some.
//!
//! A block of `elements` elements has 31 bytes for each, little-endian, so that any bytes are a block: every
//! element is below 2^248 < r. Its commitment is the sum of its elements times the generators.

use plimsoll_core::{PlotSpace, RegionSpace, Span};

use super::generators::{LARGEST_GENERATORS, table};
use super::group::{Scalar, Scratch};
use super::{G1_BYTES, SCALAR_BYTES};
use crate::error::KernelError;
use crate::puts::{check_rows, check_units};

/// Bytes of an element.
pub const ELEMENT_BYTES: usize = 31;
/// The most elements of a block.
pub const LARGEST_ELEMENTS: u32 = LARGEST_GENERATORS as u32;
/// Blocks whose commitments are written together.
const AT_ONCE: u64 = 1024;

/// Bytes of a block.
fn block_bytes(elements: u32) -> Result<u32, KernelError> {
    if elements == 0 || elements > LARGEST_ELEMENTS {
        let text = format!("blocks of {elements} elements, expected 1 to {LARGEST_ELEMENTS}");
        return Err(KernelError::BadInput(text));
    }
    Ok(elements * ELEMENT_BYTES as u32)
}

/// Writes the commitment of each of `blocks` under the generators of `domain`: block i lies at i × 31 ×
/// `elements`, its commitment (96 bytes) at `commitments` + 96 × i. Idempotent.
///
/// # Errors
/// [`KernelError::BadInput`] for a wrong domain or number of elements, [`KernelError::Space`] as the plot says.
pub fn commit_blocks(
    plot: &dyn PlotSpace,
    domain: &[u8],
    elements: u32,
    blocks: Span,
    commitments: u64,
) -> Result<(), KernelError> {
    let len = block_bytes(elements)?;
    let table = table(domain, elements as usize)?;
    let size_bytes = plot.size_bytes();
    let over = check_units(size_bytes, len, blocks)?;
    let rows = check_rows(size_bytes, commitments, G1_BYTES as u32, blocks)?;
    if over.offset + over.len > commitments {
        let text = format!(
            "commitments from {commitments} lie over the blocks, which end at {}",
            over.offset + over.len
        );
        return Err(KernelError::BadInput(text));
    }
    let mut scratch = Scratch::default();
    let mut first = 0;
    while first < blocks.count {
        let count = AT_ONCE.min(blocks.count - first);
        let mut bytes = vec![0; count as usize * len as usize];
        plot.read_at(over.offset + first * u64::from(len), &mut bytes)?;
        let written: Vec<u8> = bytes
            .chunks_exact(len as usize)
            .flat_map(|block| table.sum_of_products(&widened(block), &mut scratch))
            .collect();
        plot.write_at(rows.offset + first * G1_BYTES as u64, &written)?;
        first += count;
    }
    Ok(())
}

/// Elements of 31 bytes as scalars of 32.
fn widened(block: &[u8]) -> Vec<u8> {
    block.as_chunks::<ELEMENT_BYTES>().0.iter().flat_map(|element| [&element[..], &[0]].concat()).collect()
}

/// The sum of each of `blocks` times its coefficient, element by element: `elements` scalars. Block i lies at
/// i × 31 × `elements`.
///
/// # Errors
/// [`KernelError::BadInput`] for a wrong number of elements, not as many coefficients as blocks, or one that is
/// not below r; [`KernelError::Space`] as the region says.
pub fn combine_blocks(
    region: &dyn RegionSpace,
    elements: u32,
    blocks: &[u64],
    coefficients: &[u8],
) -> Result<Vec<u8>, KernelError> {
    let len = block_bytes(elements)?;
    let (coefficients, rest) = coefficients.as_chunks::<SCALAR_BYTES>();
    if !rest.is_empty() || coefficients.len() != blocks.len() {
        let text = format!(
            "{} coefficients (and {} bytes over) for {} blocks: expected as many of both",
            coefficients.len(),
            rest.len(),
            blocks.len()
        );
        return Err(KernelError::BadInput(text));
    }
    let mut sums = vec![Scalar::ZERO; elements as usize];
    let mut block = vec![0; len as usize];
    for (&index, coefficient) in blocks.iter().zip(coefficients) {
        let coefficient = Scalar::from_bytes(coefficient)
            .ok_or_else(|| KernelError::BadInput("a coefficient is not below the group order".into()))?;
        let at = check_units(region.size_bytes(), len, Span { first: index, count: 1 })?;
        region.read_at(at.offset, &mut block)?;
        for (sum, element) in sums.iter_mut().zip(block.as_chunks::<ELEMENT_BYTES>().0) {
            // Montgomery's product divides by the radix once: of a coefficient in Montgomery form and a plain
            // element it makes a plain product, and no element need be converted.
            *sum = sum.plus(coefficient.times(Scalar::from_words(words(element))));
        }
    }
    Ok(sums.into_iter().flat_map(|sum| sum.words().map(u64::to_le_bytes)).flatten().collect())
}

fn words(element: &[u8; ELEMENT_BYTES]) -> [u64; 4] {
    let mut wide = [0; 32];
    wide[..ELEMENT_BYTES].copy_from_slice(element);
    let words = wide.as_chunks::<8>().0;
    std::array::from_fn(|i| u64::from_le_bytes(words[i]))
}
