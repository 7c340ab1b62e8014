//! How far a sweep is: a line now and then, nothing with `--json`.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use plimsoll_lab::sweep::Step;

use crate::cancel::Cancel;
use crate::global::Global;
use crate::screen;

const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Watches a sweep, and breaks it off when somebody asks.
pub(super) struct Progress {
    cancel: Cancel,
    is_quiet: bool,
    state: Mutex<State>,
}

struct State {
    since: Instant,
    last_line: Instant,
    runs: usize,
    finished: usize,
    epochs: u64,
    done: u64,
}

impl Progress {
    pub(super) fn new(global: &Global, cancel: Cancel) -> Self {
        let now = Instant::now();
        let state = State { since: now, last_line: now, runs: 0, finished: 0, epochs: 0, done: 0 };
        Self { cancel, is_quiet: global.json, state: Mutex::new(state) }
    }

    pub(super) fn step(&self, step: Step) -> ControlFlow<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Begins { runs, kept, epochs } => {
                (state.runs, state.epochs) = (runs, epochs);
                if kept > 0 && !self.is_quiet {
                    screen::note(&format!("{kept} runs are kept from before, {runs} are to be made"));
                }
            }
            Step::Epoch => state.done += 1,
            Step::Finished(_) => state.finished += 1,
        }
        if !self.is_quiet && state.last_line.elapsed() >= BETWEEN_LINES {
            state.last_line = Instant::now();
            screen::note(&state.line(state.since.elapsed()));
        }
        if self.cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl State {
    fn line(&self, time: Duration) -> String {
        let percent = self.done.saturating_mul(100).checked_div(self.epochs).unwrap_or(100);
        let left = self.epochs.saturating_sub(self.done);
        let left_s = time.as_secs_f64() * left as f64 / self.done.max(1) as f64;
        let eta = match self.done {
            0 => "unknown".into(),
            _ => screen::duration(Duration::from_secs_f64(left_s)),
        };
        format!("{} of {} runs, {percent} % of {} epochs, eta {eta}", self.finished, self.runs, self.epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_long_it_takes() {
        let now = Instant::now();
        let state = State { since: now, last_line: now, runs: 10, finished: 4, epochs: 1000, done: 500 };
        assert_eq!(state.line(Duration::from_secs(8)), "4 of 10 runs, 50 % of 1000 epochs, eta 8 s");
        let fresh = State { done: 0, finished: 0, ..state };
        assert_eq!(fresh.line(Duration::from_secs(8)), "0 of 10 runs, 0 % of 1000 epochs, eta unknown");
    }
}
