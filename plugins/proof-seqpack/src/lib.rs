//! `proof-seqpack`: units of chained hashing, as Irys packs them.
//!
//! Unit i is a chain of SHA-256 from the seed SHA-256(key ‖ i) over segments of 32 bytes, in layers (see
//! `wit/graphs.wit`); key = BLAKE3("plimsoll proof-seqpack v1" ‖ parameters ‖ identity). The commitment is the
//! BLAKE3 hash of the whole region. A challenge is distinct units and a nonce, which draws one leaf of 1 KiB in
//! each unit. The answer is keyed BLAKE3(nonce; the rest, challenge, identity), then each leaf with its path.
//! The nonce also draws `repack` of the units, which the verifier packs again as a whole.
//!
//! Shows that the leaves asked for are those committed to, and that the repacked units are this identity's chains: a
//! fraction e of wrong units passes with (1 - e)^repack at most (`repack` = 0: any bytes pass), a fraction f of leaves
//! that can neither be read nor made in time with (1 - f)^n for n samples.
//! Claims nothing, under no parameters: a unit is sequential only for who keeps nothing of it. The last `window`
//! digests before a block, of every layer, make it alone: for window 1, 3 % of the plot for blocks of 1 KiB in one
//! layer (1.3 µs each), 6 % for blocks of 64 KiB in 128 layers (21 ms). Direction and window only move that price.
//! Costs: 1.5 GiB of fill a core-second for one layer, 180 MiB for four; 1 KiB + 32 log2(leaves) bytes a sample; for
//! the verifier a path a sample and `repack` units at 40 ns a block of SHA-256: 0.34 ms for one layer of 256 KiB.

use plimsoll_sdk::graphs::{Chain, chain_leaf};
use plimsoll_sdk::parameters::power_of_two;
use plimsoll_sdk::pure::{digest_of, merkle_depth, merkle_verify};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Draws, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order, Parts,
    Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict, bind, unbind,
};

plimsoll_sdk::parameters! {
    /// Units of chained hashing.
    pub struct Seqpack {
        /// Bytes of one unit: a power of two from 1 KiB to 4 MiB.
        unit_bytes: u32 = 262_144, from 1_024 to 4_194_304;
        /// Sweeps of hashing over a unit.
        layers: u32 = 1, from 1 to 128;
        /// Digests before that each segment depends on.
        window: u32 = 1, from 1 to 16;
        /// Whether each layer goes from the last segment to the first.
        reverse: bool = false;
        /// Units of an answer that the verifier packs again.
        repack: u32 = 1, from 0 to 16;
    }
}

const HASH: HashKind = HashKind::Blake3;
const LEAF_BYTES: u32 = 1024;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;
/// Blocks of SHA-256 that the fuel of one verification pays, with room to spare.
const VERIFY_BLOCKS: u64 = 1 << 25;

impl Plugin for Seqpack {
    const NAME: &'static str = "proof-seqpack";
    const SUMMARY: &'static str =
        "Fills units with chains of SHA-256 and commits to them with a Merkle root.";
    const LIMITS: &'static str = "Proves nothing about space: digests kept on the way, 1 to 6 % of the plot, make \
        any block alone in microseconds to milliseconds.";
    const REFERENCES: &'static [&'static str] = &["https://docs.irys.xyz, matrix packing", "FIPS 180-4"];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        power_of_two("unit_bytes", config.unit_bytes)?;
        let (units, each) = (config.repack.max(1), config.chain().unit_blocks(config.unit_bytes));
        if u64::from(units) * each > VERIFY_BLOCKS {
            return Err(PluginError::BadConfig(format!(
                "`repack` × a unit's blocks of SHA-256 must be at most {VERIFY_BLOCKS} to be verified, it is {units} \
                 × {each}: lower `repack`, `unit_bytes`, `layers` or `window`"
            )));
        }
        Ok(config)
    }
}

impl ProofScheme for Seqpack {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("pack", Order::Independent, self.unit_bytes, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill_chain(self.chain(), &self.key(identity), self.unit_bytes, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        let leaves = self.leaves(statement).unwrap_or(u64::MAX);
        (LARGEST_PROOF_BYTES as u32 - 32) / (LEAF_BYTES + 32 * merkle_depth(leaves, 0))
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(self.unit_bytes)?;
        let to = Challenge::parse(challenge, statement)?;
        let all = Extent { offset: 0, len: self.leaves(statement)?.saturating_mul(LEAF_BYTES.into()) };
        let openings = region.merkle_openings(HASH, LEAF_BYTES, all, &self.drawn(&to).0)?;
        Ok(Answer::Proof(bind(&to.nonce, challenge, &statement.identity, &openings)))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let Statement { identity, units, .. } = *statement;
        let (root, all) = (statement.committed(self.unit_bytes)?, self.leaves(statement)?);
        let to = Challenge::parse(challenge, statement)?;
        let ((leaves, again), key) = (self.drawn(&to), self.key(&identity));
        let check = |mut parts: Parts<'_>| {
            for (&unit, leaf) in to.units.iter().zip(leaves) {
                let mut opening = parts;
                parts.merkle_opening(HASH, LEAF_BYTES, all, leaf, &root)?;
                // A unit is a whole subtree: the upper part of its leaf's path is its own.
                let within = merkle_depth(all, leaf) - merkle_depth(units, unit);
                opening.take((LEAF_BYTES + 32 * within) as usize);
                let path = opening.merkle_path(units, unit).unwrap_or_default();
                let packed = || chain_leaf(self.chain(), &key, unit, self.unit_bytes, HASH, units);
                if again.contains(&unit) && !merkle_verify(HASH, &root, units, unit, &packed(), path) {
                    return Err(format!("unit {unit} does not hold its chain"));
                }
            }
            parts.end()
        };
        Ok(unbind(&to.nonce, challenge, &identity, proof).and_then(check).into())
    }
}

