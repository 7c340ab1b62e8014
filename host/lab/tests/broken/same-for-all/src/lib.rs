//! A scheme whose generator ignores the identity: one plot serves everyone.
//!
//! This is how a real subnet's generator started from a constant, and only the table's name held the identity. With
//! `flawed` off, the key is a digest of the identity.

use plimsoll_sdk::pure::{digest_of, keystream_digest};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Order, Parts, Plot, Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of a flawed scheme.
    pub struct SameForAll {
        /// Whether the flaw is there.
        flawed: bool = true;
    }
}

const UNIT_BYTES: u32 = 4096;
const HASH: HashKind = HashKind::Blake3;
const STREAM: Keystream = Keystream::Blake3Xof;

impl Plugin for SameForAll {
    const NAME: &'static str = "broken-same-for-all";
    const SUMMARY: &'static str = "Fills units with a keyed stream.";
    const LIMITS: &'static str = "Broken on purpose: the key is the same for everyone.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl SameForAll {
    fn key(&self, identity: &Identity) -> Digest {
        // The flaw: whose space it is does not enter.
        let whose = if self.flawed { Vec::new() } else { identity.to_bytes() };
        digest_of(HASH, &whose)
    }

    fn check(&self, of: &Statement, root: &Digest, to: &Challenge, mut proof: Parts) -> Result<(), String> {
        let (key, nonce) = (self.key(&of.identity), bound(of, root, &to.nonce));
        for &unit in &to.units {
            let answer = proof.digest().ok_or("ends before an answer")?;
            if *answer != keystream_digest(STREAM, &key, unit, UNIT_BYTES, HASH, &nonce) {
                return Err(format!("unit {unit} is not there"));
            }
        }
        proof.end()
    }
}

fn bound(statement: &Statement, root: &Digest, nonce: &Digest) -> Vec<u8> {
    [&nonce[..], root, &statement.identity.to_bytes()].concat()
}

impl ProofScheme for SameForAll {
    fn proves(&self) -> Claims {
        Claims { replication: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(STREAM, &self.key(identity), UNIT_BYTES, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, UNIT_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, _statement: &Statement) -> u32 {
        (LARGEST_PROOF_BYTES / 32) as u32
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let root = statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        Ok(Answer::Proof(region.digest_many(HASH, &bound(statement, &root, &nonce), &at)?.concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

plimsoll_sdk::export_plugin!(SameForAll as proof_scheme);

#[cfg(test)]
mod tests {
    #[test]
    fn without_its_flaw_it_keeps_the_laws() {
        plimsoll_sdk::laws::proof_scheme::<super::SameForAll>(r#"{"flawed": false}"#, 5 * 4096);
    }

    #[test]
    #[should_panic(expected = "a plot of another owner or for another validator holds other bytes")]
    fn with_its_flaw_it_breaks_the_law_of_identities() {
        plimsoll_sdk::laws::proof_scheme::<super::SameForAll>("{}", 5 * 4096);
    }
}
