//! Anyone's check of a validator: the evidence log is read and believed in nothing, every draw is drawn
//! again, every proof verified again, every weight weighed again, under the plugins that the log pins.
//!
//! What the log alone cannot show is taken as it is: which miners were on chain in a round, when answers came
//! by the validator's clock, that nothing came, or that nothing could be sent, where it says so. A log that goes
//! on from another is believed about its beginning only together with that one: see [`replay_logs`].

mod report;
mod succession;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_core::{AuditBudget, Digest, Epoch, Identity, Round, Standing, Uid};
use plimsoll_plugin::Host;
use plimsoll_wire::EvidenceReader;
use plimsoll_wire::evidence::{AuditUnsent, Engine, LogHeader, Pin, Registered, Response, Ruling};
use rayon::prelude::*;
use serde::Serialize;

pub use report::{Difference, LogEnd, ReplayReport, RoundReplay};
pub use succession::replay_logs;

use crate::validator::{
    Book, Claim, Entrant, Judge, LogSettings, PlannedAudit, RecordedAudit, RecordedRound, RoundSecret, Step,
    Steps, Tally, pin,
};
use crate::{Choices, NodeError, PluginChoice};

/// Recomputes the log at `path` under the plugins of `judge`.
///
/// # Errors
/// [`NodeError::Pinned`] where those are not the log's; [`NodeError::Evidence`] where the log is not whole or
/// a signature does not verify; [`NodeError::Plugin`] where a plugin breaks down that did not for the
/// validator. That a decision came out otherwise is no error: it is in the report.
pub fn replay(path: &Path, judge: &Judge) -> Result<ReplayReport, NodeError> {
    let reader = EvidenceReader::open(path)?;
    let header = reader.header().clone();
    check_pins(&header, judge)?;
    let LogSettings { budget, first_epoch } = LogSettings::of(&header)?;
    let book = Book::beginning(first_epoch.into(), header.memory.clone());
    let mut replay = Replay { judge, identity: header, budget, book, report: ReplayReport::default() };
    replay.beginning(first_epoch);
    let mut steps = Steps::new(reader);
    for step in steps.by_ref() {
        match step? {
            Step::Registered(registered) => replay.registered(&registered),
            Step::Engine(engine) => replay.engine(&engine),
            Step::Opened(opened) => {
                replay.opened(opened.epoch);
                replay.report.void_rounds += 1;
            }
            Step::Closed(round) => {
                replay.report.void_rounds -= 1;
                replay.round(&round)?;
            }
        }
    }
    let (lines, head) = steps.entries().head();
    let (memory, next_epoch) = (Digest::of(replay.book.memory()), replay.book.next_epoch());
    replay.report.end = LogEnd { head, lines, memory, next_epoch };
    Ok(replay.report)
}

/// The log's own plugins: those that `choices` name where their digests are the log's, else the shipped ones of
/// the pinned names; always with the log's parameters.
///
/// # Errors
/// What reading the log's header, or finding and loading a plugin says. That a plugin is another than the
/// pinned one is left to [`replay`], which names both.
pub fn judge_of(path: &Path, host: &Host, choices: &Choices) -> Result<Judge, NodeError> {
    let header = EvidenceReader::open(path)?.header().clone();
    let chosen = |choice: &PluginChoice, pin: &Pin| {
        let here = |choice: &PluginChoice| {
            choice.resolve().is_ok_and(|plugin| Digest::of(&plugin.bytes) == pin.plugin)
        };
        let shipped = PluginChoice::builtin(&pin.name);
        let choice = if !here(choice) && here(&shipped) { shipped } else { choice.clone() };
        PluginChoice { pin: None, ..choice.with_params(pin.params.clone()) }
    };
    let log = Choices {
        allocation: choices.allocation.clone(),
        challenge: chosen(&choices.challenge, &header.pins.challenge),
        scheme: chosen(&choices.scheme, &header.pins.scheme),
        incentive: chosen(&choices.incentive, &header.pins.incentive),
    };
    Ok(Judge::new(log.load_for_validator(host)?))
}

