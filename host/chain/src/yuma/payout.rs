//! From shares to amounts.

use super::Fixed;
use super::fixed::{divide_all, normalise};

/// What everyone gets of an epoch's emission, by uid.
pub(super) struct Payout {
    pub(super) share: Vec<Fixed>,
    pub(super) miner: Vec<u64>,
    pub(super) validator: Vec<u64>,
    pub(super) both: Vec<u64>,
}

impl Payout {
    /// Incentives and dividends as shares of one whole. Where there is neither, validators get it all by
    /// stake: by active stake, or where nobody is active, by any.
    pub(super) fn of(
        emission: u64,
        incentive: &[Fixed],
        dividends: &[Fixed],
        active_stake: &[Fixed],
        stake: &[Fixed],
    ) -> Self {
        let (mut miner, mut validator) = (incentive.to_vec(), dividends.to_vec());
        let mut share: Vec<_> = miner.iter().zip(&validator).map(|(&a, &b)| a + b).collect();
        let all: Fixed = share.iter().copied().sum();
        divide_all(&mut miner, all);
        divide_all(&mut validator, all);
        normalise(&mut share);
        if all == Fixed::ZERO {
            let active = active_stake.iter().any(|&stake| stake != Fixed::ZERO);
            validator = if active { active_stake } else { stake }.to_vec();
            share.clone_from(&validator);
        }
        let amounts = |shares: &[Fixed]| shares.iter().map(|share| share.of(emission)).collect();
        Self { miner: amounts(&miner), validator: amounts(&validator), both: amounts(&share), share }
    }
}
