//! Every figure of the chain's own code, with tolerance zero.
//!
//! `vectors/yuma.json` was made by subtensor's `run_epoch` and `math`, unmodified, at spec version 425 (trust
//! and pruning scores: 331, the last that had them), over 22 subnets and 93 epochs.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use plimsoll_chain::yuma::{
    BondRule, EpochInput, EpochNeuron, EpochOutcome, EpochRules, Fixed, LiquidAlpha, epoch, max_upscale,
    weighted_median,
};
use plimsoll_core::Uid;
use serde_json::Value;

type Row = Vec<(Uid, u16)>;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/yuma.json")).unwrap()
}

fn u64_of(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn u16_of(value: &Value) -> u16 {
    u64_of(value).try_into().unwrap()
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(read).collect()
}

/// Real numbers stand in the vectors as their steps of 2^-32.
fn fixed_of(value: &Value) -> Fixed {
    Fixed::from_bits(value.as_i64().unwrap())
}

fn row_of(value: &Value) -> Row {
    list(value, |cell| (Uid(u16_of(&cell[0])), u16_of(&cell[1])))
}

/// `{"uid": [[uid, u16], …], …}` as one row a neuron.
fn rows_of(value: &Value, n: usize) -> Vec<Row> {
    (0..n).map(|uid| value.get(uid.to_string()).map_or_else(Vec::new, row_of)).collect()
}

fn rules_of(input: &Value) -> EpochRules {
    let flag = |name: &str| input[name].as_bool().unwrap();
    let liquid = LiquidAlpha {
        low: u16_of(&input["alpha_low"]),
        high: u16_of(&input["alpha_high"]),
        steepness: input["alpha_sigmoid_steepness"].as_i64().unwrap().try_into().unwrap(),
    };
    let liquid = flag("liquid_alpha").then_some(liquid);
    EpochRules {
        tempo_blocks: u64_of(&input["tempo"]),
        kappa: u16_of(&input["kappa"]),
        bonds_penalty: u16_of(&input["bonds_penalty"]),
        bonds_moving_average: u64_of(&input["bonds_moving_average"]),
        bonds: if flag("yuma3") { BondRule::Yuma3 { liquid } } else { BondRule::Classic },
        max_validators: u16_of(&input["max_validators"]),
        activity_cutoff_blocks: u64_of(&input["activity_cutoff"]),
        stake_threshold: u64_of(&input["stake_threshold"]),
        owner: input["owner_uid"].as_u64().map(|uid| Uid(uid.try_into().unwrap())),
    }
}

/// One epoch from a JSON input, with the permits and bonds that the last one left.
fn run(input: &Value, permits: &[bool], bonds: &[Row]) -> EpochOutcome {
    let n = permits.len();
    let (stake, last_update, registered) = (
        list(&input["stake"], u64_of),
        list(&input["last_update"], u64_of),
        list(&input["registered_at"], u64_of),
    );
    let weights = rows_of(&input["weights"], n);
    let neurons: Vec<_> = (0..n)
        .map(|uid| EpochNeuron {
            stake: stake[uid],
            last_update_block: last_update[uid],
            registered_block: registered[uid],
            permit: permits[uid],
            weights: &weights[uid],
            bonds: &bonds[uid],
        })
        .collect();
    let last = u64_of(&input["last_step_block"]);
    let block = u64_of(&input["block"]);
    let last_epoch_block = (last != 0).then_some(last);
    let emission = u64_of(&input["emission"]);
    epoch(&rules_of(input), &EpochInput { block, last_epoch_block, emission, neurons: &neurons })
}

/// Compares one outcome with what the chain gave, and says how many figures that were.
fn compare(at: &str, found: &EpochOutcome, expected: &Value) -> usize {
    let mut figures = 0;
    let mut same = |name: &str, found: Value| {
        assert_eq!(found, expected[name], "{at}: {name}");
        figures += found.as_array().map_or_else(|| found.as_object().unwrap().len(), Vec::len);
    };
    let reals = |numbers: &[Fixed]| -> Value { numbers.iter().map(|number| number.to_bits()).collect() };
    let shares = |numbers: &[Fixed]| -> Value { numbers.iter().map(|number| number.to_share()).collect() };
    for (name, numbers) in [
        ("stake_normalised", &found.stake),
        ("active_stake", &found.active_stake),
        ("consensus", &found.consensus),
        ("incentive", &found.incentive),
        ("validator_trust", &found.validator_trust),
        ("dividends", &found.dividends),
    ] {
        same(name, reals(numbers));
    }
    for (name, numbers) in [
        ("consensus_u16", &found.consensus),
        ("incentive_u16", &found.incentive),
        ("validatortrust_u16", &found.validator_trust),
        ("dividends_u16", &found.dividends),
        ("stakeweight_u16", &found.stake),
    ] {
        same(name, shares(numbers));
    }
    same("active", found.active.clone().into());
    same("new_validator_permit", found.permits.clone().into());
    same("server_emission", found.miner_emission.clone().into());
    same("validator_emission", found.validator_emission.clone().into());
    same("combined_emission", found.emission.clone().into());
    if !expected["trust"].is_null() {
        same("trust", reals(&found.trust));
        same("trust_u16", shares(&found.trust));
        same("pruning_score_u16", pruning_scores(&found.share).into());
    }
    figures + compare_bonds(at, found, expected)
}

/// As the chain had them up to version 331: the share, with the largest at 65535.
fn pruning_scores(share: &[Fixed]) -> Vec<u16> {
    let half = Fixed::from_bits(1 << 31);
    let largest = share.iter().copied().max().unwrap();
    let most = Fixed::whole(u16::MAX);
    let scaled = |share: Fixed| (share * (most / largest) + half).to_bits() >> 32;
    if largest == Fixed::ZERO {
        return vec![0; share.len()];
    }
    share
        .iter()
        .map(|&share| {
            let small = largest <= Fixed::whole(32_768);
            let rounded = if small { (share * most / largest + half).to_bits() >> 32 } else { scaled(share) };
            u16::try_from(rounded).unwrap()
        })
        .collect()
}

fn compare_bonds(at: &str, found: &EpochOutcome, expected: &Value) -> usize {
    let rows = list(&expected["bonds"], |row| list(row, |cell| (Uid(u16_of(&cell[0])), fixed_of(&cell[1]))));
    assert_eq!(found.bonds.len(), rows.len(), "{at}: rows of bonds");
    for (uid, (found, expected)) in found.bonds.iter().zip(&rows).enumerate() {
        assert_eq!(found, expected, "{at}: bonds of uid {uid}");
    }
    let stored = rows_of(&expected["bonds_u16"], rows.len());
    assert_eq!(found.stored_bonds, stored, "{at}: stored bonds");
    rows.iter().map(Vec::len).sum::<usize>() + stored.iter().map(Vec::len).sum::<usize>()
}

#[test]
fn every_figure_of_every_epoch_is_the_chains_to_the_last_bit() {
    let vectors = vectors();
    let (mut epochs, mut figures) = (0, 0);
    for case in vectors["cases"].as_array().unwrap() {
        let mut input = case["input"].clone();
        let n = usize::from(u16_of(&input["n"]));
        let mut permits = list(&input["validator_permit"], |permit| permit.as_bool().unwrap());
        let mut bonds = rows_of(&input["bonds"], n);
        for (number, step) in case["epochs"].as_array().unwrap().iter().enumerate() {
            for (name, value) in step["set"].as_object().unwrap() {
                input[name] = value.clone();
            }
            let outcome = run(&input, &permits, &bonds);
            let at = format!("{} epoch {}", case["name"], number + 1);
            figures += compare(&at, &outcome, &step["expect"]);
            (permits, bonds) = (outcome.permits, outcome.stored_bonds);
            epochs += 1;
        }
    }
    assert_eq!((vectors["cases"].as_array().unwrap().len(), epochs), (22, 93));
    assert!(figures > 17_000, "only {figures} figures were compared");
}

#[test]
fn weights_are_scaled_as_the_chain_scales_them() {
    for case in vectors()["max_upscale"].as_array().unwrap() {
        let (input, output) = (list(&case["input"], u16_of), list(&case["output"], u16_of));
        assert_eq!(max_upscale(&input), output, "{input:?}");
        assert_eq!(max_upscale(&output), output, "again");
    }
    assert_eq!(max_upscale(&[53_970, 7]), [65_535, 8], "an exact half, above 32768");
    assert!(max_upscale(&[]).is_empty());
}

#[test]
fn the_weighted_median_is_the_chains() {
    for case in vectors()["weighted_median"].as_array().unwrap() {
        let scores: Vec<_> = list(&case["score"], u16_of).into_iter().map(Fixed::share).collect();
        let found =
            weighted_median(&list(&case["stake"], u64_of), &scores, Fixed::share(u16_of(&case["kappa"])));
        assert_eq!(Some(found.to_bits()), case["output_bits"].as_i64(), "{case}");
    }
}
