//! The configuration as the verbs use it: every value checked, every path resolved.

use std::collections::HashSet;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use plimsoll_chain::{Endpoint, Network};
use plimsoll_core::{ByteSize, Digest, Hotkey, NetUid};
use plimsoll_store::KnownDisks;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::{KEYS, SECTIONS};
use super::kind::Kind;
use super::layers::Layered;
use super::read::Found;
use super::slot::{Slot, params_key, pin_key, plugin_key};
use super::subnet::Agreed;

/// `plimsoll.toml`, layered and checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Whose key signs.
    pub(crate) wallet: Wallet,
    /// How much space, and where.
    pub(crate) space: Space,
    /// Which chain and subnet.
    pub(crate) chain: Chain,
    /// For `miner`.
    pub(crate) miner: Miner,
    /// For `validator`.
    pub(crate) validator: Validator,
    /// Limits of plugins.
    pub(crate) plugins: Plugins,
    /// How space is divided.
    pub(crate) allocation: PluginChoice,
    /// Whom to audit.
    pub(crate) challenge: PluginChoice,
    /// How space is filled and proven.
    pub(crate) proof: PluginChoice,
    /// What is paid.
    pub(crate) incentive: PluginChoice,
    /// Where datasets are, and what a row is.
    pub(crate) dataset: PluginChoice,
    /// Where they are collected to, and how fast.
    pub(crate) collecting: Collecting,
    /// The agreement in force.
    pub(crate) agreed: Option<Agreed>,
}

/// `[wallet]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wallet {
    /// The coldkey's name.
    pub(crate) name: String,
    /// The hotkey's name.
    pub(crate) hotkey: String,
    /// The folder of all wallets.
    pub(crate) path: PathBuf,
}

/// `[space]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Space {
    /// The folder of plots.
    pub(crate) db_path: PathBuf,
    /// Where is remembered which disk that was.
    pub(crate) disks_dir: PathBuf,
    /// The share of the free space to use.
    pub(crate) threshold: f64,
    /// The absolute cap.
    pub(crate) max_size: Option<ByteSize>,
    /// Bytes of a chunk.
    pub(crate) chunk_size: ByteSize,
    /// Threads; 0 means one a core.
    pub(crate) workers: usize,
    /// `auto`, `direct` or `buffered`.
    pub(crate) io: String,
}

impl Space {
    /// What is known of the disk under the folder of plots.
    pub(crate) fn known_disks(&self) -> KnownDisks {
        KnownDisks::at(&self.disks_dir)
    }

    /// The number of threads, where one was chosen.
    pub(crate) fn threads(&self) -> Option<usize> {
        (self.workers > 0).then_some(self.workers)
    }
}

/// `[chain]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Chain {
    /// Where it is.
    #[serde(deserialize_with = "from_text")]
    pub(crate) endpoint: Endpoint,
    /// The Bittensor network, where it was named. `endpoint` is of it.
    #[serde(default, deserialize_with = "from_some_text")]
    pub(crate) network: Option<Network>,
    /// The subnet.
    pub(crate) netuid: NetUid,
}

/// `[miner]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Miner {
    /// Where audits are answered.
    pub(crate) listen: SocketAddr,
    /// What is written to the chain, where it differs.
    pub(crate) announce: Option<SocketAddr>,
    /// Open connections.
    pub(crate) connections: usize,
    /// Of one address.
    pub(crate) connections_per_address: usize,
    /// Requests that are worked on.
    pub(crate) answers_at_once: usize,
    /// Of one validator.
    pub(crate) answers_at_once_per_caller: usize,
    /// Requests in one go.
    pub(crate) burst: u32,
    /// Until one more.
    pub(crate) refill_ms: u64,
    /// For a head.
    pub(crate) head_ms: u64,
    /// For a body.
    pub(crate) body_ms: u64,
    /// For an answer.
    pub(crate) answer_ms: u64,
    /// Where it is not empty: nobody else.
    pub(crate) only: HashSet<Hotkey>,
    /// Never.
    pub(crate) deny: HashSet<Hotkey>,
    /// Where answered requests are kept, if not beside the plots.
    pub(crate) replay_dir: Option<PathBuf>,
    /// Whether version 10 is spoken too.
    pub(crate) axon_v10: bool,
}

/// `[validator]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Validator {
    /// Audits of an epoch.
    pub(crate) audits: u32,
    /// Units of an audit.
    pub(crate) samples: u32,
    /// The longest deadline.
    pub(crate) deadline_ms: u32,
    /// CPU time for verifying.
    pub(crate) verify_ms: u32,
    /// Audits in flight.
    pub(crate) concurrency: usize,
    /// The folder of the evidence log.
    pub(crate) evidence_dir: PathBuf,
}

/// `[plugins]`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Plugins {
    /// The folder of compiled plugins.
    pub(crate) cache_dir: PathBuf,
    /// `compiled` or `interpreted`.
    pub(crate) allow: String,
    /// The largest file.
    pub(crate) max_component: ByteSize,
    /// Memory of one instance.
    pub(crate) max_memory: ByteSize,
    /// Work of one call, in percent of what is built in.
    pub(crate) fuel_percent: u64,
}

/// What `[dataset]` says beside its plugin.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Collecting {
    /// The folder of the archive.
    pub(crate) data_dir: PathBuf,
    /// Requests at a time.
    pub(crate) jobs: usize,
    /// Requests a second; 0 for as many as are granted.
    pub(crate) rate: u32,
    /// Datasets with fewer valid rows do not count as downloaded.
    pub(crate) min_rows: u32,
    /// Whether snapshots are signed.
    pub(crate) sign: bool,
}

