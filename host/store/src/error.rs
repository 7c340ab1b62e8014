//! What can go wrong with a plot, sorted by whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_core::{ByteSize, Digest, SpaceError, Span};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    // What was asked for.
    /// A plot that the format cannot describe.
    #[error("{field} of the plot: {why}")]
    BadSpec {
        /// Which part of the specification.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A pass or a span that the plot does not have.
    #[error("{}: pass {pass} has {units} units, units {}..{} are not all among them", path.display(), span.first, span.end())]
    OutOfRange {
        /// The plot.
        path: PathBuf,
        /// The pass asked for.
        pass: u32,
        /// How many units that pass has; 0 where there is no such pass.
        units: u64,
        /// The span asked for.
        span: Span,
    },
    /// The file belongs to another specification.
    #[error("{} holds another plot: its {field} is {found}, expected {expected}; use another folder, or start over with --restart", path.display())]
    OtherPlot {
        /// The plot.
        path: PathBuf,
        /// The first field that differs.
        field: &'static str,
        /// What was asked for.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// There is nothing left to fill.
    #[error("{} is complete already: verify it, or start over with --restart", path.display())]
    AlreadySealed {
        /// The plot.
        path: PathBuf,
    },
    /// The plot was never finished.
    #[error("{} is not complete yet: resume generating it first", path.display())]
    NotSealed {
        /// The plot.
        path: PathBuf,
    },
    /// Sealing what is not filled.
    #[error("{}: pass {pass} still lacks {missing_units} units: fill them before sealing", path.display())]
    Unfinished {
        /// The plot.
        path: PathBuf,
        /// The first pass with a gap.
        pass: u32,
        /// Units of that pass that are not finished.
        missing_units: u64,
    },
    /// Writing to a plot that was opened for reading.
    #[error("{} is open for reading: open it exclusively to {doing}", path.display())]
    NotExclusive {
        /// The plot.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// Something that this kind of plot cannot do.
    #[error("{}: {why}", path.display())]
    Unsupported {
        /// The plot.
        path: PathBuf,
        /// What and why.
        why: String,
    },
    /// A text that names no sample.
    #[error(
        "`{text}` is no sample: expected a share such as 5%, a ratio such as 1/10, or an amount such as 10GiB"
    )]
    BadSample {
        /// The text.
        text: String,
    },
    /// Somebody asked to stop.
    #[error("stopped on request; finished spans are kept")]
    Cancelled,

    // What the machine looks like.
    /// Another process, or another part of this one, holds the plot.
    #[error("{} is in use by {holder}: wait for it, or stop it", path.display())]
    Locked {
        /// The plot.
        path: PathBuf,
        /// Who: `process PID (COMMAND)` as far as it is known.
        holder: String,
    },
    /// Not enough room, found before the first byte.
    #[error("{}: needs {} and only {} are free: free {} more, or lower the size", path.display(), ByteSize(*needed_bytes), ByteSize(*free_bytes), ByteSize(needed_bytes.saturating_sub(*free_bytes)))]
    NoSpace {
        /// The plot.
        path: PathBuf,
        /// Bytes that are still to be allocated.
        needed_bytes: u64,
        /// Bytes that an unprivileged user may take.
        free_bytes: u64,
    },
    /// A folder that is not there; a disk that is not mounted looks like this.
    #[error("folder {} does not exist: create it, or mount the disk that holds it", path.display())]
    MissingFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is there, but not the disk that it should be.
    #[error("{} is not the disk that the plots were made on: {why}; mount the right disk there", path.display())]
    OtherDisk {
        /// The folder.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
    /// What was remembered of a disk cannot be read.
    #[error("{} does not say which disk {} was on: remove it if the right disk is mounted there", path.display(), root.display())]
    BadKnownDisk {
        /// The file that remembers.
        path: PathBuf,
        /// The folder that it is about.
        root: PathBuf,
    },

    // What lies on the disk.
    /// A file that is no plot, or whose header cannot be read.
    #[error("{} is no readable plot: {why}", path.display())]
    NotAPlot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No generation of a journal is whole.
    #[error("{}: the journal is damaged ({why}), so which units are finished is not known: bring it back from a copy, or remove the plot to have it filled anew; --restart would do that with all plots", path.display())]
    BadJournal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A complete plot that lost its end.
    #[error("{} is sealed, but was cut short by {}: run `plimsoll repair`", path.display(), ByteSize(*missing_bytes))]
    CutShort {
        /// The plot.
        path: PathBuf,
        /// How much is gone.
        missing_bytes: u64,
    },
    /// What was filled again is not what was there.
    #[error("{}: what was filled again differs from what was sealed: its root is {found}, the header says {expected}; the plugin or its parameters are not those of this plot, or other parts are damaged too", path.display())]
    RefillDiffers {
        /// The plot.
        path: PathBuf,
        /// The root that the header keeps.
        expected: Digest,
        /// The root of what is there now.
        found: Digest,
    },
    /// A partition file that cannot be read.
    #[error("{}: {why}", path.display())]
    BadPartition {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        why: String,
    },
    /// A database that is not one of the prototype's.
    #[error("{}: {why}", path.display())]
    BadSeedDb {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    // The disk itself.
    /// The system refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The disk failed to keep what was written; it is never asked a second time.
    #[error("{}: the disk failed to keep what was written ({reason}): everything since the last checkpoint counts as unfinished; check the disk, then resume", path.display())]
    Poisoned {
        /// The plot.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The disk was full when what was written should have become durable. It is asked again by the next run only,
    /// for the system may have dropped what it could not write.
    #[error("{}: the disk was full when what was written should have become durable ({reason}): everything since the last checkpoint counts as unfinished; free space, then resume", path.display())]
    FullDisk {
        /// The plot.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Bytes of the region could not be read or written.
    #[error(transparent)]
    Space(SpaceError),
}

impl From<SpaceError> for StoreError {
    fn from(error: SpaceError) -> Self {
        match error {
            SpaceError::Cancelled => Self::Cancelled,
            other => Self::Space(other),
        }
    }
}

impl StoreError {
    /// What the system said while `doing` something with `path`; a missing folder or a full disk is named as such.
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, doing, source }
    }

    /// What a failed sync of `path` means.
    pub(crate) fn not_kept(path: &Path, kind: io::ErrorKind, reason: &str) -> Self {
        let (path, reason) = (path.to_owned(), reason.to_owned());
        if is_full(kind) { Self::FullDisk { path, reason } } else { Self::Poisoned { path, reason } }
    }

    /// Whether the disk was full.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::NoSpace { .. } | Self::FullDisk { .. } => true,
            Self::Io { source, .. } => is_full(source.kind()),
            Self::Space(SpaceError::Device { reason, .. }) => reason.starts_with(FULL_DISK),
            _ => false,
        }
    }
}

