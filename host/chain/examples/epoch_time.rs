//! How long an epoch of a full subnet takes: 64 validators that weigh 256 miners, 1,000 epochs.
//!
//! `cargo run --release --example epoch_time -p plimsoll-chain`

#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::time::Instant;

use plimsoll_chain::yuma::{BondRule, EpochInput, EpochNeuron, EpochRules, LiquidAlpha, epoch};
use plimsoll_core::Uid;

const VALIDATORS: u16 = 64;
const MINERS: u16 = 256;
const EPOCHS: u64 = 1_000;

fn main() {
    let liquid = LiquidAlpha { low: 45_875, high: 58_982, steepness: 1_000 };
    for (name, bonds) in [
        ("classic", BondRule::Classic),
        ("yuma3", BondRule::Yuma3 { liquid: None }),
        ("yuma3, liquid alpha", BondRule::Yuma3 { liquid: Some(liquid) }),
    ] {
        let began = Instant::now();
        let paid = run(bonds);
        let each_us = began.elapsed().as_secs_f64() * 1e6 / EPOCHS as f64;
        println!("{name}: {each_us:.0} µs an epoch ({paid} paid to miners)");
    }
}

fn run(bonds: BondRule) -> u64 {
    let rules = EpochRules {
        tempo_blocks: 360,
        kappa: 32_767,
        bonds_penalty: u16::MAX,
        bonds_moving_average: 900_000,
        bonds,
        max_validators: VALIDATORS,
        activity_cutoff_blocks: 5_000,
        stake_threshold: 0,
        owner: None,
    };
    let n = VALIDATORS + MINERS;
    // Validators differ a little in what they give, by a multiplicative scramble.
    let weight = |i: u16, j: u16| 20_000 + j * 100 + i.wrapping_mul(40_503).wrapping_add(j * 977) % 1_000;
    let rows: Vec<Vec<_>> =
        (0..VALIDATORS).map(|i| (VALIDATORS..n).map(|j| (Uid(j), weight(i, j))).collect()).collect();
    let mut stored = vec![Vec::new(); n.into()];
    let mut paid = 0;
    for number in 1..=EPOCHS {
        let block = number * rules.tempo_blocks;
        let neurons: Vec<_> = (0..n)
            .zip(&stored)
            .map(|(uid, bonds)| EpochNeuron {
                stake: if uid < VALIDATORS { 1_000 + u64::from(uid) * 37 } else { 0 },
                last_update_block: block - 1,
                registered_block: 0,
                permit: uid < VALIDATORS,
                weights: rows.get(usize::from(uid)).map_or(&[], Vec::as_slice),
                bonds,
            })
            .collect();
        let last_epoch_block = (number > 1).then(|| block - rules.tempo_blocks);
        let input = EpochInput { block, last_epoch_block, emission: 360_000_000_000, neurons: &neurons };
        let outcome = epoch(&rules, &input);
        paid += outcome.miner_emission.iter().sum::<u64>();
        stored = outcome.stored_bonds;
    }
    paid
}
