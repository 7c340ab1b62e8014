//! How long an epoch of a full subnet takes: 64 validators that weigh 256 miners, 1,000 epochs. The fastest
//! is what it costs; the median is that on this machine as busy as it is.
//!
//! `cargo run --release --example epoch_time -p plimsoll-chain`

#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::time::{Duration, Instant};

use plimsoll_chain::subnet::{RegistrationRules, Subnet, SubnetRules};
use plimsoll_chain::yuma::{BondRule, EpochInput, EpochNeuron, EpochRules, LiquidAlpha, epoch};
use plimsoll_core::{Digest, Hotkey, NetUid, StakeRao, Uid};

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
        let mut each = run(bonds);
        each.sort_unstable();
        let (fastest, median) = (each[0].as_micros(), each[each.len() / 2].as_micros());
        println!("{name}: fastest {fastest} µs, median {median} µs an epoch");
    }
    let began = Instant::now();
    let subnet = run_subnet();
    let (epochs, seconds) = (subnet.block().0 / subnet.rules().tempo_blocks, began.elapsed().as_secs_f64());
    println!("a whole subnet, weights set anew for every epoch: {epochs} epochs in {seconds:.2} s");
}

/// A subnet through all epochs: registration, stake, weights, blocks, pay.
fn run_subnet() -> Subnet {
    let n = VALIDATORS + MINERS;
    let registration = RegistrationRules { max_registrations_per_block: n, ..RegistrationRules::default() };
    let rules = SubnetRules { max_neurons: n, registration, ..SubnetRules::default() };
    let mut subnet = Subnet::new(NetUid(1), rules);
    let hotkey = |uid: u16| Hotkey(Digest::of(&uid.to_le_bytes()).0);
    for uid in 0..n {
        let taken = subnet.register(hotkey(uid), hotkey(uid), StakeRao(0));
        let staked = StakeRao(if uid < VALIDATORS { 1_000 + u64::from(uid) * 37 } else { 0 });
        if let Err(refused) = taken.and_then(|_| subnet.set_stake(&hotkey(uid), staked, uid < VALIDATORS)) {
            println!("uid {uid}: {refused}");
        }
    }
    for epoch in 0..EPOCHS {
        let this_epoch = u16::try_from(epoch % 500).unwrap_or(0);
        subnet.advance(200);
        for i in 0..VALIDATORS {
            let row: Vec<_> = (VALIDATORS..n).map(|j| (Uid(j), weight(i, j) + this_epoch)).collect();
            if let Err(refused) = subnet.set_weights(&hotkey(i), &row) {
                println!("uid {i}: {refused}");
            }
        }
        subnet.advance(160);
    }
    subnet
}

/// Validators differ a little in what they give, by a multiplicative scramble.
fn weight(i: u16, j: u16) -> u16 {
    20_000 + j * 100 + i.wrapping_mul(40_503).wrapping_add(j.wrapping_mul(977)) % 1_000
}

fn run(bonds: BondRule) -> Vec<Duration> {
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
    let rows: Vec<Vec<_>> =
        (0..VALIDATORS).map(|i| (VALIDATORS..n).map(|j| (Uid(j), weight(i, j))).collect()).collect();
    let mut stored = vec![Vec::new(); n.into()];
    let mut each = Vec::new();
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
        let began = Instant::now();
        let outcome = epoch(&rules, &input);
        each.push(began.elapsed());
        stored = outcome.stored_bonds;
    }
    each
}
