//! A file read for one thing that it says, beside the configuration that is in force.

use std::path::Path;

use super::layers::{Inputs, read};
use super::problem::{Code, Problem};
use super::settings::Config;
use crate::exit::{Exit, Failure};

/// A `plimsoll.toml` or `subnet.toml` with an incentive rule: neither flags nor the environment change it.
///
/// # Errors
/// [`Exit::Config`] with everything that is wrong in it; that it names no rule is wrong too.
pub(crate) fn file_with_rule(path: &Path) -> Result<Config, Failure> {
    let (layered, mut problems) = read(&Inputs { file: Some(path.to_owned()), ..Inputs::default() });
    let says = |key: &str| layered.values.get(key).is_some_and(|found| found.place.is_some());
    if problems.is_empty() && !["incentive.rule", "incentive.params"].into_iter().any(says) {
        let message = format!("{} has no table [incentive], which names the shadow's rule", path.display());
        let help = "write `[incentive]` and `rule = \"builtin:NAME\"`".to_owned();
        problems.push(Problem::new(Code::BadValue, message).about("incentive.rule").help(help));
    }
    if !problems.is_empty() {
        return Err(Failure::config(problems));
    }
    Config::from_layers(&layered).map_err(|error| Failure::of(Exit::Config, &error))
}
