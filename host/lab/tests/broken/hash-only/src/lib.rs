//! A scheme whose answer is the stored digest of a unit and its path: no byte of the unit, and no nonce.
//!
//! This is how a real subnet's verifier accepted a proof over an empty shard from whoever kept the tree. With
//! `flawed` off, an answer also holds a digest over the nonce and the unit.

use plimsoll_sdk::pure::{digest_of, keystream_at, keystream_digest, merkle_depth};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Order, Parts, Plot, Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// Parameters of a flawed scheme.
    pub struct HashOnly {
        /// Whether the flaw is there.
        flawed: bool = true;
    }
}

const UNIT_BYTES: u32 = 4096;
const ROW_BYTES: u32 = 32;
const HASH: HashKind = HashKind::Blake3;
const ROWS: HashKind = HashKind::Sha256;
const STREAM: Keystream = Keystream::Blake3Xof;

impl Plugin for HashOnly {
    const NAME: &'static str = "broken-hash-only";
    const SUMMARY: &'static str = "Opens the digests of units.";
    const LIMITS: &'static str = "Broken on purpose: the digests are asked for, the units are not.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

fn key(identity: &Identity) -> Digest {
    digest_of(HASH, &identity.to_bytes())
}

/// The digests of all units, behind them.
fn rows(units: u64) -> Extent {
    Extent { offset: units * u64::from(UNIT_BYTES), len: units * u64::from(ROW_BYTES) }
}

fn bound(statement: &Statement, nonce: &Digest) -> Vec<u8> {
    [&nonce[..], &statement.identity.to_bytes()].concat()
}

impl ProofScheme for HashOnly {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, ROW_BYTES, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(STREAM, &key(identity), UNIT_BYTES, units)?;
        let rows = rows(plot.size_bytes() / u64::from(UNIT_BYTES + ROW_BYTES)).offset;
        (units.first..units.first + units.count).try_for_each(|unit| {
            let bytes = keystream_at(STREAM, &key(identity), unit, 0, UNIT_BYTES);
            plot.write(rows + unit * u64::from(ROW_BYTES), &digest_of(HASH, &bytes))
        })
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(ROWS, ROW_BYTES, rows(layout.units)).map(Some)
    }

    fn most_samples(&self, statement: &Statement) -> u32 {
        LARGEST_PROOF_BYTES as u32 / (64 + 32 * merkle_depth(statement.units, 0))
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let openings = region.merkle_openings(ROWS, ROW_BYTES, rows(statement.units), &units)?;
        if self.flawed {
            return Ok(Answer::Proof(openings));
        }
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        let answers = region.digest_many(HASH, &bound(statement, &nonce), &at)?;
        Ok(Answer::Proof([answers.concat(), openings].concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

impl HashOnly {
    fn check(&self, of: &Statement, root: &Digest, to: &Challenge, mut proof: Parts) -> Result<(), String> {
        if !self.flawed {
            let nonce = bound(of, &to.nonce);
            for &unit in &to.units {
                let answer = proof.digest().ok_or("ends before an answer")?;
                let key = key(&of.identity);
                if *answer != keystream_digest(STREAM, &key, unit, UNIT_BYTES, HASH, &nonce) {
                    return Err(format!("unit {unit} is not there"));
                }
            }
        }
        for &unit in &to.units {
            // The flaw: nothing of this changes from round to round, and none of it is data.
            proof.merkle_opening(ROWS, ROW_BYTES, of.units, unit, root)?;
        }
        proof.end()
    }
}

plimsoll_sdk::export_plugin!(HashOnly as proof_scheme);

#[cfg(test)]
mod tests {
    #[test]
    fn without_its_flaw_it_keeps_the_laws() {
        plimsoll_sdk::laws::proof_scheme::<super::HashOnly>(r#"{"flawed": false}"#, 5 * 4128);
    }
}
