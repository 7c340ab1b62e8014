//! Progress: bars on a terminal, a plain line every few seconds elsewhere, nothing with `--json`.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_node::space::Progress;

use super::figures;
use super::stream::{bars, note};
use crate::global::Global;

const BETWEEN_LINES: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{prefix:16} {wide_bar} {percent:>3} %  {binary_bytes:>10} of {binary_total_bytes}  {binary_bytes_per_sec:>12}  eta {eta:<4}";

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Bars,
    Lines,
    Nothing,
}

/// Shows every piece of work that is told of. May be told by many threads.
#[derive(Debug)]
pub(crate) struct Board {
    show: Show,
    bars: Mutex<HashMap<String, Arc<Bar>>>,
}

/// The progress of one piece of work, in bytes.
#[derive(Debug)]
struct Bar {
    name: String,
    total: u64,
    /// What was done before this run (a resumed plot): it counts as done, not as speed.
    before: u64,
    done: AtomicU64,
    since: Instant,
    last_line: Mutex<Instant>,
    drawn: Option<ProgressBar>,
}

impl Board {
    /// As `--json` and the terminal want it.
    pub(crate) fn new(global: &Global) -> Self {
        Self::shown(match global.json {
            true => Show::Nothing,
            false if std::io::stderr().is_terminal() => Show::Bars,
            false => Show::Lines,
        })
    }

    fn shown(show: Show) -> Self {
        Self { show, bars: Mutex::default() }
    }

    fn bar(&self, name: &str) -> Option<Arc<Bar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl Progress for Board {
    fn begin(&self, name: &str, bytes: u64, done_bytes: u64) {
        let bar = Arc::new(Bar::new(name, bytes, done_bytes, self.show == Show::Bars));
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bar);
    }

    fn advance(&self, name: &str, bytes: u64) {
        let Some(bar) = self.bar(name) else { return };
        let done = bar.done.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if let Some(drawn) = &bar.drawn {
            drawn.set_position(done);
        }
        if self.show == Show::Lines && bar.is_line_due() {
            note(&bar.line(done, bar.since.elapsed()));
        }
    }

    fn finish(&self, name: &str) {
        let bar = self.bars.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        let Some(bar) = bar else { return };
        if let Some(drawn) = &bar.drawn {
            drawn.finish_and_clear();
            bars().remove(drawn);
        }
        if self.show != Show::Nothing {
            note(&bar.last_words(bar.done.load(Ordering::Relaxed), bar.since.elapsed()));
        }
    }
}

impl Drop for Board {
    /// Work that failed or was stopped leaves no bar behind.
    fn drop(&mut self) {
        let bars_left = self.bars.get_mut().unwrap_or_else(PoisonError::into_inner);
        for drawn in bars_left.values().filter_map(|bar| bar.drawn.as_ref()) {
            drawn.finish_and_clear();
        }
    }
}

impl Bar {
    fn new(name: &str, total: u64, before: u64, is_drawn: bool) -> Self {
        let drawn = is_drawn.then(|| {
            let bar = ProgressBar::new(total).with_prefix(name.to_owned()).with_position(before);
            // The template is fixed, and a test reads it.
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = bars().add(bar.with_style(style.progress_chars("=> ")));
            bar.reset_eta();
            bar
        });
        let since = Instant::now();
        let (name, done, last_line) = (name.to_owned(), AtomicU64::new(before), Mutex::new(since));
        Self { name, total, before, done, since, last_line, drawn }
    }

    fn is_line_due(&self) -> bool {
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.elapsed() >= BETWEEN_LINES;
        if due {
            *last = Instant::now();
        }
        due
    }

    fn line(&self, done: u64, time: Duration) -> String {
        let fresh = done.saturating_sub(self.before);
        let percent = done.saturating_mul(100).checked_div(self.total).unwrap_or(100);
        let left = match eta(fresh, self.total.saturating_sub(done), time) {
            Some(left) => figures::duration(left),
            None => "unknown".into(),
        };
        let (so_far, speed) = (figures::progress(done, self.total), figures::rate(fresh, time));
        format!("{}: {percent} %, {so_far}, {speed}, eta {left}", self.name)
    }

    fn last_words(&self, done: u64, time: Duration) -> String {
        let speed = figures::rate(done.saturating_sub(self.before), time);
        let (size, took) = (plimsoll_core::ByteSize(done), figures::duration(time));
        format!("{}: done, {size} in {took} ({speed})", self.name)
    }
}

/// How long `left` bytes take at the speed of `done` bytes in `time`.
fn eta(done: u64, left: u64, time: Duration) -> Option<Duration> {
    let nanos = u128::from(left).checked_mul(time.as_nanos())?.checked_div(u128::from(done))?;
    Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_s_template_is_one_that_indicatif_reads() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn a_resumed_work_counts_only_its_own_speed() {
        let board = Board::shown(Show::Nothing);
        board.begin("plot", 4 << 30, 2 << 30);
        board.advance("plot", 1 << 30);
        board.advance("unknown", 1 << 30);
        let bar = board.bar("plot").unwrap();
        let (done, time) = (bar.done.load(Ordering::Relaxed), Duration::from_secs(8));
        assert_eq!(bar.line(done, time), "plot: 75 %, 3 GiB of 4 GiB, 128 MiB/s, eta 8 s");
        assert_eq!(bar.last_words(done, time), "plot: done, 3 GiB in 8 s (128 MiB/s)");
        board.finish("plot");
        assert!(board.bar("plot").is_none());
    }

    #[test]
    fn without_any_progress_the_end_is_unknown() {
        assert_eq!(eta(0, 10, Duration::from_secs(1)), None);
        let bar = Bar::new("plot", 0, 0, false);
        assert_eq!(bar.line(0, Duration::ZERO), "plot: 100 %, 0 B of 0 B, -, eta unknown");
        assert!(!bar.is_line_due(), "the first line comes after a while");
    }
}