/// Whether the plugins are the log's, digest by digest.
fn check_pins(header: &LogHeader, judge: &Judge) -> Result<(), NodeError> {
    let (log, ours) = (&header.pins, judge.pins());
    let parts = [
        ("proof scheme", &log.scheme, &ours.scheme),
        ("challenge strategy", &log.challenge, &ours.challenge),
        ("incentive rule", &log.incentive, &ours.incentive),
    ];
    for (kind, log, ours) in parts {
        let named = |pin: &Pin, digest: Digest| format!("{digest} ({})", pin.name);
        if log.plugin != ours.plugin {
            return Err(NodeError::Pinned {
                what: format!("the digest of the {kind}"),
                expected: named(log, log.plugin),
                found: named(ours, ours.plugin),
            });
        }
        if log.params_digest != ours.params_digest {
            return Err(NodeError::Pinned {
                what: format!("the parameters of the {kind} `{}`", log.name),
                expected: log.params.to_string(),
                found: ours.params.to_string(),
            });
        }
    }
    Ok(())
}

/// See [`ReplayReport::notes`].
const GOES_ON: &str = "it goes on from another log: the incentive rule's memory and the epoch that it starts from \
    cannot be proven by this file alone; replay the folder with all of the validator's logs";

struct Replay<'a> {
    judge: &'a Judge,
    identity: LogHeader,
    budget: AuditBudget,
    book: Book,
    report: ReplayReport,
}

