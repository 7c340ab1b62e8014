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
        let ExportRow { row: place, row_id, uid, text, incentive, stake_rao, .. } = row;
        let number =
            |number: Option<u64>| number.map_or_else(|| "null".to_owned(), |known| known.to_string());
        line.extend_from_slice(b"{\"coldkey\": ");
        match row.coldkey {
            Some(coldkey) => quote(coldkey, &mut line),
            None => line.extend_from_slice(b"null"),
        }
        line.extend_from_slice(b", \"commit\": ");
        quote(row.commit, &mut line);
        line.extend_from_slice(b", \"hotkey\": ");
        quote(row.hotkey, &mut line);
        write!(line, ", \"incentive\": {}, \"repo\": ", number(incentive.map(u64::from)))?;
        quote(row.repo, &mut line);
        write!(line, ", \"row\": {place}, \"row_id\": \"{row_id}\", \"stake_rao\": {}", number(*stake_rao))?;
        write!(line, ", \"uid\": {uid}, \"value\": {text}}}")?;
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}
