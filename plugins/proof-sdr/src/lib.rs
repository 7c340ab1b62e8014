//! `proof-sdr`: Filecoin's stacked graph, label for label, opened with BLAKE3 instead of a SNARK.
//!
//! A sector is `layers` layers of `sector_bytes`, one after another; label (layer, node) is SHA-256 over its
//! replica id, its place and the labels of 14 parents, 6 of its own layer and 8 of the one below (see
//! `wit/graphs.wit`). porep_id = BLAKE3("plimsoll proof-sdr graph v1" ‖ parameters), one graph for all;
//! replica_id = SHA-256("plimsoll proof-sdr v1" ‖ porep_id ‖ parameters ‖ identity ‖ sector), cut to 254 bits.
//! Both can be given, to compare with another implementation. The commitment is the BLAKE3 hash of the region.
//! A challenge is a nonce, a span of units and a number of samples; both sides draw that many labels of the
//! span from it. The answer is keyed BLAKE3(nonce; the rest, challenge, identity), then the leaf of 1 KiB around
//! each label, and around each parent of `relabel` of them, with its path. Those the verifier labels again.
//!
//! Proves: that a fraction e of labels not following from their parents is found with 1 - (1 - e)^(relabel) an
//! audit (1 % with 99 % in 459), and a fraction f that is gone with 1 - (1 - f)^n for n samples. There is no
//! proof of the whole set-up as Filecoin has (176 labels at once): until audits found them, wrong labels are
//! free space. Filecoin keeps the last layer, this every one: what is gone is labelled again from the layer
//! below, but a layer only node after node (Fisch 2019: what few stored labels cannot shorten). So space and
//! replication are claimed where one layer, at the 0.48 µs a label that the fastest processors take, outlasts
//! `deadline_ms` (320 MiB for 5 s), and labels are checked and replica ids derived.
//! Costs: 40 MiB of fill a core-second for one sector of 8 MiB, 56 for two side by side; memory as planned for
//! each worker; 1 KiB + 32 log2(leaves) bytes for each of n + 14 × `relabel` leaves at most. A sector that
//! does not fit a unit of 4 GiB is filled in parts, one after another, with two layers in memory.
//! Encoding data with the last layer, as Filecoin does, is not part of it.

use plimsoll_sdk::graphs::{Place, Sdr, sdr_graph_bytes, sdr_label};
use plimsoll_sdk::pure::{digest_of, keyed_digest, merkle_depth};
use plimsoll_sdk::{
    Answer, Claims, Digest, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order, Parts, Plot,
    Plugin, PluginError, ProofScheme, Region, Result, Span, SpanChallenge, Statement, Verdict,
    digest_parameter,
};
use std::collections::{BTreeMap, BTreeSet};

plimsoll_sdk::parameters! {
    /// Filecoin's stacked graph.
    pub struct Config {
        /// Layers of a sector; Filecoin has 11 for 32 GiB and 2 for test sizes.
        layers: u32 = 2, from 1 to 64;
        /// Bytes of one layer: a power of two from 2 KiB to 64 GiB.
        sector_bytes: u64 = 8_388_608, from 2_048 to 68_719_476_736;
        /// Labels of an answer that are made again from their opened parents.
        relabel: u32 = 1, from 0 to 2;
        /// Milliseconds that labelling one layer must outlast for space and replication to be claimed.
        deadline_ms: u32 = 5_000, from 1 to 600_000;
        /// 32 bytes in hex that select the graph; empty to derive them.
        porep_id: String = String::new();
        /// 32 bytes in hex for the labels of every sector; empty to derive one for each.
        replica_id: String = String::new();
    }
}

/// Sectors of a stacked graph.
pub struct Sectors {
    config: Config,
    shape: Sdr,
    replica_id: Option<Digest>,
}

const HASH: HashKind = HashKind::Blake3;
const LABEL_BYTES: u64 = 32;
const LEAF_BYTES: u32 = 1024;
const LABELS_A_LEAF: u64 = 32;
const PARENTS: u32 = 14;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;
/// Part of a sector that is too large for a unit.
const LARGEST_PART_BYTES: u64 = 1 << 30;
/// Sectors of one call of the host.
const SECTORS_A_CALL: u64 = 1024;

