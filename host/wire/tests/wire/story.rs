//! What happens in the logs of the tests: a validator, two miners, rounds.

use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{BlockNumber, Digest, Epoch, Hotkey, Keypair, Span, Standing, Uid, Weight};
use plimsoll_wire::evidence::{
    AuditOutcome, AuditSent, LogHeader, Pin, Pins, Record, Registered, Response, RoundClosed, RoundOpened,
    Ruling,
};
use plimsoll_wire::messages::{AUDIT_PATH, REGISTRATION_PATH};
use plimsoll_wire::{
    AuditRequest, EvidenceError, EvidenceLog, EvidenceReader, ManualClock, RegistrationRequest,
    RegistrationSet, RequestSigner, SignedAnswer,
};

use crate::loopback::{NETUID, NOW_NS, miner, registration, stranger, validator};

pub(crate) const SECRET: Digest = Digest([0x5E; 32]);

pub(crate) fn header() -> LogHeader {
    let pin = |name: &str, n| Pin {
        name: name.into(),
        plugin: Digest([n; 32]),
        params: serde_json::json!({"alpha": 0.9, "n": n}),
        params_digest: Digest([n + 1; 32]),
    };
    LogHeader {
        format: LogHeader::FORMAT,
        netuid: NETUID,
        validator: validator().hotkey(),
        genesis: Digest([0x6E; 32]),
        pins: Pins {
            scheme: pin("builtin:proof-stream", 1),
            challenge: pin("builtin:challenge-uniform", 3),
            incentive: pin("builtin:incentive-ema", 5),
        },
        settings: serde_json::json!({"budget": {"audits": 4, "samples": 8}}),
        memory: Vec::new(),
        engine: None,
        predecessor: None,
    }
}

/// The two miners.
pub(crate) fn miners() -> [(Uid, Keypair); 2] {
    [(Uid(1), miner()), (Uid(2), stranger())]
}

pub(crate) fn signer() -> RequestSigner {
    RequestSigner::new(validator(), Arc::new(ManualClock::at(NOW_NS)))
}

pub(crate) fn opened(epoch: u64) -> RoundOpened {
    RoundOpened {
        epoch: Epoch(epoch),
        block: BlockNumber(epoch * 100),
        beacon: Digest([0xBE; 32]),
        secret_digest: Digest::of(SECRET.as_bytes()),
    }
}

pub(crate) fn registered(signer: &RequestSigner, uid: Uid, key: &Keypair) -> Registered {
    let body = RegistrationRequest { netuid: NETUID }.to_bytes();
    let request = signer.sign("POST", REGISTRATION_PATH, &body, key.hotkey());
    let set = RegistrationSet::new(registration(key, validator().hotkey()), [Digest([0xAA; 32])]);
    let signature = SignedAnswer::sign(key, &request, 200, &set.to_bytes()).signature;
    Registered { uid, root: set.root(), set, request, signature }
}

pub(crate) fn sent(signer: &RequestSigner, epoch: u64, uid: Uid, key: &Keypair) -> AuditSent {
    let audit = AuditRequest {
        netuid: NETUID,
        epoch: Epoch(epoch),
        block: BlockNumber(epoch * 100),
        registration: registration(key, validator().hotkey()).digest(),
        challenge: b"units 1 and 5".to_vec(),
        deadline_ms: 1000,
    };
    let request = signer.sign("POST", AUDIT_PATH, &audit.to_bytes(), key.hotkey());
    AuditSent { uid, samples: 2, focus: Some(Span { first: 0, count: 8 }), audit, request }
}

pub(crate) fn proved(sent: &AuditSent, key: &Keypair, proof: &[u8]) -> AuditOutcome {
    let signature = SignedAnswer::sign(key, &sent.request, 200, proof).signature;
    outcome(sent, Response::Proof { proof: proof.to_vec(), elapsed_ms: 70, signature }, Ruling::Passed)
}

pub(crate) fn outcome(sent: &AuditSent, response: Response, ruling: Ruling) -> AuditOutcome {
    AuditOutcome { uid: sent.uid, nonce: sent.request.nonce, response, ruling }
}

