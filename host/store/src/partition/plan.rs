//! From a share of the space to the fields of a partition. How shares are made is an allocation policy's affair.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_core::{BlockNumber, ByteSize, Hotkey, NetUid, StakeRao, Uid, seed_human_size};

use super::{Partition, PlotEntry};
use crate::StoreError;

/// Who divides, where, and what the chain looked like.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerSide {
    /// The block that the plan is made at.
    pub block: BlockNumber,
    /// The chain's endpoint.
    pub subtensor: String,
    /// The wallet's name.
    pub wallet_name: String,
    /// The hotkey's name in the wallet.
    pub wallet_hotkey: String,
    /// The subnet.
    pub netuid: NetUid,
    /// `<db_path>/<wallet>/<hotkey>`.
    pub path: PathBuf,
    /// The miner.
    pub owner: Hotkey,
}

/// What is divided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedSpace {
    /// Bytes that are free.
    pub available_bytes: u64,
    /// The share of them that all parts together may take, as it was configured.
    pub threshold: f64,
    /// The same in bytes.
    pub cap_bytes: u64,
    /// Bytes of one chunk.
    pub chunk_bytes: u64,
}

impl PlannedSpace {
    /// A share of what is free.
    ///
    /// # Errors
    /// [`StoreError::BadSpec`] unless 0 < `threshold` ≤ 1.
    pub fn by_threshold(available_bytes: u64, threshold: f64, chunk_bytes: u64) -> Result<Self, StoreError> {
        let cap_bytes = cap_of_threshold(available_bytes, threshold)?;
        Ok(Self { available_bytes, threshold, cap_bytes, chunk_bytes })
    }

    /// A number of bytes.
    ///
    /// # Errors
    /// [`StoreError::BadSpec`] unless it is above 0 and no more than is free.
    pub fn by_cap(available_bytes: u64, cap_bytes: u64, chunk_bytes: u64) -> Result<Self, StoreError> {
        if cap_bytes == 0 || cap_bytes > available_bytes {
            let (cap, free) = (ByteSize(cap_bytes), ByteSize(available_bytes));
            let why =
                format!("{cap} of {free} that are free: use more than nothing, and no more than there is");
            return Err(StoreError::BadSpec { field: "size cap", why });
        }
        let threshold = percent(cap_bytes, available_bytes) / 100.0;
        Ok(Self { available_bytes, threshold, cap_bytes, chunk_bytes })
    }
}

/// Whose part, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSide {
    /// The validator's place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub validator: Hotkey,
    /// What stands behind it.
    pub stake_rao: StakeRao,
    /// Bytes of its part: a multiple of the chunk size.
    pub bytes: u64,
}

/// The bytes that a threshold allows: `available_bytes` times `threshold`, truncated, as the prototype does.
///
/// # Errors
/// [`StoreError::BadSpec`] unless 0 < `threshold` ≤ 1.
pub fn cap_of_threshold(available_bytes: u64, threshold: f64) -> Result<u64, StoreError> {
    if !(threshold > 0.0 && threshold <= 1.0) {
        let why = format!("{threshold} is no share of the free space: use a number above 0, and 1 at most");
        return Err(StoreError::BadSpec { field: "threshold", why });
    }
    // The product of a number of bytes and at most 1; beyond 2^53 bytes a double rounds, never above the whole.
    Ok(((available_bytes as f64 * threshold) as u64).min(available_bytes))
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

impl Partition {
    /// The fields of one share. Chunks are the units of its plot; without a plot, as many as fit.
    #[must_use]
    pub fn of_share(
        miner: &MinerSide,
        space: &PlannedSpace,
        share: &ShareSide,
        plot: Option<PlotEntry>,
    ) -> Self {
        let PlannedSpace { available_bytes, threshold, cap_bytes, chunk_bytes } = *space;
        let (n_chunks, chunk_size) = match &plot {
            Some(plot) => (plot.units, plot.unit_bytes.into()),
            None => (share.bytes.checked_div(chunk_bytes).unwrap_or(0), chunk_bytes),
        };
        Self {
            i: share.uid,
            block: miner.block,
            subtensor: miner.subtensor.clone(),
            wallet_name: miner.wallet_name.clone(),
            wallet_hotkey: miner.wallet_hotkey.clone(),
            netuid: miner.netuid,
            path: miner.path.clone(),
            owner: miner.owner,
            validator: share.validator,
            stake: share.stake_rao.whole_tao(),
            size: share.bytes,
            h_size: seed_human_size(share.bytes as f64),
            threshold,
            threshold_space: cap_bytes,
            h_threshold_space: seed_human_size(cap_bytes as f64),
            threshold_percent: percent(share.bytes, cap_bytes),
            availble_space: available_bytes,
            h_available_space: seed_human_size(available_bytes as f64),
            available_percent: percent(share.bytes, available_bytes),
            n_chunks,
            chunk_size,
            seed: format!("{}{}", miner.owner, share.validator),
            plimsoll: plot,
            other: BTreeMap::new(),
        }
    }
}
