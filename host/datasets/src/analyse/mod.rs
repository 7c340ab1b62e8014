//! What a dataset is made of: rows, turns, lengths, scripts, an estimate of tokens, what is repeated or empty.
//!
//! Counted natively from the rows' own JSON, without the competition's plugin: a row that is no conversation still has
//! bytes, characters and scripts. Everything is exact but the number of tokens. In reading order:
//!
//! - [`Spread`]: numbers counted, with their percentiles;
//! - [`Script`], [`Text`]: what texts are written in;
//! - [`RowShape`]: one row;
//! - [`Analysis`]: one dataset, or several joined.
//!
//! What is deliberately absent: the language of a text. Telling one from another is a guess, a script is none.

mod spread;

mod script;
mod text;

mod row;

mod analysis;

pub use analysis::{Analysis, LongestRow};
pub use row::{Role, RowShape};
pub use script::Script;
pub use spread::Spread;
pub use text::Text;
