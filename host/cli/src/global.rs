//! What every verb is given: the global flags, the configuration, and the way to print.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{self, Config, Inputs, Layered, Problem};
use crate::exit::{Exit, Failure};
use crate::flags::Overrides;
use crate::logs::LogFormat;
use crate::screen;

/// The version of every JSON object that the command prints.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The file that is read where none is named.
pub(crate) const CONFIG_FILE: &str = "plimsoll.toml";

/// Flags that every verb takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Read this configuration file instead of ./plimsoll.toml
    #[arg(long, global = true, value_name = "FILE", env = "PLIMSOLL_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// Set one value of the configuration, such as --set space.threshold=0.5
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Print one JSON object on standard output and nothing else, and never ask
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// What to log, such as info or warn,plimsoll_wire=debug
    #[arg(long, global = true, value_name = "FILTER", env = "PLIMSOLL_LOG", hide_env_values = true)]
    pub(crate) log: Option<String>,

    /// How to log: human or json
    #[arg(long, global = true, value_name = "FORMAT", value_enum, hide_possible_values = true,
        default_value_t = LogFormat::Human)]
    pub(crate) log_format: LogFormat,

    /// Log more: -v info, -vv debug, -vvv trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// The configuration, or everything that is wrong with it.
    ///
    /// # Errors
    /// [`Exit::NotInitialised`] where the named file is missing, [`Exit::Config`], or [`Exit::Usage`] where
    /// only flags are at fault.
    pub(crate) fn config(&self, flags: &[&dyn Overrides]) -> Result<Config, Failure> {
        let (layered, problems) = self.layers(flags)?;
        if !problems.is_empty() {
            return Err(Failure::config(problems));
        }
        Config::from_layers(&layered).map_err(|error| Failure::of(Exit::Config, &error))
    }

    /// Whether a value was set by anybody: a file, a variable or a flag.
    ///
    /// # Errors
    /// As [`Global::layers`].
    pub(crate) fn is_set(&self, path: &str, flags: &[&dyn Overrides]) -> Result<bool, Failure> {
        let (layered, _) = self.layers(flags)?;
        Ok(layered.values.get(path).is_some_and(|found| found.place.is_some()))
    }

    /// Every value with its origin, and every problem.
    ///
    /// # Errors
    /// [`Exit::NotInitialised`] where the named file is missing, [`Exit::Usage`] for a `--set` without `=`.
    pub(crate) fn layers(&self, flags: &[&dyn Overrides]) -> Result<(Layered, Vec<Problem>), Failure> {
        let mut overrides: Vec<config::Override> = flags.iter().flat_map(|group| group.overrides()).collect();
        for assignment in &self.set {
            let Some((path, value)) = assignment.split_once('=') else {
                let message = format!("--set {assignment} has no `=`, expected KEY=VALUE");
                return Err(Failure::new(Exit::Usage, message).hint("write --set space.threshold=0.5"));
            };
            let before = format!("--set {path}=");
            overrides.push(config::Override { path: path.into(), before, value: value.into() });
        }
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        let ours = |(name, _): &(String, String)| name.starts_with("PLIMSOLL_");
        let mut variables: Vec<_> = std::env::vars_os().filter_map(utf8).filter(ours).collect();
        variables.sort();
        Ok(config::read(&Inputs { file: self.config_file()?, variables, overrides }))
    }

    /// The operator's file, if there is one.
    ///
    /// # Errors
    /// [`Exit::NotInitialised`] where one was named that does not exist.
    pub(crate) fn config_file(&self) -> Result<Option<PathBuf>, Failure> {
        match self.config.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            Some(path) if !path.exists() => {
                let message = format!("there is no configuration file {}", path.display());
                let hint = format!("`plimsoll init {}` writes one", path.display());
                Err(Failure::new(Exit::NotInitialised, message).hint(hint))
            }
            Some(path) => Ok(Some(path.clone())),
            None => Ok(Some(PathBuf::from(CONFIG_FILE)).filter(|path| Path::exists(path))),
        }
    }

    /// Prints what a verb has to say: `human` for people; with `--json` one object with `schema_version`.
    ///
    /// # Errors
    /// [`Exit::Error`] where `outcome` is no JSON object.
    pub(crate) fn emit(
        &self,
        outcome: &impl Serialize,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            screen::print(&human());
            return Ok(());
        }
        let value = serde_json::to_value(outcome).map_err(|error| Failure::of(Exit::Error, &error))?;
        screen::print(&versioned(value).to_string());
        Ok(())
    }

    /// A remark for people, on standard error; nothing with `--json`.
    pub(crate) fn remark(&self, text: &str) {
        if !self.json {
            screen::note(text);
        }
    }
}

/// `schema_version` in front of an outcome's own fields.
pub(crate) fn versioned(outcome: Value) -> Value {
    let mut all = serde_json::Map::new();
    all.insert("schema_version".into(), SCHEMA_VERSION.into());
    match outcome {
        Value::Object(fields) => all.extend(fields),
        other => drop(all.insert("value".into(), other)),
    }
    Value::Object(all)
}

/// What `--json` prints for a failure.
pub(crate) fn failure_json(failure: &Failure) -> Value {
    let mut error = json!({
        "code": failure.exit as u8,
        "kind": failure.exit.kind(),
        "message": failure.message,
        "hint": failure.hint,
    });
    if let (false, Some(fields)) = (failure.problems.is_empty(), error.as_object_mut()) {
        fields.insert("problems".into(), json!(failure.problems));
    }
    versioned(json!({ "error": error }))
}
