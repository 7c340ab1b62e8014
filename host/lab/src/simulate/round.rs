//! One round of one validator: whom it audits, what it hears, what its rule makes of that.
//!
//! Everything but the audits themselves is the validator's own code: its book, the challenge strategy, the
//! incentive rule, the normalisation of weights.

use std::collections::BTreeMap;

use plimsoll_core::{Audit, BlockNumber, Round, Standing, Uid};
use plimsoll_node::validator::{
    Entrant, Member, Outcome, RoundSecret, Tally, Weighed, judged_nothing, weigh,
};
use plimsoll_plugin::PluginError;

use super::agents::Toward;
use super::audit::{Asked, Heard, Prover, Work};
use super::conduct::Conduct;
use super::explained::{AuditTold, Told};
use super::place::Subnet;
use super::prepared::Prepared;
use super::run::Audits;
use super::scenario::Vote;
use super::streams::{Purpose, Streams};
use super::world::{Owner, Watcher, holder};

/// A miner's hotkey with a place, in the order of uids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) uid: Uid,
    /// Index of its owner, and of the hotkey among the owner's.
    pub(super) owner: usize,
    pub(super) key: usize,
}

/// What all rounds of an epoch see.
pub(super) struct Scene<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) streams: Streams,
    pub(super) prover: &'a dyn Prover,
    pub(super) epoch: u64,
    pub(super) owners: &'a [Owner],
    pub(super) subnet: &'a Subnet,
    pub(super) placed: &'a [Placed],
    pub(super) stake_shares: &'a [f64],
    /// Of whom everything is told.
    pub(super) about: Option<Uid>,
}

/// What one miner's audits of a round come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) audits: Audits,
    pub(super) work: Work,
}

/// A round that is over.
#[derive(Default)]
pub(super) struct Finished {
    /// What the validator sets; nothing where the round is void.
    pub(super) weights: Option<Vec<(Uid, u16)>>,
    /// Virtual time from its beginning to its end.
    pub(super) took_ms: u64,
    /// One for each of [`Scene::placed`].
    pub(super) sums: Vec<Sum>,
    pub(super) work: Work,
    /// Why the round is void.
    pub(super) fault: Option<String>,
    /// How the scheme broke down first in an audit of a round that counts.
    pub(super) broke: Option<String>,
    /// What went wrong with the host itself: the run cannot go on.
    pub(super) error: Option<PluginError>,
    pub(super) told: Option<Told>,
}

