//! Endpoint and token out of an environment, as the Python client reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::endpoint::Endpoint;
use super::token::Token;

/// Why the client cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// `HF_ENDPOINT` cannot be used.
    #[error("HF_ENDPOINT {why}")]
    Endpoint {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A token that is none. What it was is not shown.
    #[error(
        "the token in {place} is not a token: expected up to 512 letters, digits and signs without blanks"
    )]
    Token {
        /// Where it stood.
        place: &'static str,
    },
    /// The encryption could not be set up.
    #[error("TLS: {why}")]
    Tls {
        /// What was said.
        why: String,
    },
}

/// Where the token is.
#[derive(Debug, Clone)]
pub enum TokenPlace {
    /// Nowhere, or it is not to be used.
    None,
    /// It is this one.
    Here(Token),
    /// In this file, if there is one.
    File(PathBuf),
}

/// What an environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hub.
    pub endpoint: Endpoint,
    /// The token.
    pub token: TokenPlace,
}

impl Settings {
    /// Reads the variables of an environment and, where they name no token, that of a `.env` file's text.
    ///
    /// `HF_ENDPOINT`; `HF_TOKEN`, else `HUGGING_FACE_HUB_TOKEN`, else the file `HF_TOKEN_PATH`, else `token` under
    /// `HF_HOME`, which is `huggingface` under `XDG_CACHE_HOME` or `~/.cache`. `HF_HUB_DISABLE_IMPLICIT_TOKEN` set
    /// to 1, ON, YES or TRUE turns every token off.
    ///
    /// Of a `.env` file the two tokens count, and its endpoint for no other token than its own: whoever wrote the file
    /// of a folder must not get the token of whoever works there.
    pub fn read(
        environment: &BTreeMap<String, String>,
        dot_env: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let file = dot_env.map(variables).unwrap_or_default();
        let get = |name: &str| said(environment, name);
        let of_file = |name: &str| said(&file, name);
        let (token, is_of_file) = match is_off(get) {
            true => (TokenPlace::None, false),
            false => match (named(get)?, named(of_file)?) {
                (Some(token), _) => (TokenPlace::Here(token), false),
                (None, Some(token)) => (TokenPlace::Here(token), true),
                (None, None) => (filed(get), false),
            },
        };
        let endpoint = match (get("HF_ENDPOINT"), of_file("HF_ENDPOINT")) {
            (Some(endpoint), _) => endpoint,
            (None, Some(endpoint)) if is_of_file => endpoint,
            (None, Some(_)) => {
                tracing::warn!("HF_ENDPOINT in .env is not used: that file's token is not the one in use");
                Endpoint::DEFAULT
            }
            (None, None) => Endpoint::DEFAULT,
        };
        Ok(Self { endpoint: Endpoint::parse(endpoint)?, token })
    }
}

/// A variable, unless it is blank.
fn said<'v>(variables: &'v BTreeMap<String, String>, name: &str) -> Option<&'v str> {
    variables.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
}

fn is_off<'v>(get: impl Fn(&str) -> Option<&'v str>) -> bool {
    let off = get("HF_HUB_DISABLE_IMPLICIT_TOKEN").map(str::to_ascii_uppercase);
    off.is_some_and(|value| matches!(value.as_str(), "1" | "ON" | "YES" | "TRUE"))
}

/// The token that a variable holds.
fn named<'v>(get: impl Fn(&str) -> Option<&'v str>) -> Result<Option<Token>, SettingsError> {
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
        if let Some(token) = get(name).map(|value| Token::parse(value, name)).transpose()?.flatten() {
            return Ok(Some(token));
        }
    }
    Ok(None)
}

/// The file that a token is kept in.
fn filed<'v>(get: impl Fn(&str) -> Option<&'v str>) -> TokenPlace {
    if let Some(path) = get("HF_TOKEN_PATH") {
        return TokenPlace::File(expanded(path, &get));
    }
    let home = match (get("HF_HOME"), get("XDG_CACHE_HOME"), get("HOME")) {
        (Some(home), _, _) => Some(expanded(home, &get)),
        (None, Some(cache), _) => Some(expanded(cache, &get).join("huggingface")),
        (None, None, Some(home)) => Some(PathBuf::from(home).join(".cache/huggingface")),
        (None, None, None) => None,
    };
    home.map_or(TokenPlace::None, |home| TokenPlace::File(home.join("token")))
}

fn expanded<'v>(path: &str, get: impl Fn(&str) -> Option<&'v str>) -> PathBuf {
    match (path.strip_prefix("~/"), get("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The variables of a `.env` file: `NAME=value`, `export` and quotes allowed, comments skipped.
fn variables(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        named.then(|| (name.to_owned(), unquoted(value.trim())))
    };
    text.lines().filter_map(line).collect()
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner.to_owned();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}
