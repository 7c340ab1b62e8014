//! The rows of a snapshot's datasets that one competition uses.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::Uid;
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{Entry, Manifest};
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
        let rows = chosen.archive.rows(chosen.place)?.into_iter();
        let mut rows: BTreeMap<Uid, Vec<RowId>> = rows.map(|miner| (miner.uid, miner.rows)).collect();
        let kept = || manifest.entries.iter().filter(|entry| entry.object().is_some());
        let ours = kept().filter(|entry| of(entry) == Some(&competition));
        let datasets: Vec<Used<'m>> = ours
            .filter_map(|entry| {
                let mut rows = rows.remove(&entry.uid)?;
                rows.truncate(most);
                Some(Used { entry, rows })
            })
            .collect();
        let n_others = kept().filter(|entry| of(entry) != Some(&competition)).count();
        Ok(Self { competition, first_rows, datasets, n_others })
    }
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

/// A miner's share of the incentive at the snapshot's block, where it is recorded: no manifest does so yet.
pub(super) const fn incentive(_: &Manifest, _: Uid) -> Option<u16> {
    None
}
