//! Letting go: of snapshots that no rule keeps, of what only they needed, and of what was taken down.
//!
//! Packs that are to a quarter unneeded are written anew without it, and so are all that hold a piece which must go.
//! One transaction changes over to the new packs; only then the old ones are removed. Numbers stay, and so recipes do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use plimsoll_core::Digest;
use redb::{ReadableTable, WriteTransaction};

use super::block::{Block, OpenBlock, Packer};
use super::error::ArchiveError;
use super::index::{BLOCKS, MOVED, OBJECTS, PACKS, PIECES, REPLACED, SNAPSHOTS, SOURCES};
use super::keep::Retention;
use super::manifest::Place;
use super::pack::{BlockPlace, HEAD_BYTES, PackWriter};
use super::store::{Archive, place_of};
use super::view::View;
use super::wanted::Wanted;

/// What was let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Snapshots.
    pub snapshots: u64,
    /// Objects, manifests among them.
    pub objects: u64,
    /// Packs that were written anew or removed.
    pub packs: u64,
    /// Bytes of the disk, before less after.
    pub freed_bytes: i64,
}

/// A block that the index names.
#[derive(Debug, Clone, Copy)]
struct Indexed {
    place: BlockPlace,
    /// Its key among blocks; `None` for one of pieces that were written again.
    first: Option<u64>,
}

/// What changes in the index.
#[derive(Default)]
struct Changes {
    old_packs: BTreeSet<u32>,
    old_blocks: Vec<u64>,
    new_blocks: Vec<(u64, u64, BlockPlace)>,
    new_moved: Vec<(u64, BlockPlace)>,
    lens: BTreeMap<u32, u32>,
    next_pack: u32,
}

impl Archive {
    /// Drops the snapshots that `retention` does not keep, and all that no kept one needs. Objects that were put in
    /// since their subnet's newest snapshot stay: a collection that was broken off goes on with them. While another
    /// process reads, old packs stay until the archive is next opened to write.
    ///
    /// # Errors
    /// [`ArchiveError::Disk`]; or that the archive is damaged: what is needed is not known then, and nothing is dropped.
    pub fn gc(&mut self, retention: &Retention) -> Result<Collected, ArchiveError> {
        self.must_write()?;
        let before = self.disk_bytes()?;
        let places: Vec<Place> = self.seals()?.into_iter().map(|(place, _)| place).collect();
        let kept = retention.kept(&places);
        let mut collected =
            Collected { snapshots: (places.len() - kept.len()) as u64, ..Collected::default() };
        let old_packs = {
            let view = self.view_of_its_own()?;
            let wanted = Wanted::of(self, &view, &kept)?;
            let changes = self.rewrite(&view, &wanted)?;
            let write = self.index.write()?;
            collected.objects = self.change(&write, &kept, &wanted, &changes)?;
            write.commit().map_err(|e| self.index.fault(e))?;
            changes.old_packs
        };
        collected.packs = old_packs.len() as u64;
        // The old ones, unless somebody reads: then the next writer removes them.
        self.tidy()?;
        self.index.compact()?;
        collected.freed_bytes = before.cast_signed() - self.disk_bytes()?.cast_signed();
        Ok(collected)
    }

    /// Takes an object down for good: it is no longer given out nor taken in, and the lines that no other kept object
    /// has are removed from the disk. Entries that name it stay, with its digest.
    ///
    /// # Errors
    /// As [`Self::gc`]; the object is no longer given out even then.
    pub fn take_down(&mut self, object: &Digest, reason: &str) -> Result<Collected, ArchiveError> {
        self.must_write()?;
        if reason.is_empty() || reason.len() > 500 || reason.chars().any(char::is_control) {
            let why = "expected 1 to 500 bytes without control characters".to_owned();
            return Err(ArchiveError::Facts { field: "reason", why });
        }
        if self.reason_down(object)?.is_none() {
            let mut batch = self.batch()?;
            batch.take_down(object, reason)?;
            batch.commit()?;
        }
        self.gc(&Retention::default())
    }

    /// Every block that the index names, by pack and offset.
    fn indexed(&self) -> Result<BTreeMap<u32, Vec<Indexed>>, ArchiveError> {
        let read = self.index.read()?;
        let mut all: BTreeMap<BlockPlace, Option<u64>> = BTreeMap::new();
        for row in self.index.table(&read, MOVED)?.iter()? {
            let (pack, offset, bytes) = row?.1.value();
            all.insert(BlockPlace { pack, offset, bytes }, None);
        }
        for row in self.index.table(&read, BLOCKS)?.iter()? {
            let (first, row) = row?;
            let (pack, offset, bytes, _) = row.value();
            all.insert(BlockPlace { pack, offset, bytes }, Some(first.value()));
        }
        let mut packs: BTreeMap<u32, Vec<Indexed>> = BTreeMap::new();
        for (place, first) in all {
            packs.entry(place.pack).or_default().push(Indexed { place, first });
        }
        Ok(packs)
    }

    /// The blocks of each pack, by offset.
    pub(super) fn block_places(&self) -> Result<BTreeMap<u32, Vec<BlockPlace>>, ArchiveError> {
        let places = |blocks: Vec<Indexed>| blocks.into_iter().map(|block| block.place).collect();
        Ok(self.indexed()?.into_iter().map(|(pack, blocks)| (pack, places(blocks))).collect())
    }

