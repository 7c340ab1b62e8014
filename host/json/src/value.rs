//! A line looked at: enough to check a schema, nothing copied.

use std::borrow::Cow;

use crate::order::{self, CodePoints};
use crate::tape::{Kind, Node, Tape};
use crate::write;

/// A line that was read, [`crate::Parser::parse`].
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) tape: &'a Tape,
}

/// One value of a line.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Truth(bool),
    /// A number as Python prints it: `1`, `1.0`, `NaN`, `-Infinity`.
    Number(&'a [u8]),
    /// A string.
    Text(Text<'a>),
    /// A list.
    List(List<'a>),
    /// An object.
    Object(Object<'a>),
}

/// A string.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    canonical: &'a [u8],
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    of: Document<'a>,
    first: u32,
    end: u32,
}

/// An object: its members by name, of doubled names the last.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    of: Document<'a>,
    node: Node,
}

/// A string holds half of a surrogate pair: Python keeps it, UTF-8 has no bytes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the string holds the lone surrogate U+{0:04X}, which no UTF-8 text can")]
pub struct LoneSurrogate(pub u32);

impl<'a> Document<'a> {
    /// The line's value.
    pub fn value(&self) -> Value<'a> {
        self.at(0)
    }

    /// Writes `json.dumps(..., sort_keys=True)` of the line behind what `out` holds.
    pub fn canonical_into(&self, out: &mut Vec<u8>) {
        write::write(self.tape, self.line, out);
    }

    fn at(self, number: u32) -> Value<'a> {
        let node = self.tape.node(number);
        match node.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Truth(true),
            Kind::False => Value::Truth(false),
            Kind::Number => Value::Number(self.tape.text(self.line, node)),
            Kind::Text | Kind::Name => Value::Text(self.text(node)),
            Kind::List => Value::List(List { of: self, first: number + 1, end: node.next }),
            Kind::Object => Value::Object(Object { of: self, node }),
        }
    }

    fn text(self, node: Node) -> Text<'a> {
        Text { canonical: self.tape.inner(self.line, node) }
    }

    /// Every string of the line that is a value, in the line's order.
    pub fn texts(&self) -> impl Iterator<Item = Text<'a>> + use<'a> {
        let document = *self;
        let texts = document.tape.nodes.iter().filter(|node| node.kind == Kind::Text);
        texts.map(move |node| document.text(*node))
    }
}

impl<'a> Value<'a> {
    /// The string, if it is one.
    pub fn text(self) -> Option<Text<'a>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The list, if it is one.
    pub fn list(self) -> Option<List<'a>> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The object, if it is one.
    pub fn object(self) -> Option<Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

impl<'a> Text<'a> {
    /// What it says as Python prints it, ASCII with escapes, without quotes.
    pub fn escaped(self) -> &'a [u8] {
        self.canonical
    }

    /// Its code points, lone surrogates as they are.
    pub fn code_points(self) -> impl Iterator<Item = u32> + use<'a> {
        CodePoints(self.canonical)
    }

    /// What it says.
    ///
    /// # Errors
    /// [`LoneSurrogate`].
    pub fn decode(self) -> Result<Cow<'a, str>, LoneSurrogate> {
        if !self.canonical.contains(&b'\\') {
            return Ok(String::from_utf8_lossy(self.canonical));
        }
        let char_of = |point| char::from_u32(point).ok_or(LoneSurrogate(point));
        self.code_points().map(char_of).collect::<Result<String, _>>().map(Cow::Owned)
    }

    /// Whether it says `text`.
    pub fn is(self, text: &str) -> bool {
        self.code_points().eq(text.chars().map(u32::from))
    }

    /// Whether it says nothing.
    pub fn is_empty(self) -> bool {
        self.canonical.is_empty()
    }
}

impl<'a> List<'a> {
    /// Its items.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let within = move |number: &u32| *number < self.end;
        let first = Some(self.first).filter(within);
        let numbers =
            std::iter::successors(first, move |number| Some(self.of.tape.node(*number).next).filter(within));
        numbers.map(move |number| self.of.at(number))
    }

    /// Whether it has no items.
    pub fn is_empty(self) -> bool {
        self.first == self.end
    }
}

impl<'a> Object<'a> {
    /// Its members, sorted by name.
    pub fn iter(self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> + use<'a> {
        let Self { of, node } = self;
        let names = of.tape.names(node).iter();
        names.map(move |number| (of.text(of.tape.node(*number)), of.at(number + 1)))
    }

    /// The member of this name.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let Self { of, node } = self;
        let names = of.tape.names(node);
        let said = |number: &u32| CodePoints(of.text(of.tape.node(*number)).canonical);
        let wanted = || name.chars().map(u32::from);
        let place = names.binary_search_by(|number| said(number).cmp(wanted())).ok()?;
        Some(of.at(names[place] + 1))
    }

    /// How many members it has.
    pub fn n_members(self) -> usize {
        self.of.tape.names(self.node).len()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        order::compare(self.canonical, other.canonical)
    }
}
