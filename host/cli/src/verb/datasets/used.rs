//! The rows of a snapshot's datasets that one competition uses.

use std::collections::BTreeSet;

use plimsoll_core::Uid;
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{Entry, Manifest, RowsOfMiner};
use plimsoll_datasets::contest::{Field, Part, Rulebook, competition_of};
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
        let rulebook = Rulebook::of(Some(source), None, &manifest.entries)?;
        let field = Field::of_snapshot(&chosen.archive, manifest, Some(source), &rulebook)?;
        let is_refused = |uid| field.place(uid).is_some_and(|at| field.entrants()[at].part == Part::Refused);
        let (mut datasets, mut refused, mut n_others) = (Vec::new(), Vec::new(), 0);
        for RowsOfMiner { uid, rows, .. } in chosen.archive.rows(chosen.place)? {
            let Some(entry) = manifest.entry(uid) else { continue };
            if competition_of(entry) != competition {
                n_others += 1;
            } else if is_refused(uid) {
                refused.push(uid);
            } else {
                datasets.push(Used { entry, rows: rulebook.used(entry, rows) });
            }
        }
        let first_rows = rulebook.rule(&competition).rows;
        Ok(Self { competition, first_rows, datasets, refused, n_others })
    }
}

fn named(manifest: &Manifest, asked: Option<&str>) -> Result<String, Failure> {
    let kept = manifest.entries.iter().filter(|entry| entry.object().is_some());
    let there: BTreeSet<&str> = kept.map(competition_of).collect();
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
