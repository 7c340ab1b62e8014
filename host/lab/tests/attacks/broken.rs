//! Schemes, each with one deliberate flaw: each is caught by the attack that is named after it, and mended it
//! withstands every attack.

use std::time::Duration;

use plimsoll_lab::attack::{Options, Outcome, Point, Property, attack_only};

use crate::guests::{
    attacked, attacked_alone, attacked_alone_by, attacked_anew, finding, is_coherent, options, scheme,
};

/// The flawed scheme is caught by `attack`, which refutes `property`; the mended one claims the same and is not.
fn is_caught(name: &str, by: &str, property: Property) {
    let flawed = attacked(&scheme(name, true), &options());
    is_coherent(&flawed);
    let found = finding(&flawed, by);
    assert_eq!(found.outcome, Outcome::Refuted, "{found:#?}");
    assert!(found.refutes.contains(&property), "{found:#?}");
    assert_eq!(finding(&flawed, "honest").outcome, Outcome::Withstood, "its honest prover passes");

    let mended = attacked(&scheme(name, false), &options());
    is_coherent(&mended);
    assert_eq!(mended.claims, flawed.claims);
    let refuted: Vec<_> = mended.findings.iter().filter(|found| !found.refutes.is_empty()).collect();
    assert!(refuted.is_empty(), "{refuted:#?}");
    assert_eq!(finding(&mended, by).outcome, Outcome::Withstood);
}

#[test]
fn values_taken_from_the_prover_are_caught_by_the_empty_prover() {
    is_caught("trusts-prover", "empty", Property::Soundness);
}

#[test]
fn a_commitment_that_nobody_looks_at_is_caught_by_the_late_one() {
    is_caught("trusts-prover", "late-commitment", Property::Soundness);
}

#[test]
fn digests_in_place_of_data_are_caught_by_the_prover_that_keeps_digests_only() {
    is_caught("hash-only", "digests-only", Property::Retrievability);
}

#[test]
fn an_answer_without_a_nonce_is_caught_by_its_replay() {
    is_caught("hash-only", "replay", Property::Soundness);
}

#[test]
fn a_generator_that_ignores_the_identity_is_caught_by_its_alias() {
    is_caught("same-for-all", "alias", Property::Replication);
    let flawed = attacked(&scheme("same-for-all", true), &options());
    assert_eq!(flawed.refuted, ["alias"], "and by nothing else");
    let found = finding(&flawed, "alias");
    assert_eq!(found.figures["identical_fraction"], 1.0);
    assert!(found.points.iter().all(|point| point.passed.rate == 1.0), "{found:#?}");
}

#[test]
fn challenges_over_the_tail_only_are_caught_by_the_tail_window() {
    is_caught("tail-window", "tail-window", Property::Retrievability);
    let flawed = attacked(&scheme("tail-window", true), &options());
    let found = finding(&flawed, "tail-window");
    assert!((0.2..0.3).contains(&found.figures["kept_fraction"]), "{found:#?}");
    assert!(found.figures["uniformity_p"] < 1e-12, "{found:#?}");
    assert_eq!(found.points[0].passed.rate, 1.0);
}

#[test]
fn units_whose_parts_are_quick_are_caught_by_the_prover_that_keeps_what_they_begin_from() {
    let (flawed, mended) = (scheme("restartable", true), scheme("restartable", false));
    // How fast this machine is, before and after something else, so that a unit outlasts the deadline three times and
    // two of its sixteen blocks are ready in less than half of it.
    let quick = Options { bytes: 4 << 20, samples: 1, keep: 0.25, audits: 1, effort_fuel: 1, ..options() };
    let timed = |scheme| finding(&attacked_alone_by("regenerate", scheme, &quick), "regenerate").figures["regenerate_ms"];
    let unit_ms = (timed(&flawed) + timed(&mended)) / 2.0;
    let deadline = Duration::from_secs_f64(0.3 * unit_ms / 1e3);
    let due = Options { deadline, audits: 24, ..quick };

    let flawed = attacked_alone(&flawed, &due);
    is_coherent(&flawed);
    assert_eq!(flawed.refuted, ["partial"], "by nothing else: {:#?}", flawed.findings);
    let found = finding(&flawed, "partial");
    assert_eq!(found.refutes, [Property::Space]);
    // 32 bytes of each block.
    assert!(found.figures["kept_fraction"] < 0.001, "{found:#?}");
    assert!(found.figures["regenerate_part_ms"] < 0.3 * unit_ms, "{found:#?}");
    assert_eq!(finding(&flawed, "regenerate").figures["f_min"], 1.0, "units alone say that all must be kept");

    let mended = attacked_alone(&mended, &due);
    is_coherent(&mended);
    assert_eq!((mended.claims, mended.refuted), (flawed.claims, vec![]), "{:#?}", mended.findings);
    let partial = mended.findings.iter().find(|found| found.attack == "partial").unwrap();
    assert_eq!(partial.outcome, Outcome::Withstood, "{partial:#?}");
}

