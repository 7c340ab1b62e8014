//! Laws of incentive rules.

use std::collections::BTreeMap;

use super::cases::proven;
use super::plugin::configured;
use super::{INCENTIVE_LAWS, granted, keeps, law, round, standings, unpanicked, waivers_are_of};
use crate::{Draws, Hotkey, IncentiveRule, LARGEST_MEMORY_BYTES, Outcome, Standing};

const CASES: u64 = 150;
const LONGEST_REASON_BYTES: usize = 512;

/// Tests that every weight names a known miner once and has a reason; that the same input gives the same
/// outcome, whatever the order of miners; that who proved nothing earns nothing; that failing never beats
/// passing and proving more never earns less, at once and over epochs; that being asked and failing never beats
/// not being asked; that a newcomer does not inherit the past of its uid; that no memory, however damaged, is a
/// panic. A law of [`INCENTIVE_LAWS`] that the rule waives is not tried.
///
/// # Panics
/// Where a law is broken.
#[track_caller]
pub fn incentive_rule<P: IncentiveRule>(config_json: &str) {
    let rule: P = configured(config_json);
    waivers_are_of::<P>(&INCENTIVE_LAWS);
    let mut draws = Draws::new("laws of incentive rules", &[]);
    let mut memory = Vec::new();
    for epoch in 0..CASES {
        let count = draws.below(30) as u16;
        let standings = standings(&mut draws, count);
        let outcome = weigh(&rule, &mut draws, epoch, &standings, &memory);
        promises::<P>(&standings, &outcome);
        if keeps::<P>("order") {
            order_does_not_matter(&rule, &mut draws, epoch, &standings, &memory);
        }
        if keeps::<P>("absent") {
            nothing_proven_earns_nothing(&rule, &mut draws, &standings);
        }
        memory = outcome.memory;
    }
    better_never_earns_less(&rule, &mut draws);
    if keeps::<P>("unasked") {
        failing_never_beats_not_being_asked(&rule, &mut draws);
    }
    a_newcomer_inherits_nothing(&rule, &mut draws);
    damaged_memory_is_no_panic(&rule, &mut draws, &memory);
}

/// What a rule gives in epochs one after the other, with its own memory: for each epoch the values in the order of
/// its standings' weights. For tests against figures made by hand.
///
/// # Panics
/// Where the rule refuses its parameters or an epoch.
#[track_caller]
pub fn earnings<P: IncentiveRule>(config_json: &str, epochs: &[&[Standing]]) -> Vec<Vec<u64>> {
    let (rule, mut draws): (P, _) = (configured(config_json), Draws::new("earnings", &[]));
    let mut memory = Vec::new();
    let mut weighed = |standings: &&[Standing]| {
        let outcome = weigh(&rule, &mut draws, 0, standings, &memory);
        memory = outcome.memory;
        outcome.weights.iter().map(|weight| weight.value).collect()
    };
    epochs.iter().map(&mut weighed).collect()
}

fn weigh<P: IncentiveRule>(
    rule: &P,
    draws: &mut Draws,
    epoch: u64,
    standings: &[Standing],
    memory: &[u8],
) -> Outcome {
    let round = round(&mut draws.clone(), epoch);
    let work = || rule.weigh(&round, standings, memory);
    let outcome = granted::<P, _>("weigh", &(&standings, memory), work);
    let same = granted::<P, _>("weigh", &(&standings, memory), work) == outcome;
    law::<P>("the same input gives the same outcome", same, || format!("{standings:?}"));
    outcome
}

fn promises<P: IncentiveRule>(standings: &[Standing], outcome: &Outcome) {
    let values = values(outcome);
    law::<P>("nobody is weighed twice", values.len() == outcome.weights.len(), || format!("{outcome:?}"));
    let known = |uid: &u16| standings.iter().any(|miner| miner.uid == *uid);
    law::<P>("nobody unknown is weighed", values.keys().all(known), || format!("{outcome:?}"));
    let short = outcome.memory.len() <= LARGEST_MEMORY_BYTES;
    law::<P>("the memory has at most 1 MiB", short, || format!("{} bytes", outcome.memory.len()));
    for weight in &outcome.weights {
        let fits = (1..=LONGEST_REASON_BYTES).contains(&weight.reason.len());
        law::<P>("a weight has a reason, of at most 512 bytes", fits, || format!("{weight:?}"));
    }
}

/// Weights by uid; a miner that is not named counts as zero.
fn values(outcome: &Outcome) -> BTreeMap<u16, u64> {
    outcome.weights.iter().map(|weight| (weight.uid, weight.value)).collect()
}

fn value(outcome: &Outcome, uid: u16) -> u64 {
    values(outcome).get(&uid).copied().unwrap_or(0)
}

fn order_does_not_matter<P: IncentiveRule>(
    rule: &P,
    draws: &mut Draws,
    epoch: u64,
    standings: &[Standing],
    memory: &[u8],
) {
    let mut reversed = standings.to_vec();
    reversed.reverse();
    let one = weigh(rule, draws, epoch, standings, memory);
    let other = weigh(rule, draws, epoch, &reversed, memory);
    let same = values(&one) == values(&other) && one.memory == other.memory;
    law::<P>("the order of miners does not matter", same, || format!("{standings:?}"));
}

