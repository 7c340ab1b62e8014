//! Files, rows and whole snapshots as they were.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use plimsoll_core::{BlockNumber, Digest, Hotkey, Uid};
use plimsoll_json::RowId;

use super::entry::{Entry, Outcome};
use super::error::ArchiveError;
use super::manifest::Place;
use super::store::Archive;
use super::view::View;

/// The rows of one miner in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsOfMiner {
    /// Its place.
    pub uid: Uid,
    /// Who held it.
    pub hotkey: Hotkey,
    /// When it committed the dataset: who was first.
    pub committed: BlockNumber,
    /// Its rows' ids, in order.
    pub rows: Vec<RowId>,
}

impl Archive {
    /// The dataset of `uid` in a snapshot, byte for byte.
    ///
    /// # Errors
    /// [`ArchiveError::NoDataset`], [`ArchiveError::TakenDown`], or that it is damaged.
    pub fn restore(&self, place: Place, uid: Uid) -> Result<Vec<u8>, ArchiveError> {
        let entry = self.show(place, uid)?;
        let why = match entry.as_ref().map(|entry| &entry.outcome) {
            Some(Outcome::Kept { object, .. }) => return self.object(object),
            Some(Outcome::Skipped) => "it had committed none".to_owned(),
            Some(Outcome::Failed { kind, text }) => format!("{kind}: {text}"),
            None => "there was no such miner".to_owned(),
        };
        let (netuid, block) = (place.netuid.0, place.block.0);
        Err(ArchiveError::NoDataset { netuid, block, uid: uid.0, why })
    }

    /// The row ids of every miner in a snapshot whose dataset is kept; no line is unpacked.
    ///
    /// # Errors
    /// [`ArchiveError::NoSnapshot`], or that it is damaged.
    pub fn rows(&self, place: Place) -> Result<Vec<RowsOfMiner>, ArchiveError> {
        let (manifest, _) = self.manifest(place)?;
        let view = self.view()?;
        let mut miners = Vec::new();
        for entry in &manifest.entries {
            let Some(object) = entry.object() else { continue };
            if self.reason_down(&object)?.is_none() {
                miners.push(rows_of_miner(&view, entry, &object)?);
            }
        }
        Ok(miners)
    }

    /// The row ids of one object, in order.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub fn rows_of(&self, object: &Digest) -> Result<Vec<RowId>, ArchiveError> {
        self.must_be_up(object)?;
        rows_of(&self.view()?, object)
    }

    /// Writes a snapshot as one new file, which `proof-merkle` can hold: the manifest's bytes, then every object that it
    /// names, once each, by the order of its first miner, each begun at a multiple of 1,024 bytes and padded with zeros
    /// to one. Gives the BLAKE3 of the file, which is what that scheme commits to.
    ///
    /// # Errors
    /// [`ArchiveError::TakenDown`], [`ArchiveError::Disk`] (also if the file is there), or that the archive is damaged.
    pub fn write_cargo(&self, place: Place, path: &Path) -> Result<Digest, ArchiveError> {
        let created = OpenOptions::new().write(true).create_new(true).open(path);
        let written = self.write_into(place, path, created.map_err(ArchiveError::disk(path, "create"))?);
        if written.is_err() {
            // Half of it helps nobody.
            let _ = std::fs::remove_file(path);
        }
        written
    }

    fn write_into(&self, place: Place, path: &Path, file: File) -> Result<Digest, ArchiveError> {
        let (manifest, seal) = self.manifest(place)?;
        let view = self.view()?;
        let disk = |doing| ArchiveError::disk(path, doing);
        let (mut out, mut hasher) = (BufWriter::new(file), blake3::Hasher::new());
        let mut seen = std::collections::HashSet::new();
        let objects = manifest.entries.iter().filter_map(Entry::object).filter(|object| seen.insert(*object));
        for object in std::iter::once(seal.manifest).chain(objects) {
            self.must_be_up(&object)?;
            let mut bytes = view.object(&object)?;
            bytes.resize(bytes.len().next_multiple_of(1024), 0);
            hasher.update(&bytes);
            out.write_all(&bytes).map_err(disk("write"))?;
        }
        let file = out.into_inner().map_err(|e| disk("write")(e.into_error()))?;
        file.sync_all().map_err(disk("flush"))?;
        Ok(Digest(*hasher.finalize().as_bytes()))
    }
}

fn rows_of_miner(view: &View<'_>, entry: &Entry, object: &Digest) -> Result<RowsOfMiner, ArchiveError> {
    let committed = entry.commitment.as_ref().map_or(BlockNumber(u64::MAX), |note| note.block);
    Ok(RowsOfMiner { uid: entry.uid, hotkey: entry.hotkey, committed, rows: rows_of(view, object)? })
}

fn rows_of(view: &View<'_>, object: &Digest) -> Result<Vec<RowId>, ArchiveError> {
    let recipe = view.recipe(object)?;
    let mut ids: Vec<Option<RowId>> = Vec::with_capacity(recipe.numbers.len());
    view.each_id(&recipe.numbers, |slot| ids.push(slot.id))?;
    for (place, id) in recipe.exceptions {
        ids[place as usize] = id;
    }
    Ok(ids.into_iter().flatten().collect())
}
