//! What chance alone does: the laws of sampling, and how sure a measured rate is.
//!
//! - [`pass_probability`]: how often a prover that lost units still passes;
//! - [`Remaking`], [`least_kept`]: how many it makes anew in time, and what it must keep therefore;
//! - [`Rate`]: a share that was counted, with its exact interval;
//! - [`uniformity`]: whether counts look as if every place was as likely as its size;
//! - [`mean`], [`bootstrap_mean_ci95`]: what several runs say together;
//! - [`gini`]: how unequal they share;
//! - [`median_wait`]: how long it took until something happened.

mod bootstrap;
mod gini;
mod interval;
mod remaking;
mod sampling;
mod uniform;
mod waiting;

pub use bootstrap::{bootstrap_mean_ci95, mean};
pub use gini::gini;
pub use interval::{CONFIDENCE, Rate};
pub use remaking::{Remaking, least_kept};
pub use sampling::{pass_probability, samples_to_detect};
pub use uniform::uniformity;
pub use waiting::{Wait, median_wait};
