//! Plots while they are being filled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Instant;

use plimsoll_core::{Digest, Layout, Span};
use plimsoll_store::{FillOptions, Filling, Geometry, Plot, PlotSpec, StoreError, free_space};

use super::conductor::{Conductor, Hand};
use super::fill::{GenerateJob, GenerateOptions, Generated, lock};
use super::progress::Progress;
use super::witness::Written;
use crate::NodeError;

/// Plans and opens every plot; the disk's room is checked for all of them together before any is touched.
pub(super) fn open_all<'a>(
    conductor: &dyn Conductor,
    jobs: &'a [GenerateJob],
    options: &GenerateOptions,
    progress: &dyn Progress,
) -> Result<Vec<OpenPlot<'a>>, NodeError> {
    let mut hand = conductor.hand()?;
    let specs = jobs
        .iter()
        .map(|job| {
            let layout = hand.plan(&job.identity, job.capacity_bytes)?;
            Ok(PlotSpec { identity: job.identity, scheme: conductor.tag(), layout })
        })
        .collect::<Result<Vec<_>, NodeError>>()?;
    check_room(jobs, &specs)?;
    let fill_options = FillOptions {
        restart: options.restart,
        io: options.io,
        cancel: options.cancel.clone(),
        ..FillOptions::default()
    };
    jobs.iter().zip(specs).map(|(job, spec)| OpenPlot::open(job, spec, &fill_options, progress)).collect()
}

/// Whether all new plots together fit, asked before the first of them is made (P9).
fn check_room(jobs: &[GenerateJob], specs: &[PlotSpec]) -> Result<(), NodeError> {
    let mut needed: BTreeMap<&Path, u64> = BTreeMap::new();
    for (job, spec) in jobs.iter().zip(specs) {
        let folder = job.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if !job.path.exists() {
            let file_bytes = Geometry::of(spec.layout.region_bytes).file_bytes;
            *needed.entry(folder.unwrap_or(Path::new("."))).or_default() += file_bytes;
        }
    }
    for (folder, needed_bytes) in needed {
        let free_bytes = free_space(folder)?.free_bytes;
        if needed_bytes > free_bytes {
            return Err(StoreError::NoSpace { path: folder.to_owned(), needed_bytes, free_bytes }.into());
        }
    }
    Ok(())
}

/// A plot of a run: locked, reserved, and being filled by many workers, or complete already.
pub(super) struct OpenPlot<'a> {
    pub(super) job: &'a GenerateJob,
    pub(super) name: String,
    pub(super) layout: Layout,
    resumed_bytes: u64,
    io_method: String,
    pub(super) direct: bool,
    /// What this run has written, where there are several passes.
    pub(super) written: Written,
    began: Instant,
    /// Workers share it to write; whoever seals it takes it out.
    filling: RwLock<Option<Filling>>,
    sealed: Mutex<Option<Sealed>>,
}

struct Sealed {
    commitment: Option<Digest>,
    integrity_root: Digest,
    seconds: f64,
}

impl<'a> OpenPlot<'a> {
    fn open(
        job: &'a GenerateJob,
        spec: PlotSpec,
        options: &FillOptions,
        progress: &dyn Progress,
    ) -> Result<Self, NodeError> {
        let began = Instant::now();
        let filling = match Filling::create_or_resume(&job.path, &spec, options) {
            Err(StoreError::AlreadySealed { .. }) => return Self::complete(job, spec, progress),
            other => other?,
        };
        let layout = spec.layout;
        let unit_bytes = u64::from(layout.unit_bytes);
        let left = |(pass, _)| filling.remaining(pass).iter().map(|span| span.count).sum::<u64>();
        let all: u64 = layout.passes.iter().map(|pass| pass.units * unit_bytes).sum();
        let left: u64 = (0u32..).zip(&layout.passes).map(left).sum::<u64>() * unit_bytes;
        let name = name_of(&job.path);
        progress.begin(&name, all, all - left);
        let io_method = filling.io_method();
        Ok(Self {
            job,
            name,
            resumed_bytes: all - left,
            io_method: io_method.to_string(),
            direct: io_method.direct,
            written: Written::default(),
            layout,
            began,
            filling: RwLock::new(Some(filling)),
            sealed: Mutex::new(None),
        })
    }

