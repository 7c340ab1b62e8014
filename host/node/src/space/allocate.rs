//! Divides a disk among validators.
//!
//! The policy says who gets how much; the host asks the scheme what a plot of that size takes on the disk,
//! header and integrity tree included, and takes back whole chunks until the files stay within the cap (P9).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_chain::Snapshot;
use plimsoll_core::{AllocationSpace, ByteSize, Hotkey, Neuron, Uid};
use plimsoll_plugin::{Allocation, Scheme};
use plimsoll_store::partition::{
    MinerSide, Partition, PlannedSpace, PlotEntry, ShareSide, cap_of_threshold, write_partitions,
};
use plimsoll_store::{DiskMarker, SchemeTag, StoreError, free_space, plot_path};
use serde::Serialize;

use super::divide::{Hands, Planned, Whole, divide_beside};
use super::fill::scheme_tag;
use super::keep::{Kept, kept_plots};
use super::orphans::{Orphan, plots_bytes};
use crate::NodeError;

/// The file beside the plots.
pub const PARTITION_FILE: &str = "partition.json";

/// Whose space is divided, and how much of it.
#[derive(Debug, Clone)]
pub struct AllocateRequest {
    /// The root of all plots.
    pub db_path: PathBuf,
    /// The wallet's name.
    pub wallet_name: String,
    /// The hotkey's name.
    pub wallet_hotkey: String,
    /// The miner.
    pub owner: Hotkey,
    /// The chain's endpoint, for the record.
    pub endpoint: String,
    /// The share of the free space to use.
    pub threshold: f64,
    /// A cap that is never exceeded, whatever is free.
    pub max_bytes: Option<u64>,
    /// Shares are whole numbers of these.
    pub chunk_bytes: u64,
    /// Divides everything anew, whatever becomes of plots that are there.
    pub rebalance: bool,
}

impl AllocateRequest {
    /// `<db_path>/<wallet>/<hotkey>`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        miner_folder(&self.db_path, &self.wallet_name, &self.wallet_hotkey)
    }
}

/// The folder of a miner's plots: `<db_path>/<wallet>/<hotkey>`.
#[must_use]
pub fn miner_folder(db_path: &Path, wallet: &str, hotkey: &str) -> PathBuf {
    db_path.join(wallet).join(hotkey)
}

/// A division of the space, not yet written anywhere.
#[derive(Debug, Clone, Serialize)]
pub struct Allocated {
    /// The root of all plots, where the disk's marker is.
    #[serde(skip)]
    root: PathBuf,
    /// Where the plots will lie.
    pub folder: PathBuf,
    /// Free bytes, counting what this miner's own plots take already.
    pub available_bytes: u64,
    /// Bytes that all files together may take, those of orphans included.
    pub cap_bytes: u64,
    /// Bytes that they will take.
    pub file_bytes: u64,
    /// One a validator.
    pub partitions: Vec<Partition>,
    /// Plots in the folder that no partition uses; their space is not divided.
    pub orphans: Vec<Orphan>,
    /// Plots that were there and keep their entry as it was.
    pub kept: Vec<Kept>,
    /// Shares too small to hold anything, and why.
    pub skipped: Vec<Skipped>,
}

/// A share that holds nothing.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// Whose.
    pub uid: Uid,
    /// How much.
    pub bytes: u64,
    /// What the scheme says.
    pub why: String,
}

/// Divides the space as `policy` wants it; plots that are there already keep theirs, unless everything is to be
/// divided anew. What no partition uses any more takes its space all the same. Nothing is written: see
/// [`Allocated::write`].
///
/// # Errors
/// A missing folder, a threshold out of range, a cap larger than the disk or smaller than the plots that are there,
/// or what a plugin said.
pub fn allocate(
    snapshot: &Snapshot,
    request: &AllocateRequest,
    policy: &Allocation,
    scheme: &Scheme,
) -> Result<Allocated, NodeError> {
    let folder = request.folder();
    let disk = free_space(&request.db_path)?;
    let available_bytes = disk.free_bytes + plots_bytes(&folder);
    let cap_bytes = cap(request, available_bytes)?;
    let tag = scheme_tag(scheme);
    let mut hands = Hands { policy: policy.instance()?, scheme: scheme.instance()? };
    let mut kept = match request.rebalance {
        true => BTreeMap::new(),
        false => kept_plots(&folder, snapshot, request.owner, &tag, &mut hands.scheme)?,
    };
    let neurons: Vec<Neuron> = snapshot.neurons.iter().map(|n| neuron(n, &request.owner)).collect();
    let space = AllocationSpace { available_bytes, cap_bytes, chunk_bytes: request.chunk_bytes };
    let wanted = hands.policy.allocate(&space, &neurons)?;
    kept.retain(|_, kept| wanted.iter().any(|share| share.uid == kept.uid && share.bytes > 0));
    let kept_bytes = kept.values().map(|kept| kept.file_bytes).sum();
    expect_room_for_kept(request, kept_bytes)?;
    let whole = Whole { snapshot, request, space, neurons: &neurons, wanted: &wanted };
    let ((planned, skipped), orphans) = divide_beside(&whole, &kept, kept_bytes, &mut hands)?;
    // Made only when the division is written.
    let marker = DiskMarker::read(&request.db_path)?;
    let whole = PlannedSpace {
        available_bytes,
        threshold: request.threshold,
        cap_bytes,
        chunk_bytes: request.chunk_bytes,
    };
    let entry = |plan: &Planned| partition(plan, snapshot, request, &whole, &tag, marker.as_ref());
    let mut partitions: Vec<Partition> = planned.iter().filter_map(entry).collect();
    let file_bytes = planned.iter().map(|plan| plan.file_bytes).sum::<u64>() + kept_bytes;
    let kept: Vec<Kept> = kept.into_values().collect();
    partitions.extend(
        kept.iter().filter_map(|kept| kept.entry_on(&folder, marker.as_ref()).or_else(|| entry(&kept.plan))),
    );
    let place = |partition: &Partition| {
        let uid = snapshot.neuron(&partition.validator).map(|neuron| neuron.uid);
        wanted.iter().position(|share| Some(share.uid) == uid)
    };
    partitions.sort_by_key(place);
    let root = request.db_path.clone();
    Ok(Allocated { root, folder, available_bytes, cap_bytes, file_bytes, partitions, kept, orphans, skipped })
}

