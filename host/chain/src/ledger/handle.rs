//! The ledger as its users hold it: shared, locked, and kept in a file if so wished.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_core::{BlockNumber, Digest, Hotkey, NetUid, StakeRao};

use super::state::State;
use super::state_file::StateFile;
use super::{Extrinsic, LedgerGenesis, Receipt, block_hash, genesis_hash};
use crate::subnet::{EpochFigures, Subnet};
use crate::{ChainError, Head, Refusal};

/// The most blocks that one sudo call may make.
pub const MAX_BLOCKS_AT_ONCE: u32 = 100_000;

/// The most epochs that may run within one sudo call, those of all subnets together: everybody waits for them.
pub const MAX_EPOCHS_AT_ONCE: u32 = 1_000;

/// Hashes of the newest blocks that are remembered, as a pruned node does.
const REMEMBERED_BLOCKS: usize = 4096;

/// Blocks alone are written to the file at most this often: losing some costs nothing, as they follow from
/// the seed, whereas an accepted call is always on disk before it is answered.
const BLOCKS_SAVED_EVERY: Duration = Duration::from_secs(1);

/// A deterministic chain in this process. A clone is another handle to the same ledger.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Mutex<Inner>>,
    genesis: Digest,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({})", self.genesis.short())
    }
}

struct Inner {
    state: State,
    /// Hashes of the newest blocks, the head's last.
    recent: VecDeque<Digest>,
    file: Option<StateFile>,
    saved_at: Instant,
}

impl Ledger {
    /// A ledger in memory, at block 0.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] where the genesis contradicts itself.
    pub fn new(genesis: LedgerGenesis) -> Result<Self, ChainError> {
        genesis.check()?;
        Ok(Self::around(State::begin(genesis), None))
    }

    /// A ledger that is kept in the JSON file `path` and goes on where the file left off, else at block 0.
    /// The file is replaced whole and durably, and belongs to one process at a time.
    ///
    /// # Errors
    /// [`ChainError::Genesis`]; [`ChainError::StateInUse`]; [`ChainError::StateFile`] where the file is
    /// damaged or was started from another genesis (only the pace may differ); [`ChainError::Disk`].
    pub fn kept_in(path: &Path, genesis: LedgerGenesis) -> Result<Self, ChainError> {
        genesis.check()?;
        let file = StateFile::lock(path)?;
        let state = match file.read()? {
            None => State::begin(genesis),
            Some(state) if state.genesis.same_but_for_pace(&genesis) => State { genesis, ..state },
            Some(_) => {
                let why =
                    "this ledger was started with other settings: start it with the same seed, sudo key, \
                           subnets, rules and balances as before, or choose another file"
                        .into();
                return Err(ChainError::StateFile { path: path.to_owned(), why });
            }
        };
        file.write(&state)?;
        Ok(Self::around(state, Some(file)))
    }

    fn around(state: State, file: Option<StateFile>) -> Self {
        let genesis = genesis_hash(&state.genesis.seed);
        let recent = VecDeque::from([state.hash]);
        let inner = Inner { state, recent, file, saved_at: Instant::now() };
        Self { inner: Arc::new(Mutex::new(inner)), genesis }
    }

    /// The hash of block 0, which every extrinsic must name.
    #[must_use]
    pub const fn genesis(&self) -> Digest {
        self.genesis
    }

    /// Milliseconds from block to block under a server's clock; 0 for none.
    #[must_use]
    pub fn block_ms(&self) -> u64 {
        self.lock().state.genesis.block_ms
    }

    /// Makes blocks, each a hash to compute and perhaps an epoch. The only way in which time passes here.
    ///
    /// A kept ledger that cannot be written goes on, and says so in the log: no accepted call is lost by it.
    pub fn advance(&self, blocks: u32) -> Head {
        let mut inner = self.lock();
        let mut next = inner.state.clone();
        (0..blocks).for_each(|_| next.next_block());
        inner.replace(next);
        if inner.saved_at.elapsed() >= BLOCKS_SAVED_EVERY {
            inner.saved_at = Instant::now();
            if let Err(error) = inner.save() {
                tracing::warn!(%error, "the ledger's blocks are not on disk");
            }
        }
        inner.state.head()
    }

