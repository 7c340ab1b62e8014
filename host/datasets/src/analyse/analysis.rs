//! One dataset counted, row by row, or several joined.

use std::collections::{BTreeMap, HashSet};

use plimsoll_json::{Parser, RowId, lines};

use super::row::{Role, RowShape};
use super::spread::Spread;
use super::text::Text;

/// What a dataset is made of. It holds no text: 16 bytes a distinct row, and its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The file's bytes.
    pub file_bytes: u64,
    /// Lines that are neither blank nor JSON. Nothing else is counted of them.
    pub n_unreadable: u64,
    /// Each row's bytes, without the blanks around it; as many numbers as there are rows.
    pub row_bytes: Spread,
    /// Each conversation's turns; as many numbers as there are conversations.
    pub turns: Spread,
    /// Each row's characters of content.
    pub characters: Spread,
    /// Turns by whose they are.
    pub roles: BTreeMap<Role, u64>,
    /// Conversations whose last turn has no answer.
    pub n_odd: u64,
    /// Conversations in which user and assistant do not take turns, the user first.
    pub n_out_of_order: u64,
    /// Turns that say nothing.
    pub n_empty: u64,
    /// All content.
    pub text: Text,
    /// The row with the most bytes, of several the first.
    pub longest: Option<LongestRow>,
    distinct: HashSet<RowId>,
}

/// The row with the most bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestRow {
    /// Which file of those that were joined, from 0.
    pub file: usize,
    /// The line's number in it, from 1, blank lines counted.
    pub line: usize,
    /// Its bytes.
    pub bytes: u64,
}

impl Analysis {
    /// Of a dataset's file, all of it: also rows behind those that a competition counts.
    #[must_use]
    pub fn of_file(file: &[u8]) -> Self {
        let mut all = Self { file_bytes: file.len() as u64, ..Self::default() };
        let (mut parser, mut canonical) = (Parser::new(), Vec::new());
        for line in lines(file) {
            let Ok(row) = parser.parse(line.bytes) else {
                all.n_unreadable += 1;
                continue;
            };
            canonical.clear();
            row.canonical_into(&mut canonical);
            all.distinct.insert(RowId::of(&canonical));
            let bytes = line.bytes.len() as u64;
            all.row_bytes.add(bytes);
            if all.longest.is_none_or(|longest| longest.bytes < bytes) {
                all.longest = Some(LongestRow { file: 0, line: line.line, bytes });
            }
            all.count(&RowShape::of(&row));
        }
        all
    }

    fn count(&mut self, row: &RowShape) {
        self.characters.add(row.text.n_characters);
        self.text += &row.text;
        self.n_empty += row.n_empty;
        self.n_odd += u64::from(row.is_odd());
        self.n_out_of_order += u64::from(row.is_out_of_order());
        let Some(turns) = &row.turns else { return };
        self.turns.add(turns.len() as u64);
        for role in turns {
            *self.roles.entry(*role).or_default() += 1;
        }
    }

    /// Counts another dataset as well, which is file number `file`.
    pub fn join(&mut self, other: &Self, file: usize) {
        self.file_bytes += other.file_bytes;
        self.n_unreadable += other.n_unreadable;
        self.row_bytes.join(&other.row_bytes);
        self.turns.join(&other.turns);
        self.characters.join(&other.characters);
        for (role, count) in &other.roles {
            *self.roles.entry(*role).or_default() += count;
        }
        self.n_odd += other.n_odd;
        self.n_out_of_order += other.n_out_of_order;
        self.n_empty += other.n_empty;
        self.text += &other.text;
        if let Some(longest) = other.longest
            && self.longest.is_none_or(|before| before.bytes < longest.bytes)
        {
            self.longest = Some(LongestRow { file, ..longest });
        }
        self.distinct.extend(&other.distinct);
    }

    /// Rows, repeated ones counted each time.
    #[must_use]
    pub const fn n_rows(&self) -> u64 {
        self.row_bytes.n()
    }

    /// Different rows.
    #[must_use]
    pub fn n_distinct(&self) -> u64 {
        self.distinct.len() as u64
    }

    /// Rows that were there before: within a dataset, and in what was joined also between datasets.
    #[must_use]
    pub fn n_repeated(&self) -> u64 {
        self.n_rows() - self.n_distinct()
    }

    /// Rows that are conversations.
    #[must_use]
    pub const fn n_conversations(&self) -> u64 {
        self.turns.n()
    }
}
