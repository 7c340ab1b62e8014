//! Takes a request, or says why not.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use plimsoll_core::{Digest, Hotkey};

use super::{AuthError, AuthHeaders, Nonce, ReplayStore, SignedRequest};
use crate::clock::Clock;
use crate::limits::{MAX_AGE_NS, MAX_AHEAD_NS};
use crate::texts::sha256;

/// Verifies requests addressed to one hotkey.
///
/// [`verify`](Self::verify) is the whole of it. A server takes the three steps one by one:
/// [`before_body`](Self::before_body) costs no body and no signature check,
/// [`authenticate`](Self::authenticate) one of each, and [`admit`](Self::admit) is the only one that
/// remembers anything.
#[derive(Debug)]
pub struct RequestVerifier {
    me: Hotkey,
    clock: Arc<dyn Clock>,
    replay: Mutex<ReplayStore>,
}

impl RequestVerifier {
    /// A verifier for requests to `me`.
    #[must_use]
    pub fn new(me: Hotkey, replay: ReplayStore, clock: Arc<dyn Clock>) -> Self {
        Self { me, clock, replay: Mutex::new(replay) }
    }

    /// All five checks in order.
    ///
    /// # Errors
    /// The first that fails.
    pub fn verify(
        &self,
        method: &str,
        target: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<SignedRequest, AuthError> {
        let headers = self.before_body(headers)?;
        let request = self.authenticate(&headers, method, target, body)?;
        self.admit(&request)?;
        Ok(request)
    }

    /// Shape, receiver, freshness: what the headers alone decide.
    ///
    /// # Errors
    /// [`AuthError::Malformed`], [`AuthError::WrongReceiver`], [`AuthError::Stale`].
    pub fn before_body(&self, headers: &HeaderMap) -> Result<AuthHeaders, AuthError> {
        let headers = AuthHeaders::parse(headers)?;
        if headers.receiver != Some(self.me) {
            return Err(AuthError::WrongReceiver { named: headers.receiver, me: self.me });
        }
        self.fresh(headers.nonce.0)?;
        Ok(headers)
    }

    /// The signature. `method` is put in upper case first, as the reference does.
    ///
    /// # Errors
    /// [`AuthError::BadSignature`].
    pub fn authenticate(
        &self,
        headers: &AuthHeaders,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<SignedRequest, AuthError> {
        self.authenticate_sha256(headers, method, target, sha256(body))
    }

    /// The signature over a body that is yet to come and must then be held against `body_sha256`: for large
    /// bodies, whose path says it.
    ///
    /// # Errors
    /// [`AuthError::BadSignature`].
    pub fn authenticate_sha256(
        &self,
        headers: &AuthHeaders,
        method: &str,
        target: &str,
        body_sha256: Digest,
    ) -> Result<SignedRequest, AuthError> {
        let request = SignedRequest {
            method: method.to_ascii_uppercase(),
            target: target.to_owned(),
            body_sha256,
            nonce: headers.nonce,
            sender: headers.sender,
            receiver: self.me,
            signature: headers.signature,
        };
        let addressed = headers.sr25519 && headers.receiver == Some(self.me);
        if addressed && request.verifies() { Ok(request) } else { Err(AuthError::BadSignature) }
    }

    /// Takes an authenticated request, once. Freshness is checked again: the body may have taken its time. With a
    /// log on a disk this may block for a sync; a server's requests wait for it aside.
    ///
    /// # Errors
    /// [`AuthError::Stale`], [`AuthError::Replayed`], [`AuthError::BeforeStart`], [`AuthError::ReplayFull`],
    /// [`AuthError::Unremembered`].
    pub fn admit(&self, request: &SignedRequest) -> Result<(), AuthError> {
        // A panic while the lock was held cannot leave a nonce half taken: go on with what is there.
        let mut replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ns = self.fresh(request.nonce.0)?;
        replay.admit(&request.sender, request.nonce, now_ns)
    }

    /// The same for a request in any form, and where the disk must be waited for, neither the thread nor the store
    /// is held meanwhile: others are taken.
    pub(crate) async fn admit_aside(&self, sender: &Hotkey, nonce: Nonce) -> Result<(), AuthError> {
        loop {
            let arrival = {
                let mut replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
                let now_ns = self.fresh(nonce.0)?;
                match replay.awaited(nonce, now_ns)? {
                    Some(arrival) => arrival,
                    None => return replay.admit(sender, nonce, now_ns),
                }
            };
            // It may be one from before a step of the clock, or have failed; the next look says so. A disk that
            // is slower than requests stay fresh ends this too.
            arrival.come().await;
        }
    }

    /// How many senders the replay store remembers.
    #[must_use]
    pub fn senders(&self) -> usize {
        self.replay.lock().unwrap_or_else(PoisonError::into_inner).senders()
    }

    /// The time, if what was signed at `signed_ns` is fresh.
    pub(crate) fn fresh(&self, signed_ns: u64) -> Result<u64, AuthError> {
        let now_ns = self.clock.unix_ns();
        let old = now_ns.saturating_sub(signed_ns) > MAX_AGE_NS;
        let ahead = signed_ns.saturating_sub(now_ns) > MAX_AHEAD_NS;
        if old || ahead { Err(AuthError::Stale { signed_ns, now_ns }) } else { Ok(now_ns) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::btauth::MissingLog;
    use crate::clock::ManualClock;

    const S: u64 = 1_000_000_000;
    const NOW: u64 = 1_000 * S;
    const ME: Hotkey = Hotkey([7; 32]);
    const A: Hotkey = Hotkey([1; 32]);
    const B: Hotkey = Hotkey([2; 32]);

    /// A verifier that began at `NOW`, at a time beyond its first ceiling.
    fn eight_seconds_later(folder: &std::path::Path) -> (RequestVerifier, Arc<ManualClock>) {
        let store = ReplayStore::kept_in(folder, ME, MissingLog::NeverServed, NOW).unwrap();
        let clock = Arc::new(ManualClock::at(NOW + 8 * S));
        let shared: Arc<dyn Clock> = clock.clone();
        (RequestVerifier::new(ME, store, shared), clock)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_request_that_waits_for_the_disk_holds_up_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let (verifier, _) = eight_seconds_later(folder.path());
        let gate = verifier.replay.lock().unwrap().log().gate();
        let slow_disk = gate.lock().unwrap();
        // The ceiling of the start is seven seconds ahead: eight are beyond it, six are not.
        let mut waits = pin!(verifier.admit_aside(&A, Nonce(NOW + 8 * S)));
        let look = &mut Context::from_waker(Waker::noop());
        assert!(waits.as_mut().poll(look).is_pending());
        assert!(verifier.replay.try_lock().is_ok(), "the store is free");
        assert_eq!(
            pin!(verifier.admit_aside(&B, Nonce(NOW + 6 * S))).poll(look),
            Poll::Ready(Ok(())),
            "what the ceiling covers is taken at once"
        );
        assert!(waits.as_mut().poll(look).is_pending());
        drop(slow_disk);
        assert_eq!(waits.await, Ok(()));
        let again = verifier.admit_aside(&A, Nonce(NOW + 8 * S)).await;
        assert!(matches!(again, Err(AuthError::Replayed { .. })), "{again:?}");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_request_that_went_stale_while_the_disk_was_slow_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (verifier, clock) = eight_seconds_later(folder.path());
        let gate = verifier.replay.lock().unwrap().log().gate();
        let slow_disk = gate.lock().unwrap();
        let mut waits = pin!(verifier.admit_aside(&A, Nonce(NOW + 8 * S)));
        assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        clock.advance_ns(11 * S);
        drop(slow_disk);
        let late = waits.await;
        assert!(matches!(late, Err(AuthError::Stale { .. })), "{late:?}");
        assert_eq!(verifier.senders(), 0);
    }
}
