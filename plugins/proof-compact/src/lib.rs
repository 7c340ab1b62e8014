//! `proof-compact`: compact proofs of retrievability after Shacham and Waters (eprint 2008/073). The answer to any
//! number of blocks is one combined block, checked against commitments to the blocks.
//!
//! A block is a unit: s field elements m_ij of 31 bytes, little-endian, so that any bytes are one. Its authenticator
//! is C_i = Σ_j m_ij U_j in G1 of BLS12-381, U_j hashed to the curve (RFC 9380), so that nobody knows a relation
//! between them. Behind the blocks lie all C_i (96 bytes each) and the roots of their groups of 1024; the commitment
//! is the root over the roots (RFC 6962 trees with SHA-256). Challenge: units i, a nonce, and from it ν_i of 80 bits.
//! Answer: μ_j = Σ_i ν_i m_ij mod r, then each C_i with its paths. Valid: the paths lead to the commitment, and
//! Σ_i ν_i C_i = Σ_j μ_j U_j.
//!
//! Why commitments and no keyed tags: a tag of the paper is made by the data's owner under a secret that the prover
//! must not know. Here the miner fills its plot alone, so a secret would be its own, and tags under it would prove
//! nothing. A commitment needs no secret and binds its maker (discrete logarithms in G1): from answers to a few
//! challenges about the same units the blocks are solved for, so who answers holds them. C_i are checked to be on the
//! curve, not in the group: what they have outside of it cancels when the equation is multiplied by the cofactor.
//!
//! Proves: retrievability of the bytes that were committed. Not that they take space (this filler is a keystream
//! that anyone makes anew), nor that they are the filler: a miner may commit to bytes of its own choice.
//! Soundness: who lost a part f of the blocks passes n samples with (1 - f)^n + 2^-80.
//! Costs: 31 s + 96 bytes a unit; 2.1 MiB of fill a core-second; 32 s + n (448 + 32 log2(units / 1024)) bytes of
//! proof: of a million units at n = 20, 0.7 of plain Merkle openings at s = 16, half at 32, a fifth at 128. A prove
//! hashes 1024 C_i a sample. Verify of 20: 0.9 ms (0.33 for the C_i, 0.2 for the U_j, which goes with s).

use plimsoll_sdk::curve::{ELEMENT_BYTES, G1_BYTES, SCALAR_BYTES, g1_sum, generators_sum};
use plimsoll_sdk::pure::digest_of;
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Draws, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Rows, Span, Statement, Verdict,
};

/// Blocks under homomorphic commitments.
pub struct Compact {
    elements: u32,
}

/// A commitment, units, and their scalars one behind another.
type Asked = (Digest, Vec<u64>, Vec<u8>);

plimsoll_sdk::parameters! {
    /// Parameters of proof-compact.
    pub struct Config {
        /// Elements of a block, of 31 bytes each: more make proofs smaller and verifying slower.
        elements: u32 = 16, from 1 to 128;
    }
}

const DOMAIN: &[u8] = b"PLIMSOLL-PROOF-COMPACT-V1-BLS12381G1_XMD:SHA-256_SSWU_RO_";

impl Plugin for Compact {
    const NAME: &'static str = "proof-compact";
    const SUMMARY: &'static str =
        "Answers for any number of blocks with one combined block, checked against commitments in BLS12-381.";
    const LIMITS: &'static str = "Proves that the committed bytes can be read back, not that they take space: the \
        filler is a keystream that anyone makes anew.";
    const REFERENCES: &'static [&'static str] = &[
        "Shacham, Waters: Compact Proofs of Retrievability (eprint 2008/073)",
        "Pedersen: Non-Interactive and Information-Theoretic Secure Verifiable Secret Sharing (CRYPTO '91)",
        "RFC 9380: Hashing to Elliptic Curves; RFC 6962, section 2.1: Merkle Hash Trees",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { elements: config.elements })
    }
}

impl Compact {
    const fn unit_bytes(&self) -> u32 {
        self.elements * ELEMENT_BYTES as u32
    }

    /// The commitments to `units` units, behind them.
    const fn tags(&self, units: u64) -> Rows {
        Rows::behind(self.unit_bytes(), G1_BYTES as u32, units)
    }

