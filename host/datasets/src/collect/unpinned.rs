//! Which commits branches and tags mean, asked once each.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::kinds::{kind_of, recorded};
use super::outcome::MinerOutcome;
use super::wanted::{File, State};
use crate::fetch::{Commit, Fetch, Refusal};

/// Asks for every file of `files` that is asked for and not resolved. Those that could not be are given back with the
/// reason.
pub(super) async fn resolve(files: &mut [File], fetch: &Arc<Fetch>) -> Vec<(usize, Refusal)> {
    let mut asking: JoinSet<(usize, Result<Commit, Refusal>)> = JoinSet::new();
    for (at, file) in files.iter().enumerate() {
        if file.is_asked && matches!(file.state, State::Unresolved) {
            let (fetch, namespace, revision) =
                (Arc::clone(fetch), file.namespace.clone(), file.revision.clone());
            asking.spawn(async move { (at, fetch.resolve(&namespace, &revision).await) });
        }
    }
    let mut refused = Vec::new();
    while let Some(answered) = asking.join_next().await {
        match answered {
            Ok((at, Ok(commit))) => {
                if let Some(file) = files.get_mut(at) {
                    file.state = State::Missing { commit };
                }
            }
            Ok((at, Err(refusal))) => refused.push((at, refusal)),
            Err(ended) => {
                if let Ok(panic) = ended.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
    refused
}

pub(super) fn outcome_of(refusal: &Refusal) -> MinerOutcome {
    let kind = kind_of(refusal);
    MinerOutcome::Not { recorded: (kind.clone(), recorded(refusal)), kind, text: refusal.to_string() }
}
