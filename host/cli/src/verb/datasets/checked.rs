//! Every kept file of a snapshot, read again row by row.

use plimsoll_datasets::archive::{ArchiveError, Entry, Manifest};
use plimsoll_datasets::contest::{Entered, competition_of};
use plimsoll_datasets::source::{CheckedFile, Source};
use plimsoll_plugin::PluginError;

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

/// What the plugin says of a file.
pub(super) struct Looked {
    pub(super) file: CheckedFile,
    /// Why it could not tell: then nothing is known of the file's rows, and no other miner's are the worse for it.
    pub(super) broke_down: Option<String>,
}

/// Looks at each, and gives `take` what was found with the file's bytes.
pub(super) fn each_file<'m>(
    chosen: &Chosen,
    manifest: &'m Manifest,
    source: &Source,
    mut take: impl FnMut(&'m Entry, Looked, &[u8]),
) -> Result<(), Failure> {
    for entry in &manifest.entries {
        let Some(bytes) = bytes_of(chosen, entry)? else { continue };
        let (file, broke_down) = match source.check_file(&bytes, competition_of(entry)) {
            Ok(file) => (file, None),
            Err(
                error @ (PluginError::Refused { .. }
                | PluginError::Fault { .. }
                | PluginError::Promise { .. }),
            ) => (CheckedFile { rows: Vec::new(), fault: None }, Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        take(entry, Looked { file, broke_down }, &bytes);
    }
    Ok(())
}

/// It, to be compared.
pub(super) fn entered<'m>(entry: &'m Entry, file: &CheckedFile) -> Entered<'m> {
    Entered { entry, ids: file.ids(), is_refused: file.is_refused() }
}
