//! Reading pieces by their numbers, from one state of the index.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use plimsoll_core::Digest;
use plimsoll_json::RowId;
use redb::{ReadOnlyTable, ReadableTableMetadata};

use super::block::{Block, Slot};
use super::cache::Cache;
use super::error::ArchiveError;
use super::index::{BLOCKS, Index, MOVED, OBJECTS, PIECES};
use super::pack::{BlockPlace, Packs};
use super::recipe::Recipe;

/// Where blocks are is forgotten beyond so many.
const MOST_LOCATED: usize = 16_384;

/// A state of the index, and what a batch has appended since.
pub(super) struct View<'a> {
    packs: &'a Packs,
    pub(super) pieces: ReadOnlyTable<&'static [u8; 16], u64>,
    blocks: ReadOnlyTable<u64, (u32, u32, u32, u64)>,
    moved: ReadOnlyTable<u64, (u32, u32, u32)>,
    pub(super) objects: ReadOnlyTable<&'static [u8; 32], (u64, u64, u32)>,
    has_moved: bool,
    /// By the first number: where, and the last number.
    pub(super) new_blocks: BTreeMap<u64, (BlockPlace, u64)>,
    pub(super) new_moved: HashMap<u64, BlockPlace>,
    /// An object to its recipe's number.
    pub(super) new_objects: BTreeMap<Digest, u64>,
    /// Blocks of the index that were looked for: by the first number where, and the last number.
    located: RefCell<BTreeMap<u64, (BlockPlace, u64)>>,
    cache: Arc<Cache>,
}

impl<'a> View<'a> {
    pub(super) fn of(index: &Index, packs: &'a Packs, cache: Arc<Cache>) -> Result<Self, ArchiveError> {
        let read = index.read()?;
        let moved = index.table(&read, MOVED)?;
        Ok(Self {
            packs,
            pieces: index.table(&read, PIECES)?,
            blocks: index.table(&read, BLOCKS)?,
            has_moved: !moved.is_empty()?,
            moved,
            objects: index.table(&read, OBJECTS)?,
            new_blocks: BTreeMap::new(),
            new_moved: HashMap::new(),
            new_objects: BTreeMap::new(),
            located: RefCell::default(),
            cache,
        })
    }

    fn can_be_moved(&self) -> bool {
        self.has_moved || !self.new_moved.is_empty()
    }

    /// Where a piece that was written again is now.
    fn moved_to(&self, number: u64) -> Result<Option<BlockPlace>, ArchiveError> {
        if let Some(place) = self.new_moved.get(&number) {
            return Ok(Some(*place));
        }
        if !self.has_moved {
            return Ok(None);
        }
        let found = self.moved.get(number)?.map(|row| row.value());
        Ok(found.map(|(pack, offset, bytes)| BlockPlace { pack, offset, bytes }))
    }

    /// The block that holds a piece.
    pub(super) fn locate(&self, number: u64) -> Result<BlockPlace, ArchiveError> {
        if let Some(place) = self.moved_to(number)? {
            return Ok(place);
        }
        if let Some((_, (place, last))) = self.new_blocks.range(..=number).next_back()
            && number <= *last
        {
            return Ok(*place);
        }
        let mut located = self.located.borrow_mut();
        if let Some((_, (place, last))) = located.range(..=number).next_back()
            && number <= *last
        {
            return Ok(*place);
        }
        let row = self.blocks.range(..=number)?.next_back().transpose()?;
        let found = row.and_then(|(first, row)| {
            let (pack, offset, bytes, more) = row.value();
            let last = first.value() + more;
            (number <= last).then_some((first.value(), BlockPlace { pack, offset, bytes }, last))
        });
        let (first, place, last) =
            found.ok_or_else(|| ArchiveError::broken(format!("no block holds piece {number}")))?;
        if located.len() >= MOST_LOCATED {
            located.clear();
        }
        located.insert(first, (place, last));
        Ok(place)
    }

    pub(super) fn block(&self, place: BlockPlace) -> Result<Arc<Block>, ArchiveError> {
        if let Some(block) = self.cache.get(place) {
            return Ok(block);
        }
        let bytes = self.packs.read(place)?;
        let block = Arc::new(Block::parse(&bytes, &self.packs.key, place.pack, place.offset)?);
        self.cache.put(place, &block);
        Ok(block)
    }

