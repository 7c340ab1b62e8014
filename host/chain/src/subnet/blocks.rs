//! Blocks, what they bring, and the epoch that pays it out.

use plimsoll_core::{BlockNumber, Hotkey, StakeRao};

use super::standing::Pots;
use super::{Earned, EmissionRules, LastEpoch, Member, Subnet, SubnetRules, price};
use crate::yuma::{EpochInput, EpochNeuron, EpochOutcome, epoch};

impl Subnet {
    /// Makes `blocks` blocks; answers how many epochs ran. Time is linear in both.
    pub fn advance(&mut self, blocks: u32) -> u32 {
        let mut epochs = 0;
        for _ in 0..blocks {
            self.block = BlockNumber(self.block.0.saturating_add(1));
            self.books.registered_in_block = 0;
            self.books.cost_rao =
                price::fallen(self.books.cost_rao, self.each_block.cost_factor, &self.rules.registration);
            self.fill_pots();
            let last = self.books.last_epoch.unwrap_or_default();
            if self.block.0.saturating_sub(last.0) >= self.rules.tempo_blocks {
                self.run_epoch();
                epochs += 1;
            }
        }
        epochs
    }

    fn fill_pots(&mut self) {
        let shares = &self.each_block.shares;
        let (pots, totals) = (&mut self.books.pots, &mut self.books.totals);
        pots.miners_rao = pots.miners_rao.saturating_add(shares.miners_rao);
        pots.validators_rao = pots.validators_rao.saturating_add(shares.validators_rao);
        let root = if shares.recycle_root { &mut totals.burned_rao } else { &mut pots.root_rao };
        *root = root.saturating_add(shares.root_rao);
        totals.owner_rao = totals.owner_rao.saturating_add(shares.owner_rao);
        totals.emitted_rao = totals.emitted_rao.saturating_add(shares.all_rao);
    }

    /// Drains the pots by an epoch over the weights as they stand.
    fn run_epoch(&mut self) {
        let pots = std::mem::take(&mut self.books.pots);
        let outcome = self.computed(&pots);
        self.books.last_epoch = Some(self.block);
        let miners = self.miner_pay(&outcome);
        let validators = validator_pay(&pots, &outcome);
        self.close_books(&pots, &outcome, &miners, &validators);
        for (uid, bonds) in outcome.stored_bonds.into_iter().enumerate() {
            let earned = Earned { miner_rao: miners[uid], validator_rao: validators[uid] };
            let member = &mut self.members[uid];
            member.bonds = bonds;
            member.validator_permit = outcome.permits[uid];
            member.last_epoch = LastEpoch {
                active: outcome.active[uid],
                consensus: outcome.consensus[uid].to_share(),
                incentive: outcome.incentive[uid].to_share(),
                dividends: outcome.dividends[uid].to_share(),
                validator_trust: outcome.validator_trust[uid].to_share(),
                emission_rao: outcome.emission[uid],
                miner_rao: earned.miner_rao,
                validator_rao: earned.validator_rao,
            };
            if self.rules.emission.stake_earnings {
                member.stake_rao = StakeRao(member.stake_rao.0.saturating_add(earned.total_rao()));
            }
            let hotkey = member.hotkey;
            self.credit(hotkey, earned);
        }
    }

    /// The root's share of the epoch, and what is left of its pots: burned.
    ///
    /// Holders of TAO are paid by what validators get. Where these get nothing the epoch has given the root's
    /// share to miners with all else, or to nobody.
    fn close_books(&mut self, pots: &Pots, outcome: &EpochOutcome, miners: &[u64], validators: &[u64]) {
        let validators_earned = outcome.validator_emission.iter().any(|&earned| earned > 0);
        let root_rao = if validators_earned { pots.root_rao } else { 0 };
        let totals = &mut self.books.totals;
        totals.root_rao = totals.root_rao.saturating_add(root_rao);
        let paid = miners.iter().chain(validators).fold(root_rao, |sum, &part| sum.saturating_add(part));
        totals.burned_rao = totals.burned_rao.saturating_add(pots.total_rao().saturating_sub(paid));
    }

    fn computed(&self, pots: &Pots) -> EpochOutcome {
        let neurons: Vec<_> = self.members.iter().map(in_epoch).collect();
        let input = EpochInput {
            block: self.block.0,
            last_epoch_block: self.books.last_epoch.map(|block| block.0),
            emission: pots.total_rao(),
            neurons: &neurons,
        };
        epoch(&self.rules.of_epoch(), &input)
    }

    /// Miners get what the epoch says, but for the owner's own, who get nothing: their part is left over.
    fn miner_pay(&self, outcome: &EpochOutcome) -> Vec<u64> {
        let owner = self.rules.owner.and_then(|uid| self.members.get(usize::from(uid.0)));
        let owner_coldkey = owner.map(|owner| owner.coldkey);
        let mut pay = outcome.miner_emission.clone();
        for (pay, member) in pay.iter_mut().zip(&self.members) {
            if owner_coldkey == Some(member.coldkey) {
                *pay = 0;
            }
        }
        pay
    }

