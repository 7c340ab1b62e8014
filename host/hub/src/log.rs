//! What the hub was asked.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a request is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Requests for files.
    Resolvers,
    /// Requests under `/api`.
    Api,
    /// Requests to the host of large files.
    Cdn,
}

/// Which of the hub's two addresses was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The hub itself.
    Hub,
    /// The host of large files, which must never see a token.
    Cdn,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When it came.
    pub came: Instant,
    /// When its head was answered, if it was.
    pub answered: Option<Instant>,
    /// What it counts under.
    pub bucket: Bucket,
    /// Where it was sent.
    pub side: Side,
    /// `GET` or `HEAD`.
    pub method: String,
    /// The path and query as sent.
    pub path: String,
    /// The status of the answer; 0 while there is none.
    pub status: u16,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-Range` header.
    pub if_range: Option<String>,
    /// Whether an `Authorization` header came with it.
    pub had_token: bool,
    /// What `Accept-Encoding` said.
    pub accept_encoding: Option<String>,
    /// How long the client was told to wait, from the answer on.
    pub wait: Option<Duration>,
}

/// All requests since the start or the last clearing, in the order in which they came.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<Asked>>);

impl Log {
    /// Everything asked so far.
    pub fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests counted under `bucket`.
    pub fn count(&self, bucket: Bucket) -> usize {
        self.all().iter().filter(|asked| asked.bucket == bucket).count()
    }

    /// Requests that reached a bucket after one of it was told to wait and before that time was over.
    pub fn inside_a_wait(&self) -> Vec<Asked> {
        self.inside_a_wait_beyond(Duration::ZERO)
    }

    /// Of these, the ones that came later than `crossing` after the word: before, the two may have crossed on the way.
    pub fn inside_a_wait_beyond(&self, crossing: Duration) -> Vec<Asked> {
        let all = self.all();
        let windows: Vec<_> =
            all.iter().filter_map(|asked| Some((asked.bucket, asked.answered?, asked.wait?))).collect();
        let inside = |asked: &&Asked| {
            windows.iter().any(|(bucket, told, wait)| {
                asked.bucket == *bucket && asked.came > *told + crossing && asked.came < *told + *wait
            })
        };
        all.iter().filter(inside).cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn came(&self, asked: Asked) -> usize {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(asked);
        all.len() - 1
    }

    pub(crate) fn answered(&self, n: usize, status: u16, wait: Option<Duration>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = all.get_mut(n) {
            asked.status = status;
            asked.wait = wait;
            asked.answered = Some(Instant::now());
        }
    }
}
