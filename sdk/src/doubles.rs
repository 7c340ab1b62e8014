//! Storage in memory, for tests: what a plugin does to these it does to a disk.
//!
//! They keep the contract's bounds (1 MiB a call, nothing out of range), so that a plugin that breaks one
//! fails its tests before it fails a miner.

use std::sync::Mutex;

use crate::labels::{LABEL_BYTES, Label, LabelCost, labels_of};
use crate::pure::{HashKind, Keystream, seed_text};
use crate::scan::{Hit, ScanKind, Selection};
use crate::twins::{hash, keystream, leaf, merkle_path, merkle_root};
use crate::{Digest, Extent, Plot, PluginError, Region, Result, Span};

const MIB: u64 = 1 << 20;

/// A filled region in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryRegion {
    /// What it holds; tests may damage it.
    pub bytes: Vec<u8>,
}

/// A region in memory that is being filled.
#[derive(Debug)]
pub struct MemoryPlot {
    bytes: Mutex<Vec<u8>>,
}

fn bad(message: String) -> PluginError {
    PluginError::BadInput(message)
}

fn range(at: Extent, size_bytes: u64) -> Result<std::ops::Range<usize>> {
    let end = at.offset.checked_add(at.len).filter(|&end| end <= size_bytes);
    let end = end.ok_or_else(|| {
        bad(format!("{} bytes at {} are outside of a region of {size_bytes} bytes", at.len, at.offset))
    })?;
    Ok(at.offset as usize..end as usize)
}

fn at_most_a_mebibyte(len: u64) -> Result<()> {
    if len > MIB { Err(bad(format!("{len} bytes in one call, at most {MIB} are allowed"))) } else { Ok(()) }
}

fn at_most_4096(what: &str, found: usize) -> Result<()> {
    if found > 4096 { Err(bad(format!("{found} {what} at once, at most 4096 are allowed"))) } else { Ok(()) }
}

impl MemoryRegion {
    /// A region that holds `bytes`.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    fn leaves(&self, kind: HashKind, leaf_bytes: u32, over: Extent) -> Result<Vec<Digest>> {
        let bytes = &self.bytes[range(over, self.size_bytes())?];
        if kind == HashKind::Blake3 && !(leaf_bytes.is_power_of_two() && leaf_bytes >= 1024) {
            return Err(bad(format!(
                "a BLAKE3 leaf has a power of two of bytes, 1024 or more, not {leaf_bytes}"
            )));
        }
        if leaf_bytes == 0 || bytes.is_empty() {
            return Err(bad("a tree needs leaves: neither they nor the extent may have zero bytes".into()));
        }
        let n_leaves = over.len.div_ceil(u64::from(leaf_bytes));
        let leaf = |(index, bytes)| leaf(kind, leaf_bytes, n_leaves, index, bytes);
        Ok((0..).zip(bytes.chunks(leaf_bytes as usize)).map(leaf).collect())
    }
}

