//! `plimsoll init`: a commented configuration file to begin from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use serde_json::json;

use crate::config;
use crate::exit::{Exit, Failure};
use crate::global::{CONFIG_FILE, Global};

/// Write a commented plimsoll.toml in which every line shows its default
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or the folder to write plimsoll.toml in
    #[arg(default_value = CONFIG_FILE)]
    path: PathBuf,

    /// Overwrite a file that is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let path = if args.path.is_dir() { args.path.join(CONFIG_FILE) } else { args.path.clone() };
    let shown = path.display().to_string();
    let text = config::template();
    let mut options = OpenOptions::new();
    options.write(true);
    match args.force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(Exit::Error, format!("{shown} is there already"))
            .hint("give another path, or --force to overwrite it"),
        ErrorKind::NotFound => {
            Failure::new(Exit::Error, format!("cannot write {shown}: its folder is missing"))
                .hint("make the folder first")
        }
        _ => Failure::new(Exit::Error, format!("cannot write {shown}: {error}")),
    })?;
    global.emit(&json!({ "path": shown, "bytes": text.len() }), || {
        let named = if shown == CONFIG_FILE { String::new() } else { format!(" --config {shown}") };
        format!("wrote {shown}\nedit it, then run: plimsoll{named} config check")
    })
}
