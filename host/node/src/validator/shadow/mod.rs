//! Another incentive rule's weights beside the live ones: from the same standings, with a memory of its own, and set
//! nowhere. It runs in a thread of its own behind the round, which it cannot delay, void or break.

mod difference;
mod notebook;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use plimsoll_core::{Epoch, Round, Standing};
use plimsoll_plugin::Incentive;
use plimsoll_wire::EvidenceReader;
use plimsoll_wire::evidence::LogHeader;

pub use difference::{Difference, Paid, Pair, RuleName};

use super::judge::weigh;
use super::logbook::logs;
use super::recall::{RecordedRound, Step, Steps};
use super::{RoundReport, Validator};
use crate::NodeError;
use notebook::Notebook;

/// A rule that weighs along.
pub struct Shadow {
    rounds: Option<Sender<Seen>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// A closed round, as the live rule left it.
struct Seen {
    round: Round,
    standings: Vec<Standing>,
    live: Vec<Paid>,
}

impl Shadow {
    /// Lets `rule` weigh along with `validator`. Its memory goes on where it was left; where it was never kept, or
    /// is damaged, the rule weighs all rounds of the evidence again first.
    ///
    /// # Errors
    /// What the evidence folder says: [`NodeError::Disk`] or [`NodeError::Evidence`].
    pub fn start(rule: Incentive, validator: &Validator) -> Result<Self, NodeError> {
        let log = validator.log_path();
        let identity = EvidenceReader::open(log)?.header().clone();
        let folder = log.parent().unwrap_or(Path::new("."));
        let next = validator.book().next_epoch();
        let notebook = Notebook::open(folder, &identity, &rule, next)?;
        let path = notebook.differences().to_path_buf();
        let logs = logs(folder)?.into_iter().map(|(_, path)| path).collect();
        let (rounds, seen) = mpsc::channel();
        let work = Work { rule, notebook, identity, logs, next };
        let thread = std::thread::Builder::new().name("shadow".into()).spawn(move || work.run(&seen));
        let thread =
            thread.map_err(|e| NodeError::System { doing: "start a thread", reason: e.to_string() })?;
        Ok(Self { rounds: Some(rounds), thread: Some(thread), path })
    }

    /// The file that gets a line of JSON each round.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells it of a closed round.
    pub fn saw(&self, report: &RoundReport) {
        let paid = |row: &super::RoundRow| Paid {
            uid: row.standing.uid,
            weight: row.weight,
            reason: row.reason.clone(),
        };
        let standings = report.miners.iter().map(|row| row.standing.clone()).collect();
        let seen = Seen { round: report.round, standings, live: report.miners.iter().map(paid).collect() };
        if self.rounds.as_ref().is_some_and(|rounds| rounds.send(seen).is_err()) {
            tracing::warn!("the shadow rule has ended; the live rule goes on alone");
        }
    }

    /// Waits until all rounds that it was told of are compared.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.rounds = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::warn!("the shadow rule's thread panicked; the live rule was not touched by it");
        }
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread has.
struct Work {
    rule: Incentive,
    notebook: Notebook,
    identity: LogHeader,
    logs: Vec<PathBuf>,
    /// The first round that it is told of. The log grows while it is read: from here on, it is not the log's to tell.
    next: Epoch,
}

impl Work {
    fn run(mut self, rounds: &Receiver<Seen>) {
        self.catch_up();
        for seen in rounds {
            self.take(&seen, true);
            self.keep();
        }
    }

    /// Weighs the rounds of the evidence that its memory does not stand behind. Those that were closed while it
    /// was already there, before a crash, get their line; those from before it began only shape its memory.
    fn catch_up(&mut self) {
        let was_there = self.notebook.behind().is_some();
        let mut rounds = 0u64;
        for path in std::mem::take(&mut self.logs) {
            let reader = match EvidenceReader::open(&path) {
                Ok(reader) if is_same(reader.header(), &self.identity) => reader,
                // Another validator's, or one that only its own validator can speak of.
                Ok(_) | Err(_) => continue,
            };
            for step in Steps::new(reader) {
                match step {
                    Ok(Step::Closed(recorded)) if recorded.round().epoch < self.next => {
                        rounds += u64::from(self.take(&Seen::of(&recorded), was_there));
                    }
                    Ok(_) => {}
                    Err(error) => {
                        let path = path.display();
                        tracing::warn!(%path, %error, "the shadow rule reads this log no further");
                        break;
                    }
                }
            }
        }
        if rounds > 0 {
            self.keep();
            tracing::info!(rounds, "the shadow rule has caught up with the evidence");
        }
    }

    /// Weighs a round, unless it has already; with `tell`, says how the weights differ.
    fn take(&mut self, seen: &Seen, tell: bool) -> bool {
        let epoch = seen.round.epoch;
        if self.notebook.behind().is_some_and(|behind| epoch <= behind) {
            return false;
        }
        let ours = weigh(&self.rule, &seen.round, &seen.standings, self.notebook.memory());
        if tell {
            self.tell(seen, ours.as_ref().map_err(ToString::to_string));
        }
        let memory = match ours {
            Ok(ours) => ours.memory,
            Err(_) => self.notebook.memory().to_vec(),
        };
        self.notebook.turn(epoch, memory);
        true
    }

    /// What is not kept is weighed again after the next start.
    fn keep(&self) {
        if let Err(error) = self.notebook.keep() {
            tracing::warn!(%error, "the shadow rule's memory was not kept");
        }
    }

    fn tell(&mut self, seen: &Seen, ours: Result<&super::Weighed, String>) {
        let name = RuleName::of(&self.rule);
        let difference = match ours {
            Ok(ours) => Difference::between(&seen.round, name, &seen.live, ours),
            Err(why) => Difference::broken(&seen.round, name, why),
        };
        let path = self.notebook.differences().to_path_buf();
        difference.log(&path);
        if let Err(error) = self.notebook.note(&difference) {
            tracing::warn!(epoch = %seen.round.epoch, %error, "the difference was not written");
        }
    }
}

impl Seen {
    fn of(recorded: &RecordedRound) -> Self {
        let closed = &recorded.closed;
        let reason = |uid| closed.raw_weights.iter().find(|weight| weight.uid == uid);
        let paid = |&(uid, weight): &(plimsoll_core::Uid, u16)| Paid {
            uid,
            weight,
            reason: reason(uid).map_or_else(String::new, |weight| weight.reason.clone()),
        };
        let live = closed.weights.iter().map(paid).collect();
        Self { round: recorded.round(), standings: closed.standings.clone(), live }
    }
}

/// Whether two logs are of the same validator on the same chain.
fn is_same(a: &LogHeader, b: &LogHeader) -> bool {
    (a.netuid, a.validator, a.genesis) == (b.netuid, b.validator, b.genesis)
}

/// The epoch that a memory may stand behind at most: the one before the next.
fn is_possible(behind: Epoch, next: Epoch) -> bool {
    behind < next
}