fn nothing_proven_earns_nothing<P: IncentiveRule>(rule: &P, draws: &mut Draws, standings: &[Standing]) {
    let outcome = weigh(rule, draws, 0, standings, &[]);
    for miner in standings.iter().filter(|miner| miner.passed == 0 && miner.proven_bytes == 0) {
        let earned = value(&outcome, miner.uid);
        law::<P>("who proved nothing, and never did, earns nothing", earned == 0, || {
            format!("{earned} for {miner:?}")
        });
    }
}

/// Pairs of miners of which the second did better in every epoch, over epochs with the rule's own memory.
fn better_never_earns_less<P: IncentiveRule>(rule: &P, draws: &mut Draws) {
    for case in 0..CASES {
        let (mut worse, mut better) = ([0; 32], [1; 32]);
        (worse[31], better[31]) = (case as u8, case as u8);
        let mut memory = Vec::new();
        for epoch in 0..4 {
            let mut pair = standings(draws, 2);
            let issued = 1 + draws.below(9) as u32;
            let passed = draws.below(u64::from(issued) + 1) as u32;
            let claimed = draws.below(1 << 40);
            let (fewer, smaller) = (draws.below(u64::from(passed) + 1) as u32, draws.below(claimed + 1));
            let passes_more = case % 2 == 0;
            pair[1] = audited(pair[1], Hotkey(better), claimed, passed, issued);
            pair[0] = if passes_more {
                audited(pair[0], Hotkey(worse), claimed, fewer, issued)
            } else {
                audited(pair[0], Hotkey(worse), smaller, passed, issued)
            };
            (pair[0].latency_p50_ms, pair[0].latency_p99_ms) =
                (pair[1].latency_p50_ms, pair[1].latency_p99_ms);
            let outcome = weigh(rule, draws, epoch, &pair, &memory);
            let (low, high) = (value(&outcome, 0), value(&outcome, 1));
            let (waived_as, name) = if passes_more {
                ("failing", "failing never beats passing")
            } else {
                ("more", "proving more never earns less")
            };
            law::<P>(name, low <= high || !keeps::<P>(waived_as), || {
                format!("{low} for {:?}, {high} for {:?}", pair[0], pair[1])
            });
            memory = outcome.memory;
        }
    }
}

/// Two miners that did the same; then one is asked and fails, and the other is not asked.
fn failing_never_beats_not_being_asked<P: IncentiveRule>(rule: &P, draws: &mut Draws) {
    for case in 0..CASES {
        let issued = 1 + draws.below(9) as u32;
        let passed = draws.below(u64::from(issued) + 1) as u32;
        let claimed = draws.below(1 << 40);
        let mut pair = standings(draws, 2);
        for (miner, key) in pair.iter_mut().zip([[1; 32], [2; 32]]) {
            *miner = audited(*miner, Hotkey(key), claimed, passed, issued);
            (miner.latency_p50_ms, miner.latency_p99_ms) = (20, 40);
        }
        let memory = weigh(rule, draws, case, &pair, &[]).memory;
        pair[0] = audited(pair[0], pair[0].hotkey, claimed, 0, issued);
        pair[1] =
            Standing { issued: 0, passed: 0, failed: 0, latency_p50_ms: 0, latency_p99_ms: 0, ..pair[1] };
        let outcome = weigh(rule, draws, case + 1, &pair, &memory);
        let (failed, kept) = (value(&outcome, 0), value(&outcome, 1));
        law::<P>("failing never beats not being asked", failed <= kept, || {
            format!("{failed} for {:?}, {kept} for {:?}", pair[0], pair[1])
        });
    }
}

fn audited(of: Standing, hotkey: Hotkey, claimed_bytes: u64, passed: u32, issued: u32) -> Standing {
    let proven_bytes = proven(claimed_bytes, passed, issued);
    let failed = issued - passed;
    Standing {
        hotkey,
        claimed_bytes,
        proven_bytes,
        issued,
        passed,
        failed,
        late: 0,
        absent: 0,
        cargo_bytes: 0,
        ..of
    }
}

fn a_newcomer_inherits_nothing<P: IncentiveRule>(rule: &P, draws: &mut Draws) {
    let veteran = audited(standings(draws, 1)[0], Hotkey([1; 32]), 1 << 40, 5, 5);
    let mut memory = Vec::new();
    for epoch in 0..20 {
        memory = weigh(rule, draws, epoch, &[veteran], &memory).memory;
    }
    let newcomer = audited(veteran, Hotkey([2; 32]), 1 << 30, 1, 2);
    let inherited = value(&weigh(rule, draws, 20, &[newcomer], &memory), newcomer.uid);
    let fresh = value(&weigh(rule, draws, 20, &[newcomer], &[]), newcomer.uid);
    law::<P>("a newcomer does not inherit the past of its uid", inherited == fresh, || {
        format!("{inherited} after another hotkey, {fresh} on a fresh uid")
    });
}

fn damaged_memory_is_no_panic<P: IncentiveRule>(rule: &P, draws: &mut Draws, memory: &[u8]) {
    let standings = standings(draws, 9);
    let round = round(draws, 21);
    for len in 0..memory.len().min(200) {
        unpanicked::<P, _>("weigh", &&memory[..len], || rule.weigh(&round, &standings, &memory[..len])).ok();
    }
    for _ in 0..CASES {
        let garbage = super::tamper::garbage(draws, 300);
        unpanicked::<P, _>("weigh", &garbage, || rule.weigh(&round, &standings, &garbage)).ok();
    }
}
