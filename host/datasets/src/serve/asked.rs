//! What a visitor asks: the parts of the address and the fields behind it, read strictly.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use plimsoll_core::{BlockNumber, NetUid, Uid};

use super::refusal::Refusal;
use super::server::Refused;
use crate::archive::Place;

/// A request that was taken apart.
#[derive(Clone)]
pub(super) struct Asked {
    params: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    /// What stands behind `?`, as a click on a picture is told.
    pub(super) behind: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params =
            params.map_err(|_| Refused(Refusal::Wrong("The address is not written in UTF-8.".to_owned())))?;
        let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let behind = parts.uri.query().unwrap_or_default().to_owned();
        let fields = url::form_urlencoded::parse(behind.as_bytes()).into_owned().collect();
        Ok(Self { params, fields, behind })
    }
}

impl Asked {
    fn part<T: FromStr>(&self, name: &str, expected: impl Display) -> Result<T, Refusal> {
        let found = self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
        number(found).ok_or_else(|| wrong(name, found, expected))
    }

    pub(super) fn netuid(&self) -> Result<NetUid, Refusal> {
        self.part("netuid", "a number up to 65535").map(NetUid)
    }

    pub(super) fn place(&self) -> Result<Place, Refusal> {
        Ok(Place { netuid: self.netuid()?, block: BlockNumber(self.part("block", "a block number")?) })
    }

    pub(super) fn uid(&self) -> Result<Uid, Refusal> {
        self.part("uid", "a number up to 65535").map(Uid)
    }

    /// A part that is a word.
    pub(super) fn word(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A field that says something.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field that is a number.
    pub(super) fn number<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Refusal> {
        let read = |found| number(found).ok_or_else(|| wrong(name, found, expected));
        self.field(name).map(read).transpose()
    }

    /// A field that is one of a few words; the first where it is not given.
    pub(super) fn choice<'a>(&self, name: &str, words: &[&'a str]) -> Result<&'a str, Refusal> {
        let Some(found) = self.field(name) else { return Ok(words.first().copied().unwrap_or_default()) };
        let known = words.iter().copied().find(|word| *word == found);
        known.ok_or_else(|| wrong(name, found, format!("one of {}", words.join(", "))))
    }

    /// The page of a list, from 1.
    pub(super) fn page(&self) -> Result<usize, Refusal> {
        let page = self.number("page", "a number from 1")?.unwrap_or(1);
        if page == 0 { Err(wrong("page", "0", "a number from 1")) } else { Ok(page) }
    }

    /// The same fields with one set to another value, as they stand behind `?`.
    pub(super) fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        for (name, value) in self.fields.iter().filter(|(name, value)| !value.is_empty() && !is_changed(name))
        {
            out.append_pair(name, value);
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            out.append_pair(name, value);
        }
        let fields = out.finish();
        if fields.is_empty() { String::new() } else { format!("?{fields}") }
    }
}

/// Decimal digits alone: no sign, which Rust would take.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn wrong(name: &str, found: &str, expected: impl Display) -> Refusal {
    let shown: String = found.chars().take(60).collect();
    Refusal::Wrong(format!("{name}: expected {expected}, found “{shown}”."))
}
