//! `proof-seed-v1`: the original storage subnet prototype's chain of text, bit for bit. An insecure baseline.
//!
//! state_0 = SHA-256(owner's SS58 ‖ validator's SS58); chunk_i = text(state_i), 60 symbols drawn from ChaCha12;
//! state_(i+1) = state_i XOR SHA-256(chunk_i). Behind the chunks lie rows SHA-256(chunk_i) ‖ state_(i+1) of 64
//! bytes; the commitment is the SHA-256 Merkle root (RFC 6962) over them. The answer to a challenge is
//! BLAKE3(nonce ‖ identity ‖ chunk) for each asked chunk, and the rows before and of it with their paths, and
//! row 0 always. The verifier rebuilds each asked chunk from the row before, and chunk 0 from the seed.
//!
//! Proves: nothing. The rows alone, 0.064 % of the space, rebuild any chunk of 100 KB in under a millisecond;
//! the text compresses by a quarter; the network is not in the seed, so one plot serves two subnets.
//! Costs: a sequential fill at 300 MB a core-second; 160 + 64 log2(units) bytes and one text a sample. A verify of 20
//! samples takes 4.1 ms: 3.8 for making 21 chunks of 100 KB anew, which no check of this chain can do without (text
//! 2.25, eight bytes of ChaCha12 a letter; SHA-256 1.15; BLAKE3 0.35), the rest for paths and the plugin's instance.
//! Soundness against a miner that cannot rebuild and lost a fraction f, or broke a fraction f of the links:
//! (1 - f)^n for n samples.

use plimsoll_sdk::pure::{digest_of, merkle_depth, seed_text_digests};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order, Parts, Plot,
    Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

plimsoll_sdk::parameters! {
    /// The prototype's chain of text.
    pub struct SeedV1 {
        /// Characters of one chunk; the prototype's default is 100000.
        chunk_bytes: u32 = 100_000, from 1 to 2_000_000;
    }
}

const ROW_BYTES: u32 = 64;
const ROWS: HashKind = HashKind::Sha256;

impl Plugin for SeedV1 {
    const NAME: &'static str = "proof-seed-v1";
    const SUMMARY: &'static str =
        "Fills a plot with the original prototype's chain of text, bit for bit, and commits to its hashes.";
    const LIMITS: &'static str = "An insecure baseline: whoever keeps the 64-byte rows, or only the seed, \
        rebuilds any chunk on demand and passes.";
    const REFERENCES: &'static [&'static str] =
        &["https://github.com/unconst/storage-subnet, commit c5dd237", "RFC 6962, section 2.1"];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

/// The rows that an answer opens: row 0, and of each asked chunk its own and the one before.
fn opened(units: &[u64]) -> BTreeSet<u64> {
    units.iter().flat_map(|&unit| [0, unit.saturating_sub(1), unit]).collect()
}

/// Binds an answer to its challenge and to the whole identity: the chain knows nothing of the network.
fn bound(nonce: &Digest, identity: &Identity) -> Vec<u8> {
    [&nonce[..], &identity.to_bytes()].concat()
}

impl SeedV1 {
    /// All rows of a plot of `units` chunks.
    fn rows(&self, units: u64) -> Extent {
        let offset = units.saturating_mul(self.chunk_bytes.into());
        Extent { offset, len: units.saturating_mul(ROW_BYTES.into()) }
    }

    /// The state before a chunk: the seed's, or the second half of the row before.
    fn state(of: &Identity, row_before: Option<&[u8]>) -> Digest {
        let seed = || digest_of(HashKind::Sha256, (of.owner.to_ss58() + &of.validator.to_ss58()).as_bytes());
        row_before.map_or_else(seed, |row| std::array::from_fn(|at| row[32 + at]))
    }

    /// The row of the chunk that `state` makes, and its answer to `nonce`.
    fn link(&self, state: &Digest, nonce: &[u8]) -> (Vec<u8>, Digest) {
        let [hash, answer] = seed_text_digests(state, self.chunk_bytes, nonce);
        let next: Digest = std::array::from_fn(|at| state[at] ^ hash[at]);
        ([hash, next].concat(), answer)
    }
}

