//! Which code the errors of collecting end with.

use plimsoll_datasets::Error;
use plimsoll_datasets::archive::ArchiveError;
use plimsoll_datasets::bench::BenchError;
use plimsoll_datasets::collect::CollectError;
use plimsoll_datasets::export::ExportError;
use plimsoll_datasets::fetch::SettingsError;
use plimsoll_datasets::find::FindError;
use plimsoll_datasets::overlap::OverlapError;

use crate::exit::{Exit, Failure};

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let exit = match &error {
            ArchiveError::Disk { .. } => Exit::DiskMissing,
            ArchiveError::InUse { .. } => Exit::Locked,
            ArchiveError::Missing { .. } | ArchiveError::NoSnapshot { .. } => Exit::NotInitialised,
            ArchiveError::Block(_)
            | ArchiveError::Broken { .. }
            | ArchiveError::NoIndex { .. }
            | ArchiveError::Index { .. } => Exit::CorruptPlot,
            _ => Exit::Error,
        };
        let missing = matches!(error, ArchiveError::Missing { .. });
        let failure = Self::of(exit, &error);
        if missing { failure.hint("`plimsoll datasets collect` makes one") } else { failure }
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        let exit = match error {
            CollectError::Chain(error) => return error.into(),
            CollectError::Plugin(error) => return error.into(),
            CollectError::Archive(error) => return error.into(),
            CollectError::Disk { .. } => Exit::DiskMissing,
            CollectError::OtherChain { .. } => Exit::Config,
            CollectError::NoSuchUid { .. } | CollectError::NoSuchHotkey { .. } | CollectError::NoPace => {
                Exit::Usage
            }
            _ => Exit::Error,
        };
        Self::of(exit, &error)
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        match error {
            FindError::Chain(error) => error.into(),
            FindError::Plugin(error) => error.into(),
            FindError::Unread { .. } => {
                Self::of(Exit::Error, &error).hint("`plimsoll subnets find` shows why each could not be read")
            }
            _ => Self::of(Exit::Error, &error).hint("`plimsoll subnets find` shows every candidate"),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::of(Exit::Config, &error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Archive(error) => error.into(),
            Error::Plugin(error) => error.into(),
            Error::Overlap(error) => error.into(),
            Error::Disk { .. } => Self::of(Exit::DiskMissing, &error),
            _ => Self::of(Exit::Error, &error),
        }
    }
}

impl From<OverlapError> for Failure {
    fn from(error: OverlapError) -> Self {
        Self::of(Exit::Error, &error)
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::of(Exit::DiskMissing, &error)
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Chain(error) => error.into(),
            BenchError::Collect(error) => error.into(),
            BenchError::Archive(error) => error.into(),
            _ => Self::of(Exit::NotMeasured, &error),
        }
    }
}
