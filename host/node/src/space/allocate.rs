//! Divides a disk among validators.
//!
//! The policy says who gets how much; the host asks the scheme what a plot of that size takes on the disk,
//! header and integrity tree included, and takes back whole chunks until the files stay within the cap (P9).

use std::path::{Path, PathBuf};

use plimsoll_chain::Snapshot;
use plimsoll_core::{AllocationSpace, Hotkey, Identity, Layout, Neuron, Share, Uid};
use plimsoll_plugin::{Allocation, PluginError, Scheme, SchemeInstance};
use plimsoll_store::partition::{
    MinerSide, Partition, PlannedSpace, PlotEntry, ShareSide, cap_of_threshold, write_partitions,
};
use plimsoll_store::{DiskMarker, Geometry, SchemeTag, StoreError, free_space, plot_path};
use serde::Serialize;

use super::fill::scheme_tag;
use crate::NodeError;

/// The file beside the plots.
pub const PARTITION_FILE: &str = "partition.json";

/// How often the cap may be lowered until files fit; a plot's overhead is a tenth of a percent, so that the
/// second plan fits.
const MOST_PLANS: usize = 8;

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
    /// Where the plots will lie.
    pub folder: PathBuf,
    /// Free bytes, counting what this miner's own plots take already.
    pub available_bytes: u64,
    /// Bytes that all files together may take.
    pub cap_bytes: u64,
    /// Bytes that they will take.
    pub file_bytes: u64,
    /// One a validator.
    pub partitions: Vec<Partition>,
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

struct Planned {
    share: Share,
    layout: Layout,
    file_bytes: u64,
}

/// Divides the space as `policy` wants it. Nothing is written but the disk's marker: see [`Allocated::write`].
///
/// # Errors
/// A missing folder, a threshold out of range, a cap larger than the disk, or what a plugin said.
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
    let neurons: Vec<Neuron> = snapshot.neurons.iter().map(|n| neuron(n, &request.owner)).collect();
    let mut offered = cap_bytes;
    let mut hand = scheme.instance()?;
    let mut policy = policy.instance()?;
    for _ in 0..MOST_PLANS {
        let space = AllocationSpace { available_bytes, cap_bytes: offered, chunk_bytes: request.chunk_bytes };
        let shares = policy.allocate(&space, &neurons)?;
        let (planned, skipped) = plan(&shares, snapshot, request, &mut hand)?;
        let file_bytes: u64 = planned.iter().map(|plan| plan.file_bytes).sum();
        if file_bytes <= cap_bytes {
            let threshold = cap_bytes as f64 / available_bytes.max(1) as f64;
            let whole =
                PlannedSpace { available_bytes, threshold, cap_bytes, chunk_bytes: request.chunk_bytes };
            let marker = DiskMarker::read_or_make(&request.db_path)?;
            let tag = scheme_tag(scheme);
            let partitions = planned
                .iter()
                .filter_map(|plan| partition(plan, snapshot, request, &whole, &tag, &marker))
                .collect();
            return Ok(Allocated { folder, available_bytes, cap_bytes, file_bytes, partitions, skipped });
        }
        let over = file_bytes - cap_bytes;
        // A share loses whole chunks: give back what is over, and a chunk a plot for the rounding.
        let rounding = request.chunk_bytes.saturating_mul(planned.len() as u64);
        offered = offered.saturating_sub(over.max(rounding.min(offered / 100)).max(1));
    }
    Err(NodeError::Unsupported(format!(
        "no division of {cap_bytes} bytes stays within them once headers and integrity trees are counted: \
         offer more space, or fewer validators"
    )))
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

/// What the miner's own plots take already: it is free for a new division.
fn plots_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let is_plot = |path: &Path| path.extension().is_some_and(|ext| ext == "plot");
    let plots = entries.flatten().filter(|entry| is_plot(&entry.path()));
    plots
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| std::os::unix::fs::MetadataExt::blocks(&meta) * 512)
        .sum()
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

fn plan(
    shares: &[Share],
    snapshot: &Snapshot,
    request: &AllocateRequest,
    hand: &mut SchemeInstance,
) -> Result<(Vec<Planned>, Vec<Skipped>), NodeError> {
    let (mut planned, mut skipped) = (Vec::new(), Vec::new());
    for &share in shares.iter().filter(|share| share.bytes > 0) {
        let Some(record) = snapshot.at(share.uid) else { continue };
        let identity = Identity { netuid: snapshot.netuid, owner: request.owner, validator: record.hotkey };
        match hand.plan(&identity, share.bytes) {
            Ok(layout) => {
                let file_bytes = Geometry::of(layout.region_bytes).file_bytes;
                planned.push(Planned { share, layout, file_bytes });
            }
            // Too small for one unit: the scheme's answer, and no reason to refuse the others.
            Err(error @ (PluginError::Refused { .. } | PluginError::Promise { .. })) => {
                skipped.push(Skipped { uid: share.uid, bytes: share.bytes, why: error.to_string() });
            }
            Err(other) => return Err(other.into()),
        }
    }
    if planned.is_empty() {
        let why =
            skipped.first().map_or("the policy gave no validator any space", |first| first.why.as_str());
        return Err(NodeError::Unsupported(format!("no share holds a plot: {why}; offer more space")));
    }
    Ok((planned, skipped))
}

fn partition(
    plan: &Planned,
    snapshot: &Snapshot,
    request: &AllocateRequest,
    whole: &PlannedSpace,
    tag: &SchemeTag,
    marker: &DiskMarker,
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
        disk: Some(marker.clone()),
    };
    Some(Partition::of_share(&miner, whole, &share, Some(entry)))
}

impl Allocated {
    /// Writes `partition.json`, in place of an older one. Plots are never touched.
    ///
    /// # Errors
    /// What the disk said.
    pub fn write(&self) -> Result<PathBuf, NodeError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| NodeError::Disk { path: self.folder.clone(), reason: error.to_string() })?;
        let path = self.folder.join(PARTITION_FILE);
        write_partitions(&path, &self.partitions)?;
        Ok(path)
    }
}
