//! The subnet as a state machine: places, weights, epochs, pay.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

#[path = "support/subnet.rs"]
mod support;

use plimsoll_chain::Refusal;
use plimsoll_chain::subnet::{Earned, EmissionRules, RegistrationRules, Subnet, SubnetRules};
use plimsoll_core::{BlockNumber, NetUid, StakeRao, Uid};
use support::{FREE, TEMPO_BLOCKS, accounted, at_once, hotkey, rules, subnet, weigh};

#[test]
fn miners_are_paid_by_incentive_and_validators_by_dividends() {
    let mut subnet = subnet(rules(), 4, &[600, 300]);
    for validator in 0..2 {
        weigh(&mut subnet, validator, &[(2, 3), (3, 1)]);
    }
    assert_eq!(subnet.advance(TEMPO_BLOCKS - 1), 1);
    assert_eq!(subnet.last_epoch(), Some(BlockNumber(10)));
    let earned = |byte: u8| subnet.earned(&hotkey(byte));
    let pot = 10 * 410_002_288_u64;
    // Three quarters and one, but for what is cut off.
    assert!(earned(2).miner_rao.abs_diff(pot * 3 / 4) < 10_000, "{:?}", earned(2));
    assert!(earned(3).miner_rao.abs_diff(pot / 4) < 10_000, "{:?}", earned(3));
    assert!(earned(0).validator_rao.abs_diff(pot * 2 / 3) < 10_000, "{:?}", earned(0));
    assert!(earned(1).validator_rao.abs_diff(pot / 3) < 10_000, "{:?}", earned(1));
    assert_eq!((earned(0).miner_rao, earned(2).validator_rao), (0, 0));
    let figures = subnet.figures();
    let miner = figures.neuron(&hotkey(2)).unwrap();
    assert_eq!(
        (miner.uid, miner.earned, miner.last_epoch.miner_rao),
        (Uid(2), earned(2), earned(2).miner_rao)
    );
    // Exactly three quarters, rounded down; validators stay wholly within the consensus.
    assert_eq!((miner.last_epoch.consensus, miner.last_epoch.incentive), (49_151, 49_151));
    assert_eq!(figures.neurons[0].last_epoch.validator_trust, u16::MAX);
    assert!(figures.neurons.iter().all(|neuron| neuron.last_epoch.active));
    let dust = subnet.totals().emitted_rao.abs_diff(accounted(&subnet.totals()));
    assert!(dust < 100, "{dust} rao went astray");
}

#[test]
fn while_no_miner_earns_validators_get_the_miners_pot_too() {
    let mut subnet = subnet(rules(), 3, &[600, 300]);
    subnet.advance(TEMPO_BLOCKS - 1);
    let totals = subnet.totals();
    assert_eq!(totals.miners_rao, 0);
    assert!((8_200_045_750..=8_200_045_760).contains(&totals.validators_rao), "{totals:?}");
    assert_eq!(subnet.earned(&hotkey(2)), Earned::default());
}

#[test]
fn what_the_owners_own_miners_would_earn_is_burned() {
    let mut subnet = subnet(SubnetRules { owner: Some(Uid(1)), ..rules() }, 4, &[600]);
    weigh(&mut subnet, 0, &[(1, 1), (2, 1), (3, 2)]);
    subnet.advance(TEMPO_BLOCKS - 1);
    assert_eq!(subnet.earned(&hotkey(1)).miner_rao, 0);
    let (burned, other) = (subnet.totals().burned_rao, subnet.earned(&hotkey(2)).miner_rao);
    assert!(other > 0 && burned.abs_diff(other) < 20, "{burned} and {other}, but for dust");
}

#[test]
fn the_owner_weighs_without_a_permit_and_counts() {
    let mut subnet = subnet(SubnetRules { owner: Some(Uid(1)), ..rules() }, 4, &[600, 0]);
    subnet.set_stake(&hotkey(1), StakeRao(10_000), false).unwrap();
    weigh(&mut subnet, 1, &[(3, 1)]);
    weigh(&mut subnet, 0, &[(2, 1)]);
    subnet.advance(TEMPO_BLOCKS - 1);
    assert_eq!(subnet.earned(&hotkey(2)).miner_rao, 0, "600 against 10,000");
    assert!(subnet.earned(&hotkey(3)).miner_rao > 0);
}

