//! What happens when, in virtual time.

use std::collections::BTreeMap;

use plimsoll_core::Uid;
use serde::{Deserialize, Serialize};

/// Something that happens at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    /// Miners come, go and choose; the rounds of the epoch are opened.
    EpochBegins,
    /// A validator's round is over: it sets these weights.
    WeightsSet {
        /// Which.
        validator: usize,
        /// What.
        weights: Vec<(Uid, u16)>,
    },
    /// Consensus, and pay.
    TempoEnds,
}

/// Events to come, by time; those of one instant in the order in which they were foreseen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Queue {
    events: BTreeMap<(u64, u64), Event>,
    foreseen: u64,
}

impl Queue {
    /// Foresees `event` at `at_ms`.
    pub(super) fn push(&mut self, at_ms: u64, event: Event) {
        self.events.insert((at_ms, self.foreseen), event);
        self.foreseen += 1;
    }

    /// All of them.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.values()
    }

    /// The next event and its time, milliseconds.
    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        self.events.pop_first().map(|((at_ms, _), event)| (at_ms, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_as_they_were_foreseen() {
        let mut queue = Queue::default();
        let set = |validator| Event::WeightsSet { validator, weights: Vec::new() };
        queue.push(20, Event::TempoEnds);
        queue.push(20, set(1));
        queue.push(5, set(2));
        queue.push(5, Event::EpochBegins);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [(5, set(2)), (5, Event::EpochBegins), (20, Event::TempoEnds), (20, set(1))]);
    }
}
