//! A scheme under attack: its honest plot, and the two sides that a miner and a validator play.

mod watch;

use std::sync::Arc;

use plimsoll_core::{Answer, Claims, Digest, Identity, Order, RegionSpace, Span, Statement, Verdict};
use plimsoll_plugin::{PluginError, Scheme, SchemeInstance};

use super::Options;
use super::plot::{self, Plot};
use super::report::{Finding, Property};
use crate::LabError;
use crate::numbers::Numbers;
use crate::stats::{Rate, Remaking, pass_probability};
pub(super) use watch::Honest;

/// The fewest audits of a rate, however dear they are.
const FEWEST_AUDITS: u64 = 12;
/// The fewest forgeries of a family, however dear a verdict is.
const FEWEST_FORGERIES: usize = 48;

/// A scheme with its plot.
pub(super) struct Subject {
    pub(super) scheme: Scheme,
    pub(super) plot: Plot,
    pub(super) statement: Statement,
    pub(super) options: Options,
    pub(super) honest: Honest,
    prover: SchemeInstance,
    verifier: SchemeInstance,
}

/// A challenge and its honest proof.
#[derive(Debug, Clone)]
pub(super) struct Proven {
    pub(super) challenge: Vec<u8>,
    pub(super) proof: Vec<u8>,
}

/// What the verifier made of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    Valid,
    Invalid(String),
    /// It could not tell: a trap, no fuel left, or an error of the plugin.
    Broken(String),
}

/// What a prover made of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    Proof(Vec<u8>),
    NotEligible,
    Failed(String),
}

impl Subject {
    /// Plans, fills and commits, and then watches an honest prover.
    pub(super) fn new(scheme: &Scheme, options: &Options) -> Result<Self, LabError> {
        let (mut prover, verifier) = (scheme.instance()?, scheme.instance()?);
        let identity = Numbers::new(options.seed, "identity").identity();
        let layout = plot::planned(&mut prover, &identity, options)?;
        let room = plot::room(&layout, scheme.name())?;
        plot::fill(&mut prover, &room, &identity, &layout, u64::MAX)?;
        let plot = Plot::of(layout, room.to_vec())?;
        let commitment = prover.commit(plot.disk(), &identity, &plot.layout)?;
        let statement = statement(identity, &plot, commitment);
        let (scheme, options) = (scheme.clone(), options.clone());
        let honest = Honest::default();
        let mut subject = Self { scheme, plot, statement, options, honest, prover, verifier };
        subject.honest = subject.watch()?;
        Ok(subject)
    }

    pub(super) fn claims(&self) -> Claims {
        self.scheme.claims()
    }

    pub(super) fn numbers(&self, purpose: &str) -> Numbers {
        Numbers::new(self.options.seed, purpose)
    }

    /// A finding about this scheme.
    pub(super) fn finding(
        &self,
        attack: &'static str,
        against: &[Property],
        succeeded: bool,
        text: impl Into<String>,
    ) -> Finding {
        Finding::new(attack, against, &self.claims(), succeeded, text)
    }

