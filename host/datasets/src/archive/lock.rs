//! Who may write to an archive: an advisory lock on `lock`, which says who holds it.
//!
//! The lock belongs to the open file, so the system releases it when the process ends, however it ends. Readers
//! take none: they see the last batch that was committed. They hold `readers` together, so that packs stay.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::error::ArchiveError;

const BETWEEN_TRIES: Duration = Duration::from_millis(10);
/// How long a reader waits until packs are removed.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub(super) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Waits `patience` at most; a lock outlives a killed holder for an instant.
    pub(super) fn take(archive: &Path, patience: Duration) -> Result<Self, ArchiveError> {
        let path = archive.join("lock");
        let mut file = open(&path).map_err(ArchiveError::disk(&path, "lock"))?;
        let begun = Instant::now();
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if begun.elapsed() < patience => std::thread::sleep(BETWEEN_TRIES),
                Err(Errno::WOULDBLOCK) => {
                    return Err(ArchiveError::InUse { path: archive.to_owned(), holder: holder(&mut file) });
                }
                Err(e) => return Err(ArchiveError::disk(&path, "lock")(e.into())),
            }
        }
        // Only told to people: a lock without a name is still a lock.
        let _ = file.set_len(0).and_then(|()| file.write_all(own_line().as_bytes()));
        Ok(Self { _file: file })
    }
}

/// Says that somebody reads, so that packs which a reader may still need are not removed.
#[derive(Debug)]
pub(super) struct Reading {
    _file: File,
}

impl Reading {
    /// `None` where it cannot be said, such as on a disk that is only read.
    pub(super) fn begin(archive: &Path) -> Option<Self> {
        Self::take(archive, FlockOperation::NonBlockingLockShared)
    }

    /// `None` while anybody reads.
    pub(super) fn nobody(archive: &Path) -> Option<Self> {
        Self::take(archive, FlockOperation::NonBlockingLockExclusive)
    }

    fn take(archive: &Path, how: FlockOperation) -> Option<Self> {
        let file = open(&archive.join("readers")).ok()?;
        let begun = Instant::now();
        loop {
            match rustix::fs::flock(&file, how) {
                Ok(()) => return Some(Self { _file: file }),
                // Who holds it alone removes a few files.
                Err(Errno::WOULDBLOCK)
                    if how == FlockOperation::NonBlockingLockShared && begun.elapsed() < READER_PATIENCE =>
                {
                    std::thread::sleep(BETWEEN_TRIES);
                }
                Err(_) => return None,
            }
        }
    }
}

/// The file that is locked, made for its owner alone; no link is followed.
fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

fn own_line() -> String {
    let words: Vec<String> = std::env::args_os().map(|w| w.to_string_lossy().into_owned()).take(3).collect();
    format!("pid {}\ncommand {}\n", std::process::id(), words.join(" "))
}

/// Only one process writes its name there, after it got the lock; one that died between the two left none.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let told = file.read_to_string(&mut text).ok().and_then(|_| {
        let pid: u32 = text.lines().find_map(|l| l.strip_prefix("pid "))?.trim().parse().ok()?;
        Some((pid, text.lines().find_map(|l| l.strip_prefix("command "))?))
    });
    match told {
        Some((pid, command)) if fs::exists(format!("/proc/{pid}")).unwrap_or(true) => {
            format!("process {pid} ({command})")
        }
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_holds_the_archive() {
        let folder = tempfile::tempdir().unwrap();
        let held = WriteLock::take(folder.path(), Duration::ZERO).unwrap();
        let text = WriteLock::take(folder.path(), Duration::from_millis(30)).unwrap_err().to_string();
        assert!(text.contains(&format!(" is in use by process {} (", std::process::id())), "{text}");
        assert!(text.ends_with("): wait until it has ended, or name another data folder"), "{text}");
        drop(held);
        WriteLock::take(folder.path(), Duration::ZERO).unwrap();
    }

    #[test]
    fn a_lock_that_is_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("elsewhere"), "kept").unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("lock")).unwrap();
        assert!(WriteLock::take(folder.path(), Duration::ZERO).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("elsewhere")).unwrap(), "kept");
    }
}
