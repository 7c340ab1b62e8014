//! What stands before the curtain rises: keys, a ledger, plugins, and a sealed plot for every miner.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_chain::{Chain, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};
use plimsoll_core::{
    ByteSize, Digest, Hotkey, Identity, Keypair, Layout, NetUid, RAO_PER_TAO, StakeRao, Uid,
};
use plimsoll_plugin::{Allocation, Scheme};

use super::{DemoOptions, Narrator, Role};
use crate::NodeError;
use crate::space::{AllocateRequest, GenerateJob, GenerateOptions, Generated, Progress, allocate, generate};

/// The demo's subnet.
pub(super) const NETUID: NetUid = NetUid(1);
/// Blocks between two rounds.
pub(super) const TEMPO_BLOCKS: u64 = 20;
/// A share is a whole number of these.
const CHUNK_BYTES: u64 = 64 << 10;

/// Everyone's key. All are derived from public words: they guard nothing.
pub(super) fn key_of(name: &str) -> Keypair {
    Keypair::from_seed(&Digest::of(format!("plimsoll demo: {name}").as_bytes()).0)
}

/// One miner before it starts.
pub(super) struct Prepared {
    pub(super) role: Role,
    pub(super) uid: Uid,
    pub(super) key: Keypair,
    pub(super) folder: PathBuf,
    pub(super) plot: PathBuf,
    pub(super) layout: Layout,
}

/// All that the play needs.
pub(super) struct Stage {
    pub(super) ledger: Ledger,
    pub(super) validator: Keypair,
    pub(super) miners: Vec<Prepared>,
}

/// A ledger whose first neuron is the validator, with all the stake, and whose others are the miners.
fn ledger(validator: Hotkey) -> Result<Ledger, NodeError> {
    let owner = key_of("coldkey").hotkey();
    let neuron = |hotkey: Hotkey, tao: u64, validator_permit: bool| GenesisNeuron {
        hotkey,
        coldkey: owner,
        stake_rao: StakeRao(tao * RAO_PER_TAO),
        validator_permit,
        axon: None,
    };
    let miners = Role::ALL.map(|role| neuron(key_of(role.word()).hotkey(), 0, false));
    let neurons = [neuron(validator, 1_000, true)].into_iter().chain(miners).collect();
    let rules =
        SubnetRules { tempo_blocks: TEMPO_BLOCKS, weights_rate_limit_blocks: 0, ..SubnetRules::default() };
    Ok(Ledger::new(LedgerGenesis::single(Digest::of(b"plimsoll demo"), NETUID, rules, neurons))?)
}

/// Divides, fills and seals.
pub(super) async fn prepare(
    folder: &Path,
    options: &DemoOptions,
    policy: Allocation,
    scheme: Scheme,
    narrator: &dyn Narrator,
    progress: Arc<dyn Progress>,
) -> Result<Stage, NodeError> {
    let validator = key_of("validator");
    let ledger = ledger(validator.hotkey())?;
    let snapshot = ledger.snapshot(NETUID).await?;
    narrator.say(&format!(
        "a local ledger with one validator ({}) and six miners, each with up to {} of {}",
        validator.hotkey().short(),
        ByteSize(options.plot_bytes),
        folder.display(),
    ));
    let mut miners = Vec::new();
    let mut jobs = Vec::new();
    for (role, uid) in Role::ALL.into_iter().zip(1..) {
        let key = key_of(role.word());
        let request = AllocateRequest {
            db_path: folder.to_path_buf(),
            wallet_name: "demo".into(),
            wallet_hotkey: role.word().into(),
            owner: key.hotkey(),
            endpoint: ledger.endpoint(),
            threshold: 1.0,
            max_bytes: Some(options.plot_bytes.saturating_mul(role.size_factor())),
            chunk_bytes: CHUNK_BYTES.min(options.plot_bytes.max(1)),
            rebalance: false,
        };
        let mut allocated = allocate(&snapshot, &request, &policy, &scheme)?;
        // Nobody else may set weights here, so nobody else gets a plot.
        allocated.partitions.retain(|partition| partition.validator == validator.hotkey());
        let Some(share) = allocated.partitions.first() else {
            return Err(NodeError::Unsupported(format!(
                "`{}` gives the validator none of {}'s space: choose another allocation policy",
                policy.descriptor().name,
                role.word()
            )));
        };
        let plot = plimsoll_store::plot_path(&request.folder(), &validator.hotkey());
        let identity = Identity { netuid: NETUID, owner: key.hotkey(), validator: validator.hotkey() };
        jobs.push(GenerateJob { path: plot.clone(), identity, capacity_bytes: share.size });
        allocated.write()?;
        miners.push((role, Uid(uid), key, request.folder(), plot));
    }
    let filling = GenerateOptions { cancel: options.cancel.clone(), ..GenerateOptions::default() };
    let filled = fill(scheme, jobs, filling, progress).await?;
    say_filled(&filled, narrator);
    let miners = miners
        .into_iter()
        .zip(filled)
        .map(|((role, uid, key, folder, plot), filled)| Prepared {
            role,
            uid,
            key,
            folder,
            plot,
            layout: filled.layout,
        })
        .collect();
    Ok(Stage { ledger, validator, miners })
}

async fn fill(
    scheme: Scheme,
    jobs: Vec<GenerateJob>,
    options: GenerateOptions,
    progress: Arc<dyn Progress>,
) -> Result<Vec<Generated>, NodeError> {
    let work = move || generate(&scheme, &jobs, &options, progress.as_ref());
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| NodeError::System { doing: "fill the plots", reason: e.to_string() })?
}

fn say_filled(filled: &[Generated], narrator: &dyn Narrator) {
    let bytes: u64 = filled.iter().map(|plot| plot.bytes).sum();
    let seconds = filled.iter().map(|plot| plot.seconds).fold(0.0, f64::max);
    let method = filled.first().map_or("", |plot| plot.io_method.as_str());
    narrator.say(&format!("filled and sealed six plots, {} in {seconds:.1} s ({method})", ByteSize(bytes)));
}
