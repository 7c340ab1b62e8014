//! What a branch or tag points to: one request of the API.

use std::time::Instant;

use hyper::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::budget::Bucket;
use super::client::Fetch;
use super::names::{Commit, Namespace};
use super::pace::jittered;
use super::refusal::Refusal;

impl Fetch {
    /// The commit that `revision` points to now.
    pub async fn resolve(&self, repository: &Namespace, revision: &str) -> Result<Commit, Refusal> {
        let url = self.endpoint.revision(repository, revision);
        let (answer, _) = self.json(&url).await?;
        let field = "sha";
        let sha = answer.get(field).and_then(Value::as_str).ok_or(Refusal::ApiUnreadable { field })?;
        Commit::parse(sha).map_err(|_| Refusal::ApiUnreadable { field })
    }

    /// An answer of the API, asked for again where that may help.
    pub(super) async fn json(&self, url: &Url) -> Result<(Value, HeaderMap), Refusal> {
        let until = Instant::now() + self.caps.whole;
        let mut tries = 0u32;
        loop {
            let refusal = match self.json_once(url, until).await {
                Err(refusal) if refusal.may_pass() => refusal,
                ended => return ended,
            };
            tries += 1;
            if tries >= self.caps.tries || Instant::now() >= until {
                return Err(refusal);
            }
            if !matches!(refusal, Refusal::StillLimited { .. }) {
                tokio::time::sleep(jittered(self.caps.pause.saturating_mul(1 << tries.min(6)))).await;
            }
        }
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
            let piece = match tokio::time::timeout(self.caps.stall, response.chunk()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => break,
                Ok(Err(_)) => return Err(Refusal::CutShort { have, expected: have + 1 }),
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
