//! States of a run to replay from in another process.

use std::ops::ControlFlow;

use super::happening::Relived;
use super::prepared::{Kept, Prepared};
use super::run::Run;
use super::saved::Origin;
use super::streams::Streams;
use super::world::World;
use crate::LabError;

/// A state of a run as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// The epoch that comes next.
    pub epoch: u64,
    /// The state before it.
    pub bytes: Vec<u8>,
}

impl Prepared {
    /// Lives through the scenario and gives states too, the last of them from its end. The others take at most so
    /// many bytes: one before every epoch, or before every second, fourth and so on.
    ///
    /// # Errors
    /// As [`Prepared::run`]; [`LabError::Replay`] where a state cannot be kept.
    pub fn run_saving(
        &self,
        seed: u64,
        most_bytes: usize,
        watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Run, Vec<SavedState>), LabError> {
        let mut thinned = Thinned { most_bytes, every: 1, states: Vec::new() };
        let save = &mut |world: &World| match world.epoch.is_multiple_of(thinned.every) {
            true => saved(world).map(|state| thinned.enter(state)),
            false => Ok(()),
        };
        let (run, end) = self.run_telling(seed, save, watch)?;
        let mut states = thinned.states;
        states.push(saved(&end)?);
        Ok((run, states))
    }

    /// A state that [`Prepared::run_saving`] gave, to replay from.
    ///
    /// # Errors
    /// [`LabError::Replay`] for bytes of something else, or of a state of another scenario or seed.
    pub fn recall(&self, seed: u64, state: &SavedState) -> Result<Kept, LabError> {
        let wrong = |why: String| LabError::Replay {
            epoch: state.epoch,
            why: format!("its kept state cannot be used: {why}"),
        };
        let origin = Origin {
            scenario: self.scenario(),
            streams: &Streams::new(seed),
            identity_bound: self.identity_bound(),
            unit_bytes: self.unit_bytes(),
        };
        let world = World::from_bytes(&state.bytes, &origin).map_err(wrong)?;
        match world.epoch == state.epoch {
            true => Ok(Kept::one(seed, world)),
            false => Err(wrong(format!("it is of epoch {}", world.epoch))),
        }
    }

    /// One epoch of a run again, event after event, and the state at its end. See [`Prepared::relive`].
    ///
    /// # Errors
    /// [`LabError::Replay`] for an epoch that the run does not have.
    pub fn relive_saving(
        &self,
        seed: u64,
        epoch: u64,
        kept: Option<&Kept>,
    ) -> Result<(Relived, SavedState), LabError> {
        let (relived, world) = self.relived(seed, epoch, kept)?;
        Ok((relived, saved(&world)?))
    }
}

fn saved(world: &World) -> Result<SavedState, LabError> {
    let epoch = world.epoch;
    let wrong = |why| LabError::Replay { epoch, why: format!("its state cannot be kept: {why}") };
    Ok(SavedState { epoch, bytes: world.to_bytes().map_err(wrong)? })
}

/// States that take no more than so many bytes: whenever they do, every second of them goes.
struct Thinned {
    most_bytes: usize,
    every: u64,
    states: Vec<SavedState>,
}

impl Thinned {
    fn enter(&mut self, state: SavedState) {
        self.states.push(state);
        while self.states.len() > 1 && self.bytes() > self.most_bytes {
            self.every = self.every.saturating_mul(2);
            self.states.retain(|state| state.epoch.is_multiple_of(self.every));
        }
    }

    fn bytes(&self) -> usize {
        self.states.iter().map(|state| state.bytes.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_thinned_until_they_fit() {
        let kept = |most_bytes: usize| -> Vec<u64> {
            let mut thinned = Thinned { most_bytes, every: 1, states: Vec::new() };
            for epoch in 0..20u64 {
                if epoch.is_multiple_of(thinned.every) {
                    thinned.enter(SavedState { epoch, bytes: vec![0; 10] });
                }
                assert!(thinned.states.len() == 1 || thinned.bytes() <= most_bytes);
            }
            thinned.states.iter().map(|state| state.epoch).collect()
        };
        assert_eq!(kept(1000), (0..20).collect::<Vec<_>>());
        assert_eq!(kept(100), (0..20).step_by(2).collect::<Vec<_>>());
        assert_eq!(kept(50), [0, 4, 8, 12, 16]);
        assert_eq!(kept(1), [0], "the beginning is always there");
    }
}
