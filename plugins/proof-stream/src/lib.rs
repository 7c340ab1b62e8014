//! `proof-stream`: units of BLAKE3 extended output under a Merkle root. The fastest fill, and the control that
//! regeneration defeats.
//!
//! Unit i = XOF(key, i), key = BLAKE3("plimsoll proof-stream v1" ‖ unit size ‖ identity). The commitment is the
//! BLAKE3 hash of the whole region, so `b3sum` prints it. A challenge is distinct, ascending units and a nonce;
//! the answer to each is BLAKE3(nonce ‖ unit) and the unit's Merkle path; the verifier regenerates the unit.
//!
//! Proves: nothing. A miner that keeps no byte makes a 16 KiB unit in about 2.5 µs of one core, faster than a
//! disk reads it, and so passes every audit (rho = t_regenerate / t_read ≈ 0.01 for 4 KiB).
//! Costs: 6.5 GiB of fill a core-second; 32 + 32 log2(units) bytes of proof a sample; two regenerations a
//! sample for the verifier, and so its time goes with the unit.
//! Soundness against a miner that cannot regenerate and lost a fraction f: (1 - f)^n for n samples; 99 % of
//! those that lost 5 % are caught at n = 90.

use plimsoll_sdk::pure::{keystream_digest, keystream_leaf, merkle_depth, merkle_verify};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout, Order,
    Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict,
};

/// Units of keyed BLAKE3 output.
pub struct Stream {
    unit_bytes: u32,
}

plimsoll_sdk::parameters! {
    /// Parameters of proof-stream.
    pub struct Config {
        /// Bytes of one unit: a power of two from 1 KiB to 1 MiB.
        unit_bytes: u32 = 16_384, from 1_024 to 1_048_576;
    }
}

const HASH: HashKind = HashKind::Blake3;
const STREAM: Keystream = Keystream::Blake3Xof;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;

impl Plugin for Stream {
    const NAME: &'static str = "proof-stream";
    const SUMMARY: &'static str = "Fills units with keyed BLAKE3 output at the speed of the disk and commits to them with a Merkle root.";
    const LIMITS: &'static str = "Proves nothing about space: whoever keeps no byte regenerates a unit faster \
        than a disk reads it, and passes.";
    const REFERENCES: &'static [&'static str] = &[
        "BLAKE3: one function, fast everywhere (2020), sections 2.5 and 2.6",
        "https://github.com/BLAKE3-team/BLAKE3-specs",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let Config { unit_bytes } = config;
        if !unit_bytes.is_power_of_two() {
            let message = format!("`unit_bytes` must be a power of two, {unit_bytes} is none");
            return Err(PluginError::BadConfig(message));
        }
        Ok(Self { unit_bytes })
    }
}

impl Stream {
    fn key(&self, identity: &Identity) -> Digest {
        let params = self.unit_bytes.to_le_bytes();
        let seed = [b"plimsoll proof-stream v1", &params[..], &identity.to_bytes()].concat();
        plimsoll_sdk::pure::digest_of(HASH, &seed)
    }
}

