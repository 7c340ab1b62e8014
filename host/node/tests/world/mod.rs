//! A small subnet in this process: a ledger, plots of a mebibyte on the real disk, miners and validators on
//! loopback, the shipped plugins.

#![allow(dead_code, reason = "each test binary uses another part of it")]

pub(crate) mod moody;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use plimsoll_chain::{Chain, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};
use plimsoll_core::{AuditBudget, Digest, Hotkey, Identity, Keypair, NetUid, RAO_PER_TAO, StakeRao};
use plimsoll_node::miner::{Habit, HeldPlot, MinerOptions, Plots, Prompt, RunningMiner, start_with};
use plimsoll_node::space::{GenerateJob, GenerateOptions, Silent, generate};
use plimsoll_node::validator::{Validator, ValidatorOptions};
use plimsoll_node::{Choices, PluginChoice, ValidatorPlugins};
use plimsoll_plugin::{Host, HostOptions, Scheme};
use plimsoll_wire::{ClientOptions, MissingLog, ReplayKeeping};

pub(crate) const NETUID: NetUid = NetUid(7);
pub(crate) const PLOT_BYTES: u64 = 1 << 20;

/// One host for all tests of a binary, and one folder of compiled plugins for all binaries.
pub(crate) fn host() -> &'static Host {
    static HOST: LazyLock<Host> = LazyLock::new(|| {
        let cache_dir = Some(concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache").into());
        Host::new(HostOptions { cache_dir, ..HostOptions::default() }).unwrap()
    });
    &HOST
}

/// All audits at once, so that rounds are quick.
pub(crate) fn choices() -> Choices {
    let strategy = PluginChoice::builtin("challenge-uniform");
    let at_once = serde_json::json!({ "spread_ms": 0 });
    Choices { challenge: strategy.with_params(at_once), ..Choices::default() }
}

pub(crate) fn plugins() -> ValidatorPlugins {
    static PLUGINS: LazyLock<ValidatorPlugins> =
        LazyLock::new(|| choices().load_for_validator(host()).unwrap());
    PLUGINS.clone()
}

pub(crate) fn scheme() -> Scheme {
    plugins().scheme
}

pub(crate) fn key(name: &str) -> Keypair {
    Keypair::from_seed(&Digest::of(name.as_bytes()).0)
}

