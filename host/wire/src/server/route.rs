//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use plimsoll_core::Keypair;

use super::crowd::Guest;
use super::door::Door;
use super::reply::{JSON, OCTETS, bad_request, refuse, within_cap};
use super::{MinerSide, ServerOptions, audit_v10, cargo};
use crate::axon_v10::AUDIT_V10_PATH;
use crate::cargo::CARGO_PATH;
use crate::clock::{Clock, SystemClock};
use crate::error::WireError;
use crate::limits::{MAX_PROOF_BYTES, MAX_SET_BYTES, WireLimits};
use crate::messages::{
    AUDIT_PATH, AuditRequest, LIVEZ_PATH, REGISTRATION_PATH, Refusal, RefusalCode, RegistrationRequest,
};

/// The routes of a miner, on the machine's clock, with nothing set but `limits`, which are taken as they are. `key`
/// is the miner's hotkey: requests must be addressed to it, answers are signed by it.
pub fn miner_router(side: Arc<dyn MinerSide>, key: Keypair, limits: WireLimits) -> Router {
    miner_router_with_clock(side, key, limits, Arc::new(SystemClock::default()))
}

/// The same on any clock.
pub fn miner_router_with_clock(
    side: Arc<dyn MinerSide>,
    key: Keypair,
    limits: WireLimits,
    clock: Arc<dyn Clock>,
) -> Router {
    routes(Door::in_memory(side, key, ServerOptions::with_limits(limits), clock))
}

/// The routes of a miner with everything set, on the machine's clock.
///
/// # Errors
/// [`WireError::Options`] for a setting that cannot work, [`WireError::Replay`] where the log of taken requests
/// cannot be had.
pub fn miner_router_with(
    side: Arc<dyn MinerSide>,
    key: Keypair,
    options: ServerOptions,
) -> Result<Router, WireError> {
    miner_router_with_options(side, key, options, Arc::new(SystemClock::default()))
}

/// The same on any clock.
///
/// # Errors
/// As [`miner_router_with`].
pub fn miner_router_with_options(
    side: Arc<dyn MinerSide>,
    key: Keypair,
    options: ServerOptions,
    clock: Arc<dyn Clock>,
) -> Result<Router, WireError> {
    options.check()?;
    Ok(routes(Door::open(side, key, options, clock)?))
}

fn routes(door: Door) -> Router {
    let wrong_method =
        || async { refuse(&Refusal::new(RefusalCode::WrongMethod, "this route takes another method")) };
    let mut router = Router::new()
        .route(LIVEZ_PATH, get(|| async { StatusCode::OK }).fallback(wrong_method))
        .route(REGISTRATION_PATH, post(registration).fallback(wrong_method))
        .route(AUDIT_PATH, post(audit).fallback(wrong_method));
    if door.options.axon_v10 {
        router = router.route(AUDIT_V10_PATH, post(audit_v10::audit).fallback(wrong_method));
    }
    if door.options.cargo.is_some() {
        // Without `head`: what answers a GET would be asked for a HEAD too, and its signature says another method.
        let both = get(cargo::give).put(cargo::take).head(wrong_method).fallback(wrong_method);
        router = router.route(CARGO_PATH, both);
    }
    router
        .fallback(|| async { refuse(&Refusal::new(RefusalCode::UnknownRoute, "there is no such route")) })
        .with_state(Arc::new(door))
}

async fn registration(State(door): State<Arc<Door>>, request: Request) -> Response {
    let guest = Guest::of(&request);
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
    door.reply(&request, guest, None, reply).await
}

async fn audit(State(door): State<Arc<Door>>, request: Request) -> Response {
    let guest = Guest::of(&request);
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
        Ok((reply.status(), OCTETS, reply.into_body()))
    };
    door.reply(&request, guest, deadline, reply).await
}
