//! What was seen to be finalized, and that it stays so.

use std::collections::VecDeque;

use plimsoll_core::{BlockNumber, Digest};

use crate::Head;

/// So many finalized blocks are remembered.
const REMEMBERED: usize = 256;

/// Finalized blocks, ascending.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    seen: VecDeque<Head>,
}

impl Heads {
    /// The newest one.
    pub(crate) fn newest(&self) -> Option<Head> {
        self.seen.back().copied()
    }

    /// The height of a block that was seen.
    pub(crate) fn height_of(&self, hash: &Digest) -> Option<BlockNumber> {
        self.seen.iter().rev().find(|head| head.hash == *hash).map(|head| head.block)
    }

    /// Notes the newest finalized block as it is told now. `before` is the newest that was known when it was asked
    /// for: other answers may have come since.
    ///
    /// # Errors
    /// How it contradicts what was finalized before.
    pub(crate) fn note(&mut self, head: Head, before: Option<Head>) -> Result<(), String> {
        self.check(head.block, &head.hash)?;
        if let Some(before) = before.filter(|before| before.block > head.block) {
            return Err(format!(
                "its newest finalized block was {}, and now it is {}",
                before.block, head.block
            ));
        }
        if self.newest().is_none_or(|newest| newest.block < head.block) {
            self.seen.push_back(head);
        }
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        Ok(())
    }

    /// Whether a finalized block is still the one that was seen.
    ///
    /// # Errors
    /// That it is not.
    pub(crate) fn check(&self, block: BlockNumber, hash: &Digest) -> Result<(), String> {
        match self.seen.iter().rev().find(|seen| seen.block == block) {
            Some(seen) if seen.hash != *hash => {
                let (was, is) = (seen.hash.short(), hash.short());
                Err(format!("block {block} was {was}…, and now it is {is}…"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(block: u64, byte: u8) -> Head {
        Head { block: BlockNumber(block), hash: Digest([byte; 32]) }
    }

    #[test]
    fn heads_go_forward_and_the_same_one_may_be_told_again() {
        let mut heads = Heads::default();
        for next in [head(5, 5), head(5, 5), head(6, 6), head(900, 9)] {
            let before = heads.newest();
            assert_eq!(heads.note(next, before), Ok(()));
        }
        assert_eq!(heads.newest(), Some(head(900, 9)));
        assert_eq!(heads.height_of(&Digest([6; 32])), Some(BlockNumber(6)));
        assert_eq!(heads.height_of(&Digest([7; 32])), None);
    }

    #[test]
    fn a_head_that_falls_back_is_named_and_so_is_another_block_in_its_place() {
        let mut heads = Heads::default();
        heads.note(head(5, 5), None).unwrap();
        heads.note(head(7, 7), None).unwrap();
        let said = heads.note(head(6, 6), Some(head(7, 7))).unwrap_err();
        assert_eq!(said, "its newest finalized block was 7, and now it is 6");
        let said = heads.note(head(7, 8), None).unwrap_err();
        assert_eq!(said, "block 7 was 07070707…, and now it is 08080808…");
        let said = heads.check(BlockNumber(5), &Digest([1; 32])).unwrap_err();
        assert_eq!(said, "block 5 was 05050505…, and now it is 01010101…");
        assert_eq!(heads.check(BlockNumber(6), &Digest([1; 32])), Ok(()), "never seen");
        assert_eq!(heads.newest(), Some(head(7, 7)));
    }

    #[test]
    fn an_answer_that_another_one_overtook_is_no_step_back() {
        let mut heads = Heads::default();
        heads.note(head(5, 5), None).unwrap();
        let before = heads.newest();
        heads.note(head(7, 7), before).unwrap();
        assert_eq!(heads.note(head(6, 6), before), Ok(()));
        assert_eq!(heads.newest(), Some(head(7, 7)));
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let mut heads = Heads::default();
        for block in 0..300 {
            heads.note(head(block, 1), None).unwrap();
        }
        assert_eq!(heads.seen.len(), REMEMBERED);
        assert_eq!(heads.check(BlockNumber(0), &Digest([9; 32])), Ok(()));
    }
}
