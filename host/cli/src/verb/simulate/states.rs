//! States of a run that are kept: one epoch of it is lived through again without all before it.

use plimsoll_lab::LabError;
use plimsoll_lab::simulate::{Kept, Prepared, Run, SavedState};
use plimsoll_lab::sweep::{Cell, Keep, KeptState, digest};

use super::chosen::Chosen;
use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::global::Global;

/// All states of one run together.
const MOST_BYTES: usize = 64 << 20;

/// Whether states are kept.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Keeping {
    /// Keep states of the run, so that from then on an epoch of it is there without those before it
    #[arg(long, conflicts_with = "no_keep")]
    keep_states: bool,
}

/// One run, and the file that its states may be in.
pub(super) struct States<'a> {
    pub(super) args: &'a Keeping,
    pub(super) prepared: &'a Prepared,
    pub(super) cell: &'a Cell,
    pub(super) seed: u64,
    pub(super) keep: Option<&'a Keep>,
    pub(super) cancel: &'a Cancel,
    pub(super) global: &'a Global,
}

/// Where an epoch begins.
pub(super) struct Start {
    /// The epoch of the state.
    pub(super) epoch: u64,
    pub(super) kept: Kept,
}

impl Keeping {
    /// The file of finished runs and states; it is made where states are to be kept.
    pub(super) fn file(&self, chosen: &Chosen, global: &Global) -> Result<Option<Keep>, Failure> {
        if self.keep_states { chosen.kept(global) } else { chosen.kept_before(global) }
    }
}

impl States<'_> {
    /// The whole run; its states are kept if that is wished, and it is none other than the one that was kept.
    pub(super) fn run(&self) -> Result<Run, LabError> {
        let watch = &mut |_| self.cancel.flow();
        let Some(keep) = self.keep.filter(|_| self.args.keep_states) else {
            return self.prepared.run(self.seed, watch);
        };
        let (run, states) = self.prepared.run_saving(self.seed, MOST_BYTES, watch)?;
        let kept = keep.find(&self.cell.key(self.seed))?;
        if !run.faults.is_empty() {
            self.global.remark("a plugin broke down in this run: no states of it are kept");
        } else if kept.is_some_and(|kept| kept.run_blake3 != digest(&run)) {
            self.global.remark("this run is other than the one that was kept: no states of it are kept");
        } else {
            keep.keep_states(self.cell, self.seed, &states)?;
        }
        Ok(run)
    }

    /// The run, where its states are wished and not all there, so that it has to be made; none for an epoch that it does
    /// not have.
    pub(super) fn made_first(&self, epoch: u64) -> Result<Option<Run>, LabError> {
        let Some(keep) = self.keep.filter(|_| self.args.keep_states) else { return Ok(None) };
        let epochs = self.prepared.scenario().epochs;
        if epoch >= epochs || self.at(keep, epochs)?.is_some() {
            return Ok(None);
        }
        self.run().map(Some)
    }

    /// The nearest state that is kept from before `epoch`.
    pub(super) fn before(&self, epoch: u64) -> Result<Option<Start>, LabError> {
        let Some(keep) = self.keep else { return Ok(None) };
        if epoch >= self.prepared.scenario().epochs {
            return Ok(None);
        }
        let state = match keep.state_before(self.cell, self.seed, epoch)? {
            KeptState::State(state) => state,
            KeptState::Nothing => return Ok(None),
            KeptState::OtherEngine(engine) => {
                self.global.remark(&format!(
                    "states of this run are kept that engine {engine} made, and this is {}: they are not used; \
                     --keep-states makes them anew",
                    Cell::engine()
                ));
                return Ok(None);
            }
        };
        match self.prepared.recall(self.seed, &state) {
            Ok(kept) => Ok(Some(Start { epoch: state.epoch, kept })),
            Err(error) => {
                self.global.remark(&error.to_string());
                Ok(None)
            }
        }
    }

    /// Whether `state` is the one that is kept; nothing where none is.
    pub(super) fn is_kept(&self, state: &SavedState) -> Result<Option<bool>, LabError> {
        let Some(keep) = self.keep else { return Ok(None) };
        Ok(self.at(keep, state.epoch)?.map(|kept| kept == *state))
    }

    /// The state that is kept from before this very epoch.
    fn at(&self, keep: &Keep, epoch: u64) -> Result<Option<SavedState>, LabError> {
        Ok(match keep.state_before(self.cell, self.seed, epoch)? {
            KeptState::State(state) if state.epoch == epoch => Some(state),
            _ => None,
        })
    }
}
