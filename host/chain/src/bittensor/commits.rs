//! Commits to weights, as the chain keeps them until they are opened.

use std::collections::HashMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid};

use super::Bittensor;
use super::client::Trouble;
use super::epochs::Epochs;
use super::rpc;
use super::runtime::{Runtime, SUBTENSOR, account, number};
use super::scale::{Cursor, Garbled};
use crate::ChainError;

/// One hash that the chain keeps, with three numbers.
const HASH_COMMIT_BYTES: usize = 32 + 3 * 8;
/// One sealed commit without its bytes: account, block, their length, round.
const LEAST_SEALED_BYTES: usize = 32 + 8 + 1 + 8;
/// Epochs are asked for one by one; the longest period that the chain takes is 100.
const MOST_EPOCHS: u64 = 128;

/// A hash that a hotkey is committed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HashCommit {
    pub(super) hash: Digest,
    /// The block it was made in.
    pub(super) block: BlockNumber,
    /// The epoch, where the runtime counts them; else it follows from the block.
    epoch: Option<u64>,
}

impl HashCommit {
    /// The epoch it was made in, as the chain takes it to be now.
    pub(super) fn epoch(&self, epochs: &Epochs) -> u64 {
        self.epoch.unwrap_or_else(|| epochs.schedule.epoch(self.block))
    }
}

impl Bittensor {
    /// In which epoch the chain has taken a commit to a hash, if it has it.
    pub(super) async fn epoch_of(
        &self,
        commit: &Digest,
        hotkey: &Hotkey,
        netuid: NetUid,
        at: &Digest,
    ) -> Result<Option<u64>, ChainError> {
        let runtime = self.runtime_at(at, false).await?;
        let all = self.hash_commits(hotkey, netuid, at, &runtime).await;
        let all = all.map_err(|trouble| self.troubled(trouble))?;
        let Some(found) = all.iter().find(|found| found.hash == *commit) else { return Ok(None) };
        match found.epoch {
            Some(epoch) => Ok(Some(epoch)),
            None => Ok(Some(found.epoch(&self.epochs(netuid, at, &runtime).await?))),
        }
    }

    /// The hashes that a hotkey is committed to at a block: one request.
    ///
    /// Runtimes that count epochs keep (hash, epoch, block, 0) of each, those before them (hash, block, first and last
    /// block to reveal in).
    pub(super) async fn hash_commits(
        &self,
        hotkey: &Hotkey,
        netuid: NetUid,
        at: &Digest,
        runtime: &Runtime,
    ) -> Result<Vec<HashCommit>, Trouble> {
        let parts = vec![number(netuid.0), account(hotkey)];
        let key = runtime.key(SUBTENSOR, "WeightCommits", parts)?;
        let values = rpc::storage(self.line(), std::slice::from_ref(&key), at).await?;
        let counts_epochs = runtime.has_storage(SUBTENSOR, "SubnetEpochIndex");
        let all = values.get(&key).map(|value| hash_commits_of(value, counts_epochs)).transpose()?;
        Ok(all.unwrap_or_default())
    }

    /// The newest sealed commit of a hotkey that the chain may still open: one request.
    pub(super) async fn newest_sealed(
        &self,
        hotkey: &Hotkey,
        epochs: &Epochs,
        netuid: NetUid,
        at: &Digest,
        runtime: &Runtime,
    ) -> Result<Sealed, Trouble> {
        const ENTRY: &str = "TimelockedWeightCommits";
        if !runtime.has_storage(SUBTENSOR, ENTRY) {
            return Ok(Sealed::Unknown);
        }
        let now = epochs.epoch();
        let first = now.saturating_sub(epochs.period.min(MOST_EPOCHS));
        // A commit of a block in which an epoch is due counts to the next one.
        let epochs = first..=now.saturating_add(1);
        let key = |epoch| runtime.key(SUBTENSOR, ENTRY, vec![number(netuid.0), number(epoch)]);
        let keys = epochs.map(key).collect::<Result<Vec<_>, Garbled>>()?;
        let values: HashMap<_, _> = rpc::storage(self.line(), &keys, at).await?;
        let mut newest = None;
        for value in values.values() {
            newest = newest.max(newest_of(value, hotkey)?);
        }
        Ok(newest.map_or(Sealed::None, |(block, bytes)| Sealed::Newest { block, bytes }))
    }
}

