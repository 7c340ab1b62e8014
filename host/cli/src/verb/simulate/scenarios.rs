//! `plimsoll simulate scenarios`.

use plimsoll_lab::simulate::{SCENARIOS, Scenario};
use serde_json::json;

use super::scenario::find;
use crate::exit::Failure;
use crate::global::Global;
use crate::screen::{self, Side};

/// List the shipped scenarios
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let read = |name: &'static str| Ok((name, find(name)?));
    let all: Vec<(&str, Scenario)> =
        SCENARIOS.iter().map(|shipped| read(shipped.name)).collect::<Result<_, Failure>>()?;
    let one = |(name, scenario): &(&str, Scenario)| {
        json!({
            "name": name,
            "about": scenario.about,
            "epochs": scenario.epochs,
            "rule": scenario.plugins.rule,
            "scheme": scenario.plugins.scheme,
            "miners": scenario.miners.iter().map(|group| &group.name).collect::<Vec<_>>(),
        })
    };
    global.emit(&json!({ "scenarios": all.iter().map(one).collect::<Vec<_>>() }), || {
        let rows = all.iter().map(|(name, scenario)| vec![(*name).to_owned(), scenario.about.clone()]);
        screen::table(&[("scenario", Side::Left), ("what it shows", Side::Left)], rows)
    })
}
