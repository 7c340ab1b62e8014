//! JSON, one row a line.

use std::io::Write;

use plimsoll_json::quote;

use super::{ExportError, ExportRow};

/// Writes the rows' canonical texts and nothing else: a dataset as a trainer reads it.
///
/// # Errors
/// [`ExportError::Write`].
pub fn write_jsonl(rows: &[ExportRow<'_>], out: &mut impl Write) -> Result<(), ExportError> {
    for row in rows {
        out.write_all(row.text.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes for each row an object with its source; the row itself is the member `value`. Each line is canonical.
///
/// # Errors
/// [`ExportError::Write`].
pub fn write_sourced_jsonl(rows: &[ExportRow<'_>], out: &mut impl Write) -> Result<(), ExportError> {
    let mut line = Vec::new();
    for row in rows {
        line.clear();
        // Names in the order of code points.
        let texts =
            [("{\"commit\": ", row.commit), (", \"hotkey\": ", row.hotkey), (", \"repo\": ", row.repo)];
        for (name, text) in texts {
            line.extend_from_slice(name.as_bytes());
            quote(text, &mut line);
        }
        let ExportRow { row: place, row_id, uid, text, .. } = row;
        write!(line, ", \"row\": {place}, \"row_id\": \"{row_id}\", \"uid\": {uid}, \"value\": {text}}}")?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}
