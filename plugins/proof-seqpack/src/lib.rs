//! `proof-seqpack`: units of sequential hashing, as Irys packs them.
//!
//! Unit i is a chain of SHA-256 from the seed SHA-256(key ‖ i) over segments of 32 bytes, in layers (see
//! `wit/graphs.wit`); key = BLAKE3("plimsoll proof-seqpack v1" ‖ parameters ‖ identity). The commitment is the
//! BLAKE3 hash of the whole region. A challenge is distinct units and a nonce, which draws one leaf of 1 KiB in
//! each unit. The answer is keyed BLAKE3(nonce; the rest, challenge, identity), then each leaf with its path.
//! The nonce also draws `repack` of the units, which the verifier packs again as a whole.
//!
//! Proves: that the committed bytes are there (the leaves), and that they are this identity's chains (the
//! repacked units): a plot with a fraction e of wrong units passes an audit with (1 - e)^repack, one that lost
//! a fraction f with (1 - f)^n for n samples. With `repack` = 0 anything could be packed: nothing is proven.
//! Within a unit nothing can be parallel, between units everything: a miner with P cores that keeps nothing
//! answers n samples in n × t / P, t = compressions × 40 ns (0.34 ms for a layer of 256 KiB, twice that above
//! the first). So space and replication are claimed only where one unit alone, at the 25 ns that the fastest
//! processors take, outlasts `deadline_ms`; below that only the cost of rebuilding speaks against it.
//! Costs: 1.5 GiB of fill a core-second for one layer, 180 MiB for four; 1 KiB + 32 log2(leaves) bytes a
//! sample; for the verifier `repack` × t and a path a sample. Useful data can be kept as data XOR unit.

use plimsoll_sdk::graphs::{Chain, chain_leaf};
use plimsoll_sdk::pure::{digest_of, keyed_digest, merkle_depth, merkle_leaf, merkle_verify};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Draws, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order,
    Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Units of sequential hashing.
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
        /// Milliseconds that packing one unit must outlast for space and replication to be claimed.
        deadline_ms: u32 = 5_000, from 1 to 600_000;
    }
}

const HASH: HashKind = HashKind::Blake3;
const LEAF_BYTES: u32 = 1024;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;

impl Plugin for Seqpack {
    const NAME: &'static str = "proof-seqpack";
    const SUMMARY: &'static str =
        "Fills units with sequential chains of SHA-256 and commits to them with a Merkle root.";
    const LIMITS: &'static str = "Units are independent: a miner with enough cores packs those that are asked \
        within the deadline, unless one takes longer than that.";
    const REFERENCES: &'static [&'static str] =
        &["https://docs.irys.xyz, matrix packing", "FIPS 180-4", "BLAKE3 paper, section 2.1"];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        if !config.unit_bytes.is_power_of_two() {
            let message = format!("`unit_bytes` must be a power of two, {} is none", config.unit_bytes);
            return Err(PluginError::BadConfig(message));
        }
        Ok(config)
    }
}

impl Seqpack {
    fn chain(&self) -> Chain {
        Chain { layers: self.layers, window: self.window, reverse: self.reverse }
    }

    fn key(&self, identity: &Identity) -> Digest {
        let params = [self.unit_bytes, self.layers, self.window, self.reverse.into()].map(u32::to_le_bytes);
        digest_of(HASH, &[b"plimsoll proof-seqpack v1", params.as_flattened(), &identity.to_bytes()].concat())
    }

    /// Blocks of SHA-256 of one unit, each after the one before: a message of n digests has 9 bytes of padding.
    fn sequential_blocks(&self) -> u64 {
        let blocks = |digests: u32| u64::from((32 * digests + 9).div_ceil(64));
        let above = blocks(self.window + 1) * u64::from(self.layers - 1);
        u64::from(self.unit_bytes / 32) * (blocks(self.window) + above)
    }

    /// The leaf that is opened in each unit of a challenge, and the units that are packed again.
    fn drawn(&self, challenge: &Challenge) -> (Vec<u64>, Vec<u64>) {
        let each = u64::from(self.unit_bytes / LEAF_BYTES);
        let mut draws = Draws::new("plimsoll proof-seqpack v1", &[&challenge.to_bytes()]);
        let leaves =
            challenge.units.iter().map(|unit| unit.saturating_mul(each) + draws.below(each)).collect();
        let which =
            draws.distinct(self.repack.into(), Span { first: 0, count: challenge.units.len() as u64 });
        (leaves, which.iter().map(|&at| challenge.units[at as usize]).collect())
    }

    /// Leaves of the whole plot.
    fn leaves(&self, statement: &Statement) -> Result<u64> {
        let leaves = statement.units.checked_mul(u64::from(self.unit_bytes / LEAF_BYTES));
        leaves.ok_or_else(|| PluginError::BadInput(format!("{} units are no plot", statement.units)))
    }

