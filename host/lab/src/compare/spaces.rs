//! Regions as measurements need them: bare bytes, one that counts, one with holes, one that is written over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_core::{Extent, NodePlace, PlotSpace, RegionSpace, SpaceError};

const NODE_BYTES: u64 = 32;

/// The bytes of a region and nothing that anybody remembers of them: no integrity tree, no nodes.
pub(super) struct Bare(pub(super) Arc<dyn RegionSpace>);

impl RegionSpace for Bare {
    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.0.read_at(offset, into)
    }
}

/// Counts what is read from a region and its tree.
pub(super) struct Counted {
    inner: Arc<dyn RegionSpace>,
    bytes: AtomicU64,
    reads: AtomicU64,
}

impl Counted {
    pub(super) fn over(inner: Arc<dyn RegionSpace>) -> Self {
        Self { inner, bytes: AtomicU64::new(0), reads: AtomicU64::new(0) }
    }

    /// Bytes and reads since the last time that this was asked.
    pub(super) fn take(&self) -> (u64, u64) {
        (self.bytes.swap(0, Ordering::Relaxed), self.reads.swap(0, Ordering::Relaxed))
    }

    fn count(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
    }
}

impl RegionSpace for Counted {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.count(into.len() as u64);
        self.inner.read_at(offset, into)
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        let nodes = self.inner.integrity_nodes(level, first, count)?;
        self.count(count * NODE_BYTES);
        Some(nodes)
    }

    // What is remembered is in memory: it is not read.
    fn remembered_node(&self, place: &NodePlace) -> Option<[u8; 32]> {
        self.inner.remembered_node(place)
    }

    fn remember_node(&self, place: NodePlace, node: [u8; 32]) {
        self.inner.remember_node(place, node);
    }
}

/// A region whose owner dropped some blocks and kept the tree: what was dropped reads as other bytes.
pub(super) struct Holes {
    pub(super) inner: Arc<dyn RegionSpace>,
    pub(super) block_bytes: u64,
    pub(super) dropped: BTreeSet<u64>,
}

impl RegionSpace for Holes {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.inner.read_at(offset, into)?;
        let end = offset + into.len() as u64;
        for block in self.dropped.range(offset / self.block_bytes..end.div_ceil(self.block_bytes)) {
            let from = (block * self.block_bytes).max(offset) - offset;
            let to = ((block + 1) * self.block_bytes).min(end) - offset;
            into[from as usize..to as usize].iter_mut().for_each(|byte| *byte = !*byte);
        }
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.inner.integrity_nodes(level, first, count)
    }
}

/// A sealed region in which one unit is forgotten and made again; nothing reaches the disk.
pub(super) struct Overlay {
    inner: Arc<dyn RegionSpace>,
    unit: Extent,
    state: Mutex<Written>,
}

/// What was written over the region. The unit lies above everything.
#[derive(Default)]
struct Written {
    unit: Vec<u8>,
    beside: Vec<(u64, Vec<u8>)>,
}

/// Copies what `bytes` at `at` and `into` at `offset` have in common.
fn copy_common(at: u64, bytes: &[u8], offset: u64, into: &mut [u8]) {
    let (from, to) = (offset.max(at), (offset + into.len() as u64).min(at + bytes.len() as u64));
    if from < to {
        let source = &bytes[(from - at) as usize..(to - at) as usize];
        into[(from - offset) as usize..(to - offset) as usize].copy_from_slice(source);
    }
}

impl Overlay {
    /// `unit` lies inside of `inner`, and reads as zeros until it is written.
    pub(super) fn without(inner: Arc<dyn RegionSpace>, unit: Extent) -> Self {
        let state = Written { unit: vec![0; unit.len as usize], beside: Vec::new() };
        Self { inner, unit, state: Mutex::new(state) }
    }

    /// The unit's bytes as they were written.
    pub(super) fn into_unit(self) -> Vec<u8> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).unit
    }

    fn state(&self) -> MutexGuard<'_, Written> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RegionSpace for Overlay {
    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        self.inner.read_at(offset, into)?;
        let state = self.state();
        for (at, bytes) in &state.beside {
            copy_common(*at, bytes, offset, into);
        }
        copy_common(self.unit.offset, &state.unit, offset, into);
        Ok(())
    }
}