/// A cap that somebody wrote down is never exceeded, not even by what is there. (A share of the free space moves
/// with what others write to the disk.)
fn expect_room_for_kept(request: &AllocateRequest, kept_bytes: u64) -> Result<(), NodeError> {
    match request.max_bytes {
        Some(max_bytes) if kept_bytes > max_bytes => Err(NodeError::Unsupported(format!(
            "the plots that are there take {}, more than the {} that are allowed: allow more, or divide anew with \
             --rebalance and fill again",
            ByteSize(kept_bytes),
            ByteSize(max_bytes)
        ))),
        _ => Ok(()),
    }
}

fn cap(request: &AllocateRequest, available_bytes: u64) -> Result<u64, NodeError> {
    let by_threshold = cap_of_threshold(available_bytes, request.threshold)?;
    match request.max_bytes {
        Some(max_bytes) if max_bytes > available_bytes => Err(StoreError::NoSpace {
            path: request.db_path.clone(),
            needed_bytes: max_bytes,
            free_bytes: available_bytes,
        }
        .into()),
        Some(max_bytes) => Ok(max_bytes.min(by_threshold)),
        None => Ok(by_threshold),
    }
}

fn neuron(record: &plimsoll_chain::NeuronRecord, owner: &Hotkey) -> Neuron {
    Neuron {
        uid: record.uid,
        hotkey: record.hotkey,
        stake_rao: record.stake_rao,
        validator_permit: record.validator_permit,
        is_owner: record.hotkey == *owner,
    }
}

fn partition(
    plan: &Planned,
    snapshot: &Snapshot,
    request: &AllocateRequest,
    whole: &PlannedSpace,
    tag: &SchemeTag,
    marker: Option<&DiskMarker>,
) -> Option<Partition> {
    let record = snapshot.at(plan.share.uid)?;
    let folder = request.folder();
    let miner = MinerSide {
        block: snapshot.block,
        subtensor: request.endpoint.clone(),
        wallet_name: request.wallet_name.clone(),
        wallet_hotkey: request.wallet_hotkey.clone(),
        netuid: snapshot.netuid,
        path: folder.clone(),
        owner: request.owner,
    };
    let share = ShareSide {
        uid: record.uid,
        validator: record.hotkey,
        stake_rao: record.stake_rao,
        bytes: plan.share.bytes,
    };
    let entry = PlotEntry {
        file: super::open::name_of(&plot_path(&folder, &record.hotkey)),
        scheme: tag.name.clone(),
        plugin: tag.plugin,
        params: tag.params,
        unit_bytes: plan.layout.unit_bytes,
        units: plan.layout.units,
        region_bytes: plan.layout.region_bytes,
        disk: marker.cloned(),
    };
    Some(Partition::of_share(&miner, whole, &share, Some(entry)))
}

impl Allocated {
    /// Writes `partition.json`, in place of an older one, and the disk's marker where there is none. Plots are
    /// never touched.
    ///
    /// # Errors
    /// What the disk said.
    pub fn write(&self) -> Result<PathBuf, NodeError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| NodeError::Disk { path: self.folder.clone(), reason: error.to_string() })?;
        let path = self.folder.join(PARTITION_FILE);
        let marker = DiskMarker::read_or_make(&self.root)?;
        let mut partitions = self.partitions.clone();
        for plot in partitions.iter_mut().filter_map(|partition| partition.plimsoll.as_mut()) {
            plot.disk = Some(marker.clone());
        }
        write_partitions(&path, &partitions)?;
        Ok(path)
    }
}
