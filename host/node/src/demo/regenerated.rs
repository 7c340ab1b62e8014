//! A region that is not there: every read fills the units it touches anew, in memory, with the scheme's own
//! `fill`. This is the cheat that a fast generator cannot catch.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::{Identity, Layout, PlotSpace, RegionSpace, SpaceError, Span};

use crate::InstancePool;

const GROUP_BYTES: u64 = plimsoll_kernels::INTEGRITY_LEAF_BYTES;
const NAME: &str = "(regenerated on demand)";

/// What is left of a plot whose file is gone: whatever the scheme keeps behind the units and the nodes of
/// the integrity tree, both in memory and a fraction of a percent of the plot.
pub(super) struct Regenerated {
    pool: InstancePool,
    identity: Identity,
    layout: Layout,
    tail: Arc<[u8]>,
    levels: Vec<Vec<[u8; 32]>>,
    last: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

impl Regenerated {
    /// Takes what it needs from `region`; afterwards the plot's file can go.
    pub(super) fn remember(
        region: &dyn RegionSpace,
        pool: InstancePool,
        identity: Identity,
        layout: Layout,
    ) -> Result<Self, SpaceError> {
        let behind = layout.units_bytes();
        let length = usize::try_from(layout.region_bytes.saturating_sub(behind))
            .map_err(|_| SpaceError::Refused("too much lies behind the units to be kept in memory".into()))?;
        let mut tail = vec![0; length];
        region.read_at(behind, &mut tail)?;
        let levels = integrity_levels(region)?;
        Ok(Self { pool, identity, layout, tail: tail.into(), levels, last: Mutex::new(None) })
    }

    /// Bytes that are kept, in memory.
    pub(super) fn kept_bytes(&self) -> u64 {
        let nodes: usize = self.levels.iter().map(Vec::len).sum();
        (self.tail.len() + nodes * 32) as u64
    }

    /// One unit, filled anew unless it was the last one asked for.
    fn unit(&self, index: u64) -> Result<Arc<Vec<u8>>, SpaceError> {
        if let Some((known, bytes)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && *known == index
        {
            return Ok(Arc::clone(bytes));
        }
        let scratch = Arc::new(Scratch {
            first_byte: index * u64::from(self.layout.unit_bytes),
            unit: Mutex::new(vec![0; self.layout.unit_bytes as usize]),
            behind: self.layout.units_bytes(),
            tail: Arc::clone(&self.tail),
            size_bytes: self.layout.region_bytes,
        });
        for pass in 0..u32::try_from(self.layout.passes.len()).unwrap_or(u32::MAX) {
            let plot: Arc<dyn PlotSpace> = Arc::clone(&scratch) as _;
            let one = Span { first: index, count: 1 };
            self.pool.lend(|instance| instance.fill(plot, &self.identity, pass, one)).map_err(|e| {
                SpaceError::Refused(format!("unit {index} could not be regenerated alone: {e}"))
            })?;
        }
        let bytes =
            Arc::new(std::mem::take(&mut *scratch.unit.lock().unwrap_or_else(PoisonError::into_inner)));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((index, Arc::clone(&bytes)));
        Ok(bytes)
    }
}

fn integrity_levels(region: &dyn RegionSpace) -> Result<Vec<Vec<[u8; 32]>>, SpaceError> {
    let mut levels = Vec::new();
    let mut count = region.size_bytes().div_ceil(GROUP_BYTES);
    for level in 0.. {
        let Some(nodes) = region.integrity_nodes(level, 0, count) else { break };
        levels.push(nodes?);
        if count <= 1 {
            break;
        }
        count = count.div_ceil(2);
    }
    Ok(levels)
}

impl RegionSpace for Regenerated {
    fn size_bytes(&self) -> u64 {
        self.layout.region_bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        in_range(offset, into.len(), self.layout.region_bytes)?;
        let unit_bytes = u64::from(self.layout.unit_bytes);
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            let left = &mut into[done..];
            let behind = self.layout.units_bytes();
            let source =
                if at >= behind { Arc::new(self.tail.to_vec()) } else { self.unit(at / unit_bytes)? };
            // Both differences are below the length of a slice, so they fit.
            let from = (if at >= behind { at - behind } else { at % unit_bytes }) as usize;
            let take = left.len().min(source.len() - from);
            left[..take].copy_from_slice(&source[from..from + take]);
            done += take;
        }
        Ok(())
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        let nodes = self.levels.get(level as usize)?;
        let range = usize::try_from(first).ok()?..usize::try_from(first.checked_add(count)?).ok()?;
        Some(nodes.get(range).map(<[_]>::to_vec).ok_or(SpaceError::OutOfRange {
            offset: first,
            len: count,
            size_bytes: nodes.len() as u64,
        }))
    }
}

/// Room for one unit. Reads see the unit and what the miner kept; writes elsewhere go nowhere.
struct Scratch {
    first_byte: u64,
    unit: Mutex<Vec<u8>>,
    behind: u64,
    tail: Arc<[u8]>,
    size_bytes: u64,
}

impl RegionSpace for Scratch {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        in_range(offset, into.len(), self.size_bytes)?;
        let unit = self.unit.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, bytes) = if offset >= self.behind {
            (self.behind, &self.tail[..])
        } else {
            (self.first_byte, unit.as_slice())
        };
        let from = offset.checked_sub(start).and_then(|from| usize::try_from(from).ok());
        let found = from.and_then(|from| bytes.get(from..from.checked_add(into.len())?));
        match found {
            Some(found) => into.copy_from_slice(found),
            None => return Err(gone(offset, into.len())),
        }
        Ok(())
    }
}

impl PlotSpace for Scratch {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        in_range(offset, len, self.size_bytes)?;
        let mut buffer = vec![0; len];
        write(&mut buffer);
        let mut unit = self.unit.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.first_byte + unit.len() as u64;
        let (from, to) = (offset.max(self.first_byte), (offset + len as u64).min(end));
        if from < to {
            // All four lie inside of a slice.
            let (at, source) = ((from - self.first_byte) as usize, (from - offset) as usize);
            let take = (to - from) as usize;
            unit[at..at + take].copy_from_slice(&buffer[source..source + take]);
        }
        Ok(())
    }
}

fn in_range(offset: u64, len: usize, size_bytes: u64) -> Result<(), SpaceError> {
    let len = len as u64;
    let fits = offset.checked_add(len).is_some_and(|end| end <= size_bytes);
    if fits { Ok(()) } else { Err(SpaceError::OutOfRange { offset, len, size_bytes }) }
}

fn gone(offset: u64, len: usize) -> SpaceError {
    SpaceError::Device { path: NAME.into(), offset, len: len as u64, reason: "not kept".into() }
}
