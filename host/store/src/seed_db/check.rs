//! Holding rows against the chain of their seed.
//!
//! `state_0 = SHA-256(seed)`, `chunk_i = text(state_i)`, `state_{i+1} = state_i XOR SHA-256(chunk_i)`.

use plimsoll_core::{Digest, Span, Spans};
use plimsoll_kernels::{HashKind, digest_of, seed_text};

use super::{DbKind, Restart, SeedDb, SeedDbReport, SeedRow};
use crate::{CancelFlag, StoreError};

/// The largest chunk that is regenerated: what SQLite takes in one text by default, about.
const LARGEST_CHUNK_BYTES: usize = 1 << 30;

/// Where nobody says how many rows there should be, a lone row with a huge id must not make us compute the
/// whole chain up to it: what lies this far behind a gap, and further than twice the rows, is surplus.
const REACH_ROWS: u64 = 1024;

/// The chain as far as it was needed.
struct Chain {
    state: Digest,
    text: Vec<u8>,
    /// SHA-256 of each chunk, and the state behind it.
    links: Vec<(Digest, Digest)>,
}

impl Chain {
    fn new(seed: &str, chunk_bytes: u32) -> Self {
        let state = digest_of(HashKind::Sha256, seed.as_bytes());
        Self { state, text: vec![0; chunk_bytes as usize], links: Vec::new() }
    }

    fn link(&mut self, index: u64) -> (Digest, Digest) {
        while self.links.len() as u64 <= index {
            seed_text(&self.state, &mut self.text);
            let hash = digest_of(HashKind::Sha256, &self.text);
            let mut next = self.state;
            next.0.iter_mut().zip(hash.0).for_each(|(s, h)| *s ^= h);
            self.links.push((hash, next));
            self.state = next;
        }
        self.links[index as usize]
    }
}

/// What a row holds, as the digest of its chunk.
fn digest_in(row: &SeedRow, kind: DbKind, chunk_bytes: u32) -> Option<Digest> {
    match kind {
        DbKind::Data if row.text.len() == chunk_bytes as usize => {
            Some(digest_of(HashKind::Sha256, &row.text))
        }
        DbKind::Data => None,
        DbKind::Hashes => {
            let text = std::str::from_utf8(&row.text).ok()?;
            let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            lower.then(|| text.parse().ok())?
        }
    }
}

impl SeedDb {
    /// Holds every row against its seed. `expected_rows` and `chunk_bytes` come from `partition.json`; without
    /// them the rows that are there are expected, and the first row's length counts.
    ///
    /// # Errors
    /// [`StoreError::BadSeedDb`] where the chunk size is not known or SQLite cannot read on;
    /// [`StoreError::Cancelled`].
    pub fn check(
        &self,
        expected_rows: Option<u64>,
        chunk_bytes: Option<u32>,
        cancel: &CancelFlag,
    ) -> Result<SeedDbReport, StoreError> {
        let chunk_bytes = self.chunk_bytes(chunk_bytes)?;
        let mut chain = Chain::new(self.seed(), chunk_bytes);
        let mut seen = Spans::new();
        let mut report = SeedDbReport {
            path: self.path().to_owned(),
            seed: self.seed().to_owned(),
            kind: self.kind(),
            chunk_bytes,
            rows: 0,
            expected_rows: expected_rows.unwrap_or(0),
            matching: Spans::new(),
            wrong: Spans::new(),
            wrong_state: Spans::new(),
            missing: Vec::new(),
            restarts: Vec::new(),
            surplus: Vec::new(),
        };
        self.each_row(|row| {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            report.rows += 1;
            match u64::try_from(row.id) {
                Ok(id) if id < expected_rows.unwrap_or(report.rows * 2 + REACH_ROWS) => {
                    seen.insert(one(id));
                    judge(&mut report, &mut chain, id, &row);
                }
                _ => report.surplus.push(row.id),
            }
            Ok(())
        })?;
        let last = seen.iter().last().map_or(0, |span| span.end());
        report.expected_rows = expected_rows.unwrap_or(last);
        report.missing = seen.missing(report.expected_rows);
        Ok(report)
    }

    fn chunk_bytes(&self, given: Option<u32>) -> Result<u32, StoreError> {
        let bad = |why: &str| StoreError::BadSeedDb { path: self.path().to_owned(), why: why.to_owned() };
        if let Some(bytes) = given {
            let sound = bytes > 0 && bytes as usize <= LARGEST_CHUNK_BYTES;
            return if sound { Ok(bytes) } else { Err(bad("a chunk has between 1 byte and 1 GiB")) };
        }
        if self.kind() == DbKind::Hashes {
            return Err(bad("hashes do not tell the size of their chunks: give it, or the partition.json"));
        }
        let first = self.first_text()?.unwrap_or_default().len();
        match u32::try_from(first) {
            Ok(bytes) if bytes > 0 && first <= LARGEST_CHUNK_BYTES => Ok(bytes),
            _ => Err(bad("its first row has no text that would tell the size of a chunk")),
        }
    }
}

const fn one(id: u64) -> Span {
    Span { first: id, count: 1 }
}

/// Sorts one row into the report. Rows come in ascending order.
fn judge(report: &mut SeedDbReport, chain: &mut Chain, id: u64, row: &SeedRow) {
    let found = digest_in(row, report.kind, report.chunk_bytes);
    let (hash, state) = chain.link(id);
    if found == Some(hash) {
        if row.state == Some(state) {
            report.matching.insert(one(id));
        } else {
            report.wrong_state.insert(one(id));
        }
        return;
    }
    if id > 0 {
        if let Some(restart) = report.restarts.last_mut()
            && restart.at + restart.rows == id
            && found == Some(chain.link(restart.rows).0)
        {
            restart.rows += 1;
            return;
        }
        if found == Some(chain.link(0).0) {
            report.restarts.push(Restart { at: id, rows: 1 });
            return;
        }
    }
    report.wrong.insert(one(id));
}
