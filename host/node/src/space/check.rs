//! Looks for damage: against the commitment (fast, sampled, whole), or against the seed by filling again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use plimsoll_core::{Digest, Layout, Order, PlotSpace, Span, Spans};
use plimsoll_plugin::{Scheme, SchemeInstance};
use plimsoll_store::scrub::{BadRun, Depth, Reading, Sample, ScrubOptions, scrub};
use plimsoll_store::{CancelFlag, Comparing, Plot, PlotSpec};
use rayon::prelude::*;
use serde::Serialize;

use super::commitment::recomputed;
use super::fill::{lock, scheme_tag};
use super::progress::Progress;
use crate::NodeError;

/// Spans that are drawn before any of them is compared.
const SPANS_A_BLOCK: usize = 1024;
/// Units that one worker compares at a time cover about so much.
const PIECE_BYTES: u64 = 4 << 20;

/// How deep to look.
#[derive(Debug, Clone, Copy)]
pub enum CheckDepth {
    /// Header and integrity tree, without reading the region.
    Fast,
    /// Some of the region against the tree; the same part for the same seed.
    Sampled(Sample, Digest),
    /// All of the region against the tree.
    Full,
    /// Fills again and compares, all of it or a part.
    AgainstSeed(Option<(Sample, Digest)>),
}

/// How to check.
#[derive(Clone)]
pub struct CheckOptions {
    /// How deep.
    pub depth: CheckDepth,
    /// How the region is read for hashing.
    pub reading: Reading,
    /// The commitment that the plot was registered with, if known.
    pub commitment: Option<Option<Digest>>,
    /// Set to stop.
    pub cancel: CancelFlag,
}

impl CheckOptions {
    /// The usual way to look so deep.
    #[must_use]
    pub fn new(depth: CheckDepth) -> Self {
        Self { depth, reading: Reading::Auto, commitment: None, cancel: CancelFlag::new() }
    }
}

/// What a check found in one plot.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The plot file.
    pub path: PathBuf,
    /// Whether it was held against its seed; otherwise against its integrity tree.
    pub against_seed: bool,
    /// Whether the scheme's commitment was made again from the bytes.
    pub commitment_recomputed: bool,
    /// What was not looked at, and why.
    pub remarks: Vec<String>,
    /// Bytes of the region.
    pub region_bytes: u64,
    /// Bytes of it that were looked at.
    pub checked_bytes: u64,
    /// Whether nothing is wrong.
    pub clean: bool,
    /// Every bad run of the region.
    pub bad: Vec<BadSpan>,
    /// Everything that is wrong, in words, the worst first.
    pub findings: Vec<String>,
    /// After a sample: damage of this share of the region, or more, would have been seen with 99 %.
    pub seen_fraction: Option<f64>,
}

/// A bad run of a plot's region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadSpan {
    /// The units that it touches; none where it lies behind the units.
    pub units: Option<Span>,
    /// Where in the region.
    pub region_offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Where in the file.
    pub file_offset: u64,
}

impl From<&BadRun> for BadSpan {
    fn from(run: &BadRun) -> Self {
        Self {
            units: run.units,
            region_offset: run.region.offset,
            bytes: run.region.len,
            file_offset: run.file_offset,
        }
    }
}

