//! Where the hub is.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use super::names::{Commit, Namespace};
use super::settings::SettingsError;

/// The hub's address: https, or http on loopback.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Where the Hugging Face Hub is.
    pub const DEFAULT: &'static str = "https://huggingface.co";

    /// Takes an address, with or without a slash at its end.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let trimmed = text.trim().trim_end_matches('/');
        let url = Url::parse(trimmed).map_err(|_| SettingsError::Endpoint { why: "is not an address" })?;
        let refused = |why| Err(SettingsError::Endpoint { why });
        if !url.username().is_empty() || url.password().is_some() {
            return refused("carries a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refused("carries a query or a fragment");
        }
        match url.scheme() {
            "https" if url.has_host() => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => refused("is plain http, which is taken for loopback addresses alone: write https"),
            _ => refused("is neither https nor http"),
        }
    }

    /// The address of a file at a commit; `path` is checked.
    pub(super) fn file(&self, repo: &Namespace, commit: &Commit, path: &str) -> Url {
        let [owner, name] = repo.parts();
        self.under(["datasets", owner, name, "resolve", commit.as_str()].into_iter().chain(path.split('/')))
    }

    /// The address of a file at a branch, tag or commit.
    pub(super) fn file_at(&self, repo: &Namespace, revision: &str, path: &str) -> Url {
        let [owner, name] = repo.parts();
        self.under(["datasets", owner, name, "resolve", revision].into_iter().chain(path.split('/')))
    }

    /// The address of what the API says of a repository at a revision.
    pub(super) fn revision(&self, repo: &Namespace, revision: &str) -> Url {
        let [owner, name] = repo.parts();
        self.under(["api", "datasets", owner, name, "revision", revision])
    }

    /// The address of a listing.
    pub(super) fn tree(&self, repo: &Namespace, commit: &Commit) -> Url {
        let [owner, name] = repo.parts();
        let mut url = self.under(["api", "datasets", owner, name, "tree", commit.as_str()]);
        url.set_query(Some("recursive=true"));
        url
    }

    fn under<'p>(&self, parts: impl IntoIterator<Item = &'p str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// Whether `url` is on the very host that was configured: scheme, name and port.
    pub(super) fn is_home(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// The address that a URL's host is, when it is not a name.
pub(super) fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = bare.parse().ok()?;
    Some(address.to_canonical())
}

pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || address(url).is_some_and(|address| address.is_loopback())
}
