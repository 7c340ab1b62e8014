//! What a validator remembers: one history a hotkey, the next epoch, and the incentive rule's memory.
//!
//! The book is a fold over closed rounds and nothing else. A validator builds it from its evidence log at
//! start and keeps it up as it goes; a replay builds the same one. A round that was opened but never closed
//! (the validator died in it) is void: nothing of it enters the book.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{Candidate, Digest, Epoch, Hotkey, Standing, Statement, Uid};

use super::Tally;

/// A neuron as far as a round needs it. Another hotkey may take the same uid later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key: what a history belongs to.
    pub hotkey: Hotkey,
    /// The key that owns it.
    pub coldkey: Hotkey,
}

/// What a miner registered for this validator, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Digest of the registration.
    pub registration: Digest,
    /// What its proofs are held against.
    pub statement: Statement,
}

/// A member that can be audited in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrant {
    /// Who.
    pub member: Member,
    /// With which claim.
    pub claim: Claim,
}

/// All audits of one hotkey under one registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What it claimed when they were made.
    pub claim: Claim,
    /// Audits of all rounds.
    pub issued: u32,
    /// Of them passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
    /// Answered after the deadline.
    pub late: u32,
    /// Not answered.
    pub absent: u32,
    /// The last epoch in which one counted.
    pub last_epoch: Option<Epoch>,
    /// That epoch's audits: what holds until the next audit that counts.
    pub last: Option<Tally>,
    /// Rounds in a row in which the verifier broke down over its proofs, and not over everyone's.
    pub broken_rounds: u32,
}

/// After so many rounds in a row in which the verifier broke down over one miner's proofs while it gave
/// verdicts all the same, those proofs count as no answer. Once may be the plugin's fault; a miner that went
/// on so for ever would keep a standing that it no longer proves.
pub const SUSPECT_ROUNDS: u32 = 3;

impl History {
    const fn new(claim: Claim) -> Self {
        Self {
            claim,
            issued: 0,
            passed: 0,
            failed: 0,
            late: 0,
            absent: 0,
            last_epoch: None,
            last: None,
            broken_rounds: 0,
        }
    }

    fn add(&mut self, epoch: Epoch, tally: &Tally) {
        self.issued = self.issued.saturating_add(tally.issued());
        self.passed = self.passed.saturating_add(tally.passed);
        self.failed = self.failed.saturating_add(tally.failed);
        self.late = self.late.saturating_add(tally.late);
        self.absent = self.absent.saturating_add(tally.absent);
        if tally.issued() > 0 {
            self.last_epoch = Some(epoch);
            self.last = Some(tally.clone());
        }
    }
}

/// The newest registration of a hotkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// The root of its set on chain when it was accepted.
    pub root: Digest,
    /// What it claims.
    pub claim: Claim,
}

/// The registrations, the histories, the next epoch, the rule's memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    pinned: BTreeMap<Hotkey, Pinned>,
    histories: BTreeMap<Hotkey, History>,
    next_epoch: Epoch,
    memory: Vec<u8>,
}

impl Book {
    /// An empty book whose first round has `next_epoch`, with the rule's memory as an older log left it.
    #[must_use]
    pub const fn beginning(next_epoch: Epoch, memory: Vec<u8>) -> Self {
        Self { pinned: BTreeMap::new(), histories: BTreeMap::new(), next_epoch, memory }
    }

    /// A book as it was: without registrations, which are pinned anew.
    #[must_use]
    pub const fn resumed(next_epoch: Epoch, memory: Vec<u8>, histories: BTreeMap<Hotkey, History>) -> Self {
        Self { pinned: BTreeMap::new(), histories, next_epoch, memory }
    }

    /// All histories, by hotkey: with the next epoch and the memory what [`Book::resumed`] asks for.
    pub fn histories(&self) -> impl Iterator<Item = (&Hotkey, &History)> {
        self.histories.iter()
    }

    /// Notes an accepted registration. It holds until the hotkey's next one, whatever becomes of the round.
    pub fn pin(&mut self, hotkey: Hotkey, pinned: Pinned) {
        self.pinned.insert(hotkey, pinned);
    }

    /// The newest registration of a hotkey.
    #[must_use]
    pub fn pinned(&self, hotkey: &Hotkey) -> Option<&Pinned> {
        self.pinned.get(hotkey)
    }

    /// The epoch that the next round has. Void rounds use theirs up.
    #[must_use]
    pub const fn next_epoch(&self) -> Epoch {
        self.next_epoch
    }

    /// What the incentive rule left last time.
    #[must_use]
    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// The history of a hotkey.
    #[must_use]
    pub fn history(&self, hotkey: &Hotkey) -> Option<&History> {
        self.histories.get(hotkey)
    }

    /// Notes that a round was opened: its epoch is taken, whether or not it is ever closed.
    pub fn open(&mut self, epoch: Epoch) {
        self.next_epoch = self.next_epoch.max(Epoch(epoch.0.saturating_add(1)));
    }

    /// The round's entrants as a challenge strategy sees them, in the order given. One whose registration
    /// is new starts from nothing.
    #[must_use]
    pub fn candidates(&self, entrants: &[Entrant]) -> Vec<Candidate> {
        entrants.iter().map(|entrant| self.candidate(entrant)).collect()
    }