    /// The commitment, the units asked for, and a scalar below 2^80 for each of them.
    fn asked(&self, statement: &Statement, challenge: &[u8]) -> Result<Asked> {
        let root = statement.committed(self.unit_bytes())?;
        let units = Challenge::parse(challenge, statement)?.units;
        let sizes = [statement.units, statement.unit_bytes.into()].map(u64::to_le_bytes).concat();
        let inputs = [challenge, &root, &statement.identity.to_bytes(), &sizes];
        let mut draws = Draws::new("plimsoll proof-compact v1", &inputs);
        let mut scalars = vec![0; units.len() * SCALAR_BYTES];
        for scalar in scalars.as_chunks_mut::<SCALAR_BYTES>().0 {
            scalar[..10].copy_from_slice(&draws.digest()[..10]);
        }
        Ok((root, units, scalars))
    }

    fn check(&self, rows: Rows, (root, units, by): &Asked, mut proof: Parts<'_>) -> Result<(), String> {
        let len = self.elements as usize * SCALAR_BYTES;
        let combined = proof.take(len).ok_or("the proof ends within the combined block")?;
        let tags = rows.opened(&mut proof, units, root)?;
        proof.end()?;
        let said = |error: PluginError| error.to_string();
        let left = g1_sum(&tags, by).map_err(said)?;
        if left.is_some() && left == generators_sum(DOMAIN, combined).map_err(said)? {
            return Ok(());
        }
        Err("the combined block is not the one of the commitments".into())
    }
}

impl ProofScheme for Compact {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let layout = Layout::with_rows("blocks", self.unit_bytes(), G1_BYTES as u32, capacity_bytes)?;
        Ok(Layout { memory_bytes: 8 << 20, ..layout })
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, pass: u32, units: Span) -> Result<()> {
        let tags = Rows::within(self.unit_bytes(), G1_BYTES as u32, plot.size_bytes());
        if pass > 0 {
            return tags.fill_roots(plot, units);
        }
        let seed = [DOMAIN, &self.elements.to_le_bytes(), &identity.to_bytes()].concat();
        let key = digest_of(HashKind::Blake3, &seed);
        plot.fill(Keystream::Blake3Xof, &key, self.unit_bytes(), units)?;
        plot.commit_blocks(DOMAIN, self.elements, units, tags.offset)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        self.tags(layout.units).commit(region).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        let left = LARGEST_PROOF_BYTES as u32 - self.elements * SCALAR_BYTES as u32;
        left / self.tags(statement.units).opening_bytes()
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let (_, units, scalars) = self.asked(statement, challenge)?;
        let mut proof = region.combine_blocks(self.elements, &units, &scalars)?;
        proof.extend(self.tags(statement.units).openings(region, &units)?);
        Ok(Answer::Proof(proof))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let asked = self.asked(statement, challenge)?;
        Ok(self.check(self.tags(statement.units), &asked, Parts::of(proof)).into())
    }
}

