//! A file that is there as a whole or not at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::exit::{Exit, Failure};

/// Links that are followed, one to the next: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// A file under a temporary name beside its place; gone with this, unless it is kept. What is no file, such as a pipe or
/// a terminal, is written to at once.
#[derive(Debug)]
pub(crate) struct Draft {
    written: Written,
    /// As the user named it.
    to: PathBuf,
}

#[derive(Debug)]
enum Written {
    Beside { file: NamedTempFile, to: PathBuf, replaces: bool },
    Through(File),
}

impl Draft {
    /// For `to`, which may be there and is replaced when the draft is kept: the file that a link leads to, and not the
    /// link.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] where no file can be written there.
    pub(crate) fn replacing(to: &Path) -> Result<Self, Failure> {
        if to.is_dir() {
            return Err(failed(to, "it is a folder: name a file in it"));
        }
        let place = behind_links(to);
        let is_file = place.metadata().map_or(true, |there| there.is_file());
        if is_file && !place.starts_with("/proc") {
            return Self::beside(to, &place, true);
        }
        // Behind what others wrote there: /dev/stdout may be a file that is appended to.
        let opened = OpenOptions::new().append(true).open(to);
        let file = opened.map_err(|error| failed(to, &reason(&error)))?;
        Ok(Self { written: Written::Through(file), to: to.to_owned() })
    }

    /// For `to`, which must not be there.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] where it is there, or no file can be written there.
    pub(crate) fn new(to: &Path) -> Result<Self, Failure> {
        match to.symlink_metadata().is_ok() {
            true => Err(failed(to, "it exists: name a new file, or remove it")),
            false => Self::beside(to, to, false),
        }
    }

    fn beside(named: &Path, to: &Path, replaces: bool) -> Result<Self, Failure> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Readable for whom other new files are: the process's mask is applied.
        let made = Builder::new()
            .prefix(".plimsoll-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")));
        let file = made.map_err(|error| failed(named, &reason(&error)))?;
        Ok(Self { written: Written::Beside { file, to: to.to_owned(), replaces }, to: named.to_owned() })
    }

    /// Writes behind what was written before.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] with what the system said.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.written {
            Written::Beside { file, .. } => file.write_all(bytes),
            Written::Through(file) => file.write_all(bytes),
        };
        written.map_err(|error| failed(&self.to, &reason(&error)))
    }

    /// The file, to be written to piece by piece; the errors are the system's own.
    pub(crate) fn file(&mut self) -> &mut File {
        match &mut self.written {
            Written::Beside { file, .. } => file.as_file_mut(),
            Written::Through(file) => file,
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] with what the system said; then nothing is left.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let Self { written: Written::Beside { file, to, replaces }, to: named } = self else { return Ok(()) };
        file.as_file().sync_all().map_err(|error| failed(&named, &reason(&error)))?;
        let kept = if replaces { file.persist(&to) } else { file.persist_noclobber(&to) };
        kept.map(|_: File| ()).map_err(|error| failed(&named, &reason(&error.error)))
    }
}

/// Where links lead that begin at `to`, whether there is a file or not; no further than to a process's open files,
/// which are no places in a folder.
fn behind_links(to: &Path) -> PathBuf {
    let mut place = to.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        if let (Ok(folder), Some(name)) = (folder, place.file_name()) {
            place = folder.join(name);
        }
        match (place.starts_with("/proc"), place.read_link()) {
            (false, Ok(next)) => place = place.parent().unwrap_or(Path::new("/")).join(next),
            _ => break,
        }
    }
    place
}

fn failed(to: &Path, why: &str) -> Failure {
    Failure::new(Exit::DiskMissing, format!("cannot write {}: {why}", to.display()))
}

