//! Putting bytes back in place.

use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Digest, PlotSpace, RegionSpace, SpaceError, Span, Spans};
use plimsoll_kernels::{HashKind, MerkleStack};

use crate::error::device;
use crate::region::{SealedRegion, check_range};
use crate::tree::{FROM_CACHE, NODES_A_STEP, leaves_by_reading, level_above, read_nodes, write_nodes};
use crate::write::BufferPool;
use crate::{GROUP_BYTES, Plot, StoreError};

/// Groups that repairs have written to since the tree last agreed.
#[derive(Debug, Default)]
pub(crate) struct Touched(Spans);

/// A sealed region that can be written again, under the exclusive lock.
pub(crate) struct Repairing {
    region: Arc<SealedRegion>,
    touched: Arc<Mutex<Touched>>,
    pool: BufferPool,
}

impl Repairing {
    pub(crate) fn new(region: Arc<SealedRegion>, touched: Arc<Mutex<Touched>>) -> Self {
        Self { region, touched, pool: BufferPool::new(<dyn PlotSpace>::LARGEST_PUT_BYTES, 8) }
    }
}

impl RegionSpace for Repairing {
    fn size_bytes(&self) -> u64 {
        self.region.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.region.read_at(offset, into)
    }
}

impl PlotSpace for Repairing {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        check_range(self.size_bytes(), offset, len)?;
        if len > <dyn PlotSpace>::LARGEST_PUT_BYTES {
            return Err(SpaceError::Refused(format!("one put of {len} bytes: at most 4 MiB are lent")));
        }
        if len == 0 {
            return Ok(());
        }
        let mut buffer = self.pool.lend();
        let bytes = &mut buffer[..len];
        write(bytes);
        let groups = Span::between(offset / GROUP_BYTES, (offset + len as u64).div_ceil(GROUP_BYTES));
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).0.insert(groups);
        let region = &self.region;
        region.forget_nodes();
        region
            .file
            .write_all_at(bytes, region.geometry.region_offset + offset)
            .map_err(|e| device(&region.path, offset, len as u64, &e))
    }
}

/// Syncs, and brings the tree in line if the root comes out as the header says.
pub(crate) fn finish(plot: &Plot, touched: &Mutex<Touched>) -> Result<(), StoreError> {
    let sync =
        || plot.file().sync_data().map_err(|e| StoreError::not_kept(plot.path(), e.kind(), &e.to_string()));
    sync()?;
    let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
    let expected = plot.header().integrity_root;
    let mut made_by = Leaves::KeptBut(&touched.0);
    if !matches!(root_of(plot, made_by), Ok(root) if root == expected) {
        // Kept leaves may be damaged themselves, or unreadable: the bytes decide.
        made_by = Leaves::AllRead;
        let found = root_of(plot, made_by)?;
        if found != expected {
            return Err(StoreError::RefillDiffers { path: plot.path().to_owned(), expected, found });
        }
    }
    write_levels(plot, made_by)?;
    zero_padding(plot)?;
    // What stands behind the last section is nobody's.
    let geometry = plot.geometry();
    if plot.measure()? > geometry.file_bytes {
        plot.file().set_len(geometry.file_bytes).map_err(StoreError::io(plot.path(), "cut the length"))?;
    }
    sync()?;
    touched.0 = Spans::new();
    Ok(())
}

/// Where leaves come from.
#[derive(Clone, Copy)]
enum Leaves<'a> {
    /// The tree on the disk, but these groups are read.
    KeptBut(&'a Spans),
    /// Every group is read.
    AllRead,
}

fn leaves(plot: &Plot, from: Leaves<'_>, first: u64, count: u64) -> Result<Vec<Digest>, StoreError> {
    let (geometry, region) = (plot.geometry(), plot.region());
    let read = |first, count| -> Result<Vec<Digest>, StoreError> {
        let made = leaves_by_reading(&geometry, first, count, FROM_CACHE, |at, len, room| {
            region.read_at(at, &mut room[..len])
        });
        Ok(made.into_iter().collect::<Result<_, _>>()?)
    };
    let Leaves::KeptBut(touched) = from else { return read(first, count) };
    let mut leaves = read_nodes(plot.file(), &geometry, 0, first, count)
        .map_err(StoreError::io(plot.path(), "read the tree"))?;
    for run in touched.iter() {
        let (begin, end) = (run.first.max(first), run.end().min(first + count));
        if begin < end {
            let at = (begin - first) as usize;
            let fresh = read(begin, end - begin)?;
            leaves[at..at + fresh.len()].copy_from_slice(&fresh);
        }
    }
    Ok(leaves)
}

fn root_of(plot: &Plot, from: Leaves<'_>) -> Result<Digest, StoreError> {
    let groups = plot.geometry().groups();
    let mut stack = MerkleStack::new(HashKind::Blake3, groups);
    for span in Span::between(0, groups).pieces(1024) {
        leaves(plot, from, span.first, span.count)?.into_iter().for_each(|leaf| stack.push(leaf));
    }
    Ok(stack.finish().unwrap_or_default())
}

fn write_levels(plot: &Plot, from: Leaves<'_>) -> Result<(), StoreError> {
    let (geometry, file) = (plot.geometry(), plot.file());
    let put = |level, first, nodes: &[Digest]| {
        let kept = read_nodes(file, &geometry, level, first, nodes.len() as u64);
        if kept.is_ok_and(|kept| kept == nodes) {
            return Ok(());
        }
        write_nodes(file, &geometry, level, first, nodes)
            .map_err(StoreError::io(plot.path(), "write the tree"))
    };
    for span in Span::between(0, geometry.groups()).pieces(1024) {
        put(0, span.first, &leaves(plot, from, span.first, span.count)?)?;
    }
    for level in 0..geometry.tree().levels() - 1 {
        for span in Span::between(0, geometry.tree().nodes_at(level)).pieces(NODES_A_STEP) {
            let below = read_nodes(file, &geometry, level, span.first, span.count)
                .map_err(StoreError::io(plot.path(), "read the tree"))?;
            put(level + 1, span.first / 2, &level_above(&geometry, level, &below))?;
        }
    }
    Ok(())
}

fn zero_padding(plot: &Plot) -> Result<(), StoreError> {
    for gap in plot.geometry().padding() {
        let zeros = vec![0; gap.len as usize];
        plot.file()
            .write_all_at(&zeros, gap.offset)
            .map_err(StoreError::io(plot.path(), "write the padding"))?;
    }
    Ok(())
}
