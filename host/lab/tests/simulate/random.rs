//! What holds of every scenario that can be, and what is said of every one that cannot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use plimsoll_core::{Hotkey, Uid};
use plimsoll_lab::simulate::{Happened, Kept, Prepared, Run, Scenario, SchemeFigures, prepare};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::lab::{HOST, figures, json, run};
use crate::laws::nothing_is_lost;

const RULES: [&str; 7] = ["beta", "ema", "filetao", "latency", "log", "proportional", "tiered"];
/// The half of an alpha that is left of it when the owner has got 11796 parts of 65535.
const MINERS_PER_BLOCK_RAO: u64 = 410_002_288;

fn strategy() -> impl Strategy<Value = String> {
    let share = || prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64];
    let line = || (0u32..300, 1u64..1_000_000_000);
    prop_oneof![
        Just(String::new()),
        (1u64..1000, 1000u64..100_000).prop_map(|(more, most)| {
            format!("strategy.growing = {{ bytes_per_epoch = \"{more}GiB\", up_to = \"{most}TiB\" }}")
        }),
        (share(), 1u64..4).prop_map(|(fails, epochs)| {
            format!("strategy.flaky = {{ fails = {fails:?}, repair_epochs = {epochs} }}")
        }),
        share().prop_map(|keep| format!("strategy.freeloader = {{ keep = {keep:?} }}")),
        (share(), 1u32..9).prop_map(|(keep, cores)| {
            format!("strategy.regenerator = {{ keep = {keep:?}, cores = {cores} }}")
        }),
        line().prop_map(|(rtt, line)| format!(
            "strategy.outsourcer = {{ rtt_ms = {rtt}, bytes_per_s = {line} }}"
        )),
        (1u32..4).prop_map(|hotkeys| format!("strategy.sybil = {{ hotkeys = {hotkeys} }}")),
        line().prop_map(|(rtt, line)| {
            format!(
                "strategy.on-demand = {{ rtt_ms = {rtt}, bytes_per_s = {line}, usd_per_tib_month = 1.5 }}"
            )
        }),
        share().prop_map(|stake| format!("strategy.selective = {{ stake_from = {stake:?} }}")),
        (1u64..5, any::<bool>()).prop_map(|(part, one)| {
            format!("hotkeys = 3\nhotkey_parts = [{part}, 0, 2]\none_coldkey = {one}")
        }),
    ]
}

fn miners(epochs: u64) -> impl Strategy<Value = String> {
    let size =
        prop_oneof![(1u64..2000).prop_map(|gib| format!("{gib}GiB")), Just("1B".into()), Just("7EiB".into())];
    let stay = (0..epochs, 1..=epochs, any::<[bool; 3]>());
    (1u32..4, size, strategy(), stay).prop_map(
        |(count, size, strategy, (joins, stays, [late, leaves, back]))| {
            let joins = if late { joins } else { 0 };
            let mut text =
                format!("count = {count}\nbytes = \"{size}\"\njoins_epoch = {joins}\ncomes_back = {back}\n");
            if leaves {
                let _ = writeln!(text, "leaves_epoch = {}", joins + stays);
            }
            text + &strategy + "\n"
        },
    )
}

/// Validators; the first audits.
fn validators() -> impl Strategy<Value = String> {
    let vote =
        prop_oneof![Just(""), Just("vote = \"copy\"\n"), Just("vote.clique = { miners = \"group 0\" }\n")];
    let other = (1u64..50_000, vote).prop_map(|(stake, vote)| format!("stake_tao = {stake}\n{vote}"));
    prop::collection::vec(other, 0..3).prop_map(|others| {
        let mut text = "[[validators]]\nname = \"first\"\nstake_tao = 20_000\n".to_owned();
        for (number, other) in others.iter().enumerate() {
            let _ = write!(text, "[[validators]]\nname = \"other {number}\"\n{other}");
        }
        text
    })
}

