//! One subnet at one block, from whichever source it was read.

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, StakeRao, Uid};

use super::scale::{AxonRecord, Garbled, MetagraphAnswer, StoredCommitment, commitment_of};
use crate::chain::CommitReveal;
use crate::{ChainCommitment, NeuronRecord, Snapshot};

/// All that is read of a subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubnetView {
    pub(crate) netuid: NetUid,
    pub(crate) block: BlockNumber,
    pub(crate) hash: Digest,
    /// Where the figures are from: stakes differ.
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) rules: Rules,
    pub(crate) owner: Option<Hotkey>,
    /// By uid.
    pub(crate) neurons: Vec<NeuronRecord>,
    /// By uid, as far as they can be read.
    pub(crate) commitments: Vec<(Hotkey, StoredCommitment)>,
}

/// How a subnet was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// By one call into the runtime, which counts stakes as the chain does.
    Call,
    /// From single values; stakes without what counts of TAO.
    Stored,
}

/// The subnet's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rules {
    pub(crate) tempo_blocks: u64,
    pub(crate) weights_rate_limit_blocks: u64,
    pub(crate) serving_rate_limit_blocks: u64,
    pub(crate) min_weights: u16,
    pub(crate) max_weight: u16,
    pub(crate) weights_version: u64,
    pub(crate) commit_reveal: bool,
    pub(crate) reveal_period_epochs: u64,
    /// Blocks since the last epoch, where the source tells it.
    pub(crate) blocks_since_epoch: Option<u64>,
}

impl SubnetView {
    /// From the answer to one call, at the block `hash`.
    pub(crate) fn of_answer(netuid: NetUid, hash: Digest, answer: MetagraphAnswer) -> Result<Self, Garbled> {
        if answer.netuid != netuid.0 {
            return Err(Garbled(format!("subnet {} in place of subnet {netuid}", answer.netuid)));
        }
        let block = BlockNumber(given(answer.block, "block")?);
        let rules = Rules {
            tempo_blocks: u64::from(given(answer.tempo, "tempo")?),
            weights_rate_limit_blocks: given(answer.weights_rate_limit, "weights_rate_limit")?,
            serving_rate_limit_blocks: given(answer.serving_rate_limit, "serving_rate_limit")?,
            min_weights: given(answer.min_allowed_weights, "min_allowed_weights")?,
            max_weight: given(answer.max_weights_limit, "max_weights_limit")?,
            weights_version: given(answer.weights_version, "weights_version")?,
            commit_reveal: given(answer.commit_reveal_weights_enabled, "commit_reveal_weights_enabled")?,
            reveal_period_epochs: given(answer.commit_reveal_period, "commit_reveal_period")?,
            blocks_since_epoch: answer.blocks_since_last_step,
        };
        let hotkeys = given(answer.hotkeys, "hotkeys")?;
        let coldkeys = given(answer.coldkeys, "coldkeys")?;
        let axons = given(answer.axons, "axons")?;
        let permits = given(answer.validator_permit, "validator_permit")?;
        let updates = given(answer.last_update, "last_update")?;
        let stakes = given(answer.total_stake, "total_stake")?;
        let count = hotkeys.len();
        let lengths = [coldkeys.len(), axons.len(), permits.len(), updates.len(), stakes.len()];
        if lengths.iter().any(|&length| length != count) {
            return Err(Garbled(format!("lists of {lengths:?} entries for {count} neurons")));
        }
        // Told where it is asked for; nothing that the program does depends on it.
        let incentives = answer.incentives.filter(|list| list.len() == count);
        let neurons = (0..count).map(|place| {
            Ok(NeuronRecord {
                uid: uid_of(place)?,
                hotkey: Hotkey(hotkeys[place].0),
                coldkey: Hotkey(coldkeys[place].0),
                stake_rao: StakeRao(stakes[place]),
                validator_permit: permits[place],
                axon: AxonRecord::from(&axons[place]).address(),
                last_update: BlockNumber(updates[place]),
                incentive: incentives.as_ref().map(|list| list[place]),
            })
        });
        let neurons: Vec<_> = neurons.collect::<Result<_, Garbled>>()?;
        let stored = given(answer.commitments, "commitments")?;
        let stored = stored.iter().map(|(hotkey, value)| (Hotkey(hotkey.0), value.as_slice()));
        let commitments = commitments_by_uid(&neurons, stored);
        let name = String::from_utf8_lossy(&answer.name.unwrap_or_default()).into_owned();
        let owner = answer.owner_hotkey.map(|owner| Hotkey(owner.0));
        let source = Source::Call;
        Ok(Self { netuid, block, hash, source, name, rules, owner, neurons, commitments })
    }

    /// What the rest of the program calls a snapshot.
    pub(crate) fn snapshot(&self, block_ms: u64) -> Snapshot {
        let period_epochs = self.rules.reveal_period_epochs;
        Snapshot {
            netuid: self.netuid,
            block: self.block,
            beacon: self.hash,
            tempo_blocks: self.rules.tempo_blocks,
            weights_rate_limit_blocks: self.rules.weights_rate_limit_blocks,
            block_ms,
            neurons: self.neurons.clone(),
            name: self.name.clone(),
            commit_reveal: self.rules.commit_reveal.then_some(CommitReveal { period_epochs }),
        }
    }

    /// The commitments that have bytes of their own.
    pub(crate) fn chain_commitments(&self) -> Vec<ChainCommitment> {
        let of = |(hotkey, stored): &(Hotkey, StoredCommitment)| {
            Some(ChainCommitment { hotkey: *hotkey, block: stored.block, bytes: stored.bytes()? })
        };
        self.commitments.iter().filter_map(of).collect()
    }

    pub(crate) fn neuron(&self, hotkey: &Hotkey) -> Option<&NeuronRecord> {
        self.neurons.iter().find(|neuron| neuron.hotkey == *hotkey)
    }
}

/// The place in a list as a uid.
pub(crate) fn uid_of(place: usize) -> Result<Uid, Garbled> {
    u16::try_from(place).map(Uid).map_err(|_| Garbled(format!("a neuron at place {place}")))
}

/// Who is committed to what, in the order of their uids. What one neuron wrote that cannot be read is that neuron's
/// own loss, and nobody else's.
pub(crate) fn commitments_by_uid<'a>(
    neurons: &[NeuronRecord],
    stored: impl Iterator<Item = (Hotkey, &'a [u8])>,
) -> Vec<(Hotkey, StoredCommitment)> {
    let uid = |hotkey: &Hotkey| neurons.iter().find(|n| n.hotkey == *hotkey).map(|n| n.uid);
    let read = |(hotkey, value): (Hotkey, &[u8])| {
        let uid = uid(&hotkey)?;
        match commitment_of(value) {
            Ok(stored) => Some((uid, hotkey, stored)),
            Err(error) => {
                tracing::warn!(%hotkey, %error, "a commitment cannot be read");
                None
            }
        }
    };
    let mut all: Vec<_> = stored.filter_map(read).collect();
    all.sort_by_key(|(uid, ..)| *uid);
    all.into_iter().map(|(_, hotkey, stored)| (hotkey, stored)).collect()
}

fn given<T>(field: Option<T>, name: &str) -> Result<T, Garbled> {
    field.ok_or_else(|| Garbled(format!("an answer without its {name}")))
}
