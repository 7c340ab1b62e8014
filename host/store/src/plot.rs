//! A complete plot.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use plimsoll_core::{PlotSpace, RegionSpace};

use crate::disk::folder_of;
use crate::filling::{check_room, heal_header, make_room};
use crate::header::{PlotHeader, Slots, read_header};
use crate::lock::PlotLock;
use crate::region::SealedRegion;
use crate::repair::{Repairing, Touched};
use crate::write::open_read;
use crate::{Geometry, StoreError};

/// A complete plot, locked against writers, or against everybody else.
#[derive(Debug)]
pub struct Plot {
    header: PlotHeader,
    slots: Slots,
    region: Arc<SealedRegion>,
    exclusive: bool,
    /// What repairs have written so far.
    touched: Arc<Mutex<Touched>>,
}

impl Plot {
    /// Opens a plot together with other readers.
    ///
    /// A file that was cut short opens: what is left of it can be read, and a scrub names what is gone.
    ///
    /// # Errors
    /// [`StoreError::Locked`] by a writer, [`StoreError::NotSealed`], [`StoreError::NotAPlot`],
    /// [`StoreError::MissingFolder`], [`StoreError::Io`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        expect_file(path)?;
        let lock = PlotLock::shared(path)?;
        let (header, slots) = read_sealed(path)?;
        Self::assemble(path, header, slots, Arc::new(lock), false)
    }

    /// Opens a plot alone, for repairing it. A header slot that a crash left behind is written again.
    ///
    /// # Errors
    /// As [`Plot::open`].
    pub fn open_exclusive(path: &Path) -> Result<Self, StoreError> {
        expect_file(path)?;
        let lock = PlotLock::exclusive(path)?;
        let (header, slots) = read_sealed(path)?;
        heal_header(path, &header, slots)?;
        Self::assemble(path, header, slots, Arc::new(lock), true)
    }

    /// A plot that this process has just sealed; its lock is shared by now.
    pub(crate) fn sealed(path: &Path, header: PlotHeader, lock: Arc<PlotLock>) -> Result<Self, StoreError> {
        Self::assemble(path, header, Slots::Both, lock, false)
    }

    fn assemble(
        path: &Path,
        header: PlotHeader,
        slots: Slots,
        lock: Arc<PlotLock>,
        exclusive: bool,
    ) -> Result<Self, StoreError> {
        let file = Arc::new(open_read(path, exclusive).map_err(StoreError::io(path, "open"))?);
        let geometry = header.geometry();
        let remembered = Mutex::new(Some(HashMap::new()));
        let region = SealedRegion { file, path: path.to_owned(), geometry, remembered, lock };
        let plot = Self { header, slots, region: Arc::new(region), exclusive, touched: Arc::default() };
        let missing = plot.missing_bytes()?;
        if missing > 0 {
            tracing::warn!(plot = %path.display(), missing, "the plot was cut short");
        }
        Ok(plot)
    }

    /// What the plot says of itself.
    #[must_use]
    pub const fn header(&self) -> &PlotHeader {
        &self.header
    }

    /// Which header slots were whole before it was opened: opening it alone has healed the other one.
    #[must_use]
    pub const fn slots(&self) -> Slots {
        self.slots
    }

    /// Where everything lies.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        self.region.geometry
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.region.path
    }

    /// Bytes that its file lacks at the end.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn missing_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.region.geometry.file_bytes.saturating_sub(self.measure()?))
    }

    /// Bytes of its file as it is.
    pub(crate) fn measure(&self) -> Result<u64, StoreError> {
        Ok(self.file().metadata().map_err(StoreError::io(self.path(), "measure"))?.len())
    }

    /// The region, read by `pread`. It holds the plot's lock for as long as it lives.
    #[must_use]
    pub fn region(&self) -> Arc<dyn RegionSpace> {
        Arc::clone(&self.region) as Arc<dyn RegionSpace>
    }

    /// Where bytes can be put in place again. [`Plot::finish_repair`] then makes them durable and checks them.
    ///
    /// # Errors
    /// [`StoreError::NotExclusive`]; [`StoreError::NoSpace`]; [`StoreError::Io`].
    pub fn repair_space(&self) -> Result<Arc<dyn PlotSpace>, StoreError> {
        self.expect_exclusive("repair it")?;
        // A file that was cut short gets its length back, and room for it; what it lost reads as zeros until it is
        // put again.
        if self.missing_bytes()? > 0 {
            let there = self.file().metadata().map_err(StoreError::io(self.path(), "measure"))?;
            let file_bytes = self.region.geometry.file_bytes;
            let missing = file_bytes.saturating_sub(there.blocks().saturating_mul(512));
            check_room(self.path(), missing)?;
            make_room(self.file(), self.path(), file_bytes, missing, true)?;
        }
        Ok(Arc::new(Repairing::new(Arc::clone(&self.region), Arc::clone(&self.touched))))
    }

    /// Makes repairs durable and brings the integrity tree in line with them. The root must come out as the
    /// header says, which proves that what was put is, bit by bit, what had been there.
    ///
    /// # Errors
    /// [`StoreError::RefillDiffers`] with the tree left as it was; [`StoreError::NotExclusive`]; what the disk
    /// says.
    pub fn finish_repair(&self) -> Result<(), StoreError> {
        self.expect_exclusive("repair it")?;
        crate::repair::finish(self, &self.touched)
    }

    fn expect_exclusive(&self, doing: &'static str) -> Result<(), StoreError> {
        if self.exclusive {
            return Ok(());
        }
        Err(StoreError::NotExclusive { path: self.path().to_owned(), doing })
    }

    pub(crate) const fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    pub(crate) fn file(&self) -> &File {
        &self.region.file
    }
}

/// `<db_path>/<wallet>/<hotkey>/plot-<validator>.plot`, under the partition's folder.
#[must_use]
pub fn plot_path(folder: &Path, validator: &plimsoll_core::Hotkey) -> PathBuf {
    folder.join(format!("plot-{validator}.plot"))
}

/// Before a lock file is made beside nothing.
fn expect_file(path: &Path) -> Result<(), StoreError> {
    if path.exists() || !folder_of(path).is_dir() {
        // A folder that is missing is told by the lock.
        return Ok(());
    }
    File::open(path).map(drop).map_err(StoreError::io(path, "open"))
}

fn read_sealed(path: &Path) -> Result<(PlotHeader, Slots), StoreError> {
    let (header, slots) = read_header(path)?;
    if !header.sealed {
        return Err(StoreError::NotSealed { path: path.to_owned() });
    }
    Ok((header, slots))
}
