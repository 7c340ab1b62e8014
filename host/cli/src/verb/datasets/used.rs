//! The rows of a snapshot's datasets that one competition uses.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::Uid;
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{Entry, Manifest, Outcome};
use plimsoll_datasets::source::Source;

use super::kept::Chosen;
use crate::exit::{Exit, Failure};

/// One dataset and the rows that count.
pub(super) struct Used<'m> {
    pub(super) entry: &'m Entry,
    pub(super) rows: Vec<RowId>,
}

/// All datasets of a competition.
pub(super) struct UsedRows<'m> {
    pub(super) competition: String,
    /// Of each dataset the first so many rows count; all where the plugin does not know the competition.
    pub(super) first_rows: Option<u32>,
    pub(super) datasets: Vec<Used<'m>>,
    /// Whose file the subnet's loader refuses: no row of it counts.
    pub(super) refused: Vec<Uid>,
    /// Datasets that are for another competition.
    pub(super) n_others: usize,
}

impl<'m> UsedRows<'m> {
    /// Those of the competition that was asked for, or of the only one.
    ///
    /// # Errors
    /// [`Exit::Usage`] where several could be meant or none is.
    pub(super) fn read(
        chosen: &Chosen,
        manifest: &'m Manifest,
        source: &Source,
        asked: Option<&str>,
    ) -> Result<Self, Failure> {
        let competition = named(manifest, asked)?;
        let first_rows = source.competition(&competition)?.map(|limits| limits.rows);
        let most = first_rows.map_or(usize::MAX, |rows| rows as usize);
        let mut rows: BTreeMap<Uid, Vec<RowId>> =
            chosen.archive.rows(chosen.place)?.into_iter().map(|miner| (miner.uid, miner.rows)).collect();
        let (mut datasets, mut refused, mut n_others) = (Vec::new(), Vec::new(), 0);
        for entry in manifest.entries.iter().filter(|entry| entry.object().is_some()) {
            let Some(mut rows) = rows.remove(&entry.uid) else { continue };
            if of(entry) != Some(&competition) {
                n_others += 1;
            } else if is_refused(chosen, source, entry, &competition)? {
                refused.push(entry.uid);
            } else {
                rows.truncate(most);
                datasets.push(Used { entry, rows });
            }
        }
        Ok(Self { competition, first_rows, datasets, refused, n_others })
    }
}

/// Whether the subnet's loader refuses a file. A snapshot records no valid row of one then, and of others whose rows
/// are all flawed: those are looked at.
fn is_refused(chosen: &Chosen, source: &Source, entry: &Entry, competition: &str) -> Result<bool, Failure> {
    let Outcome::Kept { object, valid: 0, .. } = &entry.outcome else { return Ok(false) };
    let file = source.check_file(&chosen.archive.object(object)?, competition)?;
    Ok(file.fault.is_some() || file.n_invalid() > 0)
}

fn of(entry: &Entry) -> Option<&String> {
    entry.commitment.as_ref()?.source.as_ref().map(|source| &source.competition)
}

fn named(manifest: &Manifest, asked: Option<&str>) -> Result<String, Failure> {
    let kept = manifest.entries.iter().filter(|entry| entry.object().is_some());
    let there: BTreeSet<&str> = kept.filter_map(|entry| of(entry)).map(String::as_str).collect();
    let all = || there.iter().copied().collect::<Vec<_>>().join(", ");
    match (asked, there.len()) {
        (_, 0) => Err(Failure::new(Exit::NotInitialised, "no dataset is kept in this snapshot")),
        (Some(asked), _) if there.contains(asked) => Ok(asked.to_owned()),
        (Some(asked), _) => {
            let message = format!("no dataset of this snapshot is for competition {asked:?}");
            Err(Failure::new(Exit::Usage, message).hint(format!("there are: {}", all())))
        }
        (None, 1) => Ok(all()),
        (None, _) => {
            let message = format!("datasets of several competitions are kept: {}", all());
            Err(Failure::new(Exit::Usage, message).hint("name one with --competition"))
        }
    }
}

/// A miner's share of the incentive at the snapshot's block, where it is recorded.
pub(super) fn incentive(manifest: &Manifest, uid: Uid) -> Option<u16> {
    manifest.standing(uid).incentive
}
