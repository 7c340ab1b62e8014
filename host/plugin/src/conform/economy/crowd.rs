//! Miners, their audits over some epochs, and what a rule makes of them.

use plimsoll_core::{BlockNumber, Digest, Epoch, Hotkey, IncentiveOutcome, Round, Standing, Uid};
use serde_json::{Value, json};

use super::choices::Choices;
use super::scenario::{Miners, ONLY_EXACT};
use crate::Incentive;

/// What became of one miner's audits in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Audits {
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) late: u32,
    pub(super) absent: u32,
}

/// One hotkey.
#[derive(Debug, Clone)]
pub(super) struct Miner {
    pub(super) role: String,
    /// Fills its hotkey.
    pub(super) key: u8,
    /// Fills its coldkey.
    pub(super) coldkey: u8,
    pub(super) claimed_bytes: u64,
    pub(super) latency_ms: u32,
    /// By epoch.
    pub(super) audits: Vec<Audits>,
}

/// Samples of an audit, where a scenario says nothing of them.
const SCENARIO_SAMPLES: f64 = 20.0;

/// Epochs of a case, at most.
pub(super) const EPOCHS: usize = 5;

/// One of each epoch, drawn for as many as there can be: with fewer epochs the first of them are left out, so that a
/// case that ends badly still does.
pub(super) fn by_epoch<T>(epochs: usize, draw: impl FnMut() -> T) -> Vec<T> {
    let mut all: Vec<T> = std::iter::repeat_with(draw).take(EPOCHS).collect();
    all.split_off(EPOCHS.saturating_sub(epochs))
}

impl Audits {
    pub(super) const fn issued(self) -> u32 {
        self.passed + self.failed + self.late + self.absent
    }

    /// Not asked, all passed, or some not.
    pub(super) fn draw(choices: &mut Choices<'_>) -> Self {
        let all = Self { passed: choices.small(10), ..Self::default() };
        all.losing(choices)
    }

    /// The same, of which some that passed did not.
    pub(super) fn losing(self, choices: &mut Choices<'_>) -> Self {
        let lost = choices.small(self.passed + 1);
        let mut after = Self { passed: self.passed - lost, ..self };
        match choices.below(3) {
            0 => after.failed += lost,
            1 => after.late += lost,
            _ => after.absent += lost,
        }
        after
    }

    /// As many, none of them answered.
    pub(super) const fn unanswered(self) -> Self {
        Self { passed: 0, failed: 0, late: 0, absent: self.issued() }
    }
}

/// Sizes of plots: whole gibibytes up to 2^`bits` of them, or some bytes more.
pub(super) fn size_bytes(choices: &mut Choices<'_>, bits: u64) -> u64 {
    let gib = choices.magnitude(bits);
    let (is_odd, odd) = (choices.chance(), choices.below(1 << 30));
    let odd = if is_odd { odd } else { 0 };
    (gib << 30).saturating_add(odd)
}

impl Miner {
    /// A miner of some size, with audits in each of `epochs`, of which there are at most [`EPOCHS`].
    pub(super) fn draw(choices: &mut Choices<'_>, role: &str, key: u8, epochs: usize) -> Self {
        Self {
            role: role.to_owned(),
            key,
            coldkey: key,
            claimed_bytes: size_bytes(choices, 16),
            latency_ms: 1 + choices.small(1_000),
            audits: by_epoch(epochs, || Audits::draw(choices)),
        }
    }

    fn standing(&self, uid: u16, epoch: usize) -> Standing {
        let now = self.audits[epoch];
        // As the host does it: who is not asked keeps what it proved when it was asked last.
        let last = self.audits[..=epoch].iter().rev().find(|audits| audits.issued() > 0);
        let proven = |audits: &Audits| {
            u128::from(self.claimed_bytes) * u128::from(audits.passed) / u128::from(audits.issued())
        };
        let in_time = u32::from(now.passed + now.failed > 0);
        Standing {
            uid: Uid(uid),
            hotkey: Hotkey([self.key; 32]),
            coldkey: Hotkey([self.coldkey; 32]),
            claimed_bytes: self.claimed_bytes,
            proven_bytes: u64::try_from(last.map_or(0, proven)).unwrap_or(self.claimed_bytes),
            cargo_bytes: 0,
            issued: now.issued(),
            passed: now.passed,
            failed: now.failed,
            late: now.late,
            absent: now.absent,
            latency_p50_ms: self.latency_ms * in_time,
            latency_p99_ms: 2 * self.latency_ms * in_time,
        }
    }

