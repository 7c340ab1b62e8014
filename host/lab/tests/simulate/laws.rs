//! What holds of every run.

use std::ops::ControlFlow;

use plimsoll_core::{BlockNumber, Digest, Epoch, Round};
use plimsoll_lab::LabError;
use plimsoll_lab::simulate::{Loads, Run, SchemeFigures, prepare, prepare_with};
use plimsoll_lab::stats::{Rate, pass_probability};
use plimsoll_plugin::{Host, HostOptions};

use crate::lab::{HOST, figures, group, json, lived, ready, run, scenario};

const MIXED: &str = r#"
[[validators]]
name = "v"
count = 3

[[miners]]
name = "honest"
count = 4
bytes = "1TiB"

[[miners]]
name = "flaky"
count = 2
bytes = "1TiB"
strategy.flaky = { fails = 0.2, repair_epochs = 2 }

[[miners]]
name = "free"
count = 2
bytes = "1TiB"
strategy.freeloader = { keep = 0.9 }
"#;

#[test]
fn a_run_is_the_same_on_every_number_of_threads() {
    let prepared = ready(scenario(MIXED));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        json(&pool.install(|| run(&prepared, 7)))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
    assert_eq!(one, json(&run(&ready(scenario(MIXED)), 7)), "and from a scenario prepared anew");
    assert_ne!(one, json(&run(&prepared, 8)), "another seed is another run");
}

#[test]
fn scenarios_that_share_loaded_plugins_run_as_alone() {
    let loads = Loads::default();
    // The same names with other parameters are other plugins.
    for more in [MIXED.to_owned(), format!("plugins.rule_params.least_audits = 3\n{MIXED}"), MIXED.to_owned()]
    {
        let shared = prepare_with(scenario(&more), &HOST, figures(), &loads).unwrap();
        assert_eq!(json(&run(&shared, 7)), json(&run(&ready(scenario(&more)), 7)), "{more}");
    }
    let unknown = scenario(&format!("plugins.challenge = \"challenge-none\"\n{MIXED}"));
    let said = prepare_with(unknown, &HOST, figures(), &loads).err().unwrap().to_string();
    assert!(said.contains("challenge-none"), "{said}");
}

/// What a pool of instances must not change, though its memory is used again and again.
#[test]
fn a_run_is_the_same_with_instances_from_a_pool() {
    let pooled = Host::new(HostOptions { pooled_instances: Some(32), ..HostOptions::default() }).unwrap();
    let rule = |host| {
        let prepared = prepare(scenario(MIXED), host, figures()).unwrap();
        let fuel = || {
            let mut instance = prepared.rule().instance().unwrap();
            let round = Round { epoch: Epoch(1), block: BlockNumber(360), beacon: Digest([1; 32]) };
            instance.weigh(&round, &[], &[]).unwrap();
            instance.fuel_used()
        };
        let before = fuel();
        let run = json(&run(&prepared, 7));
        assert_eq!(fuel(), before, "a used place is as good as a new one");
        (run, before)
    };
    assert_eq!(rule(&pooled), rule(&HOST));
}

/// Everything that was paid to miners was earned by someone, in some epoch.
pub(crate) fn nothing_is_lost(run: &Run) {
    let miners: u64 = run.miners.iter().map(|miner| miner.earned_rao).sum();
    let groups: u64 = run.groups.iter().map(|group| group.earned_rao).sum();
    let rows: u64 = run.rows.iter().flat_map(|row| &row.earned_rao).sum();
    assert_eq!([miners, groups, rows], [run.miners_rao; 3]);
    let shares: f64 = run.groups.iter().map(|group| group.emission_share).sum();
    assert!(run.miners_rao == 0 || (shares - 1.0).abs() < 1e-12, "{shares}");
}

