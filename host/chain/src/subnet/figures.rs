//! What a subnet's last epoch found, and what its hotkeys have earned in all: for people and programs.

use std::iter::Sum;
use std::ops::Add;

use plimsoll_core::{BlockNumber, Hotkey, NetUid, RAO_PER_TAO, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use super::{LastEpoch, Member, Subnet};

/// What a subnet's last epoch found, and what its neurons have earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochFigures {
    /// The subnet.
    pub netuid: NetUid,
    /// The block of the newest epoch; `None` if there was none yet.
    pub epoch_block: Option<BlockNumber>,
    /// What registering costs now.
    pub registration_cost_rao: StakeRao,
    /// Where everything that was emitted so far went.
    pub totals: Totals,
    /// The neurons, by ascending uid.
    pub neurons: Vec<NeuronFigures>,
}

/// One neuron of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronFigures {
    /// Its place in the subnet.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// When it was registered.
    pub registered: BlockNumber,
    /// What the last epoch found; zeros for one that was registered since.
    pub last_epoch: LastEpoch,
    /// What its hotkey has earned on this subnet in all, also in places it had before.
    pub earned: Earned,
}

/// What a hotkey has earned, in rao of the subnet's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earned {
    /// As a miner.
    pub miner_rao: u64,
    /// As a validator.
    pub validator_rao: u64,
}

/// Where everything went, in rao of the subnet's token.
///
/// `emitted_rao` is the sum of all the others but `registrations_rao`, and of
///
/// - what has been brought since the last epoch, which the next one pays out;
/// - up to 3 rao a block, as each part of a block's emission is rounded down;
/// - less what epochs paid beyond their emission, as rounding divides the shares too: none more than
///   `((emission >> 32) + 1) · neurons` rao.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// What blocks brought.
    pub emitted_rao: u64,
    /// To the owner.
    pub owner_rao: u64,
    /// To miners.
    pub miners_rao: u64,
    /// To validators.
    pub validators_rao: u64,
    /// To holders of TAO, who are not modelled further: their share of every epoch in which a validator earned.
    pub root_rao: u64,
    /// To nobody: what the owner's own miners would have earned, a root share that is recycled, and whatever
    /// else epochs left over, be it a thing of rounding, or all where nobody had any stake.
    pub burned_rao: u64,
    /// What was paid for places, in rao of TAO.
    pub registrations_rao: u64,
}

/// An amount in whole alpha with three digits behind the point, rounded down: `16.400`.
#[must_use]
pub fn alpha_text(rao: u64) -> String {
    format!("{}.{:03}", rao / RAO_PER_TAO, rao % RAO_PER_TAO / 1_000_000)
}

impl Earned {
    /// Both together.
    #[must_use]
    pub const fn total_rao(&self) -> u64 {
        self.miner_rao.saturating_add(self.validator_rao)
    }
}

impl Add for Earned {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            miner_rao: self.miner_rao.saturating_add(other.miner_rao),
            validator_rao: self.validator_rao.saturating_add(other.validator_rao),
        }
    }
}

impl Sum for Earned {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl EpochFigures {
    /// The figures of the neuron that `hotkey` is.
    #[must_use]
    pub fn neuron(&self, hotkey: &Hotkey) -> Option<&NeuronFigures> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }
}

impl Subnet {
    /// What the last epoch found, and what everyone has earned.
    #[must_use]
    pub fn figures(&self) -> EpochFigures {
        let figures = |(uid, member): (Uid, &Member)| NeuronFigures {
            uid,
            hotkey: member.hotkey,
            registered: member.registered,
            last_epoch: member.last_epoch,
            earned: self.earned(&member.hotkey),
        };
        EpochFigures {
            netuid: self.netuid(),
            epoch_block: self.last_epoch(),
            registration_cost_rao: self.registration_cost_rao(),
            totals: self.totals(),
            neurons: self.by_uid().map(figures).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_in_whole_alpha_and_never_rounded_up() {
        assert_eq!(alpha_text(0), "0.000");
        assert_eq!(alpha_text(16_400_999_999), "16.400");
        assert_eq!(alpha_text(u64::MAX), "18446744073.709");
    }
}
