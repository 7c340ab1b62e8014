//! How long a validator waits before it looks at the chain again.

use std::time::Duration;

/// How a turn of the loop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    None,
    /// Something has its time, which comes in some blocks.
    Waiting,
    /// Something failed, and asking soon again will hardly help.
    Real,
}

/// How long to wait before the chain is asked again: twice as long after every trouble, within bounds.
pub(super) struct Pause {
    poll: Duration,
    troubles: u32,
}

impl Pause {
    pub(super) const fn of(poll: Duration) -> Self {
        Self { poll, troubles: 0 }
    }

    pub(super) fn after(&mut self, trouble: Trouble) -> Duration {
        let most = match trouble {
            Trouble::None => 0,
            Trouble::Waiting => 3,
            Trouble::Real => 7,
        };
        let pause = self.poll.saturating_mul(1 << self.troubles.min(most));
        self.troubles = if most == 0 { 0 } else { (self.troubles + 1).min(most) };
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_trouble_within_bounds_and_end_with_it() {
        let mut pause = Pause::of(Duration::from_millis(500));
        let mut after = |trouble| pause.after(trouble).as_millis();
        assert_eq!([Trouble::None; 2].map(&mut after), [500, 500]);
        assert_eq!([Trouble::Waiting; 5].map(&mut after), [500, 1000, 2000, 4000, 4000]);
        assert_eq!([Trouble::Real; 6].map(&mut after), [4000, 8000, 16000, 32000, 64000, 64000]);
        assert_eq!([Trouble::None, Trouble::None].map(&mut after), [500, 500]);
    }
}