/// A scenario as its author would write it: up to fifteen miners on a subnet that may be too small for all of them.
fn scenario() -> impl Strategy<Value = String> {
    let terms = (20u64..100, 24u16..60, 0u64..300, any::<bool>(), prop_oneof![Just(0.0), 0.0..0.5f64]);
    let parties = |epochs| (validators(), prop::collection::vec(miners(epochs), 1..5));
    (1u64..7, terms, prop::sample::select(&RULES[..]))
        .prop_flat_map(move |(epochs, terms, rule)| (Just((epochs, terms, rule)), parties(epochs)))
        .prop_map(|((epochs, (tempo, places, immunity, yuma3, loss), rule), (validators, groups))| {
            let mut text = format!(
                "about = \"drawn\"\nepochs = {epochs}\n[plugins]\nrule = \"incentive-{rule}\"\nscheme = \"proof-stream\"\n\
                 [subnet]\ntempo_blocks = {tempo}\nmax_neurons = {places}\nimmunity_blocks = {immunity}\n\
                 yuma3 = {yuma3}\n[network]\nloss = {loss:?}\n{validators}"
            );
            for (number, group) in groups.iter().enumerate() {
                let _ = write!(text, "[[miners]]\nname = \"group {number}\"\n{group}");
            }
            // Nobody can prove anything: beside all others.
            text + "[[miners]]\nname = \"absent\"\nbytes = \"1TiB\"\ncomes_back = false\nstrategy.freeloader = { keep = 0.0 }\n"
        })
        .prop_filter("all of the beginning have a place", |text| Scenario::read("drawn.toml", text).is_ok())
}

fn prepared(text: &str, identity_bound: bool) -> Prepared {
    let scenario = Scenario::read("drawn.toml", text).unwrap();
    prepare(scenario, &HOST, SchemeFigures { identity_bound, ..figures() }).unwrap()
}

fn on_threads(prepared: &Prepared, threads: usize) -> (Run, Kept) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| prepared.run_keeping(9, 2, &mut |_| ControlFlow::Continue(()))).unwrap()
}

/// In each epoch miners share 0.41 of what the blocks bring, but for dust; or nobody earns, and validators get it; or no
/// validator has a bond in who earns, and miners get the validators' half too.
fn every_epoch_pays_what_the_subnet_emits(prepared: &Prepared, run: &Run) {
    let pot_rao = prepared.scenario().subnet.tempo_blocks * MINERS_PER_BLOCK_RAO;
    for row in &run.rows {
        let earned: u64 = row.earned_rao.iter().sum();
        let all_of = |pot_rao: u64| (pot_rao - pot_rao / 10_000_000..=pot_rao).contains(&earned);
        let is_whole = earned == 0 || all_of(pot_rao) || all_of(2 * pot_rao);
        assert!(is_whole, "epoch {}: {earned} of {pot_rao}", row.epoch);
    }
}

fn nobody_has_less_than_nothing(run: &Run) {
    for miner in &run.miners {
        let costs = &miner.costs;
        for figure in [costs.usd, costs.byte_epochs, costs.core_seconds, costs.traffic_bytes] {
            assert!(figure.is_finite() && figure >= 0.0, "{miner:?}");
        }
    }
    for group in &run.groups {
        let roi = group.roi.unwrap_or_default();
        assert!((0.0..=1.0).contains(&group.emission_share) && roi >= -1.0 && roi.is_finite(), "{group:?}");
    }
    assert!(run.honest.false_punishment_rate().is_none_or(|rate| (0.0..=1.0).contains(&rate)));
}

/// Every epoch is the same again; a uid is one hotkey's at a time, and a hotkey has one uid.
fn every_epoch_is_lived_again(prepared: &Prepared, run: &Run, kept: &Kept) {
    let (whole, states) = prepared.run_saving(9, usize::MAX, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((&whole, states.len()), (run, run.rows.len() + 1));
    let mut places: BTreeMap<Uid, Hotkey> = BTreeMap::new();
    for (epoch, row) in (0..).zip(&run.rows) {
        let relived = prepared.relive(9, epoch, Some(kept)).unwrap();
        assert_eq!(&relived.row, row);
        assert_eq!(relived, prepared.relive(9, epoch, None).unwrap(), "from the beginning too");
        let kept = prepared.recall(9, &states[epoch as usize]).unwrap();
        let (again, end) = prepared.relive_saving(9, epoch, Some(&kept)).unwrap();
        assert_eq!(again, relived, "from the state as bytes");
        assert!(end == states[epoch as usize + 1], "its end, to the byte");
        let faults: Vec<_> = run.faults.iter().filter(|fault| fault.epoch == epoch).cloned().collect();
        assert_eq!(relived.faults, faults);
        for happening in &relived.happenings {
            let Happened::Registered { hotkey, uid, displaced, .. } = &happening.what else { continue };
            let before = places.insert(*uid, *hotkey);
            assert!(before.is_none() || before == *displaced, "uid {uid} was taken twice");
            assert_eq!(
                places.values().filter(|other| *other == hotkey).count(),
                1,
                "a hotkey with two places"
            );
        }
    }
    let there = run.miners.iter().filter(|miner| miner.left_epoch.is_none()).filter_map(|miner| miner.uid);
    let mut uids: Vec<Uid> = there.collect();
    let all = uids.len();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), all, "two miners with one uid: {:?}", run.miners);
}

