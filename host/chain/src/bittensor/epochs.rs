//! How a subnet's epochs follow one another, read at one block.

use plimsoll_core::{BlockNumber, Digest, NetUid};

use super::Bittensor;
use super::client::Trouble;
use super::rpc;
use super::runtime::{Runtime, SUBTENSOR, number};
use super::scale::Garbled;
use super::stored::Values;
use crate::ChainError;
use crate::timelock::EpochSchedule;

/// What there is to know of a subnet's epochs; runtimes that do not count them have no more than the tempo.
const ENTRIES: [&str; 6] = [
    "Tempo",
    "RevealPeriodEpochs",
    "SubnetEpochIndex",
    "LastEpochBlock",
    "PendingEpochAt",
    "BlocksSinceLastStep",
];

/// A subnet's epochs at one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Epochs {
    pub(super) schedule: EpochSchedule,
    /// The block that this was read at.
    pub(super) block: BlockNumber,
    /// The moment that the block tells, in ms since 1970; none where the runtime keeps none.
    pub(super) unix_ms: Option<u64>,
    /// Epochs from committing to revealing.
    pub(super) period: u64,
}

impl Epochs {
    /// Which epoch the block is in.
    pub(super) fn epoch(&self) -> u64 {
        self.schedule.epoch(self.block)
    }
}

impl Bittensor {
    /// The epochs of a subnet at a block: one request.
    pub(super) async fn epochs(
        &self,
        netuid: NetUid,
        hash: &Digest,
        runtime: &Runtime,
    ) -> Result<Epochs, ChainError> {
        self.epochs_at(netuid, hash, runtime).await.map_err(|trouble| self.troubled(trouble))
    }

    async fn epochs_at(&self, netuid: NetUid, hash: &Digest, runtime: &Runtime) -> Result<Epochs, Trouble> {
        let stored = Stored { runtime, netuid };
        let mut keys = vec![runtime.key("System", "Number", vec![])?];
        if runtime.has_storage("Timestamp", "Now") {
            keys.push(runtime.key("Timestamp", "Now", vec![])?);
        }
        for entry in ENTRIES {
            if runtime.has_storage(SUBTENSOR, entry) {
                keys.push(stored.key(entry)?);
            }
        }
        let values = rpc::storage(self.line(), &keys, hash).await?;
        let block = values.get(&keys[0]).ok_or_else(|| Garbled::new("a block without its number"))?;
        let block = BlockNumber(whole(block)?);
        let moment = match runtime.has_storage("Timestamp", "Now") {
            true => values.get(&keys[1]).map(|value| whole(value)).transpose()?.filter(|&ms| ms > 0),
            false => None,
        };
        let period = stored.read("RevealPeriodEpochs", &values)?.unwrap_or(1);
        Ok(Epochs { schedule: stored.schedule(&values)?, block, unix_ms: moment, period })
    }
}

struct Stored<'a> {
    runtime: &'a Runtime,
    netuid: NetUid,
}

impl Stored<'_> {
    fn key(&self, entry: &str) -> Result<Vec<u8>, Garbled> {
        self.runtime.key(SUBTENSOR, entry, vec![number(self.netuid.0)])
    }

    /// A number, or what the runtime says it is until it is written; none where it has no such entry, or nothing to
    /// say.
    fn read(&self, entry: &str, values: &Values) -> Result<Option<u64>, Garbled> {
        if !self.runtime.has_storage(SUBTENSOR, entry) {
            return Ok(None);
        }
        let value = values.get(&self.key(entry)?).map(Vec::as_slice);
        let value = value.or_else(|| self.runtime.default_of(SUBTENSOR, entry));
        value.map(|value| whole(value).map_err(|error| Garbled(format!("{entry}: {error}")))).transpose()
    }

    fn schedule(&self, values: &Values) -> Result<EpochSchedule, Garbled> {
        let tempo_blocks =
            self.read("Tempo", values)?.ok_or_else(|| Garbled::new("a subnet without a tempo"))?;
        let Some(index) = self.read("SubnetEpochIndex", values)? else {
            return Ok(EpochSchedule::Modulo { tempo_blocks, netuid: self.netuid });
        };
        Ok(EpochSchedule::Counted {
            tempo_blocks,
            last_epoch: BlockNumber(self.read("LastEpochBlock", values)?.unwrap_or(0)),
            pending: self.read("PendingEpochAt", values)?.filter(|&at| at > 0).map(BlockNumber),
            index,
            since_step_blocks: self.read("BlocksSinceLastStep", values)?.unwrap_or(0),
        })
    }
}

/// A number of up to eight bytes, whichever width the runtime gives it.
fn whole(value: &[u8]) -> Result<u64, Garbled> {
    if value.is_empty() || value.len() > 8 {
        return Err(Garbled(format!("a number of {} bytes", value.len())));
    }
    let mut bytes = [0; 8];
    bytes[..value.len()].copy_from_slice(value);
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_in_every_width_and_nothing_else_does() {
        assert_eq!(whole(&[104, 1]).unwrap(), 360);
        assert_eq!(whole(&[1, 0, 0, 0, 0, 0, 0, 128]).unwrap(), (1 << 63) + 1);
        assert_eq!(whole(&[]).unwrap_err().to_string(), "a number of 0 bytes");
        assert_eq!(whole(&[0; 9]).unwrap_err().to_string(), "a number of 9 bytes");
    }
}
