//! The laws of proof schemes.

use plimsoll_sdk::pure::{digest_of, keyed_digest};
use plimsoll_sdk::{
    Answer, Challenge, Digest, Extent, HashKind, Identity, Layout, Order, Parts, Plot, PluginError,
    ProofScheme, Region, Result, Span, Statement, Verdict, laws,
};

use crate::{assert_breaks, broken, sample};

const UNIT_BYTES: u32 = 32;
const HASH: HashKind = HashKind::Sha256;

// Units of one keyed digest each, written without any kernel; the proof opens the unit and answers the nonce.
sample!(Scheme);

impl<const FAULT: u8> Scheme<FAULT> {
    fn unit(&self, identity: &Identity, unit: u64) -> Digest {
        let mut identity = identity.to_bytes();
        match FAULT {
            1 => identity.truncate(34),
            2 => drop(identity.drain(..2)),
            _ => {}
        }
        keyed_digest(&digest_of(HASH, &identity), &unit.to_le_bytes())
    }

    fn answer(nonce: &Digest, identity: &Identity, unit: &[u8]) -> Digest {
        let identity = if FAULT == 2 { Vec::new() } else { identity.to_bytes() };
        digest_of(HASH, &[nonce, &identity[..], unit].concat())
    }

    fn all(units: u64) -> Extent {
        Extent { offset: 0, len: units * u64::from(UNIT_BYTES) }
    }

    fn check(
        &self,
        of: &Statement,
        root: &Digest,
        asked: &Challenge,
        mut proof: Parts,
    ) -> Result<(), String> {
        if FAULT == 3 {
            assert!({ proof }.take(1).is_some(), "the proof is empty");
        }
        for &unit in &asked.units {
            let answer = proof.digest().ok_or("no answer")?;
            let bytes = proof.merkle_opening(HASH, UNIT_BYTES, of.units, unit, root);
            let bytes = if FAULT == 4 { &self.unit(&of.identity, unit)[..] } else { bytes? };
            if *bytes != self.unit(&of.identity, unit) {
                return Err("another unit".into());
            }
            let nonce = if FAULT == 6 { &[0; 32] } else { &asked.nonce };
            if FAULT != 7 && *answer != Self::answer(nonce, &of.identity, bytes) {
                return Err("another answer".into());
            }
        }
        if FAULT == 8 { Ok(()) } else { proof.end() }
    }
}

impl<const FAULT: u8> ProofScheme for Scheme<FAULT> {
    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let mut layout = Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes)?;
        match FAULT {
            9 => layout.region_bytes += 4096,
            10 => return Layout::one_pass("fill", Order::Independent, UNIT_BYTES, 0, capacity_bytes.min(64)),
            11 => layout.passes.clear(),
            _ => {}
        }
        Ok(layout)
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        for unit in units.first..units.end() {
            let (offset, mut bytes) = (unit * u64::from(UNIT_BYTES), self.unit(identity, unit));
            match FAULT {
                12 => bytes[31] = plot.read(Extent { offset: offset + 31, len: 1 })?[0],
                13 if unit == units.first => bytes[0] ^= 1,
                14 if unit == 3 => continue,
                _ => {}
            }
            plot.write(offset, &bytes)?;
        }
        Ok(())
    }

    fn commit(&self, region: &dyn Region, _identity: &Identity, layout: &Layout) -> Result<Option<Digest>> {
        region.merkle_root(HASH, UNIT_BYTES, Self::all(layout.units)).map(Some)
    }

    fn draw(
        &self,
        of: &Statement,
        randomness: &Digest,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Vec<u8>> {
        let most = self.most_samples(of);
        let samples = match FAULT {
            15 => samples.min(1),
            23 => samples.min(most),
            _ if samples > most => return Err(PluginError::BadInput(format!("at most {most} samples"))),
            _ => samples,
        };
        if FAULT != 24 {
            of.committed(UNIT_BYTES)?;
        }
        match FAULT {
            16 => Ok(Challenge::draw(of, randomness, samples, None)?.to_bytes()),
            17 => Ok(Challenge::draw(of, &[0; 32], samples, focus)?.to_bytes()),
            18 => Ok(Challenge::draw(of, randomness, samples.max(1), focus)?.to_bytes()),
            _ => Ok(Challenge::draw(of, randomness, samples, focus)?.to_bytes()),
        }
    }

    fn prove(&self, region: &dyn Region, of: &Statement, challenge: &[u8]) -> Result<Answer> {
        let Challenge { nonce, units } = Challenge::parse(challenge, of)?;
        if FAULT == 22 || FAULT == 25 && nonce[0] >= 64 {
            return Ok(Answer::NotEligible);
        }
        let nonce = if FAULT == 6 { [0; 32] } else { nonce };
        let mut proof = Vec::new();
        for unit in units {
            proof.extend(Self::answer(&nonce, &of.identity, &region.read(of.unit(unit))?));
            proof.extend(region.merkle_openings(HASH, UNIT_BYTES, Self::all(of.units), &[unit])?);
        }
        if FAULT == 19 {
            proof.resize(70_000, 0);
        }
        Ok(Answer::Proof(proof))
    }

    fn verify(&self, of: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let unit_bytes = if FAULT == 20 { of.unit_bytes } else { UNIT_BYTES };
        let root = of.committed(unit_bytes)?;
        let challenge = Challenge::parse(challenge, of)?;
        let check = self.check(of, &root, &challenge, Parts::of(proof));
        if FAULT == 21 {
            return check.map(|()| Verdict::Valid).map_err(PluginError::Internal);
        }
        Ok(check.into())
    }
}

