//! The chain, and the keys that speak to it. In reading order:
//!
//! - [`Chain`]: what a miner or validator may ask of any chain, with [`Snapshot`] and [`ChainError`];
//! - [`normalise_weights`]: from a rule's values to what a chain takes;
//! - [`Ledger`]: a small deterministic chain in this process, kept in a JSON file if so wished, and
//!   [`LocalAdmin`]: registration, faucet and blocks, which only a local chain has;
//! - [`subnet`]: what the ledger keeps of a subnet, a state machine that also suits simulations, and [`yuma`]:
//!   one epoch as Bittensor computes it;
//! - [`LedgerServer`] and [`LedgerClient`]: the ledger for other processes of this machine
//!   (`local://127.0.0.1:9933`), every write a signed, counted [`Extrinsic`];
//! - [`Bittensor`]: the public chain over JSON-RPC, on `finney`, `test`, `local` or the nodes that are named; no type
//!   of the client library below it appears here;
//! - [`reveal`]: weights committed as a hash, and the journal from which they are revealed;
//! - [`timelock`]: weights sealed until a round of the drand beacon;
//! - [`wallet`]: Bittensor's wallet folders.
//!
//! ```
//! use plimsoll_chain::{Chain, Ledger, LedgerGenesis, LocalAdmin, development_key};
//! use plimsoll_core::{Keypair, NetUid};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), plimsoll_chain::ChainError> {
//! let ledger = Ledger::new(LedgerGenesis::development(NetUid(1)))?;
//! let miner = Keypair::from_seed(&[1; 32]);
//! let uid = ledger.register(&miner, NetUid(1), miner.hotkey()).await?;
//! ledger.serve_axon(&miner, NetUid(1), "127.0.0.1:8091".parse().unwrap()).await?;
//! ledger.set_stake(&development_key(), NetUid(1), miner.hotkey(), 5.into(), true).await?;
//! ledger.set_weights(&miner, NetUid(1), &[(uid, 1)]).await?;
//! ledger.advance(1);
//! assert_eq!(ledger.weights(NetUid(1)).await?, [(uid, vec![(uid, 65535)])]);
//! # Ok(())
//! # }
//! ```
//!
//! A coldkey is opened by [`wallet::Wallet::coldkey`] alone, and nothing in this crate calls it.

// The node that tests speak to is written for both kinds of tests.
#[cfg(test)]
extern crate self as plimsoll_chain;

mod chain;
mod delivered;
mod error;
mod refusal;
mod scale;

mod bittensor;
mod ledger;
mod localnet;

pub mod reveal;
pub mod subnet;
pub mod timelock;
pub mod wallet;
pub mod yuma;

pub use bittensor::{
    Bittensor, BittensorOptions, CommitmentField, Network, Places, RevealedCommitment, StoredCommitment,
    SubnetSummary,
};
pub use chain::{
    Chain, ChainCommitment, CommitReveal, Head, MAX_COMMITMENT_BYTES, NeuronRecord, Snapshot, Tended,
    WeightRow,
};
pub use delivered::Delivered;
pub use error::{ChainError, Fault};
pub use ledger::{
    Call, Extrinsic, GenesisNeuron, Ledger, LedgerGenesis, LocalAdmin, MAX_BLOCKS_AT_ONCE,
    MAX_EPOCHS_AT_ONCE, Receipt, SubnetGenesis, block_hash, development_key, genesis_hash,
};
pub use localnet::{
    DEFAULT_LOCAL_ENDPOINT, DEFAULT_TIMEOUT, Endpoint, LedgerClient, LedgerServer, MAX_ANSWER_BYTES,
    MAX_EXTRINSIC_BYTES, connect,
};
pub use plimsoll_core::normalise_weights;
pub use refusal::Refusal;
pub use subnet::SubnetRules;
