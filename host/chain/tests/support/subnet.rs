//! A subnet of a few neurons with a short tempo.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use plimsoll_chain::subnet::{RegistrationRules, Subnet, SubnetRules, Totals};
use plimsoll_core::{Hotkey, NetUid, StakeRao, Uid};

pub(crate) const TEMPO_BLOCKS: u32 = 10;
pub(crate) const FREE: StakeRao = StakeRao(0);
const PLENTY: StakeRao = StakeRao(u64::MAX);

pub(crate) fn hotkey(byte: u8) -> Hotkey {
    Hotkey([byte; 32])
}

/// Free of charge, and as many in one block as wish.
pub(crate) fn at_once() -> RegistrationRules {
    RegistrationRules { max_registrations_per_block: u16::MAX, ..RegistrationRules::default() }
}

pub(crate) fn rules() -> SubnetRules {
    SubnetRules {
        tempo_blocks: TEMPO_BLOCKS.into(),
        weights_rate_limit_blocks: 0,
        max_neurons: 8,
        registration: at_once(),
        ..SubnetRules::default()
    }
}

/// Neurons 0 to `n - 1`, each its own coldkey, of whom the first ones have the stakes and permits; block 1.
pub(crate) fn subnet(rules: SubnetRules, n: u8, stakes: &[u64]) -> Subnet {
    let mut subnet = Subnet::new(NetUid(3), rules);
    for byte in 0..n {
        subnet.register(hotkey(byte), hotkey(byte), PLENTY).unwrap();
    }
    for (byte, &stake) in (0..).zip(stakes) {
        subnet.set_stake(&hotkey(byte), StakeRao(stake), true).unwrap();
    }
    subnet.advance(1);
    subnet
}

pub(crate) fn weigh(subnet: &mut Subnet, who: u8, weights: &[(u16, u16)]) {
    let weights: Vec<_> = weights.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect();
    subnet.set_weights(&hotkey(who), &weights).unwrap();
}

/// What went somewhere.
pub(crate) fn accounted(totals: &Totals) -> u64 {
    let Totals { owner_rao, miners_rao, validators_rao, root_rao, burned_rao, .. } = *totals;
    owner_rao + miners_rao + validators_rao + root_rao + burned_rao
}