    /// Gives every piece's slot and block, in order.
    fn each_slot(
        &self,
        numbers: &[u64],
        mut take: impl FnMut(&Slot, &Block) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let mut now: Option<Arc<Block>> = None;
        for &number in numbers {
            let stays =
                !self.can_be_moved() && now.as_ref().is_some_and(|block| block.slot(number).is_some());
            if !stays {
                now = Some(self.block(self.locate(number)?)?);
            }
            let found = now.as_ref().and_then(|block| Some((block.slot(number)?, block)));
            let Some((slot, block)) = found else {
                return Err(ArchiveError::broken(format!("piece {number} is not in its block")));
            };
            take(slot, block)?;
        }
        Ok(())
    }

    /// Gives every piece's bytes, in order.
    pub(super) fn each_piece(
        &self,
        numbers: &[u64],
        mut take: impl FnMut(&Slot, &[u8]),
    ) -> Result<(), ArchiveError> {
        self.each_slot(numbers, |slot, block| {
            take(slot, &block.text()?[slot.at.clone()]);
            Ok(())
        })
    }

    /// The piece's length and its row id; that its block has its digest, and is not unpacked.
    pub(super) fn slot(&self, number: u64) -> Result<(usize, Option<RowId>), ArchiveError> {
        let mut found = (0, None);
        self.each_id(&[number], |slot| found = (slot.at.len(), slot.id))?;
        Ok(found)
    }

    /// Gives every piece's slot, its row id with it; unpacks nothing.
    pub(super) fn each_id(&self, numbers: &[u64], mut take: impl FnMut(&Slot)) -> Result<(), ArchiveError> {
        self.each_slot(numbers, |slot, _| {
            take(slot);
            Ok(())
        })
    }

    pub(super) fn piece(&self, number: u64) -> Result<Vec<u8>, ArchiveError> {
        let mut out = Vec::new();
        self.each_piece(&[number], |_, bytes| out.extend_from_slice(bytes))?;
        Ok(out)
    }

    /// The number of an object's recipe, if it is kept.
    pub(super) fn recipe_number(&self, object: &Digest) -> Result<Option<u64>, ArchiveError> {
        if let Some(number) = self.new_objects.get(object) {
            return Ok(Some(*number));
        }
        Ok(self.objects.get(&object.0)?.map(|row| row.value().0))
    }

    pub(super) fn recipe(&self, object: &Digest) -> Result<Recipe, ArchiveError> {
        let number = self.recipe_number(object)?.ok_or(ArchiveError::NoObject { object: *object })?;
        self.recipe_at(number)?.filter(|recipe| recipe.name == Recipe::name_of(object)).ok_or_else(|| {
            ArchiveError::broken(format!("piece {number} is not the recipe of object {object}"))
        })
    }

    /// `None` where another sort of piece has the number.
    fn recipe_at(&self, number: u64) -> Result<Option<Recipe>, ArchiveError> {
        let mut recipe = None;
        self.each_piece(&[number], |_, bytes| recipe = Recipe::decode(bytes))?;
        Ok(recipe)
    }

    /// The object that the recipe `number` makes.
    pub(super) fn object_of(&self, number: u64) -> Result<Digest, ArchiveError> {
        let broken = || ArchiveError::broken(format!("piece {number} is no recipe, or not of these pieces"));
        let recipe = self.recipe_at(number)?.ok_or_else(broken)?;
        let mut hasher = blake3::Hasher::new();
        self.each_piece(&recipe.numbers, |_, piece| _ = hasher.update(piece))?;
        let object = Digest(*hasher.finalize().as_bytes());
        let is_whole = hasher.count() == recipe.bytes && recipe.name == Recipe::name_of(&object);
        if is_whole { Ok(object) } else { Err(broken()) }
    }

    /// An object's bytes, whose digest was checked.
    pub(super) fn object(&self, object: &Digest) -> Result<Vec<u8>, ArchiveError> {
        let recipe = self.recipe(object)?;
        let mut bytes = Vec::with_capacity(recipe.bytes.min(64 << 20) as usize);
        self.each_piece(&recipe.numbers, |_, piece| bytes.extend_from_slice(piece))?;
        if bytes.len() as u64 != recipe.bytes || Digest::of(&bytes) != *object {
            return Err(ArchiveError::broken(format!("the pieces of object {object} make other bytes")));
        }
        Ok(bytes)
    }
}
