//! Putting in: files and snapshots, kept together or not at all.
//!
//! Order of writing: blocks to the packs; every new object is put together again from them and its digest compared;
//! the packs are flushed; one transaction of the index names it all. A crash before that transaction loses the batch
//! and nothing else: what it appended is cut off by the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_core::{Digest, Keypair, NetUid};
use plimsoll_json::RowId;
use redb::ReadableTable;

use super::block::{OpenBlock, Packer};
use super::error::ArchiveError;
use super::file::{NewFile, Put, USUAL_PATH, Witness, check_origin, ids_of};
use super::index::{
    ANY_SUBNET, BLOCKS, FIRST_RECIPE, FIRST_STRUCTURE, Head, MOVED, OBJECTS, PACKS, PIECES, REPLACED,
    SNAPSHOTS, SOURCES, TAKEN_DOWN, piece_key,
};
use super::lines::pieces;
use super::manifest::{Manifest, Place, Seal, SnapshotFacts, Takedown};
use super::pack::PackWriter;
use super::recipe::Recipe;
use super::store::{Archive, source_key};
use super::view::View;

/// The sort of pieces a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Lines = 0,
    Structure = 1,
    /// Hardly to be compressed, and none is the same as another.
    Recipes = 2,
    /// Pieces that were damaged, with the numbers that they have.
    Again = 3,
}

/// A batch under way; dropping it leaves everything as it was.
pub struct Batch<'a> {
    pub(super) archive: &'a Archive,
    view: View<'a>,
    writer: PackWriter<'a>,
    packer: Packer,
    open: [OpenBlock; 4],
    head: Head,
    new_pieces: HashMap<[u8; 16], u64>,
    new_sources: BTreeMap<String, Digest>,
    /// Whose collection objects came with.
    subnets: BTreeMap<Digest, u32>,
    pub(super) new_snapshots: BTreeMap<Place, u64>,
    pub(super) new_replaced: BTreeSet<(Place, u64)>,
    new_takedowns: BTreeMap<u64, Takedown>,
    healed: u32,
    new_bytes: u64,
}

impl<'a> Batch<'a> {
    pub(super) fn begin(archive: &'a Archive) -> Result<Self, ArchiveError> {
        let head = archive.index.head()?;
        let last = {
            let read = archive.index.read()?;
            let packs = archive.index.table(&read, PACKS)?;
            packs.last()?.map(|(pack, len)| (pack.value(), len.value()))
        };
        Ok(Self {
            archive,
            view: archive.view_of_its_own()?,
            writer: PackWriter::begin(&archive.packs, last, head.next_pack, archive.pack_bytes)?,
            packer: Packer::new().map_err(ArchiveError::disk(archive.folder(), "prepare compression"))?,
            open: Default::default(),
            head,
            new_pieces: HashMap::new(),
            new_sources: BTreeMap::new(),
            subnets: BTreeMap::new(),
            new_snapshots: BTreeMap::new(),
            new_replaced: BTreeSet::new(),
            new_takedowns: BTreeMap::new(),
            healed: 0,
            new_bytes: 0,
        })
    }

    /// Puts in a file. Damaged lines of one that is kept already are written again: so fresh bytes repair.
    ///
    /// # Errors
    /// [`ArchiveError::Facts`], [`ArchiveError::TakenDown`], [`ArchiveError::Disk`].
    pub fn put(&mut self, file: &NewFile<'_>) -> Result<Put, ArchiveError> {
        self.put_file(file, USUAL_PATH, ANY_SUBNET)
    }

