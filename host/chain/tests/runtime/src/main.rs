//! A node of one process: Bittensor's runtime in smoldot's executor, a block for every transaction, and the legacy
//! JSON-RPC over a websocket on loopback, until its standard input ends.
//!
//! ```text
//! plimsoll-runtime-node RUNTIME GENESIS
//! ```
//!
//! RUNTIME is WebAssembly, plain, as nodes compress it, or either as hex digits; GENESIS a raw chain specification in
//! JSON. It prints `ws://127.0.0.1:PORT` once it listens.
//!
//! What a real node does and this one does not: consensus, a queue, peers, offchain workers, proofs, checks of who
//! asks. It is for tests alone.

#![allow(clippy::print_stdout, reason = "it says where it listens")]

mod blocks;
mod executor;
mod serve;

use std::io::Read as _;

use blocks::Blocks;
use executor::{Executor, State};

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [runtime, genesis] = words.as_slice() else {
        return Err("usage: plimsoll-runtime-node RUNTIME GENESIS".into());
    };
    let blocks = Blocks::new(Executor::new(&read(runtime)?)?, state_of(&read(genesis)?)?)?;
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tokio = tokio.map_err(|error| format!("cannot begin: {error}"))?;
    tokio.block_on(async {
        let listening = serve::listen(blocks).await.map_err(|error| format!("cannot listen: {error}"))?;
        println!("ws://{}", listening.at);
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::select! {
            _ = ended => {}
            () = listening.serve() => {}
        }
        Ok(())
    })
}

/// The bytes of a file, also where they stand as hex digits in it.
fn read(path: &str) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let text = std::str::from_utf8(&bytes).ok().map(|text| text.trim().trim_start_matches("0x"));
    Ok(text.and_then(|text| hex::decode(text).ok()).unwrap_or(bytes))
}

/// The state of a raw chain specification: `genesis.raw.top`, hex digits by hex digits.
fn state_of(json: &[u8]) -> Result<State, String> {
    let spec: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| format!("the genesis: {error}"))?;
    let top = spec["genesis"]["raw"]["top"].as_object();
    let top = top.ok_or("the genesis is no raw chain specification: it has no genesis.raw.top")?;
    let bytes = |text: &str| hex::decode(text.trim_start_matches("0x")).ok();
    let entry = |(key, value): (&String, &serde_json::Value)| Some((bytes(key)?, bytes(value.as_str()?)?));
    top.iter()
        .map(entry)
        .collect::<Option<_>>()
        .ok_or_else(|| "the genesis has a value that is no hex".into())
}
