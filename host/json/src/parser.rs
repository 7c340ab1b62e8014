//! One line of JSON onto the tape, with the open lists and objects on a stack of our own.

use crate::error::{Found, JsonError};
use crate::order;
use crate::tape::{Kind, Node, Place, Tape};
use crate::value::Document;
use crate::{RowId, number, text};

/// How many lists and objects may stand in one another: what CPython 3.11 reads from a script's top level. A
/// validator deep in calls of its own reads a little less.
pub const MAX_NESTING: usize = 990;

/// How many digits Python converts to an integer.
pub const MAX_INTEGER_DIGITS: usize = 4_300;

/// The longest line that is read. Python has no such limit; a row is a thousand bytes.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// How many values and names a line may have, 16 bytes of memory each; a row has a few dozen. Python has no such limit.
pub const MAX_VALUES: usize = 1 << 20;

/// How long a line may become that is written in ASCII, where a byte can become six.
pub const MAX_TEXT_BYTES: usize = 32 << 20;

/// Reads lines, one after the other, with the same memory.
#[derive(Debug, Default)]
pub struct Parser {
    tape: Tape,
    open: Vec<Open>,
    /// Names of all open objects, innermost last, as node numbers.
    names: Vec<u32>,
    /// The last row's canonical text.
    printed: Vec<u8>,
}

/// A list or object that is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    node: u32,
    is_object: bool,
    /// Where its names begin among all.
    names_from: usize,
}

