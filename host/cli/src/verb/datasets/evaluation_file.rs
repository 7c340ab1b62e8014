//! An evaluation set, read from a file as the competition reads its datasets.

use std::path::Path;

use plimsoll_core::CheckedRow;
use plimsoll_datasets::coverage::EvaluationSet;
use plimsoll_datasets::source::{FileRow, Source};

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
    /// [`Exit::DiskMissing`] where it cannot be read; [`Exit::Usage`] where it is empty or not all of it is rows: a set
    /// that was read by half would make datasets look worse than they are.
    pub(super) fn read(path: &Path, source: &Source, competition: &str) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes = std::fs::read(path).or_fail(Exit::DiskMissing, || format!("cannot read {shown}"))?;
        let file = source.check_file(&bytes, competition)?;
        let refused = |why: String| Err(Failure::new(Exit::Usage, format!("{shown}: {why}")));
        if let Some(fault) = file.fault {
            return refused(fault.to_string());
        }
        for row in &file.rows {
            if let CheckedRow::Invalid(finding) = &row.checked {
                return refused(format!("line {} is no row: {}", row.line, finding.what));
            }
        }
        if file.rows.is_empty() {
            return refused("there is no row in it".to_owned());
        }
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
