//! What a check found.

use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use plimsoll_core::{ByteSize, Digest, Extent, Layout, Span, Spans};

use serde::Serialize;

use super::ScrubOptions;
use crate::header::{Slots, read_header};
use crate::{PAGE_BYTES, Plot, StoreError};

/// What is wrong with a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Badness {
    /// They are not what they should be.
    Differs,
    /// They cannot be read: the disk fails, or the file ends before them.
    Unreadable,
}

/// A run of bad bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BadRun {
    /// The units that it touches; none where it lies behind the units.
    pub units: Option<Span>,
    /// Its bytes in the region.
    pub region: Extent,
    /// Where it begins in the file.
    pub file_offset: u64,
    /// What is wrong with it.
    pub badness: Badness,
}

/// A run of nodes of the integrity tree that do not fold up to the header's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BadNodes {
    /// The level; 0 has the leaves.
    pub level: u32,
    /// Which nodes.
    pub nodes: Span,
    /// Where they begin in the file.
    pub file_offset: u64,
}

/// What a sample can tell of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Confidence {
    /// Groups of 64 KiB in the region.
    pub groups: u64,
    /// How many of them were checked.
    pub sampled: u64,
    /// Damage of this share of the region, or more, would have been seen with a probability of 99 %:
    /// 1 − 0.01^(1/n) for n samples; 0 where everything was checked.
    pub seen_fraction: f64,
}

impl Confidence {
    pub(super) fn of(groups: u64, sampled: u64) -> Self {
        let seen_fraction =
            if sampled >= groups { 0.0 } else { 1.0 - 0.01f64.powf(1.0 / sampled.max(1) as f64) };
        Self { groups, sampled, seen_fraction }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScrubReport {
    /// The plot.
    pub path: PathBuf,
    /// Bytes of its region.
    pub region_bytes: u64,
    /// How many of them were read and compared.
    pub checked_bytes: u64,
    /// A header slot that is damaged or behind; the other one holds.
    pub stale_header_slot: Option<u8>,
    /// Whether the file's header is no longer the one that the plot was opened with.
    pub header_changed: bool,
    /// Bytes that the file lacks at its end.
    pub missing_bytes: u64,
    /// Bytes that it has too many.
    pub extra_bytes: u64,
    /// Runs of the file that belong to no section and should be zero.
    pub bad_padding: Vec<Extent>,
    /// Nodes of the tree.
    pub bad_nodes: Vec<BadNodes>,
    /// Bytes of the region.
    pub bad: Vec<BadRun>,
    /// The commitment that was registered, where it is not the header's.
    pub other_commitment: Option<Option<Digest>>,
    /// What was checked by a sample.
    pub confidence: Option<Confidence>,
}

impl ScrubReport {
    /// Header, length and padding.
    pub(super) fn begin(plot: &Plot, options: &ScrubOptions) -> Result<Self, StoreError> {
        let (header, slots) = read_header(plot.path())?;
        let geometry = plot.geometry();
        let there = plot.file().metadata().map_err(StoreError::io(plot.path(), "measure"))?.len();
        let mut bad_padding = Vec::new();
        for gap in geometry.padding() {
            let mut bytes = vec![0; gap.len as usize];
            let read = plot.file().read_exact_at(&mut bytes, gap.offset);
            if read.is_ok() && bytes.iter().any(|&b| b != 0) {
                bad_padding.push(gap);
            }
        }
        let own = plot.header().commitment;
        Ok(Self {
            path: plot.path().to_owned(),
            region_bytes: geometry.region_bytes,
            checked_bytes: 0,
            stale_header_slot: match slots {
                Slots::Both => None,
                Slots::Stale(slot) => Some(slot),
            },
            header_changed: header != *plot.header(),
            missing_bytes: geometry.file_bytes.saturating_sub(there),
            extra_bytes: there.saturating_sub(geometry.file_bytes),
            bad_padding,
            bad_nodes: Vec::new(),
            bad: Vec::new(),
            other_commitment: options.commitment.filter(|registered| *registered != own),
            confidence: None,
        })
    }

    /// Whether nothing at all was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings().is_empty()
    }

    /// Whether every byte of the region that was checked is right, whatever else is wrong.
    #[must_use]
    pub const fn is_region_whole(&self) -> bool {
        self.bad.is_empty()
    }

    /// Bytes of the region that are bad.
    #[must_use]
    pub fn bad_bytes(&self) -> u64 {
        self.bad.iter().map(|run| run.region.len).sum()
    }

    /// Everything that is wrong, a sentence each, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut all: Vec<String> = self.bad.iter().map(BadRun::to_string).collect();
        if self.missing_bytes > 0 {
            all.push(format!("the file was cut short by {}", ByteSize(self.missing_bytes)));
        }
        if self.header_changed {
            all.push("the header was replaced while the plot was open".to_owned());
        }
        if let Some(registered) = self.other_commitment {
            let text = registered.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
            all.push(format!("the commitment in the header is not the registered one, {text}"));
        }
        all.extend(self.bad_nodes.iter().map(|run| {
            let BadNodes { level, nodes, file_offset } = run;
            format!(
                "nodes {}..{} of level {level} of the integrity tree are bad, at byte {file_offset} of the file",
                nodes.first,
                nodes.end()
            )
        }));
        if let Some(slot) = self.stale_header_slot {
            all.push(format!("header slot {slot} is damaged or behind; the other one holds"));
        }
        all.extend(
            self.bad_padding.iter().map(|gap| {
                format!("the {} bytes at byte {} of the file should be zero", gap.len, gap.offset)
            }),
        );
        if self.extra_bytes > 0 {
            all.push(format!("the file is {} bytes too long", self.extra_bytes));
        }
        all
    }
}

impl std::fmt::Display for BadRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.units {
            Some(units) if units.count == 1 => write!(f, "unit {}", units.first)?,
            Some(units) => write!(f, "units {}..{}", units.first, units.end())?,
            None => write!(f, "bytes behind the units")?,
        }
        let what = match self.badness {
            Badness::Differs => "differ",
            Badness::Unreadable => "cannot be read",
        };
        let Extent { offset, len } = self.region;
        write!(
            f,
            ": {len} bytes at byte {offset} of the region (byte {} of the file) {what}",
            self.file_offset
        )
    }
}

/// Runs of bytes of the region, named.
pub(crate) fn bad_runs(bytes: &Spans, layout: &Layout, badness: Badness) -> Vec<BadRun> {
    let unit_bytes = u64::from(layout.unit_bytes.max(1));
    bytes
        .iter()
        .map(|run| {
            let units =
                Span::between(run.first / unit_bytes, run.end().div_ceil(unit_bytes).min(layout.units));
            BadRun {
                units: (units.count > 0).then_some(units),
                region: Extent { offset: run.first, len: run.count },
                file_offset: PAGE_BYTES + run.first,
                badness,
            }
        })
        .collect()
}
