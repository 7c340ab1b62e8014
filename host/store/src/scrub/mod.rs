//! Checking a complete plot against what it says of itself.
//!
//! - [`Depth::Fast`]: header, length, and the integrity tree folded again from its leaves: is the *tree* whole;
//! - [`Depth::Sampled`]: some groups of the region, drawn by a seed, each up to the root in the header;
//! - [`Depth::Full`]: every group.
//!
//! Only the header is trusted, by its own checksum; everything else must fold up to the root it keeps. A
//! commitment is the scheme's own and can be recomputed by its plugin only; here it is compared with the one
//! that was registered, where the caller knows it.

mod report;
mod sample;

mod folding;
mod full;
mod paths;
mod source;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use plimsoll_core::Digest;

pub(crate) use report::bad_runs;
pub use report::{BadNodes, BadRun, Badness, Confidence, ScrubReport};
pub use sample::{Draw, Sample};

use crate::{CancelFlag, Plot, StoreError};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The tree only.
    Fast,
    /// Some groups of 64 KiB; the same ones for the same seed.
    Sampled {
        /// How many.
        sample: Sample,
        /// Which.
        seed: Digest,
    },
    /// Everything.
    Full,
}

/// How bytes are read for hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// `pread` through the page cache, or past it where the plot would take more than half of the memory that is
    /// available. Mapping was never faster, cached or not.
    #[default]
    Auto,
    /// `pread` into small buffers.
    Pread,
    /// `pread` past the page cache; through it where the file system refuses.
    Direct,
    /// Mapped windows; the plot must be open exclusively.
    Mapped,
}

/// What a check that reads so would read `plot` with, in words.
///
/// # Errors
/// As a check.
pub fn reading_method(plot: &Plot, reading: Reading) -> Result<&'static str, StoreError> {
    Ok(match source::Source::choose(plot, reading)? {
        source::Source::Cached => "pread",
        source::Source::Direct(_) => "pread past the page cache",
        source::Source::Mapped => "mapped windows",
    })
}

/// How to check.
#[derive(Debug, Clone)]
pub struct ScrubOptions {
    /// How much.
    pub depth: Depth,
    /// By which way.
    pub reading: Reading,
    /// What the plot was registered with, if known; `Some(None)` for a scheme that commits to nothing.
    pub commitment: Option<Option<Digest>>,
    /// Stops the check once set.
    pub cancel: CancelFlag,
    /// Counts the bytes of the region checked so far, for whoever shows progress.
    pub progress: Arc<AtomicU64>,
}

impl ScrubOptions {
    /// The usual way to check so much.
    #[must_use]
    pub fn new(depth: Depth) -> Self {
        Self {
            depth,
            reading: Reading::Auto,
            commitment: None,
            cancel: CancelFlag::new(),
            progress: Arc::default(),
        }
    }
}

/// Checks `plot`. What is wrong with it is in the report; an error means that it could not be told.
///
/// # Errors
/// [`StoreError::Cancelled`]; [`StoreError::NotAPlot`] or [`StoreError::Io`] where the header cannot be read
/// any more; [`StoreError::NotExclusive`] for mapped reading under a shared lock.
pub fn scrub(plot: &Plot, options: &ScrubOptions) -> Result<ScrubReport, StoreError> {
    let mut report = ScrubReport::begin(plot, options)?;
    match options.depth {
        Depth::Fast => {
            folding::check(plot, options, &mut report)?;
        }
        Depth::Sampled { sample, seed } => paths::check_sample(plot, options, sample, &seed, &mut report)?,
        Depth::Full => {
            let whole_tree = folding::check(plot, options, &mut report)?;
            full::check(plot, options, whole_tree, &mut report)?;
        }
    }
    Ok(report)
}
