//! What must be right in a plot file before the C++ library sees it.
//!
//! The library trusts a plot to be as long a list of fragments as a plot is: its search for chains grows with
//! the 15th power of the fragments of a set. So a file that claims more than any plot has is refused here.
//!
//! Layout, little-endian: "PoS2" 4, version 1, group id 32, k 1, strength 1, plots in the group 2, meta group 1,
//! offset of the chunk index 8, length of the memo 1; the memo; the chunks; the index. The index gives each
//! chunk's size as its difference to 235 in a Rice code: sign bit, four low bits, the rest as ones and a zero,
//! all from the least significant bit of each byte on.

use plimsoll_core::Digest;

use super::file::MemoryFile;
use super::{META_GROUP, PlotForm};
use crate::error::KernelError;

const MAGIC: &[u8; 4] = b"PoS2";
const VERSION: u8 = 2;
const HEADER_BYTES: usize = 51;
/// Fragments that a chunk has in the mean, as a power of two.
const CHUNK_BITS: u8 = 6;
/// Sizes of chunks are written as differences to this.
const EXPECTED_BYTES: i64 = 235;
const RICE_BITS: u32 = 4;
/// More than any plot's chunk: 64 in the mean, a standard deviation of 8.
const MOST_FRAGMENTS: u64 = 128;
/// What a fragment takes beyond its k bits, in eighths of it.
const BEYOND_BITS: u64 = 2;

/// A reason against `file` as the plot of `group_id`.
pub(super) fn check(file: &MemoryFile, form: PlotForm, group_id: &Digest) -> Result<(), String> {
    let mut header = [0; HEADER_BYTES];
    let file_bytes = file.len().map_err(said)?;
    file.read(0, &mut header).map_err(said)?;
    let mut expected = [MAGIC, &[VERSION][..], group_id.as_bytes(), &[form.k, form.strength]].concat();
    expected.extend_from_slice(&[1, 0, META_GROUP]);
    if header[..expected.len()] != expected {
        return Err("another header than the plot of this identity and unit".to_owned());
    }
    let (offset, memo) = header[expected.len()..].split_first_chunk::<8>().ok_or("a short header")?;
    let index_at = u64::from_le_bytes(*offset);
    let chunks_at = HEADER_BYTES as u64 + u64::from(memo[0]);
    if index_at < chunks_at || index_at >= file_bytes {
        return Err(format!("its chunk index at {index_at} is outside of its {file_bytes} bytes"));
    }
    let mut index = vec![0; (file_bytes - index_at) as usize];
    file.read(index_at, &mut index).map_err(said)?;
    let most = (MOST_FRAGMENTS * (u64::from(form.k) + BEYOND_BITS)).div_ceil(8) as i64;
    let mut bits = Bits { bytes: &index, at: 0 };
    let mut total = chunks_at;
    for chunk in 0..1u64 << (form.k - CHUNK_BITS) {
        let size = bits.difference().ok_or_else(|| format!("its index ends before chunk {chunk}"))?;
        let size = size + EXPECTED_BYTES;
        if size < 1 || size > most {
            return Err(format!("its chunk {chunk} has {size} bytes, expected 1 to {most}"));
        }
        total += size as u64;
    }
    if total == index_at {
        Ok(())
    } else {
        Err(format!("its chunks end at {total}, its index is at {index_at}"))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it ends the errors that it is mapped over")]
fn said(error: KernelError) -> String {
    error.to_string()
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn one(&mut self) -> Option<u8> {
        let bit = self.bytes.get(self.at / 8)? >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit)
    }

    fn difference(&mut self) -> Option<i64> {
        let is_negative = self.one()? == 1;
        let mut low = 0;
        for place in 0..RICE_BITS {
            low |= i64::from(self.one()?) << place;
        }
        let mut high = 0;
        while self.one()? == 1 {
            high += 1;
            if high == 64 {
                return None;
            }
        }
        let size = high << RICE_BITS | low;
        Some(if is_negative { -size } else { size })
    }
}
