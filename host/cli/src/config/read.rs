//! From TOML to values with their places. Every error of a file is reported, not only the first.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::keys::{self, Key};
use super::kind::Kind;
use super::problem::{Code, Problem};
use super::source::{Origin, Place, Source};
use super::suggest;

/// A value as one layer gives it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// In its one form: sizes are bytes.
    pub(crate) value: Value,
    /// As it was written.
    pub(crate) written: Value,
    /// Where; nowhere for a default.
    pub(crate) place: Option<Place>,
    /// For a table of parameters: where each of its values stands, by JSON pointer.
    pub(crate) inside: BTreeMap<String, Range<usize>>,
}

/// What one source sets.
pub(crate) type Layer = BTreeMap<&'static str, Found>;

/// Reads a file. A key with an error is left out of the layer.
pub(crate) fn file(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Layer {
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader { source, layer: Layer::new(), problems: Vec::new() };
    for error in errors {
        reader.syntax(error.message(), error.span());
    }
    for (name, value) in root.get_ref() {
        reader.top(name, value);
    }
    reader.problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.span.start));
    problems.append(&mut reader.problems);
    reader.layer
}

/// Checks one value against its key.
pub(crate) fn value(key: &'static Key, written: Value, place: Option<Place>) -> Result<Found, Problem> {
    match key.kind.check(&written) {
        Ok(value) => Ok(Found { value, written, place, inside: BTreeMap::new() }),
        Err(complaint) => {
            let message = format!("`{}` is {}, expected {}", key.path, complaint.found, key.kind.expected());
            let problem = Problem::new(complaint.code, message).about(key.path).help(complaint.help);
            Err(match &place {
                Some(place) => problem.at(place),
                None => problem,
            })
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    layer: Layer,
    problems: Vec<Problem>,
}

type Name<'i> = Spanned<std::borrow::Cow<'i, str>>;

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn syntax(&mut self, message: &str, span: Option<Range<usize>>) {
        let problem = Problem::new(Code::Syntax, message.to_lowercase());
        let place = span.map(|span| self.place(visible(&self.source.text, span)));
        self.problems.push(match place {
            Some(place) => problem.at(&place),
            None => problem,
        });
    }

    fn top(&mut self, name: &Name<'_>, value: &Spanned<DeValue<'_>>) {
        let is_section = keys::is_section(name.get_ref());
        match (is_section, value.get_ref()) {
            (true, DeValue::Table(section)) => {
                for (key, value) in section {
                    self.key(name.get_ref(), key, value);
                }
            }
            (true, _) => {
                let message = format!("`{0}` is no table, expected a section: write [{0}]", name.get_ref());
                let problem = Problem::new(Code::WrongType, message).at(&self.place(value.span()));
                self.problems.push(problem);
            }
            (false, _) => self.key("", name, value),
        }
    }

    fn key(&mut self, section: &str, name: &Name<'_>, value: &Spanned<DeValue<'_>>) {
        let path = if section.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{section}.{}", name.get_ref())
        };
        let allowed = |path: &str| {
            self.source.origin != Origin::Subnet || keys::find(path).is_some_and(|key| key.agreed)
        };
        let Some(key) = keys::find(&path).filter(|key| allowed(key.path)) else {
            let help = match keys::find(&path) {
                Some(_) => Some("this is the operator's own: it belongs in plimsoll.toml".into()),
                None => suggest::for_key(section, name.get_ref(), allowed),
            };
            let message = format!("`{path}` is no key of {}", self.source.name);
            let problem = Problem::new(Code::UnknownKey, message).about(&path).help(help);
            self.problems.push(problem.at(&self.place(name.span())));
            return;
        };
        let mut inside = BTreeMap::new();
        let Some(written) = self.json(&path, "", value, &mut inside) else { return };
        match self::value(key, written, Some(self.place(value.span()))) {
            Ok(mut found) => {
                if key.kind == Kind::Params {
                    found.inside = inside;
                }
                self.layer.insert(key.path, found);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    fn json(
        &mut self,
        path: &str,
        pointer: &str,
        value: &Spanned<DeValue<'_>>,
        inside: &mut BTreeMap<String, Range<usize>>,
    ) -> Option<Value> {
        inside.insert(pointer.into(), value.span());
        let converted = match value.get_ref() {
            DeValue::String(text) => Some(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
            DeValue::Integer(integer) => whole(integer).map(Value::Number),
            DeValue::Float(float) => {
                float.as_str().parse().ok().and_then(Number::from_f64).map(Value::Number)
            }
            DeValue::Datetime(_) => None,
            DeValue::Array(items) => {
                let all = items.iter().enumerate();
                let all = all.map(|(i, item)| self.json(path, &format!("{pointer}/{i}"), item, inside));
                return all.collect::<Option<Vec<_>>>().map(Value::Array);
            }
            DeValue::Table(table) => {
                let mut map = Map::new();
                for (name, item) in table {
                    let pointer =
                        format!("{pointer}/{}", name.get_ref().replace('~', "~0").replace('/', "~1"));
                    map.insert(name.get_ref().to_string(), self.json(path, &pointer, item, inside)?);
                }
                return Some(Value::Object(map));
            }
        };
        if converted.is_none() {
            let message = format!("`{path}` holds a value that no plugin and no setting takes");
            let help = "dates, infinities and numbers beyond 64 bits are not used; write a text".to_owned();
            let problem = Problem::new(Code::WrongType, message).about(path).help(help);
            self.problems.push(problem.at(&self.place(value.span())));
        }
        converted
    }
}

/// An empty span at the end of a line is shown under the line's last character.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let rest = text.get(span.start..).unwrap_or_default();
    let last = text.get(..span.start).and_then(|before| before.char_indices().next_back());
    match last {
        Some((at, c))
            if span.is_empty() && c != '\n' && (rest.is_empty() || rest.starts_with(['\r', '\n'])) =>
        {
            at..span.start
        }
        _ => span,
    }
}

fn whole(integer: &DeInteger<'_>) -> Option<Number> {
    let (digits, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(digits, radix).ok().map(Number::from);
    signed.or_else(|| u64::from_str_radix(digits, radix).ok().map(Number::from))
}
