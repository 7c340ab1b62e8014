//! What the plugin said of lines: miners copy one another, and a line that was asked about is the same row for all.
//!
//! The contract makes this sound: an answer depends on the parameters, the line and the competition alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_core::CheckedRow;

/// Lines that are remembered at a time, in about 5 MB: a subnet of 256 has some thousands of different ones.
const MOST: usize = 1 << 16;

/// A line under its competition, by BLAKE3.
pub(super) type Line = [u8; 32];

/// Lines that were good rows, and which. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(Arc<Mutex<HashMap<Line, [u8; 16]>>>);

impl Answers {
    /// The names of lines under a competition.
    pub(super) fn names(competition: &str, lines: &[&[u8]]) -> Vec<Line> {
        let mut start = blake3::Hasher::new();
        start.update(&(competition.len() as u64).to_le_bytes()).update(competition.as_bytes());
        lines.iter().map(|line| *start.clone().update(line).finalize().as_bytes()).collect()
    }

    /// What is known of these, in order.
    pub(super) fn known(&self, names: &[Line]) -> Vec<Option<CheckedRow>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().map(|name| known.get(name).copied().map(CheckedRow::Valid)).collect()
    }

    /// Remembers the good rows among the answers.
    pub(super) fn learn<'a>(&self, answers: impl Iterator<Item = (Line, &'a CheckedRow)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, answer) in answers {
            let CheckedRow::Valid(id) = answer else { continue };
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(name, *id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_under_its_own_competition_alone() {
        let answers = Answers::default();
        let of = |competition: &str, line: &[u8]| Answers::names(competition, &[line]);
        let (row, flawed) = (CheckedRow::Valid([7; 16]), CheckedRow::Flawed([8; 16], finding()));
        answers.learn([(of("1", b"a")[0], &row), (of("1", b"b")[0], &flawed)].into_iter());
        assert_eq!(answers.known(&of("1", b"a")), [Some(row)]);
        for (competition, line) in [("1", &b"b"[..]), ("2", b"a"), ("1a", b""), ("", b"1a")] {
            assert_eq!(answers.known(&of(competition, line)), [None], "{competition} {line:?}");
        }
    }

    #[test]
    fn memory_is_bounded_and_new_lines_are_learned_for_ever() {
        let answers = Answers::default();
        let name = |n: usize| blake3::hash(&n.to_le_bytes()).into();
        let row = CheckedRow::Valid([1; 16]);
        answers.learn((0..3 * MOST + 5).map(|n| (name(n), &row)));
        assert!(answers.0.lock().unwrap().len() <= MOST);
        assert_eq!(answers.known(&[name(3 * MOST + 4)]), [Some(row)]);
    }

    fn finding() -> plimsoll_core::RowFinding {
        plimsoll_core::RowFinding { name: "odd-turn".into(), what: "one turn too many".into() }
    }
}
