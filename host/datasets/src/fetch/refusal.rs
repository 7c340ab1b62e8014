//! Why a file was not taken: one reason for each way in which it can go wrong.

use super::names::NameFault;

/// What a summary counts a refusal under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Not there, or hidden from whoever asks.
    Absent,
    /// Not for this token.
    Denied,
    /// The hub's limit.
    RateLimited,
    /// Redirects that are not followed.
    Redirect,
    /// Too large, too long, too much.
    Size,
    /// Not the bytes that were promised.
    Integrity,
    /// Not the commit that was asked for.
    Commit,
    /// No connection, silence, a cut.
    Connection,
    /// An answer that cannot be understood.
    Protocol,
    /// A name that is not used, or a place that is taken.
    Name,
}

/// Why a file was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum Refusal {
    #[error(
        "the repository is absent or private: without a token the hub does not say which; set HF_TOKEN to find out"
    )]
    AbsentOrPrivate,
    #[error("the repository does not exist, or not for this token")]
    NoRepository,
    #[error("the repository has no such revision: the commit may have been removed by a forced push")]
    NoRevision,
    #[error("the repository has no such file at this commit")]
    NoFile,
    #[error("not found (404), and the hub does not say what: repository, revision or file")]
    NotFound,
    #[error("the repository is gated and no token was sent: set HF_TOKEN")]
    Gated,
    #[error("the repository is gated and its terms are not accepted for this token: accept them on its page")]
    GatedNotAccepted,
    #[error("the hub does not accept the token: renew HF_TOKEN")]
    TokenRefused,
    #[error("the token has no right to read this repository (403)")]
    Forbidden,
    #[error("the hub has disabled the repository")]
    Disabled,

    #[error("too many requests (429): the hub asks to wait longer than there is time for, {seconds} s")]
    RateLimited { seconds: u64 },
    #[error("still too many requests (429) after {tries} tries")]
    StillLimited { tries: u32 },
    #[error("the hub fails with status {status}; try again later")]
    Unavailable { status: u16 },
    #[error("status {status} was not expected for a file")]
    OddStatus { status: u16 },
    #[error("the link to the file's host is not accepted there (status {status})")]
    LinkRefused { status: u16 },

    #[error("the redirect leads back to where it came from")]
    RedirectLoop,
    #[error("more than {most} redirects")]
    TooManyRedirects { most: u32 },
    #[error("a redirect (status {status}) that does not say where to")]
    RedirectNowhere { status: u16 },
    #[error("a redirect to an address that cannot be read")]
    RedirectUnreadable,
    #[error("a redirect to the scheme {scheme}, which is neither https nor http")]
    RedirectScheme { scheme: String },
    #[error("a redirect to {host} without encryption: plain http is for loopback addresses alone")]
    RedirectPlain { host: String },
    #[error("a redirect to {host} that carries a user name or password")]
    RedirectPassword { host: String },
    #[error("a redirect from a public hub to {host}, an address inside this network")]
    RedirectInward { host: String },

    #[error("another commit was served than asked for: expected {asked}, found {served}")]
    WrongCommit { asked: String, served: String },
    #[error("the answer does not say which commit it serves (no X-Repo-Commit)")]
    CommitUntold,
    #[error("the answer names a commit that is none (X-Repo-Commit is not 40 hex digits)")]
    CommitUnreadable,
    #[error("the answer has no etag, so the bytes cannot be checked")]
    EtagUntold,
    #[error("the etag is neither a SHA-256 nor a git blob's SHA-1, so the bytes cannot be checked")]
    EtagUnknown,
    #[error("the file changed {times} times while it was read")]
    EtagChanging { times: u32 },

    #[error("the body is encoded as {encoding} although identity was asked for")]
    Encoded { encoding: String },
    #[error("the answer does not tell the file's length")]
    LengthUntold,
    #[error("the answer tells a length that is no number")]
    LengthUnreadable,
    #[error("two lengths are told: {linked} bytes of the file and {body} of the body")]
    LengthsDisagree { linked: u64, body: u64 },
    #[error("the file has {bytes} bytes, above the cap of {cap}; raise the cap if you trust it")]
    TooLarge { bytes: u64, cap: u64 },
    #[error("with {bytes} more bytes this run would pass its cap of {cap}")]
    RunFull { bytes: u64, cap: u64 },
    #[error("more bytes came than the {expected} that were told")]
    TooLong { expected: u64 },
    #[error("the body ended early: {have} of {expected} bytes")]
    CutShort { have: u64, expected: u64 },
    #[error("the file has more than {cap} lines")]
    TooManyLines { cap: u64 },
    #[error("line {line} is longer than {cap} bytes")]
    LineTooLong { line: u64, cap: u64 },

    #[error("wrong bytes: expected SHA-256 {expected}, found {found}")]
    WrongSha256 { expected: String, found: String },
    #[error("wrong bytes: expected git blob SHA-1 {expected}, found {found}")]
    WrongGitBlob { expected: String, found: String },

    #[error("a part was sent (206) although the whole was asked for")]
    RangeUnasked,
    #[error("a part was sent (206) without saying which (no Content-Range that can be read)")]
    RangeUntold,
    #[error("another part was sent than asked for: expected from byte {asked}, found from {sent}")]
    RangeElsewhere { asked: u64, sent: u64 },
    #[error("the rest from byte {have} of {expected} is refused (416)")]
    RangeRefused { have: u64, expected: u64 },
    #[error("the file's length changed between two parts: expected {before}, found {now}")]
    SizeChanged { before: u64, now: u64 },

    #[error("the answer's headers are larger than {cap} bytes")]
    HeadersTooLarge { cap: usize },
    #[error("the answer has more than {cap} headers")]
    TooManyHeaders { cap: usize },
    #[error("the answer is not HTTP")]
    NotHttp,
    #[error("the connection was closed before an answer came")]
    ClosedEarly,
    #[error("the host cannot be reached: {why}")]
    Unreachable { why: String },
    #[error("the host's certificate is not trusted")]
    Untrusted,
    #[error("no answer within {seconds} s")]
    Silent { seconds: u64 },
    #[error("stalled: no byte for {seconds} s after {have} bytes")]
    Stalled { seconds: u64, have: u64 },
    #[error("too slow: {have} bytes in the {seconds} s of one try")]
    Dragging { seconds: u64, have: u64 },
    #[error("not finished within {seconds} s with all tries")]
    OutOfTime { seconds: u64 },

    #[error("the API's answer is not the JSON that is documented: {field}")]
    ApiUnreadable { field: &'static str },
    #[error("the API's answer is larger than {cap} bytes")]
    ApiTooLarge { cap: usize },
    #[error("the listing has more than {most} pages")]
    TooManyPages { most: u32 },
    #[error("the listing's next page is on another host, {host}")]
    PageElsewhere { host: String },
    #[error("the listing's next page is one that was read already")]
    PageLoop,

    #[error("the name {}", .0)]
    Name(#[from] NameFault),
    #[error("the file's place is taken by a link or a folder")]
    PlaceTaken,
    #[error("another process is fetching this file into the same place")]
    Busy,
}

impl Refusal {
    /// Whether another try may end better.
    pub(super) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::StillLimited { .. }
                | Self::Unavailable { .. }
                | Self::LinkRefused { .. }
                | Self::CutShort { .. }
                | Self::ClosedEarly
                | Self::Unreachable { .. }
                | Self::Silent { .. }
                | Self::Stalled { .. }
                | Self::Dragging { .. }
        )
    }

    /// Whether the bytes that are kept, or how they were put together, may be to blame: they are of no use any more, and a
    /// fresh start may help.
    pub(super) fn may_be_ours(&self) -> bool {
        matches!(
            self,
            Self::WrongSha256 { .. }
                | Self::WrongGitBlob { .. }
                | Self::TooLong { .. }
                | Self::TooManyLines { .. }
                | Self::LineTooLong { .. }
                | Self::EtagChanging { .. }
                | Self::RangeElsewhere { .. }
                | Self::RangeUntold
                | Self::RangeRefused { .. }
                | Self::SizeChanged { .. }
        )
    }

    /// What a summary counts this under.
    pub fn kind(&self) -> Kind {
        match self {
            Self::AbsentOrPrivate | Self::NoRepository | Self::NoRevision | Self::NoFile | Self::NotFound => {
                Kind::Absent
            }
            Self::Gated
            | Self::GatedNotAccepted
            | Self::TokenRefused
            | Self::Forbidden
            | Self::Disabled
            | Self::LinkRefused { .. } => Kind::Denied,
            Self::RateLimited { .. } | Self::StillLimited { .. } => Kind::RateLimited,
            Self::RedirectLoop
            | Self::TooManyRedirects { .. }
            | Self::RedirectNowhere { .. }
            | Self::RedirectUnreadable
            | Self::RedirectScheme { .. }
            | Self::RedirectPlain { .. }
            | Self::RedirectPassword { .. }
            | Self::RedirectInward { .. }
            | Self::PageElsewhere { .. }
            | Self::PageLoop => Kind::Redirect,
            Self::TooLarge { .. }
            | Self::RunFull { .. }
            | Self::TooLong { .. }
            | Self::TooManyLines { .. }
            | Self::LineTooLong { .. }
            | Self::HeadersTooLarge { .. }
            | Self::TooManyHeaders { .. }
            | Self::ApiTooLarge { .. }
            | Self::TooManyPages { .. } => Kind::Size,
            Self::WrongSha256 { .. }
            | Self::WrongGitBlob { .. }
            | Self::LengthsDisagree { .. }
            | Self::EtagUntold
            | Self::EtagUnknown
            | Self::EtagChanging { .. }
            | Self::SizeChanged { .. } => Kind::Integrity,
            Self::WrongCommit { .. } | Self::CommitUntold | Self::CommitUnreadable => Kind::Commit,
            Self::Unavailable { .. }
            | Self::CutShort { .. }
            | Self::ClosedEarly
            | Self::Unreachable { .. }
            | Self::Untrusted
            | Self::Silent { .. }
            | Self::Stalled { .. }
            | Self::Dragging { .. }
            | Self::OutOfTime { .. } => Kind::Connection,
            Self::OddStatus { .. }
            | Self::Encoded { .. }
            | Self::LengthUntold
            | Self::LengthUnreadable
            | Self::RangeUnasked
            | Self::RangeUntold
            | Self::RangeElsewhere { .. }
            | Self::RangeRefused { .. }
            | Self::NotHttp
            | Self::ApiUnreadable { .. } => Kind::Protocol,
            Self::Name(_) | Self::PlaceTaken | Self::Busy => Kind::Name,
        }
    }
}
