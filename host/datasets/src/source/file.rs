//! A dataset's file, row by row.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_core::CheckedRow;
use plimsoll_json::{FileError, RowId, lines, rows};
use plimsoll_plugin::{DatasetSourceInstance, PluginError};

/// The rows of a file, and what is wrong with it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// Every line that is not blank, in order.
    pub rows: Vec<FileRow>,
    /// Why the subnet's own loader would refuse the file before it looks at a row.
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

pub(super) fn check(
    instance: &mut DatasetSourceInstance,
    file: &[u8],
    competition: &str,
) -> Result<CheckedFile, PluginError> {
    let fault = rows(file).err();
    let found: Vec<_> = lines(file).collect();
    let texts: Vec<&[u8]> = found.iter().map(|row| row.bytes).collect();
    let checked = instance.check_rows(&texts, competition)?;
    let row = |(row, checked): (plimsoll_json::Row<'_>, CheckedRow)| FileRow {
        line: row.line,
        range: row.range,
        checked,
    };
    Ok(CheckedFile { rows: found.into_iter().zip(checked).map(row).collect(), fault })
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
