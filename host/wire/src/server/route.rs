//! The routes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use plimsoll_core::{Hotkey, Keypair};
use tokio::time::timeout;

use super::MinerSide;
use super::rate::Buckets;
use super::turns::Turns;
use crate::answer::SignedAnswer;
use crate::btauth::{AuthError, ReplayStore, RequestVerifier, SignedRequest};
use crate::clock::{Clock, SystemClock};
use crate::limits::{MAX_PROOF_BYTES, MAX_SET_BYTES, WireLimits};
use crate::messages::{
    AUDIT_PATH, AuditRequest, LIVEZ_PATH, MessageError, REGISTRATION_PATH, Refusal, RefusalCode,
    RegistrationRequest,
};

/// The routes of a miner, on the machine's clock. `key` is the miner's hotkey: requests must be addressed to
/// it, answers are signed by it.
pub fn miner_router(side: Arc<dyn MinerSide>, key: Keypair, limits: WireLimits) -> Router {
    miner_router_with_clock(side, key, limits, Arc::new(SystemClock::default()))
}

/// The routes of a miner, on any clock.
pub fn miner_router_with_clock(
    side: Arc<dyn MinerSide>,
    key: Keypair,
    limits: WireLimits,
    clock: Arc<dyn Clock>,
) -> Router {
    let floor_ns = limits.nonce_floor_ns.unwrap_or_else(|| clock.unix_ns());
    let door = Door {
        verifier: RequestVerifier::new(key.hotkey(), ReplayStore::new(floor_ns), Arc::clone(&clock)),
        buckets: Mutex::new(Buckets::new(limits.burst, limits.refill)),
        turns: Turns::new(limits.answers_at_once, limits.answers_at_once_per_caller),
        side,
        key,
        limits,
        clock,
    };
    let wrong_method =
        || async { refuse(&Refusal::new(RefusalCode::WrongMethod, "this route takes another method")) };
    Router::new()
        .route(LIVEZ_PATH, get(|| async { StatusCode::OK }).fallback(wrong_method))
        .route(REGISTRATION_PATH, post(registration).fallback(wrong_method))
        .route(AUDIT_PATH, post(audit).fallback(wrong_method))
        .fallback(|| async { refuse(&Refusal::new(RefusalCode::UnknownRoute, "there is no such route")) })
        .with_state(Arc::new(door))
}

/// What stands between a socket and the miner.
struct Door {
    verifier: RequestVerifier,
    buckets: Mutex<Buckets>,
    turns: Turns,
    side: Arc<dyn MinerSide>,
    key: Keypair,
    limits: WireLimits,
    clock: Arc<dyn Clock>,
}