impl Plugin for Sectors {
    const NAME: &'static str = "proof-sdr";
    const SUMMARY: &'static str = "Fills sectors with the labels of Filecoin's stacked depth-robust graph and opens them by Merkle paths.";
    const LIMITS: &'static str = "Wrong labels are free space until audits find them, and layers that are \
        labelled again within the deadline need not be kept: small sectors prove nothing.";
    const REFERENCES: &'static [&'static str] = &[
        "B. Fisch, Tight Proofs of Space and Replication, Eurocrypt 2019, https://eprint.iacr.org/2018/702",
        "https://spec.filecoin.io/algorithms/sdr/",
        "https://github.com/filecoin-project/rust-fil-proofs, storage-proofs-porep 19.1.0",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let Config { layers, sector_bytes, .. } = config;
        if !sector_bytes.is_power_of_two() {
            let message = format!("`sector_bytes` must be a power of two, {sector_bytes} is none");
            return Err(PluginError::BadConfig(message));
        }
        let sizes = [u64::from(layers), sector_bytes].map(u64::to_le_bytes).concat();
        let derived = digest_of(HASH, &[b"plimsoll proof-sdr graph v1", &sizes[..]].concat());
        let porep_id = digest_parameter("porep_id", &config.porep_id)?.unwrap_or(derived);
        let replica_id = digest_parameter("replica_id", &config.replica_id)?;
        let shape = Sdr { porep_id, nodes: (sector_bytes / LABEL_BYTES) as u32, layers };
        Ok(Self { config, shape, replica_id })
    }
}

impl Sectors {
    /// A sector, or a part of one that is too large.
    fn unit_bytes(&self) -> u32 {
        u32::try_from(self.shape.sector_bytes())
            .unwrap_or(self.config.sector_bytes.min(LARGEST_PART_BYTES) as u32)
    }

    /// Two layers of two sectors, or of one that comes in parts, and the graph with its round function.
    fn memory_bytes(&self, sectors: u64) -> u64 {
        let whole = u64::from(self.unit_bytes()) == self.shape.sector_bytes();
        let side_by_side = if whole { sectors.min(2) } else { 1 };
        2 * side_by_side * self.config.sector_bytes + sdr_graph_bytes(self.shape.nodes)
    }

    fn replica_id(&self, identity: &Identity, sector: u64) -> Digest {
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
    fn opened(&self, samples: &[u64], again: &[u64]) -> BTreeSet<u64> {
        let parents = again.iter().flat_map(|&label| self.shape.parents(label));
        samples.iter().copied().chain(parents).map(|label| label / LABELS_A_LEAF).collect()
    }

    /// The commitment and the number of leaves, of a statement about whole sectors.
    fn committed(&self, statement: &Statement) -> Result<(Digest, u64)> {
        let root = statement.committed(self.unit_bytes())?;
        let bytes = statement.units.checked_mul(self.unit_bytes().into());
        let whole = bytes.filter(|bytes| *bytes > 0 && bytes.is_multiple_of(self.shape.sector_bytes()));
        let bytes = whole.ok_or_else(|| {
            PluginError::BadInput(format!("{} units are not whole sectors", statement.units))
        })?;
        Ok((root, bytes / u64::from(LEAF_BYTES)))
    }
}

impl ProofScheme for Sectors {
    fn proves(&self) -> Claims {
        let outlasts = u64::from(self.shape.nodes) * 475 > u64::from(self.config.deadline_ms) * 1_000_000;
        let claimed = outlasts && self.config.relabel > 0 && self.replica_id.is_none();
        Claims { space: claimed, replication: claimed, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let sectors = capacity_bytes / self.shape.sector_bytes();
        if sectors == 0 {
            let (stack, Config { layers, sector_bytes, .. }) = (self.shape.sector_bytes(), &self.config);
            return Err(PluginError::BadInput(format!(
                "{capacity_bytes} bytes hold no sector: one takes {stack} bytes, {layers} layers of {sector_bytes}"
            )));
        }
        let unit_bytes = self.unit_bytes();
        let whole = u64::from(unit_bytes) == self.shape.sector_bytes();
        let order = if whole { Order::Independent } else { Order::Sequential };
        let layout = Layout::one_pass("label", order, unit_bytes, 0, sectors * self.shape.sector_bytes())?;
        Ok(Layout { memory_bytes: self.memory_bytes(sectors), ..layout })
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let labels = |bytes: u64| bytes / LABEL_BYTES;
        let (unit, stack) = (labels(self.unit_bytes().into()), labels(self.shape.sector_bytes()));
        let (mut at, end) = (units.first.saturating_mul(unit), units.end().saturating_mul(unit));
        while at < end {
            let first = at / stack;
            let to = end.min((first + SECTORS_A_CALL).saturating_mul(stack));
            let ids: Vec<Digest> =
                (first..to.div_ceil(stack)).map(|s| self.replica_id(identity, s)).collect();
            plot.fill_sdr(&self.shape, &ids, Span { first: at, count: to - at })?;
            at = to;
        }
        Ok(())
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        let all = Extent { offset: 0, len: layout.region_bytes };
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, all).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        let leaves = self.committed(statement).map_or(u64::MAX, |(_, leaves)| leaves);
        let openings = (LARGEST_PROOF_BYTES as u32 - 32) / (LEAF_BYTES + 32 * merkle_depth(leaves, 0));
        openings.saturating_sub(PARENTS * self.config.relabel).max(1)
    }