#[test]
fn what_miners_earn_together_is_what_the_subnet_pays_them() {
    let run = lived(MIXED);
    nothing_is_lost(&run);
    // 0.41 of 360 alpha an epoch, but for dust.
    let alpha = run.miners_rao as f64 / 1e9 / 12.0;
    assert!((alpha - 147.6).abs() < 0.001, "{alpha}");
}

#[test]
fn among_honest_miners_shares_are_shares_of_bytes() {
    let sized =
        |name: &str, bytes: &str| format!("[[miners]]\nname = \"{name}\"\ncount = 2\nbytes = \"{bytes}\"\n");
    let miners = sized("one", "1TiB") + &sized("three", "3TiB") + &sized("four", "4TiB");
    let run = lived(&format!("[[validators]]\nname = \"v\"\ncount = 3\n{miners}"));
    for (name, part) in [("one", 0.125), ("three", 0.375), ("four", 0.5)] {
        let found = group(&run, name);
        // Weights have 16 bits.
        assert!((found.emission_share - part).abs() < 2e-5, "{name}: {}", found.emission_share);
        assert_eq!((found.audits.not_passed(), &found.detections[..]), (0, &[][..]));
    }
    assert_eq!((run.honest.false_punishment_rate(), run.honest.paid_epochs), (Some(0.0), 6 * 12));
}

#[test]
fn a_free_rider_passes_as_often_as_the_law_of_sampling_says() {
    let more = "[[validators]]\nname = \"v\"\ncount = 6\n[[miners]]\nname = \"free\"\ncount = 30\nbytes = \"1TiB\"\n\
                strategy.freeloader = { keep = 0.95 }\n";
    let audits = group(&lived(more), "free").audits;
    let rate = Rate::of(audits.passed, audits.judged());
    let law = pass_probability(1 << 24, (1 << 24) / 100 * 95, 20, 0);
    assert_eq!((audits.judged(), audits.late, audits.absent), (6 * 30 * 12, 0, 0));
    assert!(rate.admits(law), "{rate:?}, the law says {law}");
}

#[test]
fn regenerators_earn_as_honest_miners_do_until_units_outlast_the_deadline() {
    let more = "[[validators]]\nname = \"v\"\ncount = 3\n[[miners]]\nname = \"honest\"\ncount = 2\nbytes = \"1TiB\"\n\
                [[miners]]\nname = \"regenerator\"\ncount = 2\nbytes = \"1TiB\"\nstrategy.regenerator = { cores = 8 }\n";
    let share = |unit_regenerate_us| {
        let figures = SchemeFigures { unit_regenerate_us, ..figures() };
        let run = run(&prepare(scenario(more), &HOST, figures).unwrap(), 1);
        nothing_is_lost(&run);
        let found = group(&run, "regenerator");
        assert_eq!(found.costs.byte_epochs, 0.0);
        (found.emission_share, found.audits.late)
    };
    let (quick, late) = share(2_000.0);
    assert!((quick - 0.5).abs() < 1e-4 && late == 0, "{quick}");
    // Five seconds to answer in.
    assert_eq!(share(6_000_000.0), (0.0, 3 * 2 * 12));
}

#[test]
fn who_watches_is_told_of_every_epoch_and_may_break_off() {
    let prepared = ready(scenario(MIXED));
    let mut seen = Vec::new();
    let broken = prepared.run(1, &mut |epoch| {
        seen.push(epoch);
        if epoch == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(broken, Err(LabError::Node(_))));
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[test]
fn figures_that_cannot_be_are_refused_by_name() {
    let said = |figures| prepare(scenario(MIXED), &HOST, figures).err().unwrap().to_string();
    assert_eq!(
        said(SchemeFigures { verify_us: f64::NAN, ..figures() }),
        "`proof-stream` cannot be examined: `verify_us` of its figures must be 0 or more, and a share at most 1"
    );
    assert_eq!(
        said(SchemeFigures { unit_bytes: 0, ..figures() }),
        "`proof-stream` cannot be examined: `unit_bytes` of its figures must be from 1 to 4294967295, it is 0"
    );
}