impl Seqpack {
    const fn chain(&self) -> Chain {
        Chain { layers: self.layers, window: self.window, reverse: self.reverse }
    }

    fn key(&self, identity: &Identity) -> Digest {
        let params = [self.unit_bytes, self.layers, self.window, self.reverse.into()].map(u32::to_le_bytes);
        digest_of(HASH, &[b"plimsoll proof-seqpack v1", params.as_flattened(), &identity.to_bytes()].concat())
    }

    /// The leaf that is opened in each unit of a challenge, and the units that are packed again.
    fn drawn(&self, to: &Challenge) -> (Vec<u64>, Vec<u64>) {
        let each = u64::from(self.unit_bytes / LEAF_BYTES);
        let mut draws = Draws::new("plimsoll proof-seqpack v1", &[&to.to_bytes()]);
        let leaves = to.units.iter().map(|unit| unit.saturating_mul(each) + draws.below(each)).collect();
        let again = draws.distinct(self.repack.into(), Span { first: 0, count: to.units.len() as u64 });
        (leaves, again.iter().map(|&at| to.units[at as usize]).collect())
    }

    /// Leaves of the whole plot.
    fn leaves(&self, of: &Statement) -> Result<u64> {
        let leaves = of.units.checked_mul((self.unit_bytes / LEAF_BYTES).into());
        leaves.ok_or_else(|| PluginError::BadInput(format!("{} units are no plot", of.units)))
    }
}

