//! Shipped schemes that claim nothing: they are tried all the same, and nothing is held against them.

use plimsoll_lab::LabError;
use plimsoll_lab::attack::{Options, Outcome, Property};
use serde_json::json;

use crate::guests::{attacked, builtin, finding, is_coherent, options};

#[test]
fn a_scheme_that_claims_nothing_is_regenerated_and_refuted_in_nothing() {
    for (name, params) in
        [("proof-stream", json!({"unit_bytes": 16_384})), ("proof-seed-v1", json!({"chunk_bytes": 10_000}))]
    {
        let report = attacked(&builtin(name, &params), &options());
        is_coherent(&report);
        assert!(report.refuted.is_empty(), "{name}: {:#?}", report.findings);
        let regenerated = finding(&report, "regenerate");
        assert_eq!(
            (regenerated.outcome, regenerated.succeeded),
            (Outcome::NotClaimed, true),
            "{regenerated:#?}"
        );
        assert_eq!(regenerated.figures["f_min"], 0.0);
        assert_eq!(finding(&report, "empty").outcome, Outcome::Withstood);
        assert_eq!(finding(&report, "remote").against, [Property::Locality]);
        for soundness in ["bit-flips", "malformed", "shape", "other-statement", "other-unit", "beacon"] {
            assert_eq!(finding(&report, soundness).outcome, Outcome::Withstood, "{name}: {soundness}");
        }
    }
}

#[test]
fn the_seeds_text_is_compressible_and_serves_two_subnets() {
    let report = attacked(&builtin("proof-seed-v1", &json!({"chunk_bytes": 10_000})), &options());
    let compress = finding(&report, "compress");
    // 60 symbols: log2(60) / 8 of the bytes are needed.
    let saved = compress.figures["compression_saves_fraction"];
    assert!((0.2..0.27).contains(&saved), "{saved}");
    assert!(compress.succeeded && compress.outcome == Outcome::NotClaimed);
    let alias = finding(&report, "alias");
    assert!(alias.text.contains("another subnet") && !alias.text.contains("another owner"), "{alias:#?}");
    let stream = attacked(&builtin("proof-stream", &json!({"unit_bytes": 16_384})), &options());
    assert!(!finding(&stream, "compress").succeeded && !finding(&stream, "alias").succeeded);
}

#[test]
fn a_deadline_that_nobody_keeps_leaves_the_sampling_bound() {
    let options = Options { deadline: std::time::Duration::ZERO, ..options() };
    let report = attacked(&builtin("proof-stream", &json!({"unit_bytes": 16_384})), &options);
    let regenerated = finding(&report, "regenerate");
    assert!(!regenerated.succeeded, "{regenerated:#?}");
    assert_eq!(regenerated.figures["f_min"], 1.0);
    // Of units that are dropped one by one, an audit reads more than it asks for: no law says how many.
    assert!(regenerated.points.iter().all(|point| point.agrees != Some(false)), "{regenerated:#?}");
    assert!(regenerated.points[..2].iter().all(|point| point.agrees == Some(true)), "{regenerated:#?}");
    let partial = finding(&report, "partial");
    assert!(!partial.succeeded && partial.points.len() >= 3, "{partial:#?}");
}

#[test]
fn a_unit_that_no_plot_holds_is_named_with_what_to_do() {
    let options = Options { bytes: 1000, ..options() };
    let report = attacked(&builtin("proof-stream", &json!({"unit_bytes": 1024})), &options);
    assert!(report.layout.units >= 1, "a plot that is too small for one unit grows: {:?}", report.layout);
    let one_unit = report.findings.iter().filter(|found| found.outcome == Outcome::NotTried);
    assert!(one_unit.count() >= 3, "{:#?}", report.findings);
    let error = LabError::Setup { scheme: "x".into(), why: "it has no plan".into() };
    assert_eq!(error.to_string(), "`x` cannot be examined: it has no plan");
}
