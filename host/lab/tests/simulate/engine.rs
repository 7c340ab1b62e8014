//! Runs of a fixed engine stay what they are: what was kept under its version must be what it would make today.

use plimsoll_lab::simulate::{SchemeFigures, prepare};
use plimsoll_lab::sweep::{ENGINE, digest};

use crate::lab::{HOST, figures, ready, run, scenario};

/// The version, and BLAKE3 of a run of each scenario below under it.
const PINNED: (u32, [&str; 3]) = (
    2,
    [
        "adcf26e0fb3825543b1acb313f9d193278c226183f3dc49b41e4f0d3e4d08019",
        "0879561a308a5538facc83f5d41954b684fcd092a398e6dc8850d92bdad0dd82",
        "3f55fc8f9889bf57c6c7eb4ab5cfd7c8e8dd3d3dae8930809b36205b7cd05d25",
    ],
);

const VALIDATORS: &str = "[[validators]]\nname = \"v\"\ncount = 3\n";

fn miners(name: &str, more: &str) -> String {
    format!("[[miners]]\nname = \"{name}\"\ncount = 2\nbytes = \"1TiB\"\n{more}\n")
}

/// Who keeps what it says, and who does not.
fn plain() -> String {
    VALIDATORS.to_owned() + &miners("honest", "") + &miners("free", "strategy.freeloader = { keep = 0.95 }")
}

/// Everybody comes, grows, breaks or goes, on a full subnet.
fn restless() -> String {
    "plugins.challenge = \"challenge-adaptive\"\nsubnet.max_neurons = 11\nsubnet.immunity_blocks = 400\n"
        .to_owned()
        + VALIDATORS
        + &miners("growing", "strategy.growing = { bytes_per_epoch = \"512GiB\", up_to = \"4TiB\" }")
        + &miners("flaky", "strategy.flaky = { fails = 0.3, repair_epochs = 2 }")
        + &miners("leaving", "leaves_epoch = 7")
        + &miners("idle", "strategy.freeloader = { keep = 0.0 }")
        + &miners("new", "joins_epoch = 4")
}

/// Every way to hold less than is claimed, and every way to vote.
fn crooked() -> String {
    VALIDATORS.to_owned()
        + "[[validators]]\nname = \"copy\"\nvote = \"copy\"\n"
        + "[[validators]]\nname = \"clique\"\nvote.clique = { miners = \"sybil\" }\n"
        + &miners("honest", "")
        + &miners("anew", "strategy.regenerator = { keep = 0.5, cores = 2 }")
        + &miners("store", "strategy.outsourcer = { rtt_ms = 20, bytes_per_s = 12_500_000 }")
        + &miners(
            "cold",
            "strategy.on-demand = { rtt_ms = 90, bytes_per_s = 9_000_000, usd_per_tib_month = 0.5 }",
        )
        + &miners("sybil", "strategy.sybil = { hotkeys = 3 }")
        + &miners("selective", "strategy.selective = { stake_from = 0.3 }")
}

#[test]
fn runs_change_only_with_the_version_of_the_engine() {
    let shared = SchemeFigures { identity_bound: false, not_eligible_fraction: 0.1, ..figures() };
    let prepared = [
        ready(scenario(&plain())),
        ready(scenario(&restless())),
        prepare(scenario(&crooked()), &HOST, shared).unwrap(),
    ];
    let found = prepared.map(|prepared| digest(&run(&prepared, 1)).to_string());
    let (version, pinned) = PINNED;
    assert_eq!(ENGINE, version, "the engine has another version: pin it here with its runs, {found:?}");
    assert_eq!(
        found, pinned,
        "runs are others than those of engine {version}: raise `ENGINE` in host/lab/src/sweep/cell.rs, or a sweep would take runs of \
         before for its own, and pin its runs here (a plugin that changed, and nothing else, needs only the runs)"
    );
}
