//! The laws of each kind, run through the host as it will run the plugin: `plimsoll plugin test FILE`.
//!
//! The SDK's laws test a plugin's logic natively and exhaustively; these test what only shows in
//! WebAssembly: that it loads, that the same question gets the same bytes for the same fuel in a fresh
//! instance, that nothing an opponent sends makes it break down; and the economic laws, which a plugin may waive.

mod cases;
mod dataset;
mod economy;
mod policies;
mod proof;
mod proof_tampered;
mod report;
mod rule;

use plimsoll_core::Digest;
use serde_json::{Value, json};

use crate::{Host, Kind, PluginRef};

pub use economy::{ALLOCATION_LAWS, INCENTIVE_LAWS};
pub use report::{Check, Counterexample, Report};

use economy::Tested;
use report::Laws;

/// Runs every law of the plugin's kind with `params`; never fails itself: what goes wrong is in the report.
#[must_use]
pub fn conform(host: &Host, plugin: &PluginRef, params: &Value) -> Report {
    let mut laws = Laws::default();
    let mut kind = None;
    let inspected = laws.holds("it is a plugin of plimsoll:plugin@0.1 and describes itself", || {
        host.inspect(plugin).map_err(|e| e.to_string())
    });
    if let Some(seen) = inspected {
        kind = Some(seen.kind);
        laws.waivers = seen.descriptor.waivers;
        let known = match seen.kind {
            Kind::Incentive => &INCENTIVE_LAWS[..],
            Kind::Allocation => &ALLOCATION_LAWS,
            Kind::Challenge | Kind::Proof | Kind::Dataset => &[],
        };
        if !laws.waivers.is_empty() {
            let waivers = laws.waivers.clone();
            laws.holds("what it waives are economic laws of its kind", || economy::known(&waivers, known));
        }
        laws.holds("a misspelt parameter is refused by its schema", || {
            let misspelt = json!({"no_such_parameter_of_any_plugin": 1});
            match load(host, seen.kind, plugin, &misspelt) {
                Err(_) => Ok(()),
                Ok(()) => Err("accepted; say `additionalProperties: false` in the schema".to_owned()),
            }
        });
        laws.holds("all parameters have defaults", || load(host, seen.kind, plugin, &json!({})));
        if laws.holds("it accepts these parameters", || load(host, seen.kind, plugin, params)).is_some() {
            of_kind(seen.kind, host, plugin, params, &mut laws);
        }
    }
    Report { plugin: plugin.name.clone(), kind, digest: Digest::of(&plugin.bytes), checks: laws.checks }
}

fn load(host: &Host, kind: Kind, plugin: &PluginRef, params: &Value) -> Result<(), String> {
    let loaded = match kind {
        Kind::Allocation => host.load_allocation(plugin, params).map(drop),
        Kind::Challenge => host.load_challenge(plugin, params).map(drop),
        Kind::Proof => host.load_scheme(plugin, params).map(drop),
        Kind::Incentive => host.load_incentive(plugin, params).map(drop),
        Kind::Dataset => host.load_dataset_source(plugin, params).map(drop),
    };
    loaded.map_err(|e| e.to_string())
}

fn of_kind(kind: Kind, host: &Host, plugin: &PluginRef, params: &Value, laws: &mut Laws) {
    // Loaded a moment ago with the same parameters; if not now, the report says so.
    let fails = |e: crate::PluginError| e.to_string();
    let tested = Tested { name: plugin.name.clone(), params: params.clone() };
    match kind {
        Kind::Allocation => laws
            .holds("it loads again", || host.load_allocation(plugin, params).map_err(fails))
            .iter()
            .for_each(|policy| {
                policies::allocation(policy, laws);
                economy::allocation(policy, &tested, laws);
            }),
        Kind::Challenge => laws
            .holds("it loads again", || host.load_challenge(plugin, params).map_err(fails))
            .iter()
            .for_each(|strategy| policies::challenge(strategy, laws)),
        Kind::Proof => laws
            .holds("it loads again", || host.load_scheme(plugin, params).map_err(fails))
            .iter()
            .for_each(|scheme| proof::scheme(scheme, laws)),
        Kind::Incentive => laws
            .holds("it loads again", || host.load_incentive(plugin, params).map_err(fails))
            .iter()
            .for_each(|rule| {
                rule::incentive(rule, laws);
                economy::incentive(rule, &tested, laws);
            }),
        Kind::Dataset => laws
            .holds("it loads again", || host.load_dataset_source(plugin, params).map_err(fails))
            .iter()
            .for_each(|source| dataset::source(source, laws)),
    }
}
