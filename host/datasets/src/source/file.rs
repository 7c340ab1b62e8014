//! A dataset's file, row by row.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_core::{CheckedRow, RowFinding};
use plimsoll_json::{FileError, RowId, canonical, lines, rows};
use plimsoll_plugin::{DatasetSourceInstance, LINE_BYTES, PluginError};

use super::Source;
use super::answers::Answers;

/// Rows of one file that are looked at; the real ones have 250.
pub const FILE_ROWS: usize = 1 << 20;

/// The rows of a file, and what is wrong with it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// Every line that is not blank, in order.
    pub rows: Vec<FileRow>,
    /// Why the subnet's own loader would refuse the file before it looks at a row, or why nobody looks at one here.
    pub fault: Option<FileError>,
}

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// The line's number in the file, from 1, blank lines counted.
    pub line: usize,
    /// Where the row is in the file.
    pub range: Range<usize>,
    /// What it is.
    pub checked: CheckedRow,
}

pub(super) fn check(source: &Source, file: &[u8], competition: &str) -> Result<CheckedFile, PluginError> {
    let found: Vec<_> = lines(file).take(FILE_ROWS + 1).collect();
    if found.len() > FILE_ROWS {
        return Ok(CheckedFile {
            rows: Vec::new(),
            fault: Some(FileError::TooManyRows { limit: FILE_ROWS }),
        });
    }
    let fault = rows(file).err();
    let texts: Vec<&[u8]> = found.iter().map(|row| row.bytes).collect();
    let checked = answers(source, &texts, competition)?;
    let row = |(row, checked): (plimsoll_json::Row<'_>, CheckedRow)| FileRow {
        line: row.line,
        range: row.range,
        checked,
    };
    Ok(CheckedFile { rows: found.into_iter().zip(checked).map(row).collect(), fault })
}

/// What each line is: the plugin is asked about those that it was not asked about before.
fn answers(source: &Source, lines: &[&[u8]], competition: &str) -> Result<Vec<CheckedRow>, PluginError> {
    let names = Answers::names(competition, lines);
    let mut checked = source.answers.known(&names);
    let new: Vec<usize> = (0..lines.len()).filter(|at| checked[*at].is_none()).collect();
    if !new.is_empty() {
        let mut instance = source.plugin.instance()?;
        let texts: Vec<&[u8]> = new.iter().map(|at| lines[*at]).collect();
        let mut said = instance.check_rows(&texts, competition)?;
        for (text, said) in texts.iter().zip(&mut said).filter(|(text, _)| text.len() > LINE_BYTES) {
            long_line(&mut instance, text, competition, said)?;
        }
        source.answers.learn(new.iter().map(|at| names[*at]).zip(&said));
        for (at, said) in new.into_iter().zip(said) {
            checked[at] = Some(said);
        }
    }
    Ok(checked.into_iter().flatten().collect())
}

/// A line that no plugin is asked about, because it is too long. A copied row made long with blanks or escapes is still
/// the row that it was: the plugin is asked about its canonical text, and where even that is too long, the row is known
/// by it. What is no JSON stays no row.
fn long_line(
    instance: &mut DatasetSourceInstance,
    line: &[u8],
    competition: &str,
    checked: &mut CheckedRow,
) -> Result<(), PluginError> {
    let (Ok(text), CheckedRow::Invalid(finding)) = (canonical(line), &*checked) else { return Ok(()) };
    if text.len() > LINE_BYTES {
        let finding = RowFinding { name: finding.name.clone(), what: finding.what.clone() };
        *checked = CheckedRow::Flawed(RowId::of(&text).0, finding);
    } else if let Some(answer) = instance.check_rows(&[&text], competition)?.pop() {
        *checked = answer;
    }
    Ok(())
}

impl CheckedFile {
    /// The identities of all lines that are rows, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<RowId> {
        self.rows.iter().filter_map(|row| row.checked.id()).map(RowId).collect()
    }

    /// How many rows have nothing wrong with them.
    #[must_use]
    pub fn n_valid(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.checked, CheckedRow::Valid(_))).count()
    }

    /// How many lines are no rows. The subnet's loader refuses a file with a single one.
    #[must_use]
    pub fn n_invalid(&self) -> usize {
        self.rows.iter().filter(|row| row.checked.id().is_none()).count()
    }

    /// Whether the subnet's loader refuses the file, and nothing of it counts.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.fault.is_some() || self.n_invalid() > 0
    }

    /// How often each finding was made, by its name.
    #[must_use]
    pub fn findings(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.rows.iter().filter_map(|row| row.checked.finding()) {
            *counts.entry(&*finding.name).or_default() += 1;
        }
        counts
    }
}