#[test]
fn weights_that_are_too_old_pay_nobody() {
    let mut rules = rules();
    rules.consensus.activity_cutoff_thousandths = 2_500;
    let mut subnet = subnet(rules, 3, &[600]);
    weigh(&mut subnet, 0, &[(2, 1)]);
    let mut after = Vec::new();
    for _ in 0..4 {
        subnet.advance(TEMPO_BLOCKS);
        after.push(subnet.earned(&hotkey(2)).miner_rao);
    }
    assert!(after[0] > 0 && after[1] > after[0], "{after:?}");
    assert_eq!((after[2], after[3]), (after[1], after[1]), "block 1 + 25 is before 30");
    assert!(!subnet.members()[0].last_epoch.active);
}

#[test]
fn permits_go_to_those_with_the_most_stake_at_every_epoch() {
    let mut rules = rules();
    rules.consensus.max_validators = 2;
    let mut subnet = subnet(rules, 4, &[1]);
    for (byte, stake) in [(1, 50), (2, 50), (3, 50)] {
        subnet.set_stake(&hotkey(byte), StakeRao(stake), false).unwrap();
    }
    let permits = |subnet: &Subnet| subnet.members().iter().map(|m| m.validator_permit).collect::<Vec<_>>();
    assert_eq!(permits(&subnet), [true, false, false, false], "as it was said");
    subnet.advance(TEMPO_BLOCKS);
    assert_eq!(permits(&subnet), [false, false, true, true], "of equals the higher uid");
}

#[test]
fn earnings_are_staked_if_the_rules_say_so() {
    for stake_earnings in [false, true] {
        let emission = EmissionRules { stake_earnings, ..EmissionRules::default() };
        let mut subnet = subnet(SubnetRules { emission, ..rules() }, 3, &[600]);
        weigh(&mut subnet, 0, &[(2, 1)]);
        subnet.advance(2 * TEMPO_BLOCKS);
        let miner = &subnet.members()[2];
        let earned = if stake_earnings { subnet.earned(&hotkey(2)).total_rao() } else { 0 };
        assert_eq!((miner.stake_rao.0, miner.validator_permit), (earned, stake_earnings));
    }
}

#[test]
fn a_place_costs_more_after_each_registration_and_less_with_time() {
    let registration = RegistrationRules { max_registrations_per_block: 2, ..RegistrationRules::bittensor() };
    let mut subnet = Subnet::new(NetUid(3), SubnetRules { registration, ..rules() });
    let tao = StakeRao(1_000_000_000);
    let refused = subnet.register(hotkey(1), hotkey(9), StakeRao(5)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "registering costs 1000000000 rao and the coldkey {} has 5: give it more in the genesis, or wait \
             until the cost has fallen",
            hotkey(9)
        )
    );
    let first = subnet.register(hotkey(1), hotkey(9), tao).unwrap();
    assert_eq!((first.uid, first.cost_rao, first.replaced), (Uid(0), tao, None));
    assert_eq!(subnet.registration_cost_rao(), StakeRao(1_260_000_000));
    let refused = subnet.register(hotkey(2), hotkey(9), tao).unwrap_err();
    assert!(matches!(refused, Refusal::CannotPay { cost_rao: 1_260_000_000, .. }), "{refused}");
    subnet.advance(360);
    let half = subnet.registration_cost_rao().0;
    assert!((629_900_000..=630_000_000).contains(&half), "{half}");
    assert_eq!(subnet.totals().registrations_rao, tao.0);
}

#[test]
fn on_a_full_subnet_the_least_earning_goes_and_newcomers_are_spared() {
    let registration = RegistrationRules { immunity_blocks: 15, min_non_immune: 2, ..at_once() };
    let mut subnet = subnet(SubnetRules { max_neurons: 4, registration, ..rules() }, 4, &[600]);
    weigh(&mut subnet, 0, &[(1, 3), (2, 1), (3, 2)]);
    // Block 11: all are still spared, so the one with the least among them goes.
    subnet.advance(TEMPO_BLOCKS);
    let gone = subnet.register(hotkey(10), hotkey(10), FREE).unwrap();
    assert_eq!((gone.uid, gone.replaced), (Uid(2), Some(hotkey(2))));
    assert_eq!(subnet.members()[0].weights.as_ref().unwrap().row[1], (Uid(2), 0), "not the newcomer's");
    // Block 21: three are no longer spared, the newcomer is although it has earned nothing.
    subnet.advance(TEMPO_BLOCKS);
    assert_eq!(subnet.earned(&hotkey(10)), Earned::default());
    let gone = subnet.register(hotkey(11), hotkey(11), FREE).unwrap();
    assert_eq!(gone.replaced, Some(hotkey(3)));
    // Now two are not spared, which is no more than the two that are left alone.
    let gone = subnet.register(hotkey(12), hotkey(12), FREE).unwrap();
    assert_eq!(gone.replaced, Some(hotkey(10)), "the older of two newcomers");
    assert!(subnet.earned(&hotkey(2)).miner_rao > 0, "what was earned stays earned");
    assert_eq!(subnet.uid_of(&hotkey(2)), None);
}

