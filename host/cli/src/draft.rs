//! A file that is there as a whole or not at all.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::exit::{Exit, Failure};

/// A file under a temporary name beside its place; gone with this, unless it is kept.
#[derive(Debug)]
pub(crate) struct Draft {
    file: NamedTempFile,
    to: PathBuf,
    replaces: bool,
}

impl Draft {
    /// For `to`, which may be there and is replaced when the draft is kept.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] where no file can be written there.
    pub(crate) fn replacing(to: &Path) -> Result<Self, Failure> {
        match to.is_dir() {
            true => Err(failed(to, "it is a folder: name a file in it")),
            false => Self::beside(to, true),
        }
    }

    /// For `to`, which must not be there.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] where it is there, or no file can be written there.
    pub(crate) fn new(to: &Path) -> Result<Self, Failure> {
        match to.symlink_metadata().is_ok() {
            true => Err(failed(to, "it exists: name a new file, or remove it")),
            false => Self::beside(to, false),
        }
    }

    fn beside(to: &Path, replaces: bool) -> Result<Self, Failure> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Readable for whom other new files are: the process's mask is applied.
        let made = Builder::new()
            .prefix(".plimsoll-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")));
        let file = made.map_err(|error| failed(to, &reason(&error)))?;
        Ok(Self { file, to: to.to_owned(), replaces })
    }

    /// Writes behind what was written before.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] with what the system said.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| failed(&self.to, &reason(&error)))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`Exit::DiskMissing`] with what the system said; then nothing is left.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let Self { file, to, replaces } = self;
        file.as_file().sync_all().map_err(|error| failed(&to, &reason(&error)))?;
        let kept = if replaces { file.persist(&to) } else { file.persist_noclobber(&to) };
        kept.map(|_: File| ()).map_err(|error| failed(&to, &reason(&error.error)))
    }
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