    /// The challenge of one round, of as many samples as the scheme draws.
    pub(super) fn draw(
        &mut self,
        statement: &Statement,
        randomness: Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>, LabError> {
        Ok(self.verifier.draw_at_most(statement, &randomness, samples, focus)?.1)
    }

    /// The same, or `None` where the scheme refuses to draw it.
    pub(super) fn drawn_if(
        &mut self,
        statement: &Statement,
        randomness: Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Option<Vec<u8>>, LabError> {
        unless_refused(self.draw(statement, randomness, samples, focus))
    }

    /// The prover's side over whatever it has.
    pub(super) fn prove(
        &mut self,
        region: Arc<dyn RegionSpace>,
        statement: &Statement,
        challenge: &[u8],
    ) -> Answered {
        match self.prover.prove(region, statement, challenge) {
            Ok(Answer::Proof(proof)) => Answered::Proof(proof),
            Ok(Answer::NotEligible) => Answered::NotEligible,
            Err(error) => Answered::Failed(error.to_string()),
        }
    }

    /// The verifier's side.
    pub(super) fn verify(&mut self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Judged {
        match self.verifier.verify(statement, challenge, proof) {
            Ok(Verdict::Valid) => Judged::Valid,
            Ok(Verdict::Invalid(why)) => Judged::Invalid(why),
            Err(error) => Judged::Broken(error.to_string()),
        }
    }

    /// Fuel of the last verdict.
    pub(super) fn verify_fuel(&self) -> u64 {
        self.verifier.fuel_used()
    }

    /// The commitment to whatever region.
    pub(super) fn commit(
        &mut self,
        region: Arc<dyn RegionSpace>,
        identity: &Identity,
    ) -> Result<Option<Digest>, LabError> {
        Ok(self.prover.commit(region, identity, &self.plot.layout)?)
    }

    /// The same, or nothing where the scheme refuses to commit to it.
    pub(super) fn commit_if(
        &mut self,
        region: Arc<dyn RegionSpace>,
        identity: &Identity,
    ) -> Result<Option<Option<Digest>>, LabError> {
        unless_refused(self.commit(region, identity))
    }

    /// An honest proof of some units, if this plot can be asked for one within a few rounds.
    pub(super) fn proven(
        &mut self,
        numbers: &mut Numbers,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Option<Proven>, LabError> {
        let statement = self.statement;
        for _ in 0..16 {
            let drawn = self.drawn_if(&statement, numbers.digest(), samples, focus)?;
            let Some(challenge) = drawn else { return Ok(None) };
            if let Some(proof) = self.honest_proof(&challenge) {
                return Ok(Some(Proven { challenge, proof }));
            }
        }
        Ok(None)
    }

    /// The honest answer to a challenge, if there is one.
    pub(super) fn honest_proof(&mut self, challenge: &[u8]) -> Option<Vec<u8>> {
        let (disk, statement) = (self.plot.disk(), self.statement);
        match self.prove(disk, &statement, challenge) {
            Answered::Proof(proof) => Some(proof),
            _ => None,
        }
    }

    /// How many audits a rate may take.
    pub(super) fn trials(&self) -> u64 {
        self.trials_of(self.honest.audit_fuel)
    }

    fn trials_of(&self, audit_fuel: u64) -> u64 {
        let affordable = self.options.effort_fuel / audit_fuel.max(1);
        affordable.max(FEWEST_AUDITS).min(u64::from(self.options.audits).max(1))
    }

    /// The numbers of a rate's trials. In a lottery they are those of the honest prover's, so that its luck is not
    /// held against the cheater's.
    pub(super) fn trial_numbers(&self, purpose: &str) -> Numbers {
        if self.is_lottery() { self.honest_numbers() } else { self.numbers(purpose) }
    }

    fn honest_numbers(&self) -> Numbers {
        self.numbers("honest")
    }

    /// How many verdicts a family of `wanted` forgeries may take.
    pub(super) fn affordable(&self, wanted: usize) -> usize {
        let affordable = self.options.effort_fuel / self.honest.verify_fuel.max(1);
        usize::try_from(affordable).unwrap_or(usize::MAX).max(FEWEST_FORGERIES).min(wanted)
    }

    /// How often the prover over `region` passes an audit of all that it claims.
    pub(super) fn rate(&mut self, purpose: &str, region: &Arc<dyn RegionSpace>) -> Result<Rate, LabError> {
        let statement = self.statement;
        self.rate_under(purpose, &statement, region)
    }

    /// The same under another statement.
    pub(super) fn rate_under(
        &mut self,
        purpose: &str,
        statement: &Statement,
        region: &Arc<dyn RegionSpace>,
    ) -> Result<Rate, LabError> {
        let (mut numbers, samples) = (self.trial_numbers(purpose), self.options.samples);
        let (mut passed, trials) = (0, self.trials());
        for _ in 0..trials {
            // A challenge that is refused is not passed.
            let drawn = self.drawn_if(statement, numbers.digest(), samples, None)?;
            let Some(challenge) = drawn else { continue };
            if let Answered::Proof(proof) = self.prove(Arc::clone(region), statement, &challenge) {
                passed += u64::from(self.verify(statement, &challenge, &proof) == Judged::Valid);
            }
        }
        Ok(Rate::of(passed, trials))
    }

    /// Units that one audit asks for.
    pub(super) fn drawn(&self) -> u64 {
        // A number of units, rounded to the next below: fewer are easier to pass, so the bound stays one.
        self.honest.drawn.floor().max(1.0) as u64
    }

    /// The most that sampling lets a prover pass that keeps `kept` units and makes `forgiven` anew.
    ///
    /// Where an honest prover is not always eligible, or each proof scans the plot, winning is a lottery over the
    /// plot: then also in proportion to what is kept, and all of it as often as the honest prover passes.
    pub(super) fn bound(&self, kept: u64, forgiven: u64) -> f64 {
        let units = self.plot.layout.units;
        let sampled = pass_probability(units, kept, self.drawn(), forgiven);
        self.with_luck(sampled, kept as f64 / units.max(1) as f64, self.trials())
    }

    /// The most that sampling lets a prover pass of `trials` audits that keeps `share` of each unit, the same or not:
    /// f^q for q units drawn. Units that are all there in part are not fewer units, so that no two of them are drawn
    /// without replacement; in a lottery as [`Subject::bound`].
    pub(super) fn bound_of_parts(&self, share: f64, trials: u64) -> f64 {
        // A number of units, far below 2^53.
        self.with_luck(share.powf(self.drawn() as f64), share, trials)
    }

    /// What sampling allows who keeps `share` of the plot, and in a lottery the luck that it takes besides.
    fn with_luck(&self, sampled: f64, share: f64, trials: u64) -> f64 {
        if !self.is_lottery() {
            return sampled;
        }
        let trials = usize::try_from(trials).unwrap_or(usize::MAX);
        lottery_bound(sampled, share, &self.honest.passes, trials)
    }

    /// How units are made anew: where they follow from one another, one core after another makes them.
    pub(super) fn remaking(&self) -> Remaking {
        let is_chain = self.plot.layout.passes.iter().any(|pass| pass.order == Order::Sequential);
        if is_chain { Remaking::Sequential } else { Remaking::Shared }
    }

    /// Whether answering is a matter of luck and of how much is held.
    pub(super) fn is_lottery(&self) -> bool {
        self.honest.not_eligible > 0 || self.honest.scans
    }
}

/// The most that a prover passes of a lottery's first `trials`, of which the honest one passed those in `passes`:
/// who keeps a share of the plot has that share of the honest prover's luck.
fn lottery_bound(sampled: f64, share: f64, passes: &[bool], trials: usize) -> f64 {
    let same = &passes[..trials.min(passes.len())];
    let won = same.iter().filter(|&&passed| passed).count();
    sampled.max(share) * won as f64 / same.len().max(1) as f64
}

/// `None` where the scheme says that it cannot do what it was asked.
fn unless_refused<T>(asked: Result<T, LabError>) -> Result<Option<T>, LabError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(LabError::Plugin(PluginError::Refused { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What both sides agree on about `plot`.
pub(super) fn statement(identity: Identity, plot: &Plot, commitment: Option<Digest>) -> Statement {
    Statement { identity, unit_bytes: plot.layout.unit_bytes, units: plot.layout.units, commitment }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lottery_is_won_in_proportion_to_what_is_kept_and_to_the_honest_provers_luck() {
        let passes = [true, false, false, true, false, false, false, false];
        assert_eq!(lottery_bound(0.0, 0.5, &passes, 8), 0.125);
        assert_eq!(lottery_bound(0.0, 0.5, &passes, 4), 0.25, "over the same trials only");
        assert_eq!(lottery_bound(0.8, 0.5, &passes, 4), 0.4, "and where sampling allows more, of that");
        assert_eq!(
            lottery_bound(1.0, 1.0, &passes, 100),
            0.25,
            "who keeps all is as lucky as the honest one"
        );
        assert_eq!(lottery_bound(1.0, 1.0, &[], 5), 0.0);
    }
}
