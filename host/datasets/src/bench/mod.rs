//! What collecting, comparing and keeping take, each beside what it could take at best: `plimsoll bench datasets`.
//!
//! The hub is a process of its own, so that the memory reported is the collector's alone; all share this machine's
//! cores. Requests are counted by the hub, not by the client.
//!
//! - [`Practice`]: a subnet of the real one's shape, its ledger and what the hub holds.
//! - [`measure`]: all of [`Figures`]. [`serve_hub`]: what the other process does.
//! - [`measure_year`]: days of a subnet in an archive, [`YearFigures`].

mod chance;
mod clock;
mod collecting;
mod comparing;
mod error;
mod figures;
mod hub;
mod practice;
mod rows;
mod year;

pub use error::BenchError;
pub use figures::{Figures, Request, measure};
pub use hub::{HubSpec, serve_hub};
pub use practice::{NETUID, Practice, practice_key};
pub use year::{Change, YearFigures, YearRequest, measure_year};