/// A plugin with its pin and parameters.
#[derive(Debug, Clone)]
pub(crate) struct PluginChoice {
    /// Where it decides.
    pub(crate) slot: Slot,
    /// `builtin:NAME` or the resolved path of a file.
    pub(crate) name: String,
    /// The digest that it must have.
    pub(crate) pin: Option<Digest>,
    /// Its parameters: a JSON object.
    pub(crate) params: Value,
    /// Where the plugin was named, for messages.
    pub(crate) named: Option<Found>,
    /// Where the pin stands.
    pub(crate) pinned: Option<Found>,
    /// Where the parameters stand.
    pub(crate) given: Option<Found>,
}

impl Config {
    /// From values that were all checked.
    ///
    /// # Errors
    /// What serde says: only where this file and the table of keys disagree, which a test excludes.
    pub(crate) fn from_layers(layered: &Layered) -> Result<Self, serde_json::Error> {
        Ok(Self {
            wallet: section(layered, "wallet")?,
            space: space(layered)?,
            chain: chain(layered)?,
            miner: miner(layered)?,
            validator: section(layered, "validator")?,
            plugins: section(layered, "plugins")?,
            allocation: PluginChoice::of(layered, Slot::Allocation),
            challenge: PluginChoice::of(layered, Slot::Challenge),
            proof: PluginChoice::of(layered, Slot::Proof),
            incentive: PluginChoice::of(layered, Slot::Incentive),
            dataset: PluginChoice::of(layered, Slot::Dataset),
            collecting: section(layered, "dataset")?,
            agreed: layered.agreed.clone(),
        })
    }

    /// The choice of a slot.
    pub(crate) fn choice(&self, slot: Slot) -> &PluginChoice {
        match slot {
            Slot::Allocation => &self.allocation,
            Slot::Challenge => &self.challenge,
            Slot::Proof => &self.proof,
            Slot::Incentive => &self.incentive,
            Slot::Dataset => &self.dataset,
        }
    }
}

impl PluginChoice {
    fn of(layered: &Layered, slot: Slot) -> Self {
        let found = |path: &str| layered.values.get(path).cloned();
        let (named, pinned, given) = (found(plugin_key(slot)), found(pin_key(slot)), found(params_key(slot)));
        let name = named.as_ref().map_or_else(String::new, |found| match found.value.as_str() {
            Some(builtin) if builtin.starts_with("builtin:") => builtin.to_owned(),
            _ => found.path().display().to_string(),
        });
        let pin = pinned.as_ref().and_then(|found| found.value.as_str()?.parse().ok());
        let params = given.as_ref().map_or_else(|| Value::Object(Map::new()), |found| found.value.clone());
        Self { slot, name, pin, params, named, pinned, given }
    }
}

/// A cap that stands alone is meant to be used up: the default threshold does not lower it.
fn space(layered: &Layered) -> Result<Space, serde_json::Error> {
    let mut space: Space = section(layered, "space")?;
    let by_default = layered.values.get("space.threshold").is_none_or(|found| found.place.is_none());
    if space.max_size.is_some() && by_default {
        space.threshold = 1.0;
    }
    Ok(space)
}

/// A cap that was lowered below the default of the part that one may take of it lowers that too.
fn miner(layered: &Layered) -> Result<Miner, serde_json::Error> {
    let mut miner: Miner = section(layered, "miner")?;
    let by_default = |path: &str| layered.values.get(path).is_none_or(|found| found.place.is_none());
    if by_default("miner.connections_per_address") {
        miner.connections_per_address = miner.connections_per_address.min(miner.connections);
    }
    if by_default("miner.answers_at_once_per_caller") {
        miner.answers_at_once_per_caller = miner.answers_at_once_per_caller.min(miner.answers_at_once);
    }
    Ok(miner)
}

/// A network that is named stands for its public nodes, unless nodes are named too.
fn chain(layered: &Layered) -> Result<Chain, serde_json::Error> {
    let mut chain: Chain = section(layered, "chain")?;
    let Some(network) = chain.network else { return Ok(chain) };
    let by_default = layered.values.get("chain.endpoint").is_none_or(|found| found.place.is_none());
    chain.endpoint = match chain.endpoint {
        Endpoint::Bittensor(places) => match places.network() {
            Some(other) if other != network => {
                let why = format!(
                    "chain.endpoint is of `{other}`, and chain.network is `{network}`: remove one of them"
                );
                return Err(serde_json::Error::custom(why));
            }
            _ => Endpoint::Bittensor(places.of_network(network)),
        },
        _ if by_default => Endpoint::Bittensor(network.into()),
        local => {
            let why = format!(
                "chain.endpoint is `{local}`, which is of no network, and chain.network is `{network}`: remove one of \
                 them"
            );
            return Err(serde_json::Error::custom(why));
        }
    };
    Ok(chain)
}

fn section<T: for<'de> Deserialize<'de>>(layered: &Layered, name: &str) -> Result<T, serde_json::Error> {
    debug_assert!(SECTIONS.iter().any(|(section, _)| *section == name));
    let mine = KEYS.iter().filter(|key| key.section() == name);
    let set = mine.filter_map(|key| Some((key, layered.values.get(key.path)?)));
    let values = set.map(|(key, found)| {
        let value = match key.kind {
            Kind::Path => Value::from(found.path().display().to_string()),
            _ => found.value.clone(),
        };
        (key.name().to_owned(), value)
    });
    serde_json::from_value(Value::Object(values.collect()))
}

fn from_some_text<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    from_text(from).map(Some)
}

fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}
