//! Signed transactions, taken apart, checked, and done to the ledger.
//!
//! ```text
//! compact length | 0x84 | 0x00 account 32 | 0x01 signature 64 | extra | call
//! extra:  era (two bytes, or one 0) | compact nonce | compact tip | metadata hash mode 0
//! signed: call | extra | spec u32 | transaction version u32 | genesis 32 | hash of the era's first block 32 | 0
//! ```
//!
//! More than 256 bytes are hashed with BLAKE2-256 before they are signed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use plimsoll_chain::{Call, Chain as _, Extrinsic, Refusal};
use plimsoll_core::{BlockNumber, Digest, Hotkey, Keypair, NetUid, Signature, Uid, verify_signature};
use sp_crypto_hashing::blake2_256;
use subxt::metadata::Metadata;

use super::hidden::HiddenCall;
use super::{Node, RpcError, TurnDown};

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count);
        self.0 = rest;
        head
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap()
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn compact(&mut self) -> usize {
        let first = self.0[0];
        match first & 3 {
            0 => usize::from(self.take(1)[0] >> 2),
            1 => usize::from(u16::from_le_bytes(self.array()) >> 2),
            2 => (u32::from_le_bytes(self.array()) >> 2) as usize,
            _ => panic!("a longer integer than any here"),
        }
    }

    pub(super) fn list<T>(&mut self, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.compact()).map(|_| read(self)).collect()
    }
}

/// A transaction, taken apart.
struct Signed {
    signer: Hotkey,
    signature: Signature,
    extra: Vec<u8>,
    first_block: Option<u64>,
    nonce: u64,
    call: Vec<u8>,
}

fn taken_apart(bytes: &[u8], block: u64) -> Signed {
    let mut reader = Reader(bytes);
    assert_eq!(reader.compact(), reader.0.len(), "the length before a transaction");
    assert_eq!(reader.take(2), [0x84, 0], "version 4, signed by an account");
    let signer = Hotkey(reader.array());
    assert_eq!(reader.take(1), [1], "signed with sr25519");
    let signature = Signature(reader.array());
    let before = reader.0;
    let first_block = match reader.take(1)[0] {
        0 => None,
        low => {
            let era = u16::from_le_bytes([low, reader.take(1)[0]]);
            let period = 2u64 << (era & 0xf);
            let phase = u64::from(era >> 4) * (period >> 12).max(1);
            Some((block.max(phase) - phase) / period * period + phase)
        }
    };
    let nonce = reader.compact() as u64;
    assert_eq!(reader.compact(), 0, "no tip");
    assert_eq!(reader.take(1), [0], "no metadata hash");
    let extra = before[..before.len() - reader.0.len()].to_vec();
    Signed { signer, signature, extra, first_block, nonce, call: reader.0.to_vec() }
}

fn call_of(call: &[u8], commitments_index: u8) -> Result<Call, RpcError> {
    let mut reader = Reader(call);
    let index: [u8; 2] = reader.array();
    let unknown = || RpcError::new(1010, "Invalid Transaction", Some("Transaction call is not expected"));
    let netuid = NetUid(reader.u16());
    let call = match index {
        [7, 0] => {
            let uids = reader.list(|reader| reader.u16());
            let values = reader.list(|reader| reader.u16());
            reader.take(8);
            Call::SetWeights { netuid, weights: uids.into_iter().map(Uid).zip(values).collect() }
        }
        [7, 4] => {
            reader.take(4);
            let ip = u128::from_le_bytes(reader.array());
            let port = reader.u16();
            let ip = match reader.take(4)[0] {
                4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(ip).unwrap().to_be_bytes())),
                _ => IpAddr::V6(Ipv6Addr::from(ip.to_be_bytes())),
            };
            Call::ServeAxon { netuid, at: SocketAddr::new(ip, port) }
        }
        [pallet, 0] if pallet == commitments_index => {
            assert_eq!(reader.compact(), 1, "one field");
            let length = usize::from(reader.take(1)[0] - 1);
            Call::Commit { netuid, bytes: reader.take(length).to_vec() }
        }
        _ => return Err(unknown()),
    };
    assert!(reader.0.is_empty(), "bytes behind a call");
    Ok(call)
}

