//! A host for all tests, and scenarios made small.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use plimsoll_lab::simulate::{Group, Prepared, Run, Scenario, SchemeFigures, prepare};
use plimsoll_plugin::{Host, HostOptions};
use serde_json::json;

pub(crate) static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(HostOptions::default()).unwrap());

/// A scheme whose units take a millisecond to read and two to make anew.
pub(crate) fn figures() -> SchemeFigures {
    SchemeFigures {
        name: "proof-stream".into(),
        params: json!({}),
        unit_bytes: 65_536,
        most_samples: 100,
        fill_cpu_us_per_mib: 1_000.0,
        unit_regenerate_us: 2_000.0,
        unit_regenerates_alone: true,
        sample_read_us: 1_000.0,
        sample_read_bytes: 65_536,
        prove_us: 5_000.0,
        verify_us: 300.0,
        proof_bytes: 6_000,
        not_eligible_fraction: 0.0,
        identity_bound: true,
    }
}

/// Twelve epochs by proven bytes with nothing lost on the way; `more` are other settings, validators and miners.
pub(crate) fn scenario(more: &str) -> Scenario {
    let text = format!(
        "about = \"a test\"\nepochs = 12\nplugins.rule = \"incentive-proportional\"\nplugins.scheme = \"proof-stream\"\n\
         network.loss = 0.0\n{more}"
    );
    Scenario::read("test.toml", &text).unwrap()
}

pub(crate) fn ready(scenario: Scenario) -> Prepared {
    prepare(scenario, &HOST, figures()).unwrap()
}

pub(crate) fn run(prepared: &Prepared, seed: u64) -> Run {
    prepared.run(seed, &mut |_| ControlFlow::Continue(())).unwrap()
}

pub(crate) fn lived(more: &str) -> Run {
    run(&ready(scenario(more)), 1)
}

pub(crate) fn group<'a>(run: &'a Run, name: &str) -> &'a Group {
    run.groups.iter().find(|group| group.name == name).unwrap()
}

pub(crate) fn json(run: &Run) -> String {
    serde_json::to_string_pretty(run).unwrap()
}
