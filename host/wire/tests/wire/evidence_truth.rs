//! A chain that holds around a lie: whoever writes the log again with good digests is still found.

use std::time::Duration;

use plimsoll_core::{Digest, Epoch, Uid};
use plimsoll_wire::evidence::{AuditOutcome, AuditSent, LogEvent, Record, Registered, Response, Ruling};
use plimsoll_wire::{ClientOptions, Clock, MinerClient, Nonce, Outcome, RegistrationSet, WireLimits};
use std::sync::Arc;

use crate::loopback::{NETUID, Running, registration, stranger, validator};
use crate::story::{
    closed, fault, header, miners, opened, outcome, proved, read, registered, sent, signer, whole,
};

/// The records of [`whole`] with a change, which must leave them different.
fn changed(change: impl FnOnce(&mut Vec<Record>)) -> String {
    let mut records = whole();
    let before = records.clone();
    change(&mut records);
    assert_ne!(records, before, "the test changed nothing");
    fault(&records)
}

fn outcomes(records: &mut [Record]) -> Vec<&mut AuditOutcome> {
    let all = records.iter_mut();
    all.filter_map(|r| if let Record::AuditOutcome(o) = r { Some(o) } else { None }).collect()
}

fn sents(records: &mut [Record]) -> Vec<&mut AuditSent> {
    let all = records.iter_mut();
    all.filter_map(|r| if let Record::AuditSent(s) = r { Some(s) } else { None }).collect()
}

fn registrations(records: &mut [Record]) -> Vec<&mut Registered> {
    let all = records.iter_mut();
    all.filter_map(|r| if let Record::Registered(s) = r { Some(s) } else { None }).collect()
}

const MINERS: &str = "the miner's signature does not verify";
const VALIDATORS: &str = "the validator's signature does not verify";

#[test]
fn proofs_swapped_between_two_miners_fail_for_both() {
    let swap_both = |records: &mut Vec<Record>| {
        let mut all = outcomes(records);
        let (b, a) = (all[0].response.clone(), all[1].response.clone());
        all[0].response = a;
        all[1].response = b;
    };
    assert!(changed(swap_both).starts_with("line 10: the miner's signature does not verify: the answer of"));
    let swap_second = |records: &mut Vec<Record>| {
        let mut all = outcomes(records);
        all[1].response = all[0].response.clone();
    };
    assert!(
        changed(swap_second).starts_with("line 11: the miner's signature does not verify: the answer of")
    );
}

#[test]
fn a_changed_proof_refusal_or_late_answer_is_not_the_miners() {
    for (n, line) in [(0, 10), (2, 12), (3, 13), (4, 14)] {
        let why = changed(|records| match &mut outcomes(records)[n].response {
            Response::Proof { proof, .. } => proof[0] ^= 1,
            Response::Refused { body, .. } => body.push(' '),
            Response::Late { body_sha256, .. } => body_sha256.0[0] ^= 1,
            Response::NotEligible { signature, .. } => signature.0[0] ^= 1,
            other => panic!("{other:?}"),
        });
        assert!(why.starts_with(&format!("line {line}: {MINERS}")), "{why}");
    }
    let why = changed(|records| {
        let Response::Refused { status, .. } = &mut outcomes(records)[2].response else { panic!() };
        *status = 500;
    });
    assert!(why.contains(MINERS), "{why}");
}

#[test]
fn a_proof_cannot_be_turned_into_a_refusal_to_prove() {
    let why = changed(|records| {
        let mut all = outcomes(records);
        let Response::Proof { signature, elapsed_ms, .. } = all[0].response.clone() else { panic!() };
        all[0].response = Response::NotEligible { elapsed_ms, signature };
        all[0].ruling = Ruling::NotEligible;
    });
    assert!(why.contains(MINERS), "{why}");
}

#[test]
fn a_changed_question_is_not_the_validators() {
    let why = changed(|records| sents(records)[0].audit.challenge[0] ^= 1);
    assert!(why.starts_with("line 4: the request's body: expected"), "{why}");
    let why = changed(|records| sents(records)[0].audit.deadline_ms = 1);
    assert!(why.starts_with("line 4: the request's body: expected"), "{why}");
    let why = changed(|records| sents(records)[0].request.nonce = Nonce(1));
    assert!(why.starts_with(&format!("line 4: {VALIDATORS}")), "{why}");
    let why = changed(|records| sents(records)[0].request.sender = stranger().hotkey());
    assert!(why.starts_with("line 4: the request's sender: expected"), "{why}");
    let why = changed(|records| sents(records)[0].request.target = "/v1/registration".into());
    assert_eq!(why, "line 4: the request: expected POST /v1/audit, found POST /v1/registration");
    let why = changed(|records| sents(records)[0].request.receiver = stranger().hotkey());
    assert!(
        why.starts_with("line 4: the audit's registration: expected one that the log told before"),
        "{why}"
    );
}

