//! Asks.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_core::{Hotkey, Identity, Keypair, NetUid};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, Response, redirect, retry};

use super::{Exchange, Outcome};
use crate::answer::SignedAnswer;
use crate::btauth::{RequestSigner, SignedRequest};
use crate::clock::{Clock, SystemClock};
use crate::error::WireError;
use crate::limits::{MAX_PROOF_BYTES, MAX_REFUSAL_BYTES, MAX_SET_BYTES};
use crate::messages::{
    AUDIT_PATH, AuditReply, AuditRequest, MessageError, REGISTRATION_PATH, Refusal, RegistrationRequest,
    RegistrationSet,
};
use crate::texts::legible;

/// Where a miner is, and who it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MinerAddress {
    /// Who must sign the answers.
    pub hotkey: Hotkey,
    /// Where it listens, as its axon on chain says.
    pub at: SocketAddr,
}

/// How a client waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientOptions {
    /// How long a connection may take to come about.
    pub connect_within: Duration,
    /// How long after a deadline an answer is still listened for, so that late is told from absent.
    pub grace: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { connect_within: Duration::from_secs(5), grace: Duration::from_secs(5) }
    }
}

/// One validator's client: signs every request with its hotkey. No TLS, no proxy whatever the environment
/// says, no redirects, no retries, one connection a request.
#[derive(Debug)]
pub struct MinerClient {
    http: Client,
    pub(super) signer: RequestSigner,
    pub(super) options: ClientOptions,
}

/// What came back before anyone looked at its meaning.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is nothing to look at.
pub(super) enum Nothing {
    Absent(String),
    Garbage(String),
}

impl MinerClient {
    /// A client that signs with `key`, on the machine's clock.
    ///
    /// # Errors
    /// [`WireError::Http`] where the system gives no client.
    pub fn new(key: Keypair, options: ClientOptions) -> Result<Self, WireError> {
        Self::with_clock(key, options, Arc::new(SystemClock::default()))
    }

    /// A client whose nonces come from `clock`. Deadlines are always measured in real time.
    ///
    /// # Errors
    /// [`WireError::Http`] where the system gives no client.
    pub fn with_clock(
        key: Keypair,
        options: ClientOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WireError> {
        let http = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .connect_timeout(options.connect_within)
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|e| WireError::Http(chain(&e)))?;
        Ok(Self { http, signer: RequestSigner::new(key, clock), options })
    }

    /// Who asks.
    #[must_use]
    pub fn hotkey(&self) -> Hotkey {
        self.signer.hotkey()
    }

    /// What `miner` keeps for this validator on `netuid`. The set makes sense in itself and names this subnet,
    /// this miner and this validator; compare its root with the chain.
    pub async fn registrations(
        &self,
        miner: &MinerAddress,
        netuid: NetUid,
        deadline: Duration,
    ) -> Exchange<RegistrationSet> {
        let body = RegistrationRequest { netuid }.to_bytes();
        let expected = Identity { netuid, owner: miner.hotkey, validator: self.hotkey() };
        let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
        let signed = self.signer.sign("POST", REGISTRATION_PATH, &body, miner.hotkey);
        self.exchange(miner, signed, body, deadline_ms, MAX_SET_BYTES, |status, body| {
            if status != 200 {
                return Err(format!("status {status} is no answer to a registration request"));
            }
            let set = RegistrationSet::from_bytes(&body).map_err(|e| e.to_string())?;
            set.check_identity(&expected).map_err(|e| e.to_string())?;
            Ok(set)
        })
        .await
    }

    /// Audits `miner`; the deadline is the request's own.
    ///
    /// # Errors
    /// [`MessageError::Field`] where the request may not be sent; nothing was.
    pub async fn audit(
        &self,
        miner: &MinerAddress,
        request: &AuditRequest,
    ) -> Result<Exchange<AuditReply>, MessageError> {
        let signed = self.sign_audit(miner, request)?;
        Ok(self.send_audit(miner, request, signed).await)
    }

    /// The first half of [`audit`](Self::audit): what would be sent, so that it can be noted before it is.
    ///
    /// # Errors
    /// [`MessageError::Field`] where the request may not be sent.
    pub fn sign_audit(
        &self,
        miner: &MinerAddress,
        request: &AuditRequest,
    ) -> Result<SignedRequest, MessageError> {
        request.check()?;
        Ok(self.signer.sign("POST", AUDIT_PATH, &request.to_bytes(), miner.hotkey))
    }

    /// The second half: sends `request` as `signed` signs it. The deadline runs from here.
    pub async fn send_audit(
        &self,
        miner: &MinerAddress,
        request: &AuditRequest,
        signed: SignedRequest,
    ) -> Exchange<AuditReply> {
        let (body, deadline_ms) = (request.to_bytes(), request.deadline_ms);
        let read = |status, body: Vec<u8>| match status {
            200 => Ok(AuditReply::Proof(body)),
            204 if body.is_empty() => Ok(AuditReply::NotEligible),
            _ => Err(format!("status {status} is no answer to an audit")),
        };
        self.exchange(miner, signed, body, deadline_ms, MAX_PROOF_BYTES, read).await
    }

