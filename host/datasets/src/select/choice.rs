//! So many different rows, drawn by a seed.

use std::collections::BTreeMap;

use crate::RowId;

/// What the seed's key is for.
const CONTEXT: &str = "plimsoll datasets 2026-11-22 rows chosen by a seed";

/// The first bytes of the BLAKE3 of a row's id under the seed's key; then the id, so that no two rows are equal.
type Draw = ([u8; 16], RowId);

/// The rows with the smallest draws of all that were offered. Memory follows how many are wanted.
#[derive(Debug, Clone)]
pub struct Choice<T> {
    key: [u8; 32],
    n_rows: usize,
    chosen: BTreeMap<Draw, T>,
}

impl<T> Choice<T> {
    /// For at most `n_rows` rows.
    #[must_use]
    pub fn new(seed: u64, n_rows: usize) -> Self {
        let key = blake3::derive_key(CONTEXT, &seed.to_le_bytes());
        Self { key, n_rows, chosen: BTreeMap::new() }
    }

    /// Offers a row with what is to be kept of it, which is made only if the row is among the chosen so far. Of equal
    /// rows the one that is offered first counts.
    ///
    /// # Errors
    /// That of `kept`; then the row was not offered.
    pub fn offer<E>(&mut self, id: RowId, kept: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        let draw = self.draw(id);
        let is_full = self.chosen.len() >= self.n_rows;
        let is_beyond = is_full && self.chosen.last_key_value().is_none_or(|(last, _)| draw > *last);
        if is_beyond || self.chosen.contains_key(&draw) {
            return Ok(());
        }
        self.chosen.insert(draw, kept()?);
        if is_full {
            self.chosen.pop_last();
        }
        Ok(())
    }

    fn draw(&self, id: RowId) -> Draw {
        let hash = blake3::keyed_hash(&self.key, &id.0);
        let mut first = [0; 16];
        first.copy_from_slice(&hash.as_bytes()[..16]);
        (first, id)
    }

    /// How many are chosen: fewer than wanted where fewer were offered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    /// The rows, in the order of their draws: a shuffle of its own for each seed.
    pub fn into_rows(self) -> impl Iterator<Item = (RowId, T)> {
        self.chosen.into_iter().map(|((_, id), kept)| (id, kept))
    }
}
