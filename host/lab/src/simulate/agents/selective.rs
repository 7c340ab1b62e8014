//! Those who answer only where it pays.

use super::super::Conduct;
use super::super::conduct::{Answers, Missing};
use super::{Agent, Seen, Stream, Toward};

/// Keeps what it claims for validators with much stake, and nothing for the others, whom it does not answer.
#[derive(Clone)]
pub(super) struct Selective {
    pub(super) bytes: u64,
    pub(super) stake_from: f64,
}

impl Agent for Selective {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, _key: u32, toward: &Toward) -> Conduct {
        let answers = Answers::StakeFrom(self.stake_from);
        match toward.stake_share >= self.stake_from {
            true => Conduct { answers, ..Conduct::HONEST },
            false => Conduct { kept: 0.0, missing: Missing::Silent, answers, ..Conduct::HONEST },
        }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}
