//! Who may touch a plot: an advisory lock on `<plot>.lock`, which says who holds it.
//!
//! The lock belongs to the open file, so the system releases it when the process ends, however it ends.
//! The file itself stays: removing it would let two processes lock two files of one name.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, major, minor};
use rustix::io::Errno;

use crate::StoreError;
use crate::disk::{beside, folder_of};

/// How long a held lock is waited for: 200 ms in all.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub(crate) struct PlotLock {
    /// `None` on a read-only file system, where nobody can write.
    file: Option<File>,
}

impl PlotLock {
    /// Alone.
    pub(crate) fn exclusive(plot: &Path) -> Result<Self, StoreError> {
        let path = beside(plot, "lock");
        let file = open(&path).map_err(|e| match e.kind() {
            ErrorKind::NotFound => StoreError::MissingFolder { path: folder_of(plot).to_owned() },
            _ => StoreError::Io { path: path.clone(), doing: "lock", source: e },
        })?;
        acquire(file, plot, FlockOperation::NonBlockingLockExclusive)
    }

    /// Together with other readers.
    pub(crate) fn shared(plot: &Path) -> Result<Self, StoreError> {
        let path = beside(plot, "lock");
        let file = match open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(StoreError::MissingFolder { path: folder_of(plot).to_owned() });
            }
            Err(e) if matches!(e.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {
                // Where nothing can be written, an existing lock file still tells of a writer elsewhere.
                match File::open(&path) {
                    Ok(file) => file,
                    Err(_) => return Ok(Self { file: None }),
                }
            }
            other => other.map_err(StoreError::io(&path, "lock"))?,
        };
        acquire(file, plot, FlockOperation::NonBlockingLockShared)
    }

    /// Lets readers in.
    pub(crate) fn downgrade(&self, plot: &Path) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        rustix::fs::flock(file, FlockOperation::NonBlockingLockShared).map_err(|e| match e {
            // The system lets go of the old lock first, and somebody else was quicker.
            Errno::WOULDBLOCK => {
                StoreError::Locked { path: plot.to_owned(), holder: "another process".to_owned() }
            }
            _ => StoreError::io(plot, "share the lock")(e.into()),
        })
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn acquire(mut file: File, plot: &Path, how: FlockOperation) -> Result<PlotLock, StoreError> {
    match patiently(&file, how) {
        Ok(()) => {
            // Only told to people: a lock without a name is still a lock.
            let _ = file.set_len(0).and_then(|()| file.write_all(holder_line().as_bytes()));
            Ok(PlotLock { file: Some(file) })
        }
        Err(Errno::WOULDBLOCK) => {
            Err(StoreError::Locked { path: plot.to_owned(), holder: holder(&mut file) })
        }
        Err(e) => Err(StoreError::io(&beside(plot, "lock"), "lock")(e.into())),
    }
}

/// A lock outlives its holder for an instant: while a killed process is being cleared away, and while a process that
/// was just forked from the holder has not yet become another program.
fn patiently(file: &File, how: FlockOperation) -> Result<(), Errno> {
    for _ in 0..TRIES {
        match rustix::fs::flock(file, how) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(BETWEEN_TRIES),
            other => return other,
        }
    }
    rustix::fs::flock(file, how)
}

fn holder_line() -> String {
    let words: Vec<String> = std::env::args_os().map(|w| w.to_string_lossy().into_owned()).take(2).collect();
    format!("pid {}\ncommand {}\n", std::process::id(), words.join(" "))
}

/// Who holds the lock: by the system's table, else by the file's own text if that process lives. The text alone
/// may name somebody who has let go since, for readers write it over one another.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let told = file.read_to_string(&mut text).ok().and_then(|_| {
        let pid: u32 = text.lines().find_map(|l| l.strip_prefix("pid "))?.trim().parse().ok()?;
        Some((pid, text.lines().find_map(|l| l.strip_prefix("command "))?))
    });
    let holders = holders_by_system(file);
    match told {
        Some((pid, command)) if holders.contains(&pid) || (holders.is_empty() && is_alive(pid)) => {
            format!("process {pid} ({command})")
        }
        _ => match holders.first() {
            Some(pid) => {
                let command = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                format!("process {pid} ({})", command.trim())
            }
            None => "another process".to_owned(),
        },
    }
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// The processes that the system says hold it; none where it does not tell, as in a container.
fn holders_by_system(file: &File) -> Vec<u32> {
    let Ok(meta) = file.metadata() else { return Vec::new() };
    let inode = meta.ino().to_string();
    let device = format!("{:02x}:{:02x}", major(meta.dev()), minor(meta.dev()));
    let table = fs::read_to_string("/proc/locks").unwrap_or_default();
    let holders = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, pid, place, ..] = words[..] else { return None };
        let (on, number) = place.rsplit_once(':')?;
        // Some file systems show another device there than to us.
        (number == inode).then_some((pid.parse().ok()?, on == device))
    });
    let holders: Vec<(u32, bool)> = holders.filter(|(pid, _)| is_alive(*pid)).collect();
    let is_sure = holders.iter().any(|(_, same)| *same);
    holders.into_iter().filter(|(_, same)| *same || !is_sure).map(|(pid, _)| pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_holds_the_plot() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let held = PlotLock::exclusive(&plot).unwrap();
        for second in [PlotLock::exclusive(&plot), PlotLock::shared(&plot)] {
            let text = second.unwrap_err().to_string();
            assert!(text.contains(&format!("is in use by process {} (", std::process::id())), "{text}");
        }
        drop(held);
        PlotLock::exclusive(&plot).unwrap();
    }

    #[test]
    fn readers_share_and_keep_a_writer_out() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let readers = (PlotLock::shared(&plot).unwrap(), PlotLock::shared(&plot).unwrap());
        assert!(matches!(PlotLock::exclusive(&plot), Err(StoreError::Locked { .. })));
        drop(readers);
        PlotLock::exclusive(&plot).unwrap();
    }

    #[test]
    fn a_holder_that_left_no_name_is_found_in_the_systems_table() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let _held = PlotLock::exclusive(&plot).unwrap();
        fs::write(beside(&plot, "lock"), "").unwrap();
        let text = PlotLock::exclusive(&plot).unwrap_err().to_string();
        assert!(text.contains(&format!("is in use by process {} (", std::process::id())), "{text}");
    }

    #[test]
    fn a_name_that_an_earlier_reader_left_is_not_blamed() {
        let folder = tempfile::tempdir().unwrap();
        let plot = folder.path().join("a.plot");
        let _held = PlotLock::shared(&plot).unwrap();
        // The first process lives always, and never held this.
        fs::write(beside(&plot, "lock"), "pid 1\ncommand init\n").unwrap();
        let text = PlotLock::exclusive(&plot).unwrap_err().to_string();
        assert!(text.contains(&format!("is in use by process {} (", std::process::id())), "{text}");
    }
}
