//! What is kept of one run: all that summaries need, small enough to keep a hundred thousand of them.

use std::collections::BTreeMap;

use plimsoll_core::Digest;
use serde::{Deserialize, Serialize};

use crate::simulate::{Audits, Costs, EpochRow, Group, Honest, Run, ValidatorGroup};
use crate::stats::{Wait, gini};

/// The most windows that a run's epochs are put together to.
const MOST_WINDOWS: u64 = 120;

/// One run of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedOutcome {
    /// Its seed.
    pub seed: u64,
    /// Epochs that were lived through.
    pub epochs: u64,
    /// BLAKE3 of the whole run as JSON: two runs with the same are the same.
    pub run_blake3: Digest,
    /// The scenario's groups, in its order.
    pub groups: Vec<GroupOutcome>,
    /// See [`honest_gini`].
    pub honest_gini: Option<f64>,
    /// How honest miners fared.
    pub honest: Honest,
    /// The scenario's groups of validators, in its order.
    pub validators: Vec<ValidatorOutcome>,
    /// What one honest validator paid an epoch.
    pub validator: Costs,
    /// Calls of plugins that broke down.
    pub faults: u64,
    /// What the first of them said.
    pub first_fault: Option<String>,
    /// Earnings over time.
    pub windows: Vec<Window>,
}

/// One group of miners in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupOutcome {
    /// Its part of all that miners earned.
    pub emission_share: f64,
    /// Its part of all bytes that were claimed, over all epochs.
    pub claimed_share: f64,
    /// Its part of all bytes that lay on miners' own disks, over all epochs.
    pub stored_share: f64,
    /// What it earned, in alpha times 10^9.
    pub earned_rao: u64,
    /// The same in dollars.
    pub earned_usd: f64,
    /// What it paid.
    pub costs: Costs,
    /// (earned - paid) / paid.
    pub roi: Option<f64>,
    /// Audits of honest validators.
    pub audits: Audits,
    /// How long its miners went without being caught.
    pub detections: Vec<Wait>,
    /// How long its part of all pay was at least half of its part of all claims; nothing where it never claimed.
    pub underpaid: Option<Wait>,
}

/// One group of validators in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidatorOutcome {
    /// Its part of all validators' stake.
    pub stake_share: f64,
    /// Its part of all dividends.
    pub dividend_share: f64,
    /// What it earned, in alpha times 10^9.
    pub earned_rao: u64,
    /// The same in dollars.
    pub earned_usd: f64,
    /// What its audits cost.
    pub costs: Costs,
    /// (earned - paid) / paid.
    pub roi: Option<f64>,
}

/// Some epochs, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first.
    pub first_epoch: u64,
    /// How many.
    pub epochs: u64,
    /// What each group earned in them, in alpha times 10^9.
    pub earned_rao: Vec<u64>,
}

impl SeedOutcome {
    /// What is kept of `run`.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let total = |of: fn(&EpochRow) -> &Vec<u64>, at: usize| -> f64 {
            run.rows.iter().map(|row| of(row)[at] as f64).sum()
        };
        let all: Vec<usize> = (0..run.groups.len()).collect();
        let whole = |of| all.iter().map(|&at| total(of, at)).sum::<f64>();
        let (claimed, stored) = (whole(|row| &row.claimed_bytes), whole(|row| &row.stored_bytes));
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let groups = run.groups.iter().enumerate().map(|(at, group)| GroupOutcome {
            claimed_share: share(total(|row| &row.claimed_bytes, at), claimed),
            stored_share: share(total(|row| &row.stored_bytes, at), stored),
            underpaid: underpaid(run, at),
            ..GroupOutcome::of(group)
        });
        Self {
            seed: run.seed,
            epochs: run.epochs,
            run_blake3: digest(run),
            groups: groups.collect(),
            honest_gini: honest_gini(run),
            honest: run.honest,
            validators: run.validators.iter().map(ValidatorOutcome::of).collect(),
            validator: run.validator,
            faults: run.faults.len() as u64,
            first_fault: run
                .faults
                .first()
                .map(|fault| format!("epoch {}, {}: {}", fault.epoch, fault.validator, fault.what)),
            windows: windows(run),
        }
    }
}

