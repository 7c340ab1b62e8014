//! The subnet's books: nothing comes from nowhere, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

#[path = "support/subnet.rs"]
mod support;

use plimsoll_chain::subnet::{
    ConsensusRules, Earned, EmissionRules, RegistrationRules, Subnet, SubnetRules, Totals,
};
use plimsoll_chain::yuma::{BondRule, LiquidAlpha};
use plimsoll_core::{BlockNumber, NetUid, StakeRao, Uid};
use proptest::prelude::*;
use support::{FREE, TEMPO_BLOCKS, accounted, at_once, hotkey, rules, subnet, weigh};

/// What rounding may lose of every block.
const LOST_A_BLOCK_RAO: u64 = 3;

/// The totals after one epoch in which a validator weighs a miner.
fn after_one_epoch(emission: EmissionRules, consensus: ConsensusRules) -> Totals {
    let mut subnet = subnet(SubnetRules { emission, consensus, ..rules() }, 3, &[600]);
    weigh(&mut subnet, 0, &[(2, 1)]);
    subnet.advance(TEMPO_BLOCKS - 1);
    let totals = subnet.totals();
    assert_eq!(totals.emitted_rao, 10_000_000_000);
    // Just after an epoch no pot holds anything. Beyond the emission there may be a rao a neuron, and one for
    // every whole 2^32 rao of it.
    let (all, emitted) = (accounted(&totals), totals.emitted_rao);
    let lost = LOST_A_BLOCK_RAO * u64::from(TEMPO_BLOCKS);
    assert!((emitted - lost..=emitted + 3 * 3).contains(&all), "{all} of {emitted}: {totals:?}");
    totals
}

const ROOT: EmissionRules = EmissionRules {
    alpha_per_block_rao: 1_000_000_000,
    owner_cut: 11_796,
    root_share: 13_107,
    recycle_root: false,
    stake_earnings: false,
};

#[test]
fn root_is_paid_or_recycled_and_recycling_takes_from_miners_too() {
    let run =
        |recycle_root| after_one_epoch(EmissionRules { recycle_root, ..ROOT }, ConsensusRules::default());
    let (paid, recycled) = (run(false), run(true));
    assert_eq!((paid.root_rao, recycled.root_rao), (10 * 82_000_457, 0));
    // What recycling leaves over of the miners' pot is burned with the root's share: half as much.
    assert!(paid.burned_rao < 20, "{paid:?}");
    assert!(recycled.burned_rao.abs_diff(paid.root_rao * 3 / 2) < 20, "{recycled:?}");
    let less = paid.miners_rao.abs_diff(recycled.miners_rao);
    assert!(less.abs_diff(paid.root_rao / 2) < 10, "{less}");
    assert_eq!(paid.validators_rao, recycled.validators_rao);
}

#[test]
fn where_no_validator_earns_miners_get_the_roots_share_and_it_is_counted_once() {
    // Bonds that keep all of what they were stay at nothing, and earn nothing.
    let consensus = ConsensusRules { bonds_moving_average: 1_000_000, ..ConsensusRules::default() };
    let totals = after_one_epoch(ROOT, consensus);
    assert_eq!((totals.validators_rao, totals.root_rao), (0, 0));
    assert!(totals.miners_rao.abs_diff(8_200_045_770) < 100, "{totals:?}");
    let recycled = after_one_epoch(EmissionRules { recycle_root: true, ..ROOT }, consensus);
    assert_eq!((recycled.validators_rao, recycled.root_rao), (0, 0));
    assert!(recycled.burned_rao.abs_diff(820_004_570) < 20, "{recycled:?}");
}

