//! Large bodies, taken and given.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::Response;
use http_body_util::BodyExt;
use plimsoll_core::{Digest, Hotkey};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::Busy;
use super::crowd::Guest;
use super::door::{Door, target, too_slow, unreadable};
use super::reply::{OCTETS, bad_request, busy, refuse, response, signed};
use crate::answer::SignedAnswer;
use crate::btauth::SignedRequest;
use crate::cargo::{CargoClaim, CargoSide, CargoSource, Check, PipedBody, UploadClaim, pump};
use crate::messages::{Refusal, RefusalCode};
use crate::texts::sha256;

/// `PUT`: nothing of the body is read before the signature, the permit, the nonce and the rate have passed.
pub(super) async fn take(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (_busy, guest) = (Busy::of(&request), Guest::of(&request));
    let (head, body) = request.into_parts();
    let opened = UploadClaim::of_target(target(&head)).map_err(|why| bad_request(&why)).and_then(|claim| {
        let announced = hyper::body::Body::size_hint(&body).exact();
        announced_is(announced, &claim.cargo)?;
        Ok((claim, door.authenticate_head(&head, guest.as_ref(), claim.sha256)?))
    });
    let (claim, request) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return refuse(&refusal),
    };
    if let Err(refused) = door.pass(&request, guest).await {
        return *refused;
    }
    let taken = door.receive(&request.sender, claim, body).await;
    door.signed(&request, taken.map(|()| (204, OCTETS, Vec::new())))
}

/// `GET`: the answer is signed before its first octet.
pub(super) async fn give(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (busy, guest) = (Busy::of(&request), Guest::of(&request));
    let (head, _) = request.into_parts();
    let opened = CargoClaim::of_target(target(&head))
        .map_err(|why| bad_request(&why))
        .and_then(|claim| Ok((claim, door.authenticate_head(&head, guest.as_ref(), sha256(b""))?)));
    let (claim, request) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return refuse(&refusal),
    };
    if let Err(refused) = door.pass(&request, guest).await {
        return *refused;
    }
    match door.source(&request.sender, claim).await {
        Ok((source, slot)) => door.stream(&request, claim, source, (slot, busy)),
        Err(refusal) => door.signed(&request, Err(refusal)),
    }
}

fn announced_is(announced: Option<u64>, claim: &CargoClaim) -> Result<(), Refusal> {
    match announced {
        Some(bytes) if bytes != claim.bytes => {
            let why = format!("the body has {bytes} bytes, its path says {}", claim.bytes);
            Err(Refusal::new(RefusalCode::BadRequest, why))
        }
        _ => Ok(()),
    }
}

/// Whose large bodies move; one of each caller, for they take minutes.
#[derive(Debug)]
pub(super) struct Streams {
    most: usize,
    moving: Arc<Mutex<HashSet<Hotkey>>>,
}

/// A place among them.
pub(super) struct Slot {
    caller: Hotkey,
    moving: Arc<Mutex<HashSet<Hotkey>>>,
}

impl Streams {
    pub(super) fn new(most: usize) -> Self {
        Self { most, moving: Arc::default() }
    }

    fn enter(&self, caller: &Hotkey) -> Option<Slot> {
        let mut moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let enters = moving.len() < self.most && moving.insert(*caller);
        enters.then(|| Slot { caller: *caller, moving: Arc::clone(&self.moving) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.caller);
    }
}

impl Door {
    /// Steps 2 and 4, for a body whose SHA-256 is known.
    fn authenticate_head(
        &self,
        head: &Parts,
        guest: Option<&Guest>,
        body_sha256: Digest,
    ) -> Result<SignedRequest, Refusal> {
        let headers = self.before_body(&head.headers)?;
        self.may_claim(guest)?;
        self.verifier
            .authenticate_sha256(&headers, head.method.as_str(), target(head), body_sha256)
            .map_err(|why| self.untrue(guest, &why))
    }