#[test]
fn parts_that_are_kept_pass_as_often_as_parts_are_asked_for() {
    // Four units, all asked for, one block of each, and no time: who keeps half of every unit passes one audit in
    // sixteen, though who keeps two whole units passes none.
    let options = Options { bytes: 4 << 20, samples: 4, deadline: Duration::ZERO, ..options() };
    let report = attacked_alone_by("partial", &scheme("restartable", true), &options);
    is_coherent(&report);
    assert_eq!((report.layout.units, report.units_drawn), (4, 4.0));
    let partial = finding(&report, "partial");
    assert_eq!(partial.outcome, Outcome::Withstood, "{partial:#?}");
    let half = |point: &&Point| point.case.starts_with("keeps 50.00 % of every unit");
    let halves: Vec<_> = partial.points.iter().filter(half).collect();
    assert!(halves.iter().all(|point| point.theory == Some(0.0625)), "{partial:#?}");
    assert!(halves.iter().any(|point| point.passed.hits > 0), "else nothing is shown: {partial:#?}");
}

#[test]
fn parts_of_a_plots_only_unit_are_caught_where_the_rest_is_made_in_time() {
    let options =
        Options { bytes: 1 << 20, samples: 1, keep: 0.25, deadline: Duration::from_secs(60), ..options() };
    let report = attacked_alone_by("partial", &scheme("restartable", true), &options);
    is_coherent(&report);
    assert_eq!((report.layout.units, &report.refuted[..]), (1, &["partial"][..]), "{:#?}", report.findings);
    let partial = finding(&report, "partial");
    assert!(partial.figures["kept_fraction"] < 0.1, "{partial:#?}");
    assert!(partial.points.iter().all(|point| point.theory < Some(0.3)), "{partial:#?}");
}

#[test]
fn an_attack_that_is_not_there_is_refused_by_name() {
    let error = attack_only(&scheme("hash-only", true), &options(), &["empty", "hollow"]).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("there is no attack `hollow`: name empty, digests-only, "), "{said}");
}

#[test]
fn what_a_prover_with_holes_passes_is_what_sampling_theory_says() {
    let report = attacked(&scheme("tail-window", false), &options());
    let hole = finding(&report, "hole");
    assert_eq!(hole.points.len(), 3);
    assert!(hole.points.iter().all(|point| point.agrees == Some(true)), "{hole:#?}");
    assert!(
        hole.points.iter().any(|point| point.passed.hits > 0),
        "one point shows more than zero: {hole:#?}"
    );
    let corrupt = finding(&report, "corrupt");
    assert_eq!(corrupt.points[0].agrees, Some(true), "{corrupt:#?}");
    let window = finding(&report, "tail-window");
    assert!(window.figures["uniformity_p"] > 1e-6 && window.figures["runs_never_read"] == 0.0, "{window:#?}");
}

#[test]
fn the_same_seed_finds_the_same() {
    let found = |seed| {
        let options = plimsoll_lab::attack::Options { seed, ..options() };
        let report = attacked_anew(&scheme("tail-window", true), &options);
        let of = |found: &plimsoll_lab::attack::Finding| (found.attack, found.outcome, found.points.clone());
        // What depends on measured times: how much can be made anew in time.
        let untimed =
            |found: &&plimsoll_lab::attack::Finding| !["regenerate", "partial"].contains(&found.attack);
        report.findings.iter().filter(untimed).map(of).collect::<Vec<_>>()
    };
    assert_eq!(found(5), found(5));
    assert_ne!(found(5), found(6));
}
