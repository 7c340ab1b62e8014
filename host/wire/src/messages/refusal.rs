//! Why the miner does not answer with a proof.

use serde::{Deserialize, Serialize};

use super::why::to_json;
use crate::limits::MAX_REFUSAL_BYTES;
use crate::texts::legible;

/// Characters of a refusal's sentence; even escaped to the utmost they stay under [`MAX_REFUSAL_BYTES`].
const MAX_WHY_CHARS: usize = 400;
const _: () = assert!(MAX_WHY_CHARS * 8 + 256 < MAX_REFUSAL_BYTES);

/// The kind of a refusal; decides its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// 400: headers or body do not say what they should.
    BadRequest,
    /// 401: stale, or the signature does not verify.
    Unauthenticated,
    /// 403: no validator with a permit on the metagraph.
    NotPermitted,
    /// 404: no such route.
    UnknownRoute,
    /// 404: no such plot is kept for the caller.
    UnknownRegistration,
    /// 404: there is no such cargo here.
    UnknownCargo,
    /// 405: the route takes another method.
    WrongMethod,
    /// 408: the body did not come in time.
    TooSlow,
    /// 409: the nonce was taken before.
    Replayed,
    /// 413: the body is longer than any message can be.
    TooLarge,
    /// 415: the body is compressed.
    Encoded,
    /// 421: addressed to another hotkey.
    Misaddressed,
    /// 429: more requests than the caller may send.
    TooMany,
    /// 500: the miner could not.
    Fault,
    /// 503: the miner could not in time.
    Busy,
}

impl RefusalCode {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::NotPermitted => 403,
            Self::UnknownRoute | Self::UnknownRegistration | Self::UnknownCargo => 404,
            Self::WrongMethod => 405,
            Self::TooSlow => 408,
            Self::Replayed => 409,
            Self::TooLarge => 413,
            Self::Encoded => 415,
            Self::Misaddressed => 421,
            Self::TooMany => 429,
            Self::Fault => 500,
            Self::Busy => 503,
        }
    }
}

/// A refusal: its kind, and one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// Its kind.
    pub code: RefusalCode,
    /// One sentence; the other side reads it, so no paths and no secrets.
    pub why: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    error: String,
    code: String,
}

#[derive(Serialize)]
struct Written<'a> {
    error: &'a str,
    code: RefusalCode,
}

impl Refusal {
    /// A refusal with one sentence, cut where it gets long.
    #[must_use]
    pub fn new(code: RefusalCode, why: impl AsRef<str>) -> Self {
        Self { code, why: legible(why.as_ref(), MAX_WHY_CHARS) }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// The body: JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_json(&Written { error: &legible(&self.why, MAX_WHY_CHARS), code: self.code })
    }

    /// The sentence of a refusal's body, whatever its kind, if it is one.
    #[must_use]
    pub fn sentence(body: &[u8]) -> Option<String> {
        let Body { error, code } = serde_json::from_slice(body).ok()?;
        Some(format!("{} ({})", legible(&error, MAX_WHY_CHARS), legible(&code, 40)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_json_with_a_sentence_and_a_code() {
        let refusal = Refusal::new(RefusalCode::UnknownRegistration, "no plot is kept for you");
        assert_eq!(refusal.status(), 404);
        assert_eq!(
            String::from_utf8(refusal.to_bytes()).unwrap(),
            r#"{"error":"no plot is kept for you","code":"unknown-registration"}"#
        );
        assert_eq!(
            Refusal::sentence(&refusal.to_bytes()).unwrap(),
            "no plot is kept for you (unknown-registration)"
        );
    }

    #[test]
    fn no_sentence_makes_a_refusal_longer_than_its_cap() {
        for text in ["\u{1F980}", "\0", "\"", "\\", "\u{2028}"] {
            let refusal = Refusal::new(RefusalCode::Fault, text.repeat(100_000));
            assert!(refusal.to_bytes().len() <= MAX_REFUSAL_BYTES, "{text:?}");
        }
    }
}