    async fn exchange<T>(
        &self,
        miner: &MinerAddress,
        request: SignedRequest,
        body: Vec<u8>,
        deadline_ms: u32,
        most: usize,
        read: impl FnOnce(u16, Vec<u8>) -> Result<T, String>,
    ) -> Exchange<T> {
        let asking = self.asking("POST", miner, &request).header(CONTENT_TYPE, "application/json").body(body);
        let deadline = Duration::from_millis(deadline_ms.into());
        let sending = async { receive(asking.send().await?, most).await };
        let outcome = self.judge(&request, deadline, sending, read).await;
        Exchange { request, outcome }
    }

    /// A request with the headers of `signed`, still without a body.
    pub(super) fn asking(
        &self,
        method: &'static str,
        miner: &MinerAddress,
        signed: &SignedRequest,
    ) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let mut asking = self.http.request(method, format!("http://{}{}", miner.at, signed.target));
        for (name, value) in signed.headers() {
            asking = asking.header(name, value);
        }
        asking
    }

    /// Waits for `sending`, and says what became of it.
    pub(super) async fn judge<T>(
        &self,
        request: &SignedRequest,
        deadline: Duration,
        sending: impl Future<Output = Result<Raw, Nothing>>,
        read: impl FnOnce(u16, Vec<u8>) -> Result<T, String>,
    ) -> Outcome<T> {
        let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
        let patience = deadline.saturating_add(self.options.grace);
        let started = Instant::now();
        let raw = tokio::time::timeout(patience, sending).await;
        let elapsed_ms = elapsed_ms_since(started);
        match raw {
            Ok(Ok(raw)) => {
                let in_time = elapsed_ms <= deadline_ms;
                match SignedAnswer::verify(&raw.headers, request, raw.status, &raw.body) {
                    Err(why) => Outcome::Garbage { why: disowned(&raw, &why.to_string()) },
                    Ok(answer) if !in_time => Outcome::Late { elapsed_ms, answer },
                    Ok(answer) => judged(raw, answer, elapsed_ms, read),
                }
            }
            Ok(Err(Nothing::Absent(why))) => Outcome::Absent { why },
            Ok(Err(Nothing::Garbage(why))) => Outcome::Garbage { why },
            Err(_) => Outcome::Absent { why: format!("no whole answer after {} ms", patience.as_millis()) },
        }
    }
}

/// Milliseconds, rounded up.
pub(super) fn elapsed_ms_since(started: Instant) -> u32 {
    u32::try_from(started.elapsed().as_micros().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// What a signed answer in time means.
pub(super) fn judged<T>(
    raw: Raw,
    answer: SignedAnswer,
    elapsed_ms: u32,
    read: impl FnOnce(u16, Vec<u8>) -> Result<T, String>,
) -> Outcome<T> {
    let Raw { status, body, .. } = raw;
    if status >= 400 {
        // Strictly UTF-8: the evidence log keeps the body as text and must give back the signed bytes.
        let Ok(body) = String::from_utf8(body) else {
            return Outcome::Garbage { why: format!("a refusal with status {status} that is no text") };
        };
        let Some(why) = Refusal::sentence(body.as_bytes()) else {
            return Outcome::Garbage { why: format!("a refusal with status {status} that says nothing") };
        };
        return Outcome::Refused { status, why, body, elapsed_ms, answer };
    }
    match read(status, body) {
        Ok(content) => Outcome::Answered { content, elapsed_ms, answer },
        Err(why) => Outcome::Garbage { why },
    }
}

/// What to say of an answer that does not count: its status, and its words if it has any.
pub(super) fn disowned(raw: &Raw, why: &str) -> String {
    let words = Refusal::sentence(&raw.body).map_or(String::new(), |words| format!(": {words}"));
    format!("status {}: {why}{words}", raw.status)
}

pub(super) async fn receive(mut response: Response, most: usize) -> Result<Raw, Nothing> {
    let status = response.status().as_u16();
    let most = if status >= 400 { most.min(MAX_REFUSAL_BYTES) } else { most };
    let too_long = || Nothing::Garbage(format!("status {status}: the answer is longer than {most} bytes"));
    if response.content_length().is_some_and(|announced| announced > most as u64) {
        return Err(too_long());
    }
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > most {
            return Err(too_long());
        }
        body.extend_from_slice(&piece);
    }
    Ok(Raw { status, headers, body })
}

impl From<reqwest::Error> for Nothing {
    /// What is not HTTP is garbage; what does not come is absent.
    fn from(error: reqwest::Error) -> Self {
        let mut cause = error.source();
        while let Some(why) = cause {
            if why.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
                return Self::Garbage(format!("the answer is no HTTP: {}", chain(&error)));
            }
            cause = why.source();
        }
        Self::Absent(chain(&error))
    }
}

/// An error and its causes in one line, without the address.
fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(why) = cause {
        causes.push(why.to_string());
        cause = why.source();
    }
    if causes.is_empty() {
        causes.push(error.to_string());
    }
    legible(&causes.join(": "), 300)
}
