//! Reads the seed prototype's files and says what they are worth.

use std::path::Path;

use plimsoll_core::Span;
use plimsoll_store::CancelFlag;
use plimsoll_store::partition::read_partitions;
use plimsoll_store::seed_db::{DbKind, SeedDb};
use serde::Serialize;

use super::allocate::PARTITION_FILE;
use crate::NodeError;

/// What one of the prototype's databases holds, held against its seed.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// The database.
    pub path: std::path::PathBuf,
    /// `data` or `hashes`.
    pub kind: &'static str,
    /// The seed that its table is named after.
    pub seed: String,
    /// Bytes of one chunk.
    pub chunk_bytes: u32,
    /// Rows that are there.
    pub rows: u64,
    /// Rows that should be.
    pub expected_rows: u64,
    /// Rows that are what the seed gives.
    pub matching_rows: u64,
    /// Whether all of it is what the seed gives.
    pub matches_seed: bool,
    /// Where the prototype began its chain anew after an interruption.
    pub restarted: Vec<Span>,
    /// Everything that is wrong, a sentence each.
    pub findings: Vec<String>,
}

/// Checks one `data-*` or `hashes-*` database row by row. Its number of rows and chunk size come from the
/// arguments, else from a `partition.json` beside it, else from the database itself.
///
/// # Errors
/// A file that is no such database, or what the disk said.
pub fn import_seed(
    path: &Path,
    expected_rows: Option<u64>,
    chunk_bytes: Option<u32>,
    cancel: &CancelFlag,
) -> Result<ImportReport, NodeError> {
    let db = SeedDb::open(path)?;
    let beside = path.parent().map(|folder| folder.join(PARTITION_FILE)).filter(|file| file.exists());
    let partitions = beside.map(|file| read_partitions(&file)).transpose()?.unwrap_or_default();
    let mine = partitions.iter().find(|partition| partition.seed == db.seed());
    let expected_rows = expected_rows.or_else(|| mine.map(|partition| partition.n_chunks));
    let chunk_bytes =
        chunk_bytes.or_else(|| mine.and_then(|partition| u32::try_from(partition.chunk_size).ok()));
    let report = db.check(expected_rows, chunk_bytes, cancel)?;
    Ok(ImportReport {
        path: report.path.clone(),
        kind: match report.kind {
            DbKind::Data => "data",
            DbKind::Hashes => "hashes",
        },
        seed: report.seed.clone(),
        chunk_bytes: report.chunk_bytes,
        rows: report.rows,
        expected_rows: report.expected_rows,
        matching_rows: report.matching.units(),
        matches_seed: report.matches_seed(),
        restarted: report.restarts.iter().map(|r| Span { first: r.at, count: r.rows }).collect(),
        findings: report.findings(),
    })
}
