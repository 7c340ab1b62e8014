//! Every kept file of a snapshot, read again row by row.

use plimsoll_datasets::archive::{ArchiveError, Entry, Manifest};
use plimsoll_datasets::contest::{Entered, competition_of};
use plimsoll_datasets::source::{CheckedFile, Source};

use super::kept::Chosen;
use crate::exit::Failure;

/// A dataset's bytes; nothing where none is kept, or it was taken down.
pub(super) fn bytes_of(chosen: &Chosen, entry: &Entry) -> Result<Option<Vec<u8>>, Failure> {
    let Some(object) = entry.object() else { return Ok(None) };
    match chosen.archive.object(&object) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ArchiveError::TakenDown { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Checks each, and gives `take` what was found with the file's bytes.
pub(super) fn each_file<'m>(
    chosen: &Chosen,
    manifest: &'m Manifest,
    source: &Source,
    mut take: impl FnMut(&'m Entry, CheckedFile, &[u8]),
) -> Result<(), Failure> {
    for entry in &manifest.entries {
        let Some(bytes) = bytes_of(chosen, entry)? else { continue };
        take(entry, source.check_file(&bytes, competition_of(entry))?, &bytes);
    }
    Ok(())
}

/// It, to be compared.
pub(super) fn entered<'m>(entry: &'m Entry, file: &CheckedFile) -> Entered<'m> {
    Entered { entry, ids: file.ids(), is_refused: file.is_refused() }
}
