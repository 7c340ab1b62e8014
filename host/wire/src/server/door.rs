//! What stands between a socket and the miner.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use axum::http::request::Parts;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use plimsoll_core::{Hotkey, Keypair};
use tokio::time::timeout;

use super::cargo::Streams;
use super::crowd::{Guest, Home};
use super::rate::Buckets;
use super::reply::{JSON, Reply, busy, refuse, response, signed, unauthenticated};
use super::turns::Turns;
use super::{MinerSide, ReplayKeeping, ServerOptions};
use crate::answer::SignedAnswer;
use crate::btauth::{AuthError, AuthHeaders, Nonce, ReplayStore, RequestVerifier, SignedRequest};
use crate::clock::Clock;
use crate::error::WireError;
use crate::messages::{Refusal, RefusalCode};

/// So many requests that their sender did not sign may come from one address in one go,
const UNTRUE_BURST: u32 = 64;
/// and one more after each of these.
const UNTRUE_REFILL: Duration = Duration::from_secs(1);

pub(super) struct Door {
    pub(super) verifier: RequestVerifier,
    buckets: Mutex<Buckets<Hotkey>>,
    /// What strangers claim to have signed, and others did or nobody.
    untrue: Mutex<Buckets<Home>>,
    turns: Turns,
    pub(super) streams: Streams,
    pub(super) side: Arc<dyn MinerSide>,
    pub(super) key: Keypair,
    pub(super) options: ServerOptions,
    clock: Arc<dyn Clock>,
}

impl Door {
    /// With the log of taken requests that `options` names.
    pub(super) fn open(
        side: Arc<dyn MinerSide>,
        key: Keypair,
        options: ServerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WireError> {
        let ReplayKeeping::Folder { path, missing } = &options.replay else {
            return Ok(Self::in_memory(side, key, options, clock));
        };
        let store = ReplayStore::kept_in(path, key.hotkey(), *missing, clock.unix_ns())?;
        let store = store.not_before(options.limits.nonce_floor_ns.unwrap_or(0));
        Ok(Self::with_store(side, key, options, clock, store))
    }

    /// Without.
    pub(super) fn in_memory(
        side: Arc<dyn MinerSide>,
        key: Keypair,
        options: ServerOptions,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let floor_ns = options.limits.nonce_floor_ns.unwrap_or_else(|| clock.unix_ns());
        Self::with_store(side, key, options, clock, ReplayStore::new(floor_ns))
    }

    fn with_store(
        side: Arc<dyn MinerSide>,
        key: Keypair,
        options: ServerOptions,
        clock: Arc<dyn Clock>,
        store: ReplayStore,
    ) -> Self {
        let limits = &options.limits;
        Self {
            verifier: RequestVerifier::new(key.hotkey(), store, Arc::clone(&clock)),
            buckets: Mutex::new(Buckets::new(limits.burst, limits.refill)),
            untrue: Mutex::new(Buckets::new(UNTRUE_BURST, UNTRUE_REFILL)),
            turns: Turns::new(limits.answers_at_once, limits.answers_at_once_per_caller),
            streams: Streams::new(limits.streams_at_once),
            side,
            key,
            options,
            clock,
        }
    }

    /// Steps 2 to 4: the request and its body, if its sender signed them.
    pub(super) async fn authenticate(&self, request: Request) -> Result<(SignedRequest, Bytes), Refusal> {
        let guest = Guest::of(&request);
        let (head, body) = request.into_parts();
        let headers = self.before_body(&head.headers)?;
        self.may_claim(guest.as_ref())?;
        let body = self.read(body).await?;
        let request = self
            .verifier
            .authenticate(&headers, head.method.as_str(), target(&head), &body)
            .map_err(|why| self.untrue(guest.as_ref(), &why))?;
        Ok((request, body))
    }

    /// Whether another signature is checked for who comes from there. Where somebody was served not long ago it always
    /// is: many may share an address, and one of them must not shut the others out.
    pub(super) fn may_claim(&self, guest: Option<&Guest>) -> Result<(), Refusal> {
        let Some(home) = guest.and_then(|guest| guest.home_of_stranger(Instant::now())) else {
            return Ok(());
        };
        let untrue = self.untrue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wait_ms) = untrue.wait(&home, self.clock.uptime_ns()) else { return Ok(()) };
        let why = format!(
            "too many requests from this address were not signed by who they say, or were sent twice: the next one in \
             {wait_ms} ms"
        );
        Err(Refusal::new(RefusalCode::TooMany, why))
    }

    /// Refuses what its sender did not sign, and counts it.
    pub(super) fn untrue(&self, guest: Option<&Guest>, why: &AuthError) -> Refusal {
        let home = guest.and_then(|guest| guest.home_of_stranger(Instant::now()));
        if let (Some(home), AuthError::BadSignature | AuthError::Replayed { .. }) = (home, why) {
            let mut untrue = self.untrue.lock().unwrap_or_else(PoisonError::into_inner);
            // One more than there are is refused before its signature is looked at.
            let _ = untrue.take(&home, self.clock.uptime_ns());
        }
        unauthenticated(why)
    }

