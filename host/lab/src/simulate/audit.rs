//! One audit: what the miner answers, how long that takes, what it costs either side.
//!
//! Whether an answer holds is a [`Prover`]'s to say, sampled or exact; how long it takes is the same for both, from
//! the scheme's measured figures:
//!
//! * the line: round trip, jitter, and the proof's bytes over the miner's line;
//! * the proof: making it, and reading for each sample whose unit lies on a disk, here or at the other end of a line;
//! * units made anew: ceil(missing / cores) times one unit's, or everything once, on one core, where units do not
//!   come back alone;
//! * units fetched: reading them where they lie, one round trip for all of them, asked for at once, and what a proof
//!   reads of each over that line.
//!
//! Audits of one miner do not wait for one another: each has the whole line, and all the cores of a regenerator, to
//! itself, though several validators may ask at the same time. That favours those who have work to do.

use plimsoll_core::{Hotkey, Round, Statement};
use plimsoll_node::validator::{Outcome, RoundSecret};
use plimsoll_plugin::PluginError;
use serde::{Deserialize, Serialize};

use super::conduct::{Answers, Conduct, Missing};
use super::figures::SchemeFigures;
use super::hypergeometric::missing;
use super::scenario::NetworkTerms;
use super::streams::Stream;
use super::world::{Registered, Wanted, unfilled};

/// A request and its answer beside the proof: headers, signatures, challenge.
const REQUEST_BYTES: u64 = 2_048;
const NS_PER_S: u128 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;
const MIB: u128 = 1 << 20;

/// An audit on its way to a miner.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What the proof is held against.
    pub(super) statement: &'a Statement,
    /// Bytes of the plot's whole region.
    pub(super) region_bytes: u64,
    /// For whom the units were filled that the miner answers from.
    pub(super) holder: Hotkey,
    /// Units that lie on the miner's disk, and what it does about the others.
    pub(super) conduct: &'a Conduct,
    /// The validator's part of all stake.
    pub(super) stake_share: f64,
    /// The audit as the strategy wants it.
    pub(super) audit: &'a plimsoll_core::Audit,
    /// Its place in the round: with the next two, what the challenge is drawn from.
    pub(super) number: u32,
    /// The round.
    pub(super) round: &'a Round,
    /// The validator's secret.
    pub(super) secret: &'a RoundSecret,
}

/// What a miner's prover made of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proven {
    /// Units that the challenge asked for.
    pub(super) samples: u32,
    /// Of them, those that the miner did not keep.
    pub(super) missed: u32,
    /// What came of it.
    pub(super) fate: Fate,
}

/// What came of a challenge, time apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// A proof that holds.
    Right,
    /// A proof that does not.
    Wrong,
    /// No answer.
    Silent,
    /// The challenge asks for nothing that the plot holds.
    NotEligible,
    /// No answer, because the prover broke down over a plot that is whole.
    Broken(String),
    /// The scheme drew no challenge: nothing is sent.
    Unasked(String),
    /// The verifier could not tell, and why.
    Undecided(String),
}

/// Says what miners register, and what becomes of challenges. An error is the host's own and ends the run, or says of a
/// plugin what cannot be blamed on one audit.
pub(super) trait Prover: Send + Sync {
    /// What a miner registers; nothing where the space holds no unit, or the validator does not admit it.
    fn register(&self, wanted: &Wanted) -> Result<Option<Registered>, PluginError>;

    /// What the miner's prover makes of a challenge, and the verifier of its answer.
    fn prove(&self, asked: &Asked<'_>, draws: &mut Stream) -> Result<Proven, PluginError>;
}

/// Draws what becomes of a challenge from the scheme's figures.
pub(super) struct Sampled {
    unit_bytes: u32,
    most_samples: u32,
    not_eligible: f64,
}

impl Sampled {
    pub(super) fn new(figures: &SchemeFigures) -> Self {
        Self {
            unit_bytes: u32::try_from(figures.unit_bytes).unwrap_or(u32::MAX),
            most_samples: figures.most_samples,
            not_eligible: figures.not_eligible_fraction,
        }
    }

    /// As many samples as the scheme draws of this plot.
    fn drawn(&self, asked: &Asked<'_>) -> u32 {
        let there = asked.audit.focus.map_or(asked.statement.units, |focus| focus.count);
        let most = self.most_samples.min(asked.audit.samples);
        u32::try_from(there).unwrap_or(u32::MAX).min(most)
    }
}

impl Prover for Sampled {
    fn register(&self, wanted: &Wanted) -> Result<Option<Registered>, PluginError> {
        Ok(unfilled(wanted, self.unit_bytes))
    }

