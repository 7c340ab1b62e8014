//! Rules that break down: named, never held against a miner, and the run goes on or stops as asked.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

use plimsoll_lab::simulate::{Prepared, Run, prepare};
use plimsoll_lab::sweep::{Cell, Pool, sweep};
use plimsoll_plugin::{BuildOptions, Host, HostOptions, Limits, build};

use crate::lab::{figures, run, scenario};
use crate::laws::nothing_is_lost;

/// The rule of `tests/broken/rule`, built once.
pub(crate) static COMPONENT: LazyLock<String> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken/rule");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-target");
    let options = BuildOptions { offline: false, target_dir: Some(target) };
    let made = build(&dir, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    made.component.to_str().unwrap().to_owned()
});

/// With a hundredth of the fuel, so that what never ends does so soon.
static HOST: LazyLock<Host> = LazyLock::new(|| {
    let mut limits = Limits::default();
    limits.fuel.weigh /= 100;
    Host::new(HostOptions { limits, ..HostOptions::default() }).unwrap()
});

/// A rule that breaks down from epoch 6 of 12 on.
fn broken(manner: u64, stops: bool) -> Prepared {
    let more = "[[validators]]\nname = \"v\"\ncount = 2\n[[miners]]\nname = \"honest\"\ncount = 2\nbytes = \"1TiB\"\n";
    let mut scenario = scenario(more);
    scenario.stop_on_fault = stops;
    scenario.plugins.rule.clone_from(&COMPONENT);
    scenario.plugins.rule_params = serde_json::json!({ "manner": manner, "from_epoch": 6 });
    prepare(scenario, &HOST, figures()).unwrap()
}

/// What the first fault says, after the plugin's path.
fn said(run: &Run) -> &str {
    let what = &run.faults[0].what;
    what.rsplit_once("broken-rule.wasm` ").map_or(what, |(_, rest)| rest)
}

#[test]
fn a_rule_that_breaks_down_is_named_and_the_weights_before_it_stand() {
    for (manner, what) in [
        (1, "breaks its contract in `weigh`: a weight for uid"),
        (2, "breaks its contract in `weigh`: two weights for uid"),
        (3, "breaks its contract in `weigh`: the memory has 1048577 bytes, at most 1048576"),
        (4, "broke down in `weigh`: trap: "),
        (5, "broke down in `weigh`: out of fuel: it used all 20000000 units of this call without an end"),
        (6, "could not weigh: bad input: it does not like these standings"),
        (8, "broke down in `weigh`: out of memory: it asked for"),
    ] {
        let run = run(&broken(manner, false), 1);
        assert!(said(&run).starts_with(what), "manner {manner}: {}", run.faults[0].what);
        // Two validators, six epochs.
        assert_eq!((run.faults.len(), run.epochs), (12, 12), "manner {manner}");
        assert_eq!((run.faults[0].epoch, run.faults[0].validator.as_str()), (6, "v 1"));
        nothing_is_lost(&run);
        assert!(run.rows[11].earned_rao[0] > 0, "the last weights go on paying");
        assert_eq!(
            (run.honest.false_punishment_rate(), run.groups[0].audits.judged()),
            (Some(0.0), 2 * 2 * 12)
        );
    }
}

/// A contract that is broken, as by a rule that answers differently when it is asked twice, and a trap.
#[test]
fn a_run_stops_at_the_first_fault_where_it_is_asked_to() {
    for manner in [2, 4] {
        let run = run(&broken(manner, true), 1);
        assert_eq!((run.epochs, run.rows.len(), run.faults.len()), (7, 7, 2), "manner {manner}");
    }
}

#[test]
fn a_sweep_ends_with_what_broke_down_scored_as_the_rules_fault() {
    let cell = |manner, stops| {
        let scenario = broken(manner, stops).scenario().clone();
        Cell::new("honest".into(), Vec::new(), scenario, figures()).unwrap()
    };
    let cells = [cell(2, false), cell(2, true), cell(0, false)];
    let pool = Pool::new(HOST.clone(), NonZeroUsize::new(2));
    let swept = sweep(&cells, 1..3, &pool, None, &|_| ControlFlow::Continue(())).unwrap();
    let faults: Vec<_> =
        swept.cells.iter().map(|cell| (cell.faults_count, cell.honest_audits_not_passed_rate)).collect();
    // Two seeds, two validators; six epochs or one.
    assert_eq!(faults, [(24, Some(0.0)), (4, Some(0.0)), (0, Some(0.0))]);
    let first = swept.cells[0].first_fault.as_ref().unwrap();
    assert!(
        first.starts_with("seed 1, epoch 6, v 1: plugin `") && first.contains("two weights for uid"),
        "{first}"
    );
}

#[test]
fn a_rule_that_behaves_or_says_nothing_is_no_fault() {
    assert_eq!(run(&broken(0, true), 1).faults, []);
    let silent = run(&broken(7, true), 1);
    assert_eq!(silent.faults, []);
    assert!(silent.rows[5].earned_rao[0] > 0);
    assert_eq!(silent.rows[7].earned_rao[0], 0, "nobody is weighed, so nobody earns");
}