/// What the miner answers: status, content type, body.
type Reply = Result<(u16, &'static str, Vec<u8>), Refusal>;

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

async fn registration(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (request, body) = match door.authenticate(request).await {
        Ok(passed) => passed,
        Err(refusal) => return refuse(&refusal),
    };
    let reply = async {
        let asked = RegistrationRequest::from_bytes(&body).map_err(|why| bad_request(&why))?;
        let set = door.side.registrations(&request.sender, asked.netuid).await?;
        let bytes = set.to_bytes();
        within_cap("registration set", bytes.len(), MAX_SET_BYTES)?;
        Ok((200, JSON, bytes))
    };
    door.reply(&request, None, reply).await
}

async fn audit(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (request, body) = match door.authenticate(request).await {
        Ok(passed) => passed,
        Err(refusal) => return refuse(&refusal),
    };
    let asked = AuditRequest::from_bytes(&body);
    let deadline = asked.as_ref().ok().map(|asked| Duration::from_millis(asked.deadline_ms.into()));
    let reply = async {
        let asked = asked.map_err(|why| bad_request(&why))?;
        let reply = door.side.audit(&request.sender, asked).await?;
        within_cap("proof", reply.body().len(), MAX_PROOF_BYTES)?;
        Ok((reply.status(), OCTETS, reply.body().to_vec()))
    };
    door.reply(&request, deadline, reply).await
}

impl Door {
    /// Steps 2 to 4: the request and its body, if its sender signed them.
    async fn authenticate(&self, request: Request) -> Result<(SignedRequest, Bytes), Refusal> {
        let (head, body) = request.into_parts();
        let plain = head.headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        if !plain {
            return Err(Refusal::new(RefusalCode::Encoded, "the body is encoded: send it as it is"));
        }
        let headers = self.verifier.before_body(&head.headers).map_err(|why| unauthenticated(&why))?;
        let body = self.read(body).await?;
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let request = self
            .verifier
            .authenticate(&headers, head.method.as_str(), target, &body)
            .map_err(|why| unauthenticated(&why))?;
        Ok((request, body))
    }

    /// The body, never more than the cap in memory.
    async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let most = self.limits.request_bytes;
        let too_large =
            || Refusal::new(RefusalCode::TooLarge, format!("the body is longer than {most} bytes"));
        let announced = hyper::body::Body::size_hint(&body).lower();
        if announced > u64::try_from(most).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        match timeout(self.limits.body_within, Limited::new(body, most).collect()).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(why)) if why.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Refusal::new(RefusalCode::BadRequest, "the body could not be read")),
            Err(_) => {
                let why = format!("the body did not come within {} ms", self.limits.body_within.as_millis());
                Err(Refusal::new(RefusalCode::TooSlow, why))
            }
        }
    }

    /// Steps 5 to 8, and the signature. What has not had its turn by `deadline` is not begun any more: its
    /// answer would be late, and another's may still be in time.
    async fn reply(
        &self,
        request: &SignedRequest,
        deadline: Option<Duration>,
        reply: impl Future<Output = Reply>,
    ) -> Response {
        if let Err(refusal) = self.permit(&request.sender) {
            return self.signed(request, Err(refusal));
        }
        if let Err(why) = self.verifier.admit(request) {
            return refuse(&unauthenticated(&why));
        }
        if let Err(refusal) = self.rate(&request.sender) {
            return self.signed(request, Err(refusal));
        }
        let in_turn = async {
            let turn = self.turns.of(&request.sender);
            let _turn = match deadline {
                None => turn.await,
                Some(deadline) => timeout(deadline, turn)
                    .await
                    .map_err(|_| busy("had no turn before the deadline of the request"))?,
            };
            reply.await
        };
        let reply = timeout(self.limits.answer_within, in_turn).await;
        self.signed(request, reply.unwrap_or_else(|_| Err(busy("did not find the time to answer"))))
    }

    fn permit(&self, caller: &Hotkey) -> Result<(), Refusal> {
        if self.side.permits(caller) {
            return Ok(());
        }
        let why = format!("{caller} is no validator with a permit on this miner's metagraph");
        Err(Refusal::new(RefusalCode::NotPermitted, why))
    }

    fn rate(&self, caller: &Hotkey) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(caller, self.clock.uptime_ns()).map_err(|wait_ms| {
            Refusal::new(RefusalCode::TooMany, format!("too many requests: the next one in {wait_ms} ms"))
        })
    }

    fn signed(&self, request: &SignedRequest, reply: Reply) -> Response {
        let (status, kind, body) = reply.unwrap_or_else(|refusal| {
            tracing::info!(caller = %request.sender, status = refusal.status(), "refused: {refusal}");
            (refusal.status(), JSON, refusal.to_bytes())
        });
        let answer = SignedAnswer::sign(&self.key, request, status, &body);
        let mut response = response(status, kind, body);
        for (name, value) in answer.headers() {
            // Base58, hex and digits are all fit for a header.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

fn unauthenticated(why: &AuthError) -> Refusal {
    let code = match why {
        AuthError::Malformed { .. } => RefusalCode::BadRequest,
        AuthError::WrongReceiver { .. } => RefusalCode::Misaddressed,
        AuthError::Replayed { .. } => RefusalCode::Replayed,
        AuthError::ReplayFull { .. } => RefusalCode::Busy,
        AuthError::Stale { .. } | AuthError::BadSignature | AuthError::BeforeStart { .. } => {
            RefusalCode::Unauthenticated
        }
    };
    Refusal::new(code, why.to_string())
}

fn bad_request(why: &MessageError) -> Refusal {
    Refusal::new(RefusalCode::BadRequest, why.to_string())
}

fn busy(why: &str) -> Refusal {
    Refusal::new(RefusalCode::Busy, format!("the miner {why}"))
}

fn within_cap(what: &str, bytes: usize, most: usize) -> Result<(), Refusal> {
    if bytes <= most {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Fault, format!("the {what} has {bytes} bytes, at most {most} may be sent")))
}

/// An unsigned refusal.
fn refuse(refusal: &Refusal) -> Response {
    tracing::debug!(status = refusal.status(), "refused before authentication: {refusal}");
    response(refusal.status(), JSON, refusal.to_bytes())
}

fn response(status: u16, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    // Statuses come from `RefusalCode` and `AuditReply`, all of them valid.
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status != 204 {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}