fn who_proves_nothing_earns_nothing(prepared: &Prepared, run: &Run) {
    let waived = prepared.rule().descriptor().waivers.iter().any(|waiver| waiver.law == "absent");
    let absent = run.groups.iter().find(|group| group.name == "absent").unwrap();
    assert!(waived || absent.earned_rao == 0, "{absent:?}");
    assert_eq!(absent.audits.passed, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_run_of_every_scenario_keeps_the_laws(text in scenario(), identity_bound: bool) {
        let prepared = prepared(&text, identity_bound);
        let (first, kept) = on_threads(&prepared, 1);
        let whole = json(&first);
        prop_assert_eq!(&whole, &json(&on_threads(&prepared, 2).0), "on two threads");
        prop_assert_eq!(&whole, &json(&run(&prepared, 9)), "once more");
        prop_assert_eq!(first.faults.len(), 0, "{:?}", &first.faults);
        nothing_is_lost(&first);
        every_epoch_pays_what_the_subnet_emits(&prepared, &first);
        nobody_has_less_than_nothing(&first);
        every_epoch_is_lived_again(&prepared, &first, &kept);
        who_proves_nothing_earns_nothing(&prepared, &first);
    }
}

/// What cannot be, in place of something that can: both are found in every drawn scenario.
const WRONG: [(&str, &str); 16] = [
    ("epochs = ", "epochs = -"),
    ("epochs = ", "epoch = "),
    ("[plugins]", "[plugin]"),
    ("[plugins]", "[plugins"),
    ("rule = \"", "rule = 5 # \""),
    ("tempo_blocks = ", "tempo_blocks = 0 # "),
    ("max_neurons = ", "max_neurons = 1 # "),
    ("max_neurons = ", "max_neurons = 70000 # "),
    ("yuma3 = ", "yuma3 = 1 # "),
    ("loss = ", "loss = 1.5 # "),
    ("loss = ", "loss = nan # "),
    ("name = \"first\"", "name = \"first\"\ncount = -1"),
    ("stake_tao = 20_000", "stake_tao = 0"),
    ("name = \"group 0\"", "name = \"absent\""),
    ("keep = 0.0 }\n", "keep = -0.1 }\n"),
    ("keep = 0.0 }\n", "keep = 0.0, cores = 3 }\n"),
];

/// The error has a place in the text.
fn is_placed(
    text: &str,
    read: Result<Scenario, plimsoll_lab::simulate::ScenarioError>,
) -> Result<(), TestCaseError> {
    if let Err(error) = read {
        let line = text.split('\n').nth(error.line - 1);
        prop_assert!(
            line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&error.column)),
            "{error}"
        );
        prop_assert!(!error.what.is_empty() && error.to_string().starts_with("drawn.toml:"), "{error}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_that_cannot_be_is_an_error_with_line_and_column(text in scenario(), wrong in prop::sample::select(&WRONG[..])) {
        let (from, to) = wrong;
        // The last place: a group's own `keep` stands at the end.
        let at = text.rfind(from).unwrap();
        let text = [&text[..at], to, &text[at + from.len()..]].concat();
        let read = Scenario::read("drawn.toml", &text);
        prop_assert!(read.is_err(), "`{to}` was taken:\n{text}");
        is_placed(&text, read)?;
    }

    #[test]
    fn a_scenario_that_was_torn_or_mistyped_never_panics(text in scenario(), at: Index, letter: char, torn: bool) {
        let letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len());
        let rest = if torn { &[][..] } else { &letters[at + 1..] };
        let text: String = letters[..at].iter().chain([&letter]).chain(rest).collect();
        is_placed(&text, Scenario::read("drawn.toml", &text))?;
    }
}