    /// Writes new packs without what is not wanted, and makes them durable.
    fn rewrite(&self, view: &View<'_>, wanted: &Wanted) -> Result<Changes, ArchiveError> {
        let read = self.index.read()?;
        let mut indexed = self.indexed()?;
        let head = self.index.head()?;
        let mut writer = PackWriter::begin(&self.packs, None, head.next_pack, self.pack_bytes)?;
        let mut packer = Packer::new().map_err(ArchiveError::disk(self.folder(), "prepare compression"))?;
        let mut changes = Changes::default();
        for row in self.index.table(&read, PACKS)?.iter()? {
            let (pack, len) = row?;
            let blocks = indexed.remove(&pack.value()).unwrap_or_default();
            if !self.is_worth_it(view, wanted, &blocks, len.value())? {
                continue;
            }
            changes.old_packs.insert(pack.value());
            for block in blocks {
                changes.old_blocks.extend(block.first);
                copy_block(view, wanted, block, &mut writer, &mut packer, &mut changes)?;
            }
        }
        (changes.lens, changes.next_pack) = writer.finish()?;
        Ok(changes)
    }

    /// Whether a pack holds what must go, or a quarter of it is unneeded.
    fn is_worth_it(
        &self,
        view: &View<'_>,
        wanted: &Wanted,
        blocks: &[Indexed],
        pack_bytes: u32,
    ) -> Result<bool, ArchiveError> {
        let mut needed_bytes = u64::from(HEAD_BYTES);
        for indexed in blocks {
            let Some(block) = readable(view, wanted, indexed.place)? else { return Ok(true) };
            let slots = block.slots();
            let goes = |number: &u64| {
                wanted.erased.contains(number) || wanted.erases_all && !wanted.pieces.contains(number)
            };
            if slots.iter().any(|slot| goes(&slot.number)) {
                return Ok(true);
            }
            let (mut here, mut all) = (0u64, 1u64);
            for slot in slots {
                all += slot.at.len() as u64 + 1;
                if wanted.pieces.contains(&slot.number) && view.locate(slot.number)? == indexed.place {
                    here += slot.at.len() as u64 + 1;
                }
            }
            needed_bytes += u64::from(indexed.place.bytes) * here / all;
        }
        Ok(needed_bytes * 4 < u64::from(pack_bytes) * 3)
    }

    fn change(
        &self,
        write: &WriteTransaction,
        kept: &BTreeSet<Place>,
        wanted: &Wanted,
        changes: &Changes,
    ) -> Result<u64, ArchiveError> {
        let fault = |e: redb::TableError| self.index.fault(e);
        let mut blocks = write.open_table(BLOCKS).map_err(fault)?;
        for first in &changes.old_blocks {
            blocks.remove(first)?;
        }
        for (first, last, place) in &changes.new_blocks {
            blocks.insert(first, (place.pack, place.offset, place.bytes, last - first))?;
        }
        let mut moved = write.open_table(MOVED).map_err(fault)?;
        moved.retain(|number, _| wanted.pieces.contains(&number))?;
        for (number, place) in &changes.new_moved {
            moved.insert(number, (place.pack, place.offset, place.bytes))?;
        }
        let mut packs = write.open_table(PACKS).map_err(fault)?;
        packs.retain(|pack, _| !changes.old_packs.contains(&pack))?;
        for (pack, len) in &changes.lens {
            packs.insert(pack, len)?;
        }
        let mut pieces = write.open_table(PIECES).map_err(fault)?;
        pieces.retain(|_, number| wanted.pieces.contains(&number))?;
        let mut objects = write.open_table(OBJECTS).map_err(fault)?;
        let mut dropped = 0;
        objects.retain(|object, _| {
            let is_wanted = wanted.objects.contains(&Digest(*object));
            dropped += u64::from(!is_wanted);
            is_wanted
        })?;
        let mut sources = write.open_table(SOURCES).map_err(fault)?;
        sources.retain(|_, object| wanted.objects.contains(&Digest(*object)))?;
        let mut snapshots = write.open_table(SNAPSHOTS).map_err(fault)?;
        snapshots.retain(|place, _| kept.contains(&place_of(place)))?;
        let mut replaced = write.open_table(REPLACED).map_err(fault)?;
        replaced.retain(|(netuid, block, _), _| kept.contains(&place_of((netuid, block))))?;
        let mut head = self.index.head()?;
        head.next_pack = changes.next_pack.max(head.next_pack);
        self.index.put_head(write, &head)?;
        Ok(dropped)
    }
}

/// A block; `None` for one that is damaged and that nothing needs any more, since its pieces were written again.
fn readable(view: &View<'_>, wanted: &Wanted, place: BlockPlace) -> Result<Option<Arc<Block>>, ArchiveError> {
    match view.block(place) {
        Ok(block) => Ok(Some(block)),
        Err(damage) if damage.is_damage() => {
            for number in &wanted.pieces {
                if view.locate(*number)? == place {
                    return Err(damage);
                }
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Copies what is wanted of a block, if anything is.
fn copy_block(
    view: &View<'_>,
    wanted: &Wanted,
    indexed: Indexed,
    writer: &mut PackWriter<'_>,
    packer: &mut Packer,
    changes: &mut Changes,
) -> Result<(), ArchiveError> {
    let Some(block) = readable(view, wanted, indexed.place)? else { return Ok(()) };
    let mut open = OpenBlock::default();
    for slot in block.slots() {
        // A piece that was written again is not copied from where it was damaged.
        if wanted.pieces.contains(&slot.number) && view.locate(slot.number)? == indexed.place {
            open.push(slot.number, &block.text()?[slot.at.clone()], slot.id);
        }
    }
    let Some((first, last)) = open.span() else { return Ok(()) };
    let bytes = open.encode(packer);
    let bytes = bytes.ok_or_else(|| ArchiveError::broken("a block did not decode to what was encoded"))?;
    let place = writer.append(bytes)?;
    match indexed.first {
        Some(_) => changes.new_blocks.push((first, last, place)),
        None => changes.new_moved.extend(open.numbers().map(|number| (number, place))),
    }
    Ok(())
}
