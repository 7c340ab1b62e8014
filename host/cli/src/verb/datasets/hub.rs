//! The hub's client and the plugin, as the environment and the configuration have them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use plimsoll_datasets::fetch::{Budget, Fetch, FetchOptions, Pace, Settings, Token, TokenPlace};
use plimsoll_datasets::source::Source;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// The client. Endpoint and token are read as the hub's own tools read them; where the environment names no token, that
/// of a `.env` file in this folder counts, and with it, but with no other token, that file's endpoint.
///
/// # Errors
/// [`Exit::Config`] for an endpoint or token that cannot be used.
pub(in crate::verb) fn client(config: &Config) -> Result<Arc<Fetch>, Failure> {
    let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let known = |name: &str| name.starts_with("HF_") || name.starts_with("HUGGING_FACE_") || is_place(name);
    let environment: BTreeMap<String, String> =
        std::env::vars_os().filter_map(utf8).filter(|(name, _)| known(name)).collect();
    let dot_env = read(Path::new(".env"))?;
    let settings = Settings::read(&environment, dot_env.as_deref())?;
    let token = match settings.token {
        TokenPlace::None => None,
        TokenPlace::Here(token) => Some(token),
        TokenPlace::File(path) => match read(&path)? {
            Some(text) => Token::parse(&text, "the token's file")?,
            None => None,
        },
    };
    let collecting = &config.collecting;
    let pace = match collecting.rate {
        0 => Pace::Free,
        rate => Pace::per_second(f64::from(rate)).unwrap_or(Pace::Free),
    };
    let options = FetchOptions { token, jobs: collecting.jobs, ..FetchOptions::new(settings.endpoint) };
    Ok(Arc::new(Fetch::new(options, Arc::new(Budget::new(pace)))?))
}

fn is_place(name: &str) -> bool {
    matches!(name, "HOME" | "XDG_CACHE_HOME")
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::new(Exit::Config, format!("cannot read {}: {}", path.display(), error.kind())))
        }
    }
}

/// The configured source, loaded.
///
/// # Errors
/// As plugins are refused.
pub(in crate::verb) fn source(config: &Config) -> Result<Source, Failure> {
    let plugin = config.dataset.for_node().resolve()?;
    Ok(Source::load(&config.host()?, &plugin, &config.dataset.params)?)
}
