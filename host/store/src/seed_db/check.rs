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

/// A walk along the chain, one link at a time: it keeps no more than one chunk, however long the chain is.
struct Walk {
    seed: Digest,
    /// The state before chunk `index`.
    state: Digest,
    index: u64,
    text: Vec<u8>,
}

/// SHA-256 of a chunk, and the state behind it.
type Link = (Digest, Digest);

impl Walk {
    fn new(seed: &str, chunk_bytes: u32) -> Self {
        let seed = digest_of(HashKind::Sha256, seed.as_bytes());
        Self { seed, state: seed, index: 0, text: vec![0; chunk_bytes as usize] }
    }

    /// The link of chunk `index`; what lies behind is walked to from the begin.
    fn link(&mut self, index: u64, cancel: &CancelFlag) -> Result<Link, StoreError> {
        if index < self.index {
            (self.state, self.index) = (self.seed, 0);
        }
        loop {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            seed_text(&self.state, &mut self.text);
            let hash = digest_of(HashKind::Sha256, &self.text);
            self.state.0.iter_mut().zip(hash.0).for_each(|(s, h)| *s ^= h);
            self.index += 1;
            if self.index > index {
                return Ok((hash, self.state));
            }
        }
    }
}

/// What rows are held against: the chain, and the same chain again for rows that repeat it.
struct Chain<'a> {
    ahead: Walk,
    /// Begins anew with each restart.
    again: Walk,
    first: Digest,
    cancel: &'a CancelFlag,
}

impl<'a> Chain<'a> {
    fn new(seed: &str, chunk_bytes: u32, cancel: &'a CancelFlag) -> Result<Self, StoreError> {
        let mut again = Walk::new(seed, chunk_bytes);
        let (first, _) = again.link(0, cancel)?;
        Ok(Self { ahead: Walk::new(seed, chunk_bytes), again, first, cancel })
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
        let mut chain = Chain::new(self.seed(), chunk_bytes, cancel)?;
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
                    judge(&mut report, &mut chain, id, &row)?;
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
fn judge(report: &mut SeedDbReport, chain: &mut Chain<'_>, id: u64, row: &SeedRow) -> Result<(), StoreError> {
    let found = digest_in(row, report.kind, report.chunk_bytes);
    let (hash, state) = chain.ahead.link(id, chain.cancel)?;
    if found == Some(hash) {
        if row.state == Some(state) {
            report.matching.insert(one(id));
        } else {
            report.wrong_state.insert(one(id));
        }
        return Ok(());
    }
    if id > 0 {
        if let Some(restart) = report.restarts.last_mut()
            && restart.at + restart.rows == id
            && found == Some(chain.again.link(restart.rows, chain.cancel)?.0)
        {
            restart.rows += 1;
            return Ok(());
        }
        if found == Some(chain.first) {
            report.restarts.push(Restart { at: id, rows: 1 });
            return Ok(());
        }
    }
    report.wrong.insert(one(id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_gives_every_link_in_any_order_and_stops_when_it_is_asked_to() {
        let go = CancelFlag::new();
        let mut walk = Walk::new("minervalidator", 100);
        let links: Vec<Link> = (0..9).map(|index| walk.link(index, &go).unwrap()).collect();
        for index in [3, 8, 8, 0, 5, 4] {
            assert_eq!(walk.link(index, &go).unwrap(), links[index as usize], "{index}");
        }
        let stopping = go.clone();
        let stopper = std::thread::spawn(move || stopping.cancel());
        // Without the flag this would take for ever.
        assert!(matches!(walk.link(u64::MAX - 1, &go), Err(StoreError::Cancelled)));
        stopper.join().unwrap();
    }
}
