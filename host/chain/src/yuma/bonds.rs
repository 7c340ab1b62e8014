//! Bonds: what a validator has built up in each miner, and the dividends that follow from it.

use plimsoll_core::Uid;

use super::fixed::normalise;
use super::rows::part_of;
use super::{BondRule, EpochInput, EpochNeuron, EpochRules, Fixed, LiquidAlpha, Rows};

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

/// Bonds after this epoch, and the dividends they earn.
pub(super) struct Bonded {
    pub(super) bonds: Rows,
    pub(super) dividends: Vec<Fixed>,
    /// The largest of each column, where bonds are stored as parts of it.
    pub(super) largest: Option<Vec<Fixed>>,
}

impl BondInput<'_> {
    pub(super) fn bonded(self) -> Bonded {
        match self.rules.bonds {
            BondRule::Classic => self.classic(),
            BondRule::Yuma3 { liquid } => self.yuma3(liquid),
        }
    }

    fn classic(mut self) -> Bonded {
        let n = self.active_stake.len();
        let before = Before::parts_of_columns(&self);
        self.weights.change(|validator, _, weight| Some(self.active_stake[validator] * weight));
        self.weights.normalise_columns(n);
        let mut bonds = moved(&self.weights, &before, self.pace(), n);
        bonds.normalise_columns(n);
        let mut dividends = bonds.times(self.incentive);
        normalise(&mut dividends);
        let largest = Some(bonds.fold_columns(n, Ord::max));
        Bonded { bonds, dividends, largest }
    }

    fn yuma3(self, liquid: Option<LiquidAlpha>) -> Bonded {
        let n = self.active_stake.len();
        let before = Before::shares(&self);
        let agreed = self.consensus.iter().any(|&consensus| consensus != Fixed::ZERO);
        let bonds = match liquid.filter(|_| agreed) {
            Some(liquid) => moved_apart(&self.weights, &before, self.consensus, &Paces::of(liquid)),
            None => moved(&self.weights, &before, self.pace(), n),
        };
        let sums = bonds.fold_columns(n, |sum, bond| sum + bond);
        let earned = |&(uid, bond): &(Uid, Fixed)| {
            part_of(bond, sums[usize::from(uid.0)]) * self.incentive[usize::from(uid.0)]
        };
        let of_row = |(row, &stake): (&[(Uid, Fixed)], &Fixed)| row.iter().map(earned).sum::<Fixed>() * stake;
        let mut dividends: Vec<_> = bonds.iter().zip(self.active_stake).map(of_row).collect();
        normalise(&mut dividends);
        Bonded { bonds, dividends, largest: None }
    }

    /// How much of the way to the new bond each bond goes.
    fn pace(&self) -> Fixed {
        Fixed::ONE - Fixed::ratio(self.rules.bonds_moving_average, 1_000_000)
    }
}

/// The bonds that the last epoch left, but for those in miners that were registered since.
struct Before<'a> {
    neurons: &'a [EpochNeuron<'a>],
    /// The block from which on a miner is new.
    since: u64,
    /// What the bonds in each miner are parts of; without it, of 65535.
    sums: Option<Vec<u64>>,
}

impl<'a> Before<'a> {
    fn shares(input: &BondInput<'a>) -> Self {
        let EpochInput { block, last_epoch_block, neurons, .. } = *input.epoch;
        let since = last_epoch_block
            .map_or_else(|| block.saturating_sub(input.rules.tempo_blocks), |last| last.saturating_add(1));
        Self { neurons, since, sums: None }
    }

    fn parts_of_columns(input: &BondInput<'a>) -> Self {
        let before = Self::shares(input);
        let mut sums = vec![0; before.neurons.len()];
        for (uid, bond) in (0..before.neurons.len()).flat_map(|row| before.kept(row)) {
            sums[usize::from(uid.0)] += u64::from(bond);
        }
        Self { sums: Some(sums), ..before }
    }

    fn row(&self, at: usize) -> impl Iterator<Item = (Uid, Fixed)> {
        self.kept(at).map(|(uid, bond)| match &self.sums {
            None => (uid, Fixed::share(bond)),
            Some(sums) => (uid, Fixed::ratio(bond.into(), sums[usize::from(uid.0)].into())),
        })
    }

    fn kept(&self, at: usize) -> impl Iterator<Item = (Uid, u16)> {
        let old =
            |uid: Uid| self.neurons.get(usize::from(uid.0)).is_some_and(|m| m.registered_block < self.since);
        self.neurons[at].bonds.iter().copied().filter(move |(uid, _)| old(*uid))
    }

    fn is_empty(&self, at: usize) -> bool {
        self.neurons[at].bonds.is_empty()
    }
}

/// `pace · new + (1 - pace) · old` wherever either is, without what comes to nothing.
fn moved(new: &Rows, old: &Before<'_>, pace: Fixed, n: usize) -> Rows {
    let keep = Fixed::ONE - pace;
    let mut out = Rows::with_room(new.len(), new.cells().len());
    let mut row = vec![Fixed::ZERO; n];
    for (at, new) in new.iter().enumerate() {
        if new.is_empty() && old.is_empty(at) {
            out.push_row(std::iter::empty());
            continue;
        }
        for &(uid, value) in new {
            row[usize::from(uid.0)] = pace * value;
        }
        for (uid, value) in old.row(at) {
            let cell = &mut row[usize::from(uid.0)];
            *cell = *cell + keep * value;
        }
        let cells = (0..=u16::MAX).map(Uid).zip(&mut row);
        let cells = cells.map(|(uid, cell)| (uid, std::mem::take(cell)));
        out.push_row(cells.filter(|cell| cell.1 > Fixed::ZERO));
    }
    out
}

/// The same with a pace for every cell, up to 1. A bond of which the weight has no cell, not even one of
/// zero, is lost at once: so it is on the chain.
fn moved_apart(weights: &Rows, old: &Before<'_>, consensus: &[Fixed], paces: &Paces) -> Rows {
    let mut row = vec![Fixed::ZERO; consensus.len()];
    let mut out = Rows::with_room(weights.len(), weights.cells().len());
    for (at, weights) in weights.iter().enumerate() {
        for (uid, bond) in old.row(at) {
            row[usize::from(uid.0)] = bond;
        }
        let cells = weights.iter().map(|&(uid, weight)| {
            let miner = usize::from(uid.0);
            let pace = paces.pace(consensus[miner], weight, row[miner]);
            (uid, (pace * weight + (Fixed::ONE - pace) * row[miner]).min(Fixed::ONE))
        });
        out.push_row(cells.filter(|cell| cell.1 > Fixed::ZERO));
        row.fill(Fixed::ZERO);
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
