//! What can be set, and what of it can be proven and claimed.

use plimsoll_sdk::pospace::PlotForm;
use plimsoll_sdk::{PluginError, Result};

plimsoll_sdk::parameters! {
    /// Parameters of proof-chia.
    pub struct Config {
        /// The logarithm of a plot's entries: even, from 18 (650 KB) to 28 (1 GB).
        k: u8 = 18, from 18 to 28;
        /// How hard a plot is to make: 2 to 17.
        strength: u8 = 2, from 2 to 17;
        /// Challenges that belong to a unit: any of them may be answered.
        tries: u32 = 64, from 32 to 256;
        /// Challenges of a unit that must be answered: a sixteenth of the tries at most, 4 for a claim of space.
        proofs: u32 = 1, from 1 to 16;
        /// Milliseconds for an answer: space is claimed where making a plot takes four times as long,
        deadline_ms: u32 = 5_000, from 1 to 600_000;
        /// on so many cores.
        cores: u32 = 16, from 1 to 65_536;
        /// The group id of the one plot to make, 64 hex digits, in place of one from identity and unit.
        group_id: String = String::new();
    }
}

/// Of k = 18, 20 to 28: core-milliseconds of making a plot, and proofs that the fuel of one answer pays.
pub(crate) const SIZES: [(u64, u32); 6] =
    [(200, 64), (750, 32), (2_900, 16), (12_000, 7), (48_000, 3), (190_000, 1)];
/// A plot must take so many times the deadline of all cores, for cores twice as fast as those that were measured
/// and for what is remade of a plot in part.
const MARGIN: u64 = 4;
/// With fewer proofs a unit, too much of a plot can be dropped.
const LEAST_PROVING: u32 = 4;

impl Config {
    /// Of this k, which is checked; see [`SIZES`].
    fn size(&self) -> (u64, u32) {
        SIZES[usize::from(self.k.saturating_sub(18) / 2).min(SIZES.len() - 1)]
    }

    /// The most proofs of one answer.
    pub(crate) fn most_proofs(&self) -> u32 {
        self.size().1
    }

    /// The form of the plots and the bytes of a unit, where there are such plots and an honest prover can answer.
    ///
    /// # Errors
    /// [`PluginError::BadConfig`] naming what to change.
    pub(crate) fn form(&self) -> Result<(PlotForm, u32)> {
        let bad = PluginError::BadConfig;
        let Self { k, strength, tries, proofs, .. } = *self;
        if proofs > tries / 16 {
            return Err(bad(format!("`proofs` must be a sixteenth of `tries` at most: {proofs} of {tries}")));
        }
        let form = PlotForm { k, strength };
        let unit_bytes = form.unit_bytes().map_err(|e| bad(format!("`k`, `strength`: {e}")))?;
        let most = self.most_proofs();
        if proofs > most {
            return Err(bad(format!(
                "`proofs` must be at most {most} for `k` = {k}, more outlast the fuel of an answer: it is {proofs}"
            )));
        }
        Ok((form, unit_bytes))
    }

    /// Whether a plot can neither be made in time nor lose most of itself.
    pub(crate) fn outlasts(&self) -> bool {
        let answer_ms = u64::from(self.deadline_ms) * u64::from(self.cores);
        self.proofs >= LEAST_PROVING && self.size().0 >= MARGIN * answer_ms
    }
}
