//! The one subscriber. Logs go to standard error, around progress bars, as text or as JSON lines.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `quiet` is the level without `-v`, `--log` and `PLIMSOLL_LOG`.
///
/// # Errors
/// [`Exit::Usage`] where the filter cannot be read.
pub(crate) fn start(global: &Global, quiet: &str) -> Result<(), Failure> {
    let by_count = match global.verbose {
        0 => quiet,
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let wanted = global.log.as_deref().filter(|text| !text.is_empty()).unwrap_or(by_count);
    let filter = EnvFilter::builder().parse(wanted).map_err(|error| {
        let message = format!("the log filter `{wanted}` cannot be read: {error}");
        Failure::new(Exit::Usage, message)
            .hint("write a level (error, warn, info, debug, trace) or warn,plimsoll_wire=debug")
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(screen::LogWriter::default);
    let colour = std::io::stderr().is_terminal() && screen::colour();
    // A second start can only come from a test that runs two verbs in one process; the first one stands.
    let _ = match global.log_format {
        LogFormat::Human => lines.with_ansi(colour).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}
