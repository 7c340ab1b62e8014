//! What is collected, and where to.

use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_core::{BlockNumber, Hotkey, Keypair, NetUid, Uid};

use super::CollectError;
use super::subnet::SubnetAt;
use crate::Clock;
use crate::source::Found;

/// What a run is to do.
#[derive(Clone)]
pub struct CollectOptions {
    /// The subnet.
    pub netuid: NetUid,
    /// The folder that holds `archive/` and `incoming/`.
    pub data_dir: PathBuf,
    /// Whose datasets.
    pub selection: Selection,
    /// Datasets with fewer valid rows do not count as downloaded; they are kept, so that they are not fetched again.
    pub min_rows: u32,
    /// Who signs the snapshot, if anybody.
    pub wallet: Option<Keypair>,
    /// By which a snapshot says when it was made.
    pub clock: Clock,
}

/// Whose datasets are fetched; of the others it is recorded what is held. All of it empty means everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These uids, and
    pub uids: BTreeSet<Uid>,
    /// these hotkeys.
    pub hotkeys: BTreeSet<Hotkey>,
    /// Of them those who committed then or later.
    pub since: Option<Since>,
}

/// A point in time of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A block.
    Block(BlockNumber),
    /// Milliseconds since 1970: the block is reckoned back from the newest one at the chain's pace.
    UnixMs {
        /// The point.
        at: u64,
        /// The clock when the newest block was read.
        now: u64,
    },
}

impl CollectOptions {
    /// Everybody's datasets, unsigned.
    #[must_use]
    pub fn new(netuid: NetUid, data_dir: impl Into<PathBuf>) -> Self {
        let (data_dir, selection) = (data_dir.into(), Selection::default());
        Self { netuid, data_dir, selection, min_rows: 0, wallet: None, clock: Clock::default() }
    }
}

/// A selection as blocks.
pub(super) struct Chosen<'o> {
    of: &'o Selection,
    since: Option<BlockNumber>,
}

impl Selection {
    /// Checked against those who are there.
    pub(super) fn on(&self, subnet: &SubnetAt, found: &[Found]) -> Result<Chosen<'_>, CollectError> {
        let (netuid, block) = (subnet.netuid, subnet.block.0);
        if let Some(uid) = self.uids.iter().find(|uid| found.iter().all(|found| found.uid != **uid)) {
            return Err(CollectError::NoSuchUid { netuid, uid: *uid, block });
        }
        if let Some(hotkey) = self.hotkeys.iter().find(|key| found.iter().all(|found| found.hotkey != **key))
        {
            return Err(CollectError::NoSuchHotkey { netuid, hotkey: *hotkey, block });
        }
        let since = self.since.map(|since| since.block(subnet)).transpose()?;
        Ok(Chosen { of: self, since })
    }
}

impl Since {
    fn block(self, subnet: &SubnetAt) -> Result<BlockNumber, CollectError> {
        let Self::UnixMs { at, now } = self else {
            let Self::Block(block) = self else { return Err(CollectError::NoPace) };
            return Ok(block);
        };
        let back = now.saturating_sub(at).checked_div(subnet.block_ms).ok_or(CollectError::NoPace)?;
        Ok(BlockNumber(subnet.block.0.saturating_sub(back)))
    }
}

impl Chosen<'_> {
    pub(super) fn takes(&self, found: &Found) -> bool {
        let anybody = self.of.uids.is_empty() && self.of.hotkeys.is_empty();
        let named = self.of.uids.contains(&found.uid) || self.of.hotkeys.contains(&found.hotkey);
        let late = self.since.is_none_or(|since| found.block.is_some_and(|block| block >= since));
        (anybody || named) && late
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::Digest;

    use super::*;

    #[test]
    fn a_date_is_reckoned_back_at_the_chains_pace() {
        let mut subnet = SubnetAt {
            netuid: NetUid(96),
            name: String::new(),
            block: BlockNumber(1000),
            block_hash: Digest([1; 32]),
            genesis: Digest([2; 32]),
            block_ms: 12_000,
        };
        let since = |subnet: &SubnetAt, at| Since::UnixMs { at, now: 10_000_000 }.block(subnet);
        assert_eq!(since(&subnet, 10_000_000 - 120_000).unwrap(), BlockNumber(990));
        assert_eq!(since(&subnet, 20_000_000).unwrap(), BlockNumber(1000), "tomorrow is later than all");
        assert_eq!(Since::Block(BlockNumber(7)).block(&subnet).unwrap(), BlockNumber(7));
        subnet.block_ms = 0;
        assert!(since(&subnet, 5).unwrap_err().to_string().ends_with("give a block instead"));
    }
}
