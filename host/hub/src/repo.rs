//! What the hub holds.

use std::collections::BTreeMap;

use axum::body::Bytes;
use sha1::Digest as _;

/// Who may read a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Whoever has a token of the hub; to others it does not exist.
    Private,
    /// Whoever has a token and has accepted its terms.
    Gated {
        /// Whether the hub's tokens have accepted.
        accepted: bool,
    },
    /// Nobody.
    Disabled,
}

/// How a file's bytes are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the hub, with the git blob's SHA-1 as etag.
    Plain,
    /// By the hub, as a large file that needs no redirect: the SHA-256 is its etag.
    LargeHere,
    /// By the other host, by a redirect with the SHA-256 as `X-Linked-Etag`.
    Large,
}

/// One file's bytes and what they are known by.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// The bytes, shared by all answers.
    pub bytes: Bytes,
    /// How they are handed out.
    pub way: Way,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// SHA-1 of `blob LENGTH NUL` and the bytes, in hex.
    pub git_sha1: String,
}

impl StoredFile {
    /// A file of these bytes.
    pub fn new(bytes: impl Into<Bytes>, way: Way) -> Self {
        let bytes = bytes.into();
        let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
        let mut blob = sha1::Sha1::new();
        blob.update(format!("blob {}\0", bytes.len()));
        blob.update(&bytes);
        Self { git_sha1: hex::encode(blob.finalize()), sha256, way, bytes }
    }

    /// What the file is known by: without quotes.
    pub fn etag(&self) -> &str {
        if self.way == Way::Plain { &self.git_sha1 } else { &self.sha256 }
    }
}

/// A repository's files at one commit.
#[derive(Debug, Clone)]
pub struct Revision {
    /// Forty hex digits.
    pub commit: String,
    /// By their names.
    pub files: BTreeMap<String, StoredFile>,
}

/// One repository.
#[derive(Debug, Clone)]
pub struct Repo {
    /// `owner/name`.
    pub namespace: String,
    /// Newest first; `main` is the first.
    pub revisions: Vec<Revision>,
    /// Who may read it.
    pub access: Access,
    /// Where it was moved to, if it was.
    pub renamed_to: Option<String>,
}

impl Repo {
    /// An open repository with one commit that holds `data.jsonl`.
    pub fn with_dataset(namespace: &str, commit: &str, bytes: impl Into<Bytes>, way: Way) -> Self {
        let files = BTreeMap::from([("data.jsonl".to_owned(), StoredFile::new(bytes, way))]);
        let revisions = vec![Revision { commit: commit.to_owned(), files }];
        Self { namespace: namespace.to_owned(), revisions, access: Access::Open, renamed_to: None }
    }

    /// The revision that a commit, or `main`, names.
    pub fn revision(&self, name: &str) -> Option<&Revision> {
        if name == "main" {
            return self.revisions.first();
        }
        self.revisions.iter().find(|revision| revision.commit == name)
    }
}