impl Node {
    /// Checks a transaction and does it, in the newest block.
    pub(crate) async fn take(&self, bytes: &[u8]) -> Result<Digest, RpcError> {
        let invalid = |why: &str| RpcError::new(1010, "Invalid Transaction", Some(why));
        let head = self.ledger.head().await.unwrap();
        let says = {
            let mut inner = self.inner();
            inner.always_says.or(inner.queue_says.take())
        };
        if let Some(why) = says {
            return Err(invalid(why));
        }
        let signed = taken_apart(bytes, head.block.0);
        let (version, keys, turn_down, genesis) = {
            let inner = self.inner();
            (inner.version.clone(), inner.keys.clone(), inner.turn_down, inner.genesis)
        };
        let genesis = genesis.unwrap_or(self.ledger.genesis());
        let first = match signed.first_block {
            None => genesis,
            Some(block) => self.ledger.block_hash(BlockNumber(block)).await.unwrap().unwrap(),
        };
        let mut payload = [signed.call.clone(), signed.extra.clone()].concat();
        payload.extend(version.spec.to_le_bytes());
        payload.extend(1u32.to_le_bytes());
        payload.extend(genesis.0);
        payload.extend(first.0);
        payload.push(0);
        if payload.len() > 256 {
            payload = blake2_256(&payload).to_vec();
        }
        if !verify_signature(&signed.signer, &payload, &signed.signature) {
            return Err(invalid("Transaction has a bad signature"));
        }
        if signed.nonce != self.nonce(&signed.signer) {
            return Err(invalid("Transaction is outdated"));
        }
        let fails = self.inner().fails_next.take();
        if let Some(refusal) = fails {
            self.used_nonce(signed.signer);
            self.note(bytes, &head.hash, &event_of(&Err(refusal), false, &version.metadata));
            return Ok(head.hash);
        }
        if let Some(call) = HiddenCall::read(&signed.call) {
            let done = match self.hide(signed.signer, call, head.block.0) {
                Ok(Some(call)) => self.do_to_ledger(&keys, signed.signer, call),
                done => done.map(drop),
            };
            self.note(bytes, &head.hash, &event_of(&done, false, &version.metadata));
            return Ok(head.hash);
        }
        let call = call_of(&signed.call, version.commitments_index)?;
        let key = keys.iter().find(|key| key.hotkey() == signed.signer);
        let key = key.ok_or_else(|| invalid("Inability to pay some fees (e.g. account balance too low)"))?;
        let of_commitments = matches!(call, Call::Commit { .. });
        let verdict = self.do_to_ledger(std::slice::from_ref(key), signed.signer, call);
        if let (Err(refusal), TurnDown::InQueue) = (&verdict, turn_down)
            && let Some(number) = number_of(refusal)
        {
            return Err(invalid(&format!("Custom error: {number}")));
        }
        let event = event_of(&verdict, of_commitments, &version.metadata);
        self.note(bytes, &head.hash, &event);
        Ok(head.hash)
    }

    fn do_to_ledger(&self, keys: &[Keypair], signer: Hotkey, call: Call) -> Result<(), Refusal> {
        let key = keys.iter().find(|key| key.hotkey() == signer).unwrap();
        let done = Extrinsic::sign(key, self.ledger.nonce(&signer), self.ledger.genesis(), call);
        self.ledger.submit(&done).map(drop).map_err(|error| error.refusal().cloned().unwrap())
    }

    /// What came of a transaction, in its block.
    fn note(&self, bytes: &[u8], block: &Digest, event: &[u8]) {
        let mut inner = self.inner();
        let block = inner.blocks.entry(*block).or_default();
        let place = block.transactions.len() as u32;
        block.transactions.push(bytes.to_vec());
        block.events.push([vec![0], place.to_le_bytes().to_vec(), event.to_vec(), vec![0]].concat());
    }

    pub(crate) fn transactions_of(&self, block: &Digest) -> Vec<Vec<u8>> {
        self.inner().blocks.get(block).map(|block| block.transactions.clone()).unwrap_or_default()
    }

