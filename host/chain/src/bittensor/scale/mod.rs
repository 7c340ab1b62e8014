//! Bytes of the chain to values and back: pure, no input or output, and no input makes it panic.

mod axon;
mod commitment;
mod cursor;
mod metagraph;
mod weights;

pub(crate) use axon::{AxonRecord, axon_fields, axon_refusal};
pub use commitment::{CommitmentField, StoredCommitment};
pub(crate) use commitment::{commitment_of, revealed_of};
pub(crate) use cursor::{Cursor, Garbled};
pub(crate) use metagraph::{ASKED, MetagraphAnswer};
pub(crate) use weights::weights_row;