plimsoll_sdk::export_plugin!(Seqpack as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
    use plimsoll_sdk::graph_twins::chain_unit;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn identity() -> Identity {
        Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
    }

    fn scheme(json: &str) -> Seqpack {
        from_json(json).unwrap()
    }

    fn filled(scheme: &Seqpack, units: u64) -> (MemoryRegion, Statement) {
        let layout = scheme.plan(&identity(), units * u64::from(scheme.unit_bytes)).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: units }).unwrap();
        let region = plot.finish();
        (region.clone(), committed(scheme, &region))
    }

    fn committed(scheme: &Seqpack, region: &MemoryRegion) -> Statement {
        let layout = scheme.plan(&identity(), region.size_bytes()).unwrap();
        let commitment = scheme.commit(region, &identity(), &layout).unwrap();
        let Layout { unit_bytes, units, .. } = layout;
        Statement { identity: identity(), unit_bytes, units, commitment }
    }

    /// What the verifier says of the honest answer to a challenge of `samples` units.
    fn verdict(scheme: &Seqpack, region: &MemoryRegion, of: &Statement, samples: u32, round: u8) -> Verdict {
        let challenge = scheme.draw(of, &[round; 32], samples, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(region, of, &challenge).unwrap() else { panic!("none") };
        scheme.verify(of, &challenge, &proof).unwrap()
    }

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Seqpack>(r#"{"unit_bytes": 4096, "layers": 2}"#, 7 * 4096 + 9);
        laws::proof_scheme::<Seqpack>(r#"{"unit_bytes": 1024, "window": 3, "reverse": true}"#, 5 * 1024);
        laws::proof_scheme::<Seqpack>(r#"{"unit_bytes": 2048, "repack": 0}"#, 2048);
    }

    #[test]
    fn the_bytes_of_a_plot_never_change() {
        let scheme = scheme(r#"{"unit_bytes": 2048, "layers": 3}"#);
        let (region, statement) = filled(&scheme, 3);
        let key = scheme.key(&identity());
        let units: Vec<u8> = (0..3).flat_map(|unit| chain_unit(scheme.chain(), &key, unit, 2048)).collect();
        assert!(region.bytes == units);
        let root = statement.commitment.unwrap();
        assert_eq!(root, plimsoll_sdk::twins::digest_of(HashKind::Blake3, &region.bytes));
        assert_eq!(
            [key, root].map(|id| hex(&id)),
            [
                "676c994e5c0d8c6fabc94d221009690f9e12868fba00103f035feaebcd9ddeb9",
                "e1d833ce482241f0fe65235a1b787512198838e1d253e03d2aae2b96b8f1b4f5"
            ]
        );
    }

    #[test]
    fn a_plot_of_anything_else_is_caught_by_packing_again() {
        let careful = scheme(r#"{"unit_bytes": 1024, "repack": 1}"#);
        let (honest, statement) = filled(&careful, 8);
        assert_eq!(verdict(&careful, &honest, &statement, 8, 1), Verdict::Valid);
        let mut other = honest;
        other.bytes[3 * 1024..4 * 1024].fill(7);
        let statement = committed(&careful, &other);
        let verdicts: Vec<Verdict> =
            (0..80).map(|round| verdict(&careful, &other, &statement, 8, round)).collect();
        let wrong = Verdict::Invalid("unit 3 does not hold its chain".into());
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Valid || *verdict == wrong));
        // One of eight units is packed again: some 10 of 80 rounds find it.
        let caught = verdicts.iter().filter(|verdict| **verdict == wrong).count();
        assert!((2..=25).contains(&caught), "{caught}");
        let thorough = scheme(r#"{"unit_bytes": 1024, "repack": 8}"#);
        let (mut thorough_plot, _) = filled(&thorough, 8);
        thorough_plot.bytes[3 * 1024] ^= 1;
        let statement = committed(&thorough, &thorough_plot);
        assert_eq!(verdict(&thorough, &thorough_plot, &statement, 8, 1), wrong);
    }

    /// The attack that no parameters withstand: it keeps one digest a layer in place of each block.
    #[test]
    fn a_block_alone_is_made_from_the_digests_before_it_and_so_nothing_is_claimed() {
        let scheme = scheme(r#"{"unit_bytes": 2048, "layers": 3}"#);
        let (key, block) = (scheme.key(&identity()), 16..32);
        let kept = |layers| {
            let unit = chain_unit(Chain { layers, ..scheme.chain() }, &key, 5, 2048);
            unit.as_chunks::<32>().0[block.start - 1]
        };
        let mut made = vec![Vec::new(); block.len()];
        for mut before in (1..=3).map(kept) {
            for segment in &mut made {
                let message: Vec<u8> = [&segment[..], &before].concat();
                before = digest_of(HashKind::Sha256, &message);
                *segment = before.to_vec();
            }
        }
        let (region, _) = filled(&scheme, 6);
        assert_eq!(made.concat(), region.bytes[5 * 2048..][32 * block.start..32 * block.end]);
        assert_eq!(scheme.proves(), plimsoll_sdk::Claims::default());
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        let scheme = scheme("{}");
        for units in [1, 2, 3, 1000, (1 << 20) + 1, 1 << 40, u64::MAX / 256] {
            let (identity, commitment) = (identity(), Some([0; 32]));
            let statement = Statement { identity, unit_bytes: 262_144, units, commitment };
            let challenge = scheme.draw(&statement, &[3; 32], scheme.most_samples(&statement), None).unwrap();
            let challenge = Challenge::parse(&challenge, &statement).unwrap();
            let opening = |&leaf: &u64| 1024 + 32 * merkle_depth(units * 256, leaf) as usize;
            let proof: usize = 32 + scheme.drawn(&challenge).0.iter().map(opening).sum::<usize>();
            assert!(proof <= LARGEST_PROOF_BYTES, "{proof} bytes for {units} units");
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused_by_name() {
        let refusal = |json: &str| from_json::<Seqpack>(json).err().unwrap().to_string();
        assert_eq!(
            refusal(r#"{"unit_bytes": 3000}"#),
            "bad config: `unit_bytes` must be a power of two, 3000 is none"
        );
        assert_eq!(refusal(r#"{"layers": 0}"#), "bad config: `layers` must be from 1 to 128, it is 0");
        assert_eq!(refusal(r#"{"window": 17}"#), "bad config: `window` must be from 1 to 16, it is 17");
        assert_eq!(
            refusal(r#"{"unit_bytes": 4194304, "layers": 128, "repack": 2}"#),
            "bad config: `repack` × a unit's blocks of SHA-256 must be at most 33554432 to be verified, it is 2 × \
             33423360: lower `repack`, `unit_bytes`, `layers` or `window`"
        );
        // A unit that nobody packs again must still be filled.
        let wide = refusal(r#"{"unit_bytes": 4194304, "layers": 128, "window": 16, "repack": 0}"#);
        assert!(wide.contains("it is 1 × 150994944: lower"), "{wide}");
        assert_eq!(
            scheme(r#"{"unit_bytes": 4194304, "layers": 128}"#).chain().unit_blocks(4 << 20),
            33_423_360
        );
        let small = scheme("{}").plan(&identity(), 262_143).unwrap_err().to_string();
        assert_eq!(small, "bad input: 262143 bytes hold no unit: one takes 262144 bytes");
    }
}
