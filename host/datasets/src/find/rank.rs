//! How likely a subnet is the one: by the share of its commitments that decode, then by what the hub has of them.

use std::fmt;

use plimsoll_core::{DatasetPlace, NetUid};

use crate::source::Survey;

/// Commitments that are taken to name nothing in every subnet: a handful that decode by chance, or that somebody
/// placed on purpose, do not outweigh a subnet of hundreds. One of one scores 111, 252 of 252 score 969.
const DOUBT: usize = 8;
/// A subnet below this score is none.
pub const LEAST_PERMILLE: u32 = 250;
/// A second one with more than this share of the best one's score makes the choice ambiguous.
pub const NEAR_PERMILLE: u32 = 500;

/// A subnet and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub netuid: NetUid,
    /// What it is called; anybody may call a subnet anything, so this is shown and decides nothing.
    pub name: String,
    /// Neurons.
    pub neurons: usize,
    /// Neurons that committed to something.
    pub committed: usize,
    /// Of these commitments, how many name a dataset of the source.
    pub datasets: usize,
    /// What the hub says of a sample of them.
    pub confirmed: Option<Confirmed>,
    pub(super) places: Vec<DatasetPlace>,
}

/// What the hub says of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Datasets that were asked for.
    pub asked: usize,
    /// Of them there, or there for whoever may see them.
    pub there: usize,
    /// Of them nobody could tell.
    pub unknown: usize,
}

impl Candidate {
    /// From what a subnet is committed to.
    #[must_use]
    pub fn new(netuid: NetUid, name: String, survey: &Survey) -> Self {
        let committed = survey.found.iter().filter(|found| found.outcome.is_committed()).count();
        let places: Vec<DatasetPlace> = survey.datasets().map(|(_, place)| place.clone()).collect();
        let (neurons, datasets) = (survey.found.len(), places.len());
        Self { netuid, name, neurons, committed, datasets, confirmed: None, places }
    }

    /// Thousandths: datasets of all commitments and [`DOUBT`] more; where the hub was asked and answered, times the
    /// share that is there.
    #[must_use]
    pub fn score_permille(&self) -> u32 {
        let share = self.datasets * 1000 / (self.committed + DOUBT);
        let share = match self.confirmed {
            Some(Confirmed { asked, there, unknown }) if asked > unknown => share * there / (asked - unknown),
            _ => share,
        };
        u32::try_from(share).unwrap_or(1000)
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { netuid, name, neurons, committed, datasets, confirmed, .. } = self;
        write!(f, "subnet {netuid}")?;
        if !name.is_empty() {
            write!(f, " ({})", name.escape_debug())?;
        }
        write!(f, ": {datasets} of {committed} commitments by {neurons} neurons name a dataset")?;
        if let Some(Confirmed { asked, there, unknown }) = confirmed {
            write!(f, ", {there} of {asked} that were asked for are on the hub")?;
            if *unknown > 0 {
                write!(f, " and {unknown} could not be asked for")?;
            }
        }
        write!(f, "; score {} of 1000", self.score_permille())
    }
}

/// The best first; of equals the lower number.
pub(super) fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score_permille()), candidate.netuid));
}
