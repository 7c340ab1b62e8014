//! An evaluation set, read from a file as the competition reads its datasets.

use std::path::Path;

use plimsoll_core::CheckedRow;
use plimsoll_datasets::coverage::EvaluationSet;
use plimsoll_datasets::source::{CheckedFile, FileRow, Source};

use crate::exit::{Exit, Failure, OrFail as _};

/// The set, and the file that it was read from.
pub(super) struct EvaluationFile {
    pub(super) set: EvaluationSet,
    bytes: Vec<u8>,
    /// For each place of the set where its row stands in the file.
    rows: Vec<FileRow>,
}

impl EvaluationFile {
    /// Reads all of it by the plugin.
    ///
    /// # Errors
    /// As [`bytes_of`] and [`whole`].
    pub(super) fn read(path: &Path, source: &Source, competition: &str) -> Result<Self, Failure> {
        let bytes = bytes_of(path)?;
        let file = whole(path, &bytes, source, competition)?;
        let set = EvaluationSet::new(file.ids());
        let mut rows = Vec::with_capacity(set.rows().len());
        for row in file.rows {
            let place = row.checked.id().and_then(|id| set.place(plimsoll_datasets::RowId(id)));
            // The first of each: places are given in the file's order.
            if place == Some(rows.len()) {
                rows.push(row);
            }
        }
        Ok(Self { set, bytes, rows })
    }

    /// The row at a place of the set, as the file has it, without the blanks around it.
    pub(super) fn row(&self, place: usize) -> &[u8] {
        self.rows.get(place).and_then(|row| self.bytes.get(row.range.clone())).unwrap_or_default()
    }
}

/// # Errors
/// [`Exit::DiskMissing`] where it cannot be read.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).or_fail(Exit::DiskMissing, || format!("cannot read {}", path.display()))
}

/// The rows of a set, as a competition knows them.
///
/// # Errors
/// [`Exit::Usage`] where it is empty or not all of it is rows: a set of which a part is missing would make everybody look
/// worse whose rows are of that part.
pub(super) fn whole(
    path: &Path,
    bytes: &[u8],
    source: &Source,
    competition: &str,
) -> Result<CheckedFile, Failure> {
    let file = source.check_file(bytes, competition)?;
    let unusable = |why: String| {
        Err(Failure::new(Exit::Usage, format!("{} is no evaluation set: {why}", path.display())))
    };
    let unread = file.rows.iter().find_map(|row| match &row.checked {
        CheckedRow::Invalid(finding) => Some((row.line, finding)),
        _ => None,
    });
    match (&file.fault, unread) {
        (Some(fault), _) => unusable(fault.to_string()),
        (None, Some((line, finding))) => {
            unusable(format!("line {line} is no row: {}: {}", finding.name, finding.what))
        }
        (None, None) if file.rows.is_empty() => unusable("it has no rows".to_owned()),
        (None, None) => Ok(file),
    }
}
