//! What a plugin may say: lines that are cut, tamed, counted and named.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::bindings::imports::plimsoll::plugin::log::Level;
use crate::limits::{LOG_BYTES, LOG_LINES, LOG_LINES_A_WINDOW, REASON_BYTES};
use crate::text::tame;

/// How long a window of lines is. The clock decides what an operator sees, never what a plugin does.
const WINDOW: Duration = Duration::from_secs(10);

/// Lines that all instances of one plugin may write together.
pub(crate) struct LogQuota {
    name: Arc<str>,
    window: Mutex<Window>,
}

struct Window {
    since: Instant,
    lines: u32,
    swallowed: u32,
}

impl LogQuota {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { name, window: Mutex::new(Window { since: Instant::now(), lines: 0, swallowed: 0 }) }
    }

    /// Takes `lines` out of this window; what does not fit is counted, and told of once a window.
    fn take(&self, lines: u32) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.since.elapsed() > WINDOW {
            self.tell_of(window.swallowed);
            *window = Window { since: Instant::now(), lines: 0, swallowed: 0 };
        }
        window.lines = window.lines.saturating_add(lines);
        let fits = window.lines <= LOG_LINES_A_WINDOW;
        if !fits {
            window.swallowed = window.swallowed.saturating_add(lines);
        }
        fits
    }

    fn tell_of(&self, swallowed: u32) {
        if swallowed > 0 {
            let plugin = &*self.name;
            tracing::warn!(target: "plimsoll_plugin::said", plugin, "{swallowed} further lines were dropped");
        }
    }
}

/// The log of one store. Lines go to `tracing` with the target `plimsoll_plugin::said`.
pub(crate) struct LogGate {
    quota: Arc<LogQuota>,
    lines: u32,
    last_error: Option<String>,
    is_muted: bool,
}

impl LogGate {
    pub(crate) fn new(quota: Arc<LogQuota>) -> Self {
        Self { quota, lines: 0, last_error: None, is_muted: false }
    }

    /// Every call has its own allowance of lines.
    pub(crate) fn begin_call(&mut self) {
        self.lines = 0;
        self.last_error = None;
        self.is_muted = false;
    }

    /// Until the next call nothing is shown or remembered: the plugin looks at what may be a secret.
    pub(crate) fn mute(&mut self) {
        self.is_muted = true;
    }

    /// Says how many lines of the call were swallowed.
    pub(crate) fn end_call(&mut self) {
        let swallowed = self.lines.saturating_sub(LOG_LINES);
        if swallowed > 0 && self.quota.take(1) {
            self.quota.tell_of(swallowed);
        }
    }

    /// The last error line of this call: a panic's message, as a rule.
    pub(crate) fn take_last_error(&mut self) -> Option<String> {
        self.last_error.take()
    }

    pub(crate) fn line(&mut self, level: Level, message: &str) {
        if self.is_muted {
            return;
        }
        self.lines = self.lines.saturating_add(1);
        if level == Level::Error {
            self.last_error = Some(tame(message, REASON_BYTES));
        }
        if self.lines > LOG_LINES || !self.quota.take(1) {
            return;
        }
        let said = tame(message, LOG_BYTES);
        let plugin = &*self.quota.name;
        match level {
            Level::Trace => tracing::trace!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Debug => tracing::debug!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Info => tracing::info!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Warn => tracing::warn!(target: "plimsoll_plugin::said", plugin, "{said}"),
            Level::Error => tracing::error!(target: "plimsoll_plugin::said", plugin, "{said}"),
        }
    }
}
