//! An index that was lost, made again from the packs: blocks say which pieces they hold, recipes which objects, seals
//! which snapshots. Only what comes out with its digest is taken up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::block::{Block, block_bytes};
use super::entry::Outcome;
use super::error::ArchiveError;
use super::file::USUAL_PATH;
use super::index::{
    ANY_SUBNET, BLOCKS, FIRST_RECIPE, FIRST_STRUCTURE, Index, MOVED, OBJECTS, PACKS, PIECES, REPLACED,
    SNAPSHOTS, SOURCES, TAKEN_DOWN, piece_key,
};
use super::manifest::{Place, Seal, Takedown};
use super::pack::{BlockPlace, HEAD_BYTES, Packs, key_of};
use super::store::{Archive, manifest_of, source_key};

/// What was found in the packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// Blocks with their digest.
    pub blocks: u64,
    /// Bytes between them that are no blocks: damaged, or torn.
    pub lost_bytes: u64,
    /// Objects that come out with their digest.
    pub objects: u64,
    /// Snapshots whose manifest does.
    pub snapshots: u64,
}

#[derive(Default)]
struct Found {
    rebuilt: Rebuilt,
    /// By the first number: where, and the last number.
    blocks: BTreeMap<u64, (BlockPlace, u64)>,
    moved: HashMap<u64, BlockPlace>,
    pieces: HashMap<[u8; 16], u64>,
    /// Pieces that were read: a later copy of one does not stand for it.
    seen: HashSet<u64>,
    /// Numbers of recipes. A later one stands for an earlier one of the same object, and a later seal for an earlier one.
    recipes: BTreeSet<u64>,
    seals: BTreeMap<u64, Seal>,
    takedowns: BTreeMap<u64, Takedown>,
    lens: BTreeMap<u32, u32>,
    next_line: u64,
    next_structure: u64,
    next_recipe: u64,
}

