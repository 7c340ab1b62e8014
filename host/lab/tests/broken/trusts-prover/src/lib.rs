//! A scheme that takes the Merkle root from the proof: openings that fit each other are enough.
//!
//! This is how a real subnet's verifier related the parts of an answer only to each other. With `flawed` off, the
//! root is the one that the verifier holds.

use plimsoll_sdk::pure::{digest_of, merkle_depth};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Order, Parts, Plot, Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of a flawed scheme.
    pub struct TrustsProver {
        /// Whether the flaw is there.
        flawed: bool = true;
    }
}

const UNIT_BYTES: u32 = 1024;
const HASH: HashKind = HashKind::Blake3;

impl Plugin for TrustsProver {
    const NAME: &'static str = "broken-trusts-prover";
    const SUMMARY: &'static str = "Opens units under a Merkle root.";
    const LIMITS: &'static str = "Broken on purpose: the root comes with the proof.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

/// Binds the openings to the challenge and to all that was agreed on.
fn tag(statement: &Statement, nonce: &Digest, commitment: &Digest, openings: &[u8]) -> Digest {
    let agreed = [&statement.identity.to_bytes()[..], nonce, commitment, openings].concat();
    digest_of(HASH, &agreed)
}

fn all(units: u64) -> Extent {
    Extent { offset: 0, len: units * u64::from(UNIT_BYTES) }
}

impl ProofScheme for TrustsProver {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(Keystream::Blake3Xof, &digest_of(HASH, &identity.to_bytes()), UNIT_BYTES, units)
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, UNIT_BYTES, all(layout.units)).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        (LARGEST_PROOF_BYTES as u32 - 64) / (UNIT_BYTES + 32 * merkle_depth(statement.units, 0))
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let commitment = statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let root = region.merkle_root(HASH, UNIT_BYTES, all(statement.units))?;
        let openings = region.merkle_openings(HASH, UNIT_BYTES, all(statement.units), &units)?;
        let tag = tag(statement, &nonce, &commitment, &openings);
        Ok(Answer::Proof([&tag[..], &root, &openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let commitment = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &commitment, &challenge, proof).into())
    }
}

impl TrustsProver {
    fn check(
        &self,
        statement: &Statement,
        commitment: &Digest,
        challenge: &Challenge,
        proof: &[u8],
    ) -> Result<(), String> {
        let mut parts = Parts::of(proof);
        let found = parts.digest().ok_or("no tag")?;
        let root = parts.digest().ok_or("no root")?;
        if *found != tag(statement, &challenge.nonce, commitment, proof.get(64..).unwrap_or_default()) {
            return Err("the tag is wrong".into());
        }
        if !self.flawed && root != commitment {
            return Err("another root".into());
        }
        for &unit in &challenge.units {
            // The flaw: `root` is the prover's word.
            parts.merkle_opening(HASH, UNIT_BYTES, statement.units, unit, root)?;
        }
        parts.end()
    }
}

plimsoll_sdk::export_plugin!(TrustsProver as proof_scheme);

#[cfg(test)]
mod tests {
    #[test]
    fn without_its_flaw_it_keeps_the_laws() {
        plimsoll_sdk::laws::proof_scheme::<super::TrustsProver>(r#"{"flawed": false}"#, 7 * 1024);
    }
}
