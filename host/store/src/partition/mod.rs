//! `partition.json`: what a miner divided among whom.
//!
//! An array of one object a validator, with the seed prototype's 22 fields under its names and in its
//! order (`availble_space` is its spelling), indented by four spaces, so that its tools read ours and we read
//! theirs. What is ours stands behind them in one object, `plimsoll`, which a file of the prototype lacks.
//! Fields are read by name, in any order; fields that nobody knows are kept.

mod fields;
mod file;
mod plan;

pub use file::{read_partitions, write_partitions};
pub use plan::{MinerSide, PlannedSpace, ShareSide, cap_of_threshold};

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};
use serde::{Deserialize, Serialize};

use crate::DiskMarker;

/// One validator's part of a miner's space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partition {
    /// The validator's place in the subnet.
    pub i: Uid,
    /// The block that the plan was made at.
    pub block: BlockNumber,
    /// The chain's endpoint.
    pub subtensor: String,
    /// The wallet's name.
    pub wallet_name: String,
    /// The hotkey's name in the wallet.
    pub wallet_hotkey: String,
    /// The subnet.
    pub netuid: NetUid,
    /// The folder that holds the plots: `<db_path>/<wallet>/<hotkey>`.
    pub path: PathBuf,
    /// The miner.
    pub owner: Hotkey,
    /// For whom.
    pub validator: Hotkey,
    /// The validator's stake in whole TAO, truncated.
    #[serde(deserialize_with = "fields::whole")]
    pub stake: u64,
    /// Bytes of this part.
    #[serde(deserialize_with = "fields::whole")]
    pub size: u64,
    /// The same for people.
    pub h_size: String,
    /// The share of the free space that all parts together may take.
    pub threshold: f64,
    /// The same in bytes.
    #[serde(deserialize_with = "fields::whole")]
    pub threshold_space: u64,
    /// The same for people.
    pub h_threshold_space: String,
    /// This part's share of `threshold_space`, in percent.
    pub threshold_percent: f64,
    /// Bytes that were free.
    #[serde(deserialize_with = "fields::whole")]
    pub availble_space: u64,
    /// The same for people.
    pub h_available_space: String,
    /// This part's share of `availble_space`, in percent.
    pub available_percent: f64,
    /// Number of chunks.
    #[serde(deserialize_with = "fields::whole")]
    pub n_chunks: u64,
    /// Bytes of one.
    #[serde(deserialize_with = "fields::whole")]
    pub chunk_size: u64,
    /// The seed prototype's seed: `owner` followed by `validator`.
    pub seed: String,
    /// What the prototype does not know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plimsoll: Option<PlotEntry>,
    /// What we do not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// The plot that fills a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlotEntry {
    /// Its file's name in the partition's folder.
    pub file: String,
    /// The scheme's name.
    pub scheme: String,
    /// BLAKE3 of the scheme's component.
    pub plugin: Digest,
    /// BLAKE3 of its parameters as canonical JSON.
    pub params: Digest,
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Number of units.
    pub units: u64,
    /// Bytes of the region.
    pub region_bytes: u64,
    /// The disk that it was planned for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disk: Option<DiskMarker>,
}

impl Partition {
    /// The number of chunks that the prototype's code gives for `size` and `chunk_size`: one more than fit, even
    /// where the division is exact. (Its README shows a number from an older program.)
    #[must_use]
    pub const fn n_chunks_of_the_seed(&self) -> u64 {
        match self.size.checked_div(self.chunk_size) {
            Some(whole) => whole + 1,
            None => 0,
        }
    }
}
