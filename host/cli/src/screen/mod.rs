//! All that reaches a terminal: results on standard output; remarks, progress, questions and failures on
//! standard error.

mod ask;
mod counting;
mod failure;
mod figures;
mod progress;
mod secret;
mod stream;
mod table;
mod unseen;

pub(crate) use ask::confirm;
pub(crate) use counting::CountBar;
pub(crate) use failure::complain;
#[cfg(test)]
pub(crate) use failure::problems;
pub(crate) use figures::{duration, rate};
pub(crate) use progress::Board;
pub(crate) use secret::{ask_secret, read_secret};
pub(crate) use stream::{LogWriter, Output, colour, note, print, raw};
pub(crate) use table::{Side, table};
pub(crate) use unseen::{is_unseen, visible};
