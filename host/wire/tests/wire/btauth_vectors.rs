//! btauth/1 against what the Bittensor SDK 11.3.0 signed, accepted and refused.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use plimsoll_core::{Digest, Hotkey, Keypair, Signature, verify_signature};
use plimsoll_wire::btauth::ReplayStore;
use plimsoll_wire::{AuthError, ManualClock, Nonce, RequestSigner, RequestVerifier, SignedRequest};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const SENDER: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";
const TARGET: &str = "/chunk/7?x=1";
const BODY: &[u8] = br#"{"prompt": "hello"}"#;
const BODY_SHA256: &str = "341c57448e531310fbbe83f44cea2a5e838bd9e8a6b82b269f01d0dbbc23c3cc";

const ALICE_NONCE: u64 = 1_795_178_912_077_138_031;
const ALICE_PAYLOAD: &str = "btauth/1\nsr25519\nPOST\n/chunk/7?x=1\n\
    341c57448e531310fbbe83f44cea2a5e838bd9e8a6b82b269f01d0dbbc23c3cc\n1795178912077138031\n\
    5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\n5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const ALICE_PAYLOAD_SHA256: &str = "34a8eae1712806e1c21a8f6b0a976ea4bdfc0a19a035626744fdf62afce92c8d";
const ALICE_SIGNATURE: &str = "aad64c47ee5ee17a6a1317af2cdbb711b35fafebf3314f6f292d7e1b8a805b58\
    9fa094258263ff97cd8c5532f972809bf6a1498de05421d06387b08011249f8d";

const NONCE: u64 = 1_795_178_971_753_571_644;
const SIGNATURE: &str = "0x28c784aa2b06b0637ecb18601e696e1b3ec505837c1c01af997c44b7dfd1113f\
    426e69d1b557d2a44ed91be6b0806576ffc780cd2ef51f12d7c315f32aff4e86";

fn vector_headers() -> Vec<(&'static str, String)> {
    vec![
        ("x-bittensor-hotkey", SENDER.to_owned()),
        ("x-bittensor-nonce", NONCE.to_string()),
        ("x-bittensor-receiver", ALICE.to_owned()),
        ("x-bittensor-signature", SIGNATURE.to_owned()),
        ("x-bittensor-version", "1".to_owned()),
    ]
}

