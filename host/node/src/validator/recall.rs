//! From a log back to the book: what a validator does at its start, and a replay throughout.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use plimsoll_core::{AuditBudget, BlockNumber, Digest, Hotkey, Round, Standing, Uid};
use plimsoll_wire::evidence::{
    AuditOutcome, AuditSent, AuditUnsent, Engine, Entry, LogEvent, LogHeader, Record, Registered,
    RoundClosed, RoundOpened,
};
use plimsoll_wire::{EvidenceReader, Nonce};
use serde::{Deserialize, Serialize};

use super::{Book, Claim, Entrant, Judge, Member, Pinned, Tally};
use crate::NodeError;

/// What else the decisions of a log depend on; kept in its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// What one round may cost.
    pub budget: AuditBudget,
    /// The epoch before the log's first round, where an older log went before.
    pub first_epoch: u64,
}

impl LogSettings {
    /// Reads them from a header.
    ///
    /// # Errors
    /// [`NodeError::Inconsistent`] where they are not those that this version writes.
    pub fn of(header: &LogHeader) -> Result<Self, NodeError> {
        serde_json::from_value(header.settings.clone())
            .map_err(|e| NodeError::Inconsistent { line: 0, why: format!("the log's settings: {e}") })
    }
}

/// One audit of a round, asked and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAudit {
    /// As it was sent.
    pub sent: AuditSent,
    /// What became of it.
    pub outcome: AuditOutcome,
}

/// One closed round, as the log has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRound {
    /// Line of its end.
    pub line: u64,
    /// Its beginning.
    pub opened: RoundOpened,
    /// Its audits, in the order in which they ended.
    pub audits: Vec<RecordedAudit>,
    /// Those that were chosen and never sent.
    pub unsent: Vec<AuditUnsent>,
    /// Its end.
    pub closed: RoundClosed,
}

/// What a reader of a log meets, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A registration was accepted.
    Registered(Box<Registered>),
    /// From here on the plugins ran in something else.
    Engine(Engine),
    /// A round was opened; it may never be closed.
    Opened(RoundOpened),
    /// A round was closed.
    Closed(Box<RecordedRound>),
}

impl RecordedRound {
    /// The round, as plugins are told it.
    #[must_use]
    pub const fn round(&self) -> Round {
        let RoundOpened { epoch, block, beacon, .. } = self.opened;
        Round { epoch, block, beacon }
    }

    /// Who could be audited, from the standings, with the claims that the book has pinned.
    ///
    /// # Errors
    /// [`NodeError::Inconsistent`] for a standing of a hotkey that never registered.
    pub fn entrants(&self, book: &Book) -> Result<Vec<Entrant>, NodeError> {
        let entrant = |standing: &Standing| {
            let Standing { uid, hotkey, coldkey, .. } = *standing;
            let pinned = book.pinned(&hotkey).ok_or_else(|| NodeError::Inconsistent {
                line: self.line,
                why: format!("uid {uid} has a standing, and {hotkey} never registered"),
            })?;
            Ok(Entrant { member: Member { uid, hotkey, coldkey }, claim: pinned.claim })
        };
        self.closed.standings.iter().map(entrant).collect()
    }

    /// The outcomes as they were ruled.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<Uid, Tally> {
        let mut tallies: BTreeMap<Uid, Tally> = BTreeMap::new();
        for RecordedAudit { sent, outcome } in &self.audits {
            tallies.entry(sent.uid).or_default().enter(&outcome.response, &outcome.ruling);
        }
        for unsent in &self.unsent {
            tallies.entry(unsent.uid).or_default().enter_unsent();
        }
        tallies
    }
}

/// Enters an accepted registration.
pub(crate) fn pin(book: &mut Book, registered: &Registered) {
    let own = &registered.set.own;
    let claim = Claim { registration: own.digest(), statement: own.statement() };
    book.pin(own.identity.owner, Pinned { root: registered.root, claim });
}

/// Reads a log's records and puts together what belongs together. Audits and registrations of a round that
/// was never closed are dropped and kept, respectively.
pub(crate) struct Steps<I> {
    entries: I,
    opened: Option<RoundOpened>,
    sent: HashMap<Nonce, AuditSent>,
    audits: Vec<RecordedAudit>,
    unsent: Vec<AuditUnsent>,
}

impl<I> Steps<I> {
    pub(crate) fn new(entries: I) -> Self {
        Self { entries, opened: None, sent: HashMap::new(), audits: Vec::new(), unsent: Vec::new() }
    }

    /// What it reads from.
    pub(crate) const fn entries(&self) -> &I {
        &self.entries
    }

