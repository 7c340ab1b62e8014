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
//! Proves: that a fraction e of labels not following from their parents is found with 1 - (1 - e)^(relabel) an audit
//! (1 % with 99 % in 459), free space until then: there is no proof of the whole set-up, as Filecoin has. A fraction f
//! of leaves that are gone and cannot be labelled again in time is found with 1 - (1 - f)^n for n samples. Filecoin
//! keeps the last layer, this every one, and what has kept parents follows from them: `sectors.rs` says how much of
//! that can go. So space and replication are claimed, for some two thirds of the bytes, where labels are checked,
//! replica ids derived, and one layer of two or more, at the 0.48 µs a label that the fastest processors take,
//! outlasts `deadline_ms` twenty times (8 GiB for 5 s).
//! Costs: 40 MiB of fill a core-second for one sector of 8 MiB, 56 for two side by side; memory as planned for
//! each worker; 1 KiB + 32 log2(leaves) bytes for each of n + 14 × `relabel` leaves at most. A sector that does not
//! fit a unit of 4 GiB is filled in parts, one after another. The last layer encodes no data, as Filecoin's does.

mod sectors;

use plimsoll_sdk::graphs::{Place, sdr_label};
use plimsoll_sdk::{
    Answer, Claims, Digest, Extent, HashKind, Identity, Layout, Order, Parts, Plot, Plugin, PluginError,
    ProofScheme, Region, Result, Span, SpanChallenge, Statement, Verdict, bind, unbind,
};
pub use sectors::{Config, Sectors};
use std::collections::BTreeMap;

const HASH: HashKind = HashKind::Blake3;
const LABEL_BYTES: u64 = 32;
const LEAF_BYTES: u32 = 1024;
const LABELS_A_LEAF: u64 = 32;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;
/// Sectors of one call of the host.
const SECTORS_A_CALL: u64 = 1024;

impl Plugin for Sectors {
    const NAME: &'static str = "proof-sdr";
    const SUMMARY: &'static str = "Fills sectors with the labels of Filecoin's stacked depth-robust graph and opens them by Merkle paths.";
    const LIMITS: &'static str = "Wrong labels are free space until audits find them; small sectors prove nothing, \
        and of large ones a third can be labelled again in time.";
    const REFERENCES: &'static [&'static str] = &[
        "B. Fisch, Tight Proofs of Space and Replication, Eurocrypt 2019, https://eprint.iacr.org/2018/702",
        "https://spec.filecoin.io/algorithms/sdr/; rust-fil-proofs, storage-proofs-porep 19.1.0",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Self::of(config)
    }
}

impl ProofScheme for Sectors {
    fn proves(&self) -> Claims {
        Claims { space: self.outlasts(), replication: self.outlasts(), ..Claims::default() }
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
        self.most_of(layout.region_bytes / u64::from(LEAF_BYTES))?;
        Ok(Layout { memory_bytes: self.memory_bytes(sectors), ..layout })
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let [unit, stack] =
            [self.unit_bytes().into(), self.shape.sector_bytes()].map(|bytes| bytes / LABEL_BYTES);
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
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        self.leaves(statement).and_then(|leaves| self.most_of(leaves)).unwrap_or(0)
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
        let to = SpanChallenge::parse(challenge, statement, self.most_samples(statement))?;
        let (samples, again) = to.items(u64::from(self.unit_bytes()) / LABEL_BYTES, self.config.relabel);
        let opened: Vec<u64> = self.opened(&samples, &again).into_iter().collect();
        let all = Extent { offset: 0, len: leaves * u64::from(LEAF_BYTES) };
        let openings = region.merkle_openings(HASH, LEAF_BYTES, all, &opened)?;
        Ok(Answer::Proof(bind(&to.nonce, challenge, &statement.identity, &openings)))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let (root, all) = self.committed(statement)?;
        let to = SpanChallenge::parse(challenge, statement, self.most_samples(statement))?;
        let check = |mut parts: Parts<'_>| {
            let (samples, again) = to.items(u64::from(self.unit_bytes()) / LABEL_BYTES, self.config.relabel);
            let mut leaves = BTreeMap::new();
            for index in self.opened(&samples, &again) {
                leaves.insert(index, parts.merkle_opening(HASH, LEAF_BYTES, all, index, &root)?);
            }
            parts.end()?;
            let label =
                |at: u64| leaves[&(at / LABELS_A_LEAF)].as_chunks::<32>().0[(at % LABELS_A_LEAF) as usize];
            for at in again {
                let parents: Vec<Digest> = self.shape.parents(at).into_iter().map(label).collect();
                let Place { sector, layer, node } = self.shape.place(at);
                let replica_id = self.replica_id(&statement.identity, sector);
                if label(at) != sdr_label(&replica_id, layer, node, parents.as_flattened()) {
                    return Err(format!("label {node} of layer {layer} of sector {sector} is wrong"));
                }
            }
            Ok(())
        };
        Ok(unbind(&to.nonce, challenge, &statement.identity, proof).and_then(check).into())
    }
}

plimsoll_sdk::export_plugin!(Sectors as proof_scheme);

#[cfg(test)]
mod tests;
