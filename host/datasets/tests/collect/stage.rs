//! A subnet on the local ledger, whose datasets are on a hub in this process.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_bundle::find;
use plimsoll_chain::subnet::{RegistrationRules, SubnetRules};
use plimsoll_chain::{Chain, GenesisNeuron, Ledger, LedgerGenesis, LocalAdmin};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};
use plimsoll_datasets::Clock;
use plimsoll_datasets::archive::{Archive, Place};
use plimsoll_datasets::collect::{CollectError, CollectOptions, Listener, Silent, Summary, collect};
use plimsoll_datasets::fetch::{Budget, Caps, Endpoint, Fetch, FetchOptions, Pace};
use plimsoll_datasets::source::Source;
use plimsoll_hub::shape::Shape;
use plimsoll_hub::{Bucket, Hub, HubOptions, Repo, Way};
use plimsoll_plugin::{Host, HostOptions, PluginRef};
use tempfile::TempDir;

pub(crate) const NETUID: NetUid = NetUid(96);

/// The shipped source, compiled once a process.
pub(crate) fn flock() -> Source {
    static HOST: std::sync::OnceLock<Host> = std::sync::OnceLock::new();
    let host = HOST.get_or_init(|| Host::new(HostOptions::default()).unwrap());
    let plugin = PluginRef::new("builtin:dataset-flock", find("dataset-flock").unwrap().component);
    Source::load(host, &plugin, &serde_json::json!({})).unwrap()
}

pub(crate) fn key(uid: u16) -> Keypair {
    Keypair::from_seed(&Digest::of(format!("miner {uid}").as_bytes()).0)
}

/// A commit by a word.
pub(crate) fn commit_of(word: &str) -> String {
    Digest::of(word.as_bytes()).to_string().chars().take(40).collect()
}

/// So many rows as a miner writes them, different for every word.
pub(crate) fn rows(word: &str, count: usize) -> String {
    (0..count)
        .map(|n| {
            format!(
                r#"{{"system": null, "conversations": [{{"role": "user", "content": "{word} {n}?"}}, {{"role": "assistant", "content": "yes, {n}"}}]}}"#
            ) + "\n"
        })
        .collect()
}

/// A repository with one dataset, known by its word.
pub(crate) fn repo(namespace: &str, word: &str, text: impl Into<String>) -> Repo {
    Repo::with_dataset(namespace, &commit_of(word), text.into(), Way::Plain)
}

pub(crate) struct Stage {
    pub(crate) ledger: Ledger,
    pub(crate) hub: Hub,
    pub(crate) data: TempDir,
    pub(crate) caps: Caps,
    pub(crate) jobs: usize,
    pub(crate) clock: Clock,
}

impl Stage {
    pub(crate) fn new(neurons: u16, repos: impl IntoIterator<Item = Repo>) -> Self {
        Self::with(neurons, repos, HubOptions::default())
    }

    pub(crate) fn with(neurons: u16, repos: impl IntoIterator<Item = Repo>, options: HubOptions) -> Self {
        let neuron = |uid| GenesisNeuron {
            hotkey: key(uid).hotkey(),
            coldkey: Hotkey([9; 32]),
            stake_rao: StakeRao(0),
            validator_permit: false,
            axon: None,
        };
        let registration = RegistrationRules { immunity_blocks: 0, min_non_immune: 0, ..Default::default() };
        let rules = SubnetRules { max_neurons: neurons, registration, ..SubnetRules::default() };
        let neurons = (0..neurons).map(neuron).collect();
        let genesis = LedgerGenesis::single(Digest([5; 32]), NETUID, rules, neurons);
        let ledger = Ledger::new(genesis).unwrap();
        ledger.advance(1);
        let hub = Hub::start(repos, options).unwrap();
        let caps = Caps { pause: Duration::from_millis(1), ..Caps::default() };
        let (data, clock) = (tempfile::tempdir().unwrap(), Clock::default());
        Self { ledger, hub, data, caps, jobs: 32, clock }
    }

    /// 256 neurons of which 252 committed to what the hub has.
    pub(crate) async fn real() -> (Self, Shape) {
        let shape = Shape::new(1);
        let stage = Self::new(256, shape.repos(Way::Plain));
        for miner in &shape.miners {
            if let Some(commitment) = &miner.commitment {
                stage.commit(miner.uid, commitment).await;
            }
        }
        (stage, shape)
    }

    pub(crate) async fn commit(&self, uid: u16, text: &str) {
        self.ledger.commit(&key(uid), NETUID, text.as_bytes()).await.unwrap();
        self.ledger.advance(1);
    }

    /// The same for a dataset.
    pub(crate) async fn name(&self, uid: u16, namespace: &str, revision: &str) {
        self.commit(uid, &format!("{namespace}:1:{revision}")).await;
    }

    /// Another hotkey in the place of a neuron: whose, and its key.
    pub(crate) async fn recycle(&self) -> (Uid, Keypair) {
        let newcomer = Keypair::from_seed(&[77; 32]);
        let uid = self.ledger.register(&newcomer, NETUID, newcomer.hotkey()).await.unwrap();
        (uid, newcomer)
    }

    pub(crate) fn fetch(&self) -> Arc<Fetch> {
        let mut options = FetchOptions::new(Endpoint::parse(self.hub.address()).unwrap());
        options.caps = self.caps.clone();
        options.jobs = self.jobs;
        options.clock = self.clock.clone();
        Arc::new(Fetch::new(options, Arc::new(Budget::new(Pace::Free))).unwrap())
    }

    pub(crate) fn options(&self) -> CollectOptions {
        CollectOptions { clock: self.clock.clone(), ..CollectOptions::new(NETUID, self.data.path()) }
    }

    pub(crate) async fn collect(&self) -> Summary {
        self.collect_as(&self.options()).await.unwrap()
    }

    pub(crate) async fn collect_as(&self, options: &CollectOptions) -> Result<Summary, CollectError> {
        let silent: Arc<dyn Listener> = Arc::new(Silent);
        self.collect_heard(options, &silent).await
    }

    pub(crate) async fn collect_heard(
        &self,
        options: &CollectOptions,
        listener: &Arc<dyn Listener>,
    ) -> Result<Summary, CollectError> {
        let archive = Archive::open(&options.data_dir).map_err(CollectError::from)?;
        let archive = Arc::new(Mutex::new(archive));
        collect(options, &self.ledger, &self.fetch(), &archive, &flock(), listener).await
    }

    pub(crate) fn archive(&self) -> Archive {
        Archive::open_to_read(self.data.path()).unwrap()
    }

    /// A miner's dataset as the run kept it.
    pub(crate) fn restored(&self, of: &Summary, uid: u16) -> String {
        let place = Place { netuid: NETUID, block: of.subnet.block };
        String::from_utf8(self.archive().restore(place, Uid(uid)).unwrap()).unwrap()
    }

    /// Requests since the last time that this was asked: for files, and of the API.
    pub(crate) fn requests(&self) -> (usize, usize) {
        let log = self.hub.log();
        let counted = (log.count(Bucket::Resolvers), log.count(Bucket::Api));
        log.clear();
        counted
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The outcome of a uid by its short name.
pub(crate) fn outcome(of: &Summary, uid: u16) -> &str {
    &of.miners.iter().find(|line| line.uid == Uid(uid)).unwrap().outcome
}

/// The rows that were counted for a uid, and those of them that are valid.
pub(crate) fn counts(of: &Summary, uid: u16) -> (u32, u32) {
    let kept = of.miners[usize::from(uid)].kept.as_ref().unwrap();
    (kept.rows, kept.valid)
}
