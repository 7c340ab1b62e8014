//! Divides a disk among validators.
//!
//! The policy says who gets how much; the host asks the scheme what a plot of that size takes on the disk,
//! header and integrity tree included, and takes back whole chunks until the files stay within the cap (P9).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_chain::Snapshot;
use plimsoll_core::{AllocationSpace, ByteSize, Hotkey, Identity, Layout, Neuron, Share, Uid};
use plimsoll_plugin::{Allocation, AllocationInstance, PluginError, Scheme, SchemeInstance};
use plimsoll_store::partition::{
    MinerSide, Partition, PlannedSpace, PlotEntry, ShareSide, cap_of_threshold, write_partitions,
};
use plimsoll_store::{DiskMarker, Geometry, SchemeTag, StoreError, free_space, plot_path};
use serde::Serialize;

use super::fill::scheme_tag;
use super::keep::{Kept, kept_plots};
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

/// A share that holds a plot.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) share: Share,
    pub(super) layout: Layout,
    pub(super) file_bytes: u64,
}

/// Divides the space as `policy` wants it; plots that are there already keep theirs, unless everything is to be
/// divided anew. Nothing is written but the disk's marker: see [`Allocated::write`].
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
    let (planned, skipped) = if kept.is_empty() {
        divide(snapshot, request, &space, &neurons, &mut hands)?
    } else {
        let rest = AllocationSpace { cap_bytes: cap_bytes.saturating_sub(kept_bytes), ..space };
        let new: Vec<Neuron> = neurons.into_iter().filter(|n| !kept.contains_key(&n.hotkey)).collect();
        divide_rest(snapshot, request, &rest, &new, &wanted, &mut hands)?
    };
    let marker = DiskMarker::read_or_make(&request.db_path)?;
    let whole = PlannedSpace {
        available_bytes,
        threshold: request.threshold,
        cap_bytes,
        chunk_bytes: request.chunk_bytes,
    };
    let entry = |plan: &Planned| partition(plan, snapshot, request, &whole, &tag, &marker);
    let mut partitions: Vec<Partition> = planned.iter().filter_map(entry).collect();
    let file_bytes = planned.iter().map(|plan| plan.file_bytes).sum::<u64>() + kept_bytes;
    let kept: Vec<Kept> = kept.into_values().collect();
    partitions
        .extend(kept.iter().filter_map(|kept| kept.entry_on(&folder, &marker).or_else(|| entry(&kept.plan))));
    let place = |partition: &Partition| {
        let uid = snapshot.neuron(&partition.validator).map(|neuron| neuron.uid);
        wanted.iter().position(|share| Some(share.uid) == uid)
    };
    partitions.sort_by_key(place);
    Ok(Allocated { folder, available_bytes, cap_bytes, file_bytes, partitions, kept, skipped })
}

/// The plugins that divide and plan.
struct Hands {
    policy: AllocationInstance,
    scheme: SchemeInstance,
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

type Division = (Vec<Planned>, Vec<Skipped>);

/// Divides `space` among `neurons` so that all files stay within it.
fn divide(
    snapshot: &Snapshot,
    request: &AllocateRequest,
    space: &AllocationSpace,
    neurons: &[Neuron],
    hands: &mut Hands,
) -> Result<Division, NodeError> {
    let cap_bytes = space.cap_bytes;
    let mut offered = cap_bytes;
    for _ in 0..MOST_PLANS {
        let shares = hands.policy.allocate(&AllocationSpace { cap_bytes: offered, ..*space }, neurons)?;
        let (planned, skipped) = plan(&shares, snapshot, request, &mut hands.scheme)?;
        let file_bytes: u64 = planned.iter().map(|plan| plan.file_bytes).sum();
        if file_bytes <= cap_bytes {
            return Ok((planned, skipped));
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

/// Divides what the kept plots leave. Whoever is new and gets nothing of it is told, and is no reason to refuse.
fn divide_rest(
    snapshot: &Snapshot,
    request: &AllocateRequest,
    rest: &AllocationSpace,
    new: &[Neuron],
    wanted: &[Share],
    hands: &mut Hands,
) -> Result<Division, NodeError> {
    let is_new = |share: &&Share| share.bytes > 0 && new.iter().any(|neuron| neuron.uid == share.uid);
    let wanting: Vec<Share> = wanted.iter().filter(is_new).copied().collect();
    if wanting.is_empty() {
        return Ok(Division::default());
    }
    let (planned, mut skipped) = match divide(snapshot, request, rest, new, hands) {
        Ok(division) => division,
        // Too little for anybody, or for the policy to divide at all.
        Err(NodeError::Unsupported(_) | NodeError::Plugin(PluginError::Refused { .. })) => {
            Division::default()
        }
        Err(other) => return Err(other),
    };
    skipped.clear();
    let left_out = wanting.iter().filter(|share| !planned.iter().any(|plan| plan.share.uid == share.uid));
    skipped.extend(left_out.map(|share| Skipped {
        uid: share.uid,
        bytes: share.bytes,
        why: format!(
            "the plots that are there leave {}: offer more space, or divide anew with --rebalance and fill again",
            ByteSize(rest.cap_bytes)
        ),
    }));
    Ok((planned, skipped))
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
