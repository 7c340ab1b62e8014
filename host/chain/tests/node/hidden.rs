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
    /// Sealed bytes, their round, and the version that they say they are of.
    pub(crate) sealed: Vec<(Vec<u8>, u64, u16)>,
    commits: Vec<Commit>,
    /// Transactions that the ledger does not know of.
    nonces: HashMap<Hotkey, u64>,
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
    Sealed { bytes: Vec<u8>, round: u64, version: u16 },
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
                Self::Sealed { bytes, round, version: reader.u16() }
            }
        };
        assert!(reader.0.is_empty(), "bytes behind a call");
        Some(done)
    }
}

fn said(error: &str) -> Refusal {
    Refusal::Unknown { error: error.into(), meaning: String::new() }
}

impl Node {
    /// The next nonce of an account.
    pub(crate) fn nonce(&self, account: &Hotkey) -> u64 {
        self.ledger.nonce(account) + self.inner().hidden.nonces.get(account).copied().unwrap_or(0)
    }

    /// Does such a call. What is opened is to be set on the ledger.
    pub(super) fn hide(&self, signer: Hotkey, call: HiddenCall, block: u64) -> Result<Option<Call>, Refusal> {
        let tempo = 60;
        let mut inner = self.inner();
        let done = match call {
            HiddenCall::Sealed { bytes, round, version } => {
                inner.hidden.sealed.push((bytes, round, version));
                Ok(None)
            }
            HiddenCall::Commit { netuid, hash } => {
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
                let epoch = |block: u64| (block + u64::from(netuid.0) + 1) / (tempo + 1);
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

    /// The commits that wait, as they are stored.
    pub(super) fn stored_commits(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let commits = self.inner().hidden.commits.clone();
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
                    [commit.hash.to_vec(), commit.block.to_le_bytes().to_vec(), vec![0; 16]].concat()
                })
                .collect();
            [compact(mine.len() as u64), mine.concat()].concat()
        };
        commits.iter().map(|commit| (key(commit), value(commit))).collect()
    }
}