#[test]
fn an_honest_scheme_passes() {
    assert_eq!(broken(|| laws::proof_scheme::<Scheme<0>>("{}", 300)), "no law was broken");
    // A lottery that is won once in four times.
    assert_eq!(broken(|| laws::proof_scheme::<Scheme<25>>("{}", 300)), "no law was broken");
}

#[test]
fn faults_of_planning_and_filling_are_caught() {
    let breaks = |law, laws: fn(&str, u64)| assert_breaks(law, move || laws("{}", 300));
    let law = "a plot of another owner or for another validator holds other bytes";
    breaks(law, laws::proof_scheme::<Scheme<1>>);
    breaks("the plan fits the capacity", laws::proof_scheme::<Scheme<9>>);
    breaks("the plan uses most of the capacity", laws::proof_scheme::<Scheme<10>>);
    breaks("a plan has passes that fill something", laws::proof_scheme::<Scheme<11>>);
    let law = "a full plot does not depend on what the disk held before";
    breaks(law, laws::proof_scheme::<Scheme<12>>);
    breaks("filling in pieces is filling at once", laws::proof_scheme::<Scheme<13>>);
    breaks(law, laws::proof_scheme::<Scheme<14>>);
}

#[test]
fn faults_of_drawing_are_caught() {
    let breaks = |law, laws: fn(&str, u64)| assert_breaks(law, move || laws("{}", 300));
    breaks("a challenge has as many units as were asked", laws::proof_scheme::<Scheme<15>>);
    breaks("a challenge stays in its focus", laws::proof_scheme::<Scheme<16>>);
    breaks("other randomness gives another challenge", laws::proof_scheme::<Scheme<17>>);
    breaks("no samples and no units are refused", laws::proof_scheme::<Scheme<18>>);
    breaks("more samples than can be drawn are refused, not cut", laws::proof_scheme::<Scheme<23>>);
    breaks("what cannot be judged is not drawn", laws::proof_scheme::<Scheme<24>>);
}

#[test]
fn faults_of_proving_and_verifying_are_caught() {
    let breaks = |law, laws: fn(&str, u64)| assert_breaks(law, move || laws("{}", 300));
    breaks("an answer does not pass for another identity", laws::proof_scheme::<Scheme<2>>);
    breaks("verify never panics", laws::proof_scheme::<Scheme<3>>);
    breaks("an honest miner can prove something", laws::proof_scheme::<Scheme<22>>);
    breaks("a flipped bit in the proof fails", laws::proof_scheme::<Scheme<4>>);
    breaks("a flipped bit in the challenge fails", laws::proof_scheme::<Scheme<6>>);
    breaks("a flipped bit in the proof fails", laws::proof_scheme::<Scheme<7>>);
    breaks("a proof of another length fails", laws::proof_scheme::<Scheme<8>>);
    breaks("a proof has at most 64 KiB", laws::proof_scheme::<Scheme<19>>);
    breaks("an answer does not pass for another unit size", laws::proof_scheme::<Scheme<20>>);
    breaks("a bad proof is a verdict, not an error", laws::proof_scheme::<Scheme<21>>);
}
