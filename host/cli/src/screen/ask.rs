//! Questions. Only a terminal is asked, and never with `--json`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::exit::{Exit, Failure};
use crate::global::Global;

/// Goes on only if the user says so; `yes` (a `--yes` flag) answers beforehand. `question` ends without `?`.
///
/// # Errors
/// [`Exit::Usage`] where nobody can be asked, [`Exit::Error`] where the answer is no.
pub(crate) fn confirm(global: &Global, yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if global.json || !std::io::stdin().is_terminal() {
        let asker =
            if global.json { "with --json nothing is asked" } else { "standard input is no terminal" };
        let message = format!("{question}: this needs a yes, but {asker}");
        return Err(Failure::new(Exit::Usage, message).hint("add --yes if this is what you want"));
    }
    let _ = write!(std::io::stderr().lock(), "{question}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(Exit::Error, format!("cannot read the answer: {error}")))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Exit::Error, "nothing was done: the answer was no")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn with_json_nobody_is_asked_and_yes_answers_beforehand() {
        let global = Cli::try_parse_from(["plimsoll", "--json", "config", "show"]).unwrap().global;
        let refused = confirm(&global, false, "throw everything away").unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert_eq!(
            refused.message,
            "throw everything away: this needs a yes, but with --json nothing is asked"
        );
        assert_eq!(refused.hint.as_deref(), Some("add --yes if this is what you want"));
        assert!(confirm(&global, true, "throw everything away").is_ok());
    }
}
