//! The open archive and what is remembered of it.

use std::sync::{Arc, PoisonError, RwLock};

use plimsoll_core::{Digest, NetUid, Uid};

use super::compared::{Compared, Comparisons, PREPARED};
use super::options::{ServeError, ServeOptions};
use super::refusal::Refusal;
use super::shelf::{Day, Shelf};
use super::turns::Turns;
use crate::archive::{Archive, Entry, Place};

/// An archive to look at.
pub struct Site {
    pub(super) archive: Archive,
    pub(super) options: ServeOptions,
    pub(super) turns: Turns,
    shelf: RwLock<Arc<Shelf>>,
    comparisons: Comparisons,
}

impl Site {
    /// Opens the archive and reads all its manifests.
    ///
    /// # Errors
    /// [`ServeError::Archive`].
    pub fn open(options: ServeOptions) -> Result<Arc<Self>, ServeError> {
        let archive = Archive::open_to_read(&options.data_dir)?;
        let shelf = Shelf::default().renewed(&archive)?;
        let shelf = RwLock::new(Arc::new(shelf));
        let (turns, comparisons) = (Turns::default(), Comparisons::default());
        Ok(Arc::new(Self { archive, options, turns, shelf, comparisons }))
    }

    /// Takes in what was collected or let go of since.
    ///
    /// # Errors
    /// [`ServeError::Archive`]; what was known stays.
    pub fn renew(&self) -> Result<(), ServeError> {
        let shelf = Arc::new(self.shelf().renewed(&self.archive)?);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        Ok(())
    }

    /// How many snapshots there are to look at.
    #[must_use]
    pub fn n_snapshots(&self) -> usize {
        self.shelf().days.len()
    }

    /// Compares the newest snapshot of every subnet that has another one now, so that nobody has to wait for that.
    pub(super) fn prepare(&self) {
        let shelf = self.shelf();
        let is_newest = |day: &&Arc<Day>| shelf.beside(day.place).1.is_none();
        let mut newest: Vec<&Arc<Day>> = shelf.days.iter().filter(is_newest).collect();
        newest.sort_by_key(|day| std::cmp::Reverse(day.seal.at_ms));
        newest.truncate(PREPARED);
        let new =
            self.comparisons.prepared(newest.iter().map(|day| (day.place, day.seal.manifest)).collect());
        for day in newest.into_iter().filter(|day| new.contains(&(day.place, day.seal.manifest))) {
            if let Err(refusal) = self.compared(day) {
                tracing::warn!(netuid = day.place.netuid.0, %refusal, "the newest snapshot cannot be compared");
            }
        }
    }

    pub(super) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn day(&self, place: Place) -> Result<Arc<Day>, Refusal> {
        let shelf = self.shelf();
        if let Some(day) = shelf.day(place) {
            return Ok(Arc::clone(day));
        }
        let (netuid, block) = (place.netuid, place.block);
        Err(match shelf.damaged.iter().find(|(damaged, _)| *damaged == place) {
            Some((_, why)) => Refusal::Broken(why.clone()),
            None if shelf.of(netuid).is_empty() => no_subnet(netuid),
            None => Refusal::Absent(format!("No snapshot of netuid {netuid} at block {block} is kept.")),
        })
    }

    pub(super) fn miner(&self, place: Place, uid: Uid) -> Result<(Arc<Day>, Arc<Entry>), Refusal> {
        let day = self.day(place)?;
        let Some(entry) = day.entry(uid).cloned() else {
            let text = format!("There was no uid {uid} on netuid {} at block {}.", place.netuid, place.block);
            return Err(Refusal::Absent(text));
        };
        Ok((day, entry))
    }

    /// Whether an object can be given out: not one that was taken down.
    pub(super) fn must_be_up(&self, object: &Digest) -> Result<(), Refusal> {
        self.archive.witness(object).map(|_| ()).map_err(Refusal::from)
    }

    pub(super) fn compared(&self, day: &Day) -> Result<Arc<Compared>, Refusal> {
        let of = (day.place, day.seal.manifest);
        self.comparisons.of(&self.archive, of, &self.options).map_err(Refusal::Broken)
    }
}

pub(super) fn no_subnet(netuid: NetUid) -> Refusal {
    Refusal::Absent(format!("No snapshot of netuid {netuid} is kept."))
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("archive", &self.archive).finish_non_exhaustive()
    }
}
