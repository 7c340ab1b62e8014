//! Whom a miner's server serves, and whom first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use plimsoll_core::{Hotkey, Keypair, NetUid};
use plimsoll_wire::messages::AUDIT_PATH;
use plimsoll_wire::{
    AuditReply, AuditRequest, CallerLists, Clock, ManualClock, MinerSide, Refusal, RefusalCode,
    RegistrationSet, ServerOptions, WireLimits, miner_router_with_options,
};
use tokio::sync::Semaphore;

use crate::loopback::{
    NOW_NS, Running, SECOND_NS, assert_refused, audit_request, http, miner, stranger, talk, validator,
};

/// A miner that answers one at a time, when it is let, and says who was before.
struct OneByOne {
    asked: AtomicUsize,
    answered: AtomicUsize,
    let_go: Semaphore,
    rich: Hotkey,
}

#[async_trait]
impl MinerSide for OneByOne {
    fn permits(&self, _caller: &Hotkey) -> bool {
        true
    }

    fn stake(&self, caller: &Hotkey) -> u64 {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *caller == self.rich { 1_000_000 } else { 1 }
    }

    async fn registrations(&self, _caller: &Hotkey, _netuid: NetUid) -> Result<RegistrationSet, Refusal> {
        Err(Refusal::new(RefusalCode::UnknownRegistration, "none is kept here"))
    }

    async fn audit(&self, _caller: &Hotkey, _request: AuditRequest) -> Result<AuditReply, Refusal> {
        self.let_go.acquire().await.unwrap().forget();
        let before = self.answered.fetch_add(1, Ordering::SeqCst);
        Ok(AuditReply::Proof(format!("after {before}").into_bytes()))
    }
}

fn asking(running: &Running, key: &Keypair) -> tokio::task::JoinHandle<String> {
    let body = audit_request(&running.key, b"unit 1").to_bytes();
    let request = http(&running.signed(key, AUDIT_PATH, &body), "", &body);
    running.clock.advance_ns(1);
    let at = running.at;
    tokio::spawn(async move { talk(at, &request).await })
}

// One thread: what has been asked for its stake has its place in the queue before anyone else runs.
#[tokio::test(flavor = "current_thread")]
async fn when_turns_are_short_the_bigger_stake_comes_first() {
    let (poor, rich) = (validator(), Keypair::from_seed(&[3; 32]));
    let side = Arc::new(OneByOne {
        asked: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        let_go: Semaphore::new(0),
        rich: rich.hotkey(),
    });
    let limits = WireLimits { answers_at_once: 1, answers_at_once_per_caller: 1, ..WireLimits::default() };
    let clock = Arc::new(ManualClock::at(NOW_NS - SECOND_NS));
    let shared: Arc<dyn Clock> = clock.clone();
    let options = ServerOptions::with_limits(limits.clone());
    let router = miner_router_with_options(side.clone(), miner(), options, shared).unwrap();
    clock.advance_ns(SECOND_NS);
    let running = Running::serving(router, miner(), limits, clock).await;
    let mut asked = Vec::new();
    for key in [&stranger(), &poor, &rich] {
        asked.push(asking(&running, key));
        while side.asked.load(Ordering::SeqCst) < asked.len() {
            tokio::task::yield_now().await;
        }
    }
    side.let_go.add_permits(3);
    let mut order = Vec::new();
    for answer in asked {
        let answer = answer.await.unwrap();
        order.push(answer.chars().last().unwrap());
    }
    assert_eq!(order, ['0', '2', '1'], "the turn that is held, then the rich one's, then the poor one's");
}

#[tokio::test]
async fn a_denied_hotkey_is_refused_by_its_head_and_others_are_served() {
    let mut callers = CallerLists::default();
    callers.deny.insert(stranger().hotkey());
    let running = Running::with_options(ServerOptions { callers, ..ServerOptions::default() }).await;
    let body = audit_request(&running.key, b"unit 1").to_bytes();
    let request = http(&running.signed(&stranger(), AUDIT_PATH, &body), "", &body);
    let head = &request[..request.len() - body.len()];
    let answer = talk(running.at, head).await;
    assert_refused(&answer, 403, "not-permitted", false);
    assert!(answer.contains("is not served here: the miner's operator says so"), "{answer}");
    let request = http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body);
    assert!(talk(running.at, &request).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn with_a_list_of_those_who_are_served_nobody_else_is() {
    let mut callers = CallerLists::default();
    callers.only.insert(stranger().hotkey());
    let running = Running::with_options(ServerOptions { callers, ..ServerOptions::default() }).await;
    let body = audit_request(&running.key, b"unit 1").to_bytes();
    let request = http(&running.signed(&validator(), AUDIT_PATH, &body), "", &body);
    assert_refused(&talk(running.at, &request).await, 403, "not-permitted", false);
    // Who is on the list needs a permit all the same.
    let request = http(&running.signed(&stranger(), AUDIT_PATH, &body), "", &body);
    assert_refused(&talk(running.at, &request).await, 403, "not-permitted", false);
}

#[test]
fn a_setting_that_cannot_work_is_refused_before_the_server_starts() {
    let limits = WireLimits { answers_at_once: 0, ..WireLimits::default() };
    let side = Arc::new(crate::loopback::Obedient { key: miner() });
    let clock = Arc::new(ManualClock::at(NOW_NS));
    let router = miner_router_with_options(side, miner(), ServerOptions::with_limits(limits), clock);
    assert_eq!(router.unwrap_err().to_string(), "answers_at_once: expected 1 to 65536, found 0");
}
