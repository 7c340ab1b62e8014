//! Where a value stands: a file, the environment, the command line.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde::Serialize;

/// Which layer a value comes from. Later ones win; what a subnet agreed on stands above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    /// Built in.
    Default,
    /// `plimsoll.toml`.
    File,
    /// A `PLIMSOLL_` variable.
    Environment,
    /// A flag.
    Flag,
    /// `subnet.toml`.
    Subnet,
}

/// A text that values were read from.
#[derive(Debug)]
pub(crate) struct Source {
    /// Which layer it is.
    pub(crate) origin: Origin,
    /// The file's name as the user gave it, or `environment` or `command line`.
    pub(crate) name: String,
    /// What it says. For a variable or a flag: as one would write it in a shell.
    pub(crate) text: String,
    /// What relative paths in it are relative to; empty for the working folder.
    pub(crate) folder: PathBuf,
}

/// A place in a source.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The source.
    pub(crate) source: Arc<Source>,
    /// Bytes of its text.
    pub(crate) span: Range<usize>,
}

impl Source {
    /// The text of a file.
    pub(crate) fn file(origin: Origin, path: &Path, text: String) -> Self {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { origin, name: path.display().to_string(), text, folder }
    }
}

/// A message shows the whole line that a value stands on, and no other. Without context lines the exact place
/// is asked for: its line and column stand in the message's head.
impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let (Some(before), Some(after)) = (self.text.get(..start), self.text.get(end..)) else {
            return Err(MietteError::OutOfBounds);
        };
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = after.find('\n').map_or(self.text.len(), |at| end + at);
        let column = self.text.get(line_start..start).unwrap_or_default().chars().count();
        let (shown, column) = if context == 0 { (start..end, column) } else { (line_start..line_end, 0) };
        let bytes = self.text.as_bytes().get(shown.clone()).ok_or(MietteError::OutOfBounds)?;
        let line = before.matches('\n').count();
        let shown = SourceSpan::from((shown.start, shown.len()));
        let lines = line + bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), bytes, shown, line, column, lines)))
    }
}

impl Place {
    /// A value given as `before` + `value` in the environment or on the command line.
    pub(crate) fn typed(origin: Origin, before: &str, value: &str) -> Self {
        let name = if origin == Origin::Environment { "environment" } else { "command line" };
        let text = format!("{before}{value}");
        let span = before.len()..text.len();
        Self { source: Arc::new(Source { origin, name: name.into(), text, folder: PathBuf::new() }), span }
    }

    /// Line and column of its beginning, both from 1, the column in characters.
    pub(crate) fn line_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }

    /// For people: `plimsoll.toml:3:1`, `PLIMSOLL_CHAIN_NETUID`, `--netuid`.
    pub(crate) fn label(&self) -> String {
        match self.source.origin {
            Origin::Environment | Origin::Flag => {
                let before = self.source.text.get(..self.span.start).unwrap_or_default();
                before.trim_end_matches(['=', ' ']).to_owned()
            }
            _ => {
                let (line, column) = self.line_column();
                format!("{}:{line}:{column}", self.source.name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_from_one_and_in_characters() {
        let text = "a = 1\nü = \"ä\" # x\n".to_owned();
        let source = Arc::new(Source::file(Origin::File, Path::new("conf/p.toml"), text));
        assert_eq!(source.folder, Path::new("conf"));
        let at = |start| Place { source: Arc::clone(&source), span: start..start + 1 }.line_column();
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 5));
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(11), (2, 5));
    }

    #[test]
    fn a_flag_is_named_as_it_was_typed() {
        let place = Place::typed(Origin::Flag, "--set chain.netuid=", "x");
        assert_eq!(place.label(), "--set chain.netuid");
        assert_eq!(place.source.text, "--set chain.netuid=x");
        assert_eq!(
            Place::typed(Origin::Environment, "PLIMSOLL_CHAIN_NETUID=", "x").label(),
            "PLIMSOLL_CHAIN_NETUID"
        );
    }
}