    /// Binds an answer to its challenge and to the whole identity.
    fn bound(challenge: &Challenge, identity: &Identity, openings: &[u8]) -> Digest {
        keyed_digest(&challenge.nonce, &[openings, &challenge.to_bytes(), &identity.to_bytes()].concat())
    }
}

impl ProofScheme for Seqpack {
    fn proves(&self) -> Claims {
        let outlasts = self.sequential_blocks() * 25 > u64::from(self.deadline_ms) * 1_000_000;
        let claimed = outlasts && self.repack > 0;
        Claims { space: claimed, replication: claimed, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("pack", Order::Independent, self.unit_bytes, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill_chain(self.chain(), &self.key(identity), self.unit_bytes, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        let all = Extent { offset: 0, len: layout.region_bytes };
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, all).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        let leaves = self.leaves(statement).unwrap_or(u64::MAX);
        (LARGEST_PROOF_BYTES as u32 - 32) / (LEAF_BYTES + 32 * merkle_depth(leaves, 0))
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(self.unit_bytes)?;
        let challenge = Challenge::parse(challenge, statement)?;
        let all = Extent { offset: 0, len: self.leaves(statement)?.saturating_mul(LEAF_BYTES.into()) };
        let openings = region.merkle_openings(HASH, LEAF_BYTES, all, &self.drawn(&challenge).0)?;
        let bound = Self::bound(&challenge, &statement.identity, &openings);
        Ok(Answer::Proof([&bound[..], &openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(self.unit_bytes)?;
        let leaves = self.leaves(statement)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, leaves, &challenge, proof).into())
    }
}

impl Seqpack {
    fn check(
        &self,
        of: &Statement,
        root: &Digest,
        all: u64,
        to: &Challenge,
        proof: &[u8],
    ) -> Result<(), String> {
        let (bound, openings) = proof.split_first_chunk().ok_or("the proof ends before its binding")?;
        if *bound != Self::bound(to, &of.identity, openings) {
            return Err("the proof answers another challenge, or was damaged".into());
        }
        let (leaves, again) = self.drawn(to);
        let (key, mut parts) = (self.key(&of.identity), Parts::of(openings));
        for (&unit, index) in to.units.iter().zip(leaves) {
            let bytes = parts.take(LEAF_BYTES as usize).ok_or_else(|| format!("ends within leaf {index}"))?;
            let path =
                parts.merkle_path(all, index).ok_or_else(|| format!("ends within the path of {index}"))?;
            let leaf = merkle_leaf(HASH, LEAF_BYTES, all, index, bytes);
            if !merkle_verify(HASH, root, all, index, &leaf, path) {
                return Err(format!("the path of leaf {index} misses the commitment"));
            }
            // A unit is a whole subtree: the upper part of its leaf's path is its own.
            let (_, path) = path.split_at(path.len() - 32 * merkle_depth(of.units, unit) as usize);
            let packed = || chain_leaf(self.chain(), &key, unit, self.unit_bytes, HASH, of.units);
            if again.contains(&unit) && !merkle_verify(HASH, root, of.units, unit, &packed(), path) {
                return Err(format!("unit {unit} does not hold its chain"));
            }
        }
        parts.end()
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

    #[test]
    fn space_is_claimed_only_where_a_unit_outlasts_the_deadline() {
        let claims = |json| scheme(json).proves();
        let space = Claims { space: true, replication: true, ..Claims::default() };
        assert_eq!(claims("{}"), Claims::default());
        assert_eq!(claims(r#"{"unit_bytes": 4194304, "layers": 128, "deadline_ms": 830}"#), space);
        assert_eq!(
            claims(r#"{"unit_bytes": 4194304, "layers": 128, "deadline_ms": 840}"#),
            Claims::default()
        );
        let unchecked = r#"{"unit_bytes": 4194304, "layers": 128, "deadline_ms": 1, "repack": 0}"#;
        assert_eq!(claims(unchecked), Claims::default());
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        let scheme = scheme("{}");
        for units in [1, 2, 3, 1000, (1 << 20) + 1, 1 << 40, u64::MAX / 256] {
            let (identity, commitment) = (identity(), Some([0; 32]));
            let statement = Statement { identity, unit_bytes: 262_144, units, commitment };
            let challenge = scheme.draw(&statement, &[3; 32], u32::MAX, None).unwrap();
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
        let small = scheme("{}").plan(&identity(), 262_143).unwrap_err().to_string();
        assert_eq!(small, "bad input: 262143 bytes hold no unit: one takes 262144 bytes");
    }
}