    fn candidate(&self, Entrant { member, claim }: &Entrant) -> Candidate {
        let past = self.past(&member.hotkey, claim);
        let count = |of: fn(&History) -> u32| past.map_or(0, of);
        Candidate {
            uid: member.uid,
            hotkey: member.hotkey,
            claimed_bytes: claim.statement.claimed_bytes(),
            units: claim.statement.units,
            issued: count(|h| h.issued),
            passed: count(|h| h.passed),
            failed: count(|h| h.failed),
            late: count(|h| h.late),
            absent: count(|h| h.absent),
            last_epoch: past.and_then(|h| h.last_epoch),
        }
    }

    /// The entrants' standings of this round.
    ///
    /// A miner of whom nobody could tell (audits without a verdict, and no other) stands exactly where its
    /// last counted round left it: a plugin's fault takes nothing from it, unless it is a
    /// [suspect](Self::suspects). A miner whom nobody asked has no counts, and keeps what it proved when it
    /// was asked last.
    #[must_use]
    pub fn standings(&self, entrants: &[Entrant], tallies: &BTreeMap<Uid, Tally>) -> Vec<Standing> {
        let silent = Tally::default();
        let settled = self.settled(entrants, tallies);
        entrants
            .iter()
            .map(|Entrant { member, claim }| {
                let now = settled.get(&member.uid).unwrap_or(&silent);
                let last = self.past(&member.hotkey, claim).and_then(|past| past.last.as_ref());
                let counted = Some(now).filter(|now| now.issued() > 0);
                let undecided = now.no_verdict > 0;
                let counts = counted.or(last.filter(|_| undecided)).unwrap_or(&silent);
                let proven = counted.or(last).unwrap_or(&silent);
                let claimed_bytes = claim.statement.claimed_bytes();
                Standing {
                    uid: member.uid,
                    hotkey: member.hotkey,
                    coldkey: member.coldkey,
                    claimed_bytes,
                    proven_bytes: part_of(claimed_bytes, proven.passed, proven.issued()),
                    cargo_bytes: 0,
                    issued: counts.issued(),
                    passed: counts.passed,
                    failed: counts.failed,
                    late: counts.late,
                    absent: counts.absent,
                    latency_p50_ms: counts.latency_ms(50),
                    latency_p99_ms: counts.latency_ms(99),
                }
            })
            .collect()
    }

    /// Enters a closed round. `memory` is what the incentive rule left.
    pub fn close(
        &mut self,
        epoch: Epoch,
        entrants: &[Entrant],
        tallies: &BTreeMap<Uid, Tally>,
        memory: Vec<u8>,
    ) {
        self.open(epoch);
        self.memory = memory;
        let settled = self.settled(entrants, tallies);
        let runs: Vec<u32> = entrants.iter().map(|entrant| self.broken_rounds(entrant, tallies)).collect();
        for (Entrant { member, claim }, broken_rounds) in entrants.iter().zip(runs) {
            let history = self.histories.entry(member.hotkey).or_insert_with(|| History::new(*claim));
            if history.claim != *claim {
                *history = History::new(*claim);
            }
            if let Some(tally) = settled.get(&member.uid) {
                history.add(epoch, tally);
            }
            history.broken_rounds = broken_rounds;
        }
    }

    /// The miners whose proofs, and not everyone's, have broken the verifier [`SUSPECT_ROUNDS`] times in a
    /// row, this round included: what broke it counts as no answer.
    #[must_use]
    pub fn suspects(&self, entrants: &[Entrant], tallies: &BTreeMap<Uid, Tally>) -> BTreeSet<Uid> {
        let suspect = |entrant: &&Entrant| {
            let broken = tallies.get(&entrant.member.uid).is_some_and(|now| now.broken > 0);
            broken && decided(tallies) && self.broken_rounds(entrant, tallies) >= SUSPECT_ROUNDS
        };
        entrants.iter().filter(suspect).map(|entrant| entrant.member.uid).collect()
    }

    /// The tallies as they count.
    pub(crate) fn settled(
        &self,
        entrants: &[Entrant],
        tallies: &BTreeMap<Uid, Tally>,
    ) -> BTreeMap<Uid, Tally> {
        let suspects = self.suspects(entrants, tallies);
        let counted = |(uid, tally): (&Uid, &Tally)| {
            let suspect = suspects.contains(uid);
            (*uid, if suspect { tally.with_broken_as_absent() } else { tally.clone() })
        };
        tallies.iter().map(counted).collect()
    }

    /// The run of broken rounds as this round leaves it. A round in which the verifier told nothing of anyone,
    /// or that asked nothing of this miner, neither lengthens nor ends it.
    fn broken_rounds(&self, Entrant { member, claim }: &Entrant, tallies: &BTreeMap<Uid, Tally>) -> u32 {
        let before = self.past(&member.hotkey, claim).map_or(0, |past| past.broken_rounds);
        match tallies.get(&member.uid) {
            Some(now) if now.broken > 0 && decided(tallies) => before.saturating_add(1),
            Some(now) if now.broken == 0 && now.issued() > 0 => 0,
            _ => before,
        }
    }

    fn past(&self, hotkey: &Hotkey, claim: &Claim) -> Option<&History> {
        self.histories.get(hotkey).filter(|history| history.claim == *claim)
    }
}

/// Whether the verifier told of anyone in a round: then it works, and what breaks it is the proof.
fn decided(tallies: &BTreeMap<Uid, Tally>) -> bool {
    tallies.values().any(|tally| tally.passed > 0 || tally.failed > 0)
}

/// `bytes` × `passed` / `issued`, rounded down, exact.
fn part_of(bytes: u64, passed: u32, issued: u32) -> u64 {
    let part = u128::from(bytes) * u128::from(passed) / u128::from(issued.max(1));
    // `passed` is at most `issued`, so the part is at most `bytes`.
    u64::try_from(part).unwrap_or(bytes)
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
