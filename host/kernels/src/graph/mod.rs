//! Labels that depend on one another: Filecoin's stacked graph, and sequential chains.
//!
//! - SDR ("stacked depth-robust graph"): label-compatible with Filecoin's proofs 1.1 and 1.2. B. Fisch, "Tight
//!   Proofs of Space and Replication" (Eurocrypt 2019, <https://eprint.iacr.org/2018/702>); the Filecoin
//!   specification, section "Stacked DRG PoRep", <https://spec.filecoin.io/algorithms/sdr/>; bit by bit as
//!   <https://github.com/filecoin-project/rust-fil-proofs> computes it.
//! - Chains: each segment is a hash over the ones before it, in layers over a unit, after the packing that
//!   Irys documents (<https://docs.irys.xyz>).

mod chain;
mod chain_fill;
mod sdr_base;
mod sdr_expander;
mod sdr_fill;
mod sdr_graph;
mod sdr_label;
mod sdr_layer;
mod sdr_table;
mod sha_blocks;
#[cfg(test)]
mod tests;

pub use chain::{Chain, chain_leaf, chain_unit};
pub use chain_fill::fill_chain;
pub use sdr_fill::{Sdr, fill_sdr};
pub use sdr_graph::{SDR_PARENTS, SdrGraph};
pub use sdr_label::sdr_label;
pub use sdr_table::SdrParents;

#[cfg(target_arch = "x86_64")]
pub(crate) use {
    sdr_label::{ENTRIES, Label, MESSAGE_BITS},
    sha_blocks::{ROUND_CONSTANTS, START, State},
};
