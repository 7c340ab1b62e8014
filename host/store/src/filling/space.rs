//! What kernels and plugins see of a plot that is being filled.

use std::sync::Arc;

use plimsoll_core::{PlotSpace, RegionSpace, SpaceError};

use super::inner::Inner;
use crate::region::{check_range, integrity_nodes};

pub(super) struct FillingSpace(pub(super) Arc<Inner>);

impl RegionSpace for FillingSpace {
    fn size_bytes(&self) -> u64 {
        self.0.header.spec.layout.region_bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        check_range(self.size_bytes(), offset, into.len())?;
        if self.0.root.get().is_some() {
            return self.0.writer.file().read_region(offset, into);
        }
        self.0.writer.read(offset, into)
    }

    fn integrity_nodes(
        &self,
        level: u32,
        first: u64,
        count: u64,
    ) -> Option<Result<Vec<[u8; 32]>, SpaceError>> {
        self.0.root.get()?;
        let file = self.0.writer.file();
        Some(integrity_nodes(file.cached(), file.path(), file.geometry(), level, first, count))
    }
}

impl PlotSpace for FillingSpace {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        check_range(self.size_bytes(), offset, len)?;
        if len > <dyn PlotSpace>::LARGEST_PUT_BYTES {
            let most = <dyn PlotSpace>::LARGEST_PUT_BYTES;
            return Err(SpaceError::Refused(format!("one put of {len} bytes: at most {most} are lent")));
        }
        self.0.check_writable()?;
        if len == 0 {
            return Ok(());
        }
        self.0.writer.put(offset, len, write)
    }
}
