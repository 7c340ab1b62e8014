//! `proof-sdr`: leaves around labels and their parents, and some labels made again.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{Digest, Identity, Span, Statement};
use plimsoll_kernels::{HashKind, SdrGraph, digest_of, keyed_digest, sdr_label};

use super::draws::Draws;
use super::parts::{Over, Parts};
use super::{BLAKE3, DIGEST_BYTES, Parameters, Twin, identity_bytes};

const LABEL_BYTES: u64 = 32;
const LEAF_BYTES: u32 = 1024;
const LABELS_A_LEAF: u64 = 32;
/// Parents in the label's own layer.
const BASE_PARENTS: usize = 6;

pub(super) struct Sectors {
    /// Layers and bytes of a layer, as they are hashed.
    sizes: Vec<u8>,
    porep_id: Digest,
    replica_id: Option<Digest>,
    nodes: u32,
    layers: u64,
    relabel: u64,
}

impl Sectors {
    pub(super) fn new(given: &Parameters<'_>) -> Option<Self> {
        let (layers, layer_bytes) = (given.number("layers")?, given.number::<u64>("sector_bytes")?);
        let sizes = [layers, layer_bytes].map(u64::to_le_bytes).concat();
        let derived = || Digest::of(&[b"plimsoll proof-sdr graph v1", &sizes[..]].concat());
        let porep_id = given.digest("porep_id")?.unwrap_or_else(derived);
        let nodes = u32::try_from(layer_bytes / LABEL_BYTES).ok()?;
        let (replica_id, relabel) = (given.digest("replica_id")?, given.number("relabel")?);
        Some(Self { sizes, porep_id, replica_id, nodes, layers, relabel })
    }

    fn replica_id(&self, identity: &Identity, sector: u64) -> Digest {
        let derived = || {
            let parts =
                [b"plimsoll proof-sdr v1", &self.porep_id.0[..], &self.sizes, &identity_bytes(identity)];
            let mut id = digest_of(HashKind::Sha256, &[&parts.concat()[..], &sector.to_le_bytes()].concat());
            id.0[31] &= 0x3f;
            id
        };
        self.replica_id.unwrap_or_else(derived)
    }

    /// Sector, layer from 1, and node of a label.
    fn place(&self, label: u64) -> (u64, u32, u32) {
        let nodes = u64::from(self.nodes);
        let (above, node) = (label / nodes, (label % nodes) as u32);
        (above / self.layers, (above % self.layers) as u32 + 1, node)
    }

    /// The labels that `label` follows from: none, 6 or 14.
    fn parents(&self, label: u64) -> Option<Vec<u64>> {
        let (_, layer, node) = self.place(label);
        let start = label - u64::from(node);
        let parents = SdrGraph::new(&self.porep_id, self.nodes).ok()?.parents(node).ok()?;
        let count = match (node, layer) {
            (0, _) => 0,
            (_, 1) => BASE_PARENTS,
            _ => parents.len(),
        };
        let below = |at| if at < BASE_PARENTS { 0 } else { u64::from(self.nodes) };
        let parents = parents.iter().take(count).enumerate();
        Some(parents.map(|(at, &parent)| start + u64::from(parent) - below(at)).collect())
    }
}

/// Nonce, span of units and number of samples.
fn parsed(challenge: &[u8], statement: &Statement) -> Option<(Digest, Span, u32)> {
    let (nonce, rest) = challenge.split_at_checked(DIGEST_BYTES)?;
    let (span, samples) = rest.split_at_checked(16)?;
    let [first, count] = [&span[..8], &span[8..]].map(|word| word.try_into().map(u64::from_le_bytes).ok());
    let (span, samples) =
        (Span { first: first?, count: count? }, u32::from_le_bytes(samples.try_into().ok()?));
    let inside = span.first.checked_add(span.count)? <= statement.units;
    (inside && span.count > 0 && samples > 0).then_some((Digest::from_slice(nonce)?, span, samples))
}

impl Twin for Sectors {
    fn accepts(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Option<()> {
        let (nonce, span, samples) = parsed(challenge, statement)?;
        let (root, identity) = (statement.commitment?, &statement.identity);
        let unit_bytes = u64::from(statement.unit_bytes);
        let leaves = statement.units.checked_mul(unit_bytes)? / u64::from(LEAF_BYTES);
        let tree = Over { kind: BLAKE3, leaf_bytes: LEAF_BYTES, leaves, root: &root };
        let mut parts = Parts(proof);
        let tag = parts.digest()?;
        let bound = [parts.0, challenge, &identity_bytes(identity)].concat();
        (keyed_digest(&nonce, &bound) == tag).then_some(())?;

        let each = unit_bytes / LABEL_BYTES;
        let mut draws = Draws::new("plimsoll span challenge items v1", &[challenge]);
        let sampled =
            draws.distinct(samples.into(), Span { first: span.first * each, count: span.count * each });
        let which = draws.distinct(self.relabel, Span { first: 0, count: sampled.len() as u64 });
        let again: Vec<(u64, Vec<u64>)> = which
            .iter()
            .map(|&at| self.parents(sampled[at as usize]).map(|parents| (sampled[at as usize], parents)))
            .collect::<Option<_>>()?;
        let parents = again.iter().flat_map(|(_, parents)| parents);
        let opened: BTreeSet<u64> =
            sampled.iter().chain(parents).map(|label| label / LABELS_A_LEAF).collect();
        let mut held = BTreeMap::new();
        for leaf in opened {
            held.insert(leaf, parts.opening(tree, leaf)?.0);
        }
        parts.end()?;
        let label = |at: u64| {
            let from = (at % LABELS_A_LEAF * LABEL_BYTES) as usize;
            &held[&(at / LABELS_A_LEAF)][from..from + LABEL_BYTES as usize]
        };
        for (at, parents) in again {
            let (sector, layer, node) = self.place(at);
            let parents: Vec<&[u8]> = parents.into_iter().map(label).collect();
            let made = sdr_label(&self.replica_id(identity, sector), layer, node, &parents.concat()).ok()?;
            (made.as_bytes() == label(at)).then_some(())?;
        }
        Some(())
    }
}