    fn draw(
        &self,
        of: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>> {
        self.committed(of)?;
        Ok(SpanChallenge::draw(of, randomness, samples, self.most_samples(of), focus)?.to_bytes())
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let (_, leaves) = self.committed(statement)?;
        let challenge = SpanChallenge::parse(challenge, statement, self.most_samples(statement))?;
        let (samples, again) =
            challenge.items(u64::from(self.unit_bytes()) / LABEL_BYTES, self.config.relabel);
        let opened: Vec<u64> = self.opened(&samples, &again).into_iter().collect();
        let all = Extent { offset: 0, len: leaves * u64::from(LEAF_BYTES) };
        let openings = region.merkle_openings(HASH, LEAF_BYTES, all, &opened)?;
        let bound = bound(&challenge, &statement.identity, &openings);
        Ok(Answer::Proof([&bound[..], &openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let (root, leaves) = self.committed(statement)?;
        let challenge = SpanChallenge::parse(challenge, statement, self.most_samples(statement))?;
        Ok(self.check(&statement.identity, &root, leaves, &challenge, proof).into())
    }
}

/// Binds an answer to its challenge and to the whole identity.
fn bound(challenge: &SpanChallenge, identity: &Identity, openings: &[u8]) -> Digest {
    keyed_digest(&challenge.nonce, &[openings, &challenge.to_bytes(), &identity.to_bytes()].concat())
}

impl Sectors {
    fn check(
        &self,
        of: &Identity,
        root: &Digest,
        all: u64,
        to: &SpanChallenge,
        proof: &[u8],
    ) -> Result<(), String> {
        let (binding, openings) = proof.split_first_chunk().ok_or("the proof ends before its binding")?;
        if *binding != bound(to, of, openings) {
            return Err("the proof answers another challenge, or was damaged".into());
        }
        let (samples, again) = to.items(u64::from(self.unit_bytes()) / LABEL_BYTES, self.config.relabel);
        let (mut parts, mut leaves) = (Parts::of(openings), BTreeMap::new());
        for index in self.opened(&samples, &again) {
            leaves.insert(index, parts.merkle_opening(HASH, LEAF_BYTES, all, index, root)?);
        }
        parts.end()?;
        let label =
            |at: u64| leaves[&(at / LABELS_A_LEAF)].as_chunks::<32>().0[(at % LABELS_A_LEAF) as usize];
        for at in again {
            let parents: Vec<Digest> = self.shape.parents(at).into_iter().map(label).collect();
            let Place { sector, layer, node } = self.shape.place(at);
            let replica_id = self.replica_id(of, sector);
            if label(at) != sdr_label(&replica_id, layer, node, parents.as_flattened()) {
                return Err(format!("label {node} of layer {layer} of sector {sector} is wrong"));
            }
        }
        Ok(())
    }
}

plimsoll_sdk::export_plugin!(Sectors as proof_scheme);

#[cfg(test)]
mod tests;