    /// Step 2 for btauth: the head alone.
    pub(super) fn before_body(&self, head: &HeaderMap) -> Result<AuthHeaders, Refusal> {
        plain(head)?;
        let headers = self.verifier.before_body(head).map_err(|why| unauthenticated(&why))?;
        self.may_ask(&headers.sender)?;
        Ok(headers)
    }

    /// Whether the operator's lists and the metagraph let `caller` through, for what it claims to be: a signature is
    /// checked, and one given, only for who may ask.
    pub(super) fn may_ask(&self, caller: &Hotkey) -> Result<(), Refusal> {
        let why = if !self.options.callers.serve(caller) {
            format!("{caller} is not served here: the miner's operator says so")
        } else if !self.side.permits(caller) {
            format!("{caller} is no validator with a permit on this miner's metagraph")
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalCode::NotPermitted, why))
    }

    /// The body, never more than the cap in memory.
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let limits = &self.options.limits;
        let most = limits.request_bytes;
        let too_large =
            || Refusal::new(RefusalCode::TooLarge, format!("the body is longer than {most} bytes"));
        let announced = hyper::body::Body::size_hint(&body).lower();
        if announced > u64::try_from(most).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        match timeout(limits.body_within, Limited::new(body, most).collect()).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(why)) if why.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(unreadable()),
            Err(_) => Err(too_slow(limits.body_within)),
        }
    }

    /// Steps 5 to 7, and the signature. What has not had its turn by `deadline` is not begun any more: its
    /// answer would be late, and another's may still be in time.
    pub(super) async fn reply(
        &self,
        request: &SignedRequest,
        guest: Option<Guest>,
        deadline: Option<Duration>,
        reply: impl Future<Output = Reply>,
    ) -> Response {
        if let Err(refused) = self.pass(request, guest).await {
            return *refused;
        }
        let reply = self.in_turn(&request.sender, deadline, reply).await;
        self.signed(request, reply)
    }

    /// Steps 5 and 6; the response where one of them stops the request.
    pub(super) async fn pass(
        &self,
        request: &SignedRequest,
        guest: Option<Guest>,
    ) -> Result<(), Box<Response>> {
        let admitted = self.admit(&request.sender, request.nonce, guest).await;
        admitted.map_err(|refusal| Box::new(refuse(&refusal)))?;
        self.rate(&request.sender).map_err(|refusal| Box::new(self.signed(request, Err(refusal))))
    }

    /// Step 5; who came by it is known from here on.
    pub(super) async fn admit(
        &self,
        caller: &Hotkey,
        nonce: Nonce,
        guest: Option<Guest>,
    ) -> Result<(), Refusal> {
        let admitted = self.verifier.admit_aside(caller, nonce).await;
        admitted.map_err(|why| self.untrue(guest.as_ref(), &why))?;
        if let Some(guest) = guest {
            guest.was_served(Instant::now());
        }
        Ok(())
    }

    pub(super) fn rate(&self, caller: &Hotkey) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(caller, self.clock.uptime_ns()).map_err(|wait_ms| {
            Refusal::new(RefusalCode::TooMany, format!("too many requests: the next one in {wait_ms} ms"))
        })
    }

    /// Step 7.
    pub(super) async fn in_turn<T>(
        &self,
        caller: &Hotkey,
        deadline: Option<Duration>,
        reply: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let in_turn = async {
            let turn = self.turns.of(caller, self.side.stake(caller));
            let _turn = match deadline {
                None => turn.await,
                Some(deadline) => timeout(deadline, turn)
                    .await
                    .map_err(|_| busy("had no turn before the deadline of the request"))?,
            };
            reply.await
        };
        let reply = timeout(self.options.limits.answer_within, in_turn).await;
        reply.unwrap_or_else(|_| Err(busy("did not find the time to answer")))
    }

    pub(super) fn signed(&self, request: &SignedRequest, reply: Reply) -> Response {
        let (status, kind, body) = reply.unwrap_or_else(|refusal| {
            tracing::info!(caller = %request.sender, status = refusal.status(), "refused: {refusal}");
            (refusal.status(), JSON, refusal.to_bytes())
        });
        let answer = SignedAnswer::sign(&self.key, request, status, &body);
        signed(response(status, kind, Body::from(body)), &answer)
    }
}

/// path?query as sent.
pub(super) fn target(head: &Parts) -> &str {
    head.uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Whether the body comes as it is.
pub(super) fn plain(head: &HeaderMap) -> Result<(), Refusal> {
    if head.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity") {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Encoded, "the body is encoded: send it as it is"))
}

pub(super) fn unreadable() -> Refusal {
    Refusal::new(RefusalCode::BadRequest, "the body could not be read")
}

pub(super) fn too_slow(within: Duration) -> Refusal {
    let why = format!("the body did not come within {} ms", within.as_millis());
    Refusal::new(RefusalCode::TooSlow, why)
}