impl GroupOutcome {
    fn of(group: &Group) -> Self {
        Self {
            emission_share: group.emission_share,
            claimed_share: 0.0,
            stored_share: 0.0,
            earned_rao: group.earned_rao,
            earned_usd: group.earned_usd,
            costs: group.costs,
            roi: group.roi,
            audits: group.audits,
            detections: together(&group.detections),
            underpaid: None,
        }
    }
}

impl ValidatorOutcome {
    fn of(group: &ValidatorGroup) -> Self {
        Self {
            stake_share: group.stake_share,
            dividend_share: group.dividend_share,
            earned_rao: group.earned_rao,
            earned_usd: group.earned_usd,
            costs: group.costs,
            roi: group.roi,
        }
    }
}

/// Those who waited alike as one.
fn together(waits: &[Wait]) -> Vec<Wait> {
    let mut counts = BTreeMap::new();
    for wait in waits {
        *counts.entry((wait.epochs, wait.happened)).or_insert(0) += wait.count;
    }
    counts.into_iter().map(|((epochs, happened), count)| Wait { epochs, happened, count }).collect()
}

/// Epochs from a group's first claim to the first one in which its part of what miners were paid is less than half of
/// its part of what they claimed.
fn underpaid(run: &Run, at: usize) -> Option<Wait> {
    let first = run.rows.iter().position(|row| row.claimed_bytes[at] > 0)?;
    let part = |of: &[u64]| of[at] as f64 / of.iter().map(|&of| of as f64).sum::<f64>();
    // Where nobody is paid, the quotient is no number, and not less than anything.
    let is_underpaid =
        |row: &&EpochRow| row.claimed_bytes[at] > 0 && part(&row.earned_rao) < part(&row.claimed_bytes) / 2.0;
    let found = run.rows[first..].iter().find(is_underpaid);
    let last = run.rows[first..].iter().rev().find(|row| row.claimed_bytes[at] > 0)?;
    let from = run.rows[first].epoch;
    let epochs = found.map_or(last.epoch + 1, |row| row.epoch).saturating_sub(from);
    Some(Wait { epochs, happened: found.is_some(), count: 1 })
}

/// BLAKE3 of a run's JSON.
#[must_use]
pub fn digest(run: &Run) -> Digest {
    let mut hasher = blake3::Hasher::new();
    // A hasher takes everything, and a run has no maps with strange keys: this cannot fail.
    let written = serde_json::to_writer(&mut hasher, run);
    debug_assert!(written.is_ok(), "{written:?}");
    Digest(*hasher.finalize().as_bytes())
}

/// How unequal honest miners fare: the Gini coefficient of what each earned for one byte that it stored for one epoch.
/// Miners that never stored any are left out; `None` where fewer than two are left, or nobody earned.
#[must_use]
pub fn honest_gini(run: &Run) -> Option<f64> {
    let honest = run.miners.iter().filter(|miner| run.groups[miner.group].honest);
    let stored = honest.filter(|miner| miner.costs.byte_epochs > 0.0);
    let rates: Vec<f64> = stored.map(|miner| miner.earned_rao as f64 / miner.costs.byte_epochs).collect();
    gini(&rates)
}

fn windows(run: &Run) -> Vec<Window> {
    let length = run.epochs.div_ceil(MOST_WINDOWS).max(1);
    let window = |rows: &[EpochRow]| Window {
        first_epoch: rows[0].epoch,
        epochs: rows.len() as u64,
        earned_rao: (0..run.groups.len()).map(|at| rows.iter().map(|row| row.earned_rao[at]).sum()).collect(),
    };
    run.rows.chunks(usize::try_from(length).unwrap_or(usize::MAX)).map(window).collect()
}