    /// The miner that has cargo, and a turn.
    fn begin(&self, claim: &CargoClaim, caller: &Hotkey) -> Result<(Arc<dyn CargoSide>, Slot), Refusal> {
        let most = self.options.limits.stream_bytes;
        if claim.bytes > most {
            let why = format!("{} bytes are asked for, at most {most} may move at once", claim.bytes);
            return Err(Refusal::new(RefusalCode::TooLarge, why));
        }
        // The route is there only with such a miner.
        let side = self.options.cargo.clone().ok_or_else(|| busy("has no cargo"))?;
        let slot = self.streams.enter(caller);
        Ok((side, slot.ok_or_else(|| busy("moves as many large bodies as it may: try again later"))?))
    }

    async fn receive(&self, caller: &Hotkey, claim: UploadClaim, mut body: Body) -> Result<(), Refusal> {
        let (side, _slot) = self.begin(&claim.cargo, caller)?;
        let limits = &self.options.limits;
        let opening = timeout(limits.answer_within, side.take(caller, claim.cargo)).await;
        let mut sink = opening.unwrap_or_else(|_| Err(busy("did not find the time to answer")))?;
        let mut check = Check::of_upload(claim);
        let until = Instant::now() + self.patience(&claim.cargo);
        loop {
            let next = timeout_at(until, timeout(limits.body_within, body.frame()));
            let next = next.await.map_err(|_| self.too_slow_on_the_whole())?;
            let Some(frame) = next.map_err(|_| too_slow(limits.body_within))? else { break };
            let frame = frame.map_err(|_| unreadable())?;
            let Ok(piece) = frame.into_data() else { continue };
            check.pass(&piece).map_err(|why| Refusal::new(RefusalCode::TooLarge, why))?;
            sink.write(&piece).await.map_err(|error| storage("written", &error))?;
        }
        check.finish().map_err(|why| Refusal::new(RefusalCode::BadRequest, why))?;
        sink.keep().await.map_err(|error| storage("kept", &error))
    }

    async fn source(
        &self,
        caller: &Hotkey,
        claim: CargoClaim,
    ) -> Result<(Box<dyn CargoSource>, Slot), Refusal> {
        let (side, slot) = self.begin(&claim, caller)?;
        let opening = timeout(self.options.limits.answer_within, side.give(caller, claim)).await;
        let source = opening.unwrap_or_else(|_| Err(busy("did not find the time to answer")))?;
        Ok((source, slot))
    }

    /// The answer, and a task that feeds its body for as long as `held` is.
    fn stream(
        &self,
        request: &SignedRequest,
        claim: CargoClaim,
        source: Box<dyn CargoSource>,
        held: impl Send + 'static,
    ) -> Response {
        let (stall, whole) = (self.options.limits.body_within, self.patience(&claim));
        let (pieces, body) = PipedBody::new(claim.bytes);
        let caller = request.sender;
        tokio::spawn(async move {
            let pumped = timeout(whole, pump(source, claim, pieces, stall)).await;
            if let Err(error) = pumped.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                tracing::warn!(%caller, blake3 = %claim.blake3, %error, "a large body was broken off");
            }
            drop(held);
        });
        let answer = SignedAnswer::sign_sha256(&self.key, request, 200, claim.statement_sha256());
        signed(response(200, OCTETS, Body::new(body)), &answer)
    }

    /// How long a large body may take.
    fn patience(&self, claim: &CargoClaim) -> Duration {
        let limits = &self.options.limits;
        let moving = Duration::from_secs(claim.bytes / limits.stream_bytes_per_second.max(1));
        limits.body_within.saturating_add(moving)
    }

    fn too_slow_on_the_whole(&self) -> Refusal {
        let least = self.options.limits.stream_bytes_per_second;
        Refusal::new(RefusalCode::TooSlow, format!("the body came slower than {least} bytes a second"))
    }
}

/// The log gets the whole story; the caller is told no path.
fn storage(what: &str, error: &io::Error) -> Refusal {
    tracing::error!(%error, "cargo could not be {what}");
    Refusal::new(RefusalCode::Fault, format!("the cargo could not be {what}: a storage fault of the miner"))
}
