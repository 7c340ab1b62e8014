//! What a miner's server is set to, checked before it starts.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::Hotkey;

use super::CargoSide;
use crate::btauth::MissingLog;
use crate::limits::{MAX_REQUEST_BYTES, WireLimits};

/// Everything that can be set.
#[derive(Clone, Default)]
pub struct ServerOptions {
    /// Caps and deadlines.
    pub limits: WireLimits,
    /// Who may ask, beside the permit on the metagraph.
    pub callers: CallerLists,
    /// Where it is kept which requests were taken.
    pub replay: ReplayKeeping,
    /// Whether `POST /Audit` of Bittensor's version 10 is answered too; see [`axon_v10`](crate::axon_v10).
    pub axon_v10: bool,
    /// Who takes and gives large bodies; without one there are no such routes.
    pub cargo: Option<Arc<dyn CargoSide>>,
}

/// Where it is kept which requests were taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ReplayKeeping {
    /// In memory: what was signed before the start is refused, and what is dated up to 2 s ahead can be taken a
    /// second time by a miner that restarts within these seconds. For tests and short runs.
    #[default]
    Memory,
    /// In files of this folder, across restarts.
    Folder {
        /// Of this miner's hotkey alone.
        path: PathBuf,
        /// What to make of a folder without a log.
        missing: MissingLog,
    },
}

/// Who is served. A hotkey is refused or let pass *before* its signature is checked: who claims a
/// denied key only shuts out itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerLists {
    /// Where it is not empty: nobody else is served. A permit on the metagraph is needed all the same.
    pub only: HashSet<Hotkey>,
    /// Never served.
    pub deny: HashSet<Hotkey>,
}

impl CallerLists {
    /// Whether `caller` is served as far as these lists go.
    #[must_use]
    pub fn serve(&self, caller: &Hotkey) -> bool {
        !self.deny.contains(caller) && (self.only.is_empty() || self.only.contains(caller))
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}, found {found}")]
pub struct OptionsError {
    /// Which.
    pub field: &'static str,
    /// What would work.
    pub expected: String,
    /// What is set.
    pub found: String,
}

const HOUR: Duration = Duration::from_secs(3600);
const MIB: usize = 1 << 20;

impl ServerOptions {
    /// With these limits, everything else as it is by default.
    #[must_use]
    pub fn with_limits(limits: WireLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Whether this can work.
    ///
    /// # Errors
    /// The first setting that cannot.
    pub fn check(&self) -> Result<(), OptionsError> {
        self.limits.check()?;
        let Some(both) = self.callers.only.intersection(&self.callers.deny).next() else { return Ok(()) };
        let expected = "no hotkey that is on the list `only` too".to_owned();
        Err(OptionsError { field: "deny", expected, found: both.to_string() })
    }
}

impl WireLimits {
    /// Whether these limits can work.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), OptionsError> {
        number("request_bytes", self.request_bytes, 1024, 16 * MIB)?;
        number("head_bytes", self.head_bytes, 8 * 1024, MIB)?;
        number("connections", self.connections, 1, 65_536)?;
        number("connections_per_address", self.connections_per_address, 1, self.connections)?;
        number("connections_kept_percent", self.connections_kept_percent, 0, 90)?;
        number("answers_at_once", self.answers_at_once, 1, 65_536)?;
        number("answers_at_once_per_caller", self.answers_at_once_per_caller, 1, self.answers_at_once)?;
        number("burst", self.burst, 1, 1_000_000)?;
        number("streams_at_once", self.streams_at_once, 1, 1024)?;
        number("stream_bytes", self.stream_bytes, 1, 1 << 50)?;
        number("stream_bytes_per_second", self.stream_bytes_per_second, 1, 1 << 40)?;
        time("head_within", self.head_within)?;
        time("body_within", self.body_within)?;
        time("answer_within", self.answer_within)?;
        time("connection_within", self.connection_within)?;
        time("stranger_within", self.stranger_within)?;
        if self.refill > HOUR {
            return Err(wrong("refill", "at most 1 h", format!("{:?}", self.refill)));
        }
        Ok(())
    }

    /// How many connections are kept for those who were served before.
    pub(super) const fn connections_kept(&self) -> usize {
        self.connections.saturating_mul(self.connections_kept_percent) / 100
    }

    /// Whether a body of any message of this version gets through.
    #[must_use]
    pub const fn every_message_fits(&self) -> bool {
        self.request_bytes >= MAX_REQUEST_BYTES
    }
}

fn wrong(field: &'static str, expected: impl Into<String>, found: String) -> OptionsError {
    OptionsError { field, expected: expected.into(), found }
}

fn number<T: Copy + PartialOrd + std::fmt::Display>(
    field: &'static str,
    found: T,
    least: T,
    most: T,
) -> Result<(), OptionsError> {
    if found >= least && found <= most {
        return Ok(());
    }
    Err(wrong(field, format!("{least} to {most}"), found.to_string()))
}

fn time(field: &'static str, found: Duration) -> Result<(), OptionsError> {
    if found > Duration::ZERO && found <= 24 * HOUR {
        return Ok(());
    }
    Err(wrong(field, "more than 0 and at most 24 h", format!("{found:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_work() {
        assert_eq!(ServerOptions::default().check(), Ok(()));
        assert!(WireLimits::default().every_message_fits());
    }

    #[test]
    fn a_setting_that_cannot_work_is_named_with_what_could() {
        let said = |change: fn(&mut ServerOptions)| {
            let mut options = ServerOptions::default();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert_eq!(said(|o| o.limits.connections = 0), "connections: expected 1 to 65536, found 0");
        assert_eq!(
            said(|o| o.limits.connections_per_address = 600),
            "connections_per_address: expected 1 to 512, found 600"
        );
        assert_eq!(
            said(|o| o.limits.answers_at_once_per_caller = 17),
            "answers_at_once_per_caller: expected 1 to 16, found 17"
        );
        assert_eq!(
            said(|o| o.limits.connections_kept_percent = 100),
            "connections_kept_percent: expected 0 to 90, found 100"
        );
        assert_eq!(said(|o| o.limits.head_bytes = 100), "head_bytes: expected 8192 to 1048576, found 100");
        assert_eq!(
            said(|o| o.limits.head_within = Duration::ZERO),
            "head_within: expected more than 0 and at most 24 h, found 0ns"
        );
        assert_eq!(said(|o| o.limits.refill = 2 * HOUR), "refill: expected at most 1 h, found 7200s");
        let both = said(|o| {
            o.callers.only.insert(Hotkey([1; 32]));
            o.callers.deny.insert(Hotkey([1; 32]));
        });
        assert_eq!(
            both,
            format!("deny: expected no hotkey that is on the list `only` too, found {}", Hotkey([1; 32]))
        );
    }

    #[test]
    fn a_denied_hotkey_is_not_served_and_with_a_list_of_some_nobody_else_is() {
        let [a, b, c] = [1, 2, 3].map(|n| Hotkey([n; 32]));
        let mut lists = CallerLists::default();
        assert!(lists.serve(&a));
        lists.deny.insert(a);
        assert!(!lists.serve(&a) && lists.serve(&b));
        lists.only.insert(b);
        assert!(lists.serve(&b) && !lists.serve(&c) && !lists.serve(&a));
    }
}
