//! Laws of allocation policies. That shares keep to the cap is promised by every answer, and tried elsewhere.

use std::collections::BTreeMap;

use plimsoll_core::{AllocationSpace, Hotkey, Neuron, Share, StakeRao, Uid};
use serde_json::{Value, json};

use super::super::report::{Broken, Laws};
use super::choices::{Choices, smallest};
use super::scenario::{ONLY_EXACT, Scenario, Tested, size};
use crate::Allocation;

const RAO_PER_TAO: u64 = 1_000_000_000;
const MOST_VALIDATORS: usize = 5;
/// Stakes are up to 2^20 TAO.
const LARGEST_TAO_BITS: u64 = 20;
/// Spaces are up to 2^20 chunks.
const LARGEST_CHUNKS_BITS: u64 = 20;
const OWNER: &str = "the miner itself";

type Found = Result<Option<Broken>, String>;

pub(in super::super) fn allocation(policy: &Allocation, tested: &Tested, laws: &mut Laws) {
    let try_on = |law: fn(&Allocation, &Tested, &mut Choices<'_>) -> Found| {
        move |purpose: &'static str| smallest(purpose, |choices| law(policy, tested, choices))
    };
    laws.economic("stake", "more stake never gets less, beyond a chunk", || try_on(stake)("stake"));
    laws.economic("order", "the order of neurons does not matter", || try_on(order)("order of neurons"));
    laws.economic("splitting", "splitting a stake over hotkeys gets no more, beyond a chunk each", || {
        try_on(splitting)("splitting a stake")
    });
    laws.economic("owner", "the miner itself gets nothing", || try_on(owner)("owner"));
}

fn space(choices: &mut Choices<'_>) -> AllocationSpace {
    let chunk_bytes = [1 << 30, 100_000, 1][choices.place(3)];
    let cap_bytes = choices.magnitude(LARGEST_CHUNKS_BITS) * chunk_bytes;
    AllocationSpace { available_bytes: cap_bytes, cap_bytes, chunk_bytes }
}

fn neuron(uid: u16, stake_tao: u64) -> Neuron {
    let hotkey = Hotkey([u8::try_from(uid + 1).unwrap_or(0); 32]);
    let stake_rao = StakeRao(stake_tao * RAO_PER_TAO);
    Neuron { uid: Uid(uid), hotkey, stake_rao, validator_permit: true, is_owner: false }
}

/// The miner that divides, and at least `least` validators with a permit; uids are places.
fn subnet(choices: &mut Choices<'_>, least: usize) -> Vec<Neuron> {
    let count = least + choices.place(MOST_VALIDATORS - least + 1);
    let (owner_tao, permit) = (choices.below(1000), choices.chance());
    let owner = Neuron { is_owner: true, validator_permit: permit, ..neuron(0, owner_tao) };
    let mut neurons = vec![owner];
    neurons.extend((1..).take(MOST_VALIDATORS).map(|uid| neuron(uid, choices.magnitude(LARGEST_TAO_BITS))));
    neurons.truncate(1 + count);
    neurons
}

fn shares(
    policy: &Allocation,
    space: &AllocationSpace,
    neurons: &[Neuron],
) -> Result<BTreeMap<Uid, u64>, String> {
    let mut instance = policy.instance().map_err(|e| e.to_string())?;
    let shares = instance.allocate(space, neurons).map_err(|e| e.to_string())?;
    Ok(shares.into_iter().map(|Share { uid, bytes }| (uid, bytes)).collect())
}

fn of(shares: &BTreeMap<Uid, u64>, neuron: &Neuron) -> u64 {
    shares.get(&neuron.uid).copied().unwrap_or(0)
}

const fn tao(neuron: &Neuron) -> u64 {
    neuron.stake_rao.0 / RAO_PER_TAO
}

fn case(space: &AllocationSpace, neurons: &[Neuron], shares: &BTreeMap<Uid, u64>) -> Value {
    let shares: Vec<Value> =
        shares.iter().map(|(uid, bytes)| json!({ "uid": uid, "bytes": bytes })).collect();
    json!({ "space": space, "neurons": neurons, "shares": shares })
}

