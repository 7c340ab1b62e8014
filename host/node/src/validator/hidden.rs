//! Weights that the chain hides: kept in mind until it shows them, or their time has passed.
//!
//! A commit of one epoch is opened `period` epochs later, and never after that epoch. Which block of its epoch a commit
//! was made in is not asked for: all bounds hold for the first and for the last. Since rounds and epochs overlap,
//! several commits may be on their way; once a newer one is shown, nobody can tell whether an older one was, and nobody
//! needs to.

use plimsoll_chain::{CommitReveal, Delivered, Snapshot};
use plimsoll_core::{BlockNumber, Uid};

/// Where rounds follow so quickly, the oldest are forgotten: newer ones tell as much.
const MOST_KEPT: usize = 256;

/// What one round's commit comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// The chain shows these weights.
    Shown,
    /// It may still show them.
    Waits,
    /// It will not.
    Lost {
        /// How that is known.
        why: String,
    },
}

/// Weights of one round that the chain has accepted and not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HiddenWeights {
    /// The block of their round.
    pub(super) round: BlockNumber,
    /// As they were committed.
    pub(super) weights: Vec<(Uid, u16)>,
    /// They were committed after this block, or were found committed at it.
    after: BlockNumber,
    /// No block before this one opens them.
    opens: BlockNumber,
    /// By this block their epoch has begun.
    ripe: BlockNumber,
    /// By this block their epoch is over.
    until: BlockNumber,
    /// Blocks from one look at them to the next.
    pace_blocks: u64,
}

impl HiddenWeights {
    /// Of a round's weights that were committed after `snapshot`.
    pub(super) fn committed(
        round: BlockNumber,
        weights: Vec<(Uid, u16)>,
        snapshot: &Snapshot,
        CommitReveal { period_epochs }: CommitReveal,
    ) -> Self {
        // An epoch follows `tempo` blocks after the block of the one before it.
        let epoch_blocks = snapshot.tempo_blocks.saturating_add(1);
        let later = |epochs: u64, blocks: u64| {
            let blocks = epoch_blocks.saturating_mul(epochs).saturating_add(blocks);
            BlockNumber(snapshot.block.0.saturating_add(blocks))
        };
        Self {
            round,
            weights,
            after: snapshot.block,
            opens: later(period_epochs.saturating_sub(1), 1),
            ripe: later(period_epochs, 0),
            // A quarter for a commit that waited for the next epoch, and for epochs that are put off.
            until: later(period_epochs.saturating_add(1), epoch_blocks / 4),
            pace_blocks: (epoch_blocks / 10).max(1),
        }
    }

    /// The same of weights that were committed at an unknown block up to `snapshot`: they may be opened any time.
    pub(super) fn found(self) -> Self {
        Self { opens: self.after, ..self }
    }

    /// What the chain's answer of the block `head` means.
    pub(super) fn fate(&self, delivered: Delivered, head: BlockNumber) -> Fate {
        let Self { after, until, .. } = self;
        let lost = |how: &str| {
            let why =
                format!("the weights committed after block {after} were not opened by the chain: {how}");
            Fate::Lost { why }
        };
        match delivered {
            Delivered::Set => Fate::Shown,
            Delivered::Not if head >= self.ripe => {
                lost(&format!("at block {head} it neither shows them nor has the commit"))
            }
            // What it still hides is a newer commit, or none that it can open.
            _ if head > *until => lost(&format!(
                "at block {head} it does not show them, and their time was over by block {until}"
            )),
            _ => Fate::Waits,
        }
    }
}

/// All hidden weights of one run, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Watch {
    all: Vec<HiddenWeights>,
    next_look: BlockNumber,
}

impl Watch {
    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Keeps in mind what was committed now, in place of an older commit of the same round.
    pub(super) fn note(&mut self, hidden: HiddenWeights) {
        self.all.retain(|other| other.round != hidden.round);
        if self.all.len() >= MOST_KEPT {
            self.all.remove(0);
        }
        self.all.push(hidden);
    }

    /// Keeps in mind what was found committed, unless it is known better.
    pub(super) fn note_found(&mut self, hidden: HiddenWeights) {
        if self.all.iter().all(|other| other.round != hidden.round) {
            self.note(hidden.found());
        }
    }

