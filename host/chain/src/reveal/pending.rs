//! One commit that waits for its reveal: a state machine without clock, file or chain.

use plimsoll_core::{BlockNumber, Digest};
use serde::{Deserialize, Serialize};

use super::WeightsPreimage;

/// Unrevealed commits that the chain keeps of a hotkey on a subnet.
pub const MAX_PENDING: usize = 10;
/// Blocks after which a commit that is in none of them never will be: twice a signature's usual validity.
pub const COMMIT_LIFETIME_BLOCKS: u64 = 64;

/// What is known of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It was about to be sent, signed for `head`. Whether the chain has it is unknown.
    Sent {
        /// The newest finalized block then.
        head: BlockNumber,
    },
    /// The chain has it.
    Committed {
        /// In this epoch.
        epoch: u64,
    },
}

/// A commit and what opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pending {
    /// What was hashed.
    pub preimage: WeightsPreimage,
    /// Its hash: the name of the commit.
    pub hash: Digest,
    /// How far it is.
    pub stage: Stage,
}

/// What to do about a commit now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Look whether the chain has it, and say so with [`super::RevealJournal::committed`] or
    /// [`super::RevealJournal::absent`].
    Find,
    /// Nothing before this epoch.
    Wait {
        /// The one in which it can be revealed.
        epoch: u64,
    },
    /// Reveal it: this is the epoch.
    Reveal,
    /// Nothing can be done any more.
    Drop {
        /// Why, as a sentence.
        why: String,
    },
}

impl Pending {
    pub(super) fn new(preimage: WeightsPreimage, head: BlockNumber) -> Self {
        Self { hash: preimage.hash(), preimage, stage: Stage::Sent { head } }
    }

    /// What to do in `epoch`, while the subnet reveals `period` epochs after the commit.
    /// The chain goes by the period of the day of the reveal, so ask with that.
    ///
    /// A commit that was sent is looked for however long ago that was: who was away may find it.
    #[must_use]
    pub fn step(&self, epoch: u64, period: u64) -> Step {
        let short = self.hash.short();
        match self.stage {
            Stage::Sent { .. } => Step::Find,
            Stage::Committed { epoch: committed } => {
                let due = committed.saturating_add(period);
                match epoch.cmp(&due) {
                    std::cmp::Ordering::Less => Step::Wait { epoch: due },
                    std::cmp::Ordering::Equal => Step::Reveal,
                    std::cmp::Ordering::Greater => Step::Drop {
                        why: format!(
                            "the commit {short}… of epoch {committed} could be revealed in epoch {due} only, and \
                             this is epoch {epoch}: its weights were not set"
                        ),
                    },
                }
            }
        }
    }

    /// Why there is nothing more to look for, if the chain has no such commit at the finalized block `head`.
    pub(super) fn lost(&self, head: BlockNumber) -> Option<String> {
        let Stage::Sent { head: sent } = self.stage else { return None };
        let short = self.hash.short();
        (head.0 > sent.0.saturating_add(COMMIT_LIFETIME_BLOCKS)).then(|| {
            format!(
                "the commit {short}… was sent at block {sent} and is not on the chain at block {head}: its weights were \
                 not set"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{Hotkey, Uid};
    use proptest::prelude::*;

    use super::*;

    fn pending(stage: Stage) -> Pending {
        let preimage = WeightsPreimage {
            hotkey: Hotkey([1; 32]),
            index: 3,
            weights: vec![(Uid(1), 65535)],
            salt: vec![5],
            version_key: 0,
        };
        Pending { stage, ..Pending::new(preimage, BlockNumber(0)) }
    }

    #[test]
    fn a_commit_is_looked_for_then_waited_for_then_revealed_then_dropped_with_the_reason() {
        let sent = pending(Stage::Sent { head: BlockNumber(100) });
        assert_eq!(sent.step(9, 1), Step::Find);
        assert_eq!(sent.step(u64::MAX, 1), Step::Find, "however late it is");
        assert_eq!(sent.lost(BlockNumber(164)), None);
        let short = sent.hash.short();
        let why = format!(
            "the commit {short}… was sent at block 100 and is not on the chain at block 165: its weights were not set"
        );
        assert_eq!(sent.lost(BlockNumber(165)), Some(why));

        let committed = pending(Stage::Committed { epoch: 9 });
        assert_eq!(committed.lost(BlockNumber(u64::MAX)), None);
        let at = |epoch| committed.step(epoch, 2);
        assert_eq!(
            [at(9), at(10), at(11)],
            [Step::Wait { epoch: 11 }, Step::Wait { epoch: 11 }, Step::Reveal]
        );
        let why = format!(
            "the commit {short}… of epoch 9 could be revealed in epoch 11 only, and this is epoch 12: its weights \
             were not set"
        );
        assert_eq!(at(12), Step::Drop { why });
    }

    proptest! {
        #[test]
        fn a_commit_is_revealed_in_exactly_one_epoch_and_dropped_only_after_it(
            committed in 0u64..1000, period in 1u64..100,
        ) {
            let pending = pending(Stage::Committed { epoch: committed });
            let steps: Vec<Step> =
                (committed..committed + period + 5).map(|at| pending.step(at, period)).collect();
            let reveals: Vec<usize> = (0..steps.len()).filter(|&i| steps[i] == Step::Reveal).collect();
            prop_assert_eq!(&reveals, &[period as usize]);
            for (i, step) in steps.iter().enumerate() {
                prop_assert_eq!(i < period as usize, matches!(step, Step::Wait { .. }));
                prop_assert_eq!(i > period as usize, matches!(step, Step::Drop { .. }));
            }
        }

        #[test]
        fn no_figures_make_a_step_panic(a: u64, b: u64, epoch: u64, period: u64, was_sent: bool) {
            let stage =
                if was_sent { Stage::Sent { head: BlockNumber(a) } } else { Stage::Committed { epoch: a } };
            let first = pending(stage).step(epoch, period);
            prop_assert_eq!(first, pending(stage).step(epoch, period));
            let lost = pending(stage).lost(BlockNumber(b));
            prop_assert_eq!(lost.is_some(), was_sent && b.saturating_sub(a) > COMMIT_LIFETIME_BLOCKS);
        }
    }
}
