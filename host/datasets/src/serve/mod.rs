//! The archive as web pages for whoever sits at the machine.
//!
//! Pages are whole without JavaScript and load nothing but their own style sheet, icon and picture; a header forbids
//! the browser anything else. Rows are strangers' texts and may hold personal data: the server listens on loopback
//! unless it is told otherwise in so many words, answers only to the machine's own names and those that it was given,
//! and tells browsers to keep nothing. Every page begins at once: what takes longer than looking up follows in the same answer. In reading
//! order:
//!
//! - [`ServeOptions`], [`Visitors`]: what is served, and to whom;
//! - [`Site`]: the open archive, its manifests in memory, and what was compared;
//! - [`bind`], [`serve`]: the server.
//!
//! What is deliberately absent: anything that changes the archive, raw bytes of commitments, scripts.

mod compared;
mod options;
mod shelf;
mod site;

mod asked;
mod door;
mod later;
mod names;
mod refusal;
mod server;
mod shell;
mod turns;

mod picture;
mod pretty;
mod text;

mod pages;

pub use options::{ServeError, ServeOptions, Visitors};
pub use server::{Listening, bind, serve};
pub use site::Site;
