//! `[miner]` as the server takes it, and whether its keys go together.

use std::time::Duration;

use plimsoll_wire::{CallerLists, ServerOptions, WireLimits};

use super::layers::Layered;
use super::problem::{Code, Problem};
use super::settings::{Config, Miner};

impl Miner {
    /// Caps and deadlines.
    pub(crate) fn limits(&self) -> WireLimits {
        WireLimits {
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            answers_at_once: self.answers_at_once,
            answers_at_once_per_caller: self.answers_at_once_per_caller,
            burst: self.burst,
            refill: Duration::from_millis(self.refill_ms),
            head_within: Duration::from_millis(self.head_ms),
            body_within: Duration::from_millis(self.body_ms),
            answer_within: Duration::from_millis(self.answer_ms),
            ..WireLimits::default()
        }
    }

    /// Who is served.
    pub(crate) fn callers(&self) -> CallerLists {
        CallerLists { only: self.only.clone(), deny: self.deny.clone() }
    }
}

/// What the server would not start with, though every key by itself is sound.
pub(super) fn disagreement(layered: &Layered) -> Option<Problem> {
    let miner = Config::from_layers(layered).ok()?.miner;
    let options = ServerOptions { callers: miner.callers(), ..ServerOptions::with_limits(miner.limits()) };
    let error = options.check().err()?;
    let path = format!("miner.{}", error.field);
    let code = if error.field == "deny" { Code::BadValue } else { Code::OutOfRange };
    let message = format!("`{path}` is {}, expected {}", error.found, error.expected);
    let place = layered.values.get(path.as_str()).and_then(|found| found.place.as_ref());
    let problem = Problem::new(code, message).about(&path);
    Some(match place {
        Some(place) => problem.at(place),
        None => problem,
    })
}
