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
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
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
        let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|source| disk(&self.path, "read", source))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(self.damaged(&format!("it is larger than {MAX_FILE_BYTES} bytes")));
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

    /// Replaces the file. When this returns, it survives a power cut.
    pub(super) fn write(&self, state: &State) -> Result<(), ChainError> {
        let blake3 = Digest::of(&self.json(state)?);
        let json = serde_json::to_vec(&Written { format: FORMAT, blake3, state });
        let json = json.map_err(|error| self.damaged(&error.to_string()))?;
        replace_file(&self.path, &json).map_err(|source| disk(&self.path, "write", source))
    }

    fn json(&self, state: &State) -> Result<Vec<u8>, ChainError> {
        serde_json::to_vec(state).map_err(|error| self.damaged(&error.to_string()))
    }

    fn damaged(&self, why: &str) -> ChainError {
        let why = format!(
            "this is no whole ledger file: {why}; restore it from a copy, or remove it to begin a new ledger"
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
