//! Laws of incentive rules about all miners together: their order, the rule's memory, the weights as a chain takes
//! them.

use plimsoll_core::{Hotkey, Standing, Uid, normalise_weights};
use serde_json::json;

use super::super::report::Broken;
use super::choices::Choices;
use super::crowd::{Miner, live, only_exact, round, weigh_all};
use super::rule::others;
use super::scenario::{Miners, ONLY_EXACT, Scenario, Tested};
use super::sixteen_bits::misshapen;
use crate::{Incentive, MEMORY_BLOB_BYTES, PluginError};

const EPOCHS: usize = 3;
/// New hotkeys in each of the epochs of churn: together more than 1 MiB at 32 bytes each.
const NEWCOMERS: u16 = 512;
const CHURN_EPOCHS: u64 = 72;
/// Epochs with the same hotkeys; what is remembered may grow in the first half.
const STEADY_EPOCHS: u64 = 80;
const STEADY: u16 = 8;

type Found = Result<Option<Broken>, String>;

fn scenario(tested: &Tested, about: &str, miners: &[Miner]) -> Scenario {
    Scenario::of_rule(tested, about, miners.iter().map(Miner::group).collect())
}

/// The same standings in another order give the same weights and the same memory.
pub(super) fn order(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = 1 + choices.place(EPOCHS);
    let miners = others(choices, 2, epochs);
    let one = live(rule, &miners)?;
    let mut shuffled = one.standings.clone();
    for place in (1..miners.len()).rev() {
        let with = place - choices.place(place + 1);
        shuffled.iter_mut().for_each(|epoch| epoch.swap(place, with));
    }
    let other = weigh_all(rule, shuffled)?;
    let (values, others_values) = (one.last_values(), other.last_values());
    let memory = |life: &super::crowd::Life| life.outcomes.last().map(|outcome| outcome.memory.clone());
    let figures = if values != others_values {
        let text = |values: &[(Uid, u64)]| {
            values.iter().map(|(uid, value)| format!("uid {uid}: {value}")).collect::<Vec<_>>().join(", ")
        };
        format!("{} in one order, {} in another", text(&values), text(&others_values))
    } else if memory(&one) != memory(&other) {
        "the weights are the same in another order, the memory is not".to_owned()
    } else {
        return Ok(None);
    };
    Ok(Some(Broken {
        figures,
        scenario: scenario(
            tested,
            &format!("What these miners earn depends on their order{ONLY_EXACT}"),
            &miners,
        ),
        case: json!({ "one_order": one.to_json(), "another": other.to_json() }),
    }))
}

/// A miner that passes all of its audits.
fn passing(uid: u16, number: u64) -> Standing {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    Standing {
        uid: Uid(uid),
        hotkey: Hotkey(key),
        coldkey: Hotkey(key),
        claimed_bytes: 1 << 40,
        proven_bytes: 1 << 40,
        cargo_bytes: 0,
        issued: 4,
        passed: 4,
        failed: 0,
        late: 0,
        absent: 0,
        latency_p50_ms: 10,
        latency_p99_ms: 20,
    }
}

/// Sizes of the memory after each epoch, or the epoch in which it became too large.
fn sizes(
    rule: &Incentive,
    epochs: u64,
    who: impl Fn(u64) -> Vec<Standing>,
) -> Result<Result<Vec<usize>, u64>, String> {
    let mut instance = rule.instance().map_err(|e| e.to_string())?;
    let (mut memory, mut sizes) = (Vec::new(), Vec::new());
    for epoch in 0..epochs {
        memory = match instance.weigh(&round(epoch), &who(epoch), &memory) {
            Ok(outcome) => outcome.memory,
            Err(PluginError::Promise { .. }) => return Ok(Err(epoch)),
            Err(error) => return Err(format!("epoch {epoch}: {error}")),
        };
        sizes.push(memory.len());
    }
    Ok(Ok(sizes))
}

/// While hotkeys come and go, and while they stay.
pub(super) fn memory(rule: &Incentive, tested: &Tested) -> Found {
    let newcomers = |epoch: u64| {
        (0..NEWCOMERS).map(|uid| passing(uid, epoch * u64::from(NEWCOMERS) + u64::from(uid))).collect()
    };
    let coming_and_going =
        || (0..6).map(|n| Miners::new(format!("guest {n}"), 8, 1 << 40, 1.0).for_epochs(10 * n, 10 * n + 10));
    let broken = |figures: String, sizes: &[usize], groups: Vec<Miners>| {
        Some(Broken {
            figures,
            scenario: Scenario::of_rule(
                tested,
                &format!("What the rule remembers grows and grows{ONLY_EXACT}"),
                groups,
            ),
            case: json!({ "memory_bytes_by_epoch": sizes }),
        })
    };
    if let Err(epoch) = sizes(rule, CHURN_EPOCHS, newcomers)? {
        let hotkeys = (epoch + 1) * u64::from(NEWCOMERS);
        let figures = format!("after {hotkeys} hotkeys the memory has more than {MEMORY_BLOB_BYTES} bytes");
        return Ok(broken(figures, &[], coming_and_going().collect()));
    }
    let steady = |_| (0..STEADY).map(|uid| passing(uid, uid.into())).collect();
    let sizes = match sizes(rule, STEADY_EPOCHS, steady)? {
        Ok(sizes) => sizes,
        Err(epoch) => {
            let figures = format!("with {STEADY} hotkeys the memory is full after {epoch} epochs");
            return Ok(broken(figures, &[], vec![Miners::new("steady", STEADY.into(), 1 << 40, 1.0)]));
        }
    };
    let (first, second) = sizes.split_at(sizes.len() / 2);
    let largest = |sizes: &[usize]| sizes.iter().copied().max().unwrap_or(0);
    if largest(second) <= largest(first) {
        return Ok(None);
    }
    let figures = format!(
        "with the same {STEADY} hotkeys the memory grows from {} bytes after {} epochs to {} after {}",
        largest(first),
        first.len(),
        largest(second),
        sizes.len()
    );
    Ok(broken(figures, &sizes, vec![Miners::new("steady", STEADY.into(), 1 << 40, 1.0)]))
}

/// Somebody passed everything, so the largest is 65535 as the host normalises; and what it makes of all others is near
/// enough to what the rule said, in the same order.
pub(super) fn weights(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = 1 + choices.place(EPOCHS);
    let mut miners = others(choices, 1, epochs);
    for audits in &mut miners[0].audits {
        // The first of them passes all that it is asked, and is asked in every epoch.
        *audits = super::crowd::Audits { passed: 1 + audits.passed, ..Default::default() };
    }
    let only_exact = only_exact(&miners, false);
    let life = live(rule, &miners)?;
    let values = life.last_values();
    let nothing = values.iter().all(|&(_, value)| value == 0);
    let figures = match misshapen(&values, &normalise_weights(&values)) {
        _ if nothing => {
            let Miner { claimed_bytes, audits, .. } = &miners[0];
            let passed: u32 = audits.iter().map(|audits| audits.passed).sum();
            let size = super::scenario::size(*claimed_bytes);
            format!(
                "of {} miners nobody earns anything, though one passed all {passed} audits of {size}",
                miners.len()
            )
        }
        Some(what) => what,
        None => return Ok(None),
    };
    Ok(Some(Broken {
        figures,
        scenario: scenario(
            tested,
            &format!("What these miners earn is lost when it becomes 16-bit weights{only_exact}"),
            &miners,
        ),
        case: life.to_json(),
    }))
}
