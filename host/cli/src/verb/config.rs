//! `plimsoll config check` and `config show`.

use plimsoll_chain::Endpoint;
use serde_json::{Value, json};

use crate::config::{self, Config, KEYS, Layered, Origin, Problem, Slot};
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, FolderFlags, Overrides, PluginFlags, SpaceFlags, WalletFlags, WorkFlags};
use crate::global::Global;
use crate::screen::{self, Side};

/// Check the configuration, or show where each value comes from
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Report every error of the configuration with line, column and what to do
    Check(Flags),
    /// Show every value and where it comes from: default, file, environment, flag or subnet
    Show(Flags),
}

/// Every flag that sets a value, so that a verb's line can be tried here first.
#[derive(Debug, clap::Args)]
struct Flags {
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    folder: FolderFlags,
    #[command(flatten)]
    space: SpaceFlags,
    #[command(flatten)]
    work: WorkFlags,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

impl Flags {
    fn groups(&self) -> [&dyn Overrides; 6] {
        [&self.wallet, &self.folder, &self.space, &self.work, &self.chain, &self.plugins]
    }
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    match &args.what {
        What::Check(flags) => check(flags, global),
        What::Show(flags) => show(flags, global),
    }
}

fn check(flags: &Flags, global: &Global) -> Result<(), Failure> {
    let file = global.config_file()?.map(|path| path.display().to_string());
    let (layered, mut problems) = global.layers(&flags.groups())?;
    if problems.is_empty() {
        let config = Config::from_layers(&layered).map_err(|error| Failure::of(Exit::Config, &error))?;
        let host = config.host()?;
        problems.extend(Slot::ALL.iter().flat_map(|slot| config::check_params(&host, config.choice(*slot))));
        let line = |problem: &Problem| {
            problem.place.as_ref().map(|place| (place.source.name.clone(), place.span.start))
        };
        problems.sort_by_key(line);
    }
    let report = json!({
        "ok": problems.is_empty(),
        "file": file,
        "subnet": agreement(&layered),
        "problems": problems,
    });
    if global.json {
        global.emit(&report, String::new)?;
    }
    match (problems.is_empty(), global.json) {
        (false, true) => Err(Failure::reported(Failure::config(problems).exit)),
        (false, false) => Err(Failure::config(problems)),
        (true, true) => Ok(()),
        (true, false) => global.emit(&report, || sound(file.as_deref(), &layered)),
    }
}

fn sound(file: Option<&str>, layered: &Layered) -> String {
    let mut text = match file {
        Some(file) => format!("{file} is sound"),
        None => "there is no plimsoll.toml here: every value is a default, and sound".into(),
    };
    if let Some(agreed) = &layered.agreed {
        text.push_str(&format!("\n{} is sound, its digest is {}", agreed.file, agreed.digest));
    }
    text
}

fn agreement(layered: &Layered) -> Value {
    layered
        .agreed
        .as_ref()
        .map_or(Value::Null, |agreed| json!({ "file": agreed.file, "digest": agreed.digest }))
}

fn show(flags: &Flags, global: &Global) -> Result<(), Failure> {
    let file = global.config_file()?.map(|path| path.display().to_string());
    let (layered, problems): (Layered, Vec<Problem>) = global.layers(&flags.groups())?;
    if !problems.is_empty() {
        return Err(Failure::config(problems));
    }
    let values: Vec<Value> = KEYS.iter().map(|key| one(key.path, &layered)).collect();
    let report = json!({ "file": file, "subnet": agreement(&layered), "values": values });
    global.emit(&report, || {
        let rows = KEYS.iter().map(|key| {
            let found = layered.values.get(key.path);
            let value = found.map_or_else(|| "-".into(), |found| shown(key.path, &found.written).to_string());
            vec![key.path.to_owned(), value, origin(key.path, &layered)]
        });
        let mut text =
            screen::table(&[("key", Side::Left), ("value", Side::Left), ("from", Side::Left)], rows);
        if let Some(agreed) = &layered.agreed {
            text.push_str(&format!("\n\n{} has the digest {}", agreed.file, agreed.digest));
        }
        text
    })
}

/// A value as it may be shown to others: what stands behind a node's port may be a key.
fn shown(path: &str, value: &Value) -> Value {
    let text = value.as_str().filter(|_| path == "chain.endpoint");
    match text.map(str::parse::<Endpoint>) {
        Some(Ok(nodes @ Endpoint::Bittensor(_))) => nodes.shown().into(),
        _ => value.clone(),
    }
}

fn one(path: &'static str, layered: &Layered) -> Value {
    let Some(found) = layered.values.get(path) else {
        return json!({ "key": path, "value": null, "origin": "default" });
    };
    let mut entry = json!({ "key": path, "value": shown(path, &found.value), "origin": found.origin() });
    if let (Some(place), Some(fields)) = (&found.place, entry.as_object_mut()) {
        let (line, column) = place.line_column();
        match found.origin() {
            Origin::File | Origin::Subnet => {
                fields.insert("file".into(), json!(place.source.name));
                fields.insert("line".into(), json!(line));
                fields.insert("column".into(), json!(column));
            }
            _ => drop(fields.insert("name".into(), json!(place.label()))),
        }
    }
    entry
}

fn origin(path: &'static str, layered: &Layered) -> String {
    let Some(found) = layered.values.get(path) else { return "unset".into() };
    match (&found.place, found.origin()) {
        (Some(place), Origin::Environment) => format!("environment {}", place.label()),
        (Some(place), Origin::Flag) => format!("flag {}", place.label()),
        (Some(place), _) => place.label(),
        (None, _) => "default".into(),
    }
}
