//! Why a page is not shown: a sentence and a status.

use std::fmt;

use axum::http::StatusCode;

use crate::archive::ArchiveError;

/// Why a page is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The address or a field says nothing that can be asked.
    Wrong(String),
    /// There is no such thing.
    Absent(String),
    /// It was taken down.
    TakenDown(String),
    /// Not one of the names that this machine is known by here.
    OtherHost(String),
    /// Pages are only read.
    OnlyRead,
    /// More is asked at once than can be worked on.
    Busy,
    /// The archive's fault.
    Broken(String),
}

impl Refusal {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::TakenDown(_) => StatusCode::GONE,
            Self::OtherHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::OnlyRead => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::Wrong(_) => "That cannot be asked",
            Self::Absent(_) => "Not here",
            Self::TakenDown(_) => "Taken down",
            Self::OtherHost(_) => "Another host",
            Self::OnlyRead => "Only to read",
            Self::Busy => "Too much at once",
            Self::Broken(_) => "The archive cannot answer",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(text)
            | Self::Absent(text)
            | Self::TakenDown(text)
            | Self::OtherHost(text)
            | Self::Broken(text) => f.write_str(text),
            Self::Busy => f.write_str("Too many pages are being made: ask again in a moment."),
            Self::OnlyRead => f.write_str("These pages can be read and nothing else: ask by GET."),
        }
    }
}

impl From<ArchiveError> for Refusal {
    fn from(error: ArchiveError) -> Self {
        let text = error.to_string();
        match error {
            ArchiveError::TakenDown { .. } => Self::TakenDown(text),
            ArchiveError::NoSnapshot { .. }
            | ArchiveError::NoDataset { .. }
            | ArchiveError::NoObject { .. } => Self::Absent(text),
            _ => Self::Broken(text),
        }
    }
}
