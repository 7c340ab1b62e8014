//! A row with where it comes from.

use crate::RowId;

/// The columns, in the order in which they are written.
pub const COLUMNS: [&str; 10] =
    ["uid", "hotkey", "coldkey", "incentive", "stake_rao", "repo", "commit", "row", "row_id", "text"];

/// One row of one miner's dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportRow<'a> {
    /// The miner's uid at that time.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: &'a str,
    /// Whose hotkey that is, where it is known.
    pub coldkey: Option<&'a str>,
    /// Its share among miners, out of 65535, where it is known.
    pub incentive: Option<u16>,
    /// Its stake, where it is known.
    pub stake_rao: Option<u64>,
    /// The repository, `owner/name`.
    pub repo: &'a str,
    /// The commit, 40 hex digits.
    pub commit: &'a str,
    /// The row's place in the dataset, from 0.
    pub row: u32,
    /// What it is known by.
    pub row_id: RowId,
    /// Its canonical text: JSON in ASCII.
    pub text: &'a str,
}

/// The rows in the order in which they are written: by uid, hotkey, repository, commit, place.
pub fn sorted<'a>(rows: impl IntoIterator<Item = ExportRow<'a>>) -> Vec<ExportRow<'a>> {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by(|left, right| {
        let key = |row: &ExportRow<'a>| (row.uid, row.hotkey, row.repo, row.commit, row.row);
        key(left).cmp(&key(right))
    });
    rows
}
