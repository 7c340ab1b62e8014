//! Bare requests, for measuring what is added to them.

use std::sync::Arc;

use hyper::header::HeaderMap;
use tokio::task::JoinSet;

use super::client::Fetch;
use super::names::{Commit, Namespace};
use super::network;
use super::refusal::Refusal;

impl Fetch {
    /// Asks for `data.jsonl` of each, as many at a time as there are jobs, and throws the bytes away: nothing is
    /// checked, counted, paced or kept. Gives the number of bytes.
    pub(crate) async fn bare(self: &Arc<Self>, files: Vec<(Namespace, Commit)>) -> Result<u64, Refusal> {
        let mut asking = JoinSet::new();
        for (repo, commit) in files {
            let fetch = Arc::clone(self);
            asking.spawn(async move { fetch.bare_one(&repo, &commit).await });
        }
        let mut bytes = 0;
        while let Some(ended) = asking.join_next().await {
            // None of them is ever cancelled, so it is a panic that is passed on.
            bytes += ended.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?;
        }
        Ok(bytes)
    }

    async fn bare_one(&self, repo: &Namespace, commit: &Commit) -> Result<u64, Refusal> {
        let _turn = self.asking.acquire().await;
        let url = self.endpoint.file(repo, commit, "data.jsonl");
        let mut answer =
            network::ask(&self.http, hyper::Method::GET, &url, HeaderMap::new(), &self.caps).await?;
        let status = answer.status();
        if status != 200 {
            return Err(Refusal::OddStatus { status });
        }
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await.map_err(|_| Refusal::ClosedEarly)? {
            bytes += chunk.len() as u64;
        }
        Ok(bytes)
    }
}
