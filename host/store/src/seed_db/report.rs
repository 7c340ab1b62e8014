//! What a database is worth.

use std::path::PathBuf;

use plimsoll_core::{Span, Spans};

use serde::Serialize;

use super::DbKind;

/// Where the prototype began its chain anew after an interruption: from row `at` on, `rows` rows repeat the
/// chunks 0, 1, 2 … instead of going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Restart {
    /// The first such row.
    pub at: u64,
    /// How many.
    pub rows: u64,
}

/// What was found in a database, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeedDbReport {
    /// The file.
    pub path: PathBuf,
    /// The seed that its table is named after.
    pub seed: String,
    /// What it holds.
    pub kind: DbKind,
    /// Bytes of one chunk.
    pub chunk_bytes: u32,
    /// Rows that were there.
    pub rows: u64,
    /// Rows that should be there.
    pub expected_rows: u64,
    /// Rows that are what the seed gives.
    pub matching: Spans,
    /// Rows that are not, and repeat nothing either.
    pub wrong: Spans,
    /// Rows whose text is right, but not the state beside it.
    pub wrong_state: Spans,
    /// Rows that are not there.
    pub missing: Vec<Span>,
    /// Where the chain began anew.
    pub restarts: Vec<Restart>,
    /// Ids behind the last expected row, or below zero.
    pub surplus: Vec<i64>,
}

impl SeedDbReport {
    /// Whether it is exactly what the seed gives.
    #[must_use]
    pub fn matches_seed(&self) -> bool {
        self.findings().is_empty()
    }

    /// Whether the one surplus row is what the prototype leaves behind when a partition shrinks.
    #[must_use]
    pub fn is_shrink_leftover(&self) -> bool {
        self.surplus.len() == 1 && u64::try_from(self.surplus[0]) == Ok(self.expected_rows)
    }

    /// Everything that is wrong, a sentence each.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for Restart { at, rows } in &self.restarts {
            all.push(format!(
                "rows {at}..{} repeat the chunks from 0 on: the prototype lost its state when it resumed",
                at + rows
            ));
        }
        let runs = |spans: &Spans| -> Vec<Span> { spans.iter().collect() };
        for (spans, what) in [
            (runs(&self.wrong), "differ from what the seed gives"),
            (runs(&self.wrong_state), "are right, but the state stored beside them is not"),
            (self.missing.clone(), "are missing"),
        ] {
            for run in spans {
                all.push(format!("rows {}..{} {what}", run.first, run.end()));
            }
        }
        if self.is_shrink_leftover() {
            let n = self.expected_rows;
            all.push(format!("row {n} was left behind when the partition shrank to {n} rows"));
        } else if let (Some(first), Some(last)) = (self.surplus.first(), self.surplus.last()) {
            all.push(format!("{} rows too many, with ids from {first} to {last}", self.surplus.len()));
        }
        all
    }
}
