//! What belongs together in a log, and whose signatures it must carry.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;

use plimsoll_core::{Digest, Epoch, Hotkey, Identity, NetUid, Signature};

use super::{AuditOutcome, AuditSent, EvidenceError, LogEvent, LogHeader, Record, Registered, Response};
use super::{RoundClosed, RoundOpened, Ruling};
use crate::answer::SignedAnswer;
use crate::btauth::{Nonce, SignedRequest};
use crate::messages::{AUDIT_PATH, REGISTRATION_PATH, RegistrationRequest};
use crate::texts::sha256;

/// Where a log stands, as far as the next record depends on it.
#[derive(Debug)]
pub(super) struct Rounds {
    netuid: NetUid,
    validator: Hotkey,
    registered: HashSet<(Digest, Hotkey)>,
    open: Option<RoundOpened>,
    last_epoch: Option<Epoch>,
    nonces: HashSet<Nonce>,
    waiting: HashMap<Nonce, AuditSent>,
    memory: Digest,
}

/// A line that says what cannot be.
struct Wrong(&'static str, String, String);

type Checked = Result<(), Wrong>;

fn expect(holds: bool, what: &'static str, expected: &dyn Display, found: &dyn Display) -> Checked {
    if holds { Ok(()) } else { Err(Wrong(what, expected.to_string(), found.to_string())) }
}

impl Rounds {
    pub(super) fn new(header: &LogHeader) -> Self {
        Self {
            netuid: header.netuid,
            validator: header.validator,
            registered: HashSet::new(),
            open: None,
            last_epoch: None,
            nonces: HashSet::new(),
            waiting: HashMap::new(),
            memory: Digest::of(&header.memory),
        }
    }

    /// Checks the record of `line` against all before it.
    pub(super) fn take(&mut self, line: u64, record: &Record) -> Result<(), EvidenceError> {
        let impossible =
            |Wrong(what, expected, found)| EvidenceError::Impossible { line, what, expected, found };
        match record {
            Record::Header(_) => Err(impossible(Wrong("a record", "no second header".into(), "one".into()))),
            Record::Event(event) => {
                self.event(event);
                Ok(())
            }
            Record::RoundOpened(opened) => self.opened(opened).map_err(impossible),
            Record::Registered(registered) => {
                self.asked(&registered.request, REGISTRATION_PATH).map_err(impossible)?;
                self.registered(registered).map_err(impossible)?;
                by_validator(line, &registered.request)?;
                let body_sha256 = sha256(&registered.set.to_bytes());
                by_miner(line, &registered.request, 200, body_sha256, registered.signature)
            }
            Record::AuditUnsent(unsent) => {
                let found = format!("one of uid {} outside of rounds", unsent.uid);
                expect(self.open.is_some(), "an audit that was not sent", &"an open round", &found)
                    .map_err(impossible)
            }
            Record::AuditSent(sent) => {
                self.asked(&sent.request, AUDIT_PATH).map_err(impossible)?;
                self.sent(sent).map_err(impossible)?;
                by_validator(line, &sent.request)
            }
            Record::AuditOutcome(outcome) => {
                let sent = self.answered(outcome).map_err(impossible)?;
                match signed_part(&outcome.response) {
                    Some((status, body, signature)) => by_miner(line, &sent.request, status, body, signature),
                    None => Ok(()),
                }
            }
            Record::RoundClosed(closed) => self.closed(closed).map_err(impossible),
        }
    }

    fn event(&mut self, event: &LogEvent) {
        if let LogEvent::RoundAbandoned { epoch, .. } = event
            && self.open.is_some_and(|open| open.epoch == *epoch)
        {
            self.end_round();
        }
    }

    /// A round may begin where another was never closed: its validator died. It never begins again under the
    /// same epoch: who could choose among several secrets, could choose whom to audit.
    fn opened(&mut self, opened: &RoundOpened) -> Checked {
        if let Some(last) = self.last_epoch {
            expect(opened.epoch > last, "the round's epoch", &format!("more than {last}"), &opened.epoch)?;
        }
        self.last_epoch = Some(opened.epoch);
        self.end_round();
        self.open = Some(*opened);
        Ok(())
    }

    fn end_round(&mut self) {
        self.open = None;
        self.waiting.clear();
        self.nonces.clear();
    }

    /// A request of this log: by its validator, to the right route.
    fn asked(&self, request: &SignedRequest, path: &str) -> Checked {
        let target = format!("{} {}", request.method, request.target);
        let expected = format!("POST {path}");
        expect(target == expected, "the request", &expected, &target)?;
        expect(request.sender == self.validator, "the request's sender", &self.validator, &request.sender)
    }

    fn registered(&mut self, registered: &Registered) -> Checked {
        let Registered { set, root, request, .. } = registered;
        let wrong = |e: crate::messages::MessageError| {
            Wrong("the registration", "one that makes sense".to_owned(), e.to_string())
        };
        set.check().map_err(wrong)?;
        let owner = request.receiver;
        set.check_identity(&Identity { netuid: self.netuid, owner, validator: self.validator })
            .map_err(wrong)?;
        expect(set.root() == *root, "the root on chain", &set.root(), &root)?;
        let body = sha256(&RegistrationRequest { netuid: self.netuid }.to_bytes());
        expect(request.body_sha256 == body, "the request's body", &body, &request.body_sha256)?;
        self.registered.insert((set.own.digest(), owner));
        Ok(())
    }

    fn sent(&mut self, sent: &AuditSent) -> Checked {
        let AuditSent { audit, request, .. } = sent;
        let round = self.open.ok_or_else(|| Wrong("an audit", "an open round".into(), "none".into()))?;
        expect(audit.epoch == round.epoch, "the audit's epoch", &round.epoch, &audit.epoch)?;
        expect(audit.block == round.block, "the audit's block", &round.block, &audit.block)?;
        expect(audit.netuid == self.netuid, "the audit's subnet", &self.netuid, &audit.netuid)?;
        let known = self.registered.contains(&(audit.registration, request.receiver));
        let whose = format!("{} of {}", audit.registration, request.receiver);
        expect(known, "the audit's registration", &"one that the log told before", &whose)?;
        let body = sha256(&audit.to_bytes());
        expect(request.body_sha256 == body, "the request's body", &body, &request.body_sha256)?;
        let new = self.nonces.insert(request.nonce);
        expect(new, "the request's nonce", &"one that no other audit of the round has", &request.nonce)?;
        self.waiting.insert(request.nonce, sent.clone());
        Ok(())
    }

    fn answered(&mut self, outcome: &AuditOutcome) -> Result<AuditSent, Wrong> {
        let sent = self.waiting.remove(&outcome.nonce).ok_or_else(|| {
            Wrong("an outcome", "an audit of this round without one".into(), outcome.nonce.to_string())
        })?;
        expect(sent.uid == outcome.uid, "the outcome's uid", &sent.uid, &outcome.uid)?;
        let deadline_ms = sent.audit.deadline_ms;
        if let Some((elapsed_ms, in_time)) = timing(&outcome.response) {
            let expected = format!("{} {deadline_ms} ms", if in_time { "at most" } else { "more than" });
            let holds = (elapsed_ms <= deadline_ms) == in_time;
            expect(holds, "the answer's time", &expected, &format!("{elapsed_ms} ms"))?;
        }
        let possible = rulings(&outcome.response, &outcome.ruling);
        let found = format!("{:?}", outcome.ruling);
        expect(possible, "the ruling", &"one that this response allows", &found)?;
        Ok(sent)
    }

    fn closed(&mut self, closed: &RoundClosed) -> Checked {
        let round =
            self.open.ok_or_else(|| Wrong("the round's end", "an open round".into(), "none".into()))?;
        expect(closed.epoch == round.epoch, "the round's epoch", &round.epoch, &closed.epoch)?;
        let digest = Digest::of(closed.secret.as_bytes());
        expect(digest == round.secret_digest, "the secret's digest", &round.secret_digest, &digest)?;
        let before = closed.memory_before;
        expect(before == self.memory, "the rule's memory before", &self.memory, &before)?;
        let waiting = self.waiting.len();
        expect(waiting == 0, "the round's audits", &"an outcome for each", &format!("{waiting} without"))?;
        self.memory = closed.memory_after;
        self.end_round();
        Ok(())
    }
}

/// Time of a signed answer, and whether it must lie within the deadline.
fn timing(response: &Response) -> Option<(u32, bool)> {
    match *response {
        Response::Proof { elapsed_ms, .. }
        | Response::NotEligible { elapsed_ms, .. }
        | Response::Refused { elapsed_ms, .. } => Some((elapsed_ms, true)),
        Response::Late { elapsed_ms, .. } => Some((elapsed_ms, false)),
        Response::Absent { .. } | Response::Garbage { .. } => None,
    }
}

/// Whether a response allows a ruling: nobody passes or fails without a proof of its own in time.
fn rulings(response: &Response, ruling: &Ruling) -> bool {
    match ruling {
        Ruling::Passed | Ruling::Failed { .. } => matches!(response, Response::Proof { .. }),
        Ruling::NotEligible => matches!(response, Response::NotEligible { .. }),
        Ruling::Refused => matches!(response, Response::Refused { .. }),
        Ruling::Late => matches!(response, Response::Late { .. }),
        Ruling::Absent => matches!(response, Response::Absent { .. } | Response::Garbage { .. }),
        Ruling::Undecided { .. } => true,
    }
}

/// Status, body digest and signature of what a miner signed.
fn signed_part(response: &Response) -> Option<(u16, Digest, Signature)> {
    match response {
        Response::Proof { proof, signature, .. } => Some((200, sha256(proof), *signature)),
        Response::NotEligible { signature, .. } => Some((204, sha256(b""), *signature)),
        Response::Refused { status, body, signature, .. } => {
            Some((*status, sha256(body.as_bytes()), *signature))
        }
        Response::Late { status, body_sha256, signature, .. } => Some((*status, *body_sha256, *signature)),
        Response::Absent { .. } | Response::Garbage { .. } => None,
    }
}

fn by_validator(line: u64, request: &SignedRequest) -> Result<(), EvidenceError> {
    if request.verifies() {
        return Ok(());
    }
    let what = format!("the request with nonce {} to {}", request.nonce, request.receiver);
    Err(EvidenceError::Signature { line, whose: "validator's", what })
}

fn by_miner(
    line: u64,
    request: &SignedRequest,
    status: u16,
    body_sha256: Digest,
    signature: Signature,
) -> Result<(), EvidenceError> {
    if SignedAnswer::claimed(request, status, body_sha256, signature).verifies() {
        return Ok(());
    }
    let what = format!("the answer of {} to the request with nonce {}", request.receiver, request.nonce);
    Err(EvidenceError::Signature { line, whose: "miner's", what })
}
