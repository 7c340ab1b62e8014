//! btauth/1 for a program in another language: a JSON object a line on standard input, one a line on standard
//! output. `interop/run` speaks with it from Python. One process is one receiver and remembers what it took.
//!
//! `cargo run --example btauth_interop -p plimsoll-wire`

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use plimsoll_core::{Hotkey, Keypair};
use plimsoll_wire::btauth::ReplayStore;
use plimsoll_wire::clock::{Clock, SystemClock};
use plimsoll_wire::{RequestSigner, RequestVerifier};
use serde::Deserialize;
use serde_json::{Value, json};

/// Requests signed this long before the process began are taken.
const BEFORE_START_NS: u64 = 60_000_000_000;

/// A request as it travels; the body in hex.
#[derive(Deserialize)]
struct Sent {
    method: String,
    target: String,
    body: String,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Request {
    /// The headers for a request to `receiver`.
    Sign { sent: Sent, receiver: String },
    /// Who sent it, or why it is refused.
    Verify { sent: Sent, headers: HashMap<String, String> },
}

struct Peer {
    signer: RequestSigner,
    verifier: RequestVerifier,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut seed = [0; 32];
    let text =
        std::env::args().nth(1).ok_or("expected this side's seed, 64 hex digits (of a throw-away key)")?;
    hex::decode_to_slice(text, &mut seed)?;
    let key = Keypair::from_seed(&seed);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let replay = ReplayStore::new(clock.unix_ns().saturating_sub(BEFORE_START_NS));
    let verifier = RequestVerifier::new(key.hotkey(), replay, Arc::clone(&clock));
    let peer = Peer { signer: RequestSigner::new(key, clock), verifier };
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = peer.answer(&line?).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

impl Peer {
    fn answer(&self, line: &str) -> Result<Value, Box<dyn Error>> {
        match serde_json::from_str(line)? {
            Request::Sign { sent, receiver } => {
                let receiver: Hotkey = receiver.parse()?;
                let body = hex::decode(sent.body)?;
                let signed = self.signer.sign(&sent.method, &sent.target, &body, receiver);
                let headers: HashMap<_, _> = signed.headers().into_iter().collect();
                Ok(json!({ "headers": headers, "address": self.signer.hotkey() }))
            }
            Request::Verify { sent, headers } => {
                let headers: HeaderMap = headers
                    .iter()
                    .map(|(name, value)| Ok((name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?)))
                    .collect::<Result<_, Box<dyn Error>>>()?;
                let body = hex::decode(sent.body)?;
                Ok(match self.verifier.verify(&sent.method, &sent.target, &headers, &body) {
                    Ok(request) => json!({ "accepted": request.sender }),
                    Err(refused) => json!({ "refused": refused.to_string() }),
                })
            }
        }
    }
}
