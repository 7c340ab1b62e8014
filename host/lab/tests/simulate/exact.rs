//! Exact runs: what miners have is real, and so is what becomes of them.

use std::ops::ControlFlow;

use plimsoll_core::{Answer, Digest, Hotkey, Identity, NetUid, Span, Statement};
use plimsoll_lab::simulate::{Audits, Fidelity, Prepared, Scenario, SchemeFigures, prepare};
use plimsoll_plugin::{Host, HostOptions, Limits, MemorySpace, PluginRef};
use serde_json::json;
use std::sync::Arc;

use crate::lab::{HOST, figures, group, json, run, scenario};
use crate::laws::nothing_is_lost;

const VALIDATOR: &str = "plugins.allocation = \"allocation-permit\"\n[[validators]]\nname = \"v\"\n";

fn miners(name: &str, count: u32, more: &str) -> String {
    format!("[[miners]]\nname = \"{name}\"\ncount = {count}\nbytes = \"1MiB\"\n{more}\n")
}

fn exact(more: &str, epochs: u64) -> Scenario {
    Scenario { fidelity: Fidelity::Exact, epochs, ..scenario(&(VALIDATOR.to_owned() + more)) }
}

/// A scheme and the bytes of its units.
const STREAM: (&str, u64) = ("proof-stream", 16_384);
const MERKLE: (&str, u64) = ("proof-merkle", 1_024);
const SEQPACK: (&str, u64) = ("proof-seqpack", 262_144);

fn of((scheme, unit_bytes): (&str, u64), mut scenario: Scenario, figures: SchemeFigures) -> Prepared {
    scenario.plugins.scheme = scheme.into();
    prepare(scenario, &HOST, SchemeFigures { name: scheme.into(), unit_bytes, ..figures }).unwrap()
}

/// What becomes of one group's audits.
fn audits(scheme: (&str, u64), count: u32, strategy: &str) -> Audits {
    audits_with(scheme, count, strategy, figures())
}

fn audits_with(scheme: (&str, u64), count: u32, strategy: &str, figures: SchemeFigures) -> Audits {
    let more = miners("honest", 1, "") + &miners("cheats", count, &format!("strategy.{strategy}"));
    let run = run(&of(scheme, exact(&more, 4), figures), 3);
    nothing_is_lost(&run);
    assert_eq!(run.faults, []);
    assert_eq!(group(&run, "honest").audits, Audits { passed: 4, ..Audits::default() });
    group(&run, "cheats").audits
}

const fn passed(passed: u64) -> Audits {
    Audits { passed, failed: 0, late: 0, absent: 0 }
}

const fn failed(failed: u64) -> Audits {
    Audits { passed: 0, failed, late: 0, absent: 0 }
}

#[test]
fn one_copy_answers_for_others_only_where_its_bytes_are_theirs() {
    let sybil = "sybil = { hotkeys = 3 }";
    let shared = "outsourcer = { rtt_ms = 5, bytes_per_s = 125_000_000 }";
    for scheme in [STREAM, SEQPACK] {
        let of_first = Audits { passed: 4, failed: 8, ..Audits::default() };
        assert_eq!(audits(scheme, 1, sybil), of_first, "the first hotkey's own units, and thrice the same");
        assert_eq!(audits(scheme, 3, shared), of_first);
    }
    assert_eq!((audits(MERKLE, 1, sybil), audits(MERKLE, 3, shared)), (passed(12), passed(12)));
}

#[test]
fn the_figures_decide_nothing_about_whose_units_pass() {
    for identity_bound in [false, true] {
        let figures = SchemeFigures { identity_bound, ..figures() };
        let found = audits_with(STREAM, 1, "sybil = { hotkeys = 2 }", figures);
        assert_eq!(found, Audits { passed: 4, failed: 4, ..Audits::default() });
    }
}

#[test]
fn regenerators_pass_with_units_made_anew_until_that_takes_too_long() {
    let regenerator = "regenerator = { keep = 0.0, cores = 4 }";
    for scheme in [STREAM, MERKLE, SEQPACK] {
        assert_eq!(audits(scheme, 2, regenerator), passed(8), "{}", scheme.0);
    }
    let slow = SchemeFigures { unit_regenerate_us: 1_500_000.0, ..figures() };
    let late = Audits { late: 8, ..Audits::default() };
    assert_eq!(audits_with(STREAM, 2, regenerator, slow), late, "five turns of four units in five seconds");
    let chained = SchemeFigures { unit_regenerates_alone: false, ..figures() };
    assert_eq!(audits_with(STREAM, 2, regenerator, chained), passed(8));
}

