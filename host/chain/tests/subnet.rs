//! The subnet as a state machine: places, weights, epochs, pay.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use plimsoll_chain::Refusal;
use plimsoll_chain::subnet::{Earned, EmissionRules, RegistrationRules, Subnet, SubnetRules, Totals};
use plimsoll_core::{BlockNumber, Hotkey, NetUid, StakeRao, Uid};
use proptest::prelude::*;

const TEMPO_BLOCKS: u32 = 10;
const FREE: StakeRao = StakeRao(0);

fn hotkey(byte: u8) -> Hotkey {
    Hotkey([byte; 32])
}

fn rules() -> SubnetRules {
    SubnetRules {
        tempo_blocks: TEMPO_BLOCKS.into(),
        weights_rate_limit_blocks: 0,
        max_neurons: 8,
        ..SubnetRules::default()
    }
}

/// Neurons 0 to `n - 1`, each its own coldkey, of whom the first ones have the stakes and permits; block 1.
fn subnet(rules: SubnetRules, n: u8, stakes: &[u64]) -> Subnet {
    let mut subnet = Subnet::new(NetUid(3), rules);
    for byte in 0..n {
        subnet.register(hotkey(byte), hotkey(byte), FREE).unwrap();
    }
    for (byte, &stake) in (0..).zip(stakes) {
        subnet.set_stake(&hotkey(byte), StakeRao(stake), true).unwrap();
    }
    subnet.advance(1);
    subnet
}

fn weigh(subnet: &mut Subnet, who: u8, weights: &[(u16, u16)]) {
    let weights: Vec<_> = weights.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect();
    subnet.set_weights(&hotkey(who), &weights).unwrap();
}

fn accounted(totals: &Totals) -> u64 {
    let Totals { owner_rao, miners_rao, validators_rao, root_rao, burned_rao, .. } = *totals;
    owner_rao + miners_rao + validators_rao + root_rao + burned_rao
}

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
    let dust = subnet.totals().emitted_rao - accounted(&subnet.totals());
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
    assert!(burned > 0 && burned.abs_diff(other) <= 1, "{burned} and {other}");
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
fn root_is_paid_or_recycled_and_recycling_takes_from_miners_too() {
    let run = |recycle_root: bool| {
        let emission = EmissionRules { root_share: 13_107, recycle_root, ..EmissionRules::default() };
        let mut subnet = subnet(SubnetRules { emission, ..rules() }, 3, &[600]);
        weigh(&mut subnet, 0, &[(2, 1)]);
        subnet.advance(TEMPO_BLOCKS - 1);
        subnet.totals()
    };
    let (paid, recycled) = (run(false), run(true));
    assert_eq!((paid.root_rao, paid.burned_rao), (10 * 82_000_457, 0));
    assert_eq!((recycled.root_rao, recycled.burned_rao), (0, paid.root_rao));
    let less = paid.miners_rao - recycled.miners_rao;
    assert!(less.abs_diff(paid.root_rao / 2) < 10, "{less}");
    assert_eq!(paid.validators_rao, recycled.validators_rao);
}

#[test]
fn weights_that_are_too_old_pay_nobody() {
    let mut rules = rules();
    rules.consensus.activity_cutoff_blocks = 25;
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
    let rules = SubnetRules { registration: RegistrationRules::bittensor(), ..rules() };
    let mut subnet = Subnet::new(NetUid(3), rules);
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
    let registration = RegistrationRules { immunity_blocks: 15, min_non_immune: 2, ..Default::default() };
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
    let registration = RegistrationRules { immunity_blocks: 0, min_non_immune: 0, ..Default::default() };
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

#[derive(Debug, Clone)]
enum Step {
    Pass(u32),
    Register(u8),
    Stake(u8, u64),
    Weigh(u8, Vec<(u16, u16)>),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1u32..25).prop_map(Step::Pass),
        (0u8..20).prop_map(Step::Register),
        (0u8..20, 0u64..1000).prop_map(|(who, stake)| Step::Stake(who, stake)),
        (0u8..20, proptest::collection::vec((0u16..8, any::<u16>()), 0..8))
            .prop_map(|(who, weights)| Step::Weigh(who, weights)),
    ]
}

fn any_rules() -> impl Strategy<Value = SubnetRules> {
    (any::<u16>(), any::<u16>(), any::<bool>(), any::<bool>(), proptest::option::of(0u16..8), 0u64..30)
        .prop_map(|(owner_cut, root_share, recycle_root, stake_earnings, owner, immunity_blocks)| {
            let emission = EmissionRules {
                owner_cut,
                root_share,
                recycle_root,
                stake_earnings,
                ..EmissionRules::default()
            };
            let registration =
                RegistrationRules { immunity_blocks, min_non_immune: 2, ..RegistrationRules::default() };
            SubnetRules { owner: owner.map(Uid), emission, registration, ..rules() }
        })
}

proptest! {
    #[test]
    fn nothing_is_paid_that_was_not_emitted_and_all_pay_is_somebodys(
        rules in any_rules(), steps in proptest::collection::vec(any_step(), 0..60),
    ) {
        let mut subnet = Subnet::new(NetUid(3), rules);
        let mut blocks = 0;
        for step in steps {
            // Some of these are refused; what is refused changes nothing.
            let before = subnet.clone();
            let refused = match step {
                Step::Pass(more) => {
                    subnet.advance(more);
                    blocks += u64::from(more);
                    false
                }
                Step::Register(who) => subnet.register(hotkey(who), hotkey(who / 2), FREE).is_err(),
                Step::Stake(who, stake) => subnet.set_stake(&hotkey(who), StakeRao(stake), stake > 500).is_err(),
                Step::Weigh(who, weights) => {
                    let weights: Vec<_> = weights.into_iter().map(|(uid, weight)| (Uid(uid), weight)).collect();
                    subnet.set_weights(&hotkey(who), &weights).is_err()
                }
            };
            prop_assert!(!refused || subnet == before);
            let totals = subnet.totals();
            prop_assert_eq!(totals.emitted_rao, blocks * 1_000_000_000);
            prop_assert!(accounted(&totals) <= totals.emitted_rao, "{:?}", totals);
            let earned: Earned = (0..20).map(|byte| subnet.earned(&hotkey(byte))).sum();
            prop_assert_eq!((earned.miner_rao, earned.validator_rao), (totals.miners_rao, totals.validators_rao));
        }
        prop_assert_eq!(subnet.block(), BlockNumber(blocks));
    }

    #[test]
    fn many_blocks_at_once_are_the_same_as_one_by_one(blocks in 0u32..60) {
        let mut at_once = subnet(rules(), 4, &[600, 300]);
        weigh(&mut at_once, 0, &[(2, 3), (3, 1)]);
        let mut one_by_one = at_once.clone();
        let epochs: u32 = (0..blocks).map(|_| one_by_one.advance(1)).sum();
        prop_assert_eq!(at_once.advance(blocks), epochs);
        prop_assert_eq!(at_once, one_by_one);
    }
}
