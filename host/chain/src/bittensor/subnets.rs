//! All subnets, all rows of weights, and what commitments were revealed.

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, Uid};
use serde::{Deserialize, Serialize};
use subxt::ext::scale_decode::DecodeAsType;

use super::Bittensor;
use super::client::{Pinned, Trouble};
use super::rpc;
use super::runtime::{Runtime, SUBTENSOR, account, number};
use super::scale::{Cursor, Garbled, StoredCommitment, revealed_of, weights_row};
use super::stored::{Values, is_added};
use crate::{ChainError, Refusal, WeightRow};

/// So many rows are asked for before it is known how many neurons there are.
const FIRST_ROWS: u16 = 256;

/// One subnet in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetSummary {
    /// Its number.
    pub netuid: NetUid,
    /// What it is called; empty where the runtime does not tell.
    pub name: String,
    /// Blocks between two epochs.
    pub tempo_blocks: u64,
    /// How many neurons it has.
    pub neurons: u16,
}

/// Something that was sealed until a drand round, and is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealedCommitment {
    /// Who committed to it.
    pub hotkey: Hotkey,
    /// When it was revealed.
    pub block: BlockNumber,
    /// What it is.
    pub bytes: Vec<u8>,
}

/// What is read of a subnet in the list of all.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct DynamicInfo {
    netuid: u16,
    subnet_name: Vec<u8>,
    tempo: u16,
}

impl Bittensor {
    /// All subnets of the network, by number, at one block: one call for names and tempos where the runtime has it,
    /// one request for the counts of neurons.
    ///
    /// # Errors
    /// As every read of a [`Chain`](crate::Chain).
    pub async fn subnets(&self) -> Result<Vec<SubnetSummary>, ChainError> {
        let pinned = self.pinned().await?;
        match self.subnets_at(&pinned).await {
            Err(Trouble::Garbled(garbled)) => {
                let runtime = self.runtime_at(&pinned.hash, true).await?;
                if runtime.spec_version == pinned.runtime.spec_version {
                    return Err(self.nonsense(&garbled));
                }
                let pinned = Pinned { runtime, ..pinned };
                self.subnets_at(&pinned).await.map_err(|trouble| self.troubled(trouble))
            }
            done => done.map_err(|trouble| self.troubled(trouble)),
        }
    }

    async fn subnets_at(&self, pinned: &Pinned) -> Result<Vec<SubnetSummary>, Trouble> {
        let Pinned { hash, runtime, .. } = pinned;
        if let Some(output) = runtime.subnets_type() {
            let method = "SubnetInfoRuntimeApi_get_all_dynamic_info";
            if let Some(answer) = self.call_if_there(method, &[], hash).await? {
                let mut all = named_subnets(&answer, output, runtime)?;
                let netuids: Vec<_> = all.iter().map(|subnet| subnet.netuid).collect();
                let keys = of_each(runtime, &["SubnetworkN"], &netuids)?;
                let values = rpc::storage(self.line(), &keys, hash).await?;
                for subnet in &mut all {
                    subnet.neurons = small(runtime, "SubnetworkN", subnet.netuid, &values)?;
                }
                return Ok(all);
            }
        }
        self.unnamed_subnets_at(pinned).await
    }

    async fn unnamed_subnets_at(&self, pinned: &Pinned) -> Result<Vec<SubnetSummary>, Trouble> {
        let Pinned { hash, runtime, .. } = pinned;
        let prefix = runtime.prefix(SUBTENSOR, "NetworksAdded", vec![])?;
        let keys = rpc::keys(self.line(), &prefix, hash).await?;
        let netuid = |key: &Vec<u8>| Ok(NetUid(Cursor::new(&key[prefix.len()..]).u16()?));
        let mut netuids: Vec<_> = keys.iter().map(netuid).collect::<Result<_, Garbled>>()?;
        netuids.sort_unstable();
        let entries = ["NetworksAdded", "SubnetworkN", "Tempo"];
        let values = rpc::storage(self.line(), &of_each(runtime, &entries, &netuids)?, hash).await?;
        let mut all = Vec::with_capacity(netuids.len());
        for netuid in netuids {
            if !is_added(runtime, netuid, &values)? {
                continue;
            }
            all.push(SubnetSummary {
                netuid,
                name: String::new(),
                tempo_blocks: u64::from(small(runtime, "Tempo", netuid, &values)?),
                neurons: small(runtime, "SubnetworkN", netuid, &values)?,
            });
        }
        Ok(all)
    }

    /// All weights that are set, by uid: one request where there are no more than 256 neurons.
    pub(super) async fn rows_of(&self, netuid: NetUid) -> Result<Vec<WeightRow>, ChainError> {
        let pinned = self.pinned().await?;
        self.rows_at(&pinned, netuid).await.map_err(|trouble| self.troubled(trouble))
    }

