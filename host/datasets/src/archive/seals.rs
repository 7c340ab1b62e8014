//! Which of several seals of one place counts; the others lie beside it.

use super::batch::Batch;
use super::error::ArchiveError;
use super::manifest::{Manifest, Place, Seal};

impl Batch<'_> {
    /// Lets a seal count at its place, or lie beside one that does: nothing that a snapshot named is lost by a later one.
    pub(super) fn count(&mut self, place: Place, number: u64, before: Option<(u64, Seal)>, is_signed: bool) {
        match before {
            Some((_, seal)) if seal.signed.is_some() && !is_signed => {
                self.new_replaced.insert((place, number));
            }
            other => {
                self.new_replaced.extend(other.map(|(before, _)| (place, before)));
                self.new_snapshots.insert(place, number);
            }
        }
    }

    /// The manifest that was kept of a place before this batch, if it can be read.
    ///
    /// # Errors
    /// As the index says.
    pub fn kept_at(&self, place: Place) -> Result<Option<Manifest>, ArchiveError> {
        match self.archive.manifest(place) {
            Ok((manifest, _)) => Ok(Some(manifest)),
            Err(ArchiveError::NoSnapshot { .. }) => Ok(None),
            Err(e) if e.is_damage() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The seal that counts at a place, and its number.
    pub(super) fn kept_seal(&self, place: Place) -> Result<Option<(u64, Seal)>, ArchiveError> {
        let number = match self.new_snapshots.get(&place) {
            Some(number) => Some(*number),
            None => {
                self.archive.seals()?.into_iter().find_map(|(at, number)| (at == place).then_some(number))
            }
        };
        let Some(number) = number else { return Ok(None) };
        match self.piece(number) {
            Ok(bytes) => Ok(Seal::decode(&bytes).map(|seal| (number, seal))),
            // A seal that cannot be read is made anew.
            Err(e) if e.is_damage() => Ok(None),
            Err(e) => Err(e),
        }
    }
}
