//! What the hub itself says of a file, on the way to its bytes.

use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap};

use super::names::Commit;
use super::refusal::Refusal;
use super::token::Token;

/// What a file's bytes are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// SHA-256 of the bytes.
    Sha256(String),
    /// SHA-1 of the git blob.
    GitBlob(String),
}

impl Identity {
    /// Reads an etag without its quotes.
    pub(super) fn parse(etag: &str) -> Option<Self> {
        let digits = etag.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match etag.len() {
            64 if digits => Some(Self::Sha256(etag.to_owned())),
            40 if digits => Some(Self::GitBlob(etag.to_owned())),
            _ => None,
        }
    }

    pub(super) fn digits(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::GitBlob(digits) => digits,
        }
    }
}

/// Headers of the configured host, gathered over its redirects; other hosts are not asked.
#[derive(Debug, Default)]
pub(super) struct Witness {
    commit: Option<String>,
    /// What the hub says that the file's own bytes are known by; no plain etag of a later answer overrides it.
    linked_etag: Option<String>,
    etag: Option<String>,
    linked_size: Option<String>,
}

impl Witness {
    pub(super) fn hear(&mut self, headers: &HeaderMap) {
        let text = |name: &str| {
            headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        self.commit = text("x-repo-commit").or(self.commit.take());
        self.linked_etag = text("x-linked-etag").or(self.linked_etag.take());
        self.etag = text(ETAG.as_str()).or(self.etag.take());
        self.linked_size = text("x-linked-size").or(self.linked_size.take());
    }

    /// What the file is known by, if it is of the commit asked for.
    pub(super) fn identity(&self, asked: &Commit) -> Result<Identity, Refusal> {
        let served = self.commit.as_deref().ok_or(Refusal::CommitUntold)?;
        let served = Commit::parse(served).map_err(|_| Refusal::CommitUnreadable)?;
        if served != *asked {
            return Err(Refusal::WrongCommit { asked: asked.to_string(), served: served.to_string() });
        }
        let etag = self.linked_etag.as_deref().or(self.etag.as_deref()).ok_or(Refusal::EtagUntold)?;
        Identity::parse(normalised(etag)).ok_or(Refusal::EtagUnknown)
    }

    /// The file's length, from what the hub says and what the body says of itself.
    pub(super) fn length(&self, body: Option<u64>) -> Result<u64, Refusal> {
        let linked = self.linked_size.as_deref().map(|text| number(text).ok_or(Refusal::LengthUnreadable));
        match (linked.transpose()?, body) {
            (Some(linked), Some(body)) if linked != body => Err(Refusal::LengthsDisagree { linked, body }),
            (Some(bytes), _) | (None, Some(bytes)) => Ok(bytes),
            (None, None) => Err(Refusal::LengthUntold),
        }
    }
}

/// An etag without weakness mark and quotes.
pub(super) fn normalised(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}

/// The strong etag by which the host that sends the bytes knows them, quotes included.
pub(super) fn validator(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(ETAG)?.to_str().ok()?;
    (text.starts_with('"') && text.len() < 256).then(|| text.to_owned())
}

/// The length that a body says it has.
pub(super) fn body_length(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    value.to_str().ok().and_then(number).map(Some).ok_or(Refusal::LengthUnreadable)
}

/// Refuses a body that was compressed on the way.
pub(super) fn check_plain(headers: &HeaderMap, token: Option<&Token>) -> Result<(), Refusal> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(()) };
    let text = String::from_utf8_lossy(encoding.as_bytes());
    if text.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    Err(Refusal::Encoded { encoding: Token::shown(token, &text) })
}

/// Reads `Content-Range: bytes FIRST-LAST/TOTAL`.
pub(super) fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    (first <= last && last < total).then_some((first, total))
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
