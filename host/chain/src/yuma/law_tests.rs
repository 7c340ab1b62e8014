//! What must hold of any epoch, and the consensus against a slow and obvious one.

use plimsoll_core::Uid;
use proptest::prelude::*;

use super::consensus::consensus;
use super::*;

#[derive(Debug, Clone)]
struct Owned {
    stake: u64,
    last_update_block: u64,
    registered_block: u64,
    permit: bool,
    weights: Vec<(Uid, u16)>,
    bonds: Vec<(Uid, u16)>,
}

const BLOCK: u64 = 10_000;

fn any_row(n: u16) -> impl Strategy<Value = Vec<(Uid, u16)>> {
    let value = prop_oneof![Just(0), Just(u16::MAX), any::<u16>()];
    proptest::collection::btree_map((0..n).prop_map(Uid), value, 0..usize::from(n))
        .prop_map(|row| row.into_iter().collect())
}

fn any_neuron(n: u16) -> impl Strategy<Value = Owned> {
    let stake = prop_oneof![Just(0), Just(1), 0u64..1000, 0u64..1 << 62];
    let block = || prop_oneof![Just(0), 4_990u64..5_010, 0..BLOCK];
    (stake, block(), block(), any::<bool>(), any_row(n), any_row(n)).prop_map(
        |(stake, last_update_block, registered_block, permit, weights, bonds)| Owned {
            stake,
            last_update_block,
            registered_block,
            permit,
            weights,
            bonds,
        },
    )
}

fn any_subnet() -> impl Strategy<Value = Vec<Owned>> {
    (2u16..12).prop_flat_map(|n| proptest::collection::vec(any_neuron(n), usize::from(n)))
}

fn any_rules() -> impl Strategy<Value = EpochRules> {
    let share = || prop_oneof![Just(0), Just(u16::MAX), Just(32_767), any::<u16>()];
    let liquid = (any::<u16>(), any::<u16>(), any::<i16>());
    let bonds = prop_oneof![
        Just(BondRule::Classic),
        Just(BondRule::Yuma3 { liquid: None }),
        liquid.prop_map(|(low, high, steepness)| {
            BondRule::Yuma3 { liquid: Some(LiquidAlpha { low, high, steepness }) }
        }),
    ];
    (share(), share(), 0u64..=1_000_000, bonds, 0u16..12, proptest::option::of(0u16..12)).prop_map(
        |(kappa, bonds_penalty, bonds_moving_average, bonds, max_validators, owner)| EpochRules {
            tempo_blocks: 360,
            kappa,
            bonds_penalty,
            bonds_moving_average,
            bonds,
            max_validators,
            activity_cutoff_blocks: 5000,
            stake_threshold: 1,
            owner: owner.map(Uid),
        },
    )
}

fn run(rules: &EpochRules, subnet: &[Owned], emission: u64) -> EpochOutcome {
    let neurons: Vec<_> = subnet
        .iter()
        .map(|owned| EpochNeuron {
            stake: owned.stake,
            last_update_block: owned.last_update_block,
            registered_block: owned.registered_block,
            permit: owned.permit,
            weights: &owned.weights,
            bonds: &owned.bonds,
        })
        .collect();
    epoch(rules, &EpochInput { block: BLOCK, last_epoch_block: None, emission, neurons: &neurons })
}

/// Straight from the definition: the largest score below which there is at most what `kappa` leaves.
fn slow_median(votes: &[(Fixed, Fixed)], kappa: Fixed) -> Fixed {
    let all: Fixed = votes.iter().map(|vote| vote.1).sum();
    let passes = |score: Fixed| {
        let below: Fixed = votes.iter().filter(|vote| vote.0 < score).map(|vote| vote.1).sum();
        below <= all - kappa
    };
    let scores = || votes.iter().map(|vote| vote.0);
    scores().filter(|&score| passes(score)).max().or_else(|| scores().min()).unwrap_or_default()
}

/// Everyone at another place: the uids in all rows move with them.
fn permuted(subnet: &[Owned], place: &[usize]) -> Vec<Owned> {
    let moved = |row: &[(Uid, u16)]| {
        let mut row: Vec<_> =
            row.iter().map(|&(uid, value)| (Uid(place[usize::from(uid.0)] as u16), value)).collect();
        row.sort_unstable();
        row
    };
    let mut out = subnet.to_vec();
    for (old, &new) in subnet.iter().zip(place) {
        out[new] = Owned { weights: moved(&old.weights), bonds: moved(&old.bonds), ..old.clone() };
    }
    out
}

