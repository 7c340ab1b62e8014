//! Comma-separated values as RFC 4180 has them, with a guard against spreadsheets that take a cell for a formula.

use std::borrow::Cow;
use std::io::Write;

use super::{COLUMNS, ExportError, ExportRow};

/// Writes a heading and the rows; lines end in CRLF. Cells that a spreadsheet could run are [`guarded`].
///
/// # Errors
/// [`ExportError::Write`].
pub fn write_csv(rows: &[ExportRow<'_>], out: &mut impl Write) -> Result<(), ExportError> {
    heading(out)?;
    lines(rows, out)
}

/// Writes the heading.
pub(super) fn heading(out: &mut impl Write) -> Result<(), ExportError> {
    write!(out, "{}\r\n", COLUMNS.join(","))?;
    Ok(())
}

/// Writes rows below it. What is not known is an empty cell.
pub(super) fn lines(rows: &[ExportRow<'_>], out: &mut impl Write) -> Result<(), ExportError> {
    let mut line = String::new();
    for row in rows {
        line.clear();
        let (uid, place, row_id) = (row.uid.to_string(), row.row.to_string(), row.row_id.to_string());
        let incentive = row.incentive.map_or_else(String::new, |share| share.to_string());
        let stake = row.stake_rao.map_or_else(String::new, |stake| stake.to_string());
        let coldkey = row.coldkey.unwrap_or_default();
        let (repo, commit, text) = (row.repo, row.commit, row.text);
        let cells = [&uid, row.hotkey, coldkey, &incentive, &stake, repo, commit, &place, &row_id, text];
        for (number, cell) in cells.into_iter().enumerate() {
            line.push_str(if number > 0 { "," } else { "" });
            quoted(&guarded(cell), &mut line);
        }
        line.push_str("\r\n");
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

/// A cell that no spreadsheet takes for a formula: an apostrophe goes before `=`, `+`, `-`, `@`, tab and CR at the
/// beginning, and before an apostrophe, so that [`unguarded`] gives every cell back.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// What a guarded cell was.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Writes a cell, in quotes where commas, quotes or line ends ask for them.
fn quoted(cell: &str, line: &mut String) {
    if !cell.contains([',', '"', '\r', '\n']) {
        line.push_str(cell);
        return;
    }
    line.push('"');
    for (number, part) in cell.split('"').enumerate() {
        line.push_str(if number > 0 { "\"\"" } else { "" });
        line.push_str(part);
    }
    line.push('"');
}