impl Archive {
    /// Makes the index of a data folder again; the one that is there is kept as `index.redb.old`, or with a number
    /// behind that where one was kept before. Snapshots that were
    /// dropped since packs were last written anew come back where all they need is there.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn rebuild_index(data_folder: &Path) -> Result<Rebuilt, ArchiveError> {
        let (folder, lock) = Self::lock(data_folder, super::store::PATIENCE)?;
        let path = folder.join("index.redb");
        let fresh = folder.join("index.redb.new");
        let mut packs = Packs::at(folder.join("packs"), [0; 32]);
        let key = key(&packs, &path)?;
        packs.key = key.unwrap_or_default();
        let (next_structure, next_recipe) = (FIRST_STRUCTURE, FIRST_RECIPE);
        let mut found = Found { next_structure, next_recipe, ..Found::default() };
        for pack in packs.numbers()? {
            found.read_pack(&packs, pack)?;
        }
        let _ = fs::remove_file(&fresh);
        let index = Index::open(&fresh, key)?;
        found.write(&index)?;
        let mut archive = Self::with(folder, index, packs, Some(lock));
        let rebuilt = archive.take_up(&found)?;
        archive.index.compact()?;
        let folder = archive.folder.clone();
        // The index is closed before it gets its name; the lock is let go of last.
        let Self { index, lock, .. } = archive;
        drop(index);
        if path.exists() {
            let old = unused(&folder);
            fs::rename(&path, &old).map_err(ArchiveError::disk(&old, "replace"))?;
        }
        fs::rename(&fresh, &path).map_err(ArchiveError::disk(&path, "replace"))?;
        super::pack::sync_folder(&folder)?;
        drop(lock);
        Ok(rebuilt)
    }

    /// Names the objects and snapshots that are whole.
    fn take_up(&mut self, found: &Found) -> Result<Rebuilt, ArchiveError> {
        let mut rebuilt = found.rebuilt;
        let (mut objects, mut sources) = (BTreeMap::new(), BTreeMap::new());
        let (mut snapshots, mut replaced) = (BTreeMap::<Place, (u64, bool)>::new(), Vec::new());
        let mut head = self.index.head()?;
        {
            let mut view = self.view_of_its_own()?;
            for number in &found.recipes {
                if let Ok(object) = view.object_of(*number) {
                    objects.insert(object, *number);
                }
            }
            view.new_objects.clone_from(&objects);
            for (number, seal) in &found.seals {
                let Ok(manifest) = manifest_of(&view, seal) else { continue };
                head.chain = Some(manifest.chain);
                let is_signed = seal.signed.is_some();
                match snapshots.get(&manifest.place) {
                    Some((_, true)) if !is_signed => replaced.push((manifest.place, *number)),
                    before => {
                        replaced.extend(before.map(|(before, _)| (manifest.place, *before)));
                        snapshots.insert(manifest.place, (*number, is_signed));
                    }
                }
                for entry in manifest.entries {
                    let source = entry.commitment.and_then(|note| note.source);
                    if let (Some(source), Outcome::Kept { object, commit, .. }) = (source, entry.outcome) {
                        sources
                            .insert(source_key(&source.namespace, &hex::encode(commit), USUAL_PATH), object);
                    }
                }
            }
        }
        sources.retain(|_, object| objects.contains_key(object));
        (rebuilt.objects, rebuilt.snapshots) = (objects.len() as u64, snapshots.len() as u64);
        // Batches are not told apart: all that no snapshot names may belong to a collection that was broken off.
        head.batches = 2;
        let fault = |e: redb::TableError| self.index.fault(e);
        let write = self.index.write()?;
        {
            let mut table = write.open_table(OBJECTS).map_err(fault)?;
            for (object, recipe) in &objects {
                table.insert(&object.0, (*recipe, 2, ANY_SUBNET))?;
            }
            let mut table = write.open_table(SNAPSHOTS).map_err(fault)?;
            for (place, (seal, _)) in &snapshots {
                table.insert((place.netuid.0, place.block.0), (*seal, 1))?;
            }
            let mut table = write.open_table(REPLACED).map_err(fault)?;
            for (place, seal) in &replaced {
                table.insert((place.netuid.0, place.block.0, *seal), 1)?;
            }
            let mut table = write.open_table(SOURCES).map_err(fault)?;
            for (source, object) in &sources {
                table.insert(source.as_str(), &object.0)?;
            }
            let mut table = write.open_table(TAKEN_DOWN).map_err(fault)?;
            for (number, takedown) in &found.takedowns {
                table.insert(&takedown.object.0, (takedown.reason.as_str(), *number))?;
            }
        }
        self.index.put_head(&write, &head)?;
        write.commit().map_err(|e| self.index.fault(e))?;
        Ok(rebuilt)
    }
}

/// A name that no index was kept under before.
fn unused(folder: &Path) -> PathBuf {
    let numbered = (2u32..).map(|number| folder.join(format!("index.redb.old.{number}")));
    let mut names = std::iter::once(folder.join("index.redb.old")).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or_else(|| folder.join("index.redb.old"))
}

/// The key that packs begin with, most of them if they differ; that of the index if none does. `None` without packs.
fn key(packs: &Packs, index: &Path) -> Result<Option<[u8; 32]>, ArchiveError> {
    let numbers = packs.numbers()?;
    let mut found: BTreeMap<[u8; 32], usize> = BTreeMap::new();
    for pack in &numbers {
        let Some(file) = packs.file(*pack)? else { continue };
        let mut head = [0; HEAD_BYTES as usize];
        if file.read_exact_at(&mut head, 0).is_ok()
            && let Some(key) = key_of(&head, *pack)
        {
            *found.entry(key).or_default() += 1;
        }
    }
    let most = found.into_iter().max_by_key(|(_, count)| *count).map(|(key, _)| key);
    let known = most.or_else(|| Some(Index::open_to_read(index).ok()?.head().ok()?.key));
    match known {
        None if !numbers.is_empty() => Err(ArchiveError::Index {
            path: index.to_owned(),
            why: "no pack begins as one, so the key of their blocks is not known".to_owned(),
        }),
        known => Ok(known),
    }
}