    /// The next nonce of `of`.
    #[must_use]
    pub fn nonce(&self, of: &Hotkey) -> u64 {
        self.lock().state.nonce(of)
    }

    /// What the last epoch of a subnet found, and what its neurons have earned.
    ///
    /// # Errors
    /// [`ChainError::Refused`] where there is no such subnet.
    pub fn figures(&self, netuid: NetUid) -> Result<EpochFigures, ChainError> {
        Ok(self.read(|state| state.subnet(netuid).map(Subnet::figures))?)
    }

    /// What `coldkey` has left to pay registrations with.
    #[must_use]
    pub fn balance(&self, coldkey: &Hotkey) -> StakeRao {
        self.read(|state| state.balances.get(coldkey).copied().unwrap_or_default())
    }

    /// Checks and does one extrinsic. It is on disk, if the ledger is kept, when this returns. A refused one
    /// changes nothing, except that it uses up the nonce of a signer whom the ledger knows: what was signed
    /// can never be tried again by someone who saw it.
    ///
    /// # Errors
    /// [`ChainError::Refused`]; [`ChainError::Disk`] where the file cannot be written: it did not happen.
    pub fn submit(&self, extrinsic: &Extrinsic) -> Result<Receipt, ChainError> {
        let (expected, found) = (self.genesis, extrinsic.genesis);
        if expected != found {
            return Err(Refusal::WrongGenesis { expected, found }.into());
        }
        let signer = extrinsic.signer;
        if !extrinsic.is_genuine() {
            return Err(Refusal::BadSignature { signer }.into());
        }
        let mut inner = self.lock();
        let mut next = inner.state.clone();
        let (expected, found) = (next.nonce(&signer), extrinsic.nonce);
        if expected != found {
            return Err(Refusal::StaleNonce { signer, expected, found }.into());
        }
        let verdict = next.apply(&signer, &extrinsic.call);
        if next.knows(&signer) {
            next.nonces.insert(signer, found.saturating_add(1));
            if let Some(file) = &inner.file {
                file.write(&next)?;
            }
            inner.replace(next);
        }
        Ok(verdict?)
    }

    /// Writes a kept ledger to its file.
    ///
    /// # Errors
    /// [`ChainError::Disk`].
    pub fn save(&self) -> Result<(), ChainError> {
        self.lock().save()
    }

    /// The hash of `block`, if it is the first, by which a chain is known, or one of the newest 4096 since
    /// this ledger was opened.
    pub(super) fn hash_of(&self, block: BlockNumber) -> Option<Digest> {
        if block == BlockNumber(0) {
            return Some(self.genesis);
        }
        let inner = self.lock();
        let back = usize::try_from(inner.state.block.0.checked_sub(block.0)?).ok()?;
        inner.recent.iter().rev().nth(back).copied()
    }

    /// Reads one consistent state.
    pub(super) fn read<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        with(&self.lock().state)
    }

    /// Keeps all others waiting until `meanwhile` returns.
    #[cfg(test)]
    pub(crate) fn hold(&self, meanwhile: impl FnOnce()) {
        let _held = self.lock();
        meanwhile();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A state is only ever replaced whole, so that a panic elsewhere cannot leave half of one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn save(&self) -> Result<(), ChainError> {
        self.file.as_ref().map_or(Ok(()), |file| file.write(&self.state))
    }

    fn remember(&mut self, hash: Digest) {
        self.recent.push_back(hash);
        if self.recent.len() > REMEMBERED_BLOCKS {
            self.recent.pop_front();
        }
    }

    /// Takes over a state that is perhaps some blocks further, and remembers those.
    fn replace(&mut self, next: State) {
        let (mut block, mut hash) = (self.state.block, self.state.hash);
        while block < next.block {
            block = BlockNumber(block.0 + 1);
            hash = block_hash(&next.genesis.seed, block, &hash);
            self.remember(hash);
        }
        self.state = next;
    }
}
