//! How a run ends: the table of exit codes, and the error that carries one.

use std::fmt;
use std::process::ExitCode;

use crate::config::Problem;

/// The table. Numbers are part of the command's interface: none is ever reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Any error without a number of its own.
    Error = 1,
    /// The command line.
    Usage = 2,
    /// The configuration.
    Config = 3,
    /// A file, plot or wallet that a verb needs was never made.
    NotInitialised = 10,
    /// Another process holds the plot.
    Locked = 11,
    /// A key that cannot be read or used.
    Wallet = 12,
    /// A plot whose bytes are wrong.
    CorruptPlot = 20,
    /// A disk that cannot be read or has no room.
    DiskMissing = 21,
    /// No answer from the chain.
    ChainUnreachable = 30,
    /// A plugin that the host refuses, or that breaks its promises.
    PluginRejected = 40,
    /// A proof scheme of which an attack refuted a claim.
    ClaimRefuted = 50,
    /// A proof scheme or a kernel of a table that could not be measured, or not to the end.
    NotMeasured = 51,
    /// Ctrl-C, as shells count it.
    Interrupted = 130,
}

impl Exit {
    /// Its name in JSON.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::NotInitialised => "not-initialised",
            Self::Locked => "locked",
            Self::Wallet => "wallet",
            Self::CorruptPlot => "corrupt-plot",
            Self::DiskMissing => "disk-missing",
            Self::ChainUnreachable => "chain-unreachable",
            Self::PluginRejected => "plugin-rejected",
            Self::ClaimRefuted => "claim-refuted",
            Self::NotMeasured => "not-measured",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb failed: what the user is told, and the code that a script reads.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) exit: Exit,
    /// What is wrong: lower case, no full stop. Empty when the verb has printed its own report.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// What is wrong in the configuration.
    pub(crate) problems: Vec<Problem>,
}

impl Failure {
    /// A failure with its message.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, problems: Vec::new() }
    }

    /// From a library's error: its own message, and what caused it.
    pub(crate) fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            let text = deeper.to_string();
            // Many errors already quote what caused them.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = deeper.source();
        }
        Self::new(exit, message)
    }

    /// Says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Everything wrong with a configuration. Where only the command line is at fault, it is a usage error.
    pub(crate) fn config(problems: Vec<Problem>) -> Self {
        let on_the_line = |problem: &Problem| {
            problem.place.as_ref().is_some_and(|place| place.source.origin == crate::config::Origin::Flag)
        };
        let exit = if problems.iter().all(on_the_line) { Exit::Usage } else { Exit::Config };
        let count = problems.len();
        let message = format!("the configuration has {count} error{}", if count == 1 { "" } else { "s" });
        Self { exit, message, hint: None, problems }
    }

    /// For a verb that has printed what it found and only has to end with a code.
    pub(crate) fn reported(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// Whether nothing is left to be said.
    pub(crate) fn is_reported(&self) -> bool {
        self.message.is_empty() && self.problems.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Names the failure of any result where it happens.
pub(crate) trait OrFail<T> {
    /// The error's own text behind `doing`, such as `cannot write x: permission denied`.
    fn or_fail(self, exit: Exit, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: std::error::Error> OrFail<T> for Result<T, E> {
    fn or_fail(self, exit: Exit, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| {
            let failure = Failure::of(exit, &error);
            Failure { message: format!("{}: {}", doing(), failure.message), ..failure }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_every_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("the plot is bad")]
        struct Plot(#[source] std::io::Error);
        let failure = Failure::of(Exit::CorruptPlot, &Plot(std::io::Error::other("short read")));
        assert_eq!(failure.message, "the plot is bad: short read");
        let quoted: Result<(), _> = Err(std::io::Error::other("short read"));
        let failure = quoted.or_fail(Exit::DiskMissing, || "cannot read x".into()).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.exit),
            ("cannot read x: short read", Exit::DiskMissing)
        );
    }
}