    fn prove(&self, asked: &Asked<'_>, draws: &mut Stream) -> Result<Proven, PluginError> {
        let samples = self.drawn(asked);
        if draws.chance(self.not_eligible) {
            return Ok(Proven { samples, missed: 0, fate: Fate::NotEligible });
        }
        let units = asked.statement.units;
        let missed = missing(units, asked.conduct.kept_of(units), samples, draws);
        let fate = match asked.conduct.missing {
            _ if missed == 0 => Fate::Right,
            Missing::Regenerated { .. } | Missing::Fetched { .. } => Fate::Right,
            Missing::Wrong => Fate::Wrong,
            Missing::Silent => Fate::Silent,
        };
        Ok(Proven { samples, missed, fate })
    }
}

/// What something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Work {
    /// Time of one core, microseconds.
    pub(super) core_us: u64,
    /// Bytes over a line.
    pub(super) traffic_bytes: u64,
}

impl Work {
    pub(super) fn add(&mut self, other: Self) {
        self.core_us = self.core_us.saturating_add(other.core_us);
        self.traffic_bytes = self.traffic_bytes.saturating_add(other.traffic_bytes);
    }
}

/// An audit that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) outcome: Outcome,
    /// What the answer took, if one came.
    pub(super) elapsed_ms: Option<u32>,
    /// Units that were asked for, if the challenge got so far.
    pub(super) samples: Option<u32>,
    /// Units that were asked for and not kept.
    pub(super) missed: u32,
    pub(super) miner: Work,
    pub(super) validator: Work,
    /// How the scheme broke down: why there is no verdict, or no answer of an honest prover.
    pub(super) fault: Option<String>,
}

impl Heard {
    /// Of a miner that is out of reach.
    pub(super) const fn away() -> Self {
        Self::nothing(0, Work { core_us: 0, traffic_bytes: 0 })
    }

    const fn nothing(missed: u32, miner: Work) -> Self {
        let validator = Work { core_us: 0, traffic_bytes: REQUEST_BYTES };
        let (samples, fault) = (None, None);
        Self { outcome: Outcome::Absent, elapsed_ms: None, samples, missed, miner, validator, fault }
    }
}

/// How long everything takes, in whole nanoseconds, so that no machine rounds otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    prove_ns: u64,
    read_ns: u64,
    verify_ns: u64,
    unit_ns: u64,
    alone: bool,
    fill_ns_per_mib: u64,
    sample_bytes: u64,
    proof_bytes: u64,
    rtt_ns: u64,
    jitter_ns: u64,
    line_bytes_per_s: u64,
}

impl Pace {
    pub(super) fn new(figures: &SchemeFigures, network: &NetworkTerms) -> Self {
        let ns = |us: f64| (us * 1000.0 + 0.5).floor() as u64;
        Self {
            prove_ns: ns(figures.prove_us),
            read_ns: ns(figures.sample_read_us),
            verify_ns: ns(figures.verify_us),
            unit_ns: ns(figures.unit_regenerate_us),
            alone: figures.unit_regenerates_alone,
            fill_ns_per_mib: ns(figures.fill_cpu_us_per_mib),
            sample_bytes: figures.sample_read_bytes,
            proof_bytes: figures.proof_bytes,
            rtt_ns: u64::from(network.rtt_ms) * NS_PER_MS,
            jitter_ns: u64::from(network.jitter_ms) * NS_PER_MS,
            line_bytes_per_s: network.bytes_per_s,
        }
    }

    /// Time of one core for filling so many bytes, microseconds.
    pub(super) fn fill_us(&self, bytes: u64) -> u64 {
        self.fill_ns(bytes) / 1000
    }

    fn fill_ns(&self, bytes: u64) -> u64 {
        narrow(u128::from(bytes) * u128::from(self.fill_ns_per_mib) / MIB)
    }

    /// Making `missed` of a plot's units anew: how long it takes on so many cores, and time of all cores together,
    /// nanoseconds.
    pub(super) fn regenerate_ns(&self, missed: u32, cores: u32, plot_bytes: u64) -> (u64, u64) {
        if missed == 0 {
            return (0, 0);
        }
        if !self.alone {
            let all = self.fill_ns(plot_bytes);
            return (all, all);
        }
        let turns = u64::from(missed.div_ceil(cores.max(1)));
        (turns.saturating_mul(self.unit_ns), u64::from(missed).saturating_mul(self.unit_ns))
    }

