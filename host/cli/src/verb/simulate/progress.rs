//! How far a sweep is: a bar on a terminal, a line now and then elsewhere, nothing with `--json`.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use plimsoll_lab::sweep::Step;

use crate::cancel::Cancel;
use crate::global::Global;
use crate::screen::{self, CountBar};

const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// The first line comes with the first finished run, but not of a sweep that is over at once.
const BEFORE_FIRST_LINE: Duration = Duration::from_secs(1);

/// Watches a sweep, and breaks it off when somebody asks.
pub(super) struct Progress {
    cancel: Cancel,
    global: Global,
    state: Mutex<State>,
}

struct State {
    since: Instant,
    last_line: Option<Instant>,
    /// Whether a line has told of a finished run.
    has_told_of_one: bool,
    bar: Option<CountBar>,
    runs: usize,
    finished: usize,
    epochs: u64,
    done: u64,
}

impl Progress {
    pub(super) fn new(global: &Global, cancel: Cancel) -> Self {
        Self { cancel, global: global.clone(), state: Mutex::new(State::new()) }
    }

    pub(super) fn step(&self, step: Step) -> ControlFlow<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Begins { runs, kept, epochs } => {
                (state.runs, state.epochs, state.since) = (runs, epochs, Instant::now());
                if kept > 0 && !self.global.json {
                    screen::note(&format!("{kept} runs are kept from before, {runs} are to be made"));
                }
                state.bar = CountBar::drawn(&self.global, epochs);
            }
            Step::Epoch => state.done += 1,
            Step::Finished(_) => state.finished += 1,
        }
        if let Some(bar) = &state.bar {
            bar.advance_to(state.done);
            bar.say(format!("{} of {} runs", state.finished, state.runs));
        } else if !self.global.json && state.is_line_due() {
            (state.last_line, state.has_told_of_one) = (Some(Instant::now()), state.finished > 0);
            screen::note(&state.line(state.since.elapsed()));
        }
        self.cancel.flow()
    }
}

impl State {
    fn new() -> Self {
        let since = Instant::now();
        let (last_line, has_told_of_one, bar) = (None, false, None);
        Self { since, last_line, has_told_of_one, bar, runs: 0, finished: 0, epochs: 0, done: 0 }
    }

    fn is_line_due(&self) -> bool {
        if self.finished > 0 && !self.has_told_of_one {
            return self.since.elapsed() >= BEFORE_FIRST_LINE;
        }
        self.last_line.unwrap_or(self.since).elapsed() >= BETWEEN_LINES
    }

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
        let state = State { runs: 10, finished: 4, epochs: 1000, done: 500, ..State::new() };
        assert_eq!(state.line(Duration::from_secs(8)), "4 of 10 runs, 50 % of 1000 epochs, eta 8 s");
        let fresh = State { done: 0, finished: 0, ..state };
        assert_eq!(fresh.line(Duration::from_secs(8)), "0 of 10 runs, 0 % of 1000 epochs, eta unknown");
    }

    #[test]
    fn the_first_line_comes_with_the_first_finished_run_and_the_others_now_and_then() {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let due = |since, last_line: Option<u64>, finished| {
            let has_told_of_one = last_line.is_some() && finished > 1;
            let (since, last_line) = (ago(since), last_line.map(ago));
            State { since, last_line, has_told_of_one, finished, ..State::new() }.is_line_due()
        };
        assert_eq!(
            [due(0, None, 1), due(2, None, 0), due(2, None, 1), due(6, None, 0)],
            [false, false, true, true]
        );
        assert_eq!([due(60, Some(2), 9), due(60, Some(6), 9)], [false, true]);
        assert!(due(60, Some(2), 1), "lines before told of none");
    }
}