impl ProofScheme for SeedV1 {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("chain", Order::Sequential, self.chunk_bytes, ROW_BYTES, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let rows = self.rows(plot.size_bytes() / u64::from(self.chunk_bytes + ROW_BYTES)).offset;
        let before = units.first.checked_sub(1);
        let row =
            before.map(|before| plot.read(Extent { offset: rows + 64 * before, len: 64 })).transpose()?;
        let state = Self::state(identity, row.as_deref());
        plot.fill_seed_text(&state, self.chunk_bytes, units, rows).map(|_| ())
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(ROWS, ROW_BYTES, self.rows(layout.units)).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        // Row 0 once, and for each sample an answer and two rows with paths; the first path is the longest.
        let row = ROW_BYTES + 32 * merkle_depth(statement.units, 0);
        (LARGEST_PROOF_BYTES as u32 - row) / (32 + 2 * row)
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(self.chunk_bytes)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let (rows, all): (Vec<u64>, _) = (opened(&units).into_iter().collect(), statement.units);
        let chunks: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        let answers = region.digest_many(HashKind::Blake3, &bound(&nonce, &statement.identity), &chunks)?;
        let openings = region.merkle_openings(ROWS, ROW_BYTES, self.rows(all), &rows)?;
        Ok(Answer::Proof([answers.concat(), openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(self.chunk_bytes)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

impl SeedV1 {
    fn check(&self, of: &Statement, root: &Digest, to: &Challenge, mut proof: Parts) -> Result<(), String> {
        let answers = proof.take(32 * to.units.len()).ok_or("the proof ends within the answers")?;
        let mut rows = BTreeMap::new();
        for index in opened(&to.units) {
            rows.insert(index, proof.merkle_opening(ROWS, ROW_BYTES, of.units, index, root)?);
        }
        proof.end()?;
        let nonce = bound(&to.nonce, &of.identity);
        let mut given: BTreeMap<u64, Option<&[u8]>> = BTreeMap::from([(0, None)]);
        given.extend(to.units.iter().copied().zip(answers.chunks(32).map(Some)));
        for (index, given) in given {
            let state = Self::state(&of.identity, index.checked_sub(1).map(|before| rows[&before]));
            let (row, answer) = self.link(&state, &nonce);
            if rows[&index] != row {
                return Err(format!("row {index} does not follow from what is before it"));
            }
            if given.is_some_and(|given| *given != answer) {
                return Err(format!("chunk {index} does not hold its text"));
            }
        }
        Ok(())
    }
}

plimsoll_sdk::export_plugin!(SeedV1 as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
    use plimsoll_sdk::{Hotkey, from_json, laws, serde_json};

    fn key(hex: &str) -> Hotkey {
        Hotkey(std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()))
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The two pairs of keys whose addresses make the vectors' seeds.
    fn identities() -> [Identity; 2] {
        let pair = |owner, validator| Identity { netuid: 1, owner: key(owner), validator: key(validator) };
        [
            pair(
                "10cfa36b9ae6ab1771d0d59b67c9bb7af15581222de8db473527a81de2b8241e",
                "788555eca8e70fbedbee658284671d911770ce756b5d71e53e95add677523d37",
            ),
            pair(
                "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
                "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48",
            ),
        ]
    }

    fn filled(scheme: &SeedV1, identity: &Identity, units: u64) -> (MemoryRegion, Statement) {
        let capacity = units * u64::from(scheme.chunk_bytes + ROW_BYTES);
        let layout = scheme.plan(identity, capacity).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, identity, 0, Span { first: 0, count: units }).unwrap();
        let region = plot.finish();
        let commitment = scheme.commit(&region, identity, &layout).unwrap();
        let statement = Statement { identity: *identity, unit_bytes: scheme.chunk_bytes, units, commitment };
        (region, statement)
    }

    fn verdict(scheme: &SeedV1, region: &MemoryRegion, statement: &Statement, unit: u64) -> Verdict {
        let challenge = scheme.draw(statement, &[5; 32], 1, Some(Span { first: unit, count: 1 })).unwrap();
        let Answer::Proof(proof) = scheme.prove(region, statement, &challenge).unwrap() else {
            panic!("the chain has no lottery")
        };
        scheme.verify(statement, &challenge, &proof).unwrap()
    }

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<SeedV1>(r#"{"chunk_bytes": 50}"#, 9 * 114 + 7);
        laws::proof_scheme::<SeedV1>(r#"{"chunk_bytes": 1000}"#, 1064);
    }

    #[test]
    fn every_chunk_of_the_original_program_comes_out_bit_for_bit() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/seed-v1.json")).unwrap();
        for vector in vectors.as_array().unwrap() {
            let seed = |of: &Identity| of.owner.to_ss58() + &of.validator.to_ss58();
            let identity = identities().into_iter().find(|of| vector["seed"] == seed(of)).unwrap();
            assert_eq!(vector["state0"], hex(&SeedV1::state(&identity, None)));
            let chunk_bytes = vector["chunk_size"].as_u64().unwrap() as u32;
            let chunks = vector["chunks"].as_array().unwrap();
            let units = chunks.len() as u64;
            let (region, _) = filled(&SeedV1 { chunk_bytes }, &identity, units);
            let (texts, rows) = region.bytes.split_at((units * u64::from(chunk_bytes)) as usize);
            for ((text, row), chunk) in texts.chunks(chunk_bytes as usize).zip(rows.chunks(64)).zip(chunks) {
                let text = std::str::from_utf8(text).unwrap();
                assert!(text.starts_with(chunk["head"].as_str().unwrap()));
                assert!(text.ends_with(chunk["tail"].as_str().unwrap()));
                assert_eq!(chunk["sha256"], hex(&row[..32]));
                assert_eq!(chunk["rng_state"], hex(&row[32..]));
            }
        }
    }

    #[test]
    fn a_chain_that_begins_elsewhere_is_caught_whatever_is_asked() {
        let (scheme, [honest, other]) = (SeedV1 { chunk_bytes: 80 }, identities());
        let (region, statement) = filled(&scheme, &other, 9);
        let claimed = Statement { identity: honest, ..statement };
        for unit in 0..9 {
            let reason = "row 0 does not follow from what is before it".into();
            assert_eq!(verdict(&scheme, &region, &claimed, unit), Verdict::Invalid(reason), "unit {unit}");
            assert_eq!(verdict(&scheme, &region, &statement, unit), Verdict::Valid, "unit {unit}");
        }
    }

    #[test]
    fn a_chain_that_restarts_as_the_prototype_did_is_caught_at_the_broken_link() {
        // The prototype's resume bug: chunk 5 is chunk 0 again, chunk 6 is chunk 1, and so on.
        let (scheme, [identity, _]) = (SeedV1 { chunk_bytes: 80 }, identities());
        let (mut region, statement) = filled(&scheme, &identity, 9);
        region.bytes.copy_within(0..4 * 80, 5 * 80);
        region.bytes.copy_within(9 * 80..9 * 80 + 4 * 64, 9 * 80 + 5 * 64);
        let rows = scheme.rows(9);
        let commitment = Some(region.merkle_root(ROWS, ROW_BYTES, rows).unwrap());
        let claimed = Statement { commitment, ..statement };
        let broken: Vec<u64> =
            (0..9).filter(|&unit| verdict(&scheme, &region, &claimed, unit) != Verdict::Valid).collect();
        assert_eq!(broken, [5]);
    }

    #[test]
    fn a_plot_without_a_commitment_is_asked_nothing() {
        let (scheme, [identity, _]) = (SeedV1 { chunk_bytes: 80 }, identities());
        let statement = Statement { identity, unit_bytes: 80, units: 9, commitment: None };
        let refusal = scheme.draw(&statement, &[3; 32], 1, None).unwrap_err().to_string();
        assert_eq!(refusal, "bad input: the statement has no commitment");
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        let scheme: SeedV1 = from_json("{}").unwrap();
        for units in [1, 2, 3, 1000, (1 << 20) + 1, u64::MAX / 200_000] {
            let [identity, _] = identities();
            let statement = Statement { identity, unit_bytes: 100_000, units, commitment: Some([0; 32]) };
            let most = scheme.most_samples(&statement);
            let challenge = scheme.draw(&statement, &[3; 32], most, None).unwrap();
            let asked = Challenge::parse(&challenge, &statement).unwrap().units;
            let opening = |row: u64| 64 + 32 * merkle_depth(units, row) as usize;
            let proof = 32 * asked.len() + opened(&asked).into_iter().map(opening).sum::<usize>();
            assert!(proof <= LARGEST_PROOF_BYTES, "{proof} bytes for {units} units");
        }
    }
}
