//! What the runs of a cell say together.

use std::collections::BTreeMap;

use plimsoll_core::Digest;
use serde::Serialize;
use serde_json::Value;

use super::cell::Cell;
use super::outcome::{GroupOutcome, SeedOutcome, ValidatorOutcome};
use crate::simulate::{Audits, Fidelity, Honest};
use crate::stats::{Wait, bootstrap_mean_ci95, mean, median_wait};

const RAO_PER_ALPHA: f64 = 1e9;

/// One cell over all its seeds. `SIMULATE.md` beside this crate's manifest explains every figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellSummary {
    /// The incentive rule.
    pub rule: String,
    /// Its parameters.
    pub rule_params: Value,
    /// The proof scheme.
    pub scheme: String,
    /// Its parameters.
    pub scheme_params: Value,
    /// What cheaters do.
    pub strategy: String,
    /// Keys that the sweep changed.
    pub settings: BTreeMap<String, String>,
    /// The challenge strategy.
    pub challenge: String,
    /// The allocation policy.
    pub allocation: String,
    /// How proofs were judged.
    pub fidelity: Fidelity,
    /// Epochs of a run.
    pub epochs: u64,
    /// Runs.
    pub seeds: usize,
    /// BLAKE3 of everything that went in but the seed.
    pub cell_blake3: Digest,
    /// Of each run: its seed and its digest.
    pub runs: Vec<RunName>,
    /// The groups of miners.
    pub agents: Vec<AgentSummary>,
    /// The groups of validators.
    pub validators: Vec<ValidatorSummary>,
    /// Epochs of honest miners with a whole plot in which they were paid too little for it, of all.
    pub false_punishment_rate: Option<f64>,
    /// How many those were.
    pub honest_paid_epochs_count: u64,
    /// Of all audits of honest miners with a whole plot that were judged, those that did not pass.
    pub honest_audits_not_passed_rate: Option<f64>,
    /// How many those were.
    pub honest_audits_count: u64,
    /// How unequal honest miners fare, on average over the seeds.
    pub honest_gini: Option<f64>,
    /// Core time of one honest validator an epoch.
    pub validator_core_s_per_epoch: f64,
    /// Its traffic.
    pub validator_traffic_bytes_per_epoch: f64,
    /// What both cost it.
    pub validator_usd_per_epoch: f64,
    /// Calls of plugins that broke down, in all runs.
    pub faults_count: u64,
    /// What the first of them said.
    pub first_fault: Option<String>,
    /// Earnings over time.
    pub windows: Vec<EarningsWindow>,
}

/// A run by its seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunName {
    /// The seed.
    pub seed: u64,
    /// BLAKE3 of the whole run.
    pub run_blake3: Digest,
}

/// One group of miners over all seeds. Amounts are of one run, on average.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentSummary {
    /// The group's name.
    pub name: String,
    /// The word of what it does.
    pub strategy: &'static str,
    /// Whether it keeps what it claims.
    pub honest: bool,
    /// Owners.
    pub count: u32,
    /// Its part of all that miners earned.
    pub emission_share: f64,
    /// The interval behind it, 95 %.
    pub emission_share_ci95: [f64; 2],
    /// (earned - paid) / paid; nothing where it paid nothing.
    pub roi: Option<f64>,
    /// The interval behind it, 95 %.
    pub roi_ci95: Option<[f64; 2]>,
    /// Epochs until half of its miners were caught; nothing of honest ones, and where it never comes so far.
    pub detected_after_epochs: Option<f64>,
    /// Of its miners, those that were caught; nothing of honest ones.
    pub detected_share: Option<f64>,
    /// Epochs until, in half of the runs, its part of all pay fell below half of its part of all claims.
    pub underpaid_after_epochs: Option<f64>,
    /// Its part of all claimed bytes.
    pub claimed_share: f64,
    /// Its part of all bytes on miners' own disks.
    pub stored_share: f64,
    /// What it earned.
    pub earned_alpha: f64,
    /// The same in dollars.
    pub earned_usd: f64,
    /// What it paid.
    pub paid_usd: f64,
    /// Bytes stored, times epochs.
    pub stored_byte_epochs: f64,
    /// Core time.
    pub core_s: f64,
    /// Traffic.
    pub traffic_bytes: f64,
    /// Registrations.
    pub registration_alpha: f64,
    /// Audits of honest validators in all runs together.
    pub audits: Audits,
}

