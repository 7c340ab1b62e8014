//! What miners committed to, read by the plugin that knows their subnet's form.
//!
//! A commitment may be anything, also a key that somebody meant for another program. What the plugin decodes is shown;
//! of all else only the length and the first eight bytes of the BLAKE3 digest are ever shown or stored: see
//! [`Redacted`]. What is decoded and looks like a key is taken for malformed before anybody asks for it, and the name of a
//! branch or tag is shown the same way: it may be a secret that fits the grammar. No type of this module prints a raw commitment, not even its debug form.

mod answers;
mod committed;
mod file;
mod plugin;
mod redacted;

pub use committed::{Committed, Form};
pub use file::{CheckedFile, FILE_ROWS, FileRow};
pub use plugin::{Found, Outcome, Source, Survey};
pub use redacted::Redacted;