impl Replay<'_> {
    /// What the log says of its beginning, and nobody can tell from it.
    fn beginning(&mut self, first_epoch: u64) {
        let LogHeader { memory, predecessor, engine, .. } = &self.identity;
        if !memory.is_empty() || first_epoch != 0 || predecessor.is_some() {
            self.report.notes.push(GOES_ON.to_owned());
        }
        if let Some(engine) = engine.clone() {
            self.engine(&engine);
        }
    }

    fn engine(&mut self, log: &Engine) {
        let ours = self.judge.engine();
        if *log == ours {
            return;
        }
        let mut differs = Vec::new();
        if log.version != ours.version {
            differs.push(format!("{} there, {} here", log.version, ours.version));
        }
        let names: BTreeSet<&String> = log.limits.keys().chain(ours.limits.keys()).collect();
        for name in names {
            let (there, here) = (log.limits.get(name), ours.limits.get(name));
            let number = |limit: Option<&u64>| limit.map_or_else(|| "unknown".to_owned(), u64::to_string);
            if there != here {
                differs.push(format!("{name} {} there, {} here", number(there), number(here)));
            }
        }
        let differs = differs.join("; ");
        self.report.notes.push(format!(
            "the validator's plugins ran under other terms ({differs}): a verdict may differ where a limit was hit"
        ));
    }

    fn opened(&mut self, epoch: Epoch) {
        let expected = self.book.next_epoch();
        if epoch != expected {
            self.differs(Some(epoch), None, "the number of the round", &expected, &epoch);
        }
        self.book.open(epoch);
    }

    fn registered(&mut self, registered: &Registered) {
        let owner = registered.request.receiver;
        let expected = Identity { netuid: self.identity.netuid, owner, validator: self.identity.validator };
        if let Err(why) = self.judge.admit(&expected, &registered.set.own) {
            self.differs(None, Some(registered.uid), "the registration", &"refused", &why);
        }
        self.report.registrations += 1;
        pin(&mut self.book, registered);
    }

    fn round(&mut self, recorded: &RecordedRound) -> Result<(), NodeError> {
        let before = self.report.differences.len();
        let round = recorded.round();
        let entrants = recorded.entrants(&self.book)?;
        self.audits(&round, recorded, &entrants)?;
        let (rulings, proofs) = self.rulings(recorded, &entrants)?;
        let mut tallies: BTreeMap<Uid, Tally> = BTreeMap::new();
        for (RecordedAudit { sent, outcome }, ruling) in recorded.audits.iter().zip(&rulings) {
            tallies.entry(sent.uid).or_default().enter(&outcome.response, ruling);
        }
        for unsent in &recorded.unsent {
            tallies.entry(unsent.uid).or_default().enter_unsent();
        }
        self.report.unsent += recorded.unsent.len() as u64;
        let standings = self.book.standings(&entrants, &tallies);
        self.standings(round.epoch, &standings, &recorded.closed.standings);
        let weighed = self.judge.weigh(&round, &standings, self.book.memory())?;
        self.weights(round.epoch, &weighed.weights, &recorded.closed.weights);
        if weighed.raw != recorded.closed.raw_weights {
            let (expected, found) = (brief(&weighed.raw), brief(&recorded.closed.raw_weights));
            self.differs(Some(round.epoch), None, "what the incentive rule said", &expected, &found);
        }
        let memory = Digest::of(&weighed.memory);
        if memory != recorded.closed.memory_after {
            let found = recorded.closed.memory_after;
            self.differs(Some(round.epoch), None, "the incentive rule's memory", &memory, &found);
        }
        self.book.close(round.epoch, &entrants, &tallies, weighed.memory);
        self.report.proofs += proofs;
        self.report.rounds.push(RoundReplay {
            epoch: round.epoch,
            line: recorded.line,
            audits: recorded.audits.len() as u64,
            proofs,
            weights: weighed.weights,
            equal: self.report.differences.len() == before,
        });
        Ok(())
    }

    /// Whether the audits are those that follow from the revealed secret, no more and no fewer.
    fn audits(
        &mut self,
        round: &Round,
        recorded: &RecordedRound,
        entrants: &[Entrant],
    ) -> Result<(), NodeError> {
        let secret = RoundSecret::revealed(recorded.closed.secret);
        let statements = entrants.iter().map(|e| (e.member.uid, e.claim.statement)).collect();
        let candidates = self.book.candidates(entrants);
        let plan = self.judge.plan(round, &secret, &candidates, &statements, &self.budget)?;
        let mut unmatched: Vec<&RecordedAudit> = recorded.audits.iter().collect();
        let mut unsent: Vec<&AuditUnsent> = recorded.unsent.iter().collect();
        for planned in &plan {
            if let Ok(challenge) = &planned.challenge
                && let Some(at) = unmatched.iter().position(|audit| is_as_planned(audit, planned, challenge))
            {
                unmatched.swap_remove(at);
            } else if let Some(at) = unsent.iter().position(|unsent| is_as_unsent(unsent, planned)) {
                unsent.swap_remove(at);
            } else {
                let drawn = if planned.challenge.is_ok() { "" } else { " without a challenge" };
                let expected = format!("one of {} samples{drawn}", planned.audit.samples);
                self.differs(Some(round.epoch), Some(planned.audit.uid), "an audit", &expected, &"none");
            }
        }
        let sent = unmatched.iter().map(|audit| (audit.sent.uid, audit.sent.samples));
        for (uid, samples) in sent.chain(unsent.iter().map(|unsent| (unsent.uid, unsent.samples))) {
            let found = format!("one of {samples} samples that was not drawn");
            self.differs(Some(round.epoch), Some(uid), "an audit", &"none", &found);
        }
        self.registrations_asked(round.epoch, recorded, entrants);
        Ok(())
    }

    /// Whether each audit went to the hotkey and the plot that its uid stands for.
    fn registrations_asked(&mut self, epoch: Epoch, recorded: &RecordedRound, entrants: &[Entrant]) {
        let known: BTreeMap<Uid, &Entrant> = entrants.iter().map(|e| (e.member.uid, e)).collect();
        for RecordedAudit { sent, .. } in &recorded.audits {
            let Some(entrant) = known.get(&sent.uid) else { continue };
            let (expected, found) = (entrant.member.hotkey, sent.request.receiver);
            if expected != found {
                self.differs(Some(epoch), Some(sent.uid), "the miner that was audited", &expected, &found);
            }
            let (expected, found) = (entrant.claim.registration, sent.audit.registration);
            if expected != found {
                self.differs(Some(epoch), Some(sent.uid), "the plot that was audited", &expected, &found);
            }
        }
    }

    /// Every answer, ruled again.
    fn rulings(
        &mut self,
        recorded: &RecordedRound,
        entrants: &[Entrant],
    ) -> Result<(Vec<Ruling>, u64), NodeError> {
        let claims: BTreeMap<Uid, Claim> = entrants.iter().map(|e| (e.member.uid, e.claim)).collect();
        let rule = |RecordedAudit { sent, outcome }: &RecordedAudit| {
            let claim = claims.get(&sent.uid).ok_or_else(|| NodeError::Inconsistent {
                line: recorded.line,
                why: format!("uid {} was audited and has no standing", sent.uid),
            })?;
            Ok(self.judge.rule(&claim.statement, &sent.audit.challenge, &outcome.response))
        };
        let rulings: Vec<Ruling> = recorded.audits.par_iter().map(rule).collect::<Result<_, NodeError>>()?;
        let mut proofs = 0;
        for (RecordedAudit { sent, outcome }, ruling) in recorded.audits.iter().zip(&rulings) {
            proofs += u64::from(matches!(outcome.response, Response::Proof { .. }));
            if !same(ruling, &outcome.ruling) {
                let (expected, found) = (words(ruling), words(&outcome.ruling));
                self.differs(Some(recorded.closed.epoch), Some(sent.uid), "the ruling", &expected, &found);
            }
        }
        Ok((rulings, proofs))
    }

    fn standings(&mut self, epoch: Epoch, ours: &[Standing], logs: &[Standing]) {
        for (ours, log) in ours.iter().zip(logs) {
            for (what, expected, found) in compared(ours, log) {
                if expected != found {
                    let what = format!("the standing's {what}");
                    self.differs(Some(epoch), Some(log.uid), &what, &expected, &found);
                }
            }
        }
    }

    fn weights(&mut self, epoch: Epoch, ours: &[(Uid, u16)], logs: &[(Uid, u16)]) {
        let (expected, found): (BTreeMap<Uid, u16>, BTreeMap<Uid, u16>) =
            (ours.iter().copied().collect(), logs.iter().copied().collect());
        let uids: BTreeSet<Uid> = expected.keys().chain(found.keys()).copied().collect();
        let text = |weight: Option<&u16>| weight.map_or_else(|| "none".into(), u16::to_string);
        let before = self.report.differences.len();
        for uid in uids {
            let (expected, found) = (expected.get(&uid), found.get(&uid));
            if expected != found {
                self.differs(Some(epoch), Some(uid), "the weight", &text(expected), &text(found));
            }
        }
        if ours != logs && self.report.differences.len() == before {
            self.differs(Some(epoch), None, "the order of the weights", &"ascending uids", &"another");
        }
    }

    fn differs(
        &mut self,
        epoch: Option<Epoch>,
        uid: Option<Uid>,
        what: &str,
        expected: &dyn std::fmt::Display,
        found: &dyn std::fmt::Display,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.report.differences.push(Difference { epoch, uid, what: what.into(), expected, found });
    }
}