impl ProofScheme for Stream {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, self.unit_bytes, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(STREAM, &self.key(identity), self.unit_bytes, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        let all = Extent { offset: 0, len: layout.region_bytes };
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, all).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        // The first leaf is the deepest: every left subtree is as deep as its right one, or deeper.
        (LARGEST_PROOF_BYTES / 32) as u32 / (1 + merkle_depth(statement.units, 0))
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(self.unit_bytes)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        let all = Extent { offset: 0, len: statement.unit(statement.units).offset };
        let digests = region.digest_many(HASH, &nonce, &at)?;
        let paths = region.merkle_paths(HASH, self.unit_bytes, all, &units)?;
        Ok(Answer::Proof(
            digests.iter().zip(paths).flat_map(|(digest, path)| [&digest[..], &path].concat()).collect(),
        ))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(self.unit_bytes)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

impl Stream {
    fn check(
        &self,
        statement: &Statement,
        root: &Digest,
        challenge: &Challenge,
        mut proof: Parts<'_>,
    ) -> Result<(), String> {
        let (key, len, leaves) = (self.key(&statement.identity), self.unit_bytes, statement.units);
        for &unit in &challenge.units {
            let answer = proof.digest().ok_or("the proof ends before an answer")?;
            let path = proof.merkle_path(leaves, unit).ok_or("the proof ends within a path")?;
            if *answer != keystream_digest(STREAM, &key, unit, len, HASH, &challenge.nonce) {
                return Err(format!("unit {unit} does not hold its stream"));
            }
            let leaf = keystream_leaf(STREAM, &key, unit, len, HASH, leaves);
            if !merkle_verify(HASH, root, leaves, unit, &leaf, path) {
                return Err(format!("the path of unit {unit} misses the commitment"));
            }
        }
        proof.end()
    }
}

plimsoll_sdk::export_plugin!(Stream as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::doubles::MemoryPlot;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn identity() -> Identity {
        Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
    }

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Stream>(r#"{"unit_bytes": 1024}"#, 7 * 1024 + 9);
        laws::proof_scheme::<Stream>(r#"{"unit_bytes": 2048}"#, 2048);
    }

    #[test]
    fn the_laws_hold_for_the_default_unit() {
        laws::proof_scheme::<Stream>("{}", 3 << 14);
    }

    #[test]
    fn the_commitment_is_the_plain_hash_of_the_region_and_never_changes() {
        let scheme: Stream = from_json("{}").unwrap();
        let layout = scheme.plan(&identity(), 5 << 16).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 20 }).unwrap();
        let region = plot.finish();
        let root = scheme.commit(&region, &identity(), &layout).unwrap().unwrap();
        assert_eq!(root, plimsoll_sdk::twins::digest_of(HashKind::Blake3, &region.bytes));
        assert_eq!(hex(&region.bytes[..16]), "7116f489d3bf98a399de033522ec5038");
        assert_eq!(hex(&root), "0e5022567da4d7ec6f3e42bf1c7d4aac6812e63995c0f998f2de67a7694943df");
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        let scheme: Stream = from_json("{}").unwrap();
        for units in [1, 2, 3, 1000, (1 << 20) + 1, 1 << 40, u64::MAX] {
            let (identity, commitment) = (identity(), Some([0; 32]));
            let statement = Statement { identity, unit_bytes: 16_384, units, commitment };
            let most = scheme.most_samples(&statement);
            let challenge = scheme.draw(&statement, &[3; 32], most, None).unwrap();
            let challenge = Challenge::parse(&challenge, &statement).unwrap();
            let path = |&unit: &u64| 32 + 32 * merkle_depth(units, unit) as usize;
            let proof: usize = challenge.units.iter().map(path).sum();
            assert!(proof <= LARGEST_PROOF_BYTES, "{proof} bytes for {units} units");
        }
    }

    #[test]
    fn what_could_not_be_verified_or_would_not_fit_is_not_drawn() {
        let scheme: Stream = from_json("{}").unwrap();
        let statement =
            Statement { identity: identity(), unit_bytes: 16_384, units: 1 << 20, commitment: None };
        let refusal = |statement: &Statement, samples| {
            scheme.draw(statement, &[3; 32], samples, None).unwrap_err().to_string()
        };
        assert_eq!(refusal(&statement, 1), "bad input: the statement has no commitment");
        let committed = Statement { commitment: Some([7; 32]), ..statement };
        let too_many = "bad input: 98 samples in one challenge, at most 97 fit a proof of 65536 bytes";
        assert_eq!(refusal(&committed, 98), too_many);
        // A small plot is asked for all of its units, however many samples are wanted.
        let small = Statement { units: 5, ..committed };
        let all = scheme.draw(&small, &[3; 32], 98, None).unwrap();
        assert_eq!(Challenge::parse(&all, &small).unwrap().units, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_unit_that_is_no_power_of_two_is_refused_by_name() {
        let refusal = from_json::<Stream>(r#"{"unit_bytes": 3000}"#).err().unwrap();
        assert_eq!(refusal.to_string(), "bad config: `unit_bytes` must be a power of two, 3000 is none");
    }
}
