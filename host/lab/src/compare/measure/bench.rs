//! What all stages share: the scheme, the assumptions, a folder, and the plot once it is there.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{Extent, Hotkey, Identity, Layout, NetUid, RegionSpace, Statement};
use plimsoll_node::NodeError;
use plimsoll_node::space::{GenerateJob, GenerateOptions, Generated, Silent, generate};
use plimsoll_plugin::Scheme;
use plimsoll_store::Plot;
use rustix::fs::{Advice, fadvise};

use crate::LabError;
use crate::compare::request::CompareRequest;

/// A scheme on the bench.
pub(in crate::compare) struct Bench<'a> {
    pub(in crate::compare) scheme: &'a Scheme,
    pub(in crate::compare) request: &'a CompareRequest,
    /// Removed when the table is done.
    pub(in crate::compare) folder: &'a Path,
}

/// A sealed plot.
pub(in crate::compare) struct Sealed {
    pub(in crate::compare) statement: Statement,
    pub(in crate::compare) layout: Layout,
    pub(in crate::compare) file_bytes: u64,
    pub(in crate::compare) io_method: String,
    pub(super) region: Arc<dyn RegionSpace>,
    path: PathBuf,
    file: File,
    region_offset: u64,
}

impl Bench<'_> {
    /// Whose plots are measured: nobody's.
    pub(in crate::compare) fn identity() -> Identity {
        Identity { netuid: NetUid(1), owner: Hotkey([0x4D; 32]), validator: Hotkey([0x56; 32]) }
    }

    /// Fills and seals a plot as `plimsoll generate` does.
    pub(super) fn generate(&self, name: &str, capacity_bytes: u64) -> Result<Generated, LabError> {
        let path = self.folder.join(name);
        let job = GenerateJob { path, identity: Self::identity(), capacity_bytes };
        let options = GenerateOptions { cancel: self.request.cancel.clone(), ..GenerateOptions::default() };
        let plots = generate(self.scheme, &[job], &options, &Silent).map_err(unwrapped)?;
        plots.into_iter().next().ok_or_else(|| LabError::from(Box::new(NodeError::Cancelled)))
    }
}

impl Bench<'_> {
    /// # Errors
    /// Where somebody asked to stop.
    pub(super) fn expect_going(&self) -> Result<(), LabError> {
        if self.request.cancel.is_cancelled() { Err(Box::new(NodeError::Cancelled).into()) } else { Ok(()) }
    }
}

/// A plugin's or a store's own error, not that of whoever joined them.
fn unwrapped(error: NodeError) -> LabError {
    match error {
        NodeError::Plugin(error) => error.into(),
        NodeError::Store(error) => error.into(),
        other => Box::new(other).into(),
    }
}

impl Sealed {
    pub(in crate::compare) fn open(generated: &Generated) -> Result<Self, LabError> {
        let path = generated.path.clone();
        let plot = Plot::open(&path)?;
        let file = File::open(&path).map_err(disk("open", &path))?;
        let layout = generated.layout.clone();
        let statement = Statement {
            identity: Bench::identity(),
            unit_bytes: layout.unit_bytes,
            units: layout.units,
            commitment: generated.commitment,
        };
        let geometry = plot.geometry();
        Ok(Self {
            statement,
            layout,
            file_bytes: geometry.file_bytes,
            io_method: generated.io_method.clone(),
            region: plot.region(),
            path,
            file,
            region_offset: geometry.region_offset,
        })
    }

    /// The bytes of a unit that is there.
    pub(super) fn unit(&self, unit: u64) -> Extent {
        let len = u64::from(self.layout.unit_bytes);
        Extent { offset: unit * len, len }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks the system to forget what it caches of the file. It may decline.
    pub(super) fn forget_cache(&self) -> Result<(), LabError> {
        let asked = fadvise(&self.file, 0, None, Advice::DontNeed);
        asked.map_err(std::io::Error::from).map_err(disk("drop the page cache of", &self.path))
    }

    /// Reads one unit from the file, past the plot's own reader and without reading ahead.
    pub(super) fn read_unit(&self, unit: u64, into: &mut [u8]) -> Result<(), LabError> {
        let at = self.region_offset + unit * u64::from(self.layout.unit_bytes);
        self.file.read_exact_at(into, at).map_err(disk("read", &self.path))
    }

    /// From now on reads of this handle fetch no more than they ask for.
    pub(super) fn expect_random_reads(&self) -> Result<(), LabError> {
        let asked = fadvise(&self.file, 0, None, Advice::Random);
        asked.map_err(std::io::Error::from).map_err(disk("advise random reads of", &self.path))
    }
}

/// What the system said about a file.
pub(super) fn disk(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LabError {
    move |error| LabError::Disk { doing, path: path.to_owned(), reason: error.to_string() }
}
