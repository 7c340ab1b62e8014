//! Bonds: what a validator has built up in each miner, and the dividends that follow from it.

use plimsoll_core::Uid;

use super::fixed::normalise;
use super::{BondRule, EpochInput, EpochRules, Fixed, LiquidAlpha, Rows};

/// What bonds follow from.
pub(super) struct BondInput<'a> {
    pub(super) rules: &'a EpochRules,
    pub(super) epoch: &'a EpochInput<'a>,
    /// Weights after the penalty.
    pub(super) weights: Rows,
    pub(super) active_stake: &'a [Fixed],
    pub(super) consensus: &'a [Fixed],
    pub(super) incentive: &'a [Fixed],
}

/// Bonds after this epoch, the dividends they earn, and what of them is stored.
pub(super) struct Bonded {
    pub(super) bonds: Rows,
    pub(super) dividends: Vec<Fixed>,
    /// For every row, whoever may keep it.
    pub(super) stored: Rows,
}

impl BondInput<'_> {
    pub(super) fn bonded(self) -> Bonded {
        match self.rules.bonds {
            BondRule::Classic => self.classic(),
            BondRule::Yuma3 { liquid } => self.yuma3(liquid),
        }
    }

    fn classic(self) -> Bonded {
        let n = self.active_stake.len();
        let mut before = self.before(Fixed::whole);
        before.normalise_columns(n);
        let mut delta = self.weights.map(|validator, _, weight| Some(self.active_stake[validator] * weight));
        delta.normalise_columns(n);
        let mut bonds = moved(&delta, &before, self.pace(), n);
        bonds.normalise_columns(n);
        let mut dividends = bonds.times(self.incentive);
        normalise(&mut dividends);
        let mut stored = bonds.clone();
        stored.divide_columns(n, Ord::max);
        Bonded { bonds, dividends, stored }
    }

    fn yuma3(self, liquid: Option<LiquidAlpha>) -> Bonded {
        let n = self.active_stake.len();
        let before = self.before(Fixed::share);
        let agreed = self.consensus.iter().any(|&consensus| consensus != Fixed::ZERO);
        let bonds = match liquid.filter(|_| agreed) {
            Some(liquid) => moved_apart(&self.weights, &before, self.consensus, &Paces::of(liquid)),
            None => moved(&self.weights, &before, self.pace(), n),
        };
        let mut shares = bonds.clone();
        shares.normalise_columns(n);
        let mut dividends = shares.times(self.incentive);
        for (dividend, &stake) in dividends.iter_mut().zip(self.active_stake) {
            *dividend = *dividend * stake;
        }
        normalise(&mut dividends);
        Bonded { stored: bonds.clone(), bonds, dividends }
    }

    /// The bonds that the last epoch left, but for those in miners that were registered since.
    fn before(&self, read: impl Fn(u16) -> Fixed) -> Rows {
        let EpochInput { block, last_epoch_block, neurons, .. } = *self.epoch;
        let since = last_epoch_block
            .map_or_else(|| block.saturating_sub(self.rules.tempo_blocks), |last| last.saturating_add(1));
        let kept =
            |uid: Uid| neurons.get(usize::from(uid.0)).is_some_and(|neuron| neuron.registered_block < since);
        let mut rows = Rows::with_room(neurons.len(), self.weights.cells().len());
        for neuron in neurons {
            let old = neuron.bonds.iter().filter(|(uid, _)| kept(*uid));
            rows.push_row(old.map(|&(uid, bond)| (uid, read(bond))));
        }
        rows
    }

    /// How much of the way to the new bond each bond goes.
    fn pace(&self) -> Fixed {
        Fixed::ONE - Fixed::ratio(self.rules.bonds_moving_average, 1_000_000)
    }
}

/// `pace · new + (1 - pace) · old` wherever either is, without what comes to nothing.
fn moved(new: &Rows, old: &Rows, pace: Fixed, n: usize) -> Rows {
    let keep = Fixed::ONE - pace;
    let mut out = Rows::with_room(new.len(), new.cells().len().max(old.cells().len()));
    let mut row = vec![Fixed::ZERO; n];
    for (new, old) in new.iter().zip(old.iter()) {
        for &(uid, value) in new {
            row[usize::from(uid.0)] = pace * value;
        }
        for &(uid, value) in old {
            let cell = &mut row[usize::from(uid.0)];
            *cell = *cell + keep * value;
        }
        if new.is_empty() && old.is_empty() {
            out.push_row(std::iter::empty());
        } else {
            let cells = (0..=u16::MAX).map(Uid).zip(&mut row);
            let cells = cells.map(|(uid, cell)| (uid, std::mem::take(cell)));
            out.push_row(cells.filter(|cell| cell.1 > Fixed::ZERO));
        }
    }
    out
}

/// The same with a pace for every cell, up to 1. A bond of which the weight has no cell, not even one of
/// zero, is lost at once: so it is on the chain.
fn moved_apart(weights: &Rows, old: &Rows, consensus: &[Fixed], paces: &Paces) -> Rows {
    let mut row = vec![Fixed::ZERO; consensus.len()];
    let mut out = Rows::with_room(weights.len(), weights.cells().len());
    for (weights, old) in weights.iter().zip(old.iter()) {
        for &(uid, bond) in old {
            row[usize::from(uid.0)] = bond;
        }
        let cells = weights.iter().map(|&(uid, weight)| {
            let (at, bond) = (usize::from(uid.0), row[usize::from(uid.0)]);
            let pace = paces.pace(consensus[at], weight, bond);
            (uid, (pace * weight + (Fixed::ONE - pace) * bond).min(Fixed::ONE))
        });
        out.push_row(cells.filter(|cell| cell.1 > Fixed::ZERO));
        for &(uid, _) in old {
            row[usize::from(uid.0)] = Fixed::ZERO;
        }
    }
    out
}

/// [`LiquidAlpha`] as it is computed with.
struct Paces {
    low: Fixed,
    high: Fixed,
    /// Steepness over -100.
    slope: Fixed,
}

impl Paces {
    fn of(liquid: LiquidAlpha) -> Self {
        let hundredths = Fixed::from_bits(i64::from(liquid.steepness) << 32);
        let slope = hundredths / (Fixed::ZERO - Fixed::whole(100));
        Self { low: Fixed::share(liquid.low), high: Fixed::share(liquid.high), slope }
    }

    /// A sigmoid of how far a bond that grows is ahead of the consensus, or one that shrinks behind itself.
    fn pace(&self, consensus: Fixed, weight: Fixed, bond: Fixed) -> Fixed {
        let ahead = if weight >= bond { weight - consensus } else { bond - weight };
        let ahead = ahead.clamp(Fixed::ZERO, Fixed::ONE);
        let half = Fixed::ONE / Fixed::whole(2);
        let sigmoid = Fixed::ONE / (Fixed::ONE + (self.slope * (ahead - half)).exp());
        let pace = self.low + sigmoid * (self.high - self.low);
        // Not `clamp`: it panics where the owner set the ends the wrong way round.
        pace.max(self.low).min(self.high)
    }
}
