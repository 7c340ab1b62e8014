//! What a plugin may say: lines that are cut, tamed, counted and named.

use std::sync::Arc;

use crate::bindings::imports::plimsoll::plugin::log::Level;
use crate::limits::{LOG_BYTES, LOG_LINES};
use crate::text::tame;

/// The log of one store. Lines go to `tracing` with the target `plimsoll_plugin::said`.
pub(crate) struct LogGate {
    name: Arc<str>,
    lines: u32,
    last_error: Option<String>,
}

impl LogGate {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, lines: 0, last_error: None }
    }

    /// Every call has its own allowance of lines.
    pub(crate) fn begin_call(&mut self) {
        self.end_call();
        self.last_error = None;
    }

    /// Says how many lines were swallowed.
    pub(crate) fn end_call(&mut self) {
        let swallowed = self.lines.saturating_sub(LOG_LINES);
        if swallowed > 0 {
            tracing::warn!(
                target: "plimsoll_plugin::said",
                plugin = %self.name,
                swallowed,
                "a plugin may log {LOG_LINES} lines a call; the rest was dropped"
            );
        }
        self.lines = 0;
    }

    /// The last error line of this call: a panic's message, as a rule.
    pub(crate) fn take_last_error(&mut self) -> Option<String> {
        self.last_error.take()
    }

    pub(crate) fn line(&mut self, level: Level, message: &str) {
        self.lines = self.lines.saturating_add(1);
        if level == Level::Error {
            self.last_error = Some(tame(message, crate::limits::REASON_BYTES));
        }
        if self.lines > LOG_LINES {
            return;
        }
        let said = tame(message, LOG_BYTES);
        let plugin = &*self.name;
        match level {
            Level::Trace => tracing::trace!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Debug => tracing::debug!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Info => tracing::info!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Warn => tracing::warn!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Error => tracing::error!(target: "plimsoll_plugin::said", plugin, "{said}"),
        }
    }
}
