//! When the chain may open what is committed now: a subnet's epochs, lived through in advance.

use plimsoll_core::{BlockNumber, NetUid};

use super::DrandRound;
use crate::ChainError;

/// Blocks that the round lies after the first block of the epoch that reveals, so that the chain has heard of
/// the epoch by the time it hears of the round.
const MARGIN_BLOCKS: u64 = 3;
/// A subnet has an epoch after this many blocks whatever its tempo says: 7 days of 12 s.
const LONGEST_STEP_BLOCKS: u64 = 50_400;
/// More blocks than the longest wait that the chain can ask for: 100 epochs of the longest tempo.
const MOST_BLOCKS: u64 = 10_000_000;

/// How a subnet's epochs follow one another, as the chain stores it at one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochSchedule {
    /// Runtimes that count epochs (storage `SubnetEpochIndex`): an epoch each tempo, sooner where the subnet's
    /// owner asks for one. bittensor-drand 2 computes with these.
    Counted {
        /// `Tempo`.
        tempo_blocks: u64,
        /// `LastEpochBlock`.
        last_epoch: BlockNumber,
        /// `PendingEpochAt`: the block at which the owner asked for one, if it did.
        pending: Option<BlockNumber>,
        /// `SubnetEpochIndex`.
        index: u64,
        /// `BlocksSinceLastStep`.
        since_step_blocks: u64,
    },
    /// Runtimes before that: the epoch of block b is (b + netuid + 1) / (tempo + 1). bittensor-drand 1 computes
    /// with these.
    Modulo {
        /// `Tempo`.
        tempo_blocks: u64,
        /// The subnet.
        netuid: NetUid,
    },
}

impl EpochSchedule {
    /// The epoch that `head`, the block this was read at, is in.
    #[must_use]
    pub fn epoch(&self, head: BlockNumber) -> u64 {
        match *self {
            Self::Counted { index, .. } => index,
            Self::Modulo { tempo_blocks, netuid } => {
                head.0.saturating_add(u64::from(netuid.0) + 1) / tempo_blocks.saturating_add(1)
            }
        }
    }

    /// The first block in which the chain may open what is committed in the block after `head`, `period` epochs
    /// (`RevealPeriodEpochs`) after the commit's own.
    ///
    /// # Errors
    /// [`ChainError::Timelock`] where the subnet runs no epochs, or the block is too far away.
    pub fn reveal_block(&self, head: BlockNumber, period: u64) -> Result<BlockNumber, ChainError> {
        match *self {
            Self::Counted { tempo_blocks: 0, .. } => {
                Err(timelock("the subnet's tempo is 0: it runs no epochs, so nothing would be revealed"))
            }
            Self::Counted { tempo_blocks, last_epoch, pending, index, since_step_blocks } => Steps {
                tempo_blocks,
                last_epoch: last_epoch.0,
                pending: pending.map(|block| block.0),
                index,
                since_step_blocks,
            }
            .first_of(head.0, head.0.saturating_add(1), period),
            Self::Modulo { tempo_blocks, netuid } => {
                let (offset, step) = (u64::from(netuid.0) + 1, tempo_blocks.saturating_add(1));
                let epoch = head.0.saturating_add(offset) / step;
                let first = epoch.checked_add(period).and_then(|epoch| epoch.checked_mul(step));
                first.map(|block| BlockNumber(block.saturating_sub(offset))).ok_or_else(too_far)
            }
        }
    }

    /// Whether a commit is revealed in the same epoch, whichever of the blocks after `head` up to `last` it gets into.
    ///
    /// # Errors
    /// As [`EpochSchedule::reveal_block`].
    pub fn is_settled_until(
        &self,
        head: BlockNumber,
        last: BlockNumber,
        period: u64,
    ) -> Result<bool, ChainError> {
        match *self {
            Self::Counted { tempo_blocks, last_epoch, pending, index, since_step_blocks } => {
                let first = self.reveal_block(head, period)?;
                let pending = pending.map(|block| block.0);
                let last_epoch = last_epoch.0;
                let steps = Steps { tempo_blocks, last_epoch, pending, index, since_step_blocks };
                // Epochs that come so closely that the later one is skipped are not settled either.
                Ok(steps.first_of(head.0, last.0, period).is_ok_and(|other| other == first))
            }
            Self::Modulo { .. } => Ok(self.epoch(head) == self.epoch(last)),
        }
    }

    /// The round to seal to: the last that is out a few blocks after [`EpochSchedule::reveal_block`], if blocks
    /// take `block_ms` each and it is `now_unix_ms` at `head`.
    ///
    /// # Errors
    /// As [`EpochSchedule::reveal_block`].
    pub fn reveal_round(
        &self,
        head: BlockNumber,
        period: u64,
        block_ms: u64,
        now_unix_ms: u64,
    ) -> Result<DrandRound, ChainError> {
        let target = self.reveal_block(head, period)?.0.saturating_add(MARGIN_BLOCKS);
        let wait_ms = target.saturating_sub(head.0).checked_mul(block_ms).ok_or_else(too_far)?;
        Ok(DrandRound::before(now_unix_ms.checked_add(wait_ms).ok_or_else(too_far)?))
    }
}

struct Steps {
    tempo_blocks: u64,
    last_epoch: u64,
    pending: Option<u64>,
    index: u64,
    since_step_blocks: u64,
}

impl Steps {
    /// Each block the chain first opens commits, believing that an epoch which is due has come; then it counts
    /// the block and lets the epoch come. The two judge by counts one apart.
    /// `head` is where the figures are of, `committed` the block of the commit.
    fn first_of(mut self, head: u64, committed: u64, period: u64) -> Result<BlockNumber, ChainError> {
        let mut block = head.checked_add(1).ok_or_else(too_far)?;
        let last = block.checked_add(MOST_BLOCKS).ok_or_else(too_far)?;
        while block < committed {
            self.pass(block)?;
            block += 1;
        }
        let target = self.epoch_at(block).checked_add(period).ok_or_else(too_far)?;
        while block <= last {
            let epoch = self.epoch_at(block);
            if epoch == target {
                return Ok(BlockNumber(block));
            }
            if epoch > target {
                return Err(timelock(
                    "the subnet's epochs come so closely that the one to reveal in is skipped: commit again \
                     after its next epoch",
                ));
            }
            self.pass(block)?;
            block += 1;
        }
        Err(too_far())
    }

    /// Lives through a block.
    fn pass(&mut self, block: u64) -> Result<(), ChainError> {
        self.since_step_blocks = self.since_step_blocks.saturating_add(1);
        if self.is_due(block) {
            self.index = self.index.checked_add(1).ok_or_else(too_far)?;
            (self.last_epoch, self.pending, self.since_step_blocks) = (block, None, 0);
        }
        Ok(())
    }

    fn epoch_at(&self, block: u64) -> u64 {
        self.index.saturating_add(u64::from(self.is_due(block)))
    }

    fn is_due(&self, block: u64) -> bool {
        self.pending.is_some_and(|pending| pending <= block)
            || block.saturating_sub(self.last_epoch) >= self.tempo_blocks
            || self.since_step_blocks > LONGEST_STEP_BLOCKS
    }
}

fn too_far() -> ChainError {
    timelock(
        "the epoch to reveal in is too far away to tell its block: ask the subnet's owner for a shorter one",
    )
}

fn timelock(why: &str) -> ChainError {
    ChainError::Timelock { why: why.to_owned() }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