pub(crate) fn closed(epoch: u64, before: &[u8], after: &[u8]) -> RoundClosed {
    let standing = |uid, hotkey: Hotkey| Standing {
        uid,
        hotkey,
        coldkey: Hotkey([0xC0; 32]),
        claimed_bytes: 1 << 20,
        proven_bytes: 1 << 20,
        cargo_bytes: 0,
        issued: 1,
        passed: 1,
        failed: 0,
        late: 0,
        absent: 0,
        latency_p50_ms: 70,
        latency_p99_ms: 70,
    };
    let weight = |uid, value| Weight { uid, value, reason: "1 of 1 audits passed".into() };
    RoundClosed {
        epoch: Epoch(epoch),
        secret: SECRET,
        standings: miners().iter().map(|(uid, key)| standing(*uid, key.hotkey())).collect(),
        memory_before: Digest::of(before),
        memory_after: Digest::of(after),
        raw_weights: vec![weight(Uid(1), 1 << 20), weight(Uid(2), 1 << 19)],
        weights: vec![(Uid(1), 65535), (Uid(2), 32768)],
    }
}

/// Two miners register, one round with every kind of outcome, and a second, short one.
pub(crate) fn whole() -> Vec<Record> {
    let signer = signer();
    let [(one, a), (two, b)] = miners();
    let mut records = vec![
        Record::Registered(registered(&signer, one, &a)),
        Record::RoundOpened(opened(1)),
        Record::Registered(registered(&signer, two, &b)),
    ];
    let asked: Vec<AuditSent> = (0..6)
        .map(|n| if n % 2 == 0 { sent(&signer, 1, one, &a) } else { sent(&signer, 1, two, &b) })
        .collect();
    records.extend(asked.iter().cloned().map(Record::AuditSent));
    let body = r#"{"error":"busy","code":"busy"}"#.to_owned();
    let sign = |n: usize, key: &Keypair, status, body: &[u8]| {
        SignedAnswer::sign(key, &asked[n].request, status, body)
    };
    let refused = sign(2, &a, 503, body.as_bytes()).signature;
    let late = sign(3, &b, 200, b"late proof");
    let lottery = sign(4, &a, 204, b"").signature;
    records.extend(
        [
            // In another order than they were asked: answers come as they come.
            proved(&asked[1], &b, b"proof of b"),
            proved(&asked[0], &a, b"proof of a"),
            outcome(
                &asked[2],
                Response::Refused { status: 503, body, elapsed_ms: 3, signature: refused },
                Ruling::Refused,
            ),
            outcome(
                &asked[3],
                Response::Late {
                    status: 200,
                    body_sha256: late.body_sha256,
                    elapsed_ms: 1001,
                    signature: late.signature,
                },
                Ruling::Late,
            ),
            outcome(
                &asked[4],
                Response::NotEligible { elapsed_ms: 1000, signature: lottery },
                Ruling::NotEligible,
            ),
            outcome(&asked[5], Response::Absent { why: "connection refused".into() }, Ruling::Absent),
        ]
        .map(Record::AuditOutcome),
    );
    records.push(Record::RoundClosed(closed(1, b"", b"memory")));
    records.push(Record::RoundOpened(opened(2)));
    records.push(Record::RoundClosed(closed(2, b"memory", b"more")));
    records
}

/// A log without signatures: short enough to be changed at every byte.
pub(crate) fn short() -> Vec<Record> {
    vec![Record::RoundOpened(opened(1)), Record::RoundClosed(closed(1, b"", b"memory"))]
}

pub(crate) fn write(path: &Path, records: &[Record]) {
    let mut log = EvidenceLog::open(path, &header()).unwrap();
    for record in records {
        log.append(record).unwrap();
    }
    log.sync().unwrap();
}

/// Everything behind the header, or what is wrong.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Record>, EvidenceError> {
    let reader = EvidenceReader::new(bytes, Path::new("log"))?;
    reader.map(|entry| entry.map(|entry| entry.record)).collect()
}

/// Writes `records`, whatever they are, and says what a reader finds wrong with them.
pub(crate) fn fault(records: &[Record]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.ndjson");
    write(&path, records);
    read(&std::fs::read(path).unwrap()).unwrap_err().to_string()
}
