//! The plugin's word on a file's rows, and what is remembered of it from the snapshot before.

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, NetUid};
use plimsoll_json::RowId;

use super::CollectError;
use crate::archive::{Archive, Entry, Outcome};
use crate::source::Source;

/// Rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) rows: u32,
    pub(super) valid: u32,
}

/// Asks the plugin, and remembers.
pub(super) struct Judge {
    pub(super) source: Source,
    mark_file: PathBuf,
    mark: String,
    /// What the newest snapshot says, if the same plugin with the same parameters said it.
    known: HashMap<(Digest, String), (u64, Counts)>,
}

/// A file with its rows.
pub(super) struct Checked {
    /// A byte of the row's line, and the row.
    pub(super) rows: Vec<(usize, RowId)>,
    pub(super) counts: Vec<(String, Counts)>,
}

impl Judge {
    pub(super) fn new(source: &Source, data_dir: &Path, netuid: NetUid) -> Self {
        let plugin = source.plugin();
        let mark = format!("{} {}\n", plugin.digest(), plugin.params_digest());
        let mark_file = data_dir.join("archive").join(format!("judged-{netuid}"));
        Self { source: source.clone(), mark_file, mark, known: HashMap::new() }
    }

    /// Takes over what an earlier snapshot says of files.
    pub(super) fn learn(&mut self, before: &[Entry]) {
        if std::fs::read_to_string(&self.mark_file).is_ok_and(|mark| mark == self.mark) {
            for entry in before {
                let competition = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
                if let (Outcome::Kept { object, bytes, rows, valid, .. }, Some(source)) =
                    (&entry.outcome, competition)
                {
                    let counts = Counts { rows: *rows, valid: *valid };
                    self.known.insert((*object, source.competition.clone()), (*bytes, counts));
                }
            }
        }
    }

    /// Removes the note of who judged before if that was another: the snapshot that is to come is not its.
    pub(super) fn forget_others(&self) {
        if std::fs::read_to_string(&self.mark_file).is_ok_and(|mark| mark != self.mark) {
            let _ = std::fs::remove_file(&self.mark_file);
        }
    }

    /// Notes who judged, now that a snapshot says so too. Losing the note costs time, nothing else.
    pub(super) fn remember(&self) {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.mark_file);
        let noted = file.and_then(|mut file| file.write_all(self.mark.as_bytes()));
        if let Err(error) = noted {
            tracing::warn!(path = %self.mark_file.display(), %error, "rows will be judged again by the next run");
        }
    }

    /// An object's bytes, and what is known of it under each of these competitions; nothing unless of all.
    pub(super) fn known(
        &self,
        object: Digest,
        competitions: &BTreeSet<&str>,
    ) -> Option<(u64, Vec<(String, Counts)>)> {
        let mut bytes = 0;
        let counts = competitions.iter().map(|competition| {
            let key = (object, (*competition).to_owned());
            let (of_object, counts) = self.known.get(&key)?;
            bytes = *of_object;
            Some((key.1, *counts))
        });
        let counts = counts.collect::<Option<Vec<_>>>()?;
        Some((bytes, counts))
    }
}

/// The rows of a file. A plugin that breaks down on it leaves it without rows: the bytes are kept all the same.
pub(super) fn check(source: &Source, bytes: &[u8], competitions: &BTreeSet<String>) -> Checked {
    let mut checked = Checked { rows: Vec::new(), counts: Vec::new() };
    for competition in competitions {
        match source.check_file(bytes, competition) {
            Ok(file) => {
                let row = |row: &crate::source::FileRow| Some((row.range.start, RowId(row.checked.id()?)));
                let rows: Vec<_> = file.rows.iter().filter_map(row).collect();
                let is_refused = file.fault.is_some() || file.n_invalid() > 0;
                let valid = if is_refused { 0 } else { file.n_valid() };
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                checked
                    .counts
                    .push((competition.clone(), Counts { rows: count(rows.len()), valid: count(valid) }));
                if checked.rows.is_empty() {
                    checked.rows = rows;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the plugin broke down on a file; it is kept without rows");
                checked.counts.push((competition.clone(), Counts::default()));
            }
        }
    }
    checked
}

/// The entries of the subnet's newest snapshot; none where there is none, or it is damaged.
pub(super) fn newest_entries(archive: &Archive, netuid: NetUid) -> Result<Vec<Entry>, CollectError> {
    let newest = match archive.newest(netuid) {
        Ok(newest) => newest,
        Err(error) if error.is_damage() => None,
        Err(error) => return Err(error.into()),
    };
    let Some(newest) = newest else { return Ok(Vec::new()) };
    match archive.manifest(newest.place) {
        Ok((manifest, _)) => Ok(manifest.entries),
        Err(error) if error.is_damage() => {
            tracing::warn!(%error, "the newest snapshot is not used");
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}