    fn take(&mut self, Entry { line, record }: Entry) -> Result<Option<Step>, NodeError> {
        let wrong = |why: &str| Err(NodeError::Inconsistent { line, why: why.into() });
        match record {
            Record::Header(_) => return wrong("a second header"),
            Record::Registered(registered) => return Ok(Some(Step::Registered(Box::new(registered)))),
            Record::RoundOpened(opened) => {
                (self.opened, self.audits, self.unsent) = (Some(opened), Vec::new(), Vec::new());
                self.sent.clear();
                return Ok(Some(Step::Opened(opened)));
            }
            Record::AuditUnsent(unsent) => self.unsent.push(unsent),
            Record::AuditSent(sent) => drop(self.sent.insert(sent.request.nonce, sent)),
            Record::AuditOutcome(outcome) => match self.sent.remove(&outcome.nonce) {
                Some(sent) => self.audits.push(RecordedAudit { sent, outcome }),
                None => return wrong("an outcome without its audit"),
            },
            Record::RoundClosed(closed) => match self.opened.take() {
                Some(opened) => {
                    let (audits, unsent) =
                        (std::mem::take(&mut self.audits), std::mem::take(&mut self.unsent));
                    let round = RecordedRound { line, opened, audits, unsent, closed };
                    return Ok(Some(Step::Closed(Box::new(round))));
                }
                None => return wrong("the end of a round that was never opened"),
            },
            Record::Event(LogEvent::EngineChanged { engine }) => return Ok(Some(Step::Engine(engine))),
            Record::Event(LogEvent::RoundAbandoned { .. }) => self.opened = None,
            Record::Event(_) => {}
        }
        Ok(None)
    }
}

impl<I, E> Iterator for Steps<I>
where
    I: Iterator<Item = Result<Entry, E>>,
    NodeError: From<E>,
{
    type Item = Result<Step, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let step = match self.entries.next()? {
                Ok(entry) => self.take(entry),
                Err(error) => Err(error.into()),
            };
            if let Some(step) = step.transpose() {
                return Some(step);
            }
        }
    }
}

/// What a validator takes over from its log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// The book behind the last closed round.
    pub book: Book,
    /// The last closed round: whose weights those are, and what they are.
    pub last: Option<LastRound>,
    /// Rounds that were opened and never closed.
    pub void_rounds: u64,
    /// What the plugins ran in last, as far as the log says.
    pub engine: Option<Engine>,
}

/// The weights of the last closed round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRound {
    /// The block of its beacon.
    pub block: BlockNumber,
    /// What goes on chain.
    pub weights: Vec<(Uid, u16)>,
    /// Whose uids those were.
    pub hotkeys: BTreeMap<Uid, Hotkey>,
}

impl LastRound {
    pub(crate) fn of(block: BlockNumber, standings: &[Standing], weights: &[(Uid, u16)]) -> Self {
        let hotkeys = standings.iter().map(|standing| (standing.uid, standing.hotkey)).collect();
        Self { block, weights: weights.to_vec(), hotkeys }
    }
}

/// Rebuilds the book from a log: counts come from the records, the incentive rule's memory from asking the
/// rule again, which must end where the log says.
///
/// # Errors
/// What the reader finds wrong, [`NodeError::Inconsistent`], or [`NodeError::Pinned`] where the rule does not
/// come to the same memory.
pub fn recall(path: &Path, judge: &Judge) -> Result<Recalled, NodeError> {
    let reader = EvidenceReader::open(path)?;
    let header = reader.header();
    let settings = LogSettings::of(header)?;
    let book = Book::beginning(settings.first_epoch.into(), header.memory.clone());
    let mut recalled = Recalled { book, last: None, void_rounds: 0, engine: header.engine.clone() };
    for step in Steps::new(reader) {
        match step? {
            Step::Registered(registered) => pin(&mut recalled.book, &registered),
            Step::Engine(engine) => recalled.engine = Some(engine),
            Step::Opened(opened) => {
                recalled.book.open(opened.epoch);
                recalled.void_rounds += 1;
            }
            Step::Closed(round) => {
                recalled.enter(&round, judge)?;
                recalled.void_rounds -= 1;
            }
        }
    }
    Ok(recalled)
}

impl Recalled {
    fn enter(&mut self, recorded: &RecordedRound, judge: &Judge) -> Result<(), NodeError> {
        let RecordedRound { closed, .. } = recorded;
        let entrants = recorded.entrants(&self.book)?;
        let round = recorded.round();
        let weighed = judge.weigh(&round, &closed.standings, self.book.memory())?;
        let found = Digest::of(&weighed.memory);
        if found != closed.memory_after {
            return Err(NodeError::Pinned {
                what: format!("the incentive rule's memory after epoch {}", closed.epoch),
                expected: closed.memory_after.to_string(),
                found: found.to_string(),
            });
        }
        self.book.close(closed.epoch, &entrants, &recorded.tallies(), weighed.memory);
        self.last = Some(LastRound::of(round.block, &closed.standings, &closed.weights));
        Ok(())
    }
}
