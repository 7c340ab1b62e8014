//! Datasets under the rules of their competitions, compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_core::Uid;

use super::rulebook::{Rule, Rulebook, competition_of};
use crate::archive::{Archive, ArchiveError, Entry, Manifest, Outcome};
use crate::overlap::{Group, Judged, OverlapError, Overlaps, Rows, mark};
use crate::source::Source;
use crate::{Error, RowId};

/// A dataset that is to be compared.
#[derive(Debug, Clone)]
pub struct Entered<'e> {
    /// Whose.
    pub entry: &'e Entry,
    /// Its rows' ids, all of them, in order.
    pub ids: Vec<RowId>,
    /// Whether the subnet's loader refuses the file.
    pub is_refused: bool,
}

/// How a dataset takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// In full.
    Judged,
    /// Not at all: the subnet's loader refuses the file.
    Refused,
    /// Its rows are counted, and it is not judged: its competition's limit is not known.
    Unlimited,
}

/// A dataset that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrant {
    /// Whose.
    pub uid: Uid,
    /// The place of its competition in [`Field::competitions`].
    pub competition: usize,
    /// How it takes part.
    pub part: Part,
}

/// One competition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Competition {
    /// As commitments name it.
    pub id: String,
    /// What it asks for.
    pub rule: Rule,
    /// The places of its datasets, sorted.
    pub places: Vec<usize>,
}

/// All datasets of a snapshot. A dataset's place is that of its entrant.
#[derive(Debug, Clone)]
pub struct Field {
    entrants: Vec<Entrant>,
    competitions: Vec<Competition>,
    overlaps: Overlaps,
    places: HashMap<Uid, usize>,
}

impl Field {
    /// Compares what is entered, each dataset cut to the rows that its competition uses.
    ///
    /// # Errors
    /// [`OverlapError::TooMany`].
    pub fn new(rulebook: &Rulebook, entered: Vec<Entered<'_>>) -> Result<Self, OverlapError> {
        let ids: BTreeMap<&str, usize> = entered.iter().map(|of| (competition_of(of.entry), 0)).collect();
        let numbers: BTreeMap<&str, usize> = ids.into_keys().zip(0..).collect();
        let competition =
            |id: &&str| Competition { id: (*id).to_owned(), rule: rulebook.rule(id), places: Vec::new() };
        let mut competitions: Vec<Competition> = numbers.keys().map(competition).collect();
        let (mut entrants, mut rows) = (Vec::with_capacity(entered.len()), Vec::new());
        for (place, Entered { entry, ids, is_refused }) in entered.into_iter().enumerate() {
            let number = numbers[competition_of(entry)];
            competitions[number].places.push(place);
            let part = match (is_refused, competitions[number].rule.shared_rows) {
                (true, _) => Part::Refused,
                (false, None) => Part::Unlimited,
                (false, Some(_)) => Part::Judged,
            };
            entrants.push(Entrant { uid: entry.uid, competition: number, part });
            let ids = if is_refused { Vec::new() } else { rulebook.used(entry, ids) };
            rows.push(Rows { block: entry.commitment.as_ref().map_or(u64::MAX, |note| note.block.0), ids });
        }
        let places = entrants.iter().zip(0..).map(|(entrant, place)| (entrant.uid, place)).collect();
        Ok(Self { entrants, competitions, overlaps: Overlaps::new(rows)?, places })
    }

    /// Compares a snapshot's datasets by what the archive knows of their rows; only files that may be refused are read.
    /// What was taken down is passed over.
    ///
    /// # Errors
    /// The archive's and the plugin's.
    pub fn of_snapshot(
        archive: &Archive,
        manifest: &Manifest,
        source: Option<&Source>,
        rulebook: &Rulebook,
    ) -> Result<Self, Error> {
        let mut entered = Vec::new();
        for miner in archive.rows(manifest.place)? {
            let Some(entry) = manifest.entry(miner.uid) else { continue };
            let is_refused = is_refused(archive, source, entry)?;
            entered.push(Entered { entry, ids: miner.rows, is_refused });
        }
        Ok(Self::new(rulebook, entered)?)
    }

    /// Who takes part, by place.
    #[must_use]
    pub fn entrants(&self) -> &[Entrant] {
        &self.entrants
    }