    fn credit(&mut self, hotkey: Hotkey, earned: Earned) {
        if earned == Earned::default() {
            return;
        }
        let totals = &mut self.books.totals;
        totals.miners_rao = totals.miners_rao.saturating_add(earned.miner_rao);
        totals.validators_rao = totals.validators_rao.saturating_add(earned.validator_rao);
        let all = self.books.earned.entry(hotkey).or_default();
        *all = *all + earned;
    }
}

fn in_epoch(member: &Member) -> EpochNeuron<'_> {
    EpochNeuron {
        stake: member.stake_rao.0,
        // The chain counts a registration as an update, too.
        last_update_block: member.weights_block().max(member.registered).0,
        registered_block: member.registered.0,
        permit: member.validator_permit,
        weights: member.weights.as_ref().map_or(&[], |weighed| &weighed.row),
        bonds: &member.bonds,
    }
}

/// Validators share their pot in the proportions that the epoch says; the miners' too if no miner earned
/// anything.
fn validator_pay(pots: &Pots, outcome: &EpochOutcome) -> Vec<u64> {
    let miners_earned = outcome.miner_emission.iter().any(|&earned| earned > 0);
    let more = if miners_earned { 0 } else { pots.miners_rao };
    let pot = pots.validators_rao.saturating_add(more);
    let all: u128 = outcome.validator_emission.iter().map(|&part| u128::from(part)).sum();
    let of_pot = |&part: &u64| {
        let exact = (u128::from(pot) * u128::from(part)).checked_div(all).unwrap_or(0);
        u64::try_from(exact).unwrap_or(u64::MAX)
    };
    outcome.validator_emission.iter().map(of_pot).collect()
}

/// What the rules fix of every block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EachBlock {
    /// What the cost of a place is multiplied by, in steps of 2^-32.
    cost_factor: u64,
    shares: BlockShares,
}

impl EachBlock {
    pub(super) fn of(rules: &SubnetRules) -> Self {
        let cost_factor = price::block_factor(rules.registration.half_life_blocks);
        Self { cost_factor, shares: BlockShares::of(&rules.emission) }
    }
}

/// How one block's emission is divided before any epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BlockShares {
    all_rao: u64,
    owner_rao: u64,
    miners_rao: u64,
    validators_rao: u64,
    root_rao: u64,
    recycle_root: bool,
}

impl BlockShares {
    /// The owner's cut; half of the rest to miners, half to validators less the root's share of it. With 32
    /// bits behind the point, each rounded down on its own when it goes into its pot.
    fn of(rules: &EmissionRules) -> Self {
        let share = |part: u16| (u128::from(part) << 32) / u128::from(u16::MAX);
        let all = u128::from(rules.alpha_per_block_rao) << 32;
        let owner = wide_product(all, share(rules.owner_cut));
        let rest = all - owner;
        let miners = rest / 2;
        let root = wide_product(rest, share(rules.root_share)) / 2;
        let whole = |amount: u128| u64::try_from(amount >> 32).unwrap_or(u64::MAX);
        Self {
            all_rao: rules.alpha_per_block_rao,
            owner_rao: whole(owner),
            miners_rao: whole(miners),
            validators_rao: whole(rest - miners - root),
            root_rao: whole(root),
            recycle_root: rules.recycle_root,
        }
    }
}

/// `amount · share`, both with 32 bits behind the point, the share at most 1: in two parts, as the product
/// itself may have 129 bits.
fn wide_product(amount: u128, share: u128) -> u128 {
    let (high, low) = (amount >> 32, amount & 0xffff_ffff);
    high * share + ((low * share) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_one_alpha_is_divided_as_on_the_chain() {
        let shares = BlockShares::of(&EmissionRules::default());
        // 10^9 · 11796/65535 = 179,995,422.3; the rest in halves.
        assert_eq!(shares.owner_rao, 179_995_422);
        assert_eq!((shares.miners_rao, shares.validators_rao), (410_002_288, 410_002_288));
        assert_eq!(shares.root_rao, 0);
    }

    #[test]
    fn the_root_share_comes_out_of_the_validators_half() {
        let rules = EmissionRules { root_share: u16::MAX / 3, owner_cut: 0, ..EmissionRules::default() };
        let shares = BlockShares::of(&rules);
        assert_eq!(shares.miners_rao, 500_000_000);
        assert_eq!(shares.root_rao, 166_666_666);
        assert_eq!(shares.validators_rao, 333_333_333);
        let all = EmissionRules { root_share: u16::MAX, alpha_per_block_rao: u64::MAX, ..rules };
        assert_eq!(BlockShares::of(&all).validators_rao, 0);
        assert_eq!(BlockShares::of(&all).miners_rao, u64::MAX / 2);
    }
}