impl Scene<'_> {
    /// What a validator does that begins at `at_ms`.
    pub(super) fn finished(&self, validator: usize, watcher: &mut Watcher, at_ms: u64) -> Finished {
        let weights = match &watcher.vote {
            Vote::Honest => return self.round(validator, watcher, at_ms),
            Vote::Copy => self.subnet.consensus(),
            Vote::Clique { miners } => {
                let groups = &self.prepared.scenario().miners;
                let is_friend = |placed: &&Placed| groups[self.owners[placed.owner].group].name == *miners;
                self.placed.iter().filter(is_friend).map(|placed| (placed.uid, u16::MAX)).collect()
            }
        };
        Finished { weights: (!weights.is_empty()).then_some(weights), ..Finished::default() }
    }

    /// An honest validator's round.
    fn round(&self, validator: usize, watcher: &mut Watcher, at_ms: u64) -> Finished {
        let block = BlockNumber(at_ms / self.prepared.scenario().subnet.block_ms);
        let beacon = self.streams.digest(Purpose::Beacon, [block.0, 0, 0, 0]);
        let round = Round { epoch: watcher.book.next_epoch(), block, beacon };
        watcher.book.open(round.epoch);
        let entrants = self.entrants(validator);
        let mut finished = Finished { sums: vec![Sum::default(); self.placed.len()], ..Finished::default() };
        if let Err(error) = self.play(validator, watcher, &round, &entrants, &mut finished) {
            finished.fault = Some(error.to_string());
            finished.error = Some(error).filter(is_hosts);
        }
        finished
    }

    fn play(
        &self,
        validator: usize,
        watcher: &mut Watcher,
        round: &Round,
        entrants: &[(usize, Entrant)],
        finished: &mut Finished,
    ) -> Result<(), PluginError> {
        let secret = self.streams.digest(Purpose::Secret, [self.epoch, validator as u64, 0, 0]);
        let secret = RoundSecret::revealed(secret);
        let (at, entrants): (Vec<usize>, Vec<Entrant>) = entrants.iter().copied().unzip();
        let candidates = watcher.book.candidates(&entrants);
        let budget = self.prepared.scenario().budget();
        let mut strategy = self.prepared.challenge().instance()?;
        let audits = strategy.choose(round, &secret.for_choice(round), &candidates, &budget)?;

        let mut tallies: BTreeMap<Uid, Tally> = BTreeMap::new();
        finished.told = self.about.map(|_| Told::default());
        for (number, mut audit) in (0..).zip(audits) {
            // The plugin host refuses audits of anyone who is no candidate.
            let Ok(entrant) = entrants.binary_search_by_key(&audit.uid, |e| e.member.uid) else { continue };
            let place = at[entrant];
            let heard = self.audit(validator, round, &secret, &entrants[entrant], place, &audit, number)?;
            audit.samples = heard.samples.unwrap_or(audit.samples);
            finished.took_ms = finished.took_ms.max(u64::from(audit.start_ms) + u64::from(audit.deadline_ms));
            finished.work.add(heard.validator);
            finished.sums[place].work.add(heard.miner);
            finished.sums[place].audits.count(heard.outcome);
            let tally = tallies.entry(audit.uid).or_default();
            tally.add(heard.outcome, heard.elapsed_ms);
            tally.broken += u32::from(heard.outcome == Outcome::NoVerdict && heard.elapsed_ms.is_some());
            if let Some(what) = &heard.fault {
                finished.broke.get_or_insert_with(|| what.clone());
            }
            if let Some(told) = finished.told.as_mut().filter(|_| self.about == Some(audit.uid)) {
                told.audits.push(AuditTold::new(&audit, &heard));
            }
        }
        if let Some(why) = judged_nothing(&tallies) {
            let first = finished.broke.take().unwrap_or_default();
            finished.fault = Some(format!("{why}; the first: {first}"));
            return Ok(());
        }
        let standings = watcher.book.standings(&entrants, &tallies);
        if let (Some(told), Some(uid)) = (&mut finished.told, self.about) {
            told.tally = tallies.get(&uid).cloned().unwrap_or_default();
            told.standing = standings.iter().find(|standing| standing.uid == uid).cloned();
        }
        let weighed = self.weighed(validator, round, &standings, watcher.book.memory())?;
        if let (Some(told), Some(uid)) = (&mut finished.told, self.about) {
            told.weighed(uid, &weighed);
        }
        watcher.book.close(round.epoch, &entrants, &tallies, weighed.memory);
        finished.weights = Some(weighed.weights);
        Ok(())
    }

    /// The miners that hold something for a validator, with their places in [`Scene::placed`].
    fn entrants(&self, validator: usize) -> Vec<(usize, Entrant)> {
        let entrant = |(at, placed): (usize, &Placed)| {
            let key = &self.owners[placed.owner].keys[placed.key];
            let claim = (*key.claims.get(validator)?)?.claim;
            let member = Member { uid: placed.uid, hotkey: key.hotkey, coldkey: key.coldkey };
            Some((at, Entrant { member, claim }))
        };
        self.placed.iter().enumerate().filter_map(entrant).collect()
    }

    fn audit(
        &self,
        validator: usize,
        round: &Round,
        secret: &RoundSecret,
        entrant: &Entrant,
        place: usize,
        audit: &Audit,
        number: u32,
    ) -> Result<Heard, PluginError> {
        let Placed { owner, key, .. } = self.placed[place];
        let conduct = self.conduct(owner, key, validator);
        let who = [self.epoch, validator as u64, (owner as u64) << 32 | key as u64, number.into()];
        if self.is_away(&conduct, owner, who) {
            return Ok(Heard::away());
        }
        let registered = self.owners[owner].keys[key].claims.get(validator).copied().flatten();
        let asked = Asked {
            statement: &entrant.claim.statement,
            region_bytes: registered.map_or(0, |registered| registered.region_bytes),
            holder: holder(self.owners, owner, key, conduct.units_of),
            conduct: &conduct,
            stake_share: self.stake_shares[validator],
            audit,
            number,
            round,
            secret,
        };
        let mut draws = self.streams.stream(Purpose::Audit, who);
        let loss = self.prepared.scenario().network.loss;
        self.prepared.pace().hear(&asked, loss, self.prover, &mut draws)
    }

    /// What a miner does towards a validator.
    pub(super) fn conduct(&self, owner: usize, key: usize, validator: usize) -> Conduct {
        let toward = Toward { stake_share: self.stake_shares[validator] };
        self.owners[owner].agent.conduct(u32::try_from(key).unwrap_or(u32::MAX), &toward)
    }

    /// Whether a miner is out of reach in a whole round.
    fn is_away(&self, conduct: &Conduct, owner: usize, [epoch, validator, hotkey, _]: [u64; 4]) -> bool {
        let drawn = || self.streams.stream(Purpose::Away, [epoch, validator, hotkey, 0]).chance(conduct.away);
        self.owners[owner].is_gone || (conduct.away > 0.0 && drawn())
    }

    /// What the rule says. One validator's rule is asked twice now and then: it must say the same.
    fn weighed(
        &self,
        validator: usize,
        round: &Round,
        standings: &[Standing],
        memory: &[u8],
    ) -> Result<Weighed, PluginError> {
        const ASKED_TWICE_EVERY: u64 = 16;
        let rule = self.prepared.rule();
        let weighed = weigh(rule, round, standings, memory)?;
        if validator == 0 && self.epoch.is_multiple_of(ASKED_TWICE_EVERY) {
            same(&rule.descriptor().name, &weighed, &weigh(rule, round, standings, memory)?)?;
        }
        Ok(weighed)
    }
}

