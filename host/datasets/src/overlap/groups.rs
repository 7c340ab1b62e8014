//! Groups of datasets that share more rows than they may.

use super::Overlaps;

/// Datasets that hang together, the first committed first; equal blocks in the order they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Places; the first is the one that keeps its score.
    pub places: Vec<usize>,
}

impl Group {
    /// Who committed first.
    pub fn first(&self) -> usize {
        self.places[0]
    }

    /// The others, whom the subnet takes for copies.
    pub fn copies(&self) -> &[usize] {
        &self.places[1..]
    }
}

impl Overlaps {
    /// Groups as the subnet forms them: each dataset in turn, unless it is in a group already, gathers all that
    /// share more than `limit` rows **with it** and are in no group yet. What comes out depends on the order;
    /// `order` is the order in which the validator goes through them, and who is not in it is in no group.
    pub fn greedy_groups(&self, limit: u32, order: &[usize]) -> Vec<Group> {
        let mut grouped = vec![false; self.n_datasets()];
        let mut groups = Vec::new();
        for &place in order {
            if grouped[place] {
                continue;
            }
            let alike =
                |other: &usize| *other != place && !grouped[*other] && self.shared(place, *other) > limit;
            let others: Vec<usize> = order.iter().copied().filter(alike).collect();
            if others.is_empty() {
                continue;
            }
            let places: Vec<usize> = std::iter::once(place).chain(others).collect();
            for member in &places {
                grouped[*member] = true;
            }
            groups.push(self.by_block(places));
        }
        groups
    }

    /// Groups in which each dataset shares more than `limit` rows with some other: they do not depend on an order.
    /// Sorted by their lowest place.
    pub fn components(&self, limit: u32) -> Vec<Group> {
        let all: Vec<usize> = (0..self.n_datasets()).collect();
        self.components_among(limit, &all)
    }

    /// The same among some of the datasets, as if there were no others. `among` is sorted.
    pub fn components_among(&self, limit: u32, among: &[usize]) -> Vec<Group> {
        let mut seen = vec![false; self.n_datasets()];
        let mut groups = Vec::new();
        for &place in among {
            let mut places = Vec::new();
            let mut waiting = vec![place];
            while let Some(member) = waiting.pop() {
                if std::mem::replace(&mut seen[member], true) {
                    continue;
                }
                places.push(member);
                let alike = |other: &usize| !seen[*other] && self.shared(member, *other) > limit;
                waiting.extend(among.iter().copied().filter(alike));
            }
            if places.len() > 1 {
                places.sort_unstable();
                groups.push(self.by_block(places));
            }
        }
        groups
    }

    fn by_block(&self, mut places: Vec<usize>) -> Group {
        places.sort_by_key(|place| self.block(*place));
        Group { places }
    }
}
