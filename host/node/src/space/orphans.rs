//! Plots that lie in a miner's folder and belong to no partition: they take space all the same.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use plimsoll_core::{ByteSize, Hotkey, NetUid};
use plimsoll_store::{plot_path, read_header};
use serde::Serialize;

use crate::NodeError;

/// A plot that no partition uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// Its file.
    pub path: PathBuf,
    /// Bytes that it takes on the disk.
    pub bytes: u64,
    /// Whom it was filled for, where its header can be read.
    pub validator: Option<Hotkey>,
    /// On which subnet.
    pub netuid: Option<NetUid>,
}

impl std::fmt::Display for Orphan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} takes {}", self.path.display(), ByteSize(self.bytes))?;
        match (&self.validator, &self.netuid) {
            (Some(validator), Some(netuid)) => write!(f, " for {validator} on subnet {netuid}"),
            _ => f.write_str(", and its header cannot be read"),
        }
    }
}

/// The plots in `folder` but for those of `validators`.
pub(super) fn orphans<'a>(folder: &Path, validators: impl Iterator<Item = &'a Hotkey>) -> Vec<Orphan> {
    let used: HashSet<PathBuf> = validators.map(|validator| plot_path(folder, validator)).collect();
    let plots = plots(folder).into_iter().filter(|(path, _)| !used.contains(path));
    let mut orphans: Vec<Orphan> = plots
        .map(|(path, bytes)| {
            let identity = read_header(&path).ok().map(|(header, _)| header.spec.identity);
            let (validator, netuid) = (identity.map(|of| of.validator), identity.map(|of| of.netuid));
            Orphan { path, bytes, validator, netuid }
        })
        .collect();
    orphans.sort_by(|a, b| a.path.cmp(&b.path));
    orphans
}

/// What they take together.
pub(super) fn bytes_of(orphans: &[Orphan]) -> u64 {
    orphans.iter().map(|orphan| orphan.bytes).sum()
}

/// What the miner's own plots take already, used or not.
pub(super) fn plots_bytes(folder: &Path) -> u64 {
    plots(folder).iter().map(|(_, bytes)| bytes).sum()
}

/// That orphans leave no room within `cap_bytes`.
pub(super) fn in_the_way(orphans: &[Orphan], kept_bytes: u64, cap_bytes: u64) -> NodeError {
    let list: Vec<String> = orphans.iter().map(ToString::to_string).collect();
    NodeError::Unsupported(format!(
        "plots that no partition uses take {} of the {} that are allowed, and the plots that stay take {}: delete \
         by hand those that are not needed any more, or allow more ({})",
        ByteSize(bytes_of(orphans)),
        ByteSize(cap_bytes),
        ByteSize(kept_bytes),
        list.join("; ")
    ))
}

fn plots(folder: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let plot = |entry: std::fs::DirEntry| {
        let path = entry.path();
        let is_plot = path.extension().is_some_and(|ext| ext == "plot");
        let meta = is_plot.then(|| entry.metadata().ok()).flatten()?;
        Some((path, meta.blocks() * 512))
    };
    entries.flatten().filter_map(plot).collect()
}