    /// The share of all its audits that passed; all, where there were none.
    pub(super) fn kept(&self) -> f64 {
        let sum = |count: fn(&Audits) -> u32| f64::from(self.audits.iter().map(count).sum::<u32>());
        let issued = sum(|audits| audits.issued());
        if issued > 0.0 { sum(|audits| audits.passed) / issued } else { 1.0 }
    }

    /// With as many units kept as pass that share of audits of 20 samples.
    pub(super) fn group(&self) -> Miners {
        Miners::new(&self.role, 1, self.claimed_bytes, kept_of(self.kept()))
    }
}

/// What is said of a scenario of `miners`: in a simulation everyone is asked, in every epoch.
pub(super) fn only_exact(miners: &[Miner], also: bool) -> &'static str {
    let is_unasked = |miner: &Miner| miner.audits.iter().all(|audits| audits.issued() == 0);
    if also || miners.iter().any(is_unasked) { ONLY_EXACT } else { "" }
}

/// The share of units that an owner keeps who passes such a share of audits: its 20th root, in ten-thousandths.
pub(super) fn kept_of(passed: f64) -> f64 {
    (passed.powf(1.0 / SCENARIO_SAMPLES) * 10_000.0).round() / 10_000.0
}

/// What a rule said of a crowd over some epochs.
pub(super) struct Life {
    pub(super) standings: Vec<Vec<Standing>>,
    pub(super) outcomes: Vec<IncentiveOutcome>,
}

pub(super) fn round(epoch: u64) -> Round {
    let beacon = Digest::of(&epoch.to_le_bytes());
    Round { epoch: Epoch(epoch), block: BlockNumber(epoch * 360), beacon }
}

/// Weighs `miners`, whose uids are their places, in all their epochs, with the rule's own memory.
pub(super) fn live(rule: &Incentive, miners: &[Miner]) -> Result<Life, String> {
    let epochs = miners.first().map_or(0, |miner| miner.audits.len());
    let standings =
        (0..epochs).map(|epoch| (0..).zip(miners).map(|(uid, miner)| miner.standing(uid, epoch)).collect());
    weigh_all(rule, standings.collect())
}

/// Weighs epoch after epoch.
pub(super) fn weigh_all(rule: &Incentive, standings: Vec<Vec<Standing>>) -> Result<Life, String> {
    let mut instance = rule.instance().map_err(|e| e.to_string())?;
    let mut outcomes: Vec<IncentiveOutcome> = Vec::new();
    for (epoch, now) in (0..).zip(&standings) {
        let memory = outcomes.last().map_or(&[][..], |outcome| &outcome.memory);
        outcomes.push(instance.weigh(&round(epoch), now, memory).map_err(|e| format!("epoch {epoch}: {e}"))?);
    }
    Ok(Life { standings, outcomes })
}

impl Life {
    /// What the miner at `place` earned in the last epoch; one that is not named earns 0.
    pub(super) fn last_value(&self, place: u16) -> u64 {
        self.last_values().iter().find(|(uid, _)| *uid == Uid(place)).map_or(0, |&(_, value)| value)
    }

    /// For messages: after 3 epochs.
    pub(super) fn after(&self) -> String {
        let epochs = self.outcomes.len();
        format!("after {epochs} epoch{}", if epochs == 1 { "" } else { "s" })
    }

    /// What all earned in the last epoch.
    pub(super) fn last_values(&self) -> Vec<(Uid, u64)> {
        let last = self.outcomes.last();
        let mut values: Vec<(Uid, u64)> = last
            .iter()
            .flat_map(|outcome| &outcome.weights)
            .map(|weight| (weight.uid, weight.value))
            .collect();
        values.sort_unstable();
        values
    }

    /// Standings and weights of every epoch.
    pub(super) fn to_json(&self) -> Value {
        let epochs = self.standings.iter().zip(&self.outcomes);
        epochs
            .map(|(standings, outcome)| json!({ "standings": standings, "weights": outcome.weights }))
            .collect()
    }
}
