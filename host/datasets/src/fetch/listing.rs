//! The names in a repository at a commit, none of which is believed.

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::{HeaderMap, LINK};
use serde_json::Value;
use url::Url;

use super::client::Fetch;
use super::names::{Commit, NameFault, Namespace, check_path};
use super::refusal::Refusal;
use super::token::Token;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path, which is safe to write under a folder of one's own.
    pub path: String,
    /// Its length, as the hub says.
    pub size_bytes: u64,
}

impl Fetch {
    /// All files of `repository` at `commit`. One name that must not be used refuses the whole listing.
    pub async fn listing(&self, repository: &Namespace, commit: &Commit) -> Result<Vec<Entry>, Refusal> {
        let mut url = self.endpoint.tree(repository, commit);
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        loop {
            if seen.len() >= self.caps.pages as usize {
                return Err(Refusal::TooManyPages { most: self.caps.pages });
            }
            let (page, headers) = self.json(&url).await?;
            let page = page.as_array().ok_or(Refusal::ApiUnreadable { field: "the list of entries" })?;
            for entry in page {
                entries.extend(read(entry)?);
            }
            seen.insert(url.to_string());
            let Some(next) = next_page(&url, &headers) else { break };
            if !self.endpoint.is_home(&next) {
                let host = Token::shown(self.token.as_ref(), next.host_str().unwrap_or_default());
                return Err(Refusal::PageElsewhere { host });
            }
            if seen.contains(next.as_str()) {
                return Err(Refusal::PageLoop);
            }
            url = next;
        }
        check_together(&entries)?;
        Ok(entries)
    }
}

fn read(entry: &Value) -> Result<Option<Entry>, Refusal> {
    let text = |field: &'static str| {
        entry.get(field).and_then(Value::as_str).ok_or(Refusal::ApiUnreadable { field })
    };
    let path = text("path")?;
    check_path(path)?;
    match text("type")? {
        "file" => {}
        "directory" => return Ok(None),
        _ => return Err(NameFault::NotAFile.into()),
    }
    let size_bytes =
        entry.get("size").and_then(Value::as_u64).ok_or(Refusal::ApiUnreadable { field: "size" })?;
    Ok(Some(Entry { path: path.to_owned(), size_bytes }))
}

/// Names that would meet in one place on some disk.
fn check_together(entries: &[Entry]) -> Result<(), NameFault> {
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for entry in entries {
        match folded.insert(entry.path.to_lowercase(), &entry.path) {
            Some(other) if other == entry.path => return Err(NameFault::Twice),
            Some(_) => return Err(NameFault::CaseCollision),
            None => {}
        }
    }
    for path in folded.keys() {
        let mut folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        if folders.any(|folder| folded.contains_key(folder)) {
            return Err(NameFault::FileAndFolder);
        }
    }
    Ok(())
}

/// Reads `Link: <address>; rel="next"`.
fn next_page(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let text = headers.get(LINK)?.to_str().ok()?;
    let link = text.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (address, _) = link.trim().strip_prefix('<')?.split_once('>')?;
    from.join(address).ok()
}