fn map(headers: &[(&'static str, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    map
}

fn verifier(me: &str, now_ns: u64) -> RequestVerifier {
    RequestVerifier::new(me.parse().unwrap(), ReplayStore::new(0), Arc::new(ManualClock::at(now_ns)))
}

#[test]
fn the_payload_is_the_one_that_the_reference_builds() {
    let request = SignedRequest {
        method: "POST".into(),
        target: TARGET.into(),
        body_sha256: Digest(Sha256::digest(BODY).into()),
        nonce: Nonce(ALICE_NONCE),
        sender: ALICE.parse().unwrap(),
        receiver: BOB.parse().unwrap(),
        signature: ALICE_SIGNATURE.parse().unwrap(),
    };
    assert_eq!(request.body_sha256.to_string(), BODY_SHA256);
    assert_eq!(request.payload(), ALICE_PAYLOAD);
    assert_eq!(request.payload().len(), 217);
    assert_eq!(request.digest().to_string(), ALICE_PAYLOAD_SHA256);
    assert!(request.verifies());
}

/// What the reference says of one change to the request, and what we say where we say something else.
struct Case {
    change: &'static str,
    reference: &'static str,
    ours: &'static str,
    request: Changed,
}

#[derive(Clone)]
struct Changed {
    method: &'static str,
    target: &'static str,
    body: &'static [u8],
    me: &'static str,
    now_ns: u64,
    headers: Vec<(&'static str, String)>,
    times: usize,
}

fn plain() -> Changed {
    Changed {
        method: "POST",
        target: TARGET,
        body: BODY,
        me: ALICE,
        now_ns: NONCE + 1_000_000_000,
        headers: vector_headers(),
        times: 1,
    }
}

fn with(name: &'static str, value: impl Into<String>) -> Changed {
    let mut changed = plain();
    changed.headers.retain(|(n, _)| *n != name);
    changed.headers.push((name, value.into()));
    changed
}

fn without(name: &'static str) -> Changed {
    let mut changed = plain();
    changed.headers.retain(|(n, _)| *n != name);
    changed
}

fn at(now_ns: u64) -> Changed {
    Changed { now_ns, ..plain() }
}

fn cases() -> Vec<Case> {
    let same = |change, reference, request| Case { change, reference, ours: reference, request };
    let stricter = |change, ours, request| Case { change, reference: "accepted", ours, request };
    let beyond = |change, ours, request| Case { change, reference: "nothing known", ours, request };
    let no_prefix = SIGNATURE.trim_start_matches("0x");
    vec![
        same("none", "accepted", plain()),
        same("same request again", "ReplayedRequest", Changed { times: 2, ..plain() }),
        same("body \"x\"", "BadSignature", Changed { body: b"x", ..plain() }),
        same("target /chunk/8?x=1", "BadSignature", Changed { target: "/chunk/8?x=1", ..plain() }),
        same("method GET", "BadSignature", Changed { method: "GET", ..plain() }),
        same("method passed as \"post\"", "accepted", Changed { method: "post", ..plain() }),
        same("verifier is another hotkey", "WrongReceiver", Changed { me: BOB, ..plain() }),
        same("receiver header absent", "WrongReceiver", without("x-bittensor-receiver")),
        same("version 2", "MalformedAuth", with("x-bittensor-version", "2")),
        same("X-Bittensor-Crypto: ed25519 added", "BadSignature", with("x-bittensor-crypto", "ed25519")),
        same("hotkey header \"nonsense\"", "MalformedAuth", with("x-bittensor-hotkey", "nonsense")),
        stricter("signature hex without 0x", "MalformedAuth", with("x-bittensor-signature", no_prefix)),
        stricter(
            "nonce with a leading space",
            "MalformedAuth",
            with("x-bittensor-nonce", format!(" {NONCE}")),
        ),
        same("now = nonce + 10.000000000 s", "accepted", at(NONCE + 10_000_000_000)),
        same("now = nonce + 10.000000001 s", "StaleRequest", at(NONCE + 10_000_000_001)),
        same("now = nonce - 2.000000000 s", "accepted", at(NONCE - 2_000_000_000)),
        same("now = nonce - 2.000000001 s", "StaleRequest", at(NONCE - 2_000_000_001)),
        // Not among the vectors.
        beyond("X-Bittensor-Crypto: sr25519 added", "accepted", with("x-bittensor-crypto", "sr25519")),
        beyond("version absent", "MalformedAuth", without("x-bittensor-version")),
        beyond("nonce absent", "MalformedAuth", without("x-bittensor-nonce")),
        beyond("signature empty", "MalformedAuth", with("x-bittensor-signature", "")),
        beyond(
            "signature too long",
            "MalformedAuth",
            with("x-bittensor-signature", format!("{SIGNATURE}00")),
        ),
        beyond("nonce with leading zero", "MalformedAuth", with("x-bittensor-nonce", format!("0{NONCE}"))),
        beyond("nonce with sign", "MalformedAuth", with("x-bittensor-nonce", format!("+{NONCE}"))),
        beyond("nonce beyond 64 bits", "MalformedAuth", with("x-bittensor-nonce", format!("{NONCE}00"))),
    ]
}

fn name(verdict: &Result<SignedRequest, AuthError>) -> &'static str {
    match verdict {
        Ok(_) => "accepted",
        Err(AuthError::Malformed { .. }) => "MalformedAuth",
        Err(AuthError::WrongReceiver { .. }) => "WrongReceiver",
        Err(AuthError::Stale { .. }) => "StaleRequest",
        Err(AuthError::BadSignature) => "BadSignature",
        Err(AuthError::Replayed { .. }) => "ReplayedRequest",
        Err(_) => "another refusal",
    }
}

#[test]
fn every_verdict_is_that_of_the_reference_or_a_documented_stricter_one() {
    for Case { change, reference, ours, request } in cases() {
        let verifier = verifier(request.me, request.now_ns);
        let mut verdict = None;
        for _ in 0..request.times {
            let headers = map(&request.headers);
            verdict = Some(verifier.verify(request.method, request.target, &headers, request.body));
        }
        let verdict = verdict.unwrap();
        assert_eq!(name(&verdict), ours, "{change}: the reference says {reference}; {verdict:?}");
    }
}

#[test]
fn a_header_that_comes_twice_is_malformed() {
    for (header, value) in vector_headers() {
        let mut headers = map(&vector_headers());
        headers.append(HeaderName::from_static(header), value.parse().unwrap());
        let verdict = verifier(ALICE, NONCE).verify("POST", TARGET, &headers, BODY);
        assert_eq!(verdict.unwrap_err().to_string(), format!("header {header}: comes more than once"));
    }
}

#[test]
fn no_refusal_repeats_the_signature_or_what_was_signed() {
    for Case { change, request, .. } in cases() {
        let verifier = verifier(request.me, request.now_ns);
        for _ in 0..request.times {
            let headers = map(&request.headers);
            let Err(why) = verifier.verify(request.method, request.target, &headers, request.body) else {
                continue;
            };
            for text in [why.to_string(), format!("{why:?}")] {
                for secret in [&SIGNATURE[2..34], "prompt", BODY_SHA256, "chunk", "btauth/1\n"] {
                    assert!(!text.contains(secret), "{change}: {text}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_remembered_of_a_caller_whose_request_was_not_admitted() {
    let verifier = verifier(ALICE, NONCE);
    let mut forged = map(&vector_headers());
    for n in 0..200u16 {
        let mut key = [7; 32];
        key[..2].copy_from_slice(&n.to_le_bytes());
        forged.insert("x-bittensor-hotkey", Hotkey(key).to_ss58().parse().unwrap());
        assert_eq!(verifier.verify("POST", TARGET, &forged, BODY), Err(AuthError::BadSignature));
    }
    assert_eq!(verifier.senders(), 0);
    let headers = verifier.before_body(&map(&vector_headers())).unwrap();
    let request = verifier.authenticate(&headers, "POST", TARGET, BODY).unwrap();
    assert_eq!(verifier.senders(), 0);
    verifier.admit(&request).unwrap();
    assert_eq!(verifier.senders(), 1);
}

#[test]
fn a_body_that_takes_its_time_can_make_a_request_stale() {
    let clock = Arc::new(ManualClock::at(NONCE + 9_000_000_000));
    let verifier = RequestVerifier::new(ALICE.parse().unwrap(), ReplayStore::new(0), clock.clone());
    let headers = verifier.before_body(&map(&vector_headers())).unwrap();
    clock.advance_ns(2_000_000_000);
    let request = verifier.authenticate(&headers, "POST", TARGET, BODY).unwrap();
    assert!(matches!(verifier.admit(&request), Err(AuthError::Stale { .. })));
}

#[test]
fn nonces_rise_while_the_clock_stands_still_and_steps_back() {
    let clock = Arc::new(ManualClock::at(1000));
    let signer = RequestSigner::new(Keypair::from_seed(&[1; 32]), clock.clone());
    let me = signer.hotkey();
    let nonce = || signer.sign("post", "/", b"", me).nonce.0;
    assert_eq!([nonce(), nonce()], [1000, 1001]);
    clock.set_unix_ns(500);
    assert_eq!(nonce(), 1002);
    clock.set_unix_ns(5000);
    assert_eq!(nonce(), 5000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_is_accepted_and_every_changed_byte_is_not(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        target in "/[a-z0-9/?=&]{0,30}",
        which in 0usize..4,
        at in any::<prop::sample::Index>(),
    ) {
        let clock = Arc::new(ManualClock::at(NONCE));
        let (me, signer) = (Keypair::from_seed(&[2; 32]).hotkey(), Keypair::from_seed(&[1; 32]));
        let request = RequestSigner::new(signer, clock.clone()).sign("POST", &target, &body, me);
        let verifier = RequestVerifier::new(me, ReplayStore::new(0), clock);
        let headers = map(&request.headers());
        prop_assert_eq!(verifier.verify("POST", &target, &headers, &body), Ok(request.clone()));

        let (mut target, mut body, mut headers) = (target.into_bytes(), body, request.headers());
        match which {
            0 => { let i = at.index(target.len()); target[i] ^= 1 }
            1 => body.push(0),
            2 if !body.is_empty() => { let i = at.index(body.len()); body[i] ^= 1 }
            _ => {
                let value = &mut headers[at.index(5)].1;
                let last = value.pop().unwrap();
                value.push(if last == '5' { '6' } else { '5' });
            }
        }
        let headers = map(&headers);
        let target = String::from_utf8(target).unwrap();
        prop_assert!(verifier.verify("POST", &target, &headers, &body).is_err());
    }

    #[test]
    fn any_headers_at_all_get_a_typed_refusal(values in proptest::collection::vec("[ -~]{0,140}", 5)) {
        let names = ["version", "hotkey", "receiver", "nonce", "signature"];
        let mut headers = HeaderMap::new();
        for (name, value) in names.iter().zip(values) {
            headers.insert(HeaderName::try_from(format!("x-bittensor-{name}")).unwrap(), value.parse().unwrap());
        }
        let verdict = verifier(ALICE, NONCE).verify("POST", TARGET, &headers, BODY);
        prop_assert_eq!(name(&verdict), "MalformedAuth");
    }
}

#[test]
fn the_vector_signature_is_by_the_sender_of_the_vector() {
    let signature: Signature = SIGNATURE.parse().unwrap();
    let sender: Hotkey = SENDER.parse().unwrap();
    let payload = format!("btauth/1\nsr25519\nPOST\n{TARGET}\n{BODY_SHA256}\n{NONCE}\n{SENDER}\n{ALICE}");
    assert!(verify_signature(&sender, payload.as_bytes(), &signature));
}
