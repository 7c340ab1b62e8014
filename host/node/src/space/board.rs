//! The work board: which span of which plot is filled next, pure bookkeeping without I/O or threads.
//!
//! Every plot goes through its passes in order and is then finished (committed and sealed) once. Spans of an
//! independent pass are handed out freely; of a sequential pass one at a time. Earlier plots come first, so
//! that one plot after the other is complete rather than all of them at the end.

use std::collections::VecDeque;

use plimsoll_core::{Layout, Order, Span};

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Fill `span` of `pass`.
    Fill { plot: usize, pass: u32, span: Span },
    /// Commit and seal.
    Finish { plot: usize },
}

impl Task {
    const fn plot(&self) -> usize {
        match *self {
            Self::Fill { plot, .. } | Self::Finish { plot } => plot,
        }
    }
}

struct Lane {
    passes: VecDeque<(u32, Order, VecDeque<Span>)>,
    in_flight: usize,
    finish_given: bool,
    finished: bool,
}

/// What is left to do for a list of plots.
pub(super) struct Board {
    lanes: Vec<Lane>,
}

impl Board {
    pub(super) fn new() -> Self {
        Self { lanes: Vec::new() }
    }

    /// Adds a plot of which `remaining(pass)` is not yet filled, in pieces of about `piece_bytes`.
    pub(super) fn add(&mut self, layout: &Layout, piece_bytes: u64, remaining: impl Fn(u32) -> Vec<Span>) {
        let units = (piece_bytes / u64::from(layout.unit_bytes).max(1)).max(1);
        let passes = (0u32..).zip(&layout.passes).map(|(index, pass)| {
            let spans = remaining(index).into_iter().flat_map(|span| span.pieces(units)).collect();
            (index, pass.order, spans)
        });
        self.lanes.push(Lane {
            passes: passes.collect(),
            in_flight: 0,
            finish_given: false,
            finished: false,
        });
    }

    /// Adds a plot that needs nothing more.
    pub(super) fn add_complete(&mut self) {
        self.lanes.push(Lane { passes: VecDeque::new(), in_flight: 0, finish_given: true, finished: true });
    }

    /// The next task that can start now.
    pub(super) fn take(&mut self) -> Option<Task> {
        self.lanes.iter_mut().enumerate().find_map(|(plot, lane)| lane.take(plot))
    }

    /// Whether everything is done.
    pub(super) fn is_done(&self) -> bool {
        self.lanes.iter().all(|lane| lane.finished)
    }

    /// Marks a task that [`Board::take`] gave as done.
    pub(super) fn done(&mut self, task: &Task) {
        let lane = &mut self.lanes[task.plot()];
        lane.in_flight -= 1;
        lane.finished |= matches!(task, Task::Finish { .. });
    }
}

impl Lane {
    fn take(&mut self, plot: usize) -> Option<Task> {
        while let Some((pass, order, spans)) = self.passes.front_mut() {
            let blocked = *order == Order::Sequential && self.in_flight > 0;
            if let Some(span) = spans.front().copied().filter(|_| !blocked) {
                spans.pop_front();
                self.in_flight += 1;
                return Some(Task::Fill { plot, pass: *pass, span });
            }
            // The next pass reads what this one wrote: it waits for the last span.
            if self.in_flight > 0 || !spans.is_empty() {
                return None;
            }
            self.passes.pop_front();
        }
        if self.in_flight > 0 || self.finish_given {
            return None;
        }
        self.finish_given = true;
        self.in_flight = 1;
        Some(Task::Finish { plot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::Pass;

    fn layout(orders: &[Order], units: u64) -> Layout {
        let passes = orders.iter().map(|&order| Pass { name: "p".into(), units, order }).collect();
        Layout { unit_bytes: 10, units, region_bytes: units * 10, memory_bytes: 0, passes }
    }

    fn board(orders: &[Order], units: u64) -> Board {
        let mut board = Board::new();
        board.add(&layout(orders, units), 20, |_| vec![Span { first: 0, count: units }]);
        board
    }

    #[test]
    fn a_sequential_pass_has_one_span_in_flight_and_goes_up() {
        let mut board = board(&[Order::Sequential], 5);
        let mut firsts = Vec::new();
        while !board.is_done() {
            let task = board.take().unwrap();
            assert_eq!(board.take(), None, "nothing else may start while {task:?} runs");
            if let Task::Fill { span, .. } = task {
                firsts.push(span.first);
            }
            board.done(&task);
        }
        assert_eq!(firsts, [0, 2, 4]);
    }

    #[test]
    fn the_second_pass_waits_for_the_whole_first_one() {
        let mut board = board(&[Order::Independent, Order::Independent], 4);
        let (a, b) = (board.take().unwrap(), board.take().unwrap());
        assert_eq!(board.take(), None);
        board.done(&a);
        assert_eq!(board.take(), None);
        board.done(&b);
        assert!(matches!(board.take(), Some(Task::Fill { pass: 1, .. })));
    }

    #[test]
    fn a_plot_with_nothing_left_is_still_finished_once() {
        let mut board = Board::new();
        board.add(&layout(&[Order::Independent], 4), 20, |_| Vec::new());
        let task = board.take().unwrap();
        assert_eq!(task, Task::Finish { plot: 0 });
        assert_eq!(board.take(), None);
        board.done(&task);
        assert!(board.is_done());
    }
}
