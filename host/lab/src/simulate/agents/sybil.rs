//! One owner with many hotkeys.

use super::super::Conduct;
use super::super::conduct::UnitsOf;
use super::{Agent, Plot, Seen, Stored, Stream, Toward};

/// Keeps the first hotkey's units and claims the same under every other. Where units depend on whose they are, the
/// others have nothing of their own; where they do not, the one copy answers for all.
#[derive(Clone)]
pub(super) struct Sybil {
    pub(super) bytes: u64,
    pub(super) identity_bound: bool,
}

impl Agent for Sybil {
    fn act(&mut self, _seen: &Seen, _draws: &mut Stream) -> u64 {
        self.bytes
    }

    fn conduct(&self, key: u32, _toward: &Toward) -> Conduct {
        match key {
            0 => Conduct::HONEST,
            _ if self.identity_bound => {
                Conduct { kept: 0.0, units_of: UnitsOf::FirstHotkey, ..Conduct::HONEST }
            }
            _ => Conduct { units_of: UnitsOf::FirstHotkey, ..Conduct::HONEST },
        }
    }

    fn stored(&self, plots: &[Plot]) -> Stored {
        // The first hotkey that has a place, where the very first has lost its own.
        let first = plots.iter().map(|plot| plot.key).min();
        let one =
            plots.iter().filter(|plot| Some(plot.key) == first && (!self.identity_bound || plot.key == 0));
        Stored { disk_bytes: one.map(|plot| plot.bytes).fold(0, u64::saturating_add), ..Stored::default() }
    }

    fn again(&self) -> Box<dyn Agent> {
        Box::new(self.clone())
    }
}
