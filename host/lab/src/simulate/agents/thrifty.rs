//! Those who keep less than they claim.

use super::super::Conduct;
use super::super::conduct::Missing;
use super::{Agent, Seen, Stream, Toward};

/// Keeps a share, and answers with whatever its prover makes of the rest.
#[derive(Clone)]
pub(super) struct Freeloader {
    pub(super) bytes: u64,
    pub(super) keep: f64,
}

impl Agent for Freeloader {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        Conduct { kept: self.keep, missing: Missing::Wrong, ..Conduct::HONEST }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}

/// Keeps a share, and makes the rest anew when it is asked.
#[derive(Clone)]
pub(super) struct Regenerator {
    pub(super) bytes: u64,
    pub(super) keep: f64,
    pub(super) cores: u32,
}

impl Agent for Regenerator {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        let missing = Missing::Regenerated { cores: self.cores };
        Conduct { kept: self.keep, missing, ..Conduct::HONEST }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}
