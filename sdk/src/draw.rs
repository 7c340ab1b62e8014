//! Deterministic sampling: the same randomness gives the same choice on every validator, and nobody who
//! does not know the randomness can foresee it.
//!
//! Numbers come from keyed-BLAKE3 extended output and are made uniform by rejection, so without modulo
//! bias; distinct indices by Floyd's algorithm (Bentley and Floyd, "A sample of brilliance", CACM 30(9),
//! 1987): every set of k indices is equally likely.

use std::collections::BTreeSet;

use crate::pure::{HashKind, Keystream, digest_of, keystream_at};
use crate::{Digest, PluginError, Result, Span, Statement};

const PIECE_BYTES: u32 = 1024;

/// An endless sequence of uniform numbers.
#[derive(Debug, Clone)]
pub struct Draws {
    key: Digest,
    buffer: Vec<u8>,
    at: usize,
    read_bytes: u64,
}

impl Draws {
    /// The sequence of a purpose and its inputs. `purpose` keeps sequences for different ends apart; the
    /// inputs are kept apart from each other by their lengths.
    #[must_use]
    pub fn new(purpose: &str, inputs: &[&[u8]]) -> Self {
        let mut seed = Vec::new();
        for part in std::iter::once(purpose.as_bytes()).chain(inputs.iter().copied()) {
            seed.extend_from_slice(&(part.len() as u64).to_le_bytes());
            seed.extend_from_slice(part);
        }
        let key = digest_of(HashKind::Blake3, &seed);
        Self { key, buffer: Vec::new(), at: 0, read_bytes: 0 }
    }

    /// The next 32 bytes.
    pub fn digest(&mut self) -> Digest {
        let mut out = [0; 32];
        for word in out.as_chunks_mut::<8>().0 {
            *word = self.word().to_le_bytes();
        }
        out
    }

    /// The next number of all 64-bit numbers.
    pub fn word(&mut self) -> u64 {
        if self.at == self.buffer.len() {
            self.buffer = keystream_at(Keystream::Blake3Xof, &self.key, 0, self.read_bytes, PIECE_BYTES);
            self.read_bytes += u64::from(PIECE_BYTES);
            self.at = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.buffer[self.at..self.at + 8]);
        self.at += 8;
        u64::from_le_bytes(word)
    }

    /// The next number below `n`, each as likely as the others; 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // The numbers from `fair` up are the last, incomplete run of n.
        let fair = u64::MAX - (u64::MAX % n + 1) % n;
        loop {
            let word = self.word();
            if word <= fair {
                return word % n;
            }
        }
    }

    /// `count` distinct numbers of `span`, ascending; all of it where it has no more.
    pub fn distinct(&mut self, count: u64, span: Span) -> Vec<u64> {
        let mut chosen = BTreeSet::new();
        for last in span.count.saturating_sub(count)..span.count {
            let candidate = self.below(last + 1);
            if !chosen.insert(candidate) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().map(|index| span.first.saturating_add(index)).collect()
    }
}

/// The usual challenge: units to prove, and a nonce that binds the answer to this challenge.
///
/// Bytes: the nonce (32), then each unit's index as eight little-endian bytes, ascending and distinct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Binds the answer to this challenge.
    pub nonce: Digest,
    /// Indices of units, ascending and distinct; never empty.
    pub units: Vec<u64>,
}

impl Challenge {
    /// `samples` distinct units of `focus`, or of all; all of it where it has no more.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for no samples, no units, or a focus outside of the statement's units.
    pub fn draw(
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Self> {
        let Statement { identity, unit_bytes, units, commitment } = statement;
        let span = focus.unwrap_or(Span { first: 0, count: *units });
        if samples == 0 || !span.is_within(*units) {
            return Err(PluginError::BadInput(format!(
                "{samples} samples of {} units from {}: expected at least one sample, inside the {units} units",
                span.count, span.first
            )));
        }
        let commitment = commitment.as_ref().map_or(&[][..], |root| &root[..]);
        let sizes = [u64::from(*unit_bytes), *units, span.first, span.count].map(u64::to_le_bytes).concat();
        let mut draws = Draws::new(
            "plimsoll challenge v1",
            &[randomness, commitment, &identity.to_bytes(), &sizes, &samples.to_le_bytes()],
        );
        Ok(Self { nonce: draws.digest(), units: draws.distinct(u64::from(samples), span) })
    }

    /// The challenge's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.nonce.to_vec();
        for unit in &self.units {
            bytes.extend_from_slice(&unit.to_le_bytes());
        }
        bytes
    }

    /// The challenge of `bytes`, which must be what [`Challenge::to_bytes`] gives for some challenge to
    /// `statement`: no byte more, indices ascending, distinct and in range.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] saying what is wrong.
    pub fn parse(bytes: &[u8], statement: &Statement) -> Result<Self> {
        let bad = |what: String| PluginError::BadInput(format!("no challenge: {what}"));
        let Some((nonce, indices)) = bytes.split_first_chunk::<32>() else {
            return Err(bad(format!("{} bytes, expected a nonce of 32", bytes.len())));
        };
        let (indices, rest) = indices.as_chunks::<8>();
        if indices.is_empty() || !rest.is_empty() {
            return Err(bad(format!(
                "{} bytes, expected 32 and 8 for each of one or more units",
                bytes.len()
            )));
        }
        let units: Vec<u64> = indices.iter().map(|&index| u64::from_le_bytes(index)).collect();
        if let Some(pair) = units.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(bad(format!("unit {} behind unit {}, expected ascending", pair[1], pair[0])));
        }
        match units.last() {
            Some(&last) if last >= statement.units => {
                Err(bad(format!("unit {last}, the statement has {} units", statement.units)))
            }
            _ => Ok(Self { nonce: *nonce, units }),
        }
    }
}
