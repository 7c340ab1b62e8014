//! The hub in a process of its own: it is told what to be on its standard input, prints its address, and then says for
//! each line that it is sent what it was asked since the last.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use plimsoll_hub::{Bucket, Hub, HubOptions, Rates};
use serde::{Deserialize, Serialize};

use super::error::BenchError;
use super::practice::Practice;

/// What the other process is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubSpec {
    /// How long every answer waits.
    pub latency_ms: u64,
    /// Of the subnet's miners the first so many.
    pub datasets: u16,
    /// Whether of 1,000 requests 50 are refused with 429 and `Retry-After: 1`, 50 with 503, 50 cut in the middle and 20
    /// left without another byte.
    pub faulty: bool,
}

/// What a hub was asked since it was last asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) resolver_requests: usize,
    pub(super) api_requests: usize,
    /// Requests within a time that the client was told to wait.
    pub(super) too_early: usize,
}

#[derive(Serialize, Deserialize)]
struct Address {
    address: String,
}

const FAULTS: Rates = Rates { seed: 3, too_many: 50, unavailable: 50, cut: 50, stall: 20, retry_after_s: 1 };

/// Is the hub until `input` ends.
///
/// # Errors
/// That it is told nothing sensible, or cannot listen.
pub fn serve_hub(mut input: impl BufRead, mut output: impl Write) -> Result<(), BenchError> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(BenchError::io("read what the hub is to be"))?;
    let spec: HubSpec = serde_json::from_str(&line).map_err(BenchError::hub("what it is to be"))?;
    let rates = if spec.faulty { FAULTS } else { Rates::default() };
    let options =
        HubOptions { latency: Duration::from_millis(spec.latency_ms), rates, ..HubOptions::default() };
    let hub = Hub::start(Practice::full(spec.datasets).repos(), options).map_err(BenchError::hub("start"))?;
    tell(&mut output, &Address { address: hub.address().to_owned() })?;
    for line in input.lines() {
        line.map_err(BenchError::io("read what the hub is asked"))?;
        let log = hub.log();
        let asked = Asked {
            resolver_requests: log.count(Bucket::Resolvers),
            api_requests: log.count(Bucket::Api),
            // The answers wait here, not on the way, so a request may cross one for as long.
            too_early: log.inside_a_wait_beyond(Duration::from_millis(spec.latency_ms)).len(),
        };
        log.clear();
        tell(&mut output, &asked)?;
    }
    Ok(())
}

fn tell(output: &mut impl Write, what: &impl Serialize) -> Result<(), BenchError> {
    let text = serde_json::to_string(what).map_err(BenchError::hub("say what it was asked"))?;
    let told = writeln!(output, "{text}").and_then(|()| output.flush());
    told.map_err(BenchError::io("say what the hub was asked"))
}

/// The process, ended with this.
pub(super) struct HubProcess {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub(super) address: String,
}

impl HubProcess {
    /// `command` hands its standard input and output to [`serve_hub`].
    pub(super) fn start(mut command: Command, spec: HubSpec) -> Result<Self, BenchError> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(BenchError::hub("start it"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(BenchError::hub("start it")("it has no standard input or output"));
        };
        let mut hub = Self { child, to, from: BufReader::new(from), address: String::new() };
        let spec = serde_json::to_string(&spec).map_err(BenchError::hub("say what it is to be"))?;
        hub.address = hub.ask::<Address>(&spec)?.address;
        Ok(hub)
    }

    /// What it was asked since the last time.
    pub(super) fn asked(&mut self) -> Result<Asked, BenchError> {
        self.ask("")
    }

    fn ask<T: for<'d> Deserialize<'d>>(&mut self, line: &str) -> Result<T, BenchError> {
        let sent = writeln!(self.to, "{line}").and_then(|()| self.to.flush());
        sent.map_err(BenchError::hub("write to it"))?;
        let mut answer = String::new();
        self.from.read_line(&mut answer).map_err(BenchError::hub("read from it"))?;
        serde_json::from_str(&answer).map_err(BenchError::hub("it ended, or said what is no answer"))
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
