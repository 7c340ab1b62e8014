//! Which objects and pieces are needed: by a kept snapshot, or since the newest one.

use std::collections::{BTreeSet, HashSet};

use plimsoll_core::Digest;
use redb::ReadableTable;

use super::entry::Entry;
use super::error::ArchiveError;
use super::index::{OBJECTS, SNAPSHOTS, TAKEN_DOWN};
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
        let mut newest = 0;
        for row in archive.index.table(&read, SNAPSHOTS)?.iter()? {
            let (key, row) = row?;
            let (number, batch) = row.value();
            newest = newest.max(batch);
            if kept.contains(&place_of(key.value())) {
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
            if row.value().2 > newest {
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
                wanted.erased.extend(view.recipe(&object)?.numbers);
            }
        }
        wanted.erased.retain(|number| !wanted.pieces.contains(number));
        Ok(wanted)
    }

    fn add(&mut self, view: &View<'_>, object: Digest) -> Result<(), ArchiveError> {
        let recipe = view.recipe_number(&object)?.ok_or(ArchiveError::NoObject { object })?;
        self.pieces.insert(recipe);
        self.pieces.extend(view.recipe(&object)?.numbers);
        self.objects.insert(object);
        Ok(())
    }
}
