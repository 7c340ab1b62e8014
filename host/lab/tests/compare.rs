//! A small comparison of real plugins: its shape, its honesty, and how it takes failures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::OnceLock;

use plimsoll_core::Digest;
use plimsoll_lab::compare::{COLUMNS, CompareRequest, Comparison, Row, Subject, compare};
use plimsoll_plugin::{Host, HostOptions, PluginRef};
use serde_json::{Value, json};

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(HostOptions::default()).unwrap())
}

fn builtin(name: &str, params: Value) -> Subject {
    let found = plimsoll_bundle::find(name).unwrap();
    let plugin = PluginRef::new(format!("builtin:{name}"), found.component).pinned(Digest(found.blake3));
    Subject { plugin, params }
}

fn small(dir: &Path) -> CompareRequest {
    CompareRequest {
        bytes: 2 << 20,
        repeats: 2,
        challenges: 4,
        trials: 150,
        samples: 8,
        budget_seconds: 60.0,
        most_spread_percent: 1e9,
        dir: dir.to_owned(),
        ..CompareRequest::default()
    }
}

fn run(subjects: &[Subject], request: &CompareRequest) -> Comparison {
    compare(host(), subjects, request, &mut |_| ()).unwrap()
}

/// One comparison of what is shipped in this state of the project and is quick.
fn shipped() -> &'static Comparison {
    static SHIPPED: OnceLock<Comparison> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let subjects = [
            builtin("proof-stream", json!({"unit_bytes": 4096})),
            builtin("proof-merkle", json!({})),
            builtin("proof-seed-v1", json!({})),
        ];
        let comparison = run(&subjects, &small(folder.path()));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?} was left behind");
        comparison
    })
}

fn row(name: &str) -> &'static Row {
    shipped().rows.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn every_scheme_is_measured_to_the_end() {
    for row in &shipped().rows {
        assert_eq!(row.failure, None, "{}", row.name);
        let (fill, prove) = (row.fill.as_ref().unwrap(), row.prove.as_ref().unwrap());
        assert!(fill.mib_per_cpu_s.unwrap().median > 0.0 && fill.mib_per_wall_s.unwrap().median > 0.0);
        assert_eq!((fill.mib_per_cpu_s.unwrap().runs, prove.samples), (2, 8), "{}", row.name);
        assert!(prove.read_bytes.unwrap().median > 0.0 && prove.reads.unwrap().median > 0.0);
        assert!(row.verify.as_ref().unwrap().p50_us.unwrap().median > 0.0);
        assert!(row.commit_ms.unwrap().median > 0.0 && row.security.is_some());
    }
}

#[test]
fn an_opening_of_the_merkle_scheme_has_the_size_that_its_head_says() {
    let merkle = row("proof-merkle");
    let layout = &merkle.plot.as_ref().unwrap().layout;
    assert_eq!((layout.units, layout.unit_bytes), (2048, 1024));
    let prove = merkle.prove.as_ref().unwrap();
    assert_eq!(prove.proof_bytes.unwrap().median, f64::from(32 + 8 * (1024 + 11 * 32)));
    assert_eq!(prove.challenge_bytes.unwrap().median, f64::from(32 + 8 * 8));
    // One statement with commitment holds a tebibyte.
    assert_eq!(merkle.plot.as_ref().unwrap().verifier_state_bytes_per_tib, 110.0);
}

#[test]
fn what_a_scheme_claims_stands_in_its_line() {
    let claims: Vec<String> =
        shipped().rows.iter().map(|row| row.identity.as_ref().unwrap().claims.to_string()).collect();
    assert_eq!(claims, ["nothing", "retrievability", "nothing"]);
}

#[test]
fn units_of_keystreams_and_chains_are_made_again_alone() {
    for row in &shipped().rows {
        let regenerated = row.regenerate.as_ref().unwrap();
        assert!(regenerated.alone, "{}", row.name);
        assert!(regenerated.unit_us.unwrap().median > 0.0, "{}", row.name);
        // Fast as they are, a cheater needs to keep nothing.
        assert_eq!(row.security.unwrap().f_min, 0.0, "{}", row.name);
    }
}

#[test]
fn native_twins_accept_what_the_plugins_accept() {
    for row in &shipped().rows {
        let verify = row.verify.as_ref().unwrap();
        assert!(verify.native_us.unwrap().median > 0.0, "{}", row.name);
        assert!(verify.wasm_native_ratio.unwrap().median > 0.0, "{}", row.name);
    }
}

#[test]
fn what_is_caught_lies_on_the_theoretical_curve() {
    for row in &shipped().rows {
        assert!(!row.detection.is_empty(), "{}", row.name);
        for point in &row.detection {
            assert_eq!(point.measured, point.caught as f64 / point.trials as f64);
            // Draws come from a seed, so this is the same in every run; the margin makes 95 % of an interval safe.
            let near = point.low - 0.05..=point.high + 0.05;
            assert!(near.contains(&point.theory), "{}: {point:?}", row.name);
        }
        let points = row.detection.windows(2);
        assert!(points.into_iter().all(|pair| pair[0].missing_fraction < pair[1].missing_fraction));
    }
}

