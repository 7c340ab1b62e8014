//! Weights that are hidden for a while: sealed ones are kept as they come, hashes are opened in one epoch only.

use std::collections::HashMap;

use plimsoll_chain::{Call, Refusal};
use plimsoll_core::{Hotkey, NetUid, Uid};
use sp_crypto_hashing::{blake2_256, twox_64};

use super::transactions::Reader;
use super::{Node, compact, prefix};

/// What a node keeps of them.
#[derive(Default)]
pub(crate) struct Hidden {
    pub(crate) sealed: Vec<Sealed>,
    commits: Vec<Commit>,
    /// When a hotkey last committed to weights on a subnet.
    updates: HashMap<(Hotkey, NetUid), u64>,
    /// Transactions that the ledger does not know of.
    nonces: HashMap<Hotkey, u64>,
}

/// Sealed weights.
#[derive(Clone)]
pub(crate) struct Sealed {
    signer: Hotkey,
    netuid: NetUid,
    block: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) round: u64,
    /// The version that they say they are of.
    pub(crate) version: u16,
}

#[derive(Clone)]
struct Commit {
    signer: Hotkey,
    netuid: NetUid,
    hash: [u8; 32],
    block: u64,
}

/// A call that hides weights, or opens them.
pub(super) enum HiddenCall {
    Sealed { netuid: NetUid, bytes: Vec<u8>, round: u64, version: u16 },
    Commit { netuid: NetUid, hash: [u8; 32] },
    Reveal { netuid: NetUid, uids: Vec<u16>, values: Vec<u16>, salt: Vec<u16>, version_key: u64 },
}

impl HiddenCall {
    pub(super) fn read(call: &[u8]) -> Option<Self> {
        let mut reader = Reader(call);
        let index: [u8; 2] = reader.array();
        if !matches!(index, [7, 96 | 97 | 113]) {
            return None;
        }
        let netuid = NetUid(reader.u16());
        let done = match index[1] {
            96 => Self::Commit { netuid, hash: reader.array() },
            97 => {
                let uids = reader.list(|reader| reader.u16());
                let values = reader.list(|reader| reader.u16());
                let salt = reader.list(|reader| reader.u16());
                Self::Reveal { netuid, uids, values, salt, version_key: u64::from_le_bytes(reader.array()) }
            }
            _ => {
                let length = reader.compact();
                let bytes = reader.take(length).to_vec();
                let round = u64::from_le_bytes(reader.array());
                Self::Sealed { netuid, bytes, round, version: reader.u16() }
            }
        };
        assert!(reader.0.is_empty(), "bytes behind a call");
        Some(done)
    }
}

/// The epoch of a block, for a tempo of 60.
pub(super) fn epoch_of(block: u64, netuid: NetUid) -> u64 {
    (block + u64::from(netuid.0) + 1) / 61
}

fn said(error: &str) -> Refusal {
    Refusal::Unknown { error: error.into(), meaning: String::new() }
}

impl Node {
    /// The next nonce of an account.
    pub(crate) fn nonce(&self, account: &Hotkey) -> u64 {
        self.ledger.nonce(account) + self.inner().hidden.nonces.get(account).copied().unwrap_or(0)
    }

    /// Counts a transaction that the ledger does not know of.
    pub(super) fn used_nonce(&self, account: Hotkey) {
        *self.inner().hidden.nonces.entry(account).or_default() += 1;
    }