impl Region for MemoryRegion {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, at: Extent) -> Result<Vec<u8>> {
        at_most_a_mebibyte(at.len)?;
        Ok(self.bytes[range(at, self.size_bytes())?].to_vec())
    }

    fn read_many(&self, at: &[Extent]) -> Result<Vec<u8>> {
        at_most_4096("extents", at.len())?;
        at_most_a_mebibyte(at.iter().fold(0, |sum: u64, at| sum.saturating_add(at.len)))?;
        Ok(at.iter().map(|&at| self.read(at)).collect::<Result<Vec<_>>>()?.concat())
    }

    fn digest_many(&self, kind: HashKind, nonce: &[u8], at: &[Extent]) -> Result<Vec<Digest>> {
        at_most_4096("extents", at.len())?;
        at_most_4096("bytes of a nonce", nonce.len())?;
        let digest = |&at| {
            let bytes = &self.bytes[range(at, self.size_bytes())?];
            Ok(hash(kind, &[nonce, bytes].concat()))
        };
        at.iter().map(digest).collect()
    }

    #[cfg(feature = "curve")]
    fn combine_blocks(&self, elements: u32, blocks: &[u64], coefficients: &[u8]) -> Result<Vec<u8>> {
        let len = u64::from(elements) * crate::curve::ELEMENT_BYTES as u64;
        let block = |&index: &u64| {
            let at = Extent { offset: index.saturating_mul(len), len };
            Ok(&self.bytes[range(at, self.size_bytes())?])
        };
        let blocks = blocks.iter().map(block).collect::<Result<Vec<_>>>()?;
        crate::curve_twin::combined(elements, &blocks, coefficients)
    }

    #[cfg(feature = "erasure")]
    fn recover_shard(
        &self,
        stripe: &crate::erasure::Stripe,
        missing: &[u32],
        shard: u32,
        within: Extent,
    ) -> Result<Vec<u8>> {
        at_most_a_mebibyte(within.len)?;
        let inside = range(within, stripe.shard_bytes)?;
        if !missing.contains(&shard) {
            return Err(bad(format!("shard {shard} is not among the missing: read it")));
        }
        let all = crate::erasure_twin::restored(stripe, &self.bytes, missing)?;
        let from = (u64::from(shard) * stripe.shard_bytes) as usize;
        Ok(all[from + inside.start..from + inside.end].to_vec())
    }

    #[cfg(feature = "pospace")]
    fn prove_plot(
        &self,
        form: crate::pospace::PlotForm,
        group_id: &Digest,
        at: Extent,
        challenges: &[Digest],
        most: u32,
    ) -> Result<Vec<crate::pospace::PlotProof>> {
        let unit = &self.bytes[range(at, self.size_bytes())?];
        crate::pospace_twin::prove(form, group_id, unit, challenges, most)
    }

    fn merkle_root(&self, kind: HashKind, leaf_bytes: u32, over: Extent) -> Result<Digest> {
        Ok(merkle_root(kind, &self.leaves(kind, leaf_bytes, over)?, true))
    }

    fn merkle_paths(
        &self,
        kind: HashKind,
        leaf_bytes: u32,
        over: Extent,
        leaves: &[u64],
    ) -> Result<Vec<Vec<u8>>> {
        at_most_4096("leaves", leaves.len())?;
        let all = self.leaves(kind, leaf_bytes, over)?;
        let path = |&index: &u64| {
            let inside = usize::try_from(index).ok().filter(|&index| index < all.len());
            let index = inside.ok_or_else(|| bad(format!("there is no leaf {index} of {}", all.len())))?;
            Ok(merkle_path(kind, &all, index))
        };
        leaves.iter().map(path).collect()
    }

    fn scan_select(
        &self,
        kind: ScanKind,
        keys: &[Digest],
        record_bytes: u32,
        over: Extent,
        selection: Selection,
    ) -> Result<Vec<Hit>> {
        let bytes = &self.bytes[range(over, self.size_bytes())?];
        crate::scan::select_among(kind, keys, record_bytes, bytes, selection)
    }
}

impl MemoryPlot {
    /// A region of `size_bytes` zeros.
    ///
    /// # Errors
    /// [`PluginError::Storage`] where this machine cannot address so many.
    pub fn new(size_bytes: u64) -> Result<Self> {
        let len = usize::try_from(size_bytes)
            .map_err(|_| PluginError::Storage(format!("no memory for {size_bytes} bytes")))?;
        Ok(Self::holding(vec![0; len]))
    }

    /// A region that holds `bytes` already, as after a crash.
    #[must_use]
    pub const fn holding(bytes: Vec<u8>) -> Self {
        Self { bytes: Mutex::new(bytes) }
    }

