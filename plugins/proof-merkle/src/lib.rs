//! `proof-merkle`: sampled retrievability of given bytes under the BLAKE3 tree that `b3sum` and bao use.
//!
//! A unit is one BLAKE3 chunk of 1 KiB; the commitment is the plain BLAKE3 hash of all units. A challenge is
//! distinct, ascending units and a nonce. The proof is
//!
//! ```text
//! tag (32) ‖ for each unit: its 1024 bytes ‖ its path, 32 bytes a level, bottom up
//! tag = keyed BLAKE3(nonce, identity ‖ commitment ‖ all that follows the tag)
//! ```
//!
//! A path holds the siblings of a bao slice's parent pairs, from the leaf up: `bao-tree` decodes the one as the
//! other. The tag ties an answer to this challenge and identity; whoever holds the bytes can make it.
//!
//! Ballast, where no bytes are given, is unit i = XOF(key, i), key = BLAKE3("plimsoll proof-merkle v1" ‖ identity).
//!
//! Proves: that the bytes can be had by whoever answers, no matter whose disk they lie on. Not space: ballast is
//! regenerated faster than it is read, given bytes can be shared with others or fetched from somewhere else.
//! Costs: 32 + samples × (1024 + 32 log2(units)) bytes of proof; one random chunk a sample to read; a sample is
//! verified with one hash of 1 KiB and log2(units) of 64 bytes.
//! Soundness (Juels and Kaliski, Ateniese et al., 2007): who lost a fraction f passes n samples with (1 - f)^n;
//! f = 1 % passes 459 samples, or 14 audits of 33, with 1 %.

use plimsoll_sdk::pure::{digest_of, keyed_digest, merkle_depth};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    NoParameters, Order, Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement,
    Verdict,
};

/// Chunks under a BLAKE3 tree.
pub struct Merkle;

/// Bytes of one unit: a chunk of BLAKE3, the smallest thing that bao verifies.
pub const UNIT_BYTES: u32 = 1024;
const HASH: HashKind = HashKind::Blake3;
/// The root is the same for every leaf size; with this one the host has the leaves at hand.
const COMMIT_LEAF_BYTES: u32 = 64 << 10;
const TAG_BYTES: usize = 32;

impl Plugin for Merkle {
    const NAME: &'static str = "proof-merkle";
    const SUMMARY: &'static str = "Shows by random chunks of 1 KiB and their paths in the BLAKE3 tree that the given bytes can be read.";
    const LIMITS: &'static str = "Says nothing about space: the bytes may be shared with other miners, fetched \
        from elsewhere, or regenerated where they are ballast.";
    const REFERENCES: &'static [&'static str] = &[
        "Juels, Kaliski: PORs: proofs of retrievability for large files, CCS 2007",
        "Ateniese et al.: Provable data possession at untrusted stores, CCS 2007",
        "https://github.com/oconnor663/bao/blob/master/docs/spec.md",
        "https://github.com/n0-computer/bao-tree",
    ];
    type Config = NoParameters;

    fn new(_config: NoParameters) -> Result<Self> {
        Ok(Self)
    }
}

/// What ties the openings of a proof to a challenge's nonce and to whom it was asked.
///
/// # Errors
/// [`PluginError::BadInput`] for a statement that is not this scheme's.
pub fn tag(statement: &Statement, nonce: &Digest, openings: &[u8]) -> Result<Digest> {
    let root = statement.committed(UNIT_BYTES)?;
    Ok(keyed_digest(nonce, &[&statement.identity.to_bytes(), &root[..], openings].concat()))
}

