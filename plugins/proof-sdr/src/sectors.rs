//! What a sector is, and how much of it must be kept.
//!
//! Every label is stored, and one whose 14 parents are kept is labelled again in one step of half a microsecond. So
//! some 15 % of all labels can go whatever the parameters are: each of which no parent went before it. Who has the time
//! for s labels one after another, on a core for each leaf asked, drops runs of s labels of every other layer, but for
//! those of them with a parent in another run that is gone. On graphs of 2^21 nodes that is, in layers of 20 times s
//! labels, 27 % of all labels of two and four layers, 36 % of three, and 53 % of a single one, which therefore claims
//! nothing; with two layers, half of all where a layer has s labels, 23 % where it has 100 times s. This was measured
//! by dropping greedily, and is no bound: Fisch 2019 bounds sectors of which only the last layer is kept.

use std::collections::BTreeSet;

use plimsoll_sdk::graphs::{Sdr, sdr_graph_bytes};
use plimsoll_sdk::parameters::power_of_two;
use plimsoll_sdk::pure::{digest_of, merkle_depth};
use plimsoll_sdk::{
    Digest, HashKind, Identity, LARGEST_PROOF_BYTES, PluginError, Result, Statement, digest_parameter,
};

use crate::{HASH, LABEL_BYTES, LABELS_A_LEAF, LEAF_BYTES};

plimsoll_sdk::parameters! {
    /// Filecoin's stacked graph.
    pub struct Config {
        /// Layers of a sector; Filecoin has 11 for 32 GiB and 2 for test sizes.
        layers: u32 = 2, from 1 to 64;
        /// Bytes of one layer: a power of two from 2 KiB to 64 GiB.
        sector_bytes: u64 = 8_388_608, from 2_048 to 68_719_476_736;
        /// Labels of an answer that are made again from their opened parents.
        relabel: u32 = 1, from 0 to 2;
        /// Milliseconds that labelling one layer must outlast twenty times for space and replication to be claimed.
        deadline_ms: u32 = 5_000, from 1 to 600_000;
        /// 32 bytes in hex that select the graph; empty to derive them.
        porep_id: String = String::new();
        /// 32 bytes in hex for the labels of every sector; empty to derive one for each.
        replica_id: String = String::new();
    }
}

/// Sectors of a stacked graph.
pub struct Sectors {
    pub(crate) config: Config,
    pub(crate) shape: Sdr,
    pub(crate) replica_id: Option<Digest>,
}

const PARENTS: u32 = 14;
/// Part of a sector that is too large for a unit.
const LARGEST_PART_BYTES: u64 = 1 << 30;
/// What the fastest processors take for a label.
const LABEL_NS: u64 = 475;
/// How often a layer must outlast the deadline: see above for what can go all the same.
const MARGIN: u64 = 20;
/// A single layer has no parents below, and more than half of it can go.
const LEAST_PROVING_LAYERS: u32 = 2;

impl Sectors {
    /// # Errors
    /// [`PluginError::BadConfig`] naming the parameter.
    pub(crate) fn of(config: Config) -> Result<Self> {
        let Config { layers, sector_bytes, .. } = config;
        power_of_two("sector_bytes", sector_bytes)?;
        let sizes = [u64::from(layers), sector_bytes].map(u64::to_le_bytes).concat();
        let derived = digest_of(HASH, &[b"plimsoll proof-sdr graph v1", &sizes[..]].concat());
        let porep_id = digest_parameter("porep_id", &config.porep_id)?.unwrap_or(derived);
        let replica_id = digest_parameter("replica_id", &config.replica_id)?;
        let shape = Sdr { porep_id, nodes: (sector_bytes / LABEL_BYTES) as u32, layers };
        Ok(Self { config, shape, replica_id })
    }

    /// Whether what must be kept can be told, and is most of it.
    pub(crate) fn outlasts(&self) -> bool {
        let layer_ns = u64::from(self.shape.nodes) * LABEL_NS;
        let outlasts = layer_ns >= MARGIN * u64::from(self.config.deadline_ms) * 1_000_000;
        let checked = self.config.relabel > 0 && self.replica_id.is_none();
        outlasts && checked && self.shape.layers >= LEAST_PROVING_LAYERS
    }

    /// A sector, or a part of one that is too large.
    pub(crate) fn unit_bytes(&self) -> u32 {
        u32::try_from(self.shape.sector_bytes())
            .unwrap_or(self.config.sector_bytes.min(LARGEST_PART_BYTES) as u32)
    }

    /// Two layers of two sectors, or of one that comes in parts, and the graph with its round function.
    pub(crate) fn memory_bytes(&self, sectors: u64) -> u64 {
        let whole = u64::from(self.unit_bytes()) == self.shape.sector_bytes();
        let side_by_side = if whole { sectors.min(2) } else { 1 };
        2 * side_by_side * self.config.sector_bytes + sdr_graph_bytes(self.shape.nodes)
    }

    pub(crate) fn replica_id(&self, identity: &Identity, sector: u64) -> Digest {
        self.replica_id.unwrap_or_else(|| {
            let sizes = [self.shape.layers.into(), self.config.sector_bytes].map(u64::to_le_bytes).concat();
            let seed =
                [b"plimsoll proof-sdr v1", &self.shape.porep_id[..], &sizes, &identity.to_bytes()].concat();
            let mut id = digest_of(HashKind::Sha256, &[&seed[..], &sector.to_le_bytes()].concat());
            id[31] &= 0x3f;
            id
        })
    }

    /// The leaves that an answer opens.
    pub(crate) fn opened(&self, samples: &[u64], again: &[u64]) -> BTreeSet<u64> {
        let parents = again.iter().flat_map(|&label| self.shape.parents(label));
        samples.iter().copied().chain(parents).map(|label| label / LABELS_A_LEAF).collect()
    }

    /// The commitment and the number of leaves, of a statement about whole sectors that can be answered for.
    pub(crate) fn committed(&self, statement: &Statement) -> Result<(Digest, u64)> {
        let root = statement.committed(self.unit_bytes())?;
        let leaves = self.leaves(statement)?;
        self.most_of(leaves).map(|_| (root, leaves))
    }

    /// The number of leaves, of a statement about whole sectors.
    pub(crate) fn leaves(&self, statement: &Statement) -> Result<u64> {
        let bytes = statement.units.checked_mul(self.unit_bytes().into());
        let whole = bytes.filter(|bytes| *bytes > 0 && bytes.is_multiple_of(self.shape.sector_bytes()));
        let bytes = whole.ok_or_else(|| {
            PluginError::BadInput(format!("{} units are not whole sectors", statement.units))
        })?;
        Ok(bytes / u64::from(LEAF_BYTES))
    }

    /// Samples that a proof has room for in a plot of so many leaves, beside the parents of what is labelled again.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where there is no room for one.
    pub(crate) fn most_of(&self, leaves: u64) -> Result<u32> {
        let openings = (LARGEST_PROOF_BYTES as u32 - 32) / (LEAF_BYTES + 32 * merkle_depth(leaves, 0));
        let (relabel, beside) = (self.config.relabel, PARENTS * self.config.relabel);
        if openings > beside {
            return Ok(openings - beside);
        }
        Err(PluginError::BadInput(format!(
            "`relabel` {relabel} opens {beside} leaves beside a sample, and of a plot of {leaves} leaves of \
             {LEAF_BYTES} bytes {openings} fit a proof: make smaller plots, or lower `relabel`"
        )))
    }
}