/// How the reason of a [`SpaceError::Device`] begins when the disk is full.
pub(crate) const FULL_DISK: &str = "the disk is full";

/// Whether there is no room, or none left for this user.
pub(crate) const fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// What a failed read or write of the region means to those above.
pub(crate) fn device(path: &Path, offset: u64, len: u64, error: &io::Error) -> SpaceError {
    let reason = match error.kind() {
        kind if is_full(kind) => {
            format!("{FULL_DISK} ({error}): what is finished is kept; free space, then resume")
        }
        io::ErrorKind::UnexpectedEof => "the file ends before that: it was truncated".to_owned(),
        _ => error.to_string(),
    };
    SpaceError::Device { path: path.display().to_string(), offset, len, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_file_what_was_expected_and_what_to_do() {
        let path = PathBuf::from("a.plot");
        let (expected, found) = (Digest([0xee; 32]), Digest([0xff; 32]));
        for (error, text) in [
            (
                StoreError::OutOfRange {
                    path: path.clone(),
                    pass: 1,
                    units: 5,
                    span: Span { first: 4, count: 2 },
                },
                "a.plot: pass 1 has 5 units, units 4..6 are not all among them".to_owned(),
            ),
            (
                StoreError::NoSpace { path: path.clone(), needed_bytes: 3 << 30, free_bytes: 1 << 30 },
                "a.plot: needs 3 GiB and only 1 GiB are free: free 2 GiB more, or lower the size".to_owned(),
            ),
            (
                StoreError::RefillDiffers { path: path.clone(), expected, found },
                format!(
                    "a.plot: what was filled again differs from what was sealed: its root is {found}, the header says {expected}; the plugin or its parameters are not those of this plot, or other parts are damaged too"
                ),
            ),
            (
                StoreError::io(&path, "open")(io::ErrorKind::PermissionDenied.into()),
                "a.plot: cannot open: permission denied".to_owned(),
            ),
            (
                StoreError::from(SpaceError::Cancelled),
                "stopped on request; finished spans are kept".to_owned(),
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_full_disk_is_told_from_a_failing_one() {
        let full = device(Path::new("a.plot"), 5, 6, &io::ErrorKind::StorageFull.into());
        assert!(StoreError::from(full).is_full_disk());
        let failing = device(Path::new("a.plot"), 5, 6, &io::Error::from_raw_os_error(5));
        assert_eq!(failing.to_string(), "a.plot: 6 bytes at 5: Input/output error (os error 5)");
        assert!(!StoreError::from(failing).is_full_disk());
    }
}
