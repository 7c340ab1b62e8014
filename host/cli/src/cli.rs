//! The command line: global flags and a verb.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use crate::exit::{Exit, Failure};
use crate::global::{self, Global};
use crate::verb::Verb;
use crate::{logs, screen};

/// Fills disk space, proves what is held, and pays for what was proven.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// Parses, runs, prints a failure, and says how it ended.
    pub(crate) async fn main(line: impl IntoIterator<Item = OsString>) -> ExitCode {
        let line: Vec<OsString> = line.into_iter().collect();
        let cli = match Self::try_parse_from(&line) {
            Ok(cli) => cli,
            Err(error) => return refuse(&error, line.iter().any(|word| word == "--json")),
        };
        let started = logs::start(&cli.global, cli.verb.quiet_level());
        let ended = match started {
            Ok(()) => cli.verb.run(&cli.global).await,
            Err(failure) => Err(failure),
        };
        match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => report(&failure, cli.global.json),
        }
    }

    /// The whole command, for completions and man pages.
    pub(crate) fn whole() -> clap::Command {
        Self::command()
    }
}

fn report(failure: &Failure, json: bool) -> ExitCode {
    if !failure.is_reported() {
        match json {
            true => screen::print(&global::failure_json(failure).to_string()),
            false => screen::complain(failure),
        }
    }
    failure.exit.into()
}

/// Help and version are no errors; a wrong line is one, and clap words it well.
fn refuse(error: &clap::Error, json: bool) -> ExitCode {
    if !error.use_stderr() {
        screen::print(error.render().to_string().trim_end());
        return ExitCode::SUCCESS;
    }
    if !json {
        // Nothing can be done about a standard error that is closed.
        let _ = error.print();
        return Exit::Usage.into();
    }
    let text = error.render().to_string();
    let (message, hint) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let failure = Failure::new(Exit::Usage, message.trim_start_matches("error: "));
    let hint = hint.split_whitespace().collect::<Vec<_>>().join(" ");
    report(&if hint.is_empty() { failure } else { failure.hint(hint) }, true)
}
