//! What was when: a miner through the snapshots, and two snapshots side by side.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use plimsoll_core::{BlockNumber, NetUid, Uid};

use super::entry::Entry;
use super::error::ArchiveError;
use super::manifest::Place;
use super::store::{Archive, seal_at};
use super::view::View;

/// A miner as a snapshot found it, where that differs from the snapshot before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The snapshot's block.
    pub block: BlockNumber,
    /// The miner; `None` where the uid was no longer there.
    pub entry: Option<Entry>,
}

/// A uid that is not the same in two snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The place.
    pub uid: Uid,
    /// In the first snapshot.
    pub before: Option<Entry>,
    /// In the second.
    pub after: Option<Entry>,
}

impl Change {
    /// Whether another hotkey holds the place.
    #[must_use]
    pub fn is_other_miner(&self) -> bool {
        matches!((&self.before, &self.after), (Some(before), Some(after)) if before.hotkey != after.hotkey)
    }

    /// Whether the kept file is another one.
    #[must_use]
    pub fn is_other_object(&self) -> bool {
        let object = |entry: &Option<Entry>| entry.as_ref().and_then(Entry::object);
        object(&self.before) != object(&self.after)
    }
}

/// Two snapshots side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDiff {
    /// Uids with an entry in both that is the same.
    pub same: u32,
    /// The others, by uid.
    pub changes: Vec<Change>,
}

/// The pieces of a manifest that are entries.
fn entry_numbers(view: &View<'_>, archive: &Archive, place: Place) -> Result<Vec<u64>, ArchiveError> {
    let seal = archive.seal(view, place)?;
    let mut numbers = view.recipe(&seal.manifest)?.numbers;
    if numbers.is_empty() {
        return Err(ArchiveError::broken(format!("manifest {} has no head", seal.manifest)));
    }
    Ok(numbers.split_off(1))
}

/// The entry of `uid`: entries are in the order of their uids, so that a few of them are read. Each lies in a block
/// whose digest is checked; the manifest's own is not computed.
fn find_entry(view: &View<'_>, numbers: &[u64], uid: Uid) -> Result<Option<Entry>, ArchiveError> {
    let (mut low, mut high) = (0, numbers.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = entry_at(view, numbers[middle])?;
        match entry.uid.cmp(&uid) {
            std::cmp::Ordering::Equal => return Ok(Some(entry)),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}

fn entry_at(view: &View<'_>, number: u64) -> Result<Entry, ArchiveError> {
    // Behind its length of two bytes.
    view.piece(number)?
        .get(2..)
        .and_then(Entry::decode)
        .ok_or_else(|| ArchiveError::broken(format!("piece {number} is no entry")))
}

impl Archive {
    /// The entry of `uid` in a snapshot, if there was one.
    ///
    /// # Errors
    /// [`ArchiveError::NoSnapshot`], or that it is damaged.
    pub fn show(&self, place: Place, uid: Uid) -> Result<Option<Entry>, ArchiveError> {
        let view = self.view()?;
        find_entry(&view, &entry_numbers(&view, self, place)?, uid)
    }

    /// What `uid` was through the snapshots of a subnet, by block: only where it changed.
    ///
    /// # Errors
    /// As the archive says.
    pub fn history(&self, netuid: NetUid, uid: Uid) -> Result<Vec<Visit>, ArchiveError> {
        let view = self.view()?;
        // An entry that did not change is the same piece, decoded once.
        let mut entries: HashMap<u64, Option<Rc<Entry>>> = HashMap::new();
        let mut visits: Vec<Visit> = Vec::new();
        let mut last: Option<u64> = None;
        for (place, seal) in self.seals()?.into_iter().filter(|(place, _)| place.netuid == netuid) {
            let manifest = seal_at(&view, seal)?.manifest;
            let mut found = None;
            for &number in view.recipe(&manifest)?.numbers.get(1..).unwrap_or_default() {
                if let std::collections::hash_map::Entry::Vacant(new) = entries.entry(number) {
                    let entry = entry_at(&view, number)?;
                    new.insert((entry.uid == uid).then(|| Rc::new(entry)));
                }
                if let Some(entry) = &entries[&number] {
                    found = Some((number, Rc::clone(entry)));
                    break;
                }
            }
            if found.as_ref().map(|(number, _)| *number) != last {
                last = found.as_ref().map(|(number, _)| *number);
                let entry = found.map(|(_, entry)| (*entry).clone());
                visits.push(Visit { block: place.block, entry });
            }
        }
        Ok(visits)
    }

    /// What changed between two snapshots, of one subnet or of two.
    ///
    /// # Errors
    /// [`ArchiveError::NoSnapshot`], or that one is damaged.
    pub fn diff_days(&self, before: Place, after: Place) -> Result<DayDiff, ArchiveError> {
        let view = self.view()?;
        let old = entry_numbers(&view, self, before)?;
        let new = entry_numbers(&view, self, after)?;
        let in_both: std::collections::HashSet<u64> = {
            let old: std::collections::HashSet<u64> = old.iter().copied().collect();
            new.iter().copied().filter(|number| old.contains(number)).collect()
        };
        let mut changes: BTreeMap<Uid, Change> = BTreeMap::new();
        for (numbers, is_after) in [(&old, false), (&new, true)] {
            for &number in numbers.iter().filter(|number| !in_both.contains(number)) {
                let entry = entry_at(&view, number)?;
                let uid = entry.uid;
                let change = changes.entry(uid).or_insert(Change { uid, before: None, after: None });
                *if is_after { &mut change.after } else { &mut change.before } = Some(entry);
            }
        }
        Ok(DayDiff { same: in_both.len() as u32, changes: changes.into_values().collect() })
    }
}
