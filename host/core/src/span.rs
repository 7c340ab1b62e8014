//! Runs of bytes and runs of units.

use serde::{Deserialize, Serialize};

/// A run of bytes inside a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extent {
    /// First byte, from the region's start.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
}

impl Extent {
    /// One past the last byte, or `None` where that number does not exist.
    #[must_use]
    pub const fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.len)
    }
}

/// A run of units: the smallest thing that a scheme fills, challenges and proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Index of the first unit, 0-based.
    pub first: u64,
    /// Number of units.
    pub count: u64,
}

impl Span {
    /// Units `first` up to but without `end`; empty if `end` is not behind `first`.
    #[must_use]
    pub const fn between(first: u64, end: u64) -> Self {
        Self { first, count: end.saturating_sub(first) }
    }

    /// One past the last unit.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Whether unit `index` is in it.
    #[must_use]
    pub const fn contains(&self, index: u64) -> bool {
        index >= self.first && index < self.end()
    }

    /// Cuts into pieces of at most `most` units.
    pub fn pieces(self, most: u64) -> impl Iterator<Item = Span> {
        let most = most.max(1);
        (self.first..self.end())
            .step_by(usize::try_from(most).unwrap_or(usize::MAX))
            .map(move |first| Span::between(first, self.end().min(first.saturating_add(most))))
    }
}

/// A set of units, kept as sorted spans that neither touch nor overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The run that unit `index` lies in.
    #[must_use]
    pub fn run_of(&self, index: u64) -> Option<Span> {
        let next = self.0.partition_point(|span| span.end() <= index);
        self.0.get(next).copied().filter(|span| span.contains(index))
    }

    /// Adds a run; runs that touch become one.
    pub fn insert(&mut self, span: Span) {
        if span.count == 0 {
            return;
        }
        let start = self.0.partition_point(|s| s.end() < span.first);
        let end = self.0.partition_point(|s| s.first <= span.end());
        let mut merged = span;
        for old in self.0.drain(start..end) {
            let last = merged.end().max(old.end());
            merged = Span::between(merged.first.min(old.first), last);
        }
        self.0.insert(start, merged);
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.0.iter().map(|s| s.count).sum()
    }

    /// Whether unit `index` is in the set.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        let at = self.0.partition_point(|s| s.end() <= index);
        self.0.get(at).is_some_and(|s| s.contains(index))
    }

    /// The runs of `0..units` that are not in the set.
    #[must_use]
    pub fn missing(&self, units: u64) -> Vec<Span> {
        let mut out = Vec::new();
        let mut next = 0;
        for span in &self.0 {
            if span.first > next {
                out.push(Span::between(next, span.first.min(units)));
            }
            next = next.max(span.end());
        }
        if next < units {
            out.push(Span::between(next, units));
        }
        out.retain(|s| s.count > 0);
        out
    }

    /// The runs in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// Whether it has no unit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut set = Self::new();
        for span in spans {
            set.insert(span);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn spans_agree_with_a_plain_set(runs in proptest::collection::vec((0u64..60, 0u64..9), 0..20)) {
            let spans: Spans = runs.iter().map(|&(first, count)| Span { first, count }).collect();
            let plain: BTreeSet<u64> = runs.iter().flat_map(|&(f, c)| f..f + c).collect();
            prop_assert_eq!(spans.units(), plain.len() as u64);
            for index in 0..80 {
                prop_assert_eq!(spans.contains(index), plain.contains(&index));
            }
            let missing: Vec<u64> = spans.missing(80).iter().flat_map(|s| s.first..s.end()).collect();
            let expected: Vec<u64> = (0..80).filter(|i| !plain.contains(i)).collect();
            prop_assert_eq!(missing, expected);
            let ends: Vec<Span> = spans.iter().collect();
            prop_assert!(ends.windows(2).all(|w| w[0].end() < w[1].first));
        }

        #[test]
        fn pieces_cover_a_span_exactly(first in 0u64..100, count in 0u64..100, most in 1u64..20) {
            let all: Vec<u64> = Span { first, count }.pieces(most).flat_map(|p| p.first..p.end()).collect();
            prop_assert_eq!(all, (first..first + count).collect::<Vec<_>>());
        }
    }
}
