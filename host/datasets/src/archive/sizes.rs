//! What takes how much of the disk.

use std::fs;
use std::os::unix::fs::MetadataExt;

use redb::ReadableTable;

use super::error::ArchiveError;
use super::index::{BLOCKS, FIRST_RECIPE, FIRST_STRUCTURE, MOVED};
use super::store::Archive;

/// Bytes of an archive by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredBytes {
    /// The index, on the disk: pages that are not in use among them.
    pub index: u64,
    /// Blocks of lines, their row ids among them.
    pub lines: u64,
    /// Blocks of snapshots: entries, heads, signatures.
    pub entries: u64,
    /// Blocks of recipes: which lines make which file, in which order.
    pub recipes: u64,
    /// Blocks of pieces that were written again.
    pub again: u64,
}

impl Archive {
    /// What takes how much. Beside it packs have a head each, and what is not needed any more until they are written
    /// anew.
    ///
    /// # Errors
    /// [`ArchiveError::Disk`], and as the index says.
    pub fn stored_bytes(&self) -> Result<StoredBytes, ArchiveError> {
        let path = self.index.path();
        let index = fs::metadata(path).map_err(ArchiveError::disk(path, "look at"))?.blocks() * 512;
        let mut stored = StoredBytes { index, ..StoredBytes::default() };
        let read = self.index.read()?;
        for row in self.index.table(&read, BLOCKS)?.iter()? {
            let (first, row) = row?;
            let sort = match first.value() {
                FIRST_RECIPE.. => &mut stored.recipes,
                FIRST_STRUCTURE.. => &mut stored.entries,
                _ => &mut stored.lines,
            };
            *sort += u64::from(row.value().2);
        }
        let mut again = std::collections::BTreeSet::new();
        for row in self.index.table(&read, MOVED)?.iter()? {
            again.insert(row?.1.value());
        }
        stored.again = again.iter().map(|(_, _, bytes)| u64::from(*bytes)).sum();
        Ok(stored)
    }
}
