//! A small chain of our own: deterministic, one subnet or more, kept in memory or in one JSON file.
//!
//! It follows Bittensor's rules where a miner or validator would notice a difference: the checks of
//! `set_weights` and their order, who may do what, how commitments and axons replace one another, what
//! registering costs and whom it displaces, and every tempo an epoch that gives permits and pays, as
//! [`crate::subnet`] says. What it leaves out, beside what is left out there: fees, transfers and staking (a
//! faucet gives stake, the genesis gives coldkeys what registrations may cost), commit-reveal, weight version
//! keys, owner keys, coldkey signatures. Its beacon follows from the genesis seed, so whoever knows the seed can
//! foretell it: good for demonstrations and tests, worthless as randomness against a cheater.
//!
//! Reading order: [`genesis`](LedgerGenesis), [`call`](Call), the state and what calls do to it, the
//! [`Ledger`] around them, its file.

mod call;
mod chain;
mod genesis;
mod handle;
mod rules;
mod state;
mod state_file;
mod submit;

pub use call::{Call, Extrinsic, Receipt};
pub use chain::LocalAdmin;
pub use genesis::{GenesisNeuron, LedgerGenesis, SubnetGenesis, development_key};
pub use handle::{Ledger, MAX_BLOCKS_AT_ONCE, MAX_EPOCHS_AT_ONCE};
pub use state::{block_hash, genesis_hash};

pub(crate) use submit::{Desk, Turn, submit_signed};