/// A subnet with its folder.
pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    /// Validators with stake and permit first, then miners; uids in that order.
    pub(crate) fn new(validators: &[&str], miners: &[&str]) -> Self {
        Self::limited(validators, miners, 0)
    }

    /// The same with so many blocks between two `set_weights`.
    pub(crate) fn limited(validators: &[&str], miners: &[&str], weights_rate_limit_blocks: u64) -> Self {
        Self::ruled(validators, miners, SubnetRules { weights_rate_limit_blocks, ..SubnetRules::default() })
    }

    /// The same with rules of its own, but for the tempo.
    pub(crate) fn ruled(validators: &[&str], miners: &[&str], rules: SubnetRules) -> Self {
        let neuron = |name: &&str, permit: bool| GenesisNeuron {
            hotkey: key(name).hotkey(),
            coldkey: key("coldkey").hotkey(),
            stake_rao: StakeRao(if permit { 100 * RAO_PER_TAO } else { 0 }),
            validator_permit: permit,
            axon: None,
        };
        let neurons = validators.iter().map(|name| neuron(name, true));
        let neurons = neurons.chain(miners.iter().map(|name| neuron(name, false))).collect();
        let rules = SubnetRules { tempo_blocks: 10, ..rules };
        let genesis = LedgerGenesis::single(Digest::of(b"world"), NETUID, rules, neurons);
        Self { ledger: Ledger::new(genesis).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn chain(&self) -> Arc<dyn Chain> {
        Arc::new(self.ledger.clone())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of `miner`'s plot for `validator`, filled and sealed if it is not there.
    pub(crate) fn plot_of(&self, miner: &str, validator: &str) -> PathBuf {
        let folder = self.path(miner);
        std::fs::create_dir_all(&folder).unwrap();
        let validator = key(validator).hotkey();
        let path = plimsoll_store::plot_path(&folder, &validator);
        if !path.exists() {
            let identity = Identity { netuid: NETUID, owner: key(miner).hotkey(), validator };
            let job = GenerateJob { path: path.clone(), identity, capacity_bytes: PLOT_BYTES };
            let options = GenerateOptions { workers: Some(2), ..GenerateOptions::default() };
            generate(&scheme(), &[job], &options, &Silent).unwrap();
        }
        path
    }

    /// The same, open.
    pub(crate) fn held(&self, miner: &str, validator: &str) -> HeldPlot {
        let identity =
            Identity { netuid: NETUID, owner: key(miner).hotkey(), validator: key(validator).hotkey() };
        HeldPlot::open(&self.plot_of(miner, validator), &identity, &scheme()).unwrap()
    }

    pub(crate) fn miner_options(&self, miner: &str) -> MinerOptions {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut options = MinerOptions::new(key(miner), NETUID, self.path(miner), listen);
        options.self_audit_every = None;
        let missing = MissingLog::NeverServed;
        options.replay = ReplayKeeping::Folder { path: self.path(miner).join("replay"), missing };
        options.limits.drain_within = Duration::from_millis(100);
        options
    }

    /// Serves `plots` as `miner`.
    pub(crate) async fn serve(
        &self,
        miner: &str,
        plots: Vec<HeldPlot>,
        habit: Arc<dyn Habit>,
    ) -> RunningMiner {
        let options = self.miner_options(miner);
        start_with(self.chain(), scheme(), options, Plots::new(plots), habit).await.unwrap()
    }

    /// A miner as it should be, with a plot for `validator`.
    pub(crate) async fn honest(&self, miner: &str, validator: &str) -> RunningMiner {
        self.serve(miner, vec![self.held(miner, validator)], Arc::new(Prompt)).await
    }

    pub(crate) fn validator_options(&self, validator: &str) -> ValidatorOptions {
        let folder = self.path(&format!("evidence-{validator}"));
        ValidatorOptions {
            budget: AuditBudget { audits: 16, samples: 12, verify_ms: 60_000, deadline_ms: 5_000 },
            client: ClientOptions { grace: Duration::from_secs(3), ..ClientOptions::default() },
            ..ValidatorOptions::new(key(validator), NETUID, folder)
        }
    }

    pub(crate) async fn validator(&self, validator: &str) -> Validator {
        self.validator_with(validator, plugins()).await
    }

    pub(crate) async fn validator_with(&self, validator: &str, plugins: ValidatorPlugins) -> Validator {
        Validator::open(self.chain(), plugins, self.validator_options(validator)).await.unwrap()
    }

    /// The weights that `validator` has on chain.
    pub(crate) async fn weights_of(&self, validator: &str) -> Vec<u16> {
        let snapshot = self.ledger.snapshot(NETUID).await.unwrap();
        let uid = snapshot.neuron(&key(validator).hotkey()).unwrap().uid;
        let rows = self.ledger.weights(NETUID).await.unwrap();
        let row = rows.into_iter().find(|(whose, _)| *whose == uid);
        row.map_or_else(Vec::new, |(_, row)| row.into_iter().map(|(_, weight)| weight).collect())
    }
}

/// Makes a plot's region wrong: every byte of `len` from `offset` of the region is flipped.
pub(crate) fn damage(path: &Path, offset: u64, len: usize) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let start = plimsoll_store::Geometry::of(PLOT_BYTES).region_offset + offset;
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, start).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
    file.write_all_at(&bytes, start).unwrap();
}

/// Flips bits of one byte of a plot's region.
pub(crate) fn flip(path: &Path, offset: u64, bits: u8) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let at = plimsoll_store::Geometry::of(PLOT_BYTES).region_offset + offset;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ bits], at).unwrap();
}

pub(crate) fn hotkey(name: &str) -> Hotkey {
    key(name).hotkey()
}
