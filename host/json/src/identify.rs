//! All rows of a file by identity, and whether the validators would take the file at all.

use std::ops::Range;

use crate::{FileError, JsonError, Parser, RowId, lines, rows};

/// A file's rows, each with its identity or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The rows in the file's order.
    pub rows: Vec<IdentifiedRow>,
    /// Why the loader refuses the whole file, if it does: its encoding, else its first bad line.
    pub fault: Option<FileError>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifiedRow {
    /// The line's number in the file, from 1, blank lines counted.
    pub line: usize,
    /// Where the row is in the file.
    pub range: Range<usize>,
    /// What it is known by.
    pub id: Result<RowId, JsonError>,
}

/// Reads every row, also those of a file that the loader refuses.
pub fn identify(file: &[u8]) -> Identified {
    let mut parser = Parser::new();
    let mut fault = rows(file).err();
    let mut identified = Vec::new();
    for row in lines(file) {
        let id = parser.row_id(row.bytes);
        if let (Err(error), None) = (id, fault) {
            fault = Some(FileError::Line { line: row.line, error });
        }
        identified.push(IdentifiedRow { line: row.line, range: row.range, id });
    }
    Identified { rows: identified, fault }
}

impl Identified {
    /// The rows' identities, if the loader takes the file.
    ///
    /// # Errors
    /// The fault.
    pub fn ids(&self) -> Result<Vec<RowId>, FileError> {
        self.fault.map_or_else(|| Ok(self.readable_ids()), Err)
    }

    /// The identities of all rows that can be read, whatever the loader says of the file.
    pub fn readable_ids(&self) -> Vec<RowId> {
        self.rows.iter().filter_map(|row| row.id.ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_that_is_no_json_fails_the_file_and_the_other_rows_are_still_known() {
        let found = identify(b"{\"b\": 1, \"a\": 2}\n\n{oops}\n{\"a\":2,\"b\":1}\n");
        assert_eq!(found.rows.len(), 3);
        assert_eq!(found.rows[0].id, found.rows[2].id);
        assert_eq!((found.rows[1].line, found.rows[2].line), (3, 4));
        let error = found.ids().unwrap_err().to_string();
        let wanted = "line 3: byte 1: expected a name in quotes or `}`, found `o`: one line that is no JSON \
                      fails the whole file";
        assert_eq!(error, wanted);
        assert_eq!(found.readable_ids().len(), 2);
    }

    #[test]
    fn a_good_file_has_no_fault() {
        let found = identify(b" 1 \r\n[2]");
        assert_eq!(found.ids().unwrap(), [RowId::of(b"1"), RowId::of(b"[2]")]);
        assert_eq!((&found.rows[0].range, &found.rows[1].range), (&(1..2), &(5..8)));
    }
}
