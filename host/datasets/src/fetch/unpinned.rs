//! What a branch or tag points to: one request of the API.

use std::time::Instant;

use hyper::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::budget::Bucket;
use super::client::Fetch;
use super::names::{Commit, Namespace};
use super::refusal::Refusal;

impl Fetch {
    /// The commit that `revision` points to now. It counts as a job.
    pub async fn resolve(&self, repository: &Namespace, revision: &str) -> Result<Commit, Refusal> {
        let _asking = self.asking.acquire().await;
        let url = self.endpoint.revision(repository, revision);
        let (answer, _) = self.json(&url).await?;
        let field = "sha";
        let sha = answer.get(field).and_then(Value::as_str).ok_or(Refusal::ApiUnreadable { field })?;
        Commit::parse(sha).map_err(|_| Refusal::ApiUnreadable { field })
    }

    /// An answer of the API, asked for again where that may help.
    pub(super) async fn json(&self, url: &Url) -> Result<(Value, HeaderMap), Refusal> {
        let until = Instant::now() + self.caps.whole;
        self.again(until, || self.json_once(url, until)).await
    }

    async fn json_once(&self, url: &Url, until: Instant) -> Result<(Value, HeaderMap), Refusal> {
        let opened = self.open(url.clone(), Bucket::Api, None, until).await?;
        if opened.response.status() != 200 {
            return Err(self.refused(&opened));
        }
        let headers = opened.response.headers().clone();
        super::witness::check_plain(&headers, self.token.as_ref())?;
        let mut response = opened.response;
        let mut text = Vec::new();
        loop {
            let have = text.len() as u64;
            // An answer that comes byte by byte never stalls, and ends all the same.
            let left = until.saturating_duration_since(Instant::now());
            let piece = match tokio::time::timeout(self.caps.stall.min(left), response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => break,
                Ok(Err(_)) => return Err(Refusal::CutShort { have, expected: have + 1 }),
                Err(_) if left <= self.caps.stall => {
                    return Err(Refusal::OutOfTime { seconds: self.caps.whole.as_secs() });
                }
                Err(_) => return Err(Refusal::Stalled { seconds: self.caps.stall.as_secs(), have }),
            };
            if text.len() + piece.len() > self.caps.api_bytes {
                return Err(Refusal::ApiTooLarge { cap: self.caps.api_bytes });
            }
            text.extend_from_slice(&piece);
        }
        let answer =
            serde_json::from_slice(&text).map_err(|_| Refusal::ApiUnreadable { field: "the whole" })?;
        Ok((answer, headers))
    }
}
