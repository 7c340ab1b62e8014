//! A scheme without a flaw that attacks must get along with: only some challenges ask for anything, and it can be told
//! to refuse what it need not answer, such as challenges about a part of the plot, or other subnets.

use plimsoll_sdk::pure::{digest_of, keyed_digest, keystream_digest};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, Extent, HashKind, Identity, Keystream, LARGEST_PROOF_BYTES, Layout,
    Order, Parts, Plot, Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict,
};

plimsoll_sdk::parameters! {
    /// A lottery.
    pub struct Lottery {
        /// Of so many in 256 challenges an answer is wanted.
        wins: u32 = 128, from 0 to 256;
        /// Whether it refuses what it need not answer.
        refuses: bool = false;
    }
}

const UNIT_BYTES: u32 = 4096;
const HASH: HashKind = HashKind::Blake3;
const STREAM: Keystream = Keystream::Blake3Xof;
const NETUID: u16 = 7;

impl Plugin for Lottery {
    const NAME: &'static str = "broken-lottery";
    const SUMMARY: &'static str = "Asks for units now and then.";
    const LIMITS: &'static str = "A keystream: space is nothing that it proves.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

fn key(identity: &Identity) -> Digest {
    digest_of(HASH, &identity.to_bytes())
}

fn bound(of: &Statement, root: &Digest, nonce: &Digest) -> Vec<u8> {
    [&nonce[..], root, &of.identity.to_bytes()].concat()
}

impl Lottery {
    fn wins(&self, nonce: &Digest) -> bool {
        u32::from(keyed_digest(nonce, b"lottery")[0]) < self.wins
    }

    fn accepts(&self, identity: &Identity) -> Result<()> {
        if self.refuses && identity.netuid != NETUID {
            return Err(PluginError::BadInput(format!("netuid {} is not served", identity.netuid)));
        }
        Ok(())
    }

    fn check(&self, of: &Statement, root: &Digest, to: &Challenge, mut proof: Parts) -> Result<(), String> {
        if !self.wins(&to.nonce) {
            return Err("nothing was asked for".into());
        }
        let (key, nonce) = (key(&of.identity), bound(of, root, &to.nonce));
        for &unit in &to.units {
            let answer = proof.digest().ok_or("ends before an answer")?;
            if *answer != keystream_digest(STREAM, &key, unit, UNIT_BYTES, HASH, &nonce) {
                return Err(format!("unit {unit} is not there"));
            }
        }
        proof.end()
    }
}

impl ProofScheme for Lottery {
    fn proves(&self) -> Claims {
        Claims { retrievability: true, ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        plot.fill(STREAM, &key(identity), UNIT_BYTES, units)
    }

    fn commit(&self, region: &dyn Region, identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        self.accepts(identity)?;
        region.merkle_root(HASH, UNIT_BYTES, Extent { offset: 0, len: layout.region_bytes }).map(Some)
    }

    fn most_samples(&self, _statement: &Statement) -> u32 {
        (LARGEST_PROOF_BYTES / 32) as u32
    }

    fn draw(
        &self,
        statement: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>> {
        self.accepts(&statement.identity)?;
        statement.committed(UNIT_BYTES)?;
        if self.refuses && focus.is_some() {
            return Err(PluginError::BadInput("challenges are about the whole plot".into()));
        }
        let units = focus.map_or(statement.units, |focus| focus.count);
        if u64::from(samples).min(units) > u64::from(self.most_samples(statement)) {
            return Err(PluginError::BadInput("too many samples".into()));
        }
        Ok(Challenge::draw(statement, randomness, samples, focus)?.to_bytes())
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let root = statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        if !self.wins(&nonce) {
            return Ok(Answer::NotEligible);
        }
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        Ok(Answer::Proof(region.digest_many(HASH, &bound(statement, &root, &nonce), &at)?.concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let challenge = Challenge::parse(challenge, statement)?;
        Ok(self.check(statement, &root, &challenge, Parts::of(proof)).into())
    }
}

plimsoll_sdk::export_plugin!(Lottery as proof_scheme);

#[cfg(test)]
mod tests {
    #[test]
    fn where_every_challenge_asks_for_something_it_keeps_the_laws() {
        plimsoll_sdk::laws::proof_scheme::<super::Lottery>(r#"{"wins": 256}"#, 5 * 4096);
    }
}