fn scenario(tested: &Tested, about: &str, space: &AllocationSpace, neurons: &[Neuron]) -> Scenario {
    let name =
        |neuron: &Neuron| if neuron.is_owner { OWNER.into() } else { format!("validator {}", neuron.uid) };
    let stakes: Vec<(String, u64)> = neurons.iter().map(|neuron| (name(neuron), tao(neuron))).collect();
    Scenario::of_policy(tested, about, space.cap_bytes, &stakes)
}

fn stake(policy: &Allocation, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let (space, neurons) = (space(choices), subnet(choices, 2));
    let shares = shares(policy, &space, &neurons)?;
    let validators = || neurons.iter().filter(|neuron| !neuron.is_owner);
    let mut pairs = validators().flat_map(|poor| validators().map(move |rich| (poor, rich)));
    let most = |rich: &Neuron| of(&shares, rich).saturating_add(space.chunk_bytes);
    let wrong = pairs.find(|(poor, rich)| poor.stake_rao < rich.stake_rao && of(&shares, poor) > most(rich));
    Ok(wrong.map(|(poor, rich)| Broken {
        figures: format!(
            "{} TAO get {}, {} TAO get {}",
            tao(poor),
            size(of(&shares, poor)),
            tao(rich),
            size(of(&shares, rich))
        ),
        scenario: scenario(tested, "The validator with less stake gets more space", &space, &neurons),
        case: case(&space, &neurons, &shares),
    }))
}

fn order(policy: &Allocation, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let (space, neurons) = (space(choices), subnet(choices, 2));
    let mut shuffled = neurons.clone();
    for place in (1..shuffled.len()).rev() {
        let with = place - choices.place(place + 1);
        shuffled.swap(place, with);
    }
    let (one, other) = (shares(policy, &space, &neurons)?, shares(policy, &space, &shuffled)?);
    let moved = neurons.iter().find(|neuron| of(&one, neuron) != of(&other, neuron));
    Ok(moved.map(|neuron| Broken {
        figures: format!(
            "uid {} gets {} in one order and {} in another",
            neuron.uid,
            size(of(&one, neuron)),
            size(of(&other, neuron))
        ),
        scenario: scenario(
            tested,
            &format!("What these validators get depends on their order{ONLY_EXACT}"),
            &space,
            &neurons,
        ),
        case: json!([case(&space, &neurons, &one), case(&space, &shuffled, &other)]),
    }))
}

/// The last validator's stake behind one hotkey, and behind several with equal parts of it.
fn splitting(policy: &Allocation, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let (space, mut neurons) = (space(choices), subnet(choices, 2));
    let parts = 2 + choices.below(7);
    let Some(last) = neurons.pop() else { return Ok(None) };
    let part_tao = tao(&last);
    let whole = [neurons.clone(), vec![neuron(last.uid.0, part_tao * parts)]].concat();
    let split: Vec<Neuron> = (last.uid.0..).zip(0..parts).map(|(uid, _)| neuron(uid, part_tao)).collect();
    let split_subnet = [neurons, split.clone()].concat();
    let (one, several) = (shares(policy, &space, &whole)?, shares(policy, &space, &split_subnet)?);
    let before = of(&one, &last);
    let after: u64 = split.iter().map(|part| of(&several, part)).sum();
    if after <= before.saturating_add(parts * space.chunk_bytes) {
        return Ok(None);
    }
    Ok(Some(Broken {
        figures: format!(
            "{} TAO over {parts} hotkeys get {} of {}, behind one hotkey {}",
            part_tao * parts,
            size(after),
            size(space.cap_bytes),
            size(before)
        ),
        scenario: scenario(tested, "A stake over several hotkeys gets more space", &space, &split_subnet),
        case: json!({ "one_hotkey": case(&space, &whole, &one), "split": case(&space, &split_subnet, &several) }),
    }))
}

fn owner(policy: &Allocation, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let (space, neurons) = (space(choices), subnet(choices, 1));
    let shares = shares(policy, &space, &neurons)?;
    let owner = neurons.iter().find(|neuron| neuron.is_owner && of(&shares, neuron) > 0);
    Ok(owner.map(|owner| Broken {
        figures: format!("of {} it keeps {} for itself", size(space.cap_bytes), size(of(&shares, owner))),
        scenario: scenario(
            tested,
            "A miner keeps space for itself, where nobody audits it",
            &space,
            &neurons,
        ),
        case: case(&space, &neurons, &shares),
    }))
}