impl Found {
    fn read_pack(&mut self, packs: &Packs, pack: u32) -> Result<(), ArchiveError> {
        let path = packs.path(pack);
        let bytes = fs::read(&path).map_err(ArchiveError::disk(&path, "read"))?;
        let mut at = HEAD_BYTES as usize;
        self.lens.insert(pack, HEAD_BYTES);
        while at < bytes.len() {
            let len = block_bytes(&bytes[at..]);
            let block =
                len.and_then(|len| Block::parse(&bytes[at..at + len], &packs.key, pack, at as u32).ok());
            let (Some(block), Some(len)) = (block, len) else {
                // Whatever this is: the next block begins further on.
                self.rebuilt.lost_bytes += 1;
                at += 1;
                continue;
            };
            self.add(&packs.key, &block, BlockPlace { pack, offset: at as u32, bytes: len as u32 })?;
            at += len;
            self.lens.insert(pack, at as u32);
        }
        Ok(())
    }

    fn add(&mut self, key: &[u8; 32], block: &Block, place: BlockPlace) -> Result<(), ArchiveError> {
        let slots = block.slots();
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return Ok(()) };
        self.rebuilt.blocks += 1;
        let before = self.blocks.range(..=last.number).next_back();
        if before.is_some_and(|(_, (_, end))| *end >= first.number) {
            let unseen = slots.iter().filter(|slot| !self.seen.contains(&slot.number));
            self.moved.extend(unseen.map(|slot| (slot.number, place)));
        } else {
            self.blocks.insert(first.number, (place, last.number));
        }
        let text = block.text()?;
        for slot in slots {
            let (bytes, number) = (&text[slot.at.clone()], slot.number);
            if !self.seen.insert(number) {
                continue;
            }
            if number < FIRST_STRUCTURE {
                self.next_line = self.next_line.max(number + 1);
                self.pieces.insert(piece_key(key, bytes), number);
                continue;
            }
            if number >= FIRST_RECIPE {
                self.next_recipe = self.next_recipe.max(number + 1);
                self.recipes.insert(number);
                continue;
            }
            self.next_structure = self.next_structure.max(number + 1);
            if let Some(seal) = Seal::decode(bytes) {
                self.seals.insert(number, seal);
            } else if let Some(takedown) = Takedown::decode(bytes) {
                self.takedowns.insert(number, takedown);
            } else {
                self.pieces.insert(piece_key(key, bytes), number);
            }
        }
        Ok(())
    }

    /// Where pieces are.
    fn write(&self, index: &Index) -> Result<(), ArchiveError> {
        let mut head = index.head()?;
        (head.next_line, head.next_structure) = (self.next_line, self.next_structure);
        head.next_recipe = self.next_recipe;
        head.next_pack = self.lens.keys().next_back().map_or(0, |pack| pack + 1);
        let fault = |e: redb::TableError| index.fault(e);
        let write = index.write()?;
        {
            let mut blocks = write.open_table(BLOCKS).map_err(fault)?;
            for (first, (place, last)) in &self.blocks {
                blocks.insert(first, (place.pack, place.offset, place.bytes, last - first))?;
            }
            let mut moved = write.open_table(MOVED).map_err(fault)?;
            for (number, place) in &self.moved {
                moved.insert(number, (place.pack, place.offset, place.bytes))?;
            }
            let mut packs = write.open_table(PACKS).map_err(fault)?;
            for (pack, len) in &self.lens {
                packs.insert(pack, len)?;
            }
            let mut pieces = write.open_table(PIECES).map_err(fault)?;
            for (key, number) in &self.pieces {
                pieces.insert(key, number)?;
            }
        }
        index.put_head(&write, &head)?;
        write.commit().map_err(|e| index.fault(e))
    }
}