fn is_as_planned(recorded: &RecordedAudit, planned: &PlannedAudit, challenge: &[u8]) -> bool {
    let (sent, audit) = (&recorded.sent, &planned.audit);
    sent.uid == audit.uid
        && sent.samples == audit.samples
        && sent.focus == audit.focus
        && sent.audit.deadline_ms == audit.deadline_ms
        && sent.audit.challenge == challenge
}

fn is_as_unsent(unsent: &AuditUnsent, PlannedAudit { audit, challenge }: &PlannedAudit) -> bool {
    unsent.uid == audit.uid
        && unsent.samples == audit.samples
        && unsent.focus == audit.focus
        && unsent.deadline_ms == audit.deadline_ms
        && unsent.drawn == challenge.is_ok()
}

/// Why nobody could tell is no part of a ruling: it names files and limits of one machine.
fn same(ours: &Ruling, log: &Ruling) -> bool {
    matches!((ours, log), (Ruling::Undecided { .. }, Ruling::Undecided { .. })) || ours == log
}

fn words(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Passed => "passed".into(),
        Ruling::Failed { why } => format!("failed: {why}"),
        Ruling::NotEligible => "not eligible".into(),
        Ruling::Refused => "refused".into(),
        Ruling::Late => "late".into(),
        Ruling::Absent => "absent".into(),
        Ruling::Undecided { why } => format!("no verdict: {why}"),
    }
}

fn brief(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.chars().take(200).collect()
}

/// What of a standing follows from the evidence; uid, hotkey and coldkey are the chain's.
fn compared(ours: &Standing, log: &Standing) -> [(&'static str, u64, u64); 10] {
    [
        ("claimed bytes", ours.claimed_bytes, log.claimed_bytes),
        ("proven bytes", ours.proven_bytes, log.proven_bytes),
        ("cargo bytes", ours.cargo_bytes, log.cargo_bytes),
        ("number of audits", ours.issued.into(), log.issued.into()),
        ("audits passed", ours.passed.into(), log.passed.into()),
        ("audits failed", ours.failed.into(), log.failed.into()),
        ("late answers", ours.late.into(), log.late.into()),
        ("absences", ours.absent.into(), log.absent.into()),
        ("median latency", ours.latency_p50_ms.into(), log.latency_p50_ms.into()),
        ("99th percentile latency", ours.latency_p99_ms.into(), log.latency_p99_ms.into()),
    ]
}
