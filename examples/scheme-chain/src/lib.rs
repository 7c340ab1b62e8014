//! `scheme-chain`: each unit is a chain of hashes, so that no byte of it can be had without all before it.
//!
//! Unit i of 4 KiB = s_1 ‖ … ‖ s_128, s_1 = BLAKE3(key; i), s_j = BLAKE3(key; s_(j-1)), key = BLAKE3 over the
//! identity. It has no kernel of its own: the plugin computes a unit and writes it through `plot.write`. So
//! it fills at the speed of WebAssembly calling one hash after the other, a few MiB a second; a scheme that
//! is meant for whole disks wants a kernel.
//!
//! Proves: nothing for certain. A unit takes about 20 µs to make again: a miner that stores nothing pays that
//! for every unit that is asked. Soundness against a miner that does not make units again and lost a fraction
//! f: (1 - f)^n for n samples.

use plimsoll_sdk::pure::{digest_of, keyed_digest};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Extent, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, NoParameters, Order,
    Parts, Plot, Plugin, ProofScheme, Region, Result, Span, Statement, Verdict,
};

const UNIT_BYTES: u32 = 4096;
const LINKS: usize = 128;

/// Units that are chains.
pub struct Chain;

impl Plugin for Chain {
    const NAME: &'static str = "scheme-chain";
    const SUMMARY: &'static str =
        "Fills units with chains of BLAKE3 and proves them by a digest over nonce and unit.";
    const LIMITS: &'static str = "A unit is made again in about 20 microseconds, far below any deadline: it slows a \
        regenerator down, it does not stop it.";
    type Config = NoParameters;

    fn new(_config: NoParameters) -> Result<Self> {
        Ok(Self)
    }
}

fn unit(identity: &Identity, index: u64) -> Vec<u8> {
    let key = digest_of(HashKind::Blake3, &[b"plimsoll scheme-chain", &identity.to_bytes()[..]].concat());
    let mut link: Digest = keyed_digest(&key, &index.to_le_bytes());
    let mut bytes = Vec::with_capacity(UNIT_BYTES as usize);
    for _ in 0..LINKS {
        bytes.extend_from_slice(&link);
        link = keyed_digest(&key, &link);
    }
    bytes
}

impl ProofScheme for Chain {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        Layout::one_pass("chain", Order::Independent, UNIT_BYTES, 0, capacity_bytes)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        (units.first..units.first + units.count)
            .try_for_each(|index| plot.write(index * u64::from(UNIT_BYTES), &unit(identity, index)))
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region
            .merkle_root(HashKind::Blake3, UNIT_BYTES, Extent { offset: 0, len: layout.region_bytes })
            .map(Some)
    }

    fn most_samples(&self, _statement: &Statement) -> u32 {
        (LARGEST_PROOF_BYTES / 32) as u32
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let root = statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        // The commitment goes into every answer: what answers for one plot answers for no other.
        let nonce = [&nonce[..], &root].concat();
        let at: Vec<Extent> = units.iter().map(|&unit| statement.unit(unit)).collect();
        Ok(Answer::Proof(region.digest_many(HashKind::Blake3, &nonce, &at)?.concat()))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let root = statement.committed(UNIT_BYTES)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let nonce = [&nonce[..], &root].concat();
        Ok(check(&statement.identity, &nonce, &units, Parts::of(proof)).into())
    }
}

fn check(identity: &Identity, nonce: &[u8], units: &[u64], mut proof: Parts<'_>) -> Result<(), String> {
    for &index in units {
        let answer = proof.digest().ok_or("the proof ends before an answer")?;
        if *answer != digest_of(HashKind::Blake3, &[nonce, &unit(identity, index)].concat()) {
            return Err(format!("unit {index} is not its chain"));
        }
    }
    proof.end()
}

plimsoll_sdk::export_plugin!(Chain as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Chain>("{}", 5 * 4096 + 7);
    }
}
