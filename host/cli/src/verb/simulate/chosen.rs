//! What is simulated: flags of every form of the verb, and the cells that they mean.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use plimsoll_lab::LabError;
use plimsoll_lab::simulate::{Scenario, SchemeFigures, scheme_name};
use plimsoll_lab::sweep::{Axes, Cell, Keep, Named, Setting};
use plimsoll_plugin::Host;

use super::scenario::find;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;

/// What is simulated.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is simulated")]
pub(crate) struct Chosen {
    /// A shipped scenario (`plimsoll simulate scenarios` lists them) or a file of one's own
    #[arg(long, global = true, value_name = "NAME|FILE", default_value = "free-riders")]
    pub(super) scenario: String,

    /// Incentive rules, instead of the scenario's: shipped ones by name, others by their .wasm file
    #[arg(long, global = true, value_name = "LIST")]
    rule: Vec<String>,

    /// Proof schemes, instead of the scenario's
    #[arg(long, global = true, value_name = "LIST")]
    scheme: Vec<String>,

    /// What every group that cheats does instead: honest, freeloader, regenerator, outsourcer, sybil, on-demand,
    /// selective, flaky, growing, each with parameters as in a scenario file, such as freeloader={keep=0.3}
    #[arg(long, global = true, value_name = "LIST")]
    strategy: Vec<String>,

    /// Epochs, instead of the scenario's
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    epochs: Option<u64>,

    /// The first seed
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=1 << 62))]
    pub(super) seed: u64,

    /// What schemes were measured to do, from `plimsoll compare --json`, instead of the shipped figures
    #[arg(long, global = true, value_name = "FILE")]
    figures: Option<PathBuf>,

    /// Where finished runs are kept, so that none is made twice [default: ~/.plimsoll/simulate.redb]
    #[arg(long, global = true, value_name = "FILE")]
    keep: Option<PathBuf>,

    /// Keep no runs, and take none that were kept
    #[arg(long, global = true, conflicts_with = "keep")]
    no_keep: bool,
}

/// What was chosen, found and read.
pub(super) struct Found {
    pub(super) scenario: Scenario,
    pub(super) cells: Vec<Cell>,
    pub(super) host: Host,
}

impl Chosen {
    /// The cells of all combinations, and a host that can run them on so many threads; without a number, on all cores.
    ///
    /// # Errors
    /// [`Exit::Usage`] for flags that mean nothing, [`Exit::Config`] for a scenario that cannot be.
    pub(super) fn found(&self, global: &Global, threads: Option<NonZeroUsize>) -> Result<Found, Failure> {
        let scenario = find(&self.scenario)?;
        let (settings, rest) = divided(&scenario, &global.set)?;
        let config = Global { set: rest, ..global.clone() }.config(&[])?;
        let table = self.figures.as_ref().map(|file| {
            std::fs::read_to_string(file)
                .or_fail(Exit::NotInitialised, || format!("cannot read {}", file.display()))
        });
        let table = table.transpose()?;
        let host = config.simulating_host(threads)?;
        let figures = |scheme: &str, params: &serde_json::Value| match &table {
            Some(table) => {
                let name = scheme_name(&host, scheme, params)?;
                Ok(SchemeFigures::from_compare(table, &name, Some(params))?)
            }
            // Of a file there are none, even where it has the name of a shipped scheme.
            None => Ok(SchemeFigures::shipped(scheme.strip_prefix("builtin:").unwrap_or(scheme), params)?),
        };
        let axes = Axes {
            rules: lists(&self.rule)?,
            schemes: lists(&self.scheme)?,
            strategies: lists(&self.strategy)?,
            settings,
            epochs: self.epochs,
        };
        let cells = axes.cells(&scenario, &figures)?;
        Ok(Found { scenario, cells, host })
    }

    /// The same where only one combination makes sense.
    pub(super) fn one(&self, global: &Global, verb: &str) -> Result<(Cell, Host), Failure> {
        let Found { mut cells, host, .. } = self.found(global, None)?;
        match (cells.pop(), cells.len()) {
            (Some(cell), 0) => Ok((cell, host)),
            (_, others) => {
                let message =
                    format!("`simulate {verb}` is about one run, and these flags mean {}", others + 1);
                Err(Failure::new(Exit::Usage, message).hint("give each flag one value"))
            }
        }
    }

    /// The same, but no file is made where there is none.
    ///
    /// # Errors
    /// As [`Chosen::kept`].
    pub(super) fn kept_before(&self, global: &Global) -> Result<Option<Keep>, Failure> {
        match self.kept_in().is_some_and(|path| path.exists()) {
            true => self.kept(global),
            false => Ok(None),
        }
    }

    fn kept_in(&self) -> Option<PathBuf> {
        let usual = || std::env::home_dir().map(|home| home.join(".plimsoll").join("simulate.redb"));
        self.keep.clone().or_else(usual).filter(|_| !self.no_keep)
    }

    /// The file of finished runs. One that was not named and is in use is gone without.
    ///
    /// # Errors
    /// A file that is damaged, or a named one that is in use.
    pub(super) fn kept(&self, global: &Global) -> Result<Option<Keep>, Failure> {
        let Some(path) = self.kept_in() else { return Ok(None) };
        match Keep::open(&path) {
            Err(LabError::KeptInUse { path }) if self.keep.is_none() => {
                global.remark(&format!("another process uses {}: this one keeps no runs", path.display()));
                Ok(None)
            }
            opened => Ok(Some(opened.map_err(|error| {
                Failure::from(error).hint("--keep FILE names another file, --no-keep goes without one")
            })?)),
        }
    }
}

/// Which of `--set` are the scenario's. Those of the configuration are left to it, and what is neither is the
/// scenario's to complain of.
fn divided(scenario: &Scenario, all: &[String]) -> Result<(Vec<Setting>, Vec<String>), Failure> {
    let (mut settings, mut rest) = (Vec::new(), Vec::new());
    for text in all {
        let setting = Setting::read(text)?;
        let is_configuration = crate::config::KEYS.iter().any(|key| key.path == setting.key);
        if is_configuration && !setting.is_of(scenario) {
            rest.push(text.clone());
        } else {
            settings.push(setting);
        }
    }
    Ok((settings, rest))
}

fn lists(texts: &[String]) -> Result<Vec<Named>, Failure> {
    let mut all = Vec::new();
    for text in texts {
        all.extend(Named::list(text)?);
    }
    Ok(all)
}
