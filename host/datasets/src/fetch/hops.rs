//! One request with its redirects, up to the head of the answer that matters.

use std::time::Instant;

use hyper::Method;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use url::Url;

use super::budget::{Bucket, Turn};
use super::client::Fetch;
use super::network::{self, Answer};
use super::redirect;
use super::refusal::Refusal;
use super::witness::Witness;

/// The rest of a file that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) from: u64,
    pub(super) validator: String,
}

/// An answer whose head is read.
pub(super) struct Opened<'f> {
    pub(super) response: Answer,
    pub(super) witness: Witness,
    /// Whether the configured host gave it.
    pub(super) at_home: bool,
    /// Counts the request as under way until its body is read.
    pub(super) _turn: Turn<'f>,
}

impl Fetch {
    /// Asks for `first`, follows redirects, and hands out the first answer that is none.
    ///
    /// The token goes to the configured host only, and to nobody any more once a redirect has left it.
    pub(super) async fn open(
        &self,
        first: Url,
        bucket: Bucket,
        rest: Option<&Rest>,
        until: Instant,
    ) -> Result<Opened<'_>, Refusal> {
        let mut url = first;
        let mut seen: Vec<Url> = Vec::new();
        let mut witness = Witness::default();
        let mut at_home = true;
        loop {
            at_home = at_home && self.endpoint.is_home(&url);
            let bucket = if at_home { bucket } else { Bucket::Elsewhere };
            let (response, turn) = self.ask(&url, Method::GET, bucket, at_home, rest, until).await?;
            let status = response.status();
            if at_home {
                witness.hear(response.headers());
            }
            if !redirect::is_redirect(status) {
                return Ok(Opened { response, witness, at_home, _turn: turn });
            }
            let next = redirect::next(&url, status, response.headers(), &self.endpoint, self.token.as_ref())?;
            seen.push(url);
            if seen.contains(&next) {
                return Err(Refusal::RedirectLoop);
            }
            if seen.len() > self.caps.redirects as usize {
                return Err(Refusal::TooManyRedirects { most: self.caps.redirects });
            }
            url = next;
        }
    }

    /// One request and the head of its answer.
    pub(super) async fn ask(
        &self,
        url: &Url,
        method: Method,
        bucket: Bucket,
        at_home: bool,
        rest: Option<&Rest>,
        until: Instant,
    ) -> Result<(Answer, Turn<'_>), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(rest) = rest {
            headers.insert(
                RANGE,
                HeaderValue::from_str(&format!("bytes={}-", rest.from)).map_err(|_| Refusal::RangeUntold)?,
            );
            headers
                .insert(IF_RANGE, HeaderValue::from_str(&rest.validator).map_err(|_| Refusal::RangeUntold)?);
        }
        if let Some(value) = self.token.as_ref().filter(|_| at_home).and_then(super::Token::header) {
            headers.insert(AUTHORIZATION, value);
        }
        let turn = self.budget.turn(bucket, until).await?;
        let silence = self.caps.silence.min(until.saturating_duration_since(Instant::now()));
        let asked = network::ask(&self.http, method, url, headers, &self.caps);
        let response = match tokio::time::timeout(silence, asked).await {
            Ok(answered) => answered?,
            Err(_) => return Err(Refusal::Silent { seconds: silence.as_secs() }),
        };
        let status = response.status();
        let told_to_wait = status == 503 && response.headers().contains_key(hyper::header::RETRY_AFTER);
        turn.heard(response.headers(), status == 429 || told_to_wait, self.clock.now());
        self.check_head(response.headers())?;
        Ok((response, turn))
    }

    fn check_head(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if headers.len() > self.caps.headers {
            return Err(Refusal::TooManyHeaders { cap: self.caps.headers });
        }
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > self.caps.header_bytes {
            return Err(Refusal::HeadersTooLarge { cap: self.caps.header_bytes });
        }
        Ok(())
    }

    /// What a status other than success means.
    pub(super) fn refused(&self, opened: &Opened<'_>) -> Refusal {
        let status = opened.response.status();
        let header = |name: &str| opened.response.headers().get(name).and_then(|value| value.to_str().ok());
        let code = header("x-error-code").unwrap_or_default();
        let message = header("x-error-message").unwrap_or_default().to_ascii_lowercase();
        let sent = self.token.is_some();
        match (status, code) {
            (429, _) => Refusal::StillLimited { tries: self.caps.tries },
            (408 | 500..=599, _) => Refusal::Unavailable { status },
            (400..=499, _) if !opened.at_home => Refusal::LinkRefused { status },
            (401, "GatedRepo") => Refusal::Gated,
            (401, _) if sent && message.contains("invalid credentials") => Refusal::TokenRefused,
            (401, _) if sent => Refusal::NoRepository,
            (401, _) => Refusal::AbsentOrPrivate,
            (403, "GatedRepo") => Refusal::GatedNotAccepted,
            (403, _) if message.contains("disabled") => Refusal::Disabled,
            (403, _) => Refusal::Forbidden,
            (404, "RepoNotFound") => Refusal::NoRepository,
            (404, "RevisionNotFound") => Refusal::NoRevision,
            (404, "EntryNotFound") => Refusal::NoFile,
            (404, _) => Refusal::NotFound,
            _ => Refusal::OddStatus { status },
        }
    }
}