#[test]
fn json_has_every_column_with_its_unit_and_csv_the_same() {
    let object = shipped().to_json();
    let schemes = object["schemes"].as_array().unwrap();
    assert_eq!(schemes.len(), 3);
    let words = ["name", "failure", "version", "claims", "params", "plugin_blake3", "io_method"];
    let units = ["_bytes", "_ms", "_us", "_s", "_percent", "_ratio", "_fraction", "_days", "_count", "_tib"];
    let csv = shipped().to_csv();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    for column in COLUMNS {
        let key = column.key;
        let has_unit = words.contains(&key)
            || key == "unit_regenerates_alone"
            || units.iter().any(|unit| key.ends_with(unit));
        assert!(has_unit, "{key} names no unit");
        assert!(header.contains(&key), "{key}");
        for scheme in schemes {
            assert!(scheme.get(key).is_some(), "{key}");
            assert_eq!(scheme.get(format!("{key}_iqr")).is_some(), column.repeated, "{key}");
            assert!(column.repeated || !scheme[key].is_null() || key == "failure", "{key} is null");
        }
    }
    assert_eq!(csv.lines().count(), 4);
    assert_eq!(object["assumptions"]["usd_per_core_hour"], 0.01);
    assert!(object["machine"]["cores"].as_u64().unwrap() > 0 && object["machine"]["build"].is_string());
}

#[test]
fn the_reference_explains_every_column() {
    let reference = include_str!("../COLUMNS.md");
    for column in COLUMNS {
        assert!(
            reference.contains(&format!("`{}`", column.key)),
            "COLUMNS.md does not explain {}",
            column.key
        );
    }
    for field in ["missing_fraction", "trials", "caught", "measured", "low", "theory"] {
        assert!(reference.contains(&format!("`{field}`")), "COLUMNS.md does not explain {field}");
    }
}

#[test]
fn a_scheme_that_fails_keeps_its_line_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let request = CompareRequest { bytes: 100_000, trials: 0, challenges: 1, ..small(folder.path()) };
    let broken = Subject {
        plugin: PluginRef::new("stray.wasm".to_owned(), b"no component".as_slice()),
        params: json!({}),
    };
    let subjects = [
        broken,
        builtin("challenge-uniform", json!({})),
        builtin("proof-stream", json!({"unit_bytes": 1 << 20})),
        builtin("proof-stream", json!({"unit_bytes": 1000})),
        builtin("proof-merkle", json!({})),
    ];
    let comparison = run(&subjects, &request);
    let names: Vec<&str> = comparison.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["stray.wasm", "challenge-uniform", "proof-stream", "proof-stream", "proof-merkle"]);
    let reasons: Vec<&str> = comparison.rows.iter().map(|row| row.failure.as_deref().unwrap_or("")).collect();
    assert!(!reasons[0].is_empty() && comparison.rows[0].identity.is_none(), "{reasons:?}");
    assert!(reasons[1].contains("challenge"), "{reasons:?}");
    assert!(reasons[2].contains("100000 bytes hold no unit: one takes 1048576 bytes"), "{reasons:?}");
    assert!(reasons[3].contains("unit_bytes"), "{reasons:?}");
    assert_eq!(reasons[4], "");
    // What is known of it stays: who it is.
    assert!(comparison.rows[2].identity.is_some() && comparison.rows[2].fill.is_none());
}

#[test]
fn repeats_that_disagree_are_flagged_instead_of_printed() {
    let mut comparison = shipped().clone();
    comparison.request.most_spread_percent = 25.0;
    let figure = plimsoll_lab::compare::Figure::of(&[1.0, 2.0, 3.0]).unwrap();
    comparison.rows.truncate(1);
    comparison.rows[0].verify.as_mut().unwrap().p50_us = Some(figure);
    let object = comparison.to_json();
    let scheme = &object["schemes"][0];
    assert_eq!((&scheme["verify_us"], &scheme["verify_us_iqr"]), (&Value::Null, &json!(1.0)));
    let flags: Vec<&str> =
        scheme["flags"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(flags.contains(&"verify_us: 3 repeats disagree by 50 %, up to 25 % are printed"), "{flags:?}");
    assert!(comparison.to_html().contains("disagree by 50 %"));
}

#[test]
fn memory_beyond_the_plan_is_flagged_and_named() {
    let mut comparison = shipped().clone();
    comparison.rows.truncate(1);
    let fill = comparison.rows[0].fill.as_mut().unwrap();
    assert!(fill.memory_allowed_bytes >= 24 << 20, "{fill:?}");
    (fill.rss_growth_bytes, fill.memory_allowed_bytes) = (Some(700), 700);
    assert_eq!(comparison.rows[0].memory_beyond_plan(), None);
    comparison.rows[0].fill.as_mut().unwrap().rss_growth_bytes = Some(701);
    let flag = "fill_rss_growth_bytes: filling took 701 bytes of memory, a plan of 0 bytes a worker and the host's \
        own buffers allow 700: the plan must say more";
    let object = comparison.to_json();
    let scheme = &object["schemes"][0];
    assert!(scheme["flags"].as_array().unwrap().contains(&json!(flag)), "{}", scheme["flags"]);
    assert_eq!(
        (&scheme["fill_rss_growth_bytes"], &scheme["fill_memory_allowed_bytes"]),
        (&json!(701), &json!(700))
    );
}

#[test]
fn a_wish_to_stop_ends_it_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let request = small(folder.path());
    request.cancel.cancel();
    let error = compare(host(), &[builtin("proof-merkle", json!({}))], &request, &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("stopped on request"), "{error}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_slow_scheme_gets_fewer_bytes_and_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    // A hundredth of a second for everything: the smallest plot and one run of each.
    let request = CompareRequest { budget_seconds: 0.01, bytes: 256 << 20, ..small(folder.path()) };
    let comparison = run(&[builtin("proof-seed-v1", json!({}))], &request);
    let row = &comparison.rows[0];
    assert_eq!(row.failure, None);
    let region_bytes = row.plot.as_ref().unwrap().layout.region_bytes;
    assert!(region_bytes > 0 && region_bytes < 64 << 20, "{region_bytes}");
    assert_eq!(row.fill.as_ref().unwrap().mib_per_cpu_s.unwrap().runs, 1);
}
