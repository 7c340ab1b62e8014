//! The commits of one validator that wait for their reveal, in a file that survives it:
//! `{"format": "plimsoll-reveals/1", "blake3": …, "pending": […]}`, the digest over the list's own JSON.
//!
//! The file is replaced as a whole and flushed before a change is believed. Only its owner can read it: who knows
//! a salt can guess the weights before their time. A `.lock` beside it is held by the process that keeps it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use plimsoll_core::{BlockNumber, Digest};
use serde::{Deserialize, Serialize};

use super::WeightsPreimage;
use super::pending::{MAX_PENDING, Pending, Stage, Step};
use crate::{ChainError, Refusal};

const FORMAT: &str = "plimsoll-reveals/1";
/// Ten commits of 65,536 weights each on a hundred subnets are less.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// The commits that wait, on disk and in memory alike.
#[derive(Debug)]
pub struct RevealJournal {
    path: PathBuf,
    pending: Vec<Pending>,
    /// Held, not used: closing it gives the lock back.
    _lock: File,
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    blake3: Digest,
    pending: &'a [Pending],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: String,
    blake3: Digest,
    pending: Vec<Pending>,
}

impl RevealJournal {
    /// Opens the journal at `path`, which need not exist yet; the folder must.
    ///
    /// # Errors
    /// [`ChainError::RevealJournal`] where it is damaged, readable by others or kept by another process;
    /// [`ChainError::Disk`].
    pub fn open(path: &Path) -> Result<Self, ChainError> {
        let lock = lock(path)?;
        Ok(Self { pending: read(path)?, path: path.to_owned(), _lock: lock })
    }

    /// All commits that wait, oldest first.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Notes weights that are about to be committed while `head` is the newest block, and gives the hash to commit.
    /// Send the commit only after this.
    ///
    /// # Errors
    /// [`Refusal::TooManyCommits`] where ten wait already, [`ChainError::Reveal`] where these very ones do;
    /// [`ChainError::Disk`].
    pub fn note(&mut self, preimage: WeightsPreimage, head: BlockNumber) -> Result<Digest, ChainError> {
        let mine = |other: &&Pending| {
            (other.preimage.hotkey, other.preimage.index) == (preimage.hotkey, preimage.index)
        };
        if self.pending.iter().filter(mine).count() >= MAX_PENDING {
            return Err(Refusal::TooManyCommits { most: MAX_PENDING }.into());
        }
        let fresh = Pending::new(preimage, head);
        if self.pending.iter().any(|other| other.hash == fresh.hash) {
            return Err(reveal("these weights are committed already, with the same salt: draw a fresh one"));
        }
        let hash = fresh.hash;
        self.replace(|pending| pending.push(fresh))?;
        Ok(hash)
    }

    /// Notes that a commit is about to be sent, signed for the finalized block `head`; a later one than it was noted at
    /// where it had to wait.
    ///
    /// # Errors
    /// As [`RevealJournal::committed`].
    pub fn signed(&mut self, hash: &Digest, head: BlockNumber) -> Result<(), ChainError> {
        let at = self.place(hash)?;
        match self.pending[at].stage {
            Stage::Sent { head: noted } if noted < head => {
                self.replace(|pending| pending[at].stage = Stage::Sent { head })
            }
            _ => Ok(()),
        }
    }

    /// Notes that the chain does not have a commit at the finalized block `head`. Once that is too late for it to come
    /// it is forgotten, and the reason is told.
    ///
    /// # Errors
    /// As [`RevealJournal::committed`].
    pub fn absent(&mut self, hash: &Digest, head: BlockNumber) -> Result<Option<String>, ChainError> {
        let at = self.place(hash)?;
        let lost = self.pending[at].lost(head);
        if lost.is_some() {
            self.replace(|pending| drop(pending.remove(at)))?;
        }
        Ok(lost)
    }

    /// Notes that the chain has the commit, since `epoch`.
    ///
    /// # Errors
    /// [`ChainError::Reveal`] for a commit that is not here; [`ChainError::Disk`].
    pub fn committed(&mut self, hash: &Digest, epoch: u64) -> Result<(), ChainError> {
        let at = self.place(hash)?;
        self.replace(|pending| pending[at].stage = Stage::Committed { epoch })
    }

    /// Forgets a commit: it was revealed, or the chain refused it and it was never made. A refused reveal is no reason:
    /// without the salt there is no second try.
    ///
    /// # Errors
    /// As [`RevealJournal::committed`].
    pub fn forget(&mut self, hash: &Digest) -> Result<(), ChainError> {
        let at = self.place(hash)?;
        self.replace(|pending| drop(pending.remove(at)))
    }