    /// Does such a call. What is opened is to be set on the ledger.
    pub(super) fn hide(&self, signer: Hotkey, call: HiddenCall, block: u64) -> Result<Option<Call>, Refusal> {
        let mut inner = self.inner();
        let done = match call {
            HiddenCall::Sealed { netuid, bytes, round, version } => {
                inner.hidden.updates.insert((signer, netuid), block);
                inner.hidden.sealed.push(Sealed { signer, netuid, block, bytes, round, version });
                Ok(None)
            }
            HiddenCall::Commit { netuid, hash } => {
                inner.hidden.updates.insert((signer, netuid), block);
                inner.hidden.commits.push(Commit { signer, netuid, hash, block });
                Ok(None)
            }
            HiddenCall::Reveal { netuid, uids, values, salt, version_key } => {
                let list = |words: &[u16]| {
                    [compact(words.len() as u64), words.iter().flat_map(|word| word.to_le_bytes()).collect()]
                        .concat()
                };
                let index = netuid.0.to_le_bytes().to_vec();
                let parts = [
                    signer.0.to_vec(),
                    index,
                    list(&uids),
                    list(&values),
                    list(&salt),
                    version_key.to_le_bytes().to_vec(),
                ];
                let hash = blake2_256(&parts.concat());
                let place = inner.hidden.commits.iter().position(|commit| commit.hash == hash);
                let epoch = |block: u64| epoch_of(block, netuid);
                match place.map(|place| (place, epoch(inner.hidden.commits[place].block) + 1)) {
                    None => Err(said("NoWeightsCommitFound")),
                    Some((_, due)) if epoch(block) < due => Err(said("RevealTooEarly")),
                    Some((_, due)) if epoch(block) > due => Err(said("ExpiredWeightCommit")),
                    Some((place, _)) => {
                        inner.hidden.commits.remove(place);
                        let weights = uids.into_iter().map(Uid).zip(values).collect();
                        return Ok(Some(Call::SetWeights { netuid, weights }));
                    }
                }
            }
        };
        *inner.hidden.nonces.entry(signer).or_default() += 1;
        done
    }

    /// When a hotkey last set weights or committed to some.
    pub(crate) fn last_update(&self, hotkey: Hotkey, netuid: NetUid, set: u64) -> u64 {
        set.max(self.inner().hidden.updates.get(&(hotkey, netuid)).copied().unwrap_or(0))
    }

    /// Sealed commits that wait, by subnet and epoch, as they are stored.
    pub(super) fn stored_sealed(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let sealed = self.inner().hidden.sealed.clone();
        let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
        for one in sealed {
            let (net, epoch) = (one.netuid.0.to_le_bytes(), epoch_of(one.block, one.netuid).to_le_bytes());
            let parts: [&[u8]; 4] = [&twox_64(&net), &net, &twox_64(&epoch), &epoch];
            let key = [prefix("SubtensorModule", "TimelockedWeightCommits"), parts.concat()].concat();
            let (block, round) = (one.block.to_le_bytes(), one.round.to_le_bytes());
            let length = compact(one.bytes.len() as u64);
            let entry: [&[u8]; 5] = [&one.signer.0, &block, &length, &one.bytes, &round];
            by_key.entry(key).or_default().push(entry.concat());
        }
        let value = |all: Vec<Vec<u8>>| [compact(all.len() as u64), all.concat()].concat();
        by_key.into_iter().map(|(key, all)| (key, value(all))).collect()
    }

    /// The commits that wait, as they are stored.
    pub(super) fn stored_commits(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (commits, counts_epochs) = {
            let inner = self.inner();
            (inner.hidden.commits.clone(), inner.version.counts_epochs)
        };
        let key = |commit: &Commit| {
            let net = commit.netuid.0.to_le_bytes();
            let parts: [&[u8]; 4] = [&twox_64(&net), &net, &twox_64(&commit.signer.0), &commit.signer.0];
            [prefix("SubtensorModule", "WeightCommits"), parts.concat()].concat()
        };
        let value = |of: &Commit| {
            let mine =
                commits.iter().filter(|commit| (commit.signer, commit.netuid) == (of.signer, of.netuid));
            let mine: Vec<_> = mine
                .map(|commit| {
                    let numbers = match counts_epochs {
                        true => [epoch_of(commit.block, commit.netuid), commit.block, 0],
                        false => [commit.block, 0, 0],
                    };
                    [commit.hash.to_vec(), numbers.map(u64::to_le_bytes).concat()].concat()
                })
                .collect();
            [compact(mine.len() as u64), mine.concat()].concat()
        };
        commits.iter().map(|commit| (key(commit), value(commit))).collect()
    }
}
