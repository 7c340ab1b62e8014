//! `plimsoll completions`.

use clap_complete::Shell;
use serde_json::json;

use crate::cli::Cli;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;

/// Print the completions of a shell
///
/// For bash: plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::whole(), "plimsoll", &mut script);
    let script = String::from_utf8(script).or_fail(Exit::Error, || "the script is no text".into())?;
    let outcome = json!({ "shell": args.shell.to_string(), "script": script });
    global.emit(&outcome, || script.trim_end().to_owned())
}
