//! The five headers, read strictly.

use std::fmt::Display;
use std::str::FromStr;

use axum::http::HeaderMap;
use plimsoll_core::{Hotkey, Signature};

use super::{AuthError, Nonce};

pub(super) const VERSION: &str = "x-bittensor-version";
pub(super) const HOTKEY: &str = "x-bittensor-hotkey";
pub(super) const RECEIVER: &str = "x-bittensor-receiver";
pub(super) const NONCE: &str = "x-bittensor-nonce";
pub(super) const SIGNATURE: &str = "x-bittensor-signature";
pub(super) const CRYPTO: &str = "x-bittensor-crypto";

/// What the headers of a request say, before anything is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthHeaders {
    /// Who says to have signed.
    pub sender: Hotkey,
    /// For whom, if it names one.
    pub receiver: Option<Hotkey>,
    /// When, and which.
    pub nonce: Nonce,
    /// By what.
    pub signature: Signature,
    /// Whether the declared scheme is sr25519, the only one that is checked here.
    pub sr25519: bool,
}

impl AuthHeaders {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`AuthError::Malformed`] naming the header.
    pub fn parse(headers: &HeaderMap) -> Result<Self, AuthError> {
        let version = required(headers, VERSION)?;
        if version != "1" {
            return Err(malformed(VERSION, "expected 1, the only version of btauth spoken here"));
        }
        let sr25519 = match optional(headers, CRYPTO)? {
            None | Some("sr25519") => true,
            Some("ed25519") => false,
            Some(_) => return Err(malformed(CRYPTO, "expected sr25519 or no such header")),
        };
        Ok(Self {
            sender: parsed(HOTKEY, required(headers, HOTKEY)?)?,
            receiver: optional(headers, RECEIVER)?.map(|text| parsed(RECEIVER, text)).transpose()?,
            nonce: nonce_of(required(headers, NONCE)?).ok_or_else(|| {
                malformed(NONCE, "expected nanoseconds since 1970 in decimal digits, no leading zeros")
            })?,
            signature: signature_of(required(headers, SIGNATURE)?)
                .ok_or_else(|| malformed(SIGNATURE, "expected 0x and 128 hex digits"))?,
            sr25519,
        })
    }
}

/// A nonce in exactly the form that it is signed in.
pub(crate) fn nonce_of(text: &str) -> Option<Nonce> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok().map(Nonce)).flatten()
}

/// A signature with its `0x`.
pub(crate) fn signature_of(text: &str) -> Option<Signature> {
    text.strip_prefix("0x").filter(|digits| digits.len() == 128)?.parse().ok()
}

pub(crate) fn malformed(header: &'static str, why: impl Into<String>) -> AuthError {
    AuthError::Malformed { header, why: why.into() }
}

fn parsed<T: FromStr<Err: Display>>(header: &'static str, text: &str) -> Result<T, AuthError> {
    text.parse().map_err(|e: T::Err| malformed(header, e.to_string()))
}

pub(crate) fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, AuthError> {
    optional(headers, name)?.ok_or_else(|| malformed(name, "is missing"))
}

pub(crate) fn optional<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, AuthError> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(malformed(name, "comes more than once"));
    }
    let Some(value) = first else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| malformed(name, "expected visible ASCII characters"))
}
