//! A scheme whose challenges are drawn from the last quarter of the plot only: the rest need not be kept.
//!
//! This is how a real subnet asked for the newest chunks alone. With `flawed` off, all units are asked alike.

use plimsoll_sdk::pure::{digest_of, keystream_digest};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Order, Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of a flawed scheme.
    pub struct TailWindow {
        /// Whether the flaw is there.
        flawed: bool = true;
    }
}

const UNIT_BYTES: u32 = 4096;
const HASH: HashKind = HashKind::Blake3;
const STREAM: Keystream = Keystream::Blake3Xof;

impl Plugin for TailWindow {
    const NAME: &'static str = "broken-tail-window";
    const SUMMARY: &'static str = "Asks for units of the plot's tail.";
    const LIMITS: &'static str = "Broken on purpose: three quarters of the plot are never asked for.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

fn key(identity: &Identity) -> Digest {
    digest_of(HASH, &identity.to_bytes())
}

fn bound(statement: &Statement, root: &Digest, nonce: &Digest) -> Vec<u8> {
    [&nonce[..], root, &statement.identity.to_bytes()].concat()
}

impl ProofScheme for TailWindow {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(STREAM, &key(identity), UNIT_BYTES, units)
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

    fn draw(
        &self,
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>> {
        let first = statement.units - statement.units.div_ceil(4);
        // The flaw: where the validator leaves it open, only the tail is asked.
        let tail = Some(Span { first, count: statement.units - first }).filter(|_| self.flawed);
        let focus = focus.or(tail);
        let units = focus.map_or(statement.units, |focus| focus.count);
        if u64::from(samples).min(units) > u64::from(self.most_samples(statement)) {
            return Err(PluginError::BadInput("too many samples".into()));
        }
        let challenge = Challenge::draw(statement, randomness, samples, focus)?.to_bytes();
        self.verify(statement, &challenge, &[])?;
        Ok(challenge)
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

fn check(of: &Statement, root: &Digest, to: &Challenge, mut proof: Parts) -> Result<(), String> {
    let (key, nonce) = (key(&of.identity), bound(of, root, &to.nonce));
    for &unit in &to.units {
        let answer = proof.digest().ok_or("ends before an answer")?;
        if *answer != keystream_digest(STREAM, &key, unit, UNIT_BYTES, HASH, &nonce) {
            return Err(format!("unit {unit} is not there"));
        }
    }
    proof.end()
}

plimsoll_sdk::export_plugin!(TailWindow as proof_scheme);

#[cfg(test)]
mod tests {
    #[test]
    fn without_its_flaw_it_keeps_the_laws() {
        plimsoll_sdk::laws::proof_scheme::<super::TailWindow>(r#"{"flawed": false}"#, 7 * 4096);
    }
}
