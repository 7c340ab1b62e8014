//! The competition's two rules: rows come from the evaluation set, and not too many from one another.

use std::collections::HashSet;

use super::{Group, Overlaps};
use crate::RowId;

/// What a competition asks. Its numbers have changed before, so none is built in.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The evaluation set's rows; none when it is not known, then rule 1 is not judged.
    pub evaluation: Option<HashSet<RowId>>,
    /// How many rows two datasets may share: more is too many.
    pub duplicate_limit: u32,
}

/// What became of one dataset under the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its different rows that are in the evaluation set; none when that is not known.
    pub n_in_evaluation: Option<usize>,
    /// Rule 1: that number is its number of rows. A repeated row fails it as a foreign one does.
    pub only_evaluation_rows: Option<bool>,
    /// Rule 2: whose copy the subnet takes it for.
    pub copy_of: Option<usize>,
    /// The pair with the most shared rows: its place and their number.
    pub closest: Option<(usize, u32)>,
}

impl Overlaps {
    /// Judges every dataset, by place. `order` is the order in which the validator goes through them.
    pub fn judge(&self, terms: &Terms, order: &[usize]) -> Vec<Judged> {
        let groups = self.greedy_groups(terms.duplicate_limit, order);
        let evaluation = terms.evaluation.as_ref();
        let mut judged: Vec<Judged> =
            (0..self.n_datasets()).map(|place| self.alone(place, evaluation)).collect();
        for group in &groups {
            mark(group, &mut judged);
        }
        judged
    }

    /// What can be said of a dataset before there are groups.
    pub(crate) fn alone(&self, place: usize, evaluation: Option<&HashSet<RowId>>) -> Judged {
        let n_in_evaluation = evaluation.map(|set| self.shared_with(place, set));
        let others = (0..self.n_datasets()).filter(|other| *other != place);
        let counted =
            others.map(|other| (other, self.shared(place, other))).filter(|(_, n_shared)| *n_shared > 0);
        Judged {
            n_in_evaluation,
            only_evaluation_rows: n_in_evaluation.map(|n_rows| n_rows == self.n_rows(place)),
            copy_of: None,
            // Of equals the lowest place.
            closest: counted.max_by_key(|(other, n_shared)| (*n_shared, std::cmp::Reverse(*other))),
        }
    }
}

/// Marks a group's copies.
pub(crate) fn mark(group: &Group, judged: &mut [Judged]) {
    for copy in group.copies() {
        judged[*copy].copy_of = Some(group.first());
    }
}