fn any_subnet_and_places() -> impl Strategy<Value = (Vec<Owned>, Vec<usize>)> {
    any_subnet().prop_flat_map(|subnet| {
        let places: Vec<usize> = (0..subnet.len()).collect();
        (Just(subnet), Just(places).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn never_more_is_paid_than_there_is(rules in any_rules(), subnet in any_subnet(), emission: u64) {
        let outcome = run(&rules, &subnet, emission);
        let sum = |amounts: &[u64]| amounts.iter().map(|&amount| u128::from(amount)).sum::<u128>();
        let paid = sum(&outcome.miner_emission) + sum(&outcome.validator_emission);
        prop_assert!(paid <= emission.into(), "{} of {}", paid, emission);
        prop_assert!(sum(&outcome.emission) <= emission.into());
        let staked = subnet.iter().enumerate().any(|(uid, neuron)| {
            neuron.stake >= rules.stake_threshold || (rules.owner == Some(Uid(uid as u16)) && neuron.stake > 0)
        });
        if staked {
            // A share falls short of its exact value by two steps at most.
            let dust = (u128::from(emission) >> 32) * 4 * subnet.len() as u128 + 4 * subnet.len() as u128;
            prop_assert!(paid + dust >= emission.into(), "only {} of {}", paid, emission);
        } else {
            prop_assert_eq!(paid, 0);
        }
    }

    #[test]
    fn shares_are_shares_and_only_those_with_a_permit_keep_bonds(rules in any_rules(), subnet in any_subnet()) {
        let outcome = run(&rules, &subnet, 1_000_000);
        for shares in [&outcome.stake, &outcome.active_stake, &outcome.incentive, &outcome.dividends, &outcome.share] {
            prop_assert!(shares.iter().all(|&share| share >= Fixed::ZERO));
            prop_assert!(shares.iter().copied().sum::<Fixed>() <= Fixed::ONE);
        }
        for (uid, row) in outcome.stored_bonds.iter().enumerate() {
            prop_assert!(outcome.permits[uid] || row.is_empty());
            prop_assert!(row.is_sorted_by(|a, b| a.0 < b.0), "{:?}", row);
        }
        let chosen = outcome.permits.iter().filter(|&&permit| permit).count();
        prop_assert!(chosen <= usize::from(rules.max_validators) + usize::from(rules.owner.is_some()));
    }

    #[test]
    fn the_consensus_is_what_its_definition_says(rules in any_rules(), subnet in any_subnet()) {
        let outcome = run(&EpochRules { bonds_penalty: 0, ..rules }, &subnet, 0);
        // Once more from its own rows, the slow way.
        let n = subnet.len();
        let mut rows = Rows::with_room(n, n * n);
        for neuron in &subnet {
            rows.push_row(neuron.weights.iter().map(|&(uid, weight)| (uid, Fixed::share(weight))));
        }
        let kappa = Fixed::share(rules.kappa);
        let found = consensus(&outcome.active_stake, &rows, kappa);
        let all: Fixed = outcome.active_stake.iter().copied().sum();
        for (miner, &found) in found.iter().enumerate() {
            let score = |row: &[(Uid, Fixed)]| {
                row.iter().find(|cell| usize::from(cell.0.0) == miner).map_or(Fixed::ZERO, |cell| cell.1)
            };
            let votes: Vec<_> = rows
                .iter()
                .zip(&outcome.active_stake)
                .filter(|(_, stake)| **stake > Fixed::ZERO)
                .map(|(row, &stake)| (score(row), stake / all))
                .collect();
            prop_assert_eq!(found, slow_median(&votes, kappa), "miner {} of {:?}", miner, votes);
        }
    }

    #[test]
    fn who_has_which_uid_does_not_matter_while_all_stakes_differ(
        rules in any_rules(), (mut subnet, places) in any_subnet_and_places(),
    ) {
        // Of equals the higher uid gets the permit, so there are no equals here.
        for (uid, neuron) in (1..).zip(&mut subnet) {
            neuron.stake = neuron.stake % 1000 * 1000 + uid;
        }
        let owner = rules.owner.filter(|owner| usize::from(owner.0) < subnet.len());
        let elsewhere = owner.map(|owner| Uid(places[usize::from(owner.0)] as u16));
        let here = run(&EpochRules { owner, ..rules }, &subnet, 1 << 40);
        let there = run(&EpochRules { owner: elsewhere, ..rules }, &permuted(&subnet, &places), 1 << 40);
        for (uid, &place) in places.iter().enumerate() {
            prop_assert_eq!(here.consensus[uid], there.consensus[place]);
            prop_assert_eq!(here.incentive[uid], there.incentive[place]);
            prop_assert_eq!(here.dividends[uid], there.dividends[place]);
            prop_assert_eq!(here.permits[uid], there.permits[place]);
            prop_assert_eq!(here.emission[uid], there.emission[place]);
        }
    }

    #[test]
    fn a_minority_cannot_lift_its_own_miner(own in 1u16.., honest in 1u16.., minority in 1u64..500) {
        let neuron = |stake: u64, weights: &[(u16, u16)]| Owned {
            stake,
            last_update_block: BLOCK,
            registered_block: 0,
            permit: stake > 0,
            weights: weights.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect(),
            bonds: Vec::new(),
        };
        let subnet = [neuron(1001 - minority, &[(2, honest)]), neuron(minority, &[(3, own)]), neuron(0, &[]), neuron(0, &[])];
        let rules = EpochRules {
            tempo_blocks: 360,
            kappa: 32_767,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            bonds: BondRule::Yuma3 { liquid: None },
            max_validators: 64,
            activity_cutoff_blocks: 5000,
            stake_threshold: 0,
            owner: None,
        };
        let outcome = run(&rules, &subnet, 1_000);
        prop_assert_eq!(outcome.incentive[3], Fixed::ZERO);
        prop_assert_eq!(outcome.incentive[2], Fixed::ONE);
        prop_assert_eq!(outcome.dividends[1], Fixed::ZERO);
    }
}
