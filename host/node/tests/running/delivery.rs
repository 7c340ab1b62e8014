//! What becomes of weights on a chain that hides them, is unsure, wants more of them, or can never take them.
//! Every turn of the validator is a block here, so that nothing depends on how quick this machine is.

use std::collections::VecDeque;

use plimsoll_chain::{CommitReveal, Delivered, SubnetRules, Tended};
use plimsoll_core::Hotkey;
use plimsoll_node::validator::Delivery;

use super::world::{World, plugins};
use super::*;

/// The ledger, which says some things once that it would not say by itself.
#[derive(Default)]
struct Said {
    delivered: VecDeque<Delivered>,
    tended: VecDeque<Result<Tended, ChainError>>,
    /// Errors of writes, and whether they happen all the same.
    writes: VecDeque<(ChainError, bool)>,
    /// Reads of commitments that fail.
    deaf_commitments: u32,
    not_ready: bool,
    /// Commits are opened from this one on, counted from 0; none where weights are not hidden.
    opens: Option<usize>,
    /// The commits, until they are opened.
    sealed: Vec<(BlockNumber, Vec<(Uid, u16)>)>,
    /// Writes that were asked for.
    asked: usize,
}

struct Scripted {
    ledger: Ledger,
    said: Mutex<Said>,
}

/// Blocks of an epoch of the subnet.
const EPOCH: u64 = 11;

impl Scripted {
    fn new(world: &World, said: Said) -> Arc<Self> {
        world.ledger.advance(5);
        Arc::new(Self { ledger: world.ledger.clone(), said: said.into() })
    }

    fn writes(&self) -> usize {
        self.said.lock().unwrap().asked
    }

    async fn block(&self) -> BlockNumber {
        self.ledger.head().await.unwrap().block
    }
}

fn silent() -> ChainError {
    ChainError::NoAnswer { endpoint: "scripted".into(), asked: "set_weights", why: "it hung up".into() }
}

fn too_new() -> ChainError {
    ChainError::Timelock { why: "the chain opens version 5 of commits: update this program".into() }
}

#[async_trait]
impl Chain for Scripted {
    fn endpoint(&self) -> String {
        "scripted".into()
    }

    async fn head(&self) -> Result<Head, ChainError> {
        self.ledger.head().await
    }

    async fn block_hash(&self, block: BlockNumber) -> Result<Option<Digest>, ChainError> {
        self.ledger.block_hash(block).await
    }

    async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        self.ledger.subnets().await
    }

    async fn snapshot(&self, netuid: NetUid) -> Result<Snapshot, ChainError> {
        let hides = self.said.lock().unwrap().opens.map(|_| CommitReveal { period_epochs: 1 });
        Ok(Snapshot { commit_reveal: hides, ..self.ledger.snapshot(netuid).await? })
    }

    async fn ready_for_weights(&self, _: &Hotkey, _: NetUid) -> Result<(), ChainError> {
        if self.said.lock().unwrap().not_ready { Err(too_new()) } else { Ok(()) }
    }

    async fn serve_axon(&self, key: &Keypair, netuid: NetUid, at: SocketAddr) -> Result<(), ChainError> {
        self.ledger.serve_axon(key, netuid, at).await
    }

    async fn commit(&self, key: &Keypair, netuid: NetUid, bytes: &[u8]) -> Result<(), ChainError> {
        self.ledger.commit(key, netuid, bytes).await
    }

    async fn commitments(&self, netuid: NetUid) -> Result<Vec<ChainCommitment>, ChainError> {
        {
            let mut said = self.said.lock().unwrap();
            if said.deaf_commitments > 0 {
                said.deaf_commitments -= 1;
                return Err(silent());
            }
        }
        self.ledger.commitments(netuid).await
    }

    async fn set_weights(
        &self,
        key: &Keypair,
        netuid: NetUid,
        weights: &[(Uid, u16)],
    ) -> Result<(), ChainError> {
        let block = self.block().await;
        let error = {
            let mut said = self.said.lock().unwrap();
            said.asked += 1;
            if said.opens.is_some() {
                said.sealed.push((block, weights.to_vec()));
                return Ok(());
            }
            said.writes.pop_front()
        };
        if error.as_ref().is_none_or(|(_, happens)| *happens) {
            self.ledger.set_weights(key, netuid, weights).await?;
        }
        error.map_or(Ok(()), |(error, _)| Err(error))
    }

    /// A block comes, and opens what is due.
    async fn tend(&self, key: &Keypair, netuid: NetUid) -> Result<Tended, ChainError> {
        self.ledger.advance(1);
        let head = self.block().await;
        let (tended, opened) = {
            let mut said = self.said.lock().unwrap();
            let due = |(block, _): &(BlockNumber, _)| block.0 + EPOCH <= head.0;
            let opens = said.opens.unwrap_or(usize::MAX);
            let opened = said.sealed.iter().skip(opens).rfind(|sealed| due(sealed)).cloned();
            (said.tended.pop_front(), opened)
        };
        if let Some((_, weights)) = opened {
            self.ledger.set_weights(key, netuid, &weights).await?;
        }
        tended.unwrap_or_else(|| Ok(Tended::default()))
    }

    async fn delivered(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        since: BlockNumber,
        weights: &[(Uid, u16)],
    ) -> Result<Delivered, ChainError> {
        if let Some(said) = self.said.lock().unwrap().delivered.pop_front() {
            return Ok(said);
        }
        let (shown, head) =
            (self.ledger.delivered(hotkey, netuid, since, weights).await?, self.block().await);
        let said = self.said.lock().unwrap();
        let waits = said.sealed.iter().any(|(block, _)| *block >= since && head.0 < block.0 + EPOCH);
        Ok(if shown == Delivered::Not && waits { Delivered::Hidden } else { shown })
    }

    async fn weights(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        self.ledger.weights(netuid).await
    }
}

