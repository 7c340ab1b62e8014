//! Many files at a time.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::client::{Fetch, Outcome, Wanted};
use crate::Error;

impl Fetch {
    /// Fetches all of `wanted`, as many at a time as there are jobs. The outcomes stand in the order asked, whichever
    /// came first; `told` hears of each when it is there. Only the own disk's failure ends a run: parts stay for the
    /// next one.
    pub async fn all(
        self: &Arc<Self>,
        wanted: Vec<Wanted>,
        told: impl Fn(usize, &Outcome),
    ) -> Result<Vec<Outcome>, Error> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; wanted.len()];
        let mut running = JoinSet::new();
        for (n, wanted) in wanted.into_iter().enumerate() {
            let fetch = self.clone();
            running.spawn(async move { (n, fetch.file(&wanted).await) });
        }
        while let Some(ended) = running.join_next().await {
            let (n, outcome) = match ended {
                Ok(ended) => ended,
                Err(ended) => match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => continue,
                },
            };
            let outcome = outcome?;
            told(n, &outcome);
            if let Some(slot) = outcomes.get_mut(n) {
                *slot = Some(outcome);
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }
}
