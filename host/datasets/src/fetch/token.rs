//! The secret that opens private repositories.

use std::fmt;

use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use super::settings::SettingsError;

const MAX_TOKEN_BYTES: usize = 512;

/// A token of the hub. It is never printed, and wiped when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Takes a token as it stands in a variable or a file, blanks around it removed; nothing if it is empty.
    pub fn parse(text: &str, place: &'static str) -> Result<Option<Self>, SettingsError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_TOKEN_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::Token { place });
        }
        Ok(Some(Self(Zeroizing::new(text.to_owned()))))
    }

    /// As a header that is never shown.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("Bearer {}", self.0.as_str()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `text` of a stranger, cut short and without what could harm a terminal, or this token, which it may repeat.
    pub(super) fn shown(token: Option<&Self>, text: &str) -> String {
        const MOST: usize = 80;
        if token.is_some_and(|token| text.to_ascii_lowercase().contains(&token.0.to_ascii_lowercase())) {
            return "[hidden: it repeats the token]".to_owned();
        }
        text.chars().take(MOST).map(|letter| if letter.is_ascii_graphic() { letter } else { '?' }).collect()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}
