//! Who hears how a run goes.

use super::outcome::Told;
use super::plan::Plan;

/// Hears of a run while it goes. Called from any thread, briefly.
pub trait Listener: Send + Sync {
    /// The plan is made; fetching begins.
    fn planned(&self, plan: &Plan) {
        let _ = plan;
    }

    /// A file's fate is known: of all miners that named it.
    fn told(&self, told: &Told) {
        let _ = told;
    }

    /// So many files were committed to the archive at once.
    fn kept(&self, files: usize) {
        let _ = files;
    }
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Listener for Silent {}
