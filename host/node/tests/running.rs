//! A validator that goes on by itself: rounds when they are due, weights until they are set, once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "running/delivery.rs"]
mod delivery;
mod world;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_chain::{
    Chain, ChainCommitment, ChainError, Head, Ledger, Refusal, Snapshot, SubnetSummary, WeightRow,
};
use plimsoll_core::{BlockNumber, Digest, Keypair, NetUid, Uid};
use plimsoll_node::NodeError;
use plimsoll_node::validator::{Doing, RoundListener, RoundReport, Schedule, Validator};
use tokio::sync::Notify;
use world::{World, plugins};

/// The ledger behind a network that fails.
struct Flaky {
    ledger: Ledger,
    /// Heads that are answered with an error, from the first on.
    deaf_heads: AtomicU32,
    /// Whether the next write happens and its answer is lost.
    lose_answer: AtomicBool,
    writes: AtomicU32,
    /// Writes that are refused for good, from the first on.
    refused_writes: AtomicU32,
    /// Reads of commitments that fail, from the first on.
    deaf_commitments: AtomicU32,
    /// Snapshots in which nobody has a permit, from the first on.
    without_permits: AtomicU32,
}

impl Flaky {
    fn no_answer(&self) -> ChainError {
        ChainError::NoAnswer { endpoint: self.endpoint(), asked: "something", why: "it hung up".into() }
    }
}

#[async_trait]
impl Chain for Flaky {
    fn endpoint(&self) -> String {
        "flaky".into()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        if one_less(&self.deaf_heads) {
            return Err(self.no_answer());
        }
        self.ledger.head().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        self.ledger.block_hash(block).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.ledger.subnets().await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        let mut snapshot = self.ledger.snapshot(netuid).await?;
        if one_less(&self.without_permits) {
            snapshot.neurons.iter_mut().for_each(|neuron| neuron.validator_permit = false);
        }
        Ok(snapshot)
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        self.ledger.serve_axon(key, netuid, at).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        self.ledger.commit(key, netuid, bytes).await
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        if one_less(&self.deaf_commitments) {
            return Err(self.no_answer());
        }
        self.ledger.commitments(netuid).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        if one_less(&self.refused_writes) {
            return Err(ChainError::Refused(Refusal::NoPermit { uid: Uid(0) }));
        }
        self.ledger.set_weights(key, netuid, weights).await?;
        if self.lose_answer.swap(false, Ordering::SeqCst) { Err(self.no_answer()) } else { Ok(()) }
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.ledger.weights(netuid).await
    }
}

/// Whether one was left.
fn one_less(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Notes what it hears, and says when weights are delivered.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>, Notify);

impl Ear {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl RoundListener for Ear {
    fn closed(&self, report: &RoundReport) {
        self.note(format!("epoch {}", report.round.epoch));
    }

    fn delivered(&self, weights: &[(Uid, u16)]) {
        self.note(format!("set {}", weights.len()));
        self.1.notify_one();
    }

    fn hidden(&self, epochs: u64) {
        self.note(format!("hidden for {epochs}"));
    }

    fn revealed(&self, told: &str) {
        self.note(format!("told: {told}"));
    }