/// One group of validators over all seeds. Amounts are of one run, on average.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidatorSummary {
    /// The group's name.
    pub name: String,
    /// How they come to their weights.
    pub vote: &'static str,
    /// Validators.
    pub count: u32,
    /// Its part of all validators' stake.
    pub stake_share: f64,
    /// Its part of all dividends.
    pub dividend_share: f64,
    /// The interval behind it, 95 %.
    pub dividend_share_ci95: [f64; 2],
    /// Dividends for its stake, as a multiple of what all validators get for theirs.
    pub dividend_per_stake: Option<f64>,
    /// (earned - paid) / paid; nothing where it paid nothing.
    pub roi: Option<f64>,
    /// The interval behind it, 95 %.
    pub roi_ci95: Option<[f64; 2]>,
    /// What it earned.
    pub earned_alpha: f64,
    /// The same in dollars.
    pub earned_usd: f64,
    /// What its audits cost.
    pub paid_usd: f64,
    /// Core time for them.
    pub core_s: f64,
    /// Traffic for them.
    pub traffic_bytes: f64,
}

/// Some epochs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EarningsWindow {
    /// The first.
    pub first_epoch: u64,
    /// How many.
    pub epochs: u64,
    /// What each group earned in one of them, on average.
    pub earned_alpha_per_epoch: Vec<f64>,
}

/// The outcomes of `cell`, in the order of their seeds, together.
#[must_use]
pub fn summary(cell: &Cell, outcomes: &[SeedOutcome]) -> CellSummary {
    let over = |of: fn(&SeedOutcome) -> f64| mean(&outcomes.iter().map(of).collect::<Vec<_>>());
    let plugins = &cell.scenario.plugins;
    let mut honest = Honest::default();
    outcomes.iter().for_each(|outcome| honest.add(&outcome.honest));
    let ginis: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.honest_gini).collect();
    CellSummary {
        rule: cell.rule.clone(),
        rule_params: plugins.rule_params.clone(),
        scheme: cell.scheme.clone(),
        scheme_params: plugins.scheme_params.clone(),
        strategy: cell.strategy.clone(),
        settings: cell.settings.iter().cloned().collect(),
        challenge: plugins.challenge.clone(),
        allocation: plugins.allocation.clone(),
        fidelity: cell.scenario.fidelity,
        epochs: cell.scenario.epochs,
        seeds: outcomes.len(),
        cell_blake3: cell.digest(),
        runs: outcomes.iter().map(|of| RunName { seed: of.seed, run_blake3: of.run_blake3 }).collect(),
        agents: (0..cell.scenario.miners.len()).map(|at| agent(cell, outcomes, at)).collect(),
        validators: (0..cell.scenario.validators.len()).map(|at| validators(cell, outcomes, at)).collect(),
        false_punishment_rate: honest.false_punishment_rate(),
        honest_paid_epochs_count: honest.paid_epochs,
        honest_audits_not_passed_rate: honest.audits.pass_rate().map(|passed| 1.0 - passed),
        honest_audits_count: honest.audits.judged(),
        honest_gini: (!ginis.is_empty()).then(|| mean(&ginis)),
        validator_core_s_per_epoch: over(|of| of.validator.core_seconds),
        validator_traffic_bytes_per_epoch: over(|of| of.validator.traffic_bytes),
        validator_usd_per_epoch: over(|of| of.validator.usd),
        faults_count: outcomes.iter().map(|of| of.faults).sum(),
        first_fault: outcomes
            .iter()
            .find_map(|of| Some(format!("seed {}, {}", of.seed, of.first_fault.as_ref()?))),
        windows: windows(cell, outcomes),
    }
}

