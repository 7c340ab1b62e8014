//! One epoch, from weights and stake to shares.

use plimsoll_core::Uid;

use super::bonds::{BondInput, Bonded};
use super::consensus::consensus;
use super::fixed::normalise;
use super::payout::Payout;
use super::rows::{normalise_row, part_of};
use super::{EpochInput, EpochNeuron, EpochOutcome, EpochRules, Fixed, Rows};

/// Computes one epoch. Integers only, no state, the same on every machine.
///
/// Where the chain would run out of 64 bits, which takes more stake than there will ever be, this does not.
///
/// # Panics
/// With more than 65,536 neurons.
#[must_use]
pub fn epoch(rules: &EpochRules, input: &EpochInput<'_>) -> EpochOutcome {
    let n = input.neurons.len();
    assert!(n <= 1 << 16, "uids have 16 bits, {n} neurons have more");
    let Standing { stake, active_stake, active, permits, new_permits } = Standing::of(rules, input);
    let weights = counted_weights(rules, input, &permits);

    let consensus = consensus(&active_stake, &weights, Fixed::share(rules.kappa));
    let given = weights.transposed_times(&active_stake);
    let Clipped { weights, for_bonds } = clipped(weights, &consensus, rules.bonds_penalty);
    let validator_trust = weights.iter().map(|row| row.iter().map(|cell| cell.1).sum()).collect();
    let mut incentive = weights.transposed_times(&active_stake);
    let trust = incentive.iter().zip(given).map(|(&rank, given)| rank / given).collect();
    normalise(&mut incentive);

    let bonds = BondInput {
        rules,
        epoch: input,
        weights: for_bonds.unwrap_or(weights),
        active_stake: &active_stake,
        consensus: &consensus,
        incentive: &incentive,
    };
    let Bonded { bonds, dividends, largest } = bonds.bonded();
    let payout = Payout::of(input.emission, &incentive, &dividends, &active_stake, &stake);
    EpochOutcome {
        stored_bonds: rounded(&bonds, &largest, &new_permits),
        stake,
        active_stake,
        consensus,
        incentive,
        dividends,
        validator_trust,
        trust,
        share: payout.share,
        active,
        permits: new_permits,
        bonds,
        miner_emission: payout.miner,
        validator_emission: payout.validator,
        emission: payout.both,
    }
}

/// Who counts, and for how much.
struct Standing {
    stake: Vec<Fixed>,
    active_stake: Vec<Fixed>,
    active: Vec<bool>,
    permits: Vec<bool>,
    new_permits: Vec<bool>,
}

impl Standing {
    fn of(rules: &EpochRules, input: &EpochInput<'_>) -> Self {
        let owner = rules.owner.map(|uid| usize::from(uid.0));
        let counted = |(uid, neuron): (usize, &EpochNeuron<'_>)| {
            let enough = neuron.stake >= rules.stake_threshold || owner == Some(uid);
            if enough { neuron.stake } else { 0 }
        };
        let amounts: Vec<u64> = input.neurons.iter().enumerate().map(counted).collect();
        let all = amounts.iter().map(|&amount| u128::from(amount)).sum();
        let stake: Vec<_> = amounts.iter().map(|&amount| Fixed::ratio(amount, all)).collect();

        let recent = |neuron: &EpochNeuron<'_>| {
            neuron.last_update_block.saturating_add(rules.activity_cutoff_blocks) >= input.block
        };
        let active: Vec<bool> = input.neurons.iter().map(recent).collect();
        let mut permits: Vec<bool> = input.neurons.iter().map(|neuron| neuron.permit).collect();
        let mut new_permits = most_staked(&stake, rules.max_validators.into());
        for permits in [&mut permits, &mut new_permits] {
            if let Some(permit) = owner.and_then(|owner| permits.get_mut(owner)) {
                *permit = true;
            }
        }
        let decides = |uid: usize| if active[uid] && permits[uid] { stake[uid] } else { Fixed::ZERO };
        let mut active_stake: Vec<_> = (0..stake.len()).map(decides).collect();
        normalise(&mut active_stake);
        Self { stake, active_stake, active, permits, new_permits }
    }
}

/// Those of the `most` largest that are not zero. Of equals, the higher uid goes first.
fn most_staked(stake: &[Fixed], most: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..stake.len()).collect();
    order.sort_by_key(|&uid| stake[uid]);
    let mut chosen = vec![false; stake.len()];
    for uid in order.into_iter().rev().take(most) {
        chosen[uid] = stake[uid] != Fixed::ZERO;
    }
    chosen
}

/// The weights that count, each row normalised: of neurons with a permit, on others than oneself, and newer
/// than the miner's registration.
fn counted_weights(rules: &EpochRules, input: &EpochInput<'_>, permits: &[bool]) -> Rows {
    let cells = input.neurons.iter().map(|neuron| neuron.weights.len()).sum();
    let mut rows = Rows::with_room(input.neurons.len(), cells);
    for ((validator, neuron), permit) in (0..=u16::MAX).map(Uid).zip(input.neurons).zip(permits) {
        let may_weigh_itself = rules.owner == Some(validator);
        let counts = |miner: Uid| {
            let other = miner != validator || may_weigh_itself;
            let known = input.neurons.get(usize::from(miner.0));
            other && known.is_some_and(|miner| miner.registered_block < neuron.last_update_block)
        };
        let weights = if *permit { neuron.weights } else { &[] };
        let counted = weights.iter().filter(|(miner, _)| counts(*miner));
        rows.push_row(counted.map(|&(miner, weight)| (miner, Fixed::whole(weight))));
        normalise_row(rows.last_row());
    }
    rows
}

/// Weights cut to the consensus, and the weights that bonds follow where those are others.
struct Clipped {
    weights: Rows,
    for_bonds: Option<Rows>,
}

/// Cuts weights to the consensus. Where that is zero, what is above it is no cell any more.
///
/// Bonds follow weights that are moved towards the clipped ones by the penalty.
fn clipped(mut weights: Rows, consensus: &[Fixed], penalty: u16) -> Clipped {
    let penalty = Fixed::share(penalty);
    let whole = (penalty != Fixed::ONE).then(|| weights.clone());
    weights.change(|_, miner, weight| {
        let limit = consensus[usize::from(miner.0)];
        (weight <= limit || limit > Fixed::ZERO).then(|| weight.min(limit))
    });
    let for_bonds = whole.map(|mut whole| {
        if penalty != Fixed::ZERO {
            whole.change(|_, miner, weight| {
                let limit = weight.min(consensus[usize::from(miner.0)]);
                Some(weight + penalty * (limit - weight)).filter(|&weight| weight > Fixed::ZERO)
            });
        }
        whole
    });
    Clipped { weights, for_bonds }
}

/// Bonds as they are stored: over the largest of their column, where that is asked for.
fn rounded(bonds: &Rows, largest: &Option<Vec<Fixed>>, permits: &[bool]) -> Vec<Vec<(Uid, u16)>> {
    let share = |&(uid, bond): &(Uid, Fixed)| {
        let part = largest.as_ref().map_or(bond, |largest| part_of(bond, largest[usize::from(uid.0)]));
        (uid, part.to_share())
    };
    let row = |(row, &permit): (&[(Uid, Fixed)], &bool)| {
        let kept = if permit { row } else { &[] };
        kept.iter().map(share).collect()
    };
    bonds.iter().zip(permits).map(row).collect()
}
