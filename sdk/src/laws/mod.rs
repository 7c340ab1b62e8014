//! What must hold for every plugin of a kind, as tests that need no WebAssembly.
//!
//! Call one from a plugin's own tests. A law that is broken panics with a sentence that names the plugin, the
//! law and the counterexample. Cases are drawn from fixed seeds: a run that fails fails again.
//!
//! What the host enforces in any case (caps, ranges, sizes) is tested here too, so that a plugin learns of it
//! before a miner does.

mod allocation;
mod cases;
mod challenge;
mod dataset;
mod incentive;
mod plot;
mod plugin;
mod proof;
mod tamper;

pub use allocation::allocation_policy;
pub use cases::{candidates, identity, neurons, round, standings};
pub use challenge::challenge_strategy;
pub use dataset::dataset_source;
pub use incentive::{earnings, incentive_rule};
pub use proof::proof_scheme;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Economic laws of incentive rules, by the names under which a rule waives them. The last four are tried by
/// `plimsoll plugin test` alone.
pub const INCENTIVE_LAWS: [&str; 9] =
    ["more", "failing", "unasked", "absent", "order", "splitting", "splitting-coldkey", "memory", "weights"];

/// Economic laws of allocation policies, tried by `plimsoll plugin test`.
pub const ALLOCATION_LAWS: [&str; 4] = ["stake", "order", "splitting", "owner"];

/// Whether the plugin keeps `economic_law`, as far as it says.
fn keeps<P: crate::Plugin>(economic_law: &str) -> bool {
    !P::WAIVERS.iter().any(|(waived, _)| *waived == economic_law)
}

#[track_caller]
fn waivers_are_of<P: crate::Plugin>(known: &[&str]) {
    for (name, reason) in P::WAIVERS {
        law::<P>("it waives laws that there are", known.contains(name), || {
            format!("`{name}`, expected one of {}", known.join(", "))
        });
        law::<P>("a waiver has a reason", reason.len() > 10, || format!("`{name}`: `{reason}`"));
    }
}

/// Panics with a readable sentence unless `holds`.
#[track_caller]
fn law<P: crate::Plugin>(law: &str, holds: bool, counterexample: impl FnOnce() -> String) {
    assert!(holds, "{} breaks the law «{law}»: {}", P::NAME, counterexample());
}

/// What `work` gives, where it must neither panic nor refuse.
#[track_caller]
fn granted<P: crate::Plugin, T>(what: &str, case: &impl Debug, work: impl FnOnce() -> crate::Result<T>) -> T {
    match unpanicked::<P, _>(what, case, work) {
        Ok(value) => value,
        Err(error) => panic!("{} breaks the law «{what} works»: {error}, for {case:?}", P::NAME),
    }
}

/// What `work` gives, where it must not panic.
#[track_caller]
fn unpanicked<P: crate::Plugin, T>(what: &str, case: &impl Debug, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => value,
        Err(_) => panic!("{} breaks the law «{what} never panics»: it did for {case:?}", P::NAME),
    }
}
