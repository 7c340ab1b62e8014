//! Those who keep what they claim, as well as their disks let them.

use super::super::Conduct;
use super::super::conduct::Missing;
use super::{Agent, Mind, Seen, Stream, Toward};

/// Keeps what it claims.
#[derive(Clone)]
pub(super) struct Honest {
    pub(super) bytes: u64,
}

impl Agent for Honest {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        Conduct::HONEST
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}

/// Claims and keeps more after every epoch that earned more than going on cost.
#[derive(Clone)]
pub(super) struct Growing {
    pub(super) bytes: u64,
    pub(super) more_bytes: u64,
    pub(super) most_bytes: u64,
}

impl Agent for Growing {
    fn act(&mut self, seen: &Seen, _draws: &mut Stream) -> u64 {
        if seen.places > 0 && seen.earned_usd > seen.running_usd {
            self.bytes = self.bytes.saturating_add(self.more_bytes).min(self.most_bytes);
        }
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        Conduct::HONEST
    }

    fn mind(&self) -> Mind {
        Mind::Growing { bytes: self.bytes }
    }

    fn remember(&mut self, mind: Mind) -> bool {
        let Mind::Growing { bytes } = mind else { return false };
        self.bytes = bytes;
        true
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}

/// A disk that fails: nothing is left of it, nothing is answered until it is replaced and filled again.
#[derive(Clone)]
pub(super) struct Flaky {
    pub(super) bytes: u64,
    pub(super) fails: f64,
    pub(super) repair_epochs: u64,
    /// The first epoch in which all is there again.
    pub(super) whole_from: u64,
    pub(super) is_broken: bool,
}

impl Agent for Flaky {
    fn act(&mut self, seen: &Seen, draws: &mut Stream) -> u64 {
        if seen.epoch >= self.whole_from && draws.chance(self.fails) {
            self.whole_from = seen.epoch.saturating_add(self.repair_epochs);
        }
        self.is_broken = seen.epoch < self.whole_from;
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        match self.is_broken {
            true => Conduct { kept: 0.0, missing: Missing::Silent, ..Conduct::HONEST },
            false => Conduct::HONEST,
        }
    }

    fn mind(&self) -> Mind {
        Mind::Flaky { whole_from: self.whole_from, is_broken: self.is_broken }
    }

    fn remember(&mut self, mind: Mind) -> bool {
        let Mind::Flaky { whole_from, is_broken } = mind else { return false };
        (self.whole_from, self.is_broken) = (whole_from, is_broken);
        true
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}
