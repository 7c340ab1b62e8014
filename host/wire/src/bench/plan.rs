//! Every request of a measurement, signed before it begins.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plimsoll_core::Keypair;

use super::{LoadSpec, Pace, SAMPLE_EVERY};
use crate::btauth::{RequestSigner, SignedRequest};
use crate::clock::ManualClock;
use crate::messages::AUDIT_PATH;

/// One request.
pub(super) struct Planned {
    /// From the beginning; from the connection's own where all are offered at once.
    pub(super) due: Duration,
    pub(super) bytes: Vec<u8>,
    /// Where the answer's signature will be verified.
    pub(super) sampled: Option<SignedRequest>,
}

/// The requests of each connection.
pub(super) fn plan(spec: &LoadSpec) -> Result<Vec<Vec<Planned>>, String> {
    let mut signers = Vec::new();
    for (seed, bodies) in &spec.callers {
        let mut key = [0; 32];
        hex::decode_to_slice(seed, &mut key).map_err(|e| format!("a caller's seed: {e}"))?;
        let clock = Arc::new(ManualClock::default());
        signers.push((RequestSigner::new(Keypair::from_seed(&key), Arc::clone(&clock) as _), clock, bodies));
    }
    if signers.is_empty() || signers.iter().any(|(_, _, bodies)| bodies.is_empty()) || spec.connections == 0 {
        return Err("there is nobody who asks anything".to_owned());
    }
    let begins = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let begins_ns = u64::try_from(begins.as_nanos()).unwrap_or(u64::MAX);
    let mut plan: Vec<Vec<Planned>> = (0..spec.connections).map(|_| Vec::new()).collect();
    for (n, due) in dues(spec).enumerate() {
        let turns = signers.len();
        let (signer, clock, bodies) = &mut signers[n % turns];
        let body = &bodies[(n / turns) % bodies.len()];
        // Signing takes a while: what is due first is a little older than its pace says.
        let nonce_ns = begins_ns.saturating_add(u64::try_from(due.as_nanos()).unwrap_or(0));
        clock.set_unix_ns(nonce_ns);
        let signed = signer.sign("POST", AUDIT_PATH, body.as_bytes(), spec.miner);
        let bytes = http(&signed, body);
        let sampled = (n % SAMPLE_EVERY == 0).then_some(signed);
        plan[n % spec.connections].push(Planned { due, bytes, sampled });
    }
    Ok(plan)
}

/// When the requests are due, in ascending order.
fn dues(spec: &LoadSpec) -> Box<dyn Iterator<Item = Duration>> {
    let duration = Duration::from_millis(spec.duration_ms);
    match spec.pace {
        Pace::PerSecond(rate) => {
            let between = Duration::from_secs(1) / rate.max(1);
            Box::new((0u32..).map(move |n| between * n).take_while(move |due| *due < duration))
        }
        Pace::Unbounded(most) => Box::new((0..most).map(|_| Duration::ZERO)),
        Pace::Flood => {
            let (connections, rounds) = (spec.connections as u64, duration.as_secs().max(1));
            Box::new((0..connections * rounds).map(move |n| Duration::from_secs(n / connections)))
        }
    }
}

fn http(request: &SignedRequest, body: &str) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\nhost: miner\r\n", request.method, request.target);
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}