impl PlotSpace for Overlay {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        let (size_bytes, asked) = (self.size_bytes(), len as u64);
        if len > <dyn PlotSpace>::LARGEST_PUT_BYTES {
            return Err(SpaceError::Refused(format!("a put of {len} bytes")));
        }
        let outside = SpaceError::OutOfRange { offset, len: asked, size_bytes };
        let end = offset.checked_add(asked).filter(|end| *end <= size_bytes).ok_or(outside)?;
        let mut state = self.state();
        if self.unit.offset <= offset && end <= self.unit.offset + self.unit.len {
            let from = (offset - self.unit.offset) as usize;
            write(&mut state.unit[from..from + len]);
            return Ok(());
        }
        let mut bytes = vec![0; len];
        write(&mut bytes);
        copy_common(offset, &bytes, self.unit.offset, &mut state.unit);
        state.beside.push((offset, bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_plugin::MemorySpace;

    fn region() -> Arc<dyn RegionSpace> {
        Arc::new(MemorySpace::with((0..100).collect()))
    }

    fn read(space: &dyn RegionSpace, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        space.read_at(offset, &mut out).unwrap();
        out
    }

    #[test]
    fn a_counter_counts_and_begins_anew() {
        let counted = Counted::over(region());
        assert_eq!(read(&counted, 3, 2), [3, 4]);
        read(&counted, 50, 10);
        assert_eq!(counted.take(), (12, 2));
        assert_eq!(counted.take(), (0, 0));
    }

    /// A region that keeps a tree and remembers one node.
    #[derive(Default)]
    struct Mindful(Mutex<Option<(NodePlace, [u8; 32])>>);

    impl RegionSpace for Mindful {
        fn size_bytes(&self) -> u64 {
            4
        }

        fn read_at(&self, _offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
            into.fill(7);
            Ok(())
        }

        fn integrity_nodes(
            &self,
            _level: u32,
            _first: u64,
            count: u64,
        ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
            Some(Ok(vec![[1; 32]; count as usize]))
        }

        fn remembered_node(&self, place: &NodePlace) -> Option<[u8; 32]> {
            self.0.lock().unwrap().as_ref().filter(|(at, _)| at == place).map(|(_, node)| *node)
        }

        fn remember_node(&self, place: NodePlace, node: [u8; 32]) {
            *self.0.lock().unwrap() = Some((place, node));
        }
    }

    #[test]
    fn a_counter_remembers_as_its_region_does_and_bare_bytes_remember_nothing() {
        let place = NodePlace { offset: 0, len: 4, leaf_bytes: 1, level: 1, index: 0 };
        let region: Arc<dyn RegionSpace> = Arc::new(Mindful::default());
        let (counted, bare) = (Counted::over(Arc::clone(&region)), Bare(Arc::clone(&region)));
        bare.remember_node(place, [8; 32]);
        assert_eq!(counted.remembered_node(&place), None);
        counted.remember_node(place, [9; 32]);
        assert_eq!(counted.remembered_node(&place), Some([9; 32]));
        assert_eq!(counted.take(), (0, 0), "nothing was read");
        assert_eq!(counted.integrity_nodes(0, 0, 2), Some(Ok(vec![[1; 32]; 2])));
        assert_eq!(counted.take(), (64, 1));
        assert_eq!((bare.remembered_node(&place), bare.integrity_nodes(0, 0, 2)), (None, None));
        assert_eq!((bare.size_bytes(), read(&bare, 1, 2)), (4, vec![7, 7]));
    }

    #[test]
    fn a_hole_reads_as_other_bytes_and_nothing_beside_it_does() {
        let holes = Holes { inner: region(), block_bytes: 10, dropped: BTreeSet::from([0, 2, 9]) };
        let mut expected: Vec<u8> = (0..100).collect();
        for at in (0..10).chain(20..30).chain(90..100) {
            expected[at] = !expected[at];
        }
        assert_eq!(read(&holes, 0, 100), expected);
        for (from, to) in [(9, 10), (10, 20), (15, 25), (29, 31), (99, 100), (0, 1)] {
            assert_eq!(read(&holes, from as u64, to - from), &expected[from..to], "{from}..{to}");
        }
    }

    #[test]
    fn a_forgotten_unit_is_zeros_until_it_is_written_and_the_rest_shows_through() {
        let unit = Extent { offset: 10, len: 5 };
        let overlay = Overlay::without(region(), unit);
        assert_eq!(read(&overlay, 9, 7), [9, 0, 0, 0, 0, 0, 15]);
        overlay.put(8, 4, &mut |into| into.fill(200)).unwrap();
        assert_eq!(read(&overlay, 7, 7), [7, 200, 200, 200, 200, 0, 0]);
        overlay.put(11, 4, &mut |into| into.copy_from_slice(&[1, 2, 3, 4])).unwrap();
        overlay.put(15, 1, &mut |into| into.fill(201)).unwrap();
        assert_eq!(read(&overlay, 8, 9), [200, 200, 200, 1, 2, 3, 4, 201, 16]);
        assert!(matches!(overlay.put(99, 2, &mut |_| ()), Err(SpaceError::OutOfRange { .. })));
        assert!(matches!(overlay.put(u64::MAX, 2, &mut |_| ()), Err(SpaceError::OutOfRange { .. })));
        assert_eq!(read(&*overlay.inner, 10, 1), [10]);
        assert_eq!(overlay.into_unit(), [200, 1, 2, 3, 4]);
    }
}