/// The validator signs whatever it likes; the miner's answer is bound to what it was asked.
#[test]
fn an_answer_cannot_be_held_against_another_question_under_the_same_nonce() {
    let why = changed(|records| {
        let [(_, key), _] = miners();
        let first = sents(records)[0].clone();
        let clock: Arc<dyn Clock> = Arc::new(plimsoll_wire::ManualClock::at(first.request.nonce.0));
        let again = plimsoll_wire::RequestSigner::new(validator(), clock);
        let mut audit = first.audit.clone();
        audit.challenge = b"units 2 and 6".to_vec();
        let request = again.sign("POST", "/v1/audit", &audit.to_bytes(), key.hotkey());
        assert_eq!(request.nonce, first.request.nonce);
        *sents(records)[0] = AuditSent { audit, request, ..first };
    });
    assert!(why.starts_with(&format!("line 11: {MINERS}")), "{why}");
}

#[test]
fn a_changed_registration_is_not_the_miners() {
    let why = changed(|records| {
        let first = &mut registrations(records)[0];
        first.set = RegistrationSet::new(first.set.own.clone(), [Digest([0xAB; 32])]);
        first.root = first.set.root();
    });
    assert!(why.starts_with(&format!("line 1: {MINERS}")), "{why}");
    let why = changed(|records| registrations(records)[0].root = Digest([1; 32]));
    assert!(why.starts_with("line 1: the root on chain: expected"), "{why}");
    let why = changed(|records| registrations(records)[0].set.own.units = 0);
    assert_eq!(
        why,
        "line 1: the registration: expected one that makes sense, found units: expected 1 or more, found 0"
    );
    let why = changed(|records| {
        let own = registration(&stranger(), validator().hotkey());
        registrations(records)[0].set = RegistrationSet::new(own, []);
    });
    assert!(why.contains("found owner: expected"), "{why}");
}

#[test]
fn late_and_in_time_are_what_the_deadline_says() {
    let why = changed(|records| {
        let Response::Proof { elapsed_ms, .. } = &mut outcomes(records)[0].response else { panic!() };
        *elapsed_ms = 1001;
    });
    assert_eq!(why, "line 10: the answer's time: expected at most 1000 ms, found 1001 ms");
    let why = changed(|records| {
        let Response::Late { elapsed_ms, .. } = &mut outcomes(records)[3].response else { panic!() };
        *elapsed_ms = 1000;
    });
    assert_eq!(why, "line 13: the answer's time: expected more than 1000 ms, found 1000 ms");
}

#[test]
fn nobody_passes_or_fails_without_a_proof_of_its_own() {
    for n in 2..6 {
        for ruling in [Ruling::Passed, Ruling::Failed { why: "wrong".into() }] {
            let why = changed(|records| outcomes(records)[n].ruling = ruling);
            let line = 10 + n;
            assert!(
                why.starts_with(&format!("line {line}: the ruling: expected one that this response allows")),
                "{why}"
            );
        }
    }
    let why = changed(|records| outcomes(records)[0].ruling = Ruling::Absent);
    assert_eq!(why, "line 10: the ruling: expected one that this response allows, found Absent");
}

#[test]
fn every_audit_has_one_outcome_of_its_own() {
    let why = changed(|records| {
        records.retain(|r| !matches!(r, Record::AuditOutcome(o) if o.ruling == Ruling::Absent));
    });
    assert_eq!(why, "line 15: the round's audits: expected an outcome for each, found 1 without");
    let why = changed(|records| {
        let first = outcomes(records)[0].clone();
        records.insert(10, Record::AuditOutcome(first));
    });
    assert!(
        why.starts_with("line 11: an outcome: expected an audit of this round without one, found"),
        "{why}"
    );
    let why = changed(|records| outcomes(records)[0].uid = Uid(1));
    assert_eq!(why, "line 10: the outcome's uid: expected 2, found 1");
    let why = changed(|records| {
        let first = sents(records)[0].clone();
        records.insert(4, Record::AuditSent(first));
    });
    assert!(why.starts_with("line 5: the request's nonce: expected one that no other audit"), "{why}");
}

#[test]
fn a_round_says_its_secret_hands_on_its_memory_and_does_not_come_twice() {
    let end = |change: &dyn Fn(&mut plimsoll_wire::evidence::RoundClosed)| {
        changed(|records| {
            let Some(Record::RoundClosed(last)) = records.last_mut() else { panic!() };
            change(last);
        })
    };
    assert!(end(&|c| c.secret = Digest([1; 32])).starts_with("line 18: the secret's digest: expected"));
    assert!(
        end(&|c| c.memory_before = Digest([1; 32]))
            .starts_with("line 18: the rule's memory before: expected")
    );
    assert_eq!(end(&|c| c.epoch = Epoch(3)), "line 18: the round's epoch: expected 2, found 3");
    let why = changed(|records| {
        let Some(Record::RoundOpened(last)) =
            records.iter_mut().rfind(|r| matches!(r, Record::RoundOpened(_)))
        else {
            panic!()
        };
        last.epoch = Epoch(1);
    });
    assert_eq!(why, "line 17: the round's epoch: expected more than 1, found 1");
    let why = fault(&[Record::RoundClosed(closed(1, b"", b""))]);
    assert_eq!(why, "line 1: the round's end: expected an open round, found none");
    let why = fault(&[Record::Header(header())]);
    assert_eq!(why, "line 1: a record: expected no second header, found one");
}