    async fn rows_at(&self, pinned: &Pinned, netuid: NetUid) -> Result<Vec<WeightRow>, Trouble> {
        let Pinned { hash, runtime, .. } = pinned;
        let row_key = |uid: u16| runtime.key(SUBTENSOR, "Weights", vec![number(netuid.0), number(uid)]);
        let mut keys = of_each(runtime, &["NetworksAdded", "SubnetworkN"], &[netuid])?;
        for uid in 0..FIRST_ROWS {
            keys.push(row_key(uid)?);
        }
        let mut values = rpc::storage(self.line(), &keys, hash).await?;
        if !is_added(runtime, netuid, &values)? {
            return Err(Trouble::Refused(Refusal::NoSubnet { netuid }));
        }
        let count = small(runtime, "SubnetworkN", netuid, &values)?;
        let more = (FIRST_ROWS..count).map(row_key).collect::<Result<Vec<_>, _>>()?;
        values.extend(rpc::storage(self.line(), &more, hash).await?);
        let mut rows = Vec::new();
        for uid in 0..count {
            let row = values.get(&row_key(uid)?).map(|value| weights_row(value)).transpose()?;
            if let Some(row) = row.filter(|row| !row.is_empty()) {
                rows.push((Uid(uid), row));
            }
        }
        Ok(rows)
    }

    /// Everything that is committed on a subnet, with all its fields, by uid.
    ///
    /// # Errors
    /// As every read of a [`Chain`](crate::Chain).
    pub async fn stored_commitments(
        &self,
        netuid: NetUid,
    ) -> Result<Vec<(Hotkey, StoredCommitment)>, ChainError> {
        Ok(self.view(netuid).await?.0.commitments)
    }

    /// What was sealed on a subnet and has been revealed since, by uid, the oldest first; the chain keeps the last ten
    /// of each neuron.
    ///
    /// # Errors
    /// As every read of a [`Chain`](crate::Chain).
    pub async fn revealed_commitments(&self, netuid: NetUid) -> Result<Vec<RevealedCommitment>, ChainError> {
        let (view, runtime) = self.view(netuid).await?;
        let hotkeys: Vec<Hotkey> = view.neurons.iter().map(|neuron| neuron.hotkey).collect();
        self.revealed_of(netuid, &hotkeys, &view.hash, &runtime).await
    }

    /// The same of these hotkeys at the block `hash`: one request. A runtime that opens nothing has none.
    pub(super) async fn revealed_of(
        &self,
        netuid: NetUid,
        hotkeys: &[Hotkey],
        hash: &Digest,
        runtime: &Runtime,
    ) -> Result<Vec<RevealedCommitment>, ChainError> {
        let [pallet, entry] = ["Commitments", "RevealedCommitments"];
        if !runtime.has_storage(pallet, entry) {
            return Ok(Vec::new());
        }
        let key = |hotkey: &Hotkey| runtime.key(pallet, entry, vec![number(netuid.0), account(hotkey)]);
        let keys = hotkeys.iter().map(key).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|garbled| self.nonsense(&garbled))?;
        let values = rpc::storage(self.line(), &keys, hash).await.map_err(|fault| self.failed(fault))?;
        let mut all = Vec::new();
        for (hotkey, key) in hotkeys.iter().zip(&keys) {
            let Some(value) = values.get(key) else { continue };
            match revealed_of(value) {
                Ok(revealed) => all.extend(revealed.into_iter().map(|(bytes, block)| RevealedCommitment {
                    hotkey: *hotkey,
                    block,
                    bytes,
                })),
                Err(error) => tracing::warn!(%hotkey, %error, "a commitment cannot be read"),
            }
        }
        Ok(all)
    }
}

/// The answer of the call that lists all subnets; counts of neurons are not part of it.
fn named_subnets(answer: &[u8], output: u32, runtime: &Runtime) -> Result<Vec<SubnetSummary>, Garbled> {
    let mut rest = answer;
    let types = runtime.metadata().types();
    let all = Vec::<Option<DynamicInfo>>::decode_as_type(&mut rest, output, types);
    let all = all.map_err(|error| Garbled::new(error.to_string()))?;
    if !rest.is_empty() {
        return Err(Garbled(format!("{} bytes too many", rest.len())));
    }
    let summary = |info: DynamicInfo| SubnetSummary {
        netuid: NetUid(info.netuid),
        name: String::from_utf8_lossy(&info.subnet_name).into_owned(),
        tempo_blocks: u64::from(info.tempo),
        neurons: 0,
    };
    let mut all: Vec<_> = all.into_iter().flatten().map(summary).collect();
    all.sort_by_key(|subnet| subnet.netuid);
    Ok(all)
}

fn of_subnet(runtime: &Runtime, entry: &str, netuid: NetUid) -> Result<Vec<u8>, Garbled> {
    runtime.key(SUBTENSOR, entry, vec![number(netuid.0)])
}

fn of_each(runtime: &Runtime, entries: &[&str], netuids: &[NetUid]) -> Result<Vec<Vec<u8>>, Garbled> {
    let each =
        netuids.iter().flat_map(|netuid| entries.iter().map(|entry| of_subnet(runtime, entry, *netuid)));
    each.collect()
}

/// A number of 16 bits of a subnet, or what the runtime says it is until it is written.
fn small(runtime: &Runtime, entry: &str, netuid: NetUid, values: &Values) -> Result<u16, Garbled> {
    let value = values.get(&of_subnet(runtime, entry, netuid)?).map(Vec::as_slice);
    let value = value.or_else(|| runtime.default_of(SUBTENSOR, entry));
    Cursor::new(value.ok_or_else(|| Garbled(format!("{entry} is not there")))?).u16()
}
