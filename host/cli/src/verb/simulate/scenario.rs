//! From a scenario's name to the scenario, or to the line that is wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_lab::simulate::{SCENARIOS, Scenario, ScenarioError};

use crate::config::{Code, Origin, Place, Problem, Source, nearest};
use crate::exit::{Exit, Failure, OrFail as _};

/// What may stand where a scenario's name does.
const VERBS: [&str; 3] = ["scenarios", "explain", "replay"];

/// A shipped scenario by its name, another by its file.
///
/// # Errors
/// [`Exit::NotInitialised`] where there is none, [`Exit::Config`] where it cannot be read, with its line.
pub(super) fn find(reference: &str) -> Result<Scenario, Failure> {
    if let Some(shipped) = SCENARIOS.iter().find(|shipped| shipped.name == reference) {
        return read(&format!("{}.toml", shipped.name), shipped.toml);
    }
    let path = Path::new(reference);
    if !path.exists() {
        let names: Vec<&str> = SCENARIOS.iter().map(|shipped| shipped.name).collect();
        let message = format!("there is no scenario `{reference}`, neither shipped nor as a file");
        let hint = match nearest(reference, names.iter().copied().chain(VERBS)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the shipped ones are {}", names.join(", ")),
        };
        return Err(Failure::new(Exit::NotInitialised, message).hint(hint));
    }
    let text = std::fs::read_to_string(path).or_fail(Exit::Config, || format!("cannot read {reference}"))?;
    read(reference, &text)
}

fn read(name: &str, text: &str) -> Result<Scenario, Failure> {
    Scenario::read(name, text).map_err(|error| Failure {
        exit: Exit::Config,
        message: "the scenario has 1 error".into(),
        hint: None,
        problems: vec![problem(&error, text)],
    })
}

/// The error as those of the configuration are shown.
fn problem(error: &ScenarioError, text: &str) -> Problem {
    let ScenarioError { file, line, column, what } = error;
    let code = if what.starts_with("unknown field") { Code::UnknownKey } else { Code::BadValue };
    let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = &text[line_start.min(text.len())..];
    let start = line_start + rest.char_indices().nth(column - 1).map_or(0, |(at, _)| at);
    let source =
        Source { origin: Origin::File, name: file.clone(), text: text.into(), folder: PathBuf::new() };
    let place = Place { span: start..start + word(&text[start..]), source: Arc::new(source) };
    Problem::new(code, what.clone()).at(&place)
}

/// How much of the line is underlined: the word, the quoted text or the table that begins there.
fn word(rest: &str) -> usize {
    let line = rest.lines().next().unwrap_or_default();
    let end = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map(|at| at + 2),
        Some('{') => line.rfind('}').map(|at| at + 1),
        Some('[') => line.rfind(']').map(|at| at + 1),
        _ => line.find(|letter: char| letter.is_whitespace() || ",=]}".contains(letter)),
    };
    end.unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "about = \"ä\"\n[plugins]\nrule = \"a\"\nscheme = \"b\"\n[[validators]]\nname = \"v\"\ncuont = 2\n";

    #[test]
    fn the_place_of_an_error_is_its_word() {
        let problem = |text: &str| {
            let error = Scenario::read("s.toml", text).unwrap_err();
            let problem = problem(&error, text);
            let place = problem.place.unwrap();
            (place.line_column(), text[place.span].to_owned(), problem.code)
        };
        assert_eq!(problem(TEXT), ((7, 1), "cuont".into(), Code::UnknownKey));
        let no_count = TEXT.replace("cuont = 2", "stake_tao = 0\n[[miners]]\nname = \"m\"\nbytes = 1");
        assert_eq!(problem(&no_count), ((7, 13), "0".into(), Code::BadValue));
        assert_eq!(problem("about = 5 5\n").0.0, 1);
    }

    #[test]
    fn words_end_where_values_do() {
        for (text, expected) in
            [("\"a b\" # x", 5), ("{ a = 1 } # x", 9), ("1.5, 2", 3), ("name", 4), ("", 0)]
        {
            assert_eq!(word(text), expected, "{text}");
        }
    }
}
