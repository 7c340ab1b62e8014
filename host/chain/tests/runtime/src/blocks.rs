//! Blocks, one for every transaction, each final at once.
//!
//! ```text
//! header:   parent 32 | compact number | state root 32 | extrinsics root 32 | digest
//! digest:   compact 1 | 0x06 "aura" | compact 8 | slot u64
//! inherent: compact count | (name of 8 bytes | compact length | bytes)...
//! ```

use smoldot::executor::storage_diff::TrieDiff;
use sp_crypto_hashing::{blake2_256, twox_64, twox_128};

use crate::executor::{Executor, State};

/// Milliseconds a slot of Bittensor's takes.
const SLOT_MS: u64 = 12_000;
/// The slot of block 1; any that is later than the genesis will do.
const FIRST_SLOT: u64 = 149_617_339;

/// A block and the state after it.
struct Block {
    hash: [u8; 32],
    transactions: Vec<Vec<u8>>,
    state: State,
}

/// Why a transaction is not taken into a block: the bytes of a `TransactionValidityError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected(pub(crate) Vec<u8>);

/// A chain from its genesis on.
pub(crate) struct Blocks {
    executor: Executor,
    all: Vec<Block>,
}

impl Blocks {
    /// A chain that begins with `state`. Its code is not read from there.
    pub(crate) fn new(executor: Executor, mut state: State) -> Result<Self, String> {
        state.remove(b":code".as_slice());
        let number = 0u32.to_le_bytes();
        let parts = [&twox_128(b"System")[..], &twox_128(b"BlockHash"), &twox_64(&number), &number];
        let hash = state.get(&parts.concat()).and_then(|hash| hash.as_slice().try_into().ok());
        let hash = hash.ok_or("the genesis does not tell the hash of block 0")?;
        Ok(Self { executor, all: vec![Block { hash, transactions: vec![], state }] })
    }

    /// The runtime's version, and that of its transactions.
    pub(crate) fn version(&self) -> (u32, u32) {
        self.executor.version()
    }

    fn head(&self) -> &Block {
        &self.all[self.all.len() - 1]
    }

    /// The newest block: its number and hash.
    pub(crate) fn newest(&self) -> (u64, [u8; 32]) {
        (self.all.len() as u64 - 1, self.head().hash)
    }

    /// The hash of a block.
    pub(crate) fn hash_of(&self, number: u64) -> Option<[u8; 32]> {
        Some(self.all.get(usize::try_from(number).ok()?)?.hash)
    }

    /// The number of a block.
    pub(crate) fn number_of(&self, hash: &[u8]) -> Option<u64> {
        self.all.iter().position(|block| block.hash == *hash).map(|number| number as u64)
    }

    fn at(&self, hash: &[u8]) -> Option<&Block> {
        self.all.iter().find(|block| block.hash == *hash)
    }

    /// The state after a block.
    pub(crate) fn state(&self, hash: &[u8]) -> Option<&State> {
        self.at(hash).map(|block| &block.state)
    }

    /// The transactions of a block.
    pub(crate) fn transactions(&self, hash: &[u8]) -> Option<&[Vec<u8>]> {
        self.at(hash).map(|block| block.transactions.as_slice())
    }

    /// Changes what the newest block left, as no chain can; none removes a value.
    pub(crate) fn patch(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let newest = self.all.len() - 1;
        let state = &mut self.all[newest].state;
        match value {
            Some(value) => state.insert(key, value),
            None => state.remove(&key),
        };
    }

    /// Calls into the runtime as a block left it.
    pub(crate) fn call(&self, function: &str, argument: &[u8], at: &[u8]) -> Result<Vec<u8>, String> {
        let state = self.state(at).ok_or("there is no such block")?;
        Ok(self.executor.call(function, argument, state, TrieDiff::empty())?.0)
    }

    /// What the runtime says of a transaction that is to be queued.
    pub(crate) fn validate(&self, transaction: &[u8]) -> Result<Result<(), Rejected>, String> {
        // From outside, and at which block.
        let argument = [&[2], transaction, &self.head().hash].concat();
        let answer =
            self.call("TaggedTransactionQueue_validate_transaction", &argument, &self.head().hash)?;
        Ok(match answer.first() {
            Some(0) => Ok(()),
            _ => Err(Rejected(answer.get(1..).unwrap_or_default().to_vec())),
        })
    }