fn agent(cell: &Cell, outcomes: &[SeedOutcome], at: usize) -> AgentSummary {
    let miners = &cell.scenario.miners[at];
    let values = |of: fn(&GroupOutcome) -> f64| -> Vec<f64> {
        outcomes.iter().map(|seed| of(&seed.groups[at])).collect()
    };
    let over = |of| mean(&values(of));
    let interval = |of, figure: u8| bootstrap_mean_ci95(&values(of), seed(cell, at, figure));
    let mut audits = Audits::default();
    for outcome in outcomes {
        audits.add(&outcome.groups[at].audits);
    }
    let groups = || outcomes.iter().map(|of| &of.groups[at]);
    let detections: Vec<Wait> = groups().flat_map(|group| group.detections.iter().copied()).collect();
    let underpaid: Vec<Wait> = groups().filter_map(|group| group.underpaid).collect();
    let returns: Vec<f64> = groups().filter_map(|group| group.roi).collect();
    let watched: u64 = detections.iter().map(|wait| wait.count).sum();
    let detected: u64 = detections.iter().filter(|wait| wait.happened).map(|wait| wait.count).sum();
    AgentSummary {
        name: miners.name.clone(),
        strategy: miners.strategy.word(),
        honest: miners.strategy.is_honest(),
        count: miners.count,
        emission_share: over(|of| of.emission_share),
        emission_share_ci95: interval(|of| of.emission_share, 0),
        roi: (!returns.is_empty()).then(|| mean(&returns)),
        roi_ci95: (!returns.is_empty()).then(|| bootstrap_mean_ci95(&returns, seed(cell, at, 1))),
        detected_after_epochs: median_wait(&detections).map(|epochs| epochs as f64),
        detected_share: (watched > 0).then(|| detected as f64 / watched as f64),
        underpaid_after_epochs: median_wait(&underpaid).map(|epochs| epochs as f64),
        claimed_share: over(|of| of.claimed_share),
        stored_share: over(|of| of.stored_share),
        earned_alpha: over(|of| of.earned_rao as f64 / RAO_PER_ALPHA),
        earned_usd: over(|of| of.earned_usd),
        paid_usd: over(|of| of.costs.usd),
        stored_byte_epochs: over(|of| of.costs.byte_epochs),
        core_s: over(|of| of.costs.core_seconds),
        traffic_bytes: over(|of| of.costs.traffic_bytes),
        registration_alpha: over(|of| of.costs.registration_rao as f64 / RAO_PER_ALPHA),
        audits,
    }
}

fn validators(cell: &Cell, outcomes: &[SeedOutcome], at: usize) -> ValidatorSummary {
    let group = &cell.scenario.validators[at];
    let values = |of: fn(&ValidatorOutcome) -> f64| -> Vec<f64> {
        outcomes.iter().map(|seed| of(&seed.validators[at])).collect()
    };
    let over = |of| mean(&values(of));
    let returns: Vec<f64> = outcomes.iter().filter_map(|seed| seed.validators[at].roi).collect();
    let (stake_share, dividend_share) = (over(|of| of.stake_share), over(|of| of.dividend_share));
    ValidatorSummary {
        name: group.name.clone(),
        vote: group.vote.word(),
        count: group.count,
        stake_share,
        dividend_share,
        dividend_share_ci95: bootstrap_mean_ci95(&values(|of| of.dividend_share), seed(cell, at, 2)),
        dividend_per_stake: (stake_share > 0.0).then(|| dividend_share / stake_share),
        roi: (!returns.is_empty()).then(|| mean(&returns)),
        roi_ci95: (!returns.is_empty()).then(|| bootstrap_mean_ci95(&returns, seed(cell, at, 3))),
        earned_alpha: over(|of| of.earned_rao as f64 / RAO_PER_ALPHA),
        earned_usd: over(|of| of.earned_usd),
        paid_usd: over(|of| of.costs.usd),
        core_s: over(|of| of.costs.core_seconds),
        traffic_bytes: over(|of| of.costs.traffic_bytes),
    }
}

/// Where an interval's draws come from: the cell, the group, and which figure.
fn seed(cell: &Cell, group: usize, figure: u8) -> [u8; 32] {
    Digest::of(&[&cell.digest().0[..], &(group as u64).to_le_bytes(), &[figure]].concat()).0
}

/// Window by window over the runs that lived so long.
fn windows(cell: &Cell, outcomes: &[SeedOutcome]) -> Vec<EarningsWindow> {
    let Some(longest) = outcomes.iter().max_by_key(|of| of.windows.len()) else { return Vec::new() };
    let one = |(number, window): (usize, &super::outcome::Window)| {
        let there: Vec<_> = outcomes.iter().filter_map(|of| of.windows.get(number)).collect();
        let epochs: u64 = there.iter().map(|window| window.epochs).sum();
        let earned = |at: usize| {
            let rao: f64 = there.iter().map(|window| window.earned_rao[at] as f64).sum();
            rao / RAO_PER_ALPHA / epochs.max(1) as f64
        };
        EarningsWindow {
            first_epoch: window.first_epoch,
            epochs: window.epochs,
            earned_alpha_per_epoch: (0..cell.scenario.miners.len()).map(earned).collect(),
        }
    };
    longest.windows.iter().enumerate().map(one).collect()
}
