//! Schemes that do not always ask for something, or refuse what an attack would like to know.

use plimsoll_lab::attack::{Finding, Options, Outcome, Report};
use plimsoll_plugin::Scheme;
use serde_json::json;

use crate::guests::{attacked, finding, is_coherent, options, with_params};

fn lottery(wins: u32, refuses: bool) -> Scheme {
    with_params("lottery", &json!({ "wins": wins, "refuses": refuses }))
}

fn withstood<'a>(report: &'a Report, attack: &str) -> &'a Finding {
    let found = finding(report, attack);
    assert_eq!(found.outcome, Outcome::Withstood, "{found:#?}");
    found
}

#[test]
fn a_prover_that_is_never_eligible_was_not_attacked() {
    let report = attacked(&lottery(0, false), &options());
    is_coherent(&report);
    assert!(!report.was_attacked && report.refuted.is_empty());
    assert_eq!((report.findings.len(), report.findings[0].outcome), (1, Outcome::NotTried));
    assert!(report.findings[0].text.starts_with("never eligible in "), "{:?}", report.findings[0]);
}

#[test]
fn the_luck_of_a_lottery_is_not_held_against_the_cheater_nor_for_it() {
    let report = attacked(&lottery(128, false), &Options { samples: 1, ..options() });
    is_coherent(&report);
    assert!(report.was_attacked && report.refuted.is_empty(), "{:#?}", report.findings);
    let honest = &withstood(&report, "honest").points[0];
    assert_eq!(honest.passed.rate, 1.0, "of what it is asked");
    for attack in ["hole", "tail-window"] {
        for point in &withstood(&report, attack).points {
            // Half of the challenges ask for nothing: nobody can pass them.
            let (most, bound) = (point.passed.rate, point.theory.unwrap());
            assert!(bound < 0.75 && most <= bound + 0.25, "{attack}: {point:#?}");
        }
    }
    let corrupt = withstood(&report, "corrupt");
    assert!(corrupt.points[0].passed.trials < 60, "only what was asked counts: {corrupt:#?}");
    assert_eq!(corrupt.points[0].agrees, Some(true), "{corrupt:#?}");
}

#[test]
fn what_a_scheme_refuses_ends_one_attack_and_not_the_report() {
    let report = attacked(&lottery(256, true), &options());
    is_coherent(&report);
    assert!(report.was_attacked && report.refuted.is_empty(), "{:#?}", report.findings);
    let alias = finding(&report, "alias");
    assert!(alias.text.contains("committing as another subnet is refused"), "{alias:#?}");
    assert_eq!(finding(&report, "other-unit").outcome, Outcome::NotTried);
    assert_eq!(finding(&report, "beacon").figures["distinct_challenges_about_one_unit"], 0.0);
    for attack in ["replay", "other-statement"] {
        assert_eq!(finding(&report, attack).outcome, Outcome::Withstood, "{attack}");
    }
    assert_eq!(report.findings.last().unwrap().attack, "remote", "all were tried");
}