    fn failed(&self, doing: Doing, error: &NodeError) {
        self.note(format!("failed {doing:?}: {error}"));
    }
}

fn schedule(rounds: u64) -> Schedule {
    Schedule { period_blocks: None, poll: Duration::from_millis(5), rounds: Some(rounds) }
}

fn flaky(world: &World, deaf_heads: u32, lose_answer: bool) -> Arc<Flaky> {
    Arc::new(Flaky {
        ledger: world.ledger.clone(),
        deaf_heads: deaf_heads.into(),
        lose_answer: lose_answer.into(),
        writes: 0.into(),
        refused_writes: 0.into(),
        deaf_commitments: 0.into(),
        without_permits: 0.into(),
    })
}

/// A block every few milliseconds.
async fn tick(ledger: Ledger) {
    loop {
        tokio::time::sleep(Duration::from_millis(4)).await;
        ledger.advance(1);
    }
}

async fn run(world: &World, chain: Arc<Flaky>, rounds: u64) -> Vec<String> {
    let mut validator = Validator::open(chain, plugins(), world.validator_options("v")).await.unwrap();
    let ear = Ear::default();
    let blocks = tokio::spawn(tick(world.ledger.clone()));
    validator.run(schedule(rounds), &ear, std::future::pending()).await.unwrap();
    blocks.abort();
    ear.0.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_come_every_tempo_and_a_chain_that_hangs_up_is_asked_again() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let heard = run(&world, flaky(&world, 1, false), 2).await;
    assert!(heard[0].starts_with("failed Asking: flaky gave no answer to something"), "{heard:?}");
    assert_eq!(heard[1..], ["epoch 0", "set 1", "epoch 1", "set 1"]);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_whose_answer_was_lost_are_set_once() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = flaky(&world, 0, true);
    let heard = run(&world, Arc::clone(&chain), 1).await;
    assert_eq!(heard[0], "epoch 0");
    assert!(heard[1].starts_with("failed Weights: flaky gave no answer"), "{heard:?}");
    assert_eq!(heard[2..], ["set 1"], "that they arrived after all is told");
    assert_eq!(chain.writes.load(Ordering::SeqCst), 1);
    assert_eq!(world.weights_of("v").await, [65535]);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_come_too_soon_wait_for_their_window_and_are_not_lost() {
    let world = World::limited(&["v"], &["m"], 25);
    let miner = world.honest("m", "v").await;
    let heard = run(&world, flaky(&world, 0, false), 4).await;
    let sets = heard.iter().filter(|what| *what == "set 1").count();
    let closed = heard.iter().filter(|what| what.starts_with("epoch")).count();
    assert_eq!(closed, 4);
    assert!((1..4).contains(&sets), "{heard:?}");
    assert!(heard.iter().all(|what| !what.starts_with("failed")), "waiting is no failure: {heard:?}");
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_the_chain_refuses_for_good_are_not_sent_again_until_the_next_round() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = flaky(&world, 0, false);
    chain.refused_writes.store(1, Ordering::SeqCst);
    let heard = run(&world, Arc::clone(&chain), 2).await;
    assert!(heard[1].starts_with("failed Weights: the chain refuses the weights: "), "{heard:?}");
    assert_eq!(
        (heard[0].as_str(), &heard[2..]),
        ("epoch 0", &["epoch 1".to_owned(), "set 1".to_owned()][..])
    );
    assert_eq!(chain.writes.load(Ordering::SeqCst), 2);

    // A validator of so many rounds ends all the same, and says so.
    chain.refused_writes.store(u32::MAX, Ordering::SeqCst);
    let writes = chain.writes.load(Ordering::SeqCst);
    let mut validator =
        Validator::open(Arc::clone(&chain) as _, plugins(), world.validator_options("v")).await.unwrap();
    let blocks = tokio::spawn(tick(world.ledger.clone()));
    let ended = validator.run(schedule(1), &Ear::default(), std::future::pending()).await;
    blocks.abort();
    assert!(matches!(ended, Err(NodeError::WeightsRefused { .. })), "{ended:?}");
    assert!(chain.writes.load(Ordering::SeqCst) <= writes + 2);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_loses_its_permit_waits_for_another_unless_its_rounds_are_counted() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = flaky(&world, 0, false);
    let mut validator =
        Validator::open(Arc::clone(&chain) as _, plugins(), world.validator_options("v")).await.unwrap();
    chain.without_permits.store(2, Ordering::SeqCst);
    let ended = validator.run(schedule(1), &Ear::default(), std::future::pending()).await;
    assert!(matches!(ended, Err(NodeError::NoPermit { .. })), "{ended:?}");

    // The second of the two, and a write that comes too early as well.
    chain.refused_writes.store(1, Ordering::SeqCst);
    let (ear, endless) = (Ear::default(), Schedule { rounds: None, ..schedule(1) });
    let run = validator.run(endless, &ear, ear.1.notified());
    tokio::time::timeout(Duration::from_secs(60), run).await.unwrap().unwrap();
    let heard = ear.0.lock().unwrap().clone();
    assert!(heard[0].starts_with("failed Round: ") && heard[0].contains("permit"), "{heard:?}");
    assert_eq!(heard[1..], ["epoch 0", "set 1"]);
    assert_eq!((chain.writes.load(Ordering::SeqCst), world.weights_of("v").await), (2, vec![65535]));
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_could_not_begin_is_tried_again_before_the_next_is_due() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = flaky(&world, 0, false);
    chain.deaf_commitments.store(2, Ordering::SeqCst);
    let mut validator = Validator::open(chain, plugins(), world.validator_options("v")).await.unwrap();
    let ear = Ear::default();
    // No block comes: a round that waited for the next tempo would wait for ever.
    let run = validator.run(schedule(1), &ear, std::future::pending());
    tokio::time::timeout(Duration::from_secs(60), run).await.unwrap().unwrap();
    let heard = ear.0.into_inner().unwrap();
    assert!(
        heard[..2].iter().all(|what| what.starts_with("failed Round: flaky gave no answer")),
        "{heard:?}"
    );
    assert_eq!(heard[2..], ["epoch 0", "set 1"]);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_told_to_stop_in_mid_round_says_so_in_its_log() {
    let world = World::new(&["v"], &["m"]);
    let asked = Arc::new(Notify::new());
    let never = Arc::new(Never(Arc::clone(&asked)));
    let miner = world.serve("m", vec![world.held("m", "v")], never).await;
    let mut validator = world.validator("v").await;
    let ear = Ear::default();
    validator.run(schedule(9), &ear, asked.notified()).await.unwrap();
    let log = std::fs::read_to_string(validator.log_path()).unwrap();
    assert!(log.contains(r#""what":"round-abandoned","epoch":0,"why":"stopped on request""#), "{log}");
    drop(validator);
    assert_eq!(world.validator("v").await.void_rounds(), 1);
    miner.stop().await;
}

/// Says that it was asked, and keeps whoever asked waiting.
struct Never(Arc<Notify>);

#[async_trait]
impl plimsoll_node::miner::Habit for Never {
    async fn before_reply(&self, _caller: &plimsoll_core::Hotkey, _request: &plimsoll_wire::AuditRequest) {
        self.0.notify_one();
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
}
