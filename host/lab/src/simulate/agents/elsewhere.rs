//! Those whose bytes lie somewhere else.

use super::super::Conduct;
use super::super::conduct::{Missing, UnitsOf};
use super::{Agent, Plot, Seen, Stored, Stream, Toward};

/// One of a group that shares one store. Where units depend on whose they are, the store holds the very first one's
/// units, and the others have nothing of their own; where they do not, it is on the account of the first one that has a
/// place, as long as anybody answers through it.
#[derive(Clone)]
pub(super) struct Outsourcer {
    pub(super) bytes: u64,
    pub(super) rtt_ms: u32,
    pub(super) bytes_per_s: u64,
    /// Whether the store has units that its audits ask for.
    pub(super) is_served: bool,
    /// Whether the store is on its account in this epoch.
    pub(super) has_store: bool,
}

impl Agent for Outsourcer {
    fn act(&mut self, seen: &Seen, _draws: &mut Stream) -> u64 {
        self.has_store = self.is_served && seen.is_first;
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        let fetched = Missing::Fetched { rtt_ms: self.rtt_ms, bytes_per_s: self.bytes_per_s };
        let missing = if self.is_served { fetched } else { Missing::Wrong };
        let units_of = if self.has_store { UnitsOf::Own } else { UnitsOf::FirstOfGroup };
        Conduct { kept: 0.0, missing, units_of, ..Conduct::HONEST }
    }

    fn stored(&self, plots: &[Plot]) -> Stored {
        let all: u64 = plots.iter().map(|plot| plot.bytes).fold(0, u64::saturating_add);
        Stored { disk_bytes: if self.has_store { all } else { 0 }, ..Stored::default() }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}

/// Everything in cold storage, from which asked units are fetched.
#[derive(Clone)]
pub(super) struct OnDemand {
    pub(super) bytes: u64,
    pub(super) rtt_ms: u32,
    pub(super) bytes_per_s: u64,
    pub(super) usd_per_tib_month: f64,
}

impl Agent for OnDemand {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, _key: u32, _toward: &Toward) -> Conduct {
        let missing = Missing::Fetched { rtt_ms: self.rtt_ms, bytes_per_s: self.bytes_per_s };
        Conduct { kept: 0.0, missing, ..Conduct::HONEST }
    }

    fn stored(&self, plots: &[Plot]) -> Stored {
        Stored {
            disk_bytes: 0,
            cold_bytes: plots.iter().map(|plot| plot.bytes).fold(0, u64::saturating_add),
            cold_usd_per_tib_month: self.usd_per_tib_month,
        }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}