/// Rounds every so many blocks, until the chain has reached a height; what was heard.
async fn run_until(world: &World, chain: &Arc<Scripted>, period_blocks: u64, height: u64) -> Vec<String> {
    let (mut validator, ear) = (open(world, chain).await, Ear::default());
    let schedule = Schedule { period_blocks: Some(period_blocks), rounds: None, ..schedule(0) };
    let reached = async {
        while chain.block().await.0 < height {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    validator.run(schedule, &ear, reached).await.unwrap();
    ear.0.into_inner().unwrap()
}

/// A counted run; how it ended and what was heard.
async fn run_counted(world: &World, chain: &Arc<Scripted>) -> (Result<(), NodeError>, Vec<String>) {
    let (mut validator, ear) = (open(world, chain).await, Ear::default());
    let run = validator.run(schedule(1), &ear, std::future::pending());
    let ended = tokio::time::timeout(Duration::from_secs(60), run).await.unwrap();
    (ended, ear.0.into_inner().unwrap())
}

async fn open(world: &World, chain: &Arc<Scripted>) -> Validator {
    Validator::open(Arc::clone(chain) as _, plugins(), world.validator_options("v")).await.unwrap()
}

const IF_ALWAYS: &str =
    "if this happens every round, update this program: the chain may open another form of commits";

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_the_chain_did_not_open_are_told_and_committed_again() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    // The first commit is never opened, the second is.
    let chain = Scripted::new(&world, Said { opens: Some(1), ..Said::default() });
    let heard = run_until(&world, &chain, 100_000, 80).await;
    let lost = "told: the weights committed after block 5 were not opened by the chain: at block 16 it neither shows \
                them nor has the commit; they are tried again; ";
    assert_eq!(heard, ["epoch 0", "hidden for 1", &format!("{lost}{IF_ALWAYS}"), "hidden for 1"]);
    assert_eq!((chain.writes(), world.weights_of("v").await), (2, vec![65535]));
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_follow_one_another_do_not_hide_that_none_is_opened() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = Scripted::new(&world, Said { opens: Some(usize::MAX), ..Said::default() });
    let heard = run_until(&world, &chain, 10, 34).await;
    let lost = "told: the weights committed after block 5 were not opened by the chain: at block 30 it does not show \
                them, and their time was over by block 29; the next round's follow; ";
    let told: Vec<_> = heard.iter().filter(|what| what.starts_with("told")).collect();
    assert_eq!(told, [&format!("{lost}{IF_ALWAYS}")]);
    assert_eq!(heard[..4], ["epoch 0", "hidden for 1", "epoch 1", "hidden for 1"]);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_may_still_come_is_waited_for_and_told_when_it_came() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let unsure = Delivered::Unsure { until: BlockNumber(99) };
    let chain = Scripted::new(
        &world,
        Said {
            delivered: [Delivered::Not, unsure, unsure].into(),
            writes: [(silent(), true)].into(),
            ..Said::default()
        },
    );
    let (ended, heard) = run_counted(&world, &chain).await;
    ended.unwrap();
    let lost =
        "failed Weights: scripted gave no answer to set_weights: it hung up; it may or may not have happened";
    assert_eq!(heard, ["epoch 0", lost, "set 1"]);
    assert_eq!((chain.writes(), world.weights_of("v").await), (1, vec![65535]));

    // One that did not come after all is sent again.
    world.ledger.advance(10);
    *chain.said.lock().unwrap() = Said {
        delivered: [Delivered::Not, unsure, Delivered::Not].into(),
        writes: [(silent(), false)].into(),
        ..Said::default()
    };
    let (ended, heard) = run_counted(&world, &chain).await;
    ended.unwrap();
    assert_eq!(heard, ["epoch 1", lost, "set 1"]);
    assert_eq!(chain.writes(), 2);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_the_client_lost_while_running_are_asked_for_and_set_again_only_where_they_are_not() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let lost = || Ok(Tended { waiting: 0, told: vec!["the commit ab… is lost".into()], is_lost: true });
    let delivered = [Delivered::Not, Delivered::Not].into();
    let tended = [lost(), Ok(Tended::default()), lost()].into();
    let chain = Scripted::new(&world, Said { delivered, tended, ..Said::default() });
    let heard = run_until(&world, &chain, 100_000, 20).await;
    let told = "told: the commit ab… is lost";
    assert_eq!(heard, ["epoch 0", "set 1", told, "set 1", told]);
    assert_eq!(chain.writes(), 2);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_wants_more_weights_than_miners_were_audited_gets_them() {
    let rules = SubnetRules { min_weights: 3, ..SubnetRules::default() };
    let world = World::ruled(&["v"], &["m", "absent", "gone"], rules);
    let miner = world.honest("m", "v").await;
    let chain = Scripted::new(&world, Said::default());
    let (ended, heard) = run_counted(&world, &chain).await;
    ended.unwrap();
    assert_eq!((heard, chain.writes()), (vec!["epoch 0".to_owned(), "set 1".to_owned()], 2));
    let row = vec![(Uid(0), 0), (Uid(1), 65535), (Uid(2), 0)];
    assert_eq!(world.ledger.weights(world::NETUID).await.unwrap(), [(Uid(0), row)]);
    assert_eq!(open(&world, &chain).await.deliver().await.unwrap(), Delivery::AlreadySet);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_cannot_be_set_by_this_program_end_a_counted_run_and_are_not_tried_for_ever() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = Scripted::new(&world, Said { writes: [(too_new(), false)].into(), ..Said::default() });
    let (ended, heard) = run_counted(&world, &chain).await;
    let why = "cannot timelock the weights: the chain opens version 5 of commits: update this program";
    assert_eq!(ended.unwrap_err().to_string(), why);
    assert_eq!((heard, chain.writes()), (vec!["epoch 0".to_owned(), format!("failed Weights: {why}")], 1));

    // Hidden weights that can no longer be looked after end it too, and a damaged journal ends every run.
    let damaged = || ChainError::RevealJournal { path: "reveals".into(), why: "it is cut short".into() };
    for (error, counted) in [(too_new(), true), (damaged(), true), (damaged(), false)] {
        world.ledger.advance(10);
        let expected = error.to_string();
        *chain.said.lock().unwrap() = Said { tended: [Err(error)].into(), ..Said::default() };
        let (mut validator, ear) = (open(&world, &chain).await, Ear::default());
        let schedule = Schedule { rounds: counted.then_some(1), ..schedule(1) };
        let run = validator.run(schedule, &ear, std::future::pending());
        let ended = tokio::time::timeout(Duration::from_secs(60), run).await.unwrap();
        assert_eq!(ended.unwrap_err().to_string(), expected);
    }
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_whose_weights_could_never_be_set_does_not_begin() {
    let world = World::new(&["v"], &["m"]);
    let chain = Scripted::new(&world, Said { not_ready: true, ..Said::default() });
    let options = world.validator_options("v");
    let folder = options.evidence_dir.clone();
    let opened = Validator::open(chain, plugins(), options).await;
    assert_eq!(
        opened.err().unwrap().to_string(),
        "cannot timelock the weights: the chain opens version 5 of commits: update this program"
    );
    assert!(!folder.exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_of_an_earlier_run_are_not_set_once_they_are_old() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let chain = Scripted::new(&world, Said { deaf_commitments: 1, ..Said::default() });
    world.validator("v").await.round().await.unwrap();
    world.ledger.advance(100);
    let (ended, heard) = run_counted(&world, &chain).await;
    ended.unwrap();
    assert!(heard[0].starts_with("failed Round: scripted gave no answer"), "{heard:?}");
    let old = "failed Weights: the weights of the round at block 5 are 100 blocks old, and after 20 they are not set \
               any more: the next round's will be";
    assert_eq!(heard[1..], [old, "epoch 1", "set 1"]);
    assert_eq!(chain.writes(), 1);
    miner.stop().await;
}