    /// A plot that an earlier run sealed.
    fn complete(job: &'a GenerateJob, spec: PlotSpec, progress: &dyn Progress) -> Result<Self, NodeError> {
        let plot = Plot::open(&job.path)?;
        let missing_bytes = plot.missing_bytes()?;
        if missing_bytes > 0 {
            return Err(StoreError::CutShort { path: job.path.clone(), missing_bytes }.into());
        }
        let header = plot.header();
        let sealed =
            Sealed { commitment: header.commitment, integrity_root: header.integrity_root, seconds: 0.0 };
        let name = name_of(&job.path);
        progress.begin(&name, spec.layout.region_bytes, spec.layout.region_bytes);
        progress.finish(&name);
        Ok(Self {
            job,
            name,
            resumed_bytes: spec.layout.region_bytes,
            io_method: "complete already".into(),
            direct: false,
            written: Written::default(),
            layout: spec.layout,
            began: Instant::now(),
            filling: RwLock::new(None),
            sealed: Mutex::new(Some(sealed)),
        })
    }

    pub(super) fn is_complete(&self) -> bool {
        lock(&self.sealed).is_some()
    }

    pub(super) fn with_filling<T>(&self, work: impl FnOnce(&Filling) -> T) -> Result<T, NodeError> {
        let filling = self.filling.read().unwrap_or_else(PoisonError::into_inner);
        filling.as_ref().map(work).ok_or(NodeError::Cancelled)
    }

    pub(super) fn keep_what_is_finished(&self) {
        if let Ok(Err(error)) = self.with_filling(Filling::checkpoint) {
            tracing::warn!(plot = self.name, %error, "the journal could not be brought up to date");
        }
    }

    pub(super) fn finish(&self, hand: &mut dyn Hand) -> Result<(), NodeError> {
        self.expect_written()?;
        let commitment = self.with_filling(|filling| {
            filling.finish_tree()?;
            hand.commit(filling.region(), &self.job.identity, &self.layout)
        })??;
        let taken = self.filling.write().unwrap_or_else(PoisonError::into_inner).take();
        let plot = taken.ok_or(NodeError::Cancelled)?.seal(commitment)?;
        let integrity_root = plot.header().integrity_root;
        let seconds = self.began.elapsed().as_secs_f64();
        *lock(&self.sealed) = Some(Sealed { commitment, integrity_root, seconds });
        Ok(())
    }

    /// Each call of a single pass was held to it by itself.
    fn expect_written(&self) -> Result<(), NodeError> {
        if self.layout.passes.len() == 1 {
            return Ok(());
        }
        let space = self.with_filling(Filling::space)?;
        let missing_bytes = self
            .written
            .missing_bytes(&self.layout, self.resumed_bytes > 0, space.as_ref())
            .map_err(StoreError::from)?;
        if missing_bytes == 0 {
            return Ok(());
        }
        let units = Span { first: 0, count: self.layout.units };
        Err(NodeError::Unwritten { plot: self.job.path.clone(), units, missing_bytes })
    }

    pub(super) fn into_generated(self) -> Result<Generated, NodeError> {
        let sealed = self.sealed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Sealed { commitment, integrity_root, seconds } = sealed.ok_or(NodeError::Cancelled)?;
        Ok(Generated {
            path: self.job.path.clone(),
            bytes: self.layout.region_bytes,
            layout: self.layout,
            commitment,
            integrity_root,
            resumed_bytes: self.resumed_bytes,
            seconds,
            io_method: self.io_method,
        })
    }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