    /// The region once it is full.
    #[must_use]
    pub fn finish(self) -> MemoryRegion {
        MemoryRegion::new(self.bytes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<u8>) -> Result<T>) -> Result<T> {
        work(&mut self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn put(&self, offset: u64, from: &[u8]) -> Result<()> {
        self.with(|bytes| {
            let range = range(Extent { offset, len: from.len() as u64 }, bytes.len() as u64)?;
            bytes[range].copy_from_slice(from);
            Ok(())
        })
    }
}

/// Where each of `units` begins, after all of them were found to lie inside `size_bytes`.
fn starts(units: Span, unit_bytes: u32, size_bytes: u64) -> Result<impl Iterator<Item = (u64, u64)>> {
    let each = u64::from(unit_bytes);
    let end = units.first.checked_add(units.count).and_then(|end| end.checked_mul(each));
    if unit_bytes == 0 || end.is_none_or(|end| end > size_bytes) {
        return Err(bad(format!("{units:?} of {unit_bytes} bytes are outside of {size_bytes} bytes")));
    }
    Ok((units.first..units.end()).map(move |unit| (unit, unit * each)))
}

impl Plot for MemoryPlot {
    fn size_bytes(&self) -> u64 {
        self.bytes.lock().map_or(0, |bytes| bytes.len() as u64)
    }

    fn fill(&self, kind: Keystream, key: &Digest, unit_bytes: u32, units: Span) -> Result<()> {
        for (unit, offset) in starts(units, unit_bytes, self.size_bytes())? {
            self.put(offset, &keystream(kind, key, unit, 0, unit_bytes))?;
        }
        Ok(())
    }

    fn fill_seed_text(&self, state: &Digest, unit_bytes: u32, units: Span, rows: u64) -> Result<Digest> {
        let mut state = *state;
        for (unit, offset) in starts(units, unit_bytes, self.size_bytes())? {
            let text = seed_text(&state, unit_bytes);
            let digest = hash(HashKind::Sha256, &text);
            for (byte, with) in state.iter_mut().zip(digest) {
                *byte ^= with;
            }
            self.put(offset, &text)?;
            self.put(rows.saturating_add(unit.saturating_mul(64)), &[digest, state].concat())?;
        }
        Ok(state)
    }

    fn fill_labels(
        &self,
        cost: &LabelCost,
        key: &Digest,
        label_bytes: u32,
        labels: Span,
        track_smallest: bool,
    ) -> Result<Option<Label>> {
        let mut smallest: Option<Label> = None;
        for (index, offset) in starts(labels, label_bytes, self.size_bytes())? {
            let bytes = labels_of(cost, key, LABEL_BYTES, &[index])?;
            self.put(offset, &bytes[..label_bytes.min(LABEL_BYTES) as usize])?;
            let label = Label { index, bytes: std::array::from_fn(|at| bytes[at]) };
            if smallest.is_none_or(|known| (label.bytes, index) < (known.bytes, known.index)) {
                smallest = Some(label);
            }
        }
        labels_of(cost, key, label_bytes, &[])?;
        Ok(smallest.filter(|_| track_smallest))
    }

    #[cfg(feature = "curve")]
    fn commit_blocks(&self, domain: &[u8], elements: u32, blocks: Span, commitments: u64) -> Result<()> {
        let len = elements.saturating_mul(crate::curve::ELEMENT_BYTES as u32);
        for (index, offset) in starts(blocks, len, self.size_bytes())? {
            let at = Extent { offset, len: len.into() };
            let block = self.with(|bytes| Ok(bytes[range(at, bytes.len() as u64)?].to_vec()))?;
            let commitment = crate::curve_twin::commitment(domain, &block)?;
            let behind = index.saturating_mul(crate::curve::G1_BYTES as u64);
            self.put(commitments.saturating_add(behind), &commitment)?;
        }
        Ok(())
    }

    #[cfg(feature = "erasure")]
    fn encode_shards(&self, stripe: &crate::erasure::Stripe) -> Result<()> {
        let all = self.with(|bytes| crate::erasure_twin::encoded(stripe, bytes))?;
        self.put(stripe.offset, &all)
    }

    #[cfg(feature = "erasure")]
    fn restore_shards(&self, stripe: &crate::erasure::Stripe, missing: &[u32]) -> Result<()> {
        let all = self.with(|bytes| crate::erasure_twin::restored(stripe, bytes, missing))?;
        self.put(stripe.offset, &all)
    }

    #[cfg(feature = "pospace")]
    fn write_plot(&self, form: crate::pospace::PlotForm, group_id: &Digest, unit: u64) -> Result<()> {
        let bytes = crate::pospace_twin::unit(form, group_id)?;
        self.put(unit.saturating_mul(bytes.len() as u64), &bytes)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        at_most_a_mebibyte(bytes.len() as u64)?;
        self.put(offset, bytes)
    }

    fn read(&self, at: Extent) -> Result<Vec<u8>> {
        at_most_a_mebibyte(at.len)?;
        self.with(|bytes| Ok(bytes[range(at, bytes.len() as u64)?].to_vec()))
    }
}