#[test]
fn what_nobody_can_be_paid_is_burned() {
    let mut nobody = Subnet::new(NetUid(3), SubnetRules { emission: ROOT, ..rules() });
    nobody.advance(2 * TEMPO_BLOCKS);
    let totals = nobody.totals();
    assert_eq!((totals.miners_rao, totals.validators_rao, totals.root_rao), (0, 0, 0));
    let rest = totals.emitted_rao.abs_diff(totals.owner_rao + totals.burned_rao);
    assert!(totals.burned_rao > 0 && rest <= LOST_A_BLOCK_RAO * 20, "{totals:?}");
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

fn any_consensus() -> impl Strategy<Value = ConsensusRules> {
    let liquid = LiquidAlpha { low: 45_875, high: 58_982, steepness: 1_000 };
    let bonds = prop_oneof![
        Just(BondRule::Classic),
        Just(BondRule::Yuma3 { liquid: None }),
        Just(BondRule::Yuma3 { liquid: Some(liquid) }),
    ];
    let kept = prop_oneof![Just(0), Just(900_000), Just(1_000_000), 0u64..=1_000_000];
    (bonds, kept).prop_map(|(bonds, bonds_moving_average)| ConsensusRules {
        bonds,
        bonds_moving_average,
        ..ConsensusRules::default()
    })
}

fn any_emission() -> impl Strategy<Value = EmissionRules> {
    let alpha = prop_oneof![Just(1_000_000_000), 0u64..20, 0u64..=1_000_000_000_000];
    (alpha, any::<u16>(), any::<u16>(), any::<bool>(), any::<bool>()).prop_map(
        |(alpha_per_block_rao, owner_cut, root_share, recycle_root, stake_earnings)| EmissionRules {
            alpha_per_block_rao,
            owner_cut,
            root_share,
            recycle_root,
            stake_earnings,
        },
    )
}

fn any_rules() -> impl Strategy<Value = SubnetRules> {
    let owner = proptest::option::of((0u16..8).prop_map(Uid));
    (any_consensus(), any_emission(), owner, 0u64..30, 1u64..40).prop_map(
        |(consensus, emission, owner, immunity_blocks, tempo_blocks)| {
            let registration = RegistrationRules { immunity_blocks, min_non_immune: 2, ..at_once() };
            SubnetRules { owner, tempo_blocks, consensus, emission, registration, ..rules() }
        },
    )
}

/// Does a step; answers the blocks and epochs that passed, or that it was refused.
fn take(subnet: &mut Subnet, step: Step) -> Result<(u64, u64), plimsoll_chain::Refusal> {
    match step {
        Step::Pass(blocks) => return Ok((blocks.into(), subnet.advance(blocks).into())),
        Step::Register(who) => drop(subnet.register(hotkey(who), hotkey(who / 2), FREE)?),
        Step::Stake(who, stake) => subnet.set_stake(&hotkey(who), StakeRao(stake), stake > 500)?,
        Step::Weigh(who, weights) => {
            let weights: Vec<_> = weights.into_iter().map(|(uid, weight)| (Uid(uid), weight)).collect();
            subnet.set_weights(&hotkey(who), &weights)?;
        }
    }
    Ok((0, 0))
}

proptest! {
    #[test]
    fn all_that_was_emitted_went_somewhere_and_all_pay_is_somebodys(
        rules in any_rules(), steps in proptest::collection::vec(any_step(), 0..60),
    ) {
        let mut subnet = Subnet::new(NetUid(3), rules);
        let (mut blocks, mut dust_rao) = (0, 0);
        let alpha_rao = rules.emission.alpha_per_block_rao;
        for step in steps {
            let before = subnet.clone();
            match take(&mut subnet, step) {
                Ok((more, epochs)) => {
                    blocks += more;
                    let neurons = subnet.members().len() as u64;
                    dust_rao += epochs * (((alpha_rao * rules.tempo_blocks) >> 32) + 1) * neurons;
                }
                Err(_) => prop_assert_eq!(&subnet, &before, "what is refused changes nothing"),
            }
            let totals = subnet.totals();
            prop_assert_eq!(totals.emitted_rao, blocks * alpha_rao);
            let all = accounted(&totals);
            prop_assert!(all <= totals.emitted_rao + dust_rao, "{} and {:?}", dust_rao, totals);
            let filling_rao = (blocks - subnet.last_epoch().unwrap_or_default().0) * alpha_rao;
            let kept = all + filling_rao + LOST_A_BLOCK_RAO * blocks;
            prop_assert!(kept >= totals.emitted_rao, "{} and {:?}", filling_rao, totals);
            let earned: Earned = (0..20).map(|byte| subnet.earned(&hotkey(byte))).sum();
            prop_assert_eq!((earned.miner_rao, earned.validator_rao), (totals.miners_rao, totals.validators_rao));
        }
        prop_assert_eq!(subnet.block(), BlockNumber(blocks));
    }

    #[test]
    fn many_blocks_at_once_are_the_same_as_one_by_one(blocks in 0u32..60, costs in any::<bool>()) {
        let paid = RegistrationRules { max_registrations_per_block: 4, ..RegistrationRules::bittensor() };
        let registration = if costs { paid } else { at_once() };
        let mut at_once = subnet(SubnetRules { registration, ..rules() }, 4, &[600, 300]);
        weigh(&mut at_once, 0, &[(2, 3), (3, 1)]);
        let mut one_by_one = at_once.clone();
        let epochs: u32 = (0..blocks).map(|_| one_by_one.advance(1)).sum();
        let cost = at_once.registration_cost_rao();
        prop_assert_eq!(at_once.advance(blocks), epochs);
        prop_assert_eq!(at_once.registration_cost_rao() < cost, costs && blocks > 0, "it falls");
        prop_assert_eq!(at_once, one_by_one);
    }
}
