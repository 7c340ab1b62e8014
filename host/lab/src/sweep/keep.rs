//! Finished runs, kept in one file: so that a sweep that was broken off goes on, and one that was made before is there
//! at once.

use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableDefinition, TableError};

use super::outcome::SeedOutcome;
use crate::LabError;

/// From [`super::Cell::key`] to a digest and a run. The number is the form's version.
const RUNS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("runs-1");
/// Keeps the digests of kept runs apart from all other hashes.
const SEAL_KEY: &[u8; 32] = b"plimsoll: kept runs of sweeps, 1";
const SEAL_BYTES: usize = 32;
const CACHE_BYTES: usize = 16 << 20;

/// A file of finished runs. One process has it at a time.
pub struct Keep {
    path: PathBuf,
    pub(super) database: Database,
}

impl Keep {
    /// Opens the file, or makes it and its folder. The checksums of the whole file are verified.
    ///
    /// # Errors
    /// [`LabError::KeptInUse`]; [`LabError::Kept`] for a file that is damaged or something else: it stays as it is.
    pub fn open(path: &Path) -> Result<Self, LabError> {
        let kept = |why: String| LabError::Kept { path: path.to_owned(), why };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| kept(error.to_string()))?;
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => LabError::KeptInUse { path: path.to_owned() },
            other => kept(other.to_string()),
        })?;
        Ok(Self { path: path.to_owned(), database })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run that is kept under `key`.
    ///
    /// # Errors
    /// [`LabError::Kept`] where the file cannot be read, or does not hold what was kept.
    pub fn find(&self, key: &Digest) -> Result<Option<SeedOutcome>, LabError> {
        let read = self.database.begin_read().map_err(|error| self.wrong(&error))?;
        let table = match read.open_table(RUNS) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            table => table.map_err(|error| self.wrong(&error))?,
        };
        let Some(found) = table.get(&key.0).map_err(|error| self.wrong(&error))? else { return Ok(None) };
        let damaged = || self.wrong(&format!("the run {} is damaged", key.short()));
        let (seal, body) = found.value().split_at_checked(SEAL_BYTES).ok_or_else(damaged)?;
        if seal != seal_of(key, body) {
            return Err(damaged());
        }
        postcard::from_bytes(body).map(Some).map_err(|_| damaged())
    }

    /// Keeps a run. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`LabError::Kept`], such as for a full disk.
    pub fn keep(&self, key: &Digest, outcome: &SeedOutcome) -> Result<(), LabError> {
        let body = postcard::to_allocvec(outcome).map_err(|error| self.wrong(&error))?;
        let value = [&seal_of(key, &body)[..], &body].concat();
        let write = self.database.begin_write().map_err(|error| self.wrong(&error))?;
        {
            let mut table = write.open_table(RUNS).map_err(|error| self.wrong(&error))?;
            table.insert(&key.0, value.as_slice()).map_err(|error| self.wrong(&error))?;
        }
        write.commit().map_err(|error| self.wrong(&error))
    }

    pub(super) fn wrong(&self, why: &dyn std::fmt::Display) -> LabError {
        LabError::Kept { path: self.path.clone(), why: why.to_string() }
    }
}

fn seal_of(key: &Digest, body: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hasher = blake3::Hasher::new_keyed(SEAL_KEY);
    hasher.update(&key.0).update(body);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::samples::outcome;
    use super::*;
    use proptest::prelude::*;

    const KEY: Digest = Digest([7; 32]);

    fn kept(folder: &Path) -> PathBuf {
        let path = folder.join("deep/runs.redb");
        let keep = Keep::open(&path).unwrap();
        for seed in 0..20 {
            keep.keep(&Digest([seed as u8; 32]), &outcome(seed)).unwrap();
        }
        path
    }

    #[test]
    fn what_was_kept_is_found_again_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path());
        let keep = Keep::open(&path).unwrap();
        assert_eq!(keep.find(&KEY).unwrap(), Some(outcome(7)));
        assert_eq!(keep.find(&Digest([99; 32])).unwrap(), None);
        keep.keep(&KEY, &outcome(8)).unwrap();
        assert_eq!(keep.find(&KEY).unwrap(), Some(outcome(8)));
    }

    #[test]
    fn a_fresh_file_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Keep::open(&folder.path().join("a.redb")).unwrap().find(&KEY).unwrap(), None);
    }

    #[test]
    fn one_process_has_the_file_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        let _first = Keep::open(&path).unwrap();
        let error = Keep::open(&path).err().unwrap().to_string();
        assert!(error.contains("are in use by another process: wait for it"), "{error}");
    }

    #[test]
    fn another_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        let text = "my notes, and no database at all. ".repeat(1000);
        std::fs::write(&path, &text).unwrap();
        let error = Keep::open(&path).err().unwrap().to_string();
        assert!(
            error.starts_with(&format!("the finished runs kept in {} cannot be used: ", path.display())),
            "{error}"
        );
        assert!(error.ends_with("nothing in it was changed: move it away, or keep runs in another file"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_value_under_another_key_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = kept(folder.path());
        let keep = Keep::open(&path).unwrap();
        let body = postcard::to_allocvec(&outcome(1)).unwrap();
        let value = [&seal_of(&Digest([1; 32]), &body)[..], &body].concat();
        let write = keep.database.begin_write().unwrap();
        write.open_table(RUNS).unwrap().insert(&KEY.0, value.as_slice()).unwrap();
        write.commit().unwrap();
        assert!(keep.find(&KEY).unwrap_err().to_string().contains("the run 07070707 is damaged"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        /// Wherever bytes of the file change, a run comes back as it was, is unknown, or is an error: never another run.
        #[test]
        fn a_damaged_file_never_gives_a_wrong_run(place in 0.0..1.0f64, mask in 1u8..) {
            let folder = tempfile::tempdir().unwrap();
            let path = kept(folder.path());
            let mut bytes = std::fs::read(&path).unwrap();
            let at = (place * bytes.len() as f64) as usize;
            bytes[at] ^= mask;
            std::fs::write(&path, &bytes).unwrap();
            let opened = Keep::open(&path);
            if opened.is_err() {
                prop_assert_eq!(std::fs::read(&path).unwrap(), bytes, "what cannot be used stays as it is");
            }
            if let Ok(keep) = opened {
                for seed in 0..20 {
                    let found = keep.find(&Digest([seed as u8; 32]));
                    prop_assert!(found.is_err() || found.unwrap() == Some(outcome(seed)));
                }
            }
        }
    }
}