#[test]
fn an_audit_belongs_to_an_open_round_and_a_registration_that_was_told() {
    let signer = signer();
    let [(uid, key), _] = miners();
    let told = Record::Registered(registered(&signer, uid, &key));
    let audit = Record::AuditSent(sent(&signer, 1, uid, &key));
    let why = fault(&[told.clone(), audit.clone()]);
    assert_eq!(why, "line 2: an audit: expected an open round, found none");
    let why = fault(&[Record::RoundOpened(opened(1)), audit.clone()]);
    assert!(
        why.starts_with("line 2: the audit's registration: expected one that the log told before"),
        "{why}"
    );
    let why = fault(&[told, Record::RoundOpened(opened(2)), audit]);
    assert_eq!(why, "line 3: the audit's epoch: expected 2, found 1");
}

#[test]
fn a_validator_that_died_in_a_round_leaves_a_log_that_goes_on() {
    let signer = signer();
    let [(uid, key), _] = miners();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    let unanswered = sent(&signer, 1, uid, &key);
    let answered = sent(&signer, 2, uid, &key);
    crate::story::write(
        &path,
        &[
            Record::Registered(registered(&signer, uid, &key)),
            Record::RoundOpened(opened(1)),
            Record::AuditSent(unanswered),
        ],
    );
    crate::story::write(
        &path,
        &[
            Record::Event(LogEvent::RoundAbandoned {
                epoch: Epoch(1),
                why: "the validator was restarted".into(),
            }),
            Record::RoundOpened(opened(2)),
            Record::AuditSent(answered.clone()),
            Record::AuditOutcome(proved(&answered, &key, b"proof")),
            Record::RoundClosed(closed(2, b"", b"memory")),
        ],
    );
    assert_eq!(read(&std::fs::read(&path).unwrap()).unwrap().len(), 8);
}

#[test]
fn a_round_that_was_abandoned_does_not_come_again_with_another_secret() {
    let abandoned = LogEvent::RoundAbandoned { epoch: Epoch(1), why: "the answers were not liked".into() };
    let why =
        fault(&[Record::RoundOpened(opened(1)), Record::Event(abandoned), Record::RoundOpened(opened(1))]);
    assert_eq!(why, "line 3: the round's epoch: expected more than 1, found 1");
}

#[test]
fn an_audit_that_was_not_sent_belongs_to_a_round() {
    let unsent = plimsoll_wire::evidence::AuditUnsent {
        uid: Uid(3),
        samples: 4,
        focus: None,
        deadline_ms: 1000,
        drawn: false,
        why: "no challenge".into(),
    };
    let why = fault(&[Record::AuditUnsent(unsent)]);
    assert_eq!(
        why,
        "line 1: an audit that was not sent: expected an open round, found one of uid 3 outside of rounds"
    );
}

#[test]
fn what_a_client_got_over_a_socket_is_evidence_as_it_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = Running::obedient(WireLimits::default()).await;
        let clock: Arc<dyn Clock> = running.clock.clone();
        let client = MinerClient::with_clock(validator(), ClientOptions::default(), clock).unwrap();
        let uid = Uid(1);
        let exchange = client.registrations(&running.address(), NETUID, Duration::from_secs(10)).await;
        let Outcome::Answered { content: set, answer, .. } = exchange.outcome else { panic!() };
        let own = set.own.digest();
        let told =
            Registered { uid, root: set.root(), set, request: exchange.request, signature: answer.signature };
        let mut records = vec![Record::Registered(told), Record::RoundOpened(opened(7))];
        for (challenge, deadline_ms, ruling) in [
            (&b"unit 1"[..], 10_000, Ruling::Passed),
            (b"lottery", 10_000, Ruling::NotEligible),
            (b"disk", 10_000, Ruling::Refused),
            (b"slowly", 20, Ruling::Late),
        ] {
            let mut sent = sent(&signer(), 7, uid, &running.key);
            sent.audit.registration = own;
            sent.audit.challenge = challenge.to_vec();
            sent.audit.deadline_ms = deadline_ms;
            let exchange = client.audit(&running.address(), &sent.audit).await.unwrap();
            sent.request = exchange.request;
            records.push(Record::AuditSent(sent.clone()));
            records.push(Record::AuditOutcome(outcome(&sent, exchange.outcome.into(), ruling)));
        }
        records.push(Record::RoundClosed(closed(7, b"", b"")));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.ndjson");
        crate::story::write(&path, &records);
        assert_eq!(read(&std::fs::read(&path).unwrap()).unwrap(), records);
    });
}
