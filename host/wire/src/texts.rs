//! Text that crosses the wire: hex for bytes, and other people's words made legible.

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

/// SHA-256, the hash of everything that is signed here.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// At most `most` characters of `text` on one line, with control characters made visible: for words that a
/// stranger chose and that end up in a log.
pub(crate) fn legible(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == most {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Bytes as lower-case hex in JSON; upper case is refused, so that one value has one text.
pub(crate) mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(D::Error::custom("hex is written in lower case here"));
        }
        hex::decode(text).map_err(|e| D::Error::custom(format!("expected hex digits: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_stay_on_one_line_and_short() {
        assert_eq!(legible("a\nb\u{1b}[31m", 20), "a\\nb\\u{1b}[31m");
        assert_eq!(legible("abcdef", 3), "abc…");
    }
}
