//! One plot behind one hotkey, and the same plot split over several.

use serde_json::json;

use super::super::report::Broken;
use super::choices::Choices;
use super::crowd::{Audits, Life, Miner, kept_of, live, only_exact};
use super::rule::others;
use super::scenario::{Miners, Scenario, Tested, size};
use crate::Incentive;

const EPOCHS: usize = 3;
const LARGEST_GIB_BITS: u64 = 14;
const MOST_PARTS: usize = 8;
/// The key of the hotkey that is split.
const KEY: u8 = 1;
/// Keys of the parts are from here on.
const FIRST_PART: u8 = 100;

/// What hotkeys that belong together earned in the last epoch, of what all did.
#[derive(Clone, Copy)]
struct Earned {
    theirs: u128,
    all: u128,
}

impl Earned {
    /// Of the last hotkeys, from `first` on.
    fn last(life: &Life, first: u16) -> Self {
        let values = life.last_values();
        let sum = |from: u16| {
            values.iter().filter(|(uid, _)| uid.0 >= from).map(|&(_, value)| u128::from(value)).sum::<u128>()
        };
        Self { theirs: sum(first), all: sum(0) }
    }

    fn share(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.theirs as f64 / self.all as f64 }
    }

    /// Whether this is a larger share than `other`, by more than one step of a 16-bit weight for each of `hotkeys`.
    fn is_more_than(self, other: Self, hotkeys: usize) -> bool {
        self.share() > other.share() + hotkeys as f64 / 65_535.0
    }
}

/// Sizes of the parts in GiB: all alike, or any, some of them perhaps nothing.
fn parts_gib(choices: &mut Choices<'_>) -> Vec<u64> {
    let count = 2 + choices.place(MOST_PARTS - 1);
    let any = choices.chance();
    let largest = choices.magnitude(LARGEST_GIB_BITS);
    let sizes: Vec<u64> = (0..MOST_PARTS).map(|_| choices.below(largest + 1)).collect();
    let mut parts: Vec<u64> =
        sizes.into_iter().take(count).map(|gib| if any { gib } else { largest }).collect();
    if parts.iter().all(|&gib| gib == 0) {
        parts[0] = largest;
    }
    parts
}

/// Every part is as fast as the whole, and passes the same audits; a part of no bytes never answers.
pub(super) fn splitting(
    rule: &Incentive,
    tested: &Tested,
    choices: &mut Choices<'_>,
    one_coldkey: bool,
) -> Result<Option<Broken>, String> {
    let epochs = 1 + choices.place(EPOCHS);
    let gib = parts_gib(choices);
    let mut whole = Miner::draw(choices, "one hotkey", KEY, epochs);
    whole.claimed_bytes = gib.iter().sum::<u64>() << 30;
    let part = |(n, &gib): (u8, &u64)| {
        let unanswered = |audits: &Audits| audits.unanswered();
        let key = FIRST_PART + n;
        Miner {
            role: format!("part {}", n + 1),
            key,
            coldkey: if one_coldkey { KEY } else { key },
            claimed_bytes: gib << 30,
            audits: if gib > 0 {
                whole.audits.clone()
            } else {
                whole.audits.iter().map(unanswered).collect()
            },
            ..whole.clone()
        }
    };
    let parts: Vec<Miner> = (0..).zip(&gib).map(part).collect();
    let others = others(choices, 1, epochs);
    let first = u16::try_from(others.len()).unwrap_or(u16::MAX);
    let alone = live(rule, &[&others[..], std::slice::from_ref(&whole)].concat())?;
    let split = live(rule, &[&others[..], &parts].concat())?;
    let (one, several) = (Earned::last(&alone, first), Earned::last(&split, first));
    if !several.is_more_than(one, parts.len()) {
        return Ok(None);
    }
    Ok(Some(Broken {
        figures: figures(&whole, &gib, one, several),
        scenario: scenario(tested, &whole, &gib, &others, one_coldkey),
        case: json!({ "one_hotkey": alone.to_json(), "split": split.to_json() }),
    }))
}

fn figures(whole: &Miner, gib: &[u64], one: Earned, several: Earned) -> String {
    let (before, after) = (one.share() * 100.0, several.share() * 100.0);
    let gain =
        if one.theirs > 0 { format!("{:+.1} %", 100.0 * (after / before - 1.0)) } else { "all".into() };
    let silent = gib.iter().filter(|&&gib| gib == 0).count();
    let silent = if silent > 0 { format!(", {silent} of them without a byte,") } else { String::new() };
    format!(
        "{} over {} hotkeys{silent} earn {after:.1} % of all weight, behind one hotkey {before:.1} %: {gain}",
        size(whole.claimed_bytes),
        gib.len()
    )
}

/// The whole and the parts side by side: they hold as much and should earn as much.
fn scenario(tested: &Tested, whole: &Miner, gib: &[u64], others: &[Miner], one_coldkey: bool) -> Scenario {
    let split = Miners::new("split", 1, whole.claimed_bytes, kept_of(whole.kept())).split(gib, one_coldkey);
    let mut groups = vec![whole.group(), split];
    groups.extend(others.iter().map(Miner::group));
    // In a simulation nobody asks a hotkey that claims nothing.
    let miners = [std::slice::from_ref(whole), others].concat();
    let only_exact = only_exact(&miners, gib.contains(&0));
    let about = format!(
        "An owner who splits as large a plot as `one hotkey` over several hotkeys earns more than it{only_exact}"
    );
    Scenario::of_rule(tested, &about, groups)
}