    /// What to do about the commits of one storage index in `epoch`, with the subnet's present `period`. Those about
    /// which nothing can be done any more are forgotten, and told last.
    ///
    /// # Errors
    /// [`ChainError::Disk`].
    pub fn steps(&mut self, index: u16, epoch: u64, period: u64) -> Result<Vec<(Pending, Step)>, ChainError> {
        let of_index = self.pending.iter().filter(|pending| pending.preimage.index == index);
        let (lost, mut steps): (Vec<_>, Vec<_>) = of_index
            .map(|pending| (pending.clone(), pending.step(epoch, period)))
            .partition(|(_, step)| matches!(step, Step::Drop { .. }));
        if !lost.is_empty() {
            let is_lost = |hash: &Digest| lost.iter().any(|(pending, _)| pending.hash == *hash);
            self.replace(|pending| pending.retain(|pending| !is_lost(&pending.hash)))?;
        }
        steps.extend(lost);
        Ok(steps)
    }

    fn place(&self, hash: &Digest) -> Result<usize, ChainError> {
        let found = self.pending.iter().position(|pending| pending.hash == *hash);
        found.ok_or_else(|| reveal(&format!("no commit {}… waits for its reveal", hash.short())))
    }

    /// Changes the list on disk, then in memory.
    fn replace(&mut self, change: impl FnOnce(&mut Vec<Pending>)) -> Result<(), ChainError> {
        let mut next = self.pending.clone();
        change(&mut next);
        let blake3 = digest(&self.path, &next)?;
        let json = serde_json::to_vec(&Written { format: FORMAT, blake3, pending: &next })
            .map_err(|error| damaged(&self.path, &error.to_string()))?;
        replace_file(&self.path, &json).map_err(|source| disk(&self.path, "write", source))?;
        self.pending = next;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<Pending>, ChainError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(disk(path, "open", source)),
    };
    let mode = file.metadata().map_err(|source| disk(path, "look at", source))?.mode();
    if mode & 0o077 != 0 {
        let why = format!(
            "others can read the salts of commits (mode {:04o}): run `chmod 600 {}`",
            mode & 0o7777,
            path.display()
        );
        return Err(ChainError::RevealJournal { path: path.to_owned(), why });
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| disk(path, "read", source))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(damaged(path, &format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    // What serde says about a wrong value repeats it, and it may be a salt: only say where.
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| {
        damaged(path, &format!("its JSON breaks off at line {}, column {}", error.line(), error.column()))
    })?;
    if kept.format != FORMAT {
        let found: String = kept.format.escape_debug().take(40).collect();
        return Err(damaged(path, &format!("its format is `{found}`, expected `{FORMAT}`")));
    }
    let found = digest(path, &kept.pending)?;
    if found != kept.blake3 {
        let (found, said) = (found.short(), kept.blake3.short());
        return Err(damaged(path, &format!("its list has the BLAKE3 {found}…, but it says {said}…")));
    }
    if let Some(pending) = kept.pending.iter().find(|pending| pending.hash != pending.preimage.hash()) {
        let short = pending.hash.short();
        return Err(damaged(path, &format!("the weights of the commit {short}… have another hash")));
    }
    Ok(kept.pending)
}

fn digest(path: &Path, pending: &[Pending]) -> Result<Digest, ChainError> {
    let json = serde_json::to_vec(pending).map_err(|error| damaged(path, &error.to_string()))?;
    Ok(Digest::of(&json))
}

fn lock(path: &Path) -> Result<File, ChainError> {
    let mut lock_path = path.to_owned().into_os_string();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
    let lock = opened.map_err(|source| disk(&lock_path, "open", source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(ChainError::RevealJournal {
            path: path.to_owned(),
            why: "another process keeps its reveals here: stop it or choose another folder".into(),
        }),
        Err(TryLockError::Error(source)) => Err(disk(&lock_path, "lock", source)),
    }
}

/// A new file of mode 0600 in the old one's place.
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

fn damaged(path: &Path, why: &str) -> ChainError {
    let why = format!(
        "this is no whole journal of reveals: {why}; restore it from a copy, or remove it and lose the weights that \
         are committed but not revealed"
    );
    ChainError::RevealJournal { path: path.to_owned(), why }
}

fn reveal(why: &str) -> ChainError {
    ChainError::Reveal { why: why.to_owned() }
}

fn disk(path: &Path, doing: &'static str, source: io::Error) -> ChainError {
    ChainError::Disk { path: path.to_owned(), doing, source }
}
