//! A ledger's JSON file: `{"format": "plimsoll-ledger/1", "blake3": …, "state": {…}}`.
//!
//! The digest is over the state's own compact JSON. The file is written beside its place, flushed, and moved
//! there, so it is always one whole state; a `.lock` beside it is held by the process that keeps it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use plimsoll_core::Digest;
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::ChainError;

const FORMAT: &str = "plimsoll-ledger/1";

/// More than any ledger grows to: 256 neurons with full rows of weights and bonds are 4 MiB.
const MAX_FILE_BYTES: u64 = 256 << 20;

pub(super) struct StateFile {
    path: PathBuf,
    most_bytes: u64,
    /// Held, not used: closing it gives the lock back.
    _lock: File,
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    blake3: Digest,
    state: &'a State,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: String,
    blake3: Digest,
    state: State,
}

impl StateFile {
    pub(super) fn lock(path: &Path) -> Result<Self, ChainError> {
        let mut lock_path = path.to_owned().into_os_string();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = opened.map_err(|source| disk(&lock_path, "open", source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), most_bytes: MAX_FILE_BYTES, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ChainError::StateInUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(disk(&lock_path, "lock", source)),
        }
    }

    /// The state in the file; `None` if there is no file yet.
    pub(super) fn read(&self) -> Result<Option<State>, ChainError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(disk(&self.path, "open", source)),
        };
        let mut bytes = Vec::new();
        let read = file.take(self.most_bytes.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|source| disk(&self.path, "read", source))?;
        if bytes.len() as u64 > self.most_bytes {
            return Err(self.damaged(&format!("it is larger than {} bytes", self.most_bytes)));
        }
        let Kept { format, blake3, state } =
            serde_json::from_slice(&bytes).map_err(|error| self.damaged(&error.to_string()))?;
        if format != FORMAT {
            return Err(self.damaged(&format!("its format is `{format}`, expected `{FORMAT}`")));
        }
        let found = Digest::of(&self.json(&state)?);
        // A file from before a field was added has a digest without it: then the text itself must have it.
        if found != blake3 && written_state(&bytes).map(Digest::of) != Some(blake3) {
            let (found, blake3) = (found.short(), blake3.short());
            return Err(self.damaged(&format!("its state has the BLAKE3 {found}…, but it says {blake3}…")));
        }
        Ok(Some(state))
    }

    /// Replaces the file. When this returns, it survives a power cut. One that could not be read back is never
    /// written.
    pub(super) fn write(&self, state: &State) -> Result<(), ChainError> {
        let blake3 = Digest::of(&self.json(state)?);
        let json = serde_json::to_vec(&Written { format: FORMAT, blake3, state });
        let json = json.map_err(|error| self.damaged(&error.to_string()))?;
        let (bytes, most) = (json.len() as u64, self.most_bytes);
        if bytes > most {
            let why = format!(
                "the ledger has grown to {bytes} bytes, and a file has at most {most}: begin a new ledger in \
                 another file"
            );
            return Err(ChainError::StateFile { path: self.path.clone(), why });
        }
        replace_file(&self.path, &json).map_err(|source| disk(&self.path, "write", source))
    }

    fn json(&self, state: &State) -> Result<Vec<u8>, ChainError> {
        serde_json::to_vec(state).map_err(|error| self.damaged(&error.to_string()))
    }

    fn damaged(&self, why: &str) -> ChainError {
        let why = format!(
            "this is no whole ledger file: {why}; restore it from a copy, go on with the version that wrote it, or \
             remove it to begin a new ledger"
        );
        ChainError::StateFile { path: self.path.clone(), why }
    }
}

/// The text of the state in a file that is written as [`StateFile::write`] does.
fn written_state(file: &[u8]) -> Option<&[u8]> {
    let key = b"\"state\":";
    let start = file.windows(key.len()).position(|window| window == key)? + key.len();
    file[start..].strip_suffix(b"}")
}

fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(bytes)?;
    fresh.as_file().sync_all()?;
    fresh.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn disk(path: &Path, doing: &'static str, source: io::Error) -> ChainError {
    ChainError::Disk { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use plimsoll_core::NetUid;

    use super::*;
    use crate::LedgerGenesis;

    #[test]
    fn a_file_that_could_not_be_read_back_is_not_written_and_the_one_before_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.json");
        let mut file = StateFile::lock(&path).unwrap();
        let mut state = State::begin(LedgerGenesis::development(NetUid(1)));
        file.write(&state).unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        file.most_bytes = bytes;
        file.write(&state).unwrap();
        assert_eq!(file.read().unwrap().as_ref(), Some(&state));

        let before = state.clone();
        (0..10).for_each(|_| state.next_block());
        let error = file.write(&state).unwrap_err().to_string();
        let head = format!("{}: the ledger has grown to ", path.display());
        assert!(error.starts_with(&head), "{error}");
        let tail = format!("a file has at most {bytes}: begin a new ledger in another file");
        assert!(error.ends_with(&tail), "{error}");
        assert_eq!(file.read().unwrap(), Some(before));
    }
}