impl Parser {
    /// A parser without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one line, blanks of JSON around it allowed.
    ///
    /// # Errors
    /// [`JsonError`], when Python would refuse the line or one of our limits is passed.
    pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Result<Document<'a>, JsonError> {
        self.read(line)?;
        Ok(Document { line, tape: &self.tape })
    }

    /// A row's identity: the fingerprint of what [`Document::canonical_into`] writes.
    ///
    /// # Errors
    /// As [`Parser::parse`].
    pub fn row_id(&mut self, line: &[u8]) -> Result<RowId, JsonError> {
        self.read(line)?;
        self.printed.clear();
        Document { line, tape: &self.tape }.canonical_into(&mut self.printed);
        Ok(RowId::of(&self.printed))
    }

    fn read(&mut self, line: &[u8]) -> Result<(), JsonError> {
        if line.len() > MAX_LINE_BYTES {
            return Err(JsonError::TooLong { n_bytes: line.len(), limit_bytes: MAX_LINE_BYTES });
        }
        // No byte becomes more than six: shorter lines need not be looked through.
        if line.len() > MAX_TEXT_BYTES / 6 && text::most_bytes(line) > MAX_TEXT_BYTES {
            let n_bytes = text::most_bytes(line);
            return Err(JsonError::TooMuchText { n_bytes, limit_bytes: MAX_TEXT_BYTES });
        }
        self.tape.clear();
        self.open.clear();
        self.names.clear();
        let mut at = blanks(line, 0);
        loop {
            at = self.value(line, at)?;
            match self.behind_value(line, at)? {
                Some(next_value) => at = next_value,
                None => return Ok(()),
            }
        }
    }

    /// Reads what begins at `at`: a scalar, an empty list or object, or the way down to the first scalar. Gives the
    /// place behind it.
    fn value(&mut self, line: &[u8], mut at: usize) -> Result<usize, JsonError> {
        loop {
            match line.get(at).copied() {
                Some(b'[') => {
                    self.open(at, false)?;
                    at = blanks(line, at + 1);
                    if line.get(at) == Some(&b']') {
                        return Ok(at);
                    }
                }
                Some(b'{') => {
                    self.open(at, true)?;
                    at = blanks(line, at + 1);
                    if line.get(at) == Some(&b'}') {
                        return Ok(at);
                    }
                    at = self.name(line, at, "a name in quotes or `}`")?;
                }
                _ => return self.scalar(line, at),
            }
        }
    }

    fn open(&mut self, at: usize, is_object: bool) -> Result<(), JsonError> {
        if self.open.len() == MAX_NESTING {
            return Err(JsonError::TooDeep { at, limit: MAX_NESTING });
        }
        self.has_room(at)?;
        let node = self.tape.nodes.len() as u32;
        self.open.push(Open { node, is_object, names_from: self.names.len() });
        let kind = if is_object { Kind::Object } else { Kind::List };
        self.tape.nodes.push(Node { kind, place: Place::Line, start: 0, end: 0, next: 0 });
        Ok(())
    }

    /// Closes what can be closed at `at` and gives the place of the next value, none at the line's end.
    fn behind_value(&mut self, line: &[u8], mut at: usize) -> Result<Option<usize>, JsonError> {
        loop {
            at = blanks(line, at);
            let unexpected = |expected| JsonError::Unexpected { at, expected, found: Found::at(line, at) };
            let Some(open) = self.open.last().copied() else {
                return if at == line.len() { Ok(None) } else { Err(unexpected("the end")) };
            };
            match (line.get(at), open.is_object) {
                (Some(b','), true) => {
                    at = blanks(line, at + 1);
                    return self.name(line, at, "a name in quotes").map(Some);
                }
                (Some(b','), false) => return Ok(Some(blanks(line, at + 1))),
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.close(line, open);
                    at += 1;
                }
                (_, true) => return Err(unexpected("`,` or `}`")),
                (_, false) => return Err(unexpected("`,` or `]`")),
            }
        }
    }

    fn close(&mut self, line: &[u8], open: Open) {
        self.open.pop();
        let (mut start, mut end) = (0, 0);
        if open.is_object {
            start = self.tape.sorted.len();
            self.sort_names(line, open.names_from);
            end = self.tape.sorted.len();
        }
        let next = self.tape.nodes.len() as u32;
        let node = &mut self.tape.nodes[open.node as usize];
        (node.start, node.end, node.next) = (start as u32, end as u32, next);
    }

    /// Moves the innermost object's names onto the tape: sorted, of equal ones the last.
    fn sort_names(&mut self, line: &[u8], from: usize) {
        let tape = &mut self.tape;
        let names = &mut self.names[from..];
        let inner = |number: &u32| tape.inner(line, tape.node(*number));
        let ordered = |left: &u32, right: &u32| order::compare(inner(left), inner(right));
        if !names.is_sorted_by(|left, right| ordered(left, right).is_lt()) {
            names.sort_by(ordered);
        }
        let mut kept = Vec::with_capacity(0);
        let doubled = |at: usize| at + 1 < names.len() && inner(&names[at]) == inner(&names[at + 1]);
        if (0..names.len()).any(doubled) {
            kept.extend((0..names.len()).filter(|at| !doubled(*at)).map(|at| names[at]));
        }
        tape.sorted.extend_from_slice(if kept.is_empty() { names } else { &kept });
        self.names.truncate(from);
    }

    /// Reads a member's name at `at` and the colon; gives the place of its value.
    fn name(&mut self, line: &[u8], at: usize, expected: &'static str) -> Result<usize, JsonError> {
        if line.get(at) != Some(&b'"') {
            return Err(JsonError::Unexpected { at, expected, found: Found::at(line, at) });
        }
        self.has_room(at)?;
        let (node, at) = text::read(line, at, &mut self.tape.made)?;
        self.names.push(self.tape.nodes.len() as u32);
        self.push(Node { kind: Kind::Name, ..node });
        let at = blanks(line, at);
        if line.get(at) != Some(&b':') {
            return Err(JsonError::Unexpected { at, expected: "`:`", found: Found::at(line, at) });
        }
        Ok(blanks(line, at + 1))
    }

    fn scalar(&mut self, line: &[u8], at: usize) -> Result<usize, JsonError> {
        self.has_room(at)?;
        let word = |word: &[u8], kind| {
            let behind = at + word.len();
            let node = Node { kind, ..number::node(Place::Line, at, behind) };
            line[at..].starts_with(word).then_some((node, behind))
        };
        let read = match line.get(at) {
            Some(b'"') => Some(text::read(line, at, &mut self.tape.made)?),
            Some(b't') => word(b"true", Kind::True),
            Some(b'f') => word(b"false", Kind::False),
            Some(b'n') => word(b"null", Kind::Null),
            Some(b'N') => word(b"NaN", Kind::Number),
            Some(b'I') => word(b"Infinity", Kind::Number),
            Some(b'-') if line.get(at + 1) == Some(&b'I') => word(b"-Infinity", Kind::Number),
            Some(b'-' | b'0'..=b'9') => Some(number::read(line, at, &mut self.tape.made)?),
            _ => None,
        };
        let found = Found::at(line, at);
        let (node, behind) = read.ok_or(JsonError::Unexpected { at, expected: "a value", found })?;
        self.push(node);
        Ok(behind)
    }

    /// Whether one more value or name is taken.
    fn has_room(&self, at: usize) -> Result<(), JsonError> {
        let is_full = self.tape.nodes.len() >= MAX_VALUES;
        if is_full { Err(JsonError::TooManyValues { at, limit: MAX_VALUES }) } else { Ok(()) }
    }

    fn push(&mut self, node: Node) {
        let next = self.tape.nodes.len() as u32 + 1;
        self.tape.nodes.push(Node { next, ..node });
    }
}

/// The place behind JSON's blanks.
fn blanks(line: &[u8], at: usize) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + line[at..].iter().take_while(blank).count()
}

/// A line's canonical text.
///
/// # Errors
/// As [`Parser::parse`].
pub fn canonical(line: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(line.len());
    canonical_into(line, &mut out).map(|()| out)
}

/// Writes a line's canonical text behind what `out` holds. For many lines keep a [`Parser`].
///
/// # Errors
/// As [`Parser::parse`]; `out` is then as it was.
pub fn canonical_into(line: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    Parser::new().parse(line).map(|document| document.canonical_into(out))
}
