//! Sampled and exact runs say the same, within what chance allows, and a test that says so would notice if they did
//! not.

use plimsoll_lab::simulate::{Fidelity, Prepared, Run, Scenario, SchemeFigures, prepare};
use plimsoll_lab::stats::{Rate, bootstrap_mean_ci95, mean, pass_probability};
use serde_json::{Value, json};

use crate::lab::{HOST, figures, group, run, scenario};

/// Plots of a mebibyte: 16 groups of the integrity tree, so that three quarters and a half are whole groups.
const FREE_RIDERS: &str = r#"
plugins.allocation = "allocation-permit"

[[validators]]
name = "v"

[[miners]]
name = "three quarters"
count = 20
bytes = "1MiB"
strategy.freeloader = { keep = 0.75 }

[[miners]]
name = "half"
count = 20
bytes = "1MiB"
strategy.freeloader = { keep = 0.5 }
"#;
/// Audits of each group in a run: 20 miners, as many epochs.
const EPOCHS: u64 = 50;
const SAMPLES: u32 = 4;

/// A scheme whose plots of a mebibyte have `units` units.
struct Kind {
    scheme: &'static str,
    params: Value,
    units: u64,
}

fn kinds() -> [Kind; 4] {
    let kind = |scheme, params, units| Kind { scheme, params, units };
    [
        kind("proof-stream", json!({}), 64),
        kind("proof-merkle", json!({}), 1024),
        kind("proof-seqpack", json!({ "unit_bytes": 65_536 }), 16),
        kind("proof-scrypt", json!({ "n": 2, "unit_labels": 256 }), 256),
    ]
}

fn of_kind(kind: &Kind, mut scenario: Scenario, fidelity: Fidelity) -> Prepared {
    scenario.fidelity = fidelity;
    scenario.plugins.scheme = kind.scheme.into();
    scenario.plugins.scheme_params = kind.params.clone();
    let figures = SchemeFigures { name: kind.scheme.into(), unit_bytes: (1 << 20) / kind.units, ..figures() };
    prepare(scenario, &HOST, figures).unwrap()
}

/// How often three quarters and a half of a plot pass.
fn rates(kind: &Kind, fidelity: Fidelity, samples: u32, epochs: u64) -> [Rate; 2] {
    let mut scenario = scenario(FREE_RIDERS);
    (scenario.epochs, scenario.audits.samples) = (epochs, samples);
    let run = run(&of_kind(kind, scenario, fidelity), 5);
    assert_eq!(run.faults, [], "{}", kind.scheme);
    ["three quarters", "half"].map(|name| {
        let audits = group(&run, name).audits;
        assert_eq!((audits.late, audits.absent), (0, 0), "{}: a wrong proof is a failure", kind.scheme);
        assert_eq!(audits.judged(), 20 * epochs);
        Rate::of(audits.passed, audits.judged())
    })
}

fn law(units: u64, kept: u64, samples: u32) -> f64 {
    pass_probability(units, units / 4 * kept, samples.into(), 0)
}

fn overlap(one: Rate, other: Rate) -> bool {
    one.low <= other.high && other.low <= one.high
}

#[test]
fn real_proofs_pass_as_often_as_sampled_ones_and_one_sample_less_would_be_noticed() {
    for kind in kinds() {
        let exact = rates(&kind, Fidelity::Exact, SAMPLES, EPOCHS);
        let sampled = rates(&kind, Fidelity::Sampled, SAMPLES, 10 * EPOCHS);
        let fewer = rates(&kind, Fidelity::Sampled, SAMPLES - 1, 10 * EPOCHS);
        for (at, kept) in [(0, 3), (1, 2)] {
            let (name, exact) = (kind.scheme, exact[at]);
            assert!(exact.admits(law(kind.units, kept, SAMPLES)), "{name}, {kept} of 4 quarters: {exact:?}");
            assert!(overlap(exact, sampled[at]), "{name}: {exact:?} against {:?}", sampled[at]);
            // What would be seen if the sampled law had another number of samples, or of kept units.
            assert!(!exact.admits(law(kind.units, kept, SAMPLES - 1)), "{name}: {exact:?}");
            assert!(!overlap(exact, fewer[at]), "{name}: {exact:?} against {:?}", fewer[at]);
            assert!(!exact.admits(law(kind.units, kept - 1, SAMPLES)), "{name}: {exact:?}");
        }
    }
}

/// `proof-sdr` draws labels of all sectors. Of few sectors it may draw several of one, and the sampled law, which draws
/// distinct units, finds too much; of the sectors of a real plot it draws one of each.
#[test]
fn a_scheme_that_draws_within_units_is_sampled_as_if_it_had_many() {
    let kind = |units| {
        let params = json!({ "sector_bytes": (1u64 << 19) / units });
        Kind { scheme: "proof-sdr", params, units }
    };
    let [exact, _] = rates(&kind(8), Fidelity::Exact, SAMPLES, EPOCHS);
    assert!(exact.admits(0.75f64.powi(4)), "{exact:?}");
    assert!(!exact.admits(law(8, 3, SAMPLES)), "{exact:?}");
    assert!((law(1 << 20, 3, SAMPLES) - 0.75f64.powi(4)).abs() < 1e-6);
}

/// A scenario under six seeds.
fn runs(fidelity: Fidelity, samples: u32) -> Vec<Run> {
    let more = r#"
plugins.allocation = "allocation-permit"

[[validators]]
name = "v"
count = 2

[[miners]]
name = "honest"
count = 3
bytes = "2MiB"

[[miners]]
name = "free"
count = 3
bytes = "2MiB"
strategy.freeloader = { keep = 0.75 }

[[miners]]
name = "regenerators"
count = 2
bytes = "2MiB"
strategy.regenerator = { keep = 0.0, cores = 2 }

[[miners]]
name = "sybil"
bytes = "2MiB"
strategy.sybil = { hotkeys = 2 }
"#;
    let mut scenario = scenario(more);
    scenario.audits.samples = samples;
    let prepared = of_kind(&kinds()[0], scenario, fidelity);
    (1..=6).map(|seed| run(&prepared, seed)).collect()
}

/// What a group earned of all in each run, and an interval of the mean.
fn shares(runs: &[Run], name: &str) -> (f64, [f64; 2]) {
    let shares: Vec<f64> = runs.iter().map(|run| group(run, name).emission_share).collect();
    (mean(&shares), bootstrap_mean_ci95(&shares, [7; 32]))
}

#[test]
fn whole_runs_pay_the_same_and_other_audits_would_not() {
    let (exact, sampled) = (runs(Fidelity::Exact, SAMPLES), runs(Fidelity::Sampled, SAMPLES));
    for name in ["honest", "free", "regenerators", "sybil"] {
        let ((earned, [low, high]), (other, [from, to])) = (shares(&exact, name), shares(&sampled, name));
        assert!(earned > 0.01, "{name} earns something: {earned}");
        assert!(low <= to && from <= high, "{name}: {earned} of [{low}, {high}], {other} of [{from}, {to}]");
    }
    let (_, [low, high]) = shares(&exact, "free");
    let (_, [from, to]) = shares(&runs(Fidelity::Sampled, 2 * SAMPLES), "free");
    assert!(to < low || high < from, "[{low}, {high}] against [{from}, {to}]");
}