/// Without the temporary name, which says nothing to anybody.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its folder is not there: make it first".to_owned(),
        io::ErrorKind::AlreadyExists => "it exists: name a new file, or remove it".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<std::ffi::OsString> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("unit.bin");
        let mut draft = Draft::new(&to).unwrap();
        draft.write(b"half").unwrap();
        assert!(!to.exists());
        drop(draft);
        assert_eq!(names(folder.path()).len(), 0, "nothing is left of a draft that was given up");
        let mut draft = Draft::new(&to).unwrap();
        draft.write(b"all ").unwrap();
        draft.write(b"of it").unwrap();
        draft.keep().unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"all of it");
        assert_eq!(names(folder.path()), ["unit.bin"]);
    }

    #[test]
    fn only_what_may_be_replaced_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("page.html");
        let early = Draft::new(&to).unwrap();
        std::fs::write(&to, "old").unwrap();
        let path = to.display();
        let exists = format!("cannot write {path}: it exists: name a new file, or remove it");
        assert_eq!(early.keep().unwrap_err().message, exists);
        assert_eq!(Draft::new(&to).unwrap_err().message, exists);
        assert_eq!(std::fs::read(&to).unwrap(), b"old");
        let mut draft = Draft::replacing(&to).unwrap();
        draft.write(b"new").unwrap();
        draft.keep().unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"new");
    }

    #[test]
    fn links_stay_links_and_what_they_name_is_replaced_or_made() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("pages")).unwrap();
        std::os::unix::fs::symlink("pages/there.html", at("one")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("two")).unwrap();
        for text in ["made", "replaced"] {
            let mut draft = Draft::replacing(&at("two")).unwrap();
            draft.write(text.as_bytes()).unwrap();
            draft.keep().unwrap();
            assert_eq!(std::fs::read_to_string(at("pages/there.html")).unwrap(), text);
        }
        assert!(at("one").is_symlink() && at("two").is_symlink());
        assert_eq!((names(folder.path()).len(), names(&at("pages")).len()), (3, 1), "nothing else is left");
        std::os::unix::fs::symlink("round", at("round")).unwrap();
        assert!(Draft::replacing(&at("round")).and_then(Draft::keep).is_ok(), "a link to itself is no place");
        assert!(!at("round").is_symlink());
    }

    #[test]
    fn what_is_no_file_is_written_to_at_once_and_stays_what_it_is() {
        let (mut reader, writer) = io::pipe().unwrap();
        let open = std::os::fd::AsRawFd::as_raw_fd(&writer);
        for path in [format!("/proc/self/fd/{open}"), format!("/dev/fd/{open}")] {
            let mut draft = Draft::replacing(Path::new(&path)).unwrap();
            draft.write(b"page").unwrap();
            let mut read = [0; 4];
            io::Read::read_exact(&mut reader, &mut read).unwrap();
            assert_eq!(&read, b"page");
            draft.keep().unwrap();
        }
        // An open file that is appended to, as of a shell's `>>`.
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, "before ").unwrap();
        let appended = OpenOptions::new().append(true).open(&log).unwrap();
        let open = std::os::fd::AsRawFd::as_raw_fd(&appended);
        let mut draft = Draft::replacing(Path::new(&format!("/dev/fd/{open}"))).unwrap();
        draft.write(b"after").unwrap();
        draft.keep().unwrap();
        assert_eq!(std::fs::read(&log).unwrap(), b"before after");
        let mut nothing = Draft::replacing(Path::new("/dev/null")).unwrap();
        nothing.write(b"gone").unwrap();
        nothing.keep().unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_named_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |to: &Path| Draft::replacing(to).unwrap_err();
        let of_folder = refusal(folder.path());
        assert!(of_folder.message.ends_with("it is a folder: name a file in it"), "{of_folder}");
        let nowhere = refusal(&folder.path().join("none/page.html"));
        assert!(
            nowhere.message.ends_with("none/page.html: its folder is not there: make it first"),
            "{nowhere}"
        );
        assert_eq!(nowhere.exit, Exit::DiskMissing);
    }
}