#[test]
fn fetched_units_pass_wrong_ones_fail_and_broken_disks_say_nothing() {
    let on_demand = "on-demand = { rtt_ms = 100, bytes_per_s = 50_000_000, usd_per_tib_month = 1.0 }";
    assert_eq!(audits(STREAM, 1, on_demand), passed(4));
    assert_eq!(audits(STREAM, 1, "freeloader = { keep = 0.0 }"), failed(4));
    assert_eq!(audits(MERKLE, 1, "freeloader = { keep = 0.0 }"), failed(4));
    let broken = Audits { absent: 4, ..Audits::default() };
    assert_eq!(audits(STREAM, 1, "flaky = { fails = 1.0, repair_epochs = 9 }"), broken);
    assert_eq!(audits(STREAM, 1, "selective = { stake_from = 1.0 }"), passed(4));
}

const MIXED: &str = r#"
[[validators]]
name = "small"
stake_tao = 4_000

[[miners]]
name = "growing"
bytes = "512KiB"
strategy.growing = { bytes_per_epoch = "256KiB", up_to = "1MiB" }

[[miners]]
name = "free"
count = 2
bytes = "1MiB"
strategy.freeloader = { keep = 0.75 }

[[miners]]
name = "regenerator"
bytes = "1MiB"
joins_epoch = 1
strategy.regenerator = { keep = 0.5, cores = 2 }

[[miners]]
name = "store"
count = 2
bytes = "1MiB"
strategy.outsourcer = { rtt_ms = 5, bytes_per_s = 125_000_000 }

[[miners]]
name = "flaky"
bytes = "1MiB"
strategy.flaky = { fails = 0.3, repair_epochs = 1 }

[[miners]]
name = "selective"
bytes = "1MiB"
strategy.selective = { stake_from = 0.5 }
"#;

