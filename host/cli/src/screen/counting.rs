//! A bar over things that are counted, for terminals.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use super::stream::bars;
use crate::global::Global;

const TEMPLATE: &str = "{wide_bar} {percent:>3} %  {msg}  eta {eta:<4}";

/// A bar that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct CountBar(ProgressBar);

impl CountBar {
    /// Nothing where standard error is no terminal, or with `--json`.
    pub(crate) fn drawn(global: &Global, total: u64) -> Option<Self> {
        (!global.json && std::io::stderr().is_terminal()).then(|| {
            // The template is fixed, and a test reads it.
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            Self(bars().add(ProgressBar::new(total).with_style(style.progress_chars("=> "))))
        })
    }

    /// So many are done.
    pub(crate) fn advance_to(&self, done: u64) {
        self.0.set_position(done);
    }

    /// What is said beside the bar.
    pub(crate) fn say(&self, text: String) {
        self.0.set_message(text);
    }
}

impl Drop for CountBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        bars().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_s_template_is_one_that_indicatif_reads() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
