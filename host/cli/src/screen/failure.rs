//! Failures for people: configuration errors with their line and a caret, everything else as `error: ...`.

use std::io::IsTerminal as _;

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::stream::{colour, note};
use crate::config::Problem;
use crate::exit::Failure;

/// Says on standard error what failed and what to do.
pub(crate) fn complain(failure: &Failure) {
    if !failure.problems.is_empty() {
        note(&problems(&failure.problems));
    }
    let coloured = std::io::stderr().is_terminal() && colour();
    let (red, cyan, plain) = if coloured { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    note(&format!("{red}error{plain}: {}", failure.message));
    if let Some(hint) = &failure.hint {
        note(&format!(" {cyan}help{plain}: {hint}"));
    }
}

/// Every problem with its line and caret.
pub(crate) fn problems(problems: &[Problem]) -> String {
    let theme = match std::io::stderr().is_terminal() && colour() {
        true => GraphicalTheme::unicode(),
        false => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_context_lines(1)
        .with_links(false)
        .without_syntax_highlighting();
    let mut out = String::new();
    for problem in problems {
        // Writing into a string cannot fail; what a faulty span leaves out, the message still says.
        if handler.render_report(&mut out, problem).is_err() {
            out.push_str(&problem.message);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}
