//! Economic laws: what a cheater must not win by, tried on the component with cases that shrink.
//!
//! A rule or policy may waive a law by its name, with a reason, which the report shows (see [`crate::Waiver`]).

mod choices;
mod crowd;
mod policy;
mod rule;
mod scenario;
mod sixteen_bits;
mod splitting;
mod state;

pub(super) use policy::allocation;
pub(super) use rule::incentive;
pub(super) use scenario::{Scenario, Tested};

/// Names of the economic laws of incentive rules.
pub const INCENTIVE_LAWS: [&str; 9] =
    ["more", "failing", "unasked", "absent", "order", "splitting", "splitting-coldkey", "memory", "weights"];

/// Names of the economic laws of allocation policies.
pub const ALLOCATION_LAWS: [&str; 4] = ["stake", "order", "splitting", "owner"];

/// Whether what a plugin waives is a law of its kind.
pub(super) fn known(waivers: &[crate::Waiver], laws: &[&str]) -> Result<(), String> {
    match waivers.iter().find(|waiver| !laws.contains(&waiver.law.as_str())) {
        Some(waiver) if laws.is_empty() => {
            Err(format!("it waives `{}`; plugins of its kind have no economic laws", waiver.law))
        }
        Some(waiver) => {
            Err(format!("it waives `{}`, which is no law; the laws are {}", waiver.law, laws.join(", ")))
        }
        None => Ok(()),
    }
}