#[test]
fn the_owner_keeps_its_place_even_if_nobody_else_can_go() {
    let mut subnet = subnet(SubnetRules { max_neurons: 1, owner: Some(Uid(0)), ..rules() }, 1, &[]);
    let refused = subnet.register(hotkey(7), hotkey(7), FREE).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "subnet 3 is full: it has places for 1 neurons, and none of them may be deregistered"
    );
    let again = subnet.register(hotkey(0), hotkey(0), FREE).unwrap_err();
    assert!(matches!(again, Refusal::AlreadyRegistered { .. }), "{again}");
}

#[test]
fn a_newcomer_in_an_old_place_has_none_of_its_predecessors_bonds_or_figures() {
    let registration = RegistrationRules { immunity_blocks: 0, min_non_immune: 0, ..at_once() };
    let mut subnet = subnet(SubnetRules { max_neurons: 3, registration, ..rules() }, 3, &[600]);
    weigh(&mut subnet, 0, &[(1, 1), (2, 2)]);
    subnet.advance(3 * TEMPO_BLOCKS);
    assert_eq!(subnet.members()[0].bonds.len(), 2);
    let registered = subnet.register(hotkey(9), hotkey(9), FREE).unwrap();
    assert_eq!(registered.replaced, Some(hotkey(1)));
    let newcomer = &subnet.members()[1];
    assert_eq!((newcomer.last_epoch.emission_rao, newcomer.registered), (0, BlockNumber(31)));
    subnet.advance(TEMPO_BLOCKS);
    let bonds: Vec<_> = subnet.members()[0].bonds.iter().map(|bond| bond.0).collect();
    assert_eq!(bonds, [Uid(2)], "a bond in who was here before is gone");
    weigh(&mut subnet, 0, &[(1, 1), (2, 2)]);
    subnet.advance(TEMPO_BLOCKS);
    assert!(subnet.earned(&hotkey(9)).miner_rao > 0, "and is paid once it is weighed itself");
}

#[test]
fn one_of_the_epochs_own_block_takes_over_the_bonds_in_its_predecessor_as_on_the_chain() {
    let registration = RegistrationRules { immunity_blocks: 0, min_non_immune: 0, ..at_once() };
    let mut subnet = subnet(SubnetRules { max_neurons: 3, registration, ..rules() }, 3, &[600]);
    weigh(&mut subnet, 0, &[(1, 1), (2, 2)]);
    subnet.advance(3 * TEMPO_BLOCKS - 1);
    assert_eq!(subnet.last_epoch(), Some(subnet.block()));
    let bond = |subnet: &Subnet| subnet.members()[0].bonds[0];
    let (uid, before) = bond(&subnet);
    let registered = subnet.register(hotkey(9), hotkey(9), FREE).unwrap();
    assert_eq!((uid, registered.replaced), (Uid(1), Some(hotkey(1))));
    // Its place is as old as the epoch, and only what is newer than that is new to the next one.
    subnet.advance(TEMPO_BLOCKS);
    assert_eq!(subnet.members()[1].registered, BlockNumber(30));
    let (uid, after) = bond(&subnet);
    assert_eq!((uid, subnet.earned(&hotkey(9))), (Uid(1), Earned::default()), "nobody weighs it");
    // A tenth less, twice rounded down.
    assert!((u32::from(before) * 9 / 10).abs_diff(after.into()) <= 1, "{before} and {after}");
}

#[test]
fn one_block_takes_so_many_registrations_and_the_next_as_many_again() {
    let registration = RegistrationRules { max_registrations_per_block: 2, ..RegistrationRules::default() };
    let mut subnet = Subnet::new(NetUid(3), SubnetRules { registration, max_neurons: 3, ..rules() });
    for byte in 0..2 {
        subnet.register(hotkey(byte), hotkey(byte), FREE).unwrap();
    }
    let refused = subnet.register(hotkey(2), hotkey(2), FREE).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "subnet 3 takes 2 registrations a block, and this one has had them: try again in the next block"
    );
    let again = subnet.register(hotkey(1), hotkey(1), FREE).unwrap_err();
    assert!(matches!(again, Refusal::AlreadyRegistered { .. }), "waiting would not help: {again}");
    subnet.advance(1);
    for byte in 2..4 {
        subnet.register(hotkey(byte), hotkey(byte), FREE).unwrap();
    }
    let refused = subnet.register(hotkey(4), hotkey(4), FREE).unwrap_err();
    assert!(matches!(refused, Refusal::TooManyRegistrations { .. }), "replacing counts as well: {refused}");
}