#[test]
fn an_exact_run_is_the_same_on_every_number_of_threads_and_from_every_state() {
    let prepared = of(STREAM, exact(MIXED, 5), figures());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        json(&pool.install(|| run(&prepared, 7)))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3), "and a third time");
    assert_eq!(one, json(&run(&of(STREAM, exact(MIXED, 5), figures()), 7)), "and prepared anew");
    assert_ne!(one, json(&run(&prepared, 8)));
    let (run, kept) = prepared.run_keeping(7, 2, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(run.groups.iter().all(|group| group.audits.judged() > 0), "{one}");
    for epoch in [1, 3, 4] {
        let relived = prepared.relive(7, epoch, Some(&kept)).unwrap();
        assert_eq!(relived.row, run.rows[epoch as usize], "plots are filled again where they are needed");
    }
    let (again, states) = prepared.run_saving(7, 1 << 20, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(json(&again), one);
    let kept = prepared.recall(7, states.iter().find(|state| state.epoch == 3).unwrap()).unwrap();
    for epoch in [3, 4] {
        let relived = prepared.relive(7, epoch, Some(&kept)).unwrap();
        assert_eq!(relived.row, run.rows[epoch as usize], "also from a state's bytes");
    }
}

fn refused(host: &Host, scheme: (&str, u64), scenario: Scenario) -> String {
    let mut scenario = scenario;
    scenario.plugins.scheme = scheme.0.into();
    let figures = SchemeFigures { name: scheme.0.into(), unit_bytes: scheme.1, ..figures() };
    prepare(scenario, host, figures).err().unwrap().to_string()
}

#[test]
fn what_does_not_fit_is_refused_with_what_to_change() {
    let large = exact(&(miners("small", 3, "") + &miners("large", 2, "").replace("1MiB", "1TiB")), 4);
    assert_eq!(
        refused(&HOST, STREAM, large),
        "an exact run fills every plot in memory, 256 MiB in all, and the plots of this \
         scenario have 2.00 TiB, those of `large` 2 TiB: give them fewer `bytes`, or be fewer, as `--scenario \
         exact-small` does, or say `fidelity = \"sampled\"`"
    );
    let few = exact(&miners("few", 1, "").replace("1MiB", "16KiB"), 4);
    let said = refused(&HOST, SEQPACK, few);
    assert!(
        said.starts_with("`proof-seqpack` cannot be examined: it has no plan for the 16 KiB of `few`: "),
        "{said}"
    );
    assert!(said.ends_with("; give them more `bytes`"), "{said}");
    assert_eq!(
        refused(&HOST, ("proof-stream", 4_096), exact(&miners("m", 1, ""), 4)),
        "`proof-stream` cannot be examined: its units have 16384 bytes under these parameters, those of its figures 4096: \
         measure it with `plimsoll compare --json` and name the file with --figures"
    );
    let mut hungry = exact(&miners("m", 1, ""), 4);
    hungry.plugins.scheme_params = json!({ "n": 1_048_576, "r": 2, "checks": 1, "unit_labels": 64 });
    let said = refused(&HOST, ("proof-scrypt", 1_024), hungry);
    assert!(said.contains("filling a plot of `m` takes 256."), "{said}");
    assert!(said.contains(" MiB of memory, an exact run has 128 MiB: give them fewer `bytes`"), "{said}");
}

/// A host that gives the scheme less fuel.
fn lean(less: impl Fn(&mut Limits)) -> Host {
    let mut limits = Limits::default();
    less(&mut limits);
    Host::new(HostOptions { limits, ..HostOptions::default() }).unwrap()
}

fn lived_on(host: &Host, stops: bool) -> plimsoll_lab::simulate::Run {
    let scenario = Scenario { stop_on_fault: stops, ..exact(&miners("honest", 2, ""), 3) };
    let figures = SchemeFigures { unit_bytes: STREAM.1, ..figures() };
    run(&prepare(scenario, host, figures).unwrap(), 1)
}

#[test]
fn an_honest_prover_that_breaks_down_is_absent_and_a_fault() {
    let host = lean(|limits| limits.fuel.prove = 1_000);
    let run = lived_on(&host, false);
    assert_eq!(group(&run, "honest").audits, Audits { absent: 6, ..Audits::default() });
    assert_eq!((run.faults.len(), run.faults[2].epoch, run.faults[2].validator.as_str()), (3, 2, "v"));
    let what = "plugin `builtin:proof-stream` broke down in `prove`: out of fuel: it used all 1000 units of this call without an end";
    assert_eq!(run.faults[0].what, what);
    assert_eq!(lived_on(&host, true).epochs, 1, "or the run stops, as the scenario says");
}

/// Fuel that a verdict over no proof takes, and one over an honest proof.
fn fuel_of_verdicts() -> [u64; 2] {
    let shipped = plimsoll_bundle::find(STREAM.0).unwrap();
    let scheme = HOST.load_scheme(&PluginRef::new(STREAM.0, shipped.component), &json!({})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let layout = instance.plan(&identity, 1 << 20).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    instance.fill(plot.clone(), &identity, 0, Span { first: 0, count: layout.units }).unwrap();
    let commitment = instance.commit(plot.clone(), &identity, &layout).unwrap();
    let statement = Statement { identity, unit_bytes: layout.unit_bytes, units: layout.units, commitment };
    let mut fuel = |samples, is_empty: bool| {
        let challenge = instance.draw(&statement, &Digest([3; 32]), samples, None).unwrap();
        let Answer::Proof(proof) = instance.prove(plot.clone(), &statement, &challenge).unwrap() else {
            panic!("no proof")
        };
        instance.verify(&statement, &challenge, if is_empty { &[] } else { &proof }).unwrap();
        instance.fuel_used()
    };
    [fuel(1, true), fuel(20, false)]
}

#[test]
fn a_verifier_that_breaks_down_tells_nothing_of_anyone() {
    let [none, honest] = fuel_of_verdicts();
    assert!(none < honest, "{none} {honest}");
    let fuel = u64::midpoint(none, honest);
    let run = lived_on(&lean(|limits| limits.fuel.verify = fuel), false);
    assert_eq!(group(&run, "honest").audits.judged(), 0);
    assert_eq!(run.faults.len(), 3);
    let what = &run.faults[0].what;
    assert!(what.contains("none of 2 audits got a verdict"), "{what}");
    assert!(what.contains("plugin `builtin:proof-stream` broke down in `verify`: out of fuel"), "{what}");
}

#[test]
fn a_scheme_that_cannot_fill_is_a_fault_and_nobody_claims() {
    let run = lived_on(&lean(|limits| limits.fuel.commit = 1_000), false);
    assert_eq!(group(&run, "honest").audits.judged(), 0);
    assert_eq!(run.rows.iter().map(|row| row.claimed_bytes[0]).sum::<u64>(), 0);
    assert_eq!((run.faults.len(), run.faults[0].validator.as_str()), (6, "none: miner 0 divides its space"));
    assert!(run.faults[0].what.contains("broke down in `commit`: out of fuel"), "{}", run.faults[0].what);
}
