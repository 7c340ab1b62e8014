//! Dropping a snapshot whose manifest is damaged: nothing brings such a one back, for the chain no longer tells who had
//! committed what. Its datasets stay where another snapshot names them.

use std::collections::BTreeSet;

use plimsoll_core::Digest;
use redb::ReadableTable;

use super::error::ArchiveError;
use super::index::{OBJECTS, REPLACED, SNAPSHOTS, SOURCES};
use super::manifest::{Place, Seal};
use super::store::{Archive, place_of, seal_at};
use super::view::View;

/// What is kept of a place after a damaged snapshot was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Subnet and block.
    pub place: Place,
    /// The manifest that counts there now: one that had been replaced, if it is whole.
    pub instead: Option<Digest>,
}

/// The seals of one place.
#[derive(Debug, Default)]
struct SealsThere {
    /// Number and batch.
    damaged: Vec<(u64, u64)>,
    whole: Vec<(u64, u64, Seal)>,
}

impl Archive {
    /// Drops what is damaged of the snapshots of a place: seals and manifests that cannot be read or do not hold. One that
    /// names objects which are gone is whole: they can be fetched again. Packs that hold what is dropped are written anew
    /// by the next [`Self::gc`].
    ///
    /// # Errors
    /// [`ArchiveError::NoSnapshot`]; [`ArchiveError::Facts`] where nothing of it is damaged.
    pub fn drop_damaged(&mut self, place: Place) -> Result<Dropped, ArchiveError> {
        self.must_write()?;
        let view = self.view_of_its_own()?;
        let there = self.seals_there(&view, place)?;
        if there.damaged.is_empty() {
            let (netuid, block) = (place.netuid.0, place.block.0);
            if there.whole.is_empty() {
                return Err(ArchiveError::NoSnapshot { netuid, block });
            }
            let why = format!(
                "that of netuid {netuid} at block {block} is whole, so it is kept: `datasets gc` lets go of old ones"
            );
            return Err(ArchiveError::Facts { field: "snapshot", why });
        }
        let lost = self.lost_manifests(&view, &there.damaged)?;
        let counts = there.whole.iter().max_by_key(|(number, _, seal)| (seal.signed.is_some(), *number));
        let fault = |e: redb::TableError| self.index.fault(e);
        let write = self.index.write()?;
        {
            let key = (place.netuid.0, place.block.0);
            let mut snapshots = write.open_table(SNAPSHOTS).map_err(fault)?;
            let mut replaced = write.open_table(REPLACED).map_err(fault)?;
            for (number, _) in &there.damaged {
                replaced.remove((key.0, key.1, *number))?;
            }
            match counts {
                Some((number, batch, _)) => {
                    snapshots.insert(key, (*number, *batch))?;
                    replaced.remove((key.0, key.1, *number))?;
                }
                None => _ = snapshots.remove(key)?,
            }
            let mut objects = write.open_table(OBJECTS).map_err(fault)?;
            for object in &lost {
                objects.remove(&object.0)?;
            }
        }
        write.commit().map_err(|e| self.index.fault(e))?;
        Ok(Dropped { place, instead: counts.map(|(_, _, seal)| seal.manifest) })
    }

    fn seals_there(&self, view: &View<'_>, place: Place) -> Result<SealsThere, ArchiveError> {
        let mut there = SealsThere::default();
        for (at, number, batch) in self.numbered_seals()? {
            if at != place {
                continue;
            }
            match self.check_snapshot(view, place, number) {
                Ok(_) => there.whole.push((number, batch, seal_at(view, number)?)),
                Err(error) if error.is_damage() || matches!(error, ArchiveError::NoObject { .. }) => {
                    there.damaged.push((number, batch));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(there)
    }

    /// Every seal with its place, number and batch.
    fn numbered_seals(&self) -> Result<Vec<(Place, u64, u64)>, ArchiveError> {
        let read = self.index.read()?;
        let mut seals = Vec::new();
        for row in self.index.table(&read, SNAPSHOTS)?.iter()? {
            let (key, row) = row?;
            let (number, batch) = row.value();
            seals.push((place_of(key.value()), number, batch));
        }
        for row in self.index.table(&read, REPLACED)?.iter()? {
            let (key, batch) = row?;
            let (netuid, block, number) = key.value();
            seals.push((place_of((netuid, block)), number, batch.value()));
        }
        Ok(seals)
    }

    /// Manifests of these seals that no other one names. Where a seal itself cannot be read, its manifest is what came
    /// with the same batch, cannot be read either, is named by nothing, and was not fetched from anywhere.
    fn lost_manifests(
        &self,
        view: &View<'_>,
        damaged: &[(u64, u64)],
    ) -> Result<BTreeSet<Digest>, ArchiveError> {
        let mut named = BTreeSet::new();
        for (place, number, _) in self.numbered_seals()? {
            if damaged.iter().any(|(of, _)| *of == number) {
                continue;
            }
            if let Ok(seal) = seal_at(view, number) {
                named.insert(seal.manifest);
            }
            let entries = self.check_snapshot(view, place, number).unwrap_or_default();
            named.extend(entries.iter().filter_map(super::entry::Entry::object));
        }
        let (mut lost, mut batches) = (BTreeSet::new(), BTreeSet::new());
        for (number, batch) in damaged {
            match seal_at(view, *number) {
                Ok(seal) => _ = lost.insert(seal.manifest),
                Err(_) => _ = batches.insert(*batch),
            }
        }
        let read = self.index.read()?;
        if !batches.is_empty() {
            for row in self.index.table(&read, SOURCES)?.iter()? {
                named.insert(Digest(*row?.1.value()));
            }
            for row in self.index.table(&read, OBJECTS)?.iter()? {
                let (object, row) = row?;
                let object = Digest(*object.value());
                let is_of_them = batches.contains(&row.value().1) && !named.contains(&object);
                if is_of_them && view.object(&object).is_err_and(|e| e.is_damage()) {
                    lost.insert(object);
                }
            }
        }
        lost.retain(|manifest| !named.contains(manifest));
        Ok(lost)
    }
}