impl ProofScheme for Merkle {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        let key = digest_of(HASH, &[b"plimsoll proof-merkle v1", &identity.to_bytes()[..]].concat());
        plot.fill(Keystream::Blake3Xof, &key, UNIT_BYTES, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        let all = Extent { offset: 0, len: layout.region_bytes };
        region.merkle_root(HASH, COMMIT_LEAF_BYTES, all).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        // The first leaf is the deepest: every left subtree is as deep as its right one, or deeper.
        let opening = UNIT_BYTES + 32 * merkle_depth(statement.units, 0);
        (LARGEST_PROOF_BYTES - TAG_BYTES) as u32 / opening
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        if units.len() > self.most_samples(statement) as usize {
            let message = format!("no challenge: {} units make more than one proof", units.len());
            return Err(PluginError::BadInput(message));
        }
        let all = Extent { offset: 0, len: statement.unit(statement.units).offset };
        let openings = region.merkle_openings(HASH, UNIT_BYTES, all, &units)?;
        let tag = tag(statement, &nonce, &openings)?;
        Ok(Answer::Proof([&tag[..], &openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        let Some((found, openings)) = proof.split_first_chunk::<TAG_BYTES>() else {
            return Ok(Verdict::Invalid("the proof ends within its tag".into()));
        };
        // Whatever is longer cannot be a proof, and is not hashed.
        if proof.len() > LARGEST_PROOF_BYTES {
            return Ok(Verdict::Invalid(format!("{} bytes are no proof", proof.len())));
        }
        if *found != tag(statement, &challenge.nonce, openings)? {
            return Ok(Verdict::Invalid("the tag is not this challenge's".into()));
        }
        let mut parts = Parts::of(openings);
        let mut opened = challenge
            .units
            .iter()
            .map(|&unit| parts.merkle_opening(HASH, UNIT_BYTES, statement.units, unit, &root).map(drop));
        let checked = opened.try_for_each(|opening| opening);
        drop(opened);
        Ok(checked.and_then(|()| parts.end()).into())
    }
}

plimsoll_sdk::export_plugin!(Merkle as proof_scheme);

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
        laws::proof_scheme::<Merkle>("{}", 7 * 1024 + 9);
        laws::proof_scheme::<Merkle>("{}", 1024);
        laws::proof_scheme::<Merkle>("{}", 64 << 10);
    }

    #[test]
    fn bytes_commitment_and_proof_never_change() {
        let scheme: Merkle = from_json("{}").unwrap();
        let layout = scheme.plan(&identity(), 5 << 10).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: 5 }).unwrap();
        let region = plot.finish();
        let root = scheme.commit(&region, &identity(), &layout).unwrap().unwrap();
        assert_eq!(root, *blake3::hash(&region.bytes).as_bytes());
        let statement =
            Statement { identity: identity(), unit_bytes: UNIT_BYTES, units: 5, commitment: Some(root) };
        let challenge = Challenge { nonce: [9; 32], units: vec![1, 4] }.to_bytes();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        // Unit 1 is three levels deep, unit 4 one.
        assert_eq!(proof.len(), 32 + 2 * 1024 + (3 + 1) * 32);
        assert_eq!(hex(&region.bytes[..16]), "be646bb2ee6538d6971a9bc818b17703");
        assert_eq!(hex(&root), "e176678e7de72f0e6d9f68a4bbf6c74708a0eae01bd5255c1cc415ec008f273c");
        assert_eq!(
            hex(blake3::hash(&proof).as_bytes()),
            "9b64bcddaf8a7d076f560606c7b077aeaeb4f4b11ae788bd00c3ef9fe685ccc0"
        );
    }

    #[test]
    fn the_largest_proof_of_the_largest_plot_fits() {
        let scheme: Merkle = from_json("{}").unwrap();
        for units in [1, 2, 3, 1000, (1 << 20) + 1, 1 << 30, 1 << 50, u64::MAX] {
            let (identity, commitment) = (identity(), Some([0; 32]));
            let statement = Statement { identity, unit_bytes: UNIT_BYTES, units, commitment };
            let challenge = scheme.draw(&statement, &[3; 32], scheme.most_samples(&statement), None).unwrap();
            let challenge = Challenge::parse(&challenge, &statement).unwrap();
            let opening = |&unit: &u64| 1024 + 32 * merkle_depth(units, unit) as usize;
            let proof = TAG_BYTES + challenge.units.iter().map(opening).sum::<usize>();
            assert!(proof <= LARGEST_PROOF_BYTES, "{proof} bytes for {units} units");
        }
        let tebibyte = Statement { identity: identity(), unit_bytes: 1024, units: 1 << 30, commitment: None };
        assert_eq!(scheme.most_samples(&tebibyte), 33);
    }

    #[test]
    fn more_units_than_a_proof_holds_are_refused() {
        let scheme: Merkle = from_json("{}").unwrap();
        let statement =
            Statement { identity: identity(), unit_bytes: 1024, units: 100, commitment: Some([0; 32]) };
        let challenge = Challenge { nonce: [0; 32], units: (0..100).collect() }.to_bytes();
        let region = plimsoll_sdk::doubles::MemoryRegion::new(vec![0; 100 << 10]);
        let refusal = scheme.prove(&region, &statement, &challenge).unwrap_err();
        assert_eq!(refusal.to_string(), "bad input: no challenge: 100 units make more than one proof");
    }
}