    /// A transaction of somebody else's, first in the newest block.
    pub(crate) async fn stranger(&self) {
        let head = self.ledger.head().await.unwrap();
        let event =
            event_of(&Err(Refusal::NoPermit { uid: Uid(0) }), false, &self.inner().version.metadata.clone());
        let mut inner = self.inner();
        let block = inner.blocks.entry(head.hash).or_default();
        block.transactions.push(vec![4, 4]);
        block.events.push([vec![0], 0u32.to_le_bytes().to_vec(), event, vec![0]].concat());
    }
}

/// The number by which the runtime turns a transaction down before it is queued.
fn number_of(refusal: &Refusal) -> Option<u8> {
    match refusal {
        Refusal::NoSubnet { .. } => Some(3),
        Refusal::NotRegistered { .. } => Some(10),
        Refusal::RateLimited { .. } => Some(6),
        Refusal::StakeTooLow { .. } => Some(1),
        Refusal::AxonAddress { .. } => Some(11),
        _ => None,
    }
}

/// Name of the error with which the runtime's own pallet says the same.
fn name_of(refusal: &Refusal, of_commitments: bool) -> (&'static str, &'static str) {
    const MODULE: &str = "SubtensorModule";
    match refusal {
        _ if of_commitments => ("Commitments", "AccountNotAllowedCommit"),
        Refusal::NoSubnet { .. } => (MODULE, "MechanismDoesNotExist"),
        Refusal::NotRegistered { .. } => (MODULE, "HotKeyNotRegisteredInSubNet"),
        Refusal::RateLimited { .. } => (MODULE, "SettingWeightsTooFast"),
        Refusal::NoPermit { .. } => (MODULE, "NeuronNoValidatorPermit"),
        Refusal::StakeTooLow { .. } => (MODULE, "NotEnoughStakeToSetWeights"),
        Refusal::DuplicateUid { .. } => (MODULE, "DuplicateUids"),
        Refusal::NoSuchUid { .. } => (MODULE, "UidVecContainInvalidOne"),
        Refusal::TooFewWeights { .. } => (MODULE, "WeightVecLengthIsLow"),
        Refusal::WeightTooLarge { .. } => (MODULE, "MaxWeightExceeded"),
        Refusal::WeightsVersion { .. } => (MODULE, "IncorrectWeightVersionKey"),
        Refusal::TooManyCommits { .. } => (MODULE, "TooManyUnrevealedCommits"),
        Refusal::TooManyWeights { .. } => (MODULE, "UidsLengthExceedUidsInSubNet"),
        Refusal::Unknown { error, .. } if error == "RevealTooEarly" => (MODULE, "RevealTooEarly"),
        Refusal::Unknown { error, .. } if error == "ExpiredWeightCommit" => (MODULE, "ExpiredWeightCommit"),
        Refusal::Unknown { error, .. } if error == "NoWeightsCommitFound" => (MODULE, "NoWeightsCommitFound"),
        other => panic!("{other} is no error of the runtime"),
    }
}

/// `System.ExtrinsicSuccess` or `System.ExtrinsicFailed`.
fn event_of(verdict: &Result<(), Refusal>, of_commitments: bool, metadata: &[u8]) -> Vec<u8> {
    // Weight of two compact zeros, normal class, fees paid.
    const INFO: [u8; 4] = [0; 4];
    let metadata = Metadata::decode_from(metadata).unwrap();
    let system = metadata.pallet_by_name("System").unwrap().event_index();
    match verdict {
        Ok(()) => [vec![system, 0], INFO.to_vec()].concat(),
        Err(refusal) => {
            let (pallet, name) = name_of(refusal, of_commitments);
            let pallet = metadata.pallet_by_name(pallet).unwrap();
            let variants = pallet.error_variants().unwrap();
            let error = variants.iter().find(|variant| variant.name == name).unwrap().index;
            [vec![system, 1, 3, pallet.error_index(), error, 0, 0, 0], INFO.to_vec()].concat()
        }
    }
}