    /// Those of which the chain is to be asked at the block `head`, the newest first. Then not for a while.
    pub(super) fn due_at(&mut self, head: BlockNumber) -> Vec<HiddenWeights> {
        if head < self.next_look {
            return Vec::new();
        }
        let due: Vec<_> = self.all.iter().rev().filter(|hidden| hidden.opens <= head).cloned().collect();
        if let Some(newest) = due.first() {
            self.next_look = BlockNumber(head.0.saturating_add(newest.pace_blocks));
        }
        due
    }

    /// Asks again soon: the chain could not be asked.
    pub(super) const fn ask_again(&mut self) {
        self.next_look = BlockNumber(0);
    }

    /// Forgets the weights of a round.
    pub(super) fn forget(&mut self, round: BlockNumber) {
        self.all.retain(|hidden| hidden.round != round);
    }

    /// Forgets the weights of a round that the chain shows, and all older ones.
    pub(super) fn shown(&mut self, round: BlockNumber) {
        self.all.retain(|hidden| hidden.round > round);
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::{Digest, NetUid};

    use super::*;

    fn snapshot(block: u64) -> Snapshot {
        Snapshot {
            netuid: NetUid(1),
            block: BlockNumber(block),
            beacon: Digest([0; 32]),
            tempo_blocks: 99,
            weights_rate_limit_blocks: 0,
            block_ms: 0,
            neurons: Vec::new(),
            name: String::new(),
            commit_reveal: None,
        }
    }

    /// Of a round at block 990, committed after block 1000, epochs of 100 blocks.
    fn hidden(period_epochs: u64) -> HiddenWeights {
        HiddenWeights::committed(
            BlockNumber(990),
            vec![(Uid(1), 9)],
            &snapshot(1000),
            CommitReveal { period_epochs },
        )
    }

    #[test]
    fn a_commit_is_lost_once_its_epoch_began_without_it_or_ended() {
        let fate = |delivered, head| hidden(2).fate(delivered, BlockNumber(head));
        assert_eq!(fate(Delivered::Set, 1101), Fate::Shown);
        // In the epochs before, an answer of "not" may be a node's that lags behind.
        assert_eq!([fate(Delivered::Not, 1199), fate(Delivered::Hidden, 1325)], [Fate::Waits, Fate::Waits]);
        let lost = |how: &str| {
            let why = format!("the weights committed after block 1000 were not opened by the chain: {how}");
            Fate::Lost { why }
        };
        let gone = lost("at block 1200 it neither shows them nor has the commit");
        assert_eq!(fate(Delivered::Not, 1200), gone);
        let late = lost("at block 1326 it does not show them, and their time was over by block 1325");
        assert_eq!(fate(Delivered::Hidden, 1326), late);
        assert_eq!(fate(Delivered::Unsure { until: BlockNumber(9999) }, 1326), late);
    }

    #[test]
    fn the_chain_is_asked_once_in_a_tenth_of_an_epoch_from_the_first_block_that_may_open_a_commit() {
        let mut watch = Watch::default();
        watch.note(hidden(2));
        let mut asked = |head| watch.due_at(BlockNumber(head)).len();
        assert_eq!([1000, 1100, 1101, 1102, 1110, 1111].map(&mut asked), [0, 0, 1, 0, 0, 1]);
        watch.ask_again();
        assert_eq!(watch.due_at(BlockNumber(1112)).len(), 1);

        // Who comes back does not know when it was committed.
        let mut back = Watch::default();
        back.note_found(hidden(2));
        assert_eq!(back.due_at(BlockNumber(1000)).len(), 1);
    }

    #[test]
    fn what_the_chain_shows_settles_all_that_was_committed_before() {
        let of = |round| HiddenWeights { round: BlockNumber(round), ..hidden(1) };
        let mut watch = Watch::default();
        [10, 20, 30].into_iter().for_each(|round| watch.note(of(round)));
        watch.note_found(HiddenWeights { weights: Vec::new(), ..of(20) });
        let asked = watch.due_at(BlockNumber(1001));
        assert_eq!(asked.iter().map(|hidden| hidden.round.0).collect::<Vec<_>>(), [30, 20, 10]);
        assert!(asked.iter().all(|hidden| !hidden.weights.is_empty()), "what was known is kept");
        watch.shown(BlockNumber(20));
        assert_eq!(watch.all, [of(30)]);
        watch.forget(BlockNumber(30));
        assert!(watch.is_empty());

        (0..300).for_each(|round| watch.note(of(round)));
        assert_eq!((watch.all.len(), watch.all[0].round), (256, BlockNumber(44)));
    }
}