    /// Makes a block of the inherents and a transaction, if there is one; its hash.
    pub(crate) fn make(&mut self, transaction: Option<&[u8]>) -> Result<Result<[u8; 32], Rejected>, String> {
        let (number, parent) = (self.all.len() as u64, self.head().hash);
        let state = &self.head().state;
        let slot = FIRST_SLOT + number;
        let call =
            |function: &str, argument: &[u8], changes| self.executor.call(function, argument, state, changes);
        let opening = header_of(&parent, number, slot);
        let (_, mut changes) = call("Core_initialize_block", &opening, TrieDiff::empty())?;
        let inherents = inherents(slot);
        let (answer, after) = call("BlockBuilder_inherent_extrinsics", &inherents, changes)?;
        changes = after;
        let mut transactions = blobs(&answer).ok_or("the runtime's inherents cannot be read")?;
        let of_runtime = transactions.len();
        transactions.extend(transaction.map(<[u8]>::to_vec));
        for (place, transaction) in transactions.iter().enumerate() {
            let (answer, after) = call("BlockBuilder_apply_extrinsic", transaction, changes)?;
            changes = after;
            match answer.first() {
                Some(0) => {}
                _ if place < of_runtime => return Err(format!("an inherent is not taken: {answer:?}")),
                _ => return Ok(Err(Rejected(answer.get(1..).unwrap_or_default().to_vec()))),
            }
        }
        let (header, changes) = call("BlockBuilder_finalize_block", &[], changes)?;
        let mut state = state.clone();
        for (key, value, ()) in changes.diff_into_iter_unordered() {
            match value {
                Some(value) => state.insert(key, value),
                None => state.remove(&key),
            };
        }
        let hash = blake2_256(&header);
        self.all.push(Block { hash, transactions, state });
        Ok(Ok(hash))
    }
}

/// A compact integer of at most 30 bits.
fn compact(value: u64) -> Vec<u8> {
    let value = u32::try_from(value).unwrap_or(u32::MAX >> 2);
    match value {
        0..0x40 => vec![(value as u8) << 2],
        0x40..0x4000 => ((value as u16) << 2 | 1).to_le_bytes().to_vec(),
        _ => (value << 2 | 2).to_le_bytes().to_vec(),
    }
}

/// A compact integer and what follows it.
fn read_compact(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let first = *bytes.first()?;
    let count = [1, 2, 4].get(usize::from(first & 3)).copied()?;
    let (head, rest) = bytes.split_at_checked(count)?;
    let mut wide = [0; 4];
    wide[..count].copy_from_slice(head);
    Some((usize::try_from(u32::from_le_bytes(wide) >> 2).ok()?, rest))
}

/// A list of transactions, each with the length before it that is part of it.
fn blobs(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (count, mut rest) = read_compact(bytes)?;
    let mut all = Vec::new();
    for _ in 0..count {
        let (length, behind) = read_compact(rest)?;
        let whole = rest.len() - behind.len() + length;
        let (one, next) = rest.split_at_checked(whole)?;
        all.push(one.to_vec());
        rest = next;
    }
    rest.is_empty().then_some(all)
}

fn header(parent: &[u8; 32], number: u64) -> Vec<u8> {
    [parent.to_vec(), compact(number), vec![0; 64], vec![0]].concat()
}

fn header_of(parent: &[u8; 32], number: u64, slot: u64) -> Vec<u8> {
    let mut bytes = header(parent, number);
    bytes.pop();
    bytes.extend([4, 6]);
    bytes.extend(b"aura");
    bytes.push(8 << 2);
    bytes.extend(slot.to_le_bytes());
    bytes
}

/// What the author of a block tells the runtime: the time and the slot.
fn inherents(slot: u64) -> Vec<u8> {
    let entry = |name: &[u8; 8], value: u64| [&name[..], &[8 << 2], &value.to_le_bytes()].concat();
    [vec![2 << 2], entry(b"auraslot", slot), entry(b"timstap0", slot * SLOT_MS)].concat()
}
