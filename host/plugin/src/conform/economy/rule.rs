//! Laws of incentive rules about one miner beside another.

use super::super::report::{Broken, Laws};
use super::choices::{Choices, smallest};
use super::crowd::{Audits, EPOCHS, Miner, by_epoch, live, only_exact, size_bytes};
use super::scenario::{Miners, ONLY_EXACT, Scenario, Tested, size};
use super::{splitting, state};
use crate::Incentive;

/// Plots of up to 2^32 GiB where rounding and overflow are looked for.
const LARGEST_GIB_BITS: u64 = 32;

type Found = Result<Option<Broken>, String>;

pub(in super::super) fn incentive(rule: &Incentive, tested: &Tested, laws: &mut Laws) {
    let try_on = |law: fn(&Incentive, &Tested, &mut Choices<'_>) -> Found| {
        move |purpose: &'static str| smallest(purpose, |choices| law(rule, tested, choices))
    };
    laws.economic("more", "proving more never earns less", || try_on(more)("more"));
    laws.economic("failing", "failing never beats passing", || try_on(failing)("failing"));
    laws.economic("unasked", "failing never beats not being asked", || try_on(unasked)("unasked"));
    laws.economic("absent", "who never proved anything earns nothing", || try_on(absent)("absent"));
    laws.economic(
        "splitting",
        "splitting a plot over hotkeys of several coldkeys earns no more than one hotkey",
        || try_on(|rule, tested, choices| splitting::splitting(rule, tested, choices, false))("splitting"),
    );
    laws.economic(
        "splitting-coldkey",
        "splitting a plot over hotkeys of one coldkey earns no more than one hotkey",
        || try_on(|rule, tested, choices| splitting::splitting(rule, tested, choices, true))("splitting"),
    );
    laws.economic("order", "the order of miners does not matter", || try_on(state::order)("order"));
    laws.economic(
        "memory",
        "the memory stays under 1 MiB while hotkeys come and go, and stops growing when they stay",
        || state::memory(rule, tested),
    );
    laws.economic(
        "weights",
        "as 16-bit weights the largest is 65535, the order stays, and rounding moves none by more than half a step",
        || try_on(state::weights)("weights"),
    );
}

/// Up to two miners more than `at_least`, with keys from 10.
pub(super) fn others(choices: &mut Choices<'_>, at_least: u8, epochs: usize) -> Vec<Miner> {
    let count = usize::from(at_least) + choices.place(3);
    let most = at_least + 2;
    let mut all: Vec<Miner> =
        (0..most).map(|n| Miner::draw(choices, &format!("other {}", n + 1), 10 + n, epochs)).collect();
    all.truncate(count);
    all
}

/// Keys of two miners, either way round.
fn two_keys(choices: &mut Choices<'_>) -> (u8, u8) {
    if choices.chance() { (2, 1) } else { (1, 2) }
}

fn number_of_epochs(choices: &mut Choices<'_>) -> usize {
    1 + choices.place(EPOCHS)
}

fn scenario(tested: &Tested, about: &str, miners: &[Miner]) -> Scenario {
    Scenario::of_rule(tested, about, miners.iter().map(Miner::group).collect())
}

fn more(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = number_of_epochs(choices);
    let mut fewer = Miner::draw(choices, "fewer bytes", 1, epochs);
    let mut more = Miner { role: "more bytes".into(), ..fewer.clone() };
    (fewer.key, more.key) = two_keys(choices);
    (fewer.coldkey, more.coldkey) = (fewer.key, more.key);
    more.claimed_bytes = more.claimed_bytes.saturating_add(size_bytes(choices, LARGEST_GIB_BITS));
    let (small, large) = (size(fewer.claimed_bytes), size(more.claimed_bytes));
    let miners = [vec![fewer, more], others(choices, 0, epochs)].concat();
    let only_exact = only_exact(&miners, false);
    let life = live(rule, &miners)?;
    let (less, more) = (life.last_value(0), life.last_value(1));
    Ok((less > more).then(|| Broken {
        figures: format!("{small} earn {less}, {large} with the same audits {more}, {}", life.after()),
        scenario: scenario(
            tested,
            &format!("Of two miners with the same audits the one with fewer bytes earns more{only_exact}"),
            &miners,
        ),
        case: life.to_json(),
    }))
}

