//! A snapshot's datasets compared with one another, once for as long as it is looked at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use plimsoll_core::{Digest, Uid};

use super::options::ServeOptions;
use crate::archive::{Archive, Place};
use crate::contest::{Field, Rulebook};
use crate::overlap::Overlaps;

/// How many subnets' newest snapshots are compared before anybody asks, and kept for as long as they are the newest: a
/// few MiB each.
pub(super) const PREPARED: usize = 32;

/// How many others' comparisons are kept.
const KEPT: usize = 6;

/// How many rows each two datasets of a snapshot share.
pub(super) struct Compared {
    /// The datasets under the rules of their competitions.
    pub(super) field: Field,
    /// Whose dataset has which place.
    pub(super) uids: Vec<Uid>,
}

impl Compared {
    fn new(archive: &Archive, place: Place, options: &ServeOptions) -> Result<Self, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let (manifest, _) = archive.manifest(place).map_err(|error| text(&error))?;
        let source = options.source.as_ref();
        let rulebook =
            Rulebook::of(source, options.limit, &manifest.entries).map_err(|error| text(&error))?;
        let field =
            Field::of_snapshot(archive, &manifest, source, &rulebook).map_err(|error| text(&error))?;
        let uids = field.entrants().iter().map(|entrant| entrant.uid).collect();
        Ok(Self { field, uids })
    }

    pub(super) const fn overlaps(&self) -> &Overlaps {
        self.field.overlaps()
    }

    pub(super) fn place(&self, uid: Uid) -> Option<usize> {
        self.field.place(uid)
    }

    /// What two datasets share, in hundredths of the smaller one's different rows.
    pub(super) fn percent(&self, left: usize, right: usize) -> u32 {
        let smaller =
            self.overlaps().n_different_rows(left).min(self.overlaps().n_different_rows(right)).max(1) as u64;
        (u64::from(self.overlaps().shared(left, right)) * 100 / smaller) as u32
    }

    /// Places by uid, or the groups that hang together first, the largest ahead.
    pub(super) fn order(&self, order: Order) -> Vec<usize> {
        let all = 0..self.uids.len();
        if order == Order::Uid {
            return all.collect();
        }
        let mut groups = self.field.components(None);
        groups.sort_by_key(|group| std::cmp::Reverse(group.places.len()));
        let mut places: Vec<usize> = groups.into_iter().flat_map(|group| group.places).collect();
        let mut is_in = vec![false; self.uids.len()];
        for place in &places {
            is_in[*place] = true;
        }
        places.extend(all.filter(|place| !is_in[*place]));
        places
    }
}

/// In which order miners stand in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Uid,
    Group,
}

impl Order {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Uid => "uid",
            Self::Group => "group",
        }
    }
}

type Slot = Arc<OnceLock<Result<Arc<Compared>, String>>>;

/// The comparisons that are kept.
#[derive(Default)]
pub(super) struct Comparisons {
    /// Those that were asked for last at the end.
    kept: Mutex<VecDeque<(Place, Digest, Slot)>>,
    /// Those that make room for no others.
    prepared: Mutex<Vec<(Place, Digest)>>,
}

impl Comparisons {
    /// Says which ones make room for no others from now on. Gives those that were not said the last time: what cannot be
    /// compared is not tried again.
    pub(super) fn prepared(&self, these: Vec<(Place, Digest)>) -> Vec<(Place, Digest)> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let new = these.iter().filter(|one| !prepared.contains(one)).copied().collect();
        *prepared = these;
        new
    }

    /// The comparison of a snapshot by its manifest. Who asks while it is made waits for it.
    pub(super) fn of(
        &self,
        archive: &Archive,
        (place, manifest): (Place, Digest),
        options: &ServeOptions,
    ) -> Result<Arc<Compared>, String> {
        let slot = self.slot(place, manifest);
        let made = slot.get_or_init(|| Compared::new(archive, place, options).map(Arc::new)).clone();
        if made.is_err() {
            // It may be repaired meanwhile.
            self.locked().retain(|(_, _, kept)| !Arc::ptr_eq(kept, &slot));
        }
        made
    }

    fn slot(&self, place: Place, manifest: Digest) -> Slot {
        let mut kept = self.locked();
        let found = kept.iter().position(|(at, id, _)| (*at, *id) == (place, manifest));
        let used = found.and_then(|at| kept.remove(at)).unwrap_or((place, manifest, Slot::default()));
        let slot = Arc::clone(&used.2);
        kept.push_back(used);
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let others = kept.iter().filter(|(at, id, _)| !prepared.contains(&(*at, *id))).count();
        let mut too_many = others.saturating_sub(KEPT);
        kept.retain(|(at, id, _)| {
            let goes = too_many > 0 && !prepared.contains(&(*at, *id));
            too_many -= usize::from(goes);
            !goes
        });
        slot
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, VecDeque<(Place, Digest, Slot)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{BlockNumber, NetUid};

    fn snapshot(netuid: u16, block: u64) -> (Place, Digest) {
        (Place { netuid: NetUid(netuid), block: BlockNumber(block) }, Digest::of(&block.to_le_bytes()))
    }

    #[test]
    fn the_newest_of_seven_subnets_are_compared_once_whatever_else_is_looked_at() {
        let comparisons = Comparisons::default();
        let newest: Vec<_> = (1..=7).map(|netuid| snapshot(netuid, 100)).collect();
        assert_eq!(comparisons.prepared(newest.clone()), newest);
        let slots = || newest.iter().map(|(place, id)| comparisons.slot(*place, *id)).collect::<Vec<_>>();
        let first = slots();
        for tick in 0..3 {
            // Older days are looked at meanwhile; the last of them stay too.
            let older: Vec<_> = (0..9).map(|day| snapshot(1, 10 * tick + day)).collect();
            let slots_of = |days: &[(Place, Digest)]| -> Vec<Slot> {
                days.iter().map(|(place, id)| comparisons.slot(*place, *id)).collect()
            };
            let of_older = slots_of(&older);
            assert_eq!(comparisons.prepared(newest.clone()), []);
            assert!(slots().iter().zip(&first).all(|(now, then)| Arc::ptr_eq(now, then)), "tick {tick}");
            let again = slots_of(&older[9 - KEPT..]);
            assert!(again.iter().zip(&of_older[9 - KEPT..]).all(|(now, then)| Arc::ptr_eq(now, then)));
            assert_eq!(comparisons.locked().len(), 7 + KEPT);
        }
        // A subnet has another newest one: that alone is new, and the old one goes in its time.
        let changed = [&newest[1..], &[snapshot(1, 200)]].concat();
        assert_eq!(comparisons.prepared(changed), [snapshot(1, 200)]);
    }
}