    /// The competitions, by their identifiers.
    #[must_use]
    pub fn competitions(&self) -> &[Competition] {
        &self.competitions
    }

    /// How many rows each two share.
    #[must_use]
    pub const fn overlaps(&self) -> &Overlaps {
        &self.overlaps
    }

    /// Whose dataset has a place.
    #[must_use]
    pub fn uid(&self, place: usize) -> Uid {
        self.entrants[place].uid
    }

    /// The place of a miner's dataset.
    #[must_use]
    pub fn place(&self, uid: Uid) -> Option<usize> {
        self.places.get(&uid).copied()
    }

    /// The competition of a place.
    #[must_use]
    pub fn competition(&self, place: usize) -> &Competition {
        &self.competitions[self.entrants[place].competition]
    }

    /// Whether two datasets are for the same competition: only then one can be the other's copy.
    #[must_use]
    pub fn are_rivals(&self, left: usize, right: usize) -> bool {
        self.entrants[left].competition == self.entrants[right].competition
    }

    /// How many rows two may share: of different competitions the stricter one's say, where both are known.
    #[must_use]
    pub fn allowed(&self, left: usize, right: usize) -> Option<u32> {
        let limits = [left, right].map(|place| self.competition(place).rule.shared_rows);
        limits.into_iter().flatten().min()
    }

    /// Who of two committed first; in the same block the lower place.
    #[must_use]
    pub fn first(&self, left: usize, right: usize) -> usize {
        let block = |place| self.overlaps.block(place);
        if block(right) < block(left) { right } else { left }
    }

    /// The most rows that a dataset shares with another.
    #[must_use]
    pub fn most_shared(&self, place: usize) -> u32 {
        let others = (0..self.entrants.len()).filter(|other| *other != place);
        others.map(|other| self.overlaps.shared(place, other)).max().unwrap_or(0)
    }

    /// Groups of copies as the subnet forms them, competition by competition, each by uid. A `limit` takes the place of
    /// the competitions' own.
    #[must_use]
    pub fn greedy_groups(&self, limit: Option<u32>) -> Vec<Group> {
        self.groups(limit, |limit, places| self.overlaps.greedy_groups(limit, places))
    }

    /// The same as they hang together.
    #[must_use]
    pub fn components(&self, limit: Option<u32>) -> Vec<Group> {
        self.groups(limit, |limit, places| self.overlaps.components_among(limit, places))
    }

    fn groups(&self, limit: Option<u32>, form: impl Fn(u32, &[usize]) -> Vec<Group>) -> Vec<Group> {
        let of = |competition: &Competition| {
            let limit = limit.or(competition.rule.shared_rows)?;
            Some(form(limit, &competition.places))
        };
        self.competitions.iter().filter_map(of).flatten().collect()
    }

    /// Judges every dataset, by place. `evaluation` has the evaluation set of a competition by its identifier, where it
    /// is known.
    #[must_use]
    pub fn judge(&self, evaluation: &BTreeMap<String, HashSet<RowId>>) -> Vec<Judged> {
        let alone = |(place, entrant): (usize, &Entrant)| {
            let set = evaluation.get(&self.competitions[entrant.competition].id);
            self.overlaps.alone(place, set.filter(|_| entrant.part != Part::Refused))
        };
        let mut judged: Vec<Judged> = self.entrants.iter().enumerate().map(alone).collect();
        for group in self.greedy_groups(None) {
            mark(&group, &mut judged);
        }
        judged
    }
}

/// Whether the subnet's loader refuses a kept file. A snapshot records no valid row of one then, and of others whose
/// rows are all flawed: those are looked at.
fn is_refused(archive: &Archive, source: Option<&Source>, entry: &Entry) -> Result<bool, Error> {
    let Outcome::Kept { object, rows, valid: 0, .. } = &entry.outcome else { return Ok(false) };
    let bytes = match archive.object(object) {
        Ok(bytes) => bytes,
        // Then it has no rows here either.
        Err(ArchiveError::TakenDown { .. }) => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    let checked = source.filter(|_| *rows > 0).map(|source| source.check_file(&bytes, competition_of(entry)));
    match checked {
        Some(Ok(file)) => Ok(file.is_refused()),
        // Where the plugin cannot tell: what is no JSON the loader refuses.
        None | Some(Err(_)) => Ok(plimsoll_json::identify(&bytes).ids().is_err()),
    }
}