    /// The audit from request to verdict.
    pub(super) fn hear(
        &self,
        asked: &Asked<'_>,
        loss: f64,
        prover: &dyn Prover,
        draws: &mut Stream,
    ) -> Result<Heard, PluginError> {
        let is_lost = draws.chance(loss);
        let jitter_ns = draws.below(self.jitter_ns.saturating_add(1));
        if matches!(asked.conduct.answers, Answers::StakeFrom(least) if asked.stake_share < least) {
            return Ok(Heard::nothing(0, Work::default()));
        }
        let Proven { samples, missed, fate } = prover.prove(asked, draws)?;
        if let Fate::Unasked(why) = fate {
            let (outcome, validator) = (Outcome::NoVerdict, Work::default());
            return Ok(Heard { outcome, validator, fault: Some(why), ..Heard::away() });
        }
        let (mut miner, proving_ns) = self.answering(asked, samples, missed);
        if is_lost || matches!(fate, Fate::Silent | Fate::NotEligible | Fate::Broken(_)) {
            let fault = if let Fate::Broken(why) = fate { Some(why) } else { None };
            return Ok(Heard { samples: Some(samples), fault, ..Heard::nothing(missed, miner) });
        }
        let bytes = self.proof_bytes.saturating_add(REQUEST_BYTES);
        miner.traffic_bytes = miner.traffic_bytes.saturating_add(bytes);
        let upload_ns = over_line_ns(self.proof_bytes, self.line_bytes_per_s);
        let elapsed_ns =
            [self.rtt_ns, jitter_ns, proving_ns, upload_ns].into_iter().fold(0, u64::saturating_add);
        let elapsed_ms = u32::try_from(elapsed_ns.div_ceil(NS_PER_MS)).unwrap_or(u32::MAX);
        let is_late = elapsed_ms > asked.audit.deadline_ms;
        let (outcome, fault) = match fate {
            _ if is_late => (Outcome::Late, None),
            Fate::Undecided(why) => (Outcome::NoVerdict, Some(why)),
            Fate::Right => (Outcome::Passed, None),
            _ => (Outcome::Failed, None),
        };
        let verify_us = if is_late { 0 } else { self.verify_ns / 1000 };
        let validator = Work { core_us: verify_us, traffic_bytes: bytes };
        let (elapsed_ms, samples) = (Some(elapsed_ms), Some(samples));
        Ok(Heard { outcome, elapsed_ms, samples, missed, miner, validator, fault })
    }

    /// What proving takes the miner, and how long.
    fn answering(&self, asked: &Asked<'_>, samples: u32, missed: u32) -> (Work, u64) {
        let kept = u64::from(samples.saturating_sub(missed));
        let own_ns = self.prove_ns.saturating_add(kept.saturating_mul(self.read_ns));
        let mut work = Work { core_us: self.prove_ns / 1000, traffic_bytes: 0 };
        let more_ns = match asked.conduct.missing {
            Missing::Wrong | Missing::Silent => 0,
            Missing::Regenerated { cores } => {
                let (long_ns, all_ns) = self.regenerate_ns(missed, cores, asked.statement.claimed_bytes());
                work.core_us = work.core_us.saturating_add(all_ns / 1000);
                long_ns
            }
            Missing::Fetched { .. } if missed == 0 => 0,
            Missing::Fetched { rtt_ms, bytes_per_s } => {
                let bytes = u64::from(missed).saturating_mul(self.sample_bytes);
                work.traffic_bytes = bytes;
                // They lie on a disk there, too.
                let read_ns = u64::from(missed).saturating_mul(self.read_ns);
                [u64::from(rtt_ms) * NS_PER_MS, over_line_ns(bytes, bytes_per_s)]
                    .into_iter()
                    .fold(read_ns, u64::saturating_add)
            }
        };
        (work, own_ns.saturating_add(more_ns))
    }
}

fn over_line_ns(bytes: u64, bytes_per_s: u64) -> u64 {
    narrow(u128::from(bytes) * NS_PER_S / u128::from(bytes_per_s.max(1)))
}

fn narrow(wide: u128) -> u64 {
    u64::try_from(wide).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
