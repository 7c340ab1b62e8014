//! All manifests in memory, an entry that did not change from one snapshot to the next once: what pages look up.

use std::sync::Arc;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};

use crate::archive::{Archive, ArchiveError, Entry, Manifest, Outcome, Place, Seal, Snapshot};

/// A snapshot.
pub(super) struct Day {
    pub(super) place: Place,
    pub(super) seal: Seal,
    /// Whether the seal holds: signed by whom the manifest names, or unsigned where it names nobody.
    pub(super) is_sealed: bool,
    pub(super) chain: Digest,
    pub(super) block_hash: Digest,
    pub(super) collector: Option<Hotkey>,
    pub(super) root: Digest,
    /// By uid.
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) n_kept: usize,
    pub(super) n_failed: usize,
    pub(super) n_skipped: usize,
}

impl Day {
    fn of(manifest: Manifest, seal: Seal, before: Option<&Self>) -> Self {
        let is_sealed = seal.is_good_for(&manifest);
        let Manifest { chain, place, block_hash, collector, root, entries, .. } = manifest;
        let shared = |entry: Entry| match before.and_then(|day| day.entry(entry.uid)) {
            Some(same) if **same == entry => Arc::clone(same),
            _ => Arc::new(entry),
        };
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(shared).collect();
        let count = |is: fn(&Outcome) -> bool| entries.iter().filter(|entry| is(&entry.outcome)).count();
        let n_kept = count(|outcome| matches!(outcome, Outcome::Kept { .. }));
        let n_failed = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
        let n_skipped = count(|outcome| matches!(outcome, Outcome::Skipped));
        Self {
            place,
            seal,
            is_sealed,
            chain,
            block_hash,
            collector,
            root,
            entries,
            n_kept,
            n_failed,
            n_skipped,
        }
    }

    pub(super) fn entry(&self, uid: Uid) -> Option<&Arc<Entry>> {
        self.entries.binary_search_by_key(&uid, |entry| entry.uid).ok().map(|at| &self.entries[at])
    }
}

/// A miner as a snapshot found it, where that differs from the one before.
pub(super) struct Visit {
    pub(super) block: BlockNumber,
    pub(super) entry: Option<Arc<Entry>>,
}

/// All snapshots, by netuid and block.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) days: Vec<Arc<Day>>,
    /// Snapshots that cannot be read, and why.
    pub(super) damaged: Vec<(Place, String)>,
}

impl Shelf {
    /// What the archive has now; what `self` knows already is not read again.
    pub(super) fn renewed(&self, archive: &Archive) -> Result<Self, ArchiveError> {
        let mut shelf = Self::default();
        for Snapshot { place, manifest, at_ms, .. } in archive.snapshots()? {
            let known =
                self.day(place).filter(|day| day.seal.manifest == manifest && day.seal.at_ms == at_ms);
            if let Some(day) = known {
                shelf.days.push(Arc::clone(day));
                continue;
            }
            let before = shelf.days.last().filter(|day| day.place.netuid == place.netuid);
            match archive.manifest(place) {
                Ok((manifest, seal)) => {
                    let day = Day::of(manifest, seal, before.map(Arc::as_ref));
                    shelf.days.push(Arc::new(day));
                }
                // Let go of since it was listed.
                Err(ArchiveError::NoSnapshot { .. }) => {}
                Err(error) => shelf.damaged.push((place, error.to_string())),
            }
        }
        Ok(shelf)
    }

    fn at(&self, place: Place) -> Result<usize, usize> {
        self.days.binary_search_by_key(&place, |day| day.place)
    }

    pub(super) fn day(&self, place: Place) -> Option<&Arc<Day>> {
        self.at(place).ok().map(|at| &self.days[at])
    }

    /// The snapshots of a subnet, by block.
    pub(super) fn of(&self, netuid: NetUid) -> &[Arc<Day>] {
        let from = self.days.partition_point(|day| day.place.netuid < netuid);
        let to = self.days.partition_point(|day| day.place.netuid <= netuid);
        &self.days[from..to]
    }

    /// The snapshot before and the one after, of the same subnet.
    pub(super) fn beside(&self, place: Place) -> (Option<&Arc<Day>>, Option<&Arc<Day>>) {
        let days = self.of(place.netuid);
        let from = days.partition_point(|day| day.place < place);
        let to = days.partition_point(|day| day.place <= place);
        (from.checked_sub(1).map(|at| &days[at]), days.get(to))
    }

    /// What `uid` was through a subnet's snapshots: only where it changed.
    pub(super) fn history(&self, netuid: NetUid, uid: Uid) -> Vec<Visit> {
        let mut visits: Vec<Visit> = Vec::new();
        for day in self.of(netuid) {
            let entry = day.entry(uid);
            let is_same = match (visits.last(), entry) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some(last), entry) => last.entry.as_ref() == entry,
            };
            if !is_same {
                visits.push(Visit { block: day.place.block, entry: entry.cloned() });
            }
        }
        visits
    }
}
