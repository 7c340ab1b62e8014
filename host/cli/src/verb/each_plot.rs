//! Work on one plot after the other, where one that cannot be worked on hides nothing of the others.

use std::path::PathBuf;

use plimsoll_store::partition::Partition;
use serde::Serialize;

use super::generate::plot_of;
use crate::exit::{Exit, Failure};

/// What became of all plots.
pub(super) struct Outcomes<T> {
    /// Of those that could be worked on, in order.
    pub(super) plots: Vec<T>,
    /// Those that could not.
    pub(super) failed: Vec<Failed>,
    worst: Option<Exit>,
}

/// A plot that could not be worked on.
#[derive(Debug, Serialize)]
pub(super) struct Failed {
    path: PathBuf,
    error: String,
    hint: Option<String>,
}

/// Does `work` with every plot. A wish to stop ends it at once.
pub(super) fn each_plot<T>(
    partitions: &[Partition],
    mut work: impl FnMut(&std::path::Path) -> Result<T, Failure>,
) -> Result<Outcomes<T>, Failure> {
    let mut outcomes = Outcomes { plots: Vec::new(), failed: Vec::new(), worst: None };
    for partition in partitions {
        let path = plot_of(partition);
        let result = if path.exists() { work(&path) } else { Err(missing()) };
        match result {
            Ok(plot) => outcomes.plots.push(plot),
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => {
                outcomes.worst.get_or_insert(failure.exit);
                outcomes.failed.push(Failed { path, error: failure.message, hint: failure.hint });
            }
        }
    }
    Ok(outcomes)
}

fn missing() -> Failure {
    Failure::new(Exit::NotInitialised, "the plot is not there")
        .hint("`plimsoll generate` fills it; if it was there, look after the disk first")
}

impl<T> Outcomes<T> {
    /// A line or two for each plot that failed.
    pub(super) fn failures(&self) -> impl Iterator<Item = String> {
        self.failed.iter().map(|Failed { path, error, hint }| {
            let hint = hint.as_ref().map_or_else(String::new, |hint| format!("\n      {hint}"));
            format!("FAILED  {}: {error}{hint}", path.display())
        })
    }

    /// How the verb ends: damage first, then the first failure.
    pub(super) fn end(&self, is_clean: impl Fn(&T) -> bool) -> Result<(), Failure> {
        if self.plots.iter().all(is_clean) {
            return self.worst.map_or(Ok(()), |exit| Err(Failure::reported(exit)));
        }
        Err(Failure::reported(Exit::CorruptPlot))
    }
}
