//! One thing that is wrong in a configuration, with its place.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, SourceCode};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::source::Place;

/// Which error; what the caret says, and with dashes what a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The file is no TOML here.
    Syntax,
    /// No such key.
    UnknownKey,
    /// Text where a number belongs, and so on.
    WrongType,
    /// A number too small or too large.
    OutOfRange,
    /// A text that does not mean what is needed.
    BadValue,
    /// Set differently from what the subnet agreed on.
    AgreedOtherwise,
    /// A plugin that a subnet agrees on without a pin.
    MissingPin,
    /// A plugin refuses its parameters, or its file is not what was pinned.
    BadPlugin,
    /// A file that cannot be read.
    Unreadable,
}

impl Code {
    const fn label(self) -> &'static str {
        match self {
            Self::Syntax => "not toml",
            Self::UnknownKey => "unknown key",
            Self::WrongType => "wrong type",
            Self::OutOfRange => "out of range",
            Self::BadValue => "bad value",
            Self::AgreedOtherwise => "agreed otherwise",
            Self::MissingPin => "missing pin",
            Self::BadPlugin => "bad plugin",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One problem.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Which error.
    pub(crate) code: Code,
    /// The key, where it is about one.
    pub(crate) key: Option<String>,
    /// What is wrong, and what was expected.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
    /// Where.
    pub(crate) place: Option<Place>,
}

impl Problem {
    /// A problem without a place yet.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, key: None, message: message.into(), help: None, place: None }
    }

    /// Says which key it is about.
    pub(crate) fn about(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Says what to do.
    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// Says where.
    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.place = Some(place.clone());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place.source.as_ref() as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::new(Some(self.code.label().into()), place.span.start, place.span.len());
        Some(Box::new(std::iter::once(label)))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("code", &self.code.label().replace(' ', "-"))?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("message", &self.message)?;
        map.serialize_entry("help", &self.help)?;
        let position = self.place.as_ref().map(|place| (place, place.line_column()));
        map.serialize_entry("origin", &position.as_ref().map(|(place, _)| place.source.origin))?;
        map.serialize_entry("file", &position.as_ref().map(|(place, _)| &place.source.name))?;
        map.serialize_entry("line", &position.as_ref().map(|(_, (line, _))| line))?;
        map.serialize_entry("column", &position.as_ref().map(|(_, (_, column))| column))?;
        map.end()
    }
}