    /// As [`Self::put`], for a file that is at `path` of its repository, and that a collection of `netuid` goes on with
    /// if it is broken off.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_for(&mut self, file: &NewFile<'_>, path: &str, netuid: NetUid) -> Result<Put, ArchiveError> {
        self.put_file(file, path, u32::from(netuid.0))
    }

    /// As [`Self::put`], for a file that is at `path` of its repository.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_at(&mut self, file: &NewFile<'_>, path: &str) -> Result<Put, ArchiveError> {
        self.put_file(file, path, ANY_SUBNET)
    }

    fn put_file(&mut self, file: &NewFile<'_>, path: &str, subnet: u32) -> Result<Put, ArchiveError> {
        let object = Digest::of(file.bytes);
        self.archive.must_be_up(&object)?;
        if let Some((namespace, commit)) = file.from {
            check_origin(namespace, commit)?;
        }
        let (pieces, are_lines) = pieces(file.bytes);
        let ids = ids_of(file, &pieces, are_lines)?;
        (self.healed, self.new_bytes) = (0, 0);
        let mut recipe = Recipe {
            name: Recipe::name_of(&object),
            bytes: file.bytes.len() as u64,
            witness: file.witness,
            numbers: Vec::with_capacity(pieces.len()),
            exceptions: Vec::new(),
        };
        for (place, (piece, id)) in pieces.iter().zip(&ids).enumerate() {
            let (number, kept_id) = self.keep_piece(Lane::Lines, piece, *id)?;
            recipe.numbers.push(number);
            if kept_id != *id {
                recipe.exceptions.push((place as u32, *id));
            }
        }
        let is_new = self.keep_recipe(object, &recipe, subnet)?;
        if let Some((namespace, commit)) = file.from {
            self.new_sources.insert(source_key(namespace, commit, path), object);
        }
        Ok(Put { object, is_new, new_bytes: self.new_bytes, healed: self.healed })
    }

    /// Puts in a snapshot, signed by `wallet` if there is one. Gives the manifest's object id.
    ///
    /// # Errors
    /// [`ArchiveError::SnapshotKept`] where another one is kept of this block and `replace` was not asked for (what is
    /// replaced stays beside it, and a signed one counts before one that is not);
    /// [`ArchiveError::OtherChain`]; [`ArchiveError::NoObject`] for an entry whose object was not put in;
    /// [`ArchiveError::Facts`].
    pub fn snapshot(
        &mut self,
        facts: SnapshotFacts,
        wallet: Option<&Keypair>,
        at_ms: u64,
        replace: bool,
    ) -> Result<Digest, ArchiveError> {
        let (place, chain) = (facts.place, facts.chain);
        if let Some(kept) = self.head.chain.filter(|kept| *kept != chain) {
            return Err(ArchiveError::OtherChain { kept, asked: chain });
        }
        let manifest = Manifest::of(facts, wallet.map(Keypair::hotkey))?;
        for object in manifest.entries.iter().filter_map(super::entry::Entry::object) {
            if self.view.recipe_number(&object)?.is_none() && self.archive.reason_down(&object)?.is_none() {
                return Err(ArchiveError::NoObject { object });
            }
        }
        let id = manifest.id();
        let before = self.kept_seal(place)?;
        match &before {
            Some((_, seal)) if seal.manifest == id => return Ok(id),
            Some((_, seal)) if !replace => {
                let (netuid, block) = (place.netuid.0, place.block.0);
                return Err(ArchiveError::SnapshotKept { netuid, block, kept: seal.manifest });
            }
            _ => {}
        }
        let pieces = manifest.pieces();
        let mut numbers = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            numbers.push(self.keep_piece(Lane::Structure, piece, None)?.0);
        }
        let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
        let (witness, exceptions) = (Witness::default(), Vec::new());
        let recipe = Recipe { name: Recipe::name_of(&id), bytes, witness, numbers, exceptions };
        self.keep_recipe(id, &recipe, u32::from(place.netuid.0))?;
        let seal = Seal::new(id, at_ms, wallet).encode();
        let number = self.append(Lane::Structure, &seal, None)?;
        self.count(place, number, before, wallet.is_some());
        self.head.chain = Some(chain);
        Ok(id)
    }

    /// Keeps a word that an object is not given out nor taken in again.
    pub(super) fn take_down(&mut self, object: &Digest, reason: &str) -> Result<(), ArchiveError> {
        let takedown = Takedown { object: *object, reason: reason.to_owned() };
        let number = self.append(Lane::Structure, &takedown.encode(), None)?;
        self.new_takedowns.insert(number, takedown);
        Ok(())
    }

    /// The number of a piece and the row that it was kept as, writing it if it is new, or damaged where it is kept.
    fn keep_piece(
        &mut self,
        lane: Lane,
        bytes: &[u8],
        id: Option<RowId>,
    ) -> Result<(u64, Option<RowId>), ArchiveError> {
        let key = piece_key(&self.archive.packs.key, bytes);
        let known = match self.new_pieces.get(&key) {
            Some(number) => Some(*number),
            None => self.view.pieces.get(&key)?.map(|row| row.value()),
        };
        let Some(number) = known else {
            let number = self.append(lane, bytes, id)?;
            self.new_pieces.insert(key, number);
            self.new_bytes += bytes.len() as u64;
            return Ok((number, id));
        };
        match self.kept_as(number) {
            Ok((len, kept_id)) if len == bytes.len() => Ok((number, kept_id)),
            Ok(_) => Err(ArchiveError::broken(format!("piece {number} is not the one that the index says"))),
            Err(e) if e.is_damage() => {
                self.healed += 1;
                self.append_as(Lane::Again, number, bytes, id)?;
                Ok((number, id))
            }
            Err(e) => Err(e),
        }
    }

    /// A piece's length and the row that it is, where its block has its digest.
    fn kept_as(&self, number: u64) -> Result<(usize, Option<RowId>), ArchiveError> {
        match self.open.iter().rev().find_map(|open| open.find(number)) {
            Some((bytes, id)) => Ok((bytes.len(), id)),
            None => self.view.slot(number),
        }
    }

    pub(super) fn piece(&self, number: u64) -> Result<Vec<u8>, ArchiveError> {
        match self.open.iter().rev().find_map(|open| open.find(number)) {
            Some((bytes, _)) => Ok(bytes.to_vec()),
            None => self.view.piece(number),
        }
    }

    /// Keeps a recipe unless the same one is kept; whether its object was not.
    fn keep_recipe(&mut self, object: Digest, recipe: &Recipe, subnet: u32) -> Result<bool, ArchiveError> {
        let before = match self.subnets.get(&object) {
            Some(subnet) => Some(*subnet),
            None => self.view.objects.get(&object.0)?.map(|row| row.value().2),
        };
        let of_both = before.is_some_and(|before| before != subnet);
        self.subnets.insert(object, if of_both { ANY_SUBNET } else { subnet });
        let known = self.view.recipe_number(&object)?;
        let bytes = recipe.encode();
        if let Some(number) = known {
            match self.piece(number) {
                Ok(kept) if kept == bytes => {
                    self.view.new_objects.entry(object).or_insert(number);
                    return Ok(false);
                }
                Err(e) if !e.is_damage() => return Err(e),
                _ => {}
            }
        }
        let number = self.append(Lane::Recipes, &bytes, None)?;
        self.view.new_objects.insert(object, number);
        Ok(known.is_none())
    }

    fn append(&mut self, lane: Lane, bytes: &[u8], id: Option<RowId>) -> Result<u64, ArchiveError> {
        let (next, end) = match lane {
            Lane::Lines => (&mut self.head.next_line, FIRST_STRUCTURE),
            Lane::Recipes => (&mut self.head.next_recipe, u64::MAX),
            _ => (&mut self.head.next_structure, FIRST_RECIPE),
        };
        let number = *next;
        *next += 1;
        if number >= end {
            return Err(ArchiveError::broken("the archive has as many pieces as it can number"));
        }
        self.append_as(lane, number, bytes, id)?;
        Ok(number)
    }

    fn append_as(
        &mut self,
        lane: Lane,
        number: u64,
        bytes: &[u8],
        id: Option<RowId>,
    ) -> Result<(), ArchiveError> {
        let open = &self.open[lane as usize];
        // Pieces that are written again come in any order, a block's are ascending.
        if open.overflows(bytes.len()) || open.span().is_some_and(|(_, last)| last >= number) {
            self.close(lane)?;
        }
        self.open[lane as usize].push(number, bytes, id);
        if self.open[lane as usize].is_full() {
            self.close(lane)?;
        }
        Ok(())
    }

    /// Writes the lane's block.
    fn close(&mut self, lane: Lane) -> Result<(), ArchiveError> {
        let open = std::mem::take(&mut self.open[lane as usize]);
        let Some((first, last)) = open.span() else { return Ok(()) };
        let block = open.encode(&mut self.packer);
        let block =
            block.ok_or_else(|| ArchiveError::broken("a block did not decode to what was encoded"))?;
        let place = self.writer.append(block)?;
        match lane {
            Lane::Again => self.view.new_moved.extend(open.numbers().map(|number| (number, place))),
            _ => _ = self.view.new_blocks.insert(first, (place, last)),
        }
        Ok(())
    }

    /// Makes all of it durable at once.
    ///
    /// # Errors
    /// [`ArchiveError::Disk`], such as for a full one: nothing of the batch is kept then. [`ArchiveError::Broken`]
    /// where an object does not come back as it was put in.
    pub fn commit(mut self) -> Result<(), ArchiveError> {
        for lane in [Lane::Lines, Lane::Structure, Lane::Recipes, Lane::Again] {
            self.close(lane)?;
        }
        // As they were put in: what one needs, the next needs too.
        let mut objects: Vec<_> = self.view.new_objects.iter().collect();
        objects.sort_unstable_by_key(|(_, recipe)| **recipe);
        for (object, _) in objects {
            self.view.object(object)?;
        }
        let (lens, next_pack) = self.writer.finish()?;
        self.head.next_pack = next_pack;
        self.head.batches += 1;
        let index = &self.archive.index;
        let fault = |e: redb::TableError| index.fault(e);
        let write = index.write()?;
        {
            let mut pieces = write.open_table(PIECES).map_err(fault)?;
            let mut sorted: Vec<_> = self.new_pieces.iter().collect();
            sorted.sort_unstable();
            for (key, number) in sorted {
                pieces.insert(key, number)?;
            }
            let mut blocks = write.open_table(BLOCKS).map_err(fault)?;
            for (first, (place, last)) in &self.view.new_blocks {
                blocks.insert(first, (place.pack, place.offset, place.bytes, last - first))?;
            }
            let mut moved = write.open_table(MOVED).map_err(fault)?;
            for (number, place) in &self.view.new_moved {
                moved.insert(number, (place.pack, place.offset, place.bytes))?;
            }
            let mut packs = write.open_table(PACKS).map_err(fault)?;
            for (pack, len) in lens {
                packs.insert(pack, len)?;
            }
            let mut objects = write.open_table(OBJECTS).map_err(fault)?;
            for (object, recipe) in &self.view.new_objects {
                let subnet = self.subnets.get(object).copied().unwrap_or(ANY_SUBNET);
                objects.insert(&object.0, (*recipe, self.head.batches, subnet))?;
            }
            let mut sources = write.open_table(SOURCES).map_err(fault)?;
            for (source, object) in &self.new_sources {
                sources.insert(source.as_str(), &object.0)?;
            }
            let mut snapshots = write.open_table(SNAPSHOTS).map_err(fault)?;
            for (place, seal) in &self.new_snapshots {
                snapshots.insert((place.netuid.0, place.block.0), (*seal, self.head.batches))?;
            }
            let mut replaced = write.open_table(REPLACED).map_err(fault)?;
            for (place, seal) in &self.new_replaced {
                replaced.insert((place.netuid.0, place.block.0, *seal), self.head.batches)?;
            }
            let mut down = write.open_table(TAKEN_DOWN).map_err(fault)?;
            for (number, takedown) in &self.new_takedowns {
                down.insert(&takedown.object.0, (takedown.reason.as_str(), *number))?;
            }
        }
        index.put_head(&write, &self.head)?;
        write.commit().map_err(|e| index.fault(e))
    }
}
