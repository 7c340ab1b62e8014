//! `sample-plugin`: units of ChaCha8 keystream, proven by digests that the verifier regenerates.
//!
//! Unit i = ChaCha8(key, i), key = BLAKE3("sample-plugin v1" ‖ unit size ‖ identity). A challenge is distinct units
//! and a nonce; the answer to each is BLAKE3(nonce ‖ unit). There is no commitment: what a unit must hold
//! follows from who keeps it for whom.
//!
//! Soundness against a miner that cannot regenerate and lost a fraction f: (1 - f)^n for n samples.

use plimsoll_sdk::pure::{digest_of, keystream_digest};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Extent, HashKind, Identity, Keystream, Layout, Order, Parts, Plot, Plugin,
    PluginError, ProofScheme, Region, Result, Span, Statement, Verdict,
};

/// Units of keystream.
pub struct Scheme {
    unit_bytes: u32,
}

plimsoll_sdk::parameters! {
    /// Parameters, as an operator sets them in a TOML table.
    pub struct Config {
        /// Bytes of one unit.
        unit_bytes: u32 = 65_536, from 64 to 1_048_576;
    }
}

impl Plugin for Scheme {
    const NAME: &'static str = "sample-plugin";
    const SUMMARY: &'static str = "Fills units with ChaCha8 keystream and proves them by their digests.";
    const LIMITS: &'static str =
        "Proves nothing about space: whoever keeps no byte regenerates a unit and passes.";
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { unit_bytes: config.unit_bytes })
    }
}

impl Scheme {
    fn key(&self, identity: &Identity) -> Digest {
        let seed = [b"sample-plugin v1", &self.unit_bytes.to_le_bytes()[..], &identity.to_bytes()].concat();
        digest_of(HashKind::Blake3, &seed)
    }

    fn checked(&self, statement: &Statement) -> Result<()> {
        if statement.unit_bytes == self.unit_bytes && statement.commitment.is_none() {
            return Ok(());
        }
        Err(PluginError::BadInput(format!("no statement of this scheme: {statement:?}")))
    }
}

impl ProofScheme for Scheme {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, self.unit_bytes, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(Keystream::ChaCha8, &self.key(identity), self.unit_bytes, units)
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        self.checked(statement)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        Ok(Answer::Proof(region.digest_many(HashKind::Blake3, &nonce, &at)?.concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        self.checked(statement)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let key = self.key(&statement.identity);
        let mut proof = Parts::of(proof);
        for unit in units {
            let honest =
                keystream_digest(Keystream::ChaCha8, &key, unit, self.unit_bytes, HashKind::Blake3, &nonce);
            if proof.digest() != Some(&honest) {
                return Ok(Verdict::Invalid(format!("unit {unit} does not hold its stream")));
            }
        }
        Ok(proof.end().into())
    }
}

plimsoll_sdk::export_plugin!(Scheme as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Scheme>(r#"{"unit_bytes": 1024}"#, 7 * 1024 + 9);
        laws::proof_scheme::<Scheme>(r#"{"unit_bytes": 2048}"#, 2048);
    }
}
