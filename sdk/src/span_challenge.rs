//! A challenge that draws its samples itself: for schemes whose units are larger than what is asked.

use crate::{Digest, Draws, LARGEST_PROOF_BYTES, PluginError, Result, Span, Statement};

/// A nonce, a span of units, and how many items of the span (labels, blocks) are drawn from all of it.
///
/// Bytes: the nonce (32), the span's first unit and number of units (8 each), the samples (4), little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanChallenge {
    /// Binds the answer to this challenge.
    pub nonce: Digest,
    /// Units, of which there is at least one.
    pub span: Span,
    /// Items that are drawn, at least one.
    pub samples: u32,
}

impl SpanChallenge {
    /// `samples` of `focus`, or of all units.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for no samples, more than `most`, no units, or a focus outside of the statement's units.
    pub fn draw(
        of: &Statement,
        randomness: &Digest,
        samples: u32,
        most: u32,
        focus: Option<Span>,
    ) -> Result<Self> {
        let span = focus.unwrap_or(Span { first: 0, count: of.units });
        if samples == 0 || !span.is_within(of.units) {
            return Err(PluginError::BadInput(format!(
                "{samples} samples of {} units from {}: expected at least one sample, inside the {} units",
                span.count, span.first, of.units
            )));
        }
        if samples > most {
            return Err(PluginError::BadInput(format!(
                "{samples} samples in one challenge, at most {most} fit a proof of {LARGEST_PROOF_BYTES} bytes"
            )));
        }
        let sizes = [u64::from(of.unit_bytes), of.units, span.first, span.count, samples.into()];
        let commitment = of.commitment.as_ref().map_or(&[][..], |root| &root[..]);
        let sizes = sizes.map(u64::to_le_bytes).concat();
        let inputs = [randomness, commitment, &of.identity.to_bytes(), &sizes];
        let nonce = Draws::new("plimsoll span challenge v1", &inputs).digest();
        Ok(Self { nonce, span, samples })
    }

    /// The challenge's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let span = [self.span.first, self.span.count].map(u64::to_le_bytes);
        [&self.nonce[..], span.as_flattened(), &self.samples.to_le_bytes()].concat()
    }

    /// The challenge of `bytes`, which must be what [`SpanChallenge::to_bytes`] gives for some challenge to `of`
    /// of at most `most` samples.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] saying what is wrong.
    pub fn parse(bytes: &[u8], of: &Statement, most: u32) -> Result<Self> {
        let bad = |what: String| PluginError::BadInput(format!("no challenge: {what}"));
        let bytes: &[u8; 52] =
            bytes.try_into().map_err(|_| bad(format!("{} bytes, expected 52", bytes.len())))?;
        let word = |from: usize| (0..8).rev().fold(0, |word, at| word << 8 | u64::from(bytes[from + at]));
        let span = Span { first: word(32), count: word(40) };
        let samples = u32::from_le_bytes([bytes[48], bytes[49], bytes[50], bytes[51]]);
        if samples == 0 || samples > most || !span.is_within(of.units) {
            return Err(bad(format!(
                "{samples} samples of {} units from {}, expected 1 to {most} inside the {} units",
                span.count, span.first, of.units
            )));
        }
        Ok(Self { nonce: std::array::from_fn(|at| bytes[at]), span, samples })
    }

    /// The items that are asked, ascending and distinct, of `items_a_unit` in each unit; and `again` of them,
    /// drawn for closer inspection.
    #[must_use]
    pub fn items(&self, items_a_unit: u64, again: u32) -> (Vec<u64>, Vec<u64>) {
        let [first, count] =
            [self.span.first, self.span.count].map(|units| units.saturating_mul(items_a_unit));
        let mut draws = Draws::new("plimsoll span challenge items v1", &[&self.to_bytes()]);
        let samples = draws.distinct(self.samples.into(), Span { first, count });
        let which = draws.distinct(again.into(), Span { first: 0, count: samples.len() as u64 });
        let again = which.iter().map(|&at| samples[at as usize]).collect();
        (samples, again)
    }
}
