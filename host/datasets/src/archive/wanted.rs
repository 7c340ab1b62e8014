//! Which objects and pieces are needed: by a kept snapshot, or since its subnet's newest one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use plimsoll_core::Digest;
use redb::ReadableTable;

use super::entry::Entry;
use super::error::ArchiveError;
use super::index::{ANY_SUBNET, OBJECTS, REPLACED, SNAPSHOTS, TAKEN_DOWN};
use super::manifest::Place;
use super::store::{Archive, manifest_of, place_of, seal_at};
use super::view::View;

/// What must stay, and what must go even from packs that are hardly worth rewriting.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) objects: BTreeSet<Digest>,
    pub(super) pieces: HashSet<u64>,
    /// Pieces that only objects which were taken down have.
    pub(super) erased: HashSet<u64>,
    /// Whether of one that was taken down nobody can read which it had: then all that is not needed must go.
    pub(super) erases_all: bool,
}

impl Wanted {
    /// Stops at the first thing that cannot be read: what a damaged recipe needs is not known.
    pub(super) fn of(
        archive: &Archive,
        view: &View<'_>,
        kept: &BTreeSet<Place>,
    ) -> Result<Self, ArchiveError> {
        let read = archive.index.read()?;
        let mut wanted = Self::default();
        let mut roots: BTreeSet<Digest> = BTreeSet::new();
        let mut seals = Vec::new();
        for row in archive.index.table(&read, SNAPSHOTS)?.iter()? {
            let (key, row) = row?;
            seals.push((place_of(key.value()), row.value()));
        }
        for row in archive.index.table(&read, REPLACED)?.iter()? {
            let (key, batch) = row?;
            let (netuid, block, number) = key.value();
            seals.push((place_of((netuid, block)), (number, batch.value())));
        }
        let mut newest: BTreeMap<u32, u64> = BTreeMap::new();
        for (place, (number, batch)) in seals {
            let of_subnet = newest.entry(u32::from(place.netuid.0)).or_default();
            *of_subnet = batch.max(*of_subnet);
            if kept.contains(&place) {
                let seal = seal_at(view, number)?;
                wanted.pieces.insert(number);
                roots.insert(seal.manifest);
                roots.extend(manifest_of(view, &seal)?.entries.iter().filter_map(Entry::object));
            }
        }
        // A collection that was broken off goes on with these.
        let objects = archive.index.table(&read, OBJECTS)?;
        for row in objects.iter()? {
            let (object, row) = row?;
            let (_, batch, subnet) = row.value();
            let ended = if subnet == ANY_SUBNET { newest.values().min() } else { newest.get(&subnet) };
            if ended.is_none_or(|ended| batch > *ended) {
                roots.insert(Digest(*object.value()));
            }
        }
        let down = archive.index.table(&read, TAKEN_DOWN)?;
        for object in roots {
            if down.get(&object.0)?.is_none() {
                wanted.add(view, object)?;
            }
        }
        for row in down.iter()? {
            let (object, row) = row?;
            wanted.pieces.insert(row.value().1);
            let object = Digest(*object.value());
            if let Some(recipe) = view.recipe_number(&object)? {
                wanted.erased.insert(recipe);
                match view.recipe(&object) {
                    Ok(recipe) => wanted.erased.extend(recipe.numbers),
                    Err(error) if error.is_damage() => wanted.erases_all = true,
                    Err(error) => return Err(error),
                }
            }
        }
        wanted.erased.retain(|number| !wanted.pieces.contains(number));
        Ok(wanted)
    }

    /// Of an object that is gone nothing can be kept; `fsck` tells of it.
    fn add(&mut self, view: &View<'_>, object: Digest) -> Result<(), ArchiveError> {
        let Some(recipe) = view.recipe_number(&object)? else { return Ok(()) };
        self.pieces.insert(recipe);
        self.pieces.extend(view.recipe(&object)?.numbers);
        self.objects.insert(object);
        Ok(())
    }
}
