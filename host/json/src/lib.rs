//! JSON as Python's `json.dumps(json.loads(line), sort_keys=True)` prints it: the text that dataset rows are
//! compared by.
//!
//! Two rows are the same row when this text is the same, so it is made byte for byte: NaN and infinities, big
//! integers, shortest floats, lone surrogates, keys in the order of code points, the last of doubled keys. Nothing
//! here recurses: a line may nest [`MAX_NESTING`] levels on any stack, also inside a plugin. In reading order:
//!
//! - [`Parser`], [`Document`]: one line read, printed again, or looked at as a [`Value`];
//! - [`canonical`], [`canonical_into`]: the same in one call;
//! - [`quote`]: a text as such a string;
//! - [`RowId`]: the canonical text's fingerprint;
//! - [`lines`], [`rows`], [`identify`]: a file's rows, as the validators' own loader finds them.

mod error;
mod tape;

mod number;
mod order;
mod text;

mod parser;
mod value;
mod write;

mod id;
mod identify;
mod rows;

pub use error::{FileError, JsonError};
pub use id::RowId;
pub use identify::{Identified, IdentifiedRow, identify};
pub use parser::{
    MAX_INTEGER_DIGITS, MAX_LINE_BYTES, MAX_NESTING, MAX_TEXT_BYTES, MAX_VALUES, Parser, canonical,
    canonical_into,
};
pub use rows::{Lines, Row, lines, rows};
pub use text::quote;
pub use value::{Document, List, LoneSurrogate, Object, Text, Value};