fn failing(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = number_of_epochs(choices);
    let mut passing = Miner::draw(choices, "passing", 1, epochs);
    let mut failing = Miner { role: "failing".into(), ..passing.clone() };
    (passing.key, failing.key) = two_keys(choices);
    (passing.coldkey, failing.coldkey) = (passing.key, failing.key);
    // Drawn for the epochs that are left out too.
    let mut before = [vec![Audits::default(); EPOCHS - epochs], passing.audits.clone()].concat().into_iter();
    failing.audits = by_epoch(epochs, || before.next().unwrap_or_default().losing(choices));
    let last = |miner: &Miner| {
        let audits = miner.audits.last().copied().unwrap_or_default();
        format!("{} of {} audits", audits.passed, audits.issued())
    };
    let miners = [vec![failing, passing], others(choices, 0, epochs)].concat();
    // In a simulation a miner is asked once an epoch, unless its strategy asks more.
    let partly = miners[0].audits.iter().any(|audits| audits.passed > 0 && audits.passed < audits.issued());
    let only_exact = only_exact(&miners, partly);
    let life = live(rule, &miners)?;
    let (failing, passing) = (life.last_value(0), life.last_value(1));
    Ok((failing > passing).then(|| Broken {
        figures: format!(
            "{} passed earn {failing}, {} of as large a plot {passing}, {}",
            last(&miners[0]),
            last(&miners[1]),
            life.after()
        ),
        scenario: scenario(
            tested,
            &format!("Of two miners of one size the one that fails more audits earns more{only_exact}"),
            &miners,
        ),
        case: life.to_json(),
    }))
}

/// Two miners did the same; in the last epoch one is asked and fails, and nobody asks the other.
fn unasked(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = number_of_epochs(choices).min(EPOCHS - 1);
    let mut unasked = Miner::draw(choices, "not asked", 1, epochs);
    let mut failing = Miner { role: "asked and failing".into(), ..unasked.clone() };
    (unasked.key, failing.key) = two_keys(choices);
    (unasked.coldkey, failing.coldkey) = (unasked.key, failing.key);
    unasked.audits.push(Audits::default());
    failing.audits.push(Audits { failed: 1 + choices.small(9), ..Audits::default() });
    let miners = [vec![failing, unasked], others(choices, 0, epochs + 1)].concat();
    let life = live(rule, &miners)?;
    let (failing, unasked) = (life.last_value(0), life.last_value(1));
    Ok((failing > unasked).then(|| Broken {
        figures: format!(
            "after the same past, {} failed audits earn {failing}, and not being asked {unasked}",
            miners[0].audits[epochs].failed,
        ),
        scenario: scenario(
            tested,
            &format!("Failing an audit earns more than not being asked{ONLY_EXACT}"),
            &miners,
        ),
        case: life.to_json(),
    }))
}

fn absent(rule: &Incentive, tested: &Tested, choices: &mut Choices<'_>) -> Found {
    let epochs = number_of_epochs(choices);
    let mut absent = Miner::draw(choices, "never proves anything", 1, epochs);
    let wrong = choices.chance();
    for audits in &mut absent.audits {
        let failed = audits.issued();
        *audits = if wrong { Audits { failed, ..Audits::default() } } else { audits.unanswered() };
    }
    let miners = [vec![absent], others(choices, 0, epochs)].concat();
    let life = live(rule, &miners)?;
    let earned = life.last_value(0);
    if earned == 0 {
        return Ok(None);
    }
    let asked: u32 = miners[0].audits.iter().map(|audits| audits.issued()).sum();
    let nothing = Miners::new(&miners[0].role, 1, miners[0].claimed_bytes, 0.0);
    let only_exact = only_exact(&miners, false);
    let groups = std::iter::once(nothing).chain(miners[1..].iter().map(Miner::group));
    Ok(Some(Broken {
        figures: format!("none of {asked} audits passed, and it earns {earned} {}", life.after()),
        scenario: Scenario::of_rule(
            tested,
            &format!("A miner that never proved anything earns something{only_exact}"),
            groups.collect(),
        ),
        case: life.to_json(),
    }))
}