/// Checks the plot at `path`. What is wrong with it is in the answer; an error means that it could not be told.
///
/// # Errors
/// What the disk said, a lock held by another process, or a plot of another scheme than `scheme` when it is
/// to be filled again.
pub fn check(
    path: &Path,
    scheme: Option<&Scheme>,
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Result<Checked, NodeError> {
    // Together with a miner, and on a disk that cannot be written to: a check changes nothing.
    let plot = match options.reading {
        Reading::Mapped => Plot::open_exclusive(path)?,
        _ => Plot::open(path)?,
    };
    let depth = match options.depth {
        CheckDepth::Fast => Depth::Fast,
        CheckDepth::Sampled(sample, seed) => Depth::Sampled { sample, seed },
        CheckDepth::Full => Depth::Full,
        CheckDepth::AgainstSeed(sample) => {
            let scheme = scheme.ok_or_else(|| {
                NodeError::Unsupported("checking against the seed needs the proof scheme's plugin".into())
            })?;
            return against_seed(plot, scheme, sample, options, progress);
        }
    };
    let mut checked = scrubbed(&plot, depth, options, progress)?;
    if let (Depth::Full, Some(scheme)) = (depth, scheme) {
        hold_against_commitment(&plot, scheme, &options.cancel, &mut checked)?;
    }
    Ok(checked)
}

/// The integrity tree proves the bytes only to whoever trusts the header's root; the commitment is what the chain
/// knows.
fn hold_against_commitment(
    plot: &Plot,
    scheme: &Scheme,
    cancel: &CancelFlag,
    checked: &mut Checked,
) -> Result<(), NodeError> {
    if !checked.clean {
        checked.remarks.push("its commitment was not made again, for it is damaged".to_owned());
        return Ok(());
    }
    if let Err(error) = expect_filled_by(plot, scheme) {
        checked.remarks.push(format!("its commitment was not made again: {error}"));
        return Ok(());
    }
    let text = |of: Option<Digest>| of.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
    let (made, kept) = (recomputed(plot, scheme, cancel)?, plot.header().commitment);
    checked.commitment_recomputed = true;
    if made != kept {
        checked.clean = false;
        checked.findings.push(format!(
            "the scheme commits to {} over these bytes, the header says {}",
            text(made),
            text(kept)
        ));
    }
    Ok(())
}

fn scrubbed(
    plot: &Plot,
    depth: Depth,
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Result<Checked, NodeError> {
    let name = super::open::name_of(plot.path());
    let bytes = plot.header().spec.layout.region_bytes;
    progress.begin(&name, bytes, 0);
    let mut how = ScrubOptions::new(depth);
    how.reading = options.reading;
    how.commitment = options.commitment;
    how.cancel = options.cancel.clone();
    let report = watched(&how.progress, &|bytes| progress.advance(&name, bytes), || scrub(plot, &how))?;
    progress.finish(&name);
    Ok(Checked {
        path: report.path.clone(),
        against_seed: false,
        commitment_recomputed: false,
        remarks: Vec::new(),
        region_bytes: report.region_bytes,
        checked_bytes: report.checked_bytes,
        clean: report.is_clean(),
        bad: report.bad.iter().map(BadSpan::from).collect(),
        findings: report.findings(),
        seen_fraction: report.confidence.map(|confidence| confidence.seen_fraction),
    })
}

/// Runs `work` and tells what the counter gains meanwhile.
fn watched<T>(counter: &AtomicU64, advance: &(dyn Fn(u64) + Sync), work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let told = AtomicU64::new(0);
    let tell = || {
        let now = counter.load(Ordering::Relaxed);
        advance(now.saturating_sub(told.swap(now, Ordering::Relaxed)));
    };
    let out = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                thread::park_timeout(Duration::from_millis(200));
                tell();
            }
        });
        let out = work();
        done.store(true, Ordering::Release);
        watcher.thread().unpark();
        out
    });
    tell();
    out
}

/// Refuses a plot that another plugin, or the same with other parameters, has filled.
pub(super) fn expect_filled_by(plot: &Plot, scheme: &Scheme) -> Result<(), NodeError> {
    let spec = &plot.header().spec;
    let expected = PlotSpec { scheme: scheme_tag(scheme), ..spec.clone() };
    Ok(expected.expect_same(spec, plot.path())?)
}

/// See [`Checked::remarks`].
const ONLY_LINKS: &str = "this scheme fills each unit from those before it, so that a sample only shows that each unit \
    drawn follows from what the disk holds before it; check all of it to hold it against its seed";