plimsoll_sdk::export_plugin!(Compact as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn identity() -> Identity {
        Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
    }

    fn filled(scheme: &Compact, capacity_bytes: u64) -> (MemoryRegion, Statement) {
        let layout = scheme.plan(&identity(), capacity_bytes).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        for (number, pass) in (0..).zip(&layout.passes) {
            scheme.fill(&plot, &identity(), number, Span { first: 0, count: pass.units }).unwrap();
        }
        let region = plot.finish();
        let commitment = scheme.commit(&region, &identity(), &layout).unwrap();
        let Layout { unit_bytes, units, .. } = layout;
        (region, Statement { identity: identity(), unit_bytes, units, commitment })
    }

    fn text(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Compact>(r#"{"elements": 2}"#, 7 * (62 + 96) + 32 + 9);
        laws::proof_scheme::<Compact>(r#"{"elements": 1}"#, 31 + 96 + 32);
    }

    #[test]
    fn commitments_and_proofs_never_change() {
        let scheme: Compact = from_json(r#"{"elements": 3}"#).unwrap();
        let (region, statement) = filled(&scheme, 1 << 10);
        assert_eq!((statement.units, region.bytes.len()), (5, 5 * (93 + 96) + 32));
        let challenge = scheme.draw(&statement, &[9; 32], 2, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        // Of five commitments, the fifth is one level below the root, the others three.
        assert_eq!(proof.len(), 3 * 32 + (96 + 3 * 32 + 32) + (96 + 32 + 32));
        let found = [
            text(&region.bytes[5 * 93..][..16]),
            text(&statement.commitment.unwrap()),
            text(&digest_of(HashKind::Blake3, &proof)),
        ];
        let golden = [
            "1197303a4935ad421bda0a7c42f68b85",
            "1be75c210cfd97b9ab6dc57d1be693de01dfaaf98f42c4c53f5491c3316a8072",
            "ce6a2ef6cd4a46b6034c1407bd87fd3038ad1953f2fe9844b2983837e5d4275e",
        ];
        assert_eq!(found, golden);
    }

    #[test]
    fn a_combined_block_of_other_blocks_and_one_beyond_the_order_fail() {
        let scheme: Compact = from_json(r#"{"elements": 2}"#).unwrap();
        let (region, statement) = filled(&scheme, 2_000);
        let challenge = scheme.draw(&statement, &[4; 32], 3, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        assert_eq!(scheme.verify(&statement, &challenge, &proof), Ok(Verdict::Valid));
        let reason = "the combined block is not the one of the commitments";
        let mut swapped = proof.clone();
        swapped[..64].rotate_left(32);
        assert_eq!(scheme.verify(&statement, &challenge, &swapped), Ok(Verdict::Invalid(reason.into())));
        // The first element plus the group order: the same number, written in another way.
        let order = [
            0x01, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0x02, 0xa4, 0xbd, 0x53, 0x05,
            0xd8, 0xa1, 0x09, 0x08, 0xd8, 0x39, 0x33, 0x48, 0x7d, 0x9d, 0x29, 0x53, 0xa7, 0xed, 0x73,
        ];
        let mut beyond = proof;
        let mut carry = 0;
        for (byte, with) in beyond[..32].iter_mut().zip(order) {
            let sum = u16::from(*byte) + with + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert_eq!(carry, 0);
        assert_eq!(scheme.verify(&statement, &challenge, &beyond), Ok(Verdict::Invalid(reason.into())));
    }

    #[test]
    fn a_plot_of_more_than_one_group_is_proven_in_each() {
        let scheme: Compact = from_json(r#"{"elements": 1}"#).unwrap();
        let (region, statement) = filled(&scheme, 1030 * 127 + 64);
        assert_eq!((statement.units, region.bytes.len()), (1030, 1030 * 127 + 64));
        for first in [0, 1022, 1024, 1026] {
            let focus = Some(Span { first, count: 4 });
            let challenge = scheme.draw(&statement, &[first as u8; 32], 3, focus).unwrap();
            let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else {
                panic!()
            };
            assert_eq!(scheme.verify(&statement, &challenge, &proof), Ok(Verdict::Valid), "from {first}");
        }
    }

    #[test]
    fn a_plan_uses_what_it_is_given_and_no_more() {
        let scheme: Compact = from_json("{}").unwrap();
        assert_eq!(
            scheme.plan(&identity(), 623).unwrap_err().to_string(),
            "bad input: 623 bytes hold no unit: one takes 624 bytes"
        );
        for capacity in
            [624, 1 << 20, 1024 * 592 + 32, 1024 * 592 + 33, 1025 * 592 + 63, 1025 * 592 + 64, 1 << 60]
        {
            let layout = scheme.plan(&identity(), capacity).unwrap();
            assert!(
                layout.region_bytes <= capacity && scheme.tags(layout.units + 1).end() > capacity,
                "{layout:?}"
            );
        }
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        for elements in [1_u32, 16, 128] {
            let scheme: Compact = from_json(&format!(r#"{{"elements": {elements}}}"#)).unwrap();
            for units in [1, 1024, 1 << 20, 1 << 44] {
                let commitment = Some([0; 32]);
                let statement =
                    Statement { identity: identity(), unit_bytes: 31 * elements, units, commitment };
                let most = scheme.most_samples(&statement) as usize;
                let levels = units.min(1024).ilog2() + 1 + units.div_ceil(1024).ilog2();
                let bytes = 32 * elements as usize + most * (96 + 32 * levels as usize);
                assert!(most >= 20 && bytes <= LARGEST_PROOF_BYTES, "{most} samples, {bytes} bytes");
            }
        }
    }
}
