//! Plots that are there already and stay as they are when the space is divided again.
//!
//! A plot took hours to fill and its units cannot change: a new division that gave it another size would make it
//! worthless. So a plot of the same identity and scheme keeps its entry, and only what is left is divided.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_chain::Snapshot;
use plimsoll_core::{Hotkey, Identity, Uid};
use plimsoll_plugin::SchemeInstance;
use plimsoll_store::partition::{Partition, read_partitions};
use plimsoll_store::{DiskMarker, Geometry, PlotSpec, SchemeTag, plot_path, read_header};
use serde::Serialize;

use super::allocate::PARTITION_FILE;
use crate::NodeError;

/// A plot that stays as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// For whom.
    pub uid: Uid,
    /// Bytes of its file.
    pub file_bytes: u64,
    /// What it was planned with: the entry of the partition file, where there is one.
    #[serde(skip)]
    pub(super) entry: Option<Partition>,
    /// What it was planned from.
    #[serde(skip)]
    pub(super) plan: super::divide::Planned,
}

impl Kept {
    /// Its entry as it was, on the disk that is there now.
    pub(super) fn entry_on(&self, folder: &Path, marker: Option<&DiskMarker>) -> Option<Partition> {
        let mut entry = self.entry.clone()?;
        entry.path = folder.to_owned();
        entry.plimsoll.as_mut()?.disk = marker.cloned();
        Some(entry)
    }
}

/// The plots in `folder` that a neuron of the subnet is to have anyway, by the neuron's key.
///
/// # Errors
/// What the scheme's plugin said; a partition file that cannot be read.
pub(super) fn kept_plots(
    folder: &Path,
    snapshot: &Snapshot,
    owner: Hotkey,
    tag: &SchemeTag,
    hand: &mut SchemeInstance,
) -> Result<BTreeMap<Hotkey, Kept>, NodeError> {
    let file = folder.join(PARTITION_FILE);
    let entries = if file.exists() { read_partitions(&file)? } else { Vec::new() };
    let mut kept = BTreeMap::new();
    for neuron in &snapshot.neurons {
        let identity = Identity { netuid: snapshot.netuid, owner, validator: neuron.hotkey };
        let path = plot_path(folder, &neuron.hotkey);
        // What has no readable header is no plot yet; generating will say what it is.
        let Ok((header, _)) = read_header(&path) else { continue };
        let entry = entries.iter().find(|entry| entry.validator == neuron.hotkey && entry.plimsoll.is_some());
        let capacity_bytes = entry.map_or(header.spec.layout.region_bytes, |entry| entry.size);
        let Ok(layout) = hand.plan(&identity, capacity_bytes) else { continue };
        let spec = PlotSpec { identity, scheme: tag.clone(), layout };
        // Of another scheme or size: it is not what generating would make of its entry.
        if spec.expect_same(&header.spec, &path).is_err() {
            continue;
        }
        let file_bytes = Geometry::of(spec.layout.region_bytes).file_bytes;
        let share = plimsoll_core::Share { uid: neuron.uid, bytes: capacity_bytes };
        let plan = super::divide::Planned { share, layout: spec.layout, file_bytes };
        kept.insert(neuron.hotkey, Kept { uid: neuron.uid, file_bytes, entry: entry.cloned(), plan });
    }
    Ok(kept)
}