fn against_seed(
    plot: Plot,
    scheme: &Scheme,
    sample: Option<(Sample, Digest)>,
    options: &CheckOptions,
    progress: &dyn Progress,
) -> Result<Checked, NodeError> {
    expect_filled_by(&plot, scheme)?;
    let path = plot.path().to_owned();
    let identity = plot.header().spec.identity;
    let layout = plot.header().spec.layout.clone();
    let name = super::open::name_of(&path);
    let unit_bytes = u64::from(layout.unit_bytes);
    let asked = sample.map_or(layout.units, |(sample, _)| in_units(sample, &layout).groups_of(layout.units));
    progress.begin(&name, asked * unit_bytes, 0);
    let in_order = layout.passes.iter().any(|pass| pass.order == Order::Sequential);
    // A sample has nothing to start from but the disk.
    let comparing = match in_order && sample.is_none() {
        true => Comparing::in_order(plot, options.cancel.clone())?,
        false => Comparing::new(plot, options.cancel.clone())?,
    };
    let comparing = Arc::new(comparing);
    let not_compared = Mutex::new(Spans::new());
    let compare = |hand: &mut Option<SchemeInstance>, span: Span| {
        let instance = match hand {
            Some(instance) => instance,
            None => hand.insert(scheme.instance()?),
        };
        let space = Arc::clone(&comparing) as Arc<dyn PlotSpace>;
        instance.fill(space, &identity, 0, span)?;
        // A plugin that puts nothing, or something else, has compared nothing.
        if !comparing.covers(Span { first: span.first * unit_bytes, count: span.count * unit_bytes }) {
            lock(&not_compared).insert(span);
        }
        progress.advance(&name, span.count * unit_bytes);
        Ok::<_, NodeError>(())
    };
    let mut units = asked_units(&layout, sample);
    if in_order && sample.is_none() {
        let mut hand = None;
        units.by_ref().try_for_each(|span| compare(&mut hand, span))?;
    }
    loop {
        let block: Vec<Span> = units.by_ref().take(SPANS_A_BLOCK).collect();
        if block.is_empty() {
            break;
        }
        block.into_par_iter().try_for_each_init(|| None, compare)?;
    }
    progress.finish(&name);
    let bad = comparing.differing();
    let mut findings: Vec<String> = bad.iter().map(ToString::to_string).collect();
    findings.extend(gaps(&layout, &comparing, &lock(&not_compared), sample.is_none()));
    let sampled = sample.map(|_| asked);
    let only_links = in_order && sample.is_some();
    Ok(Checked {
        path,
        against_seed: true,
        commitment_recomputed: false,
        remarks: only_links.then(|| ONLY_LINKS.to_owned()).into_iter().collect(),
        region_bytes: layout.region_bytes,
        checked_bytes: comparing.compared_bytes(),
        clean: findings.is_empty(),
        findings,
        bad: bad.iter().map(BadSpan::from).collect(),
        // For n samples, damage of a share f escapes with (1 - f)^n.
        seen_fraction: sampled
            .map(|n| if n >= layout.units { 0.0 } else { 1.0 - 0.01f64.powf(1.0 / n as f64) }),
    })
}

fn units_of(layout: &Layout, bytes: u64) -> u64 {
    (bytes / u64::from(layout.unit_bytes).max(1)).max(1)
}

/// What was asked for and not compared, a sentence each.
fn gaps(layout: &Layout, comparing: &Comparing, units: &Spans, is_whole: bool) -> Vec<String> {
    let gap = |span: Span| {
        format!("units {}..{} were not compared: the plugin did not fill all of them", span.first, span.end())
    };
    let mut gaps: Vec<String> = units.iter().map(gap).collect();
    let behind = Span::between(layout.units_bytes(), layout.region_bytes);
    if is_whole && !comparing.covers(behind) {
        gaps.push(format!(
            "not all of the {} bytes behind the units were compared: the plugin did not fill them",
            behind.count
        ));
    }
    gaps
}

/// A sample counts groups of its own size; here a unit is one.
fn in_units(sample: Sample, layout: &Layout) -> Sample {
    match sample {
        Sample::Bytes(bytes) => Sample::Ratio {
            part: bytes.div_ceil(u64::from(layout.unit_bytes)).clamp(1, layout.units),
            whole: layout.units,
        },
        share => share,
    }
}

/// All units or the drawn ones, neighbours in one span, one span after another.
fn asked_units(layout: &Layout, sample: Option<(Sample, Digest)>) -> Box<dyn Iterator<Item = Span>> {
    let most = units_of(layout, PIECE_BYTES);
    let Some((sample, seed)) = sample else {
        return Box::new(Span { first: 0, count: layout.units }.pieces(most));
    };
    let mut drawn = in_units(sample, layout).draw(layout.units, &seed).peekable();
    Box::new(std::iter::from_fn(move || {
        let mut span = Span { first: drawn.next()?, count: 1 };
        while span.count < most && drawn.next_if_eq(&span.end()).is_some() {
            span.count += 1;
        }
        Some(span)
    }))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