/// What the chain keeps of a hotkey's sealed commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sealed {
    /// The runtime does not tell.
    Unknown,
    None,
    Newest {
        /// It is of this block.
        block: BlockNumber,
        /// The digest of its bytes.
        bytes: Digest,
    },
}

fn hash_commits_of(value: &[u8], counts_epochs: bool) -> Result<Vec<HashCommit>, Garbled> {
    let mut cursor = Cursor::new(value);
    let all = cursor.list(HASH_COMMIT_BYTES, |cursor| {
        let hash = Digest(cursor.array()?);
        let (first, second, _) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let (block, epoch) = if counts_epochs { (second, Some(first)) } else { (first, None) };
        Ok(HashCommit { hash, block: BlockNumber(block), epoch })
    })?;
    cursor.end()?;
    Ok(all)
}

/// The block of the newest sealed commit, and the digest of its bytes; of one block the last counts.
fn newest_of(value: &[u8], hotkey: &Hotkey) -> Result<Option<(BlockNumber, Digest)>, Garbled> {
    let mut cursor = Cursor::new(value);
    let all = cursor.list(LEAST_SEALED_BYTES, |cursor| {
        let (who, block) = (cursor.array()?, cursor.u64()?);
        let bytes = Digest::of(cursor.blob()?);
        cursor.u64()?;
        Ok((Hotkey(who), (BlockNumber(block), bytes)))
    })?;
    cursor.end()?;
    let mine = all.into_iter().filter(|(who, _)| who == hotkey).map(|(_, commit)| commit);
    Ok(mine.max_by_key(|(block, _)| *block))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(all: &[u64]) -> Vec<u8> {
        all.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn the_first_number_of_a_commit_is_its_block_or_where_epochs_are_counted_its_epoch() {
        let value = [vec![4], vec![7; 32], words(&[500, 900, 1000])].concat();
        let hash = Digest([7; 32]);
        let old = HashCommit { hash, block: BlockNumber(500), epoch: None };
        assert_eq!(hash_commits_of(&value, false).unwrap(), [old]);
        let counted = HashCommit { hash, block: BlockNumber(900), epoch: Some(500) };
        assert_eq!(hash_commits_of(&value, true).unwrap(), [counted]);
        assert!(hash_commits_of(&value[..50], true).is_err());
    }

    #[test]
    fn of_sealed_commits_the_newest_of_the_hotkey_counts() {
        let entry = |who: u8, block: u64, sealed: &[u8]| {
            let length = u8::try_from(sealed.len() << 2).unwrap();
            [vec![who; 32], words(&[block]), vec![length], sealed.to_vec(), words(&[99])].concat()
        };
        let all = [entry(1, 5, b"abc"), entry(2, 9, b""), entry(1, 7, b"d"), entry(1, 7, b"e")];
        let value = [vec![16], all.concat()].concat();
        let newest = Some((BlockNumber(7), Digest::of(b"e")));
        assert_eq!(newest_of(&value, &Hotkey([1; 32])).unwrap(), newest);
        assert_eq!(newest_of(&value, &Hotkey([3; 32])).unwrap(), None);
        assert!(newest_of(&value[..value.len() - 1], &Hotkey([1; 32])).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(value in proptest::collection::vec(any::<u8>(), 0..200), counts: bool) {
            let _ = hash_commits_of(&value, counts);
            let _ = newest_of(&value, &Hotkey([0; 32]));
        }
    }
}
