//! What miners do: each strategy observes how it fares and acts, once an epoch.
//!
//! An agent decides what it claims, what it keeps of it, and what it does when it is asked for the rest. Whether its
//! audits pass is then no longer up to it.

mod elsewhere;
mod honest;
mod selective;
mod sybil;
mod thrifty;

use serde::{Deserialize, Serialize};

use super::Conduct;
use super::scenario::{Miners, Strategy};
use super::streams::Stream;

/// What an agent knows when it acts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The epoch that begins.
    pub(super) epoch: u64,
    /// What it earned in the last one, in dollars.
    pub(super) earned_usd: f64,
    /// What it paid in it, registrations and first filling apart: what going on costs.
    pub(super) running_usd: f64,
    /// Hotkeys of it that have a place.
    pub(super) places: u32,
    /// Whether it is the first of its group that has one.
    pub(super) is_first: bool,
}

/// A validator as a miner sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Toward {
    /// Its part of all validators' stake.
    pub(super) stake_share: f64,
}

/// One claim of a miner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    /// Which of its hotkeys.
    pub(super) key: u32,
    /// For whom.
    pub(super) toward: Toward,
    /// Bytes that are claimed.
    pub(super) bytes: u64,
}

/// Where a miner's bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Stored {
    /// On its own disks.
    pub(super) disk_bytes: u64,
    /// In cold storage.
    pub(super) cold_bytes: u64,
    /// What a tebibyte costs there in a month, in dollars.
    pub(super) cold_usd_per_tib_month: f64,
}

/// What an agent carries from one epoch to the next; all else of it follows from the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mind {
    /// Nothing.
    Empty,
    /// Of one that grows.
    Growing {
        /// What it claims.
        bytes: u64,
    },
    /// Of one whose disk fails.
    Flaky {
        /// The first epoch in which all is there again.
        whole_from: u64,
        /// Whether something is missing now.
        is_broken: bool,
    },
}

/// One owner's mind.
pub(super) trait Agent: Send + Sync {
    /// Observes, and says what it claims in this epoch, over all validators: see [`Miners::part_of`].
    fn act(&mut self, seen: &Seen, draws: &mut Stream) -> u64;

    /// What hotkey number `key` does towards a validator in this epoch.
    fn conduct(&self, key: u32, toward: &Toward) -> Conduct;

    /// Where the bytes of all its claims lie: what each keeps of them, unless the strategy says otherwise.
    fn stored(&self, plots: &[Plot]) -> Stored {
        let kept = |plot: &Plot| share_of(plot.bytes, self.conduct(plot.key, &plot.toward).kept);
        Stored { disk_bytes: plots.iter().map(kept).fold(0, u64::saturating_add), ..Stored::default() }
    }

    /// What it carries on.
    fn mind(&self) -> Mind {
        Mind::Empty
    }

    /// Goes on with what an agent of the same kind carried; false for another kind's.
    fn remember(&mut self, mind: Mind) -> bool {
        mind == Mind::Empty
    }

    /// The same mind again.
    fn again(&self) -> Box<dyn Agent>;
}

impl Clone for Box<dyn Agent> {
    fn clone(&self) -> Self {
        self.again()
    }
}

/// The agent of owner number `member` of a group.
pub(super) fn agent_of(group: &Miners, member: u32, identity_bound: bool) -> Box<dyn Agent> {
    let bytes = group.bytes.0;
    match group.strategy {
        Strategy::Honest => Box::new(honest::Honest { bytes }),
        Strategy::Growing { bytes_per_epoch, up_to } => {
            Box::new(honest::Growing { bytes, more_bytes: bytes_per_epoch.0, most_bytes: up_to.0 })
        }
        Strategy::Flaky { fails, repair_epochs } => {
            Box::new(honest::Flaky { bytes, fails, repair_epochs, whole_from: 0, is_broken: false })
        }
        Strategy::Freeloader { keep } => Box::new(thrifty::Freeloader { bytes, keep }),
        Strategy::Regenerator { keep, cores } => Box::new(thrifty::Regenerator { bytes, keep, cores }),
        Strategy::Outsourcer { rtt_ms, bytes_per_s } => {
            let is_first = member == 0;
            let is_served = is_first || !identity_bound;
            Box::new(elsewhere::Outsourcer { bytes, rtt_ms, bytes_per_s, is_served, has_store: is_first })
        }
        Strategy::OnDemand { rtt_ms, bytes_per_s, usd_per_tib_month } => {
            Box::new(elsewhere::OnDemand { bytes, rtt_ms, bytes_per_s, usd_per_tib_month })
        }
        Strategy::Sybil { .. } => Box::new(sybil::Sybil { bytes, identity_bound }),
        Strategy::Selective { stake_from } => Box::new(selective::Selective { bytes, stake_from }),
    }
}

/// `share` of `whole`, rounded down; exactly all of it for 1.
pub(super) fn share_of(whole: u64, share: f64) -> u64 {
    if share >= 1.0 {
        return whole;
    }
    // A cast saturates, and a share below zero is none.
    ((whole as f64 * share).floor() as u64).min(whole)
}

#[cfg(test)]
mod tests;
