//! Blocks that were read a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::block::Block;
use super::pack::BlockPlace;

/// Blocks by their place. What a place holds never changes once a transaction named it; before that it may, so that a
/// batch has a cache of its own.
#[derive(Debug)]
pub(super) struct Cache {
    most_bytes: usize,
    blocks: Mutex<Blocks>,
}

/// Two generations: what was asked for since the last change of them, and what was before. The older one is let go of
/// as a whole, so that nothing is ordered.
#[derive(Debug, Default)]
struct Blocks {
    young: HashMap<BlockPlace, Arc<Block>>,
    young_bytes: usize,
    old: HashMap<BlockPlace, Arc<Block>>,
}

impl Cache {
    /// Holds about so many bytes.
    pub(super) fn of(most_bytes: usize) -> Self {
        Self { most_bytes, blocks: Mutex::default() }
    }

    pub(super) fn get(&self, place: BlockPlace) -> Option<Arc<Block>> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = blocks.young.get(&place) {
            return Some(Arc::clone(block));
        }
        let block = blocks.old.remove(&place)?;
        blocks.add(place, &block, self.most_bytes);
        Some(block)
    }

    pub(super) fn put(&self, place: BlockPlace, block: &Arc<Block>) {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner).add(place, block, self.most_bytes);
    }
}

impl Blocks {
    fn add(&mut self, place: BlockPlace, block: &Arc<Block>, most_bytes: usize) {
        if self.young_bytes > most_bytes / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += block.weight_bytes();
        self.young.insert(place, Arc::clone(block));
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::{OpenBlock, Packer, seal};
    use super::*;

    fn block(offset: u32) -> Arc<Block> {
        let mut open = OpenBlock::default();
        open.push(0, &[7; 1000], None);
        let mut bytes = open.encode(&mut Packer::new().unwrap()).unwrap();
        seal(&mut bytes, &[1; 32], 0, offset);
        Arc::new(Block::parse(&bytes, &[1; 32], 0, offset).unwrap())
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_let_go_of() {
        let cache = Cache::of(20_000);
        let place = |offset| BlockPlace { pack: 0, offset, bytes: 1 };
        for offset in 0..1000 {
            cache.put(place(offset), &block(offset));
            assert!(cache.get(place(0)).is_some(), "{offset}");
            assert!(cache.get(place(offset)).is_some());
        }
        let held = (0..1000).filter(|offset| cache.get(place(*offset)).is_some()).count();
        assert!((5..40).contains(&held), "{held}");
    }
}