/// Whether no plugin is at fault: storage, or the plugin host.
pub(super) fn is_hosts(error: &PluginError) -> bool {
    error.plugin().is_none()
}

/// Two answers of a rule to the same question.
fn same(rule: &str, first: &Weighed, second: &Weighed) -> Result<(), PluginError> {
    if first == second {
        return Ok(());
    }
    let what = match first.raw.iter().zip(&second.raw).find(|(a, b)| a != b) {
        Some((a, b)) => format!("uid {} got {} the first time and {} the second", a.uid, a.value, b.value),
        None if first.raw.len() != second.raw.len() => {
            format!("{} weights the first time and {} the second", first.raw.len(), second.raw.len())
        }
        None => "another memory the second time".into(),
    };
    let what = format!("asked the same twice, it answers differently: {what}");
    Err(PluginError::Promise { plugin: rule.to_owned(), call: "weigh", what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::Weight;

    fn weighed(values: &[u64], memory: &[u8]) -> Weighed {
        let weight = |(uid, &value)| Weight { uid: Uid(uid), value, reason: String::new() };
        Weighed { raw: (0..).zip(values).map(weight).collect(), weights: Vec::new(), memory: memory.to_vec() }
    }

    #[test]
    fn a_rule_that_answers_differently_is_told_with_what_differs() {
        let said =
            |second: &Weighed| same("a-rule", &weighed(&[5, 6], b"m"), second).map_err(|e| e.to_string());
        assert_eq!(said(&weighed(&[5, 6], b"m")), Ok(()));
        let begin =
            "plugin `a-rule` breaks its contract in `weigh`: asked the same twice, it answers differently: ";
        for (second, what) in [
            (weighed(&[5, 7], b"m"), "uid 1 got 6 the first time and 7 the second"),
            (weighed(&[5], b"m"), "2 weights the first time and 1 the second"),
            (weighed(&[5, 6], b"n"), "another memory the second time"),
        ] {
            assert_eq!(said(&second), Err(format!("{begin}{what}")));
        }
    }
}
