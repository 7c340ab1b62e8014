//! Whether the chosen plugins can be had, are what was pinned, and take the parameters that they are given.

use plimsoll_plugin::{Host, PluginError, PluginRef, Rejection};
use serde_json::Value;

use super::problem::{Code, Problem};
use super::read::Found;
use super::settings::PluginChoice;
use super::slot::{Slot, params_key, pin_key, plugin_key};
use super::source::Place;
use super::suggest;

/// What is wrong with a choice of plugin: its file, its pin, its kind or its parameters.
pub(crate) fn check_params(host: &Host, choice: &PluginChoice) -> Vec<Problem> {
    let slot = choice.slot;
    let outcome = match choice.for_node().resolve() {
        Ok(plugin) => load(host, slot, &plugin, &choice.params).map_err(|error| (error, plugin)),
        Err(error) => {
            let problem = Problem::new(Code::BadPlugin, error.to_string()).about(plugin_key(slot));
            return vec![placed(problem, choice.named.as_ref())];
        }
    };
    let Err((error, plugin)) = outcome else { return Vec::new() };
    let problem = Problem::new(Code::BadPlugin, error.to_string());
    vec![match &error {
        PluginError::Rejected { why: Rejection::Pin { .. }, .. } => {
            placed(problem.about(pin_key(slot)), choice.pinned.as_ref())
        }
        PluginError::BadConfig { why, .. } => {
            let help = takes(host, &plugin, why);
            let problem = problem.about(params_key(slot)).help(help);
            match choice.given.as_ref().and_then(|given| parameter(given, why)) {
                Some(place) => problem.at(&place),
                None => placed(problem, choice.given.as_ref().or(choice.named.as_ref())),
            }
        }
        _ => placed(problem.about(plugin_key(slot)), choice.named.as_ref()),
    }]
}

/// Loads a plugin as its slot would, and lets it go again.
fn load(host: &Host, slot: Slot, plugin: &PluginRef, params: &Value) -> Result<(), PluginError> {
    match slot {
        Slot::Allocation => host.load_allocation(plugin, params).map(drop),
        Slot::Challenge => host.load_challenge(plugin, params).map(drop),
        Slot::Proof => host.load_scheme(plugin, params).map(drop),
        Slot::Incentive => host.load_incentive(plugin, params).map(drop),
        Slot::Dataset => host.load_dataset_source(plugin, params).map(drop),
    }
}

fn placed(problem: Problem, found: Option<&Found>) -> Problem {
    match found.and_then(|found| found.place.as_ref()) {
        Some(place) => problem.at(place),
        None => problem,
    }
}

/// The name between the first backticks: the plugin host quotes the parameter that it is about.
fn quoted(why: &str) -> Option<&str> {
    why.split('`').nth(1)
}

/// Where the parameter stands that `why` is about.
fn parameter(given: &Found, why: &str) -> Option<Place> {
    let pointer = format!("/{}", quoted(why)?.replace('.', "/"));
    let span = given.inside.get(&pointer)?.clone();
    Some(Place { source: given.place.as_ref()?.source.clone(), span })
}

/// What to write instead: the nearest parameter that there is, or all of them.
fn takes(host: &Host, plugin: &PluginRef, why: &str) -> Option<String> {
    let schema = host.inspect(plugin).ok()?.descriptor.config_schema;
    let names: Vec<&str> = schema.get("properties")?.as_object()?.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Some(format!("{} takes no parameters", plugin.name));
    }
    let name = quoted(why).filter(|name| !names.contains(name));
    match name.and_then(|name| suggest::nearest(name, names.iter().copied())) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => Some(format!("{} takes {}", plugin.name, names.join(", "))),
    }
}
