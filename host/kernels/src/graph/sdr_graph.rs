//! The graph of a sector: which labels each label depends on.

use plimsoll_core::Digest;
use sha2::{Digest as _, Sha256};

use super::sdr_base::{BASE, LANES, base_parents};
use super::sdr_expander::{EXPANDER, Expander, Rounds};
use crate::error::KernelError;

/// Parents of a node: six of its own layer, then eight of the layer below.
pub const SDR_PARENTS: usize = BASE + EXPANDER;

/// The graph that a `porep_id` selects for a number of nodes; the same in all layers and for all sectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdrGraph {
    nodes: u32,
    drg_seed: [u8; 28],
    feistel_keys: [u64; 4],
    seed_words: [u32; 7],
    expander: Expander,
}

impl SdrGraph {
    /// The graph of `porep_id` over `nodes` nodes of 32 bytes.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] for no nodes.
    pub fn new(porep_id: &Digest, nodes: u32) -> Result<Self, KernelError> {
        if nodes == 0 {
            return Err(KernelError::BadInput("a graph of 0 nodes: a sector needs 1 or more".to_owned()));
        }
        let tagged = |tag: &str| -> [u8; 32] {
            Sha256::new().chain_update(tag).chain_update(porep_id.0).finalize().into()
        };
        let mut drg_seed = [0; 28];
        drg_seed.copy_from_slice(&tagged("Filecoin_DRSample")[..28]);
        let mut feistel_keys = [0; 4];
        for (key, bytes) in feistel_keys.iter_mut().zip(tagged("Filecoin_Feistel").as_chunks().0) {
            *key = u64::from_le_bytes(*bytes);
        }
        let mut seed_words = [0; 7];
        for (word, bytes) in seed_words.iter_mut().zip(drg_seed.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [k0, k1, k2, _] = feistel_keys;
        let expander = Expander::new([k0, k1, k2], nodes);
        Ok(Self { nodes, drg_seed, feistel_keys, seed_words, expander })
    }

    /// Nodes of a layer.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        self.nodes
    }

    /// The seed of the base parents: SHA-256("Filecoin_DRSample" ‖ `porep_id`), its first 28 bytes.
    #[must_use]
    pub const fn drg_seed(&self) -> &[u8; 28] {
        &self.drg_seed
    }

    /// The keys of the permutation: SHA-256("Filecoin_Feistel" ‖ `porep_id`) as four little-endian words, of
    /// which the last is never used.
    #[must_use]
    pub const fn feistel_keys(&self) -> &[u64; 4] {
        &self.feistel_keys
    }

    /// The parents of one node straight from the definition: six base parents, then eight expander parents.
    ///
    /// # Errors
    /// [`KernelError::BadInput`] for a node that is not there.
    pub fn parents(&self, node: u32) -> Result<[u32; SDR_PARENTS], KernelError> {
        if node >= self.nodes {
            return Err(KernelError::BadInput(format!("node {node} is not one of {}", self.nodes)));
        }
        let [base, ..] = base_parents(&self.seed_words, node);
        Ok(joined(base, self.expander.parents(node)))
    }

    /// What makes the parents of many nodes fast: 12 bytes for each of about √(8 × nodes) arguments.
    pub(super) fn rounds(&self) -> Rounds {
        self.expander.rounds()
    }

    /// The parents of all nodes from `first`, as many as `rows` has; nodes that are not there get any.
    pub(super) fn write_parents(&self, rounds: &Rounds, first: u32, rows: &mut [[u32; SDR_PARENTS]]) {
        let mut first = first;
        for group in rows.chunks_mut(LANES) {
            let base = base_parents(&self.seed_words, first);
            for ((row, base), node) in group.iter_mut().zip(base).zip(first..) {
                *row = joined(base, self.expander.tabled_parents(rounds, node));
            }
            first = first.wrapping_add(LANES as u32);
        }
    }
}

fn joined(base: [u32; BASE], expander: [u32; EXPANDER]) -> [u32; SDR_PARENTS] {
    std::array::from_fn(|at| if at < BASE { base[at] } else { expander[at - BASE] })
}
