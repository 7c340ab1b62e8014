//! Laws of proof schemes against whoever lies: flipped bits, other lengths, garbage, other statements.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Hotkey, NetUid, Statement, Verdict};

use super::cases::Numbers;
use super::policies::answered;
use super::proof::{Proven, Sample};
use super::report::Laws;
use crate::{MemorySpace, PROOF_BYTES, SchemeInstance};

const FLIPS: usize = 120;

pub(super) fn laws(sample: &Sample, laws: &mut Laws) {
    laws.holds("a proof with a flipped bit, or of another length, is invalid", || proof_bits(sample));
    laws.holds("a proof does not answer a challenge with a flipped bit", || challenge_bits(sample));
    laws.holds("a unit with a flipped bit cannot be proven", || data_bits(sample));
    laws.holds("a proof does not hold for another owner, validator, subnet or commitment", || {
        other_statements(sample)
    });
    laws.holds("what it could not judge it does not draw", || unjudged(sample));
    laws.holds("arbitrary bytes as proof or challenge are never valid and never a breakdown", || {
        garbage(sample)
    });
}

/// An honest proof of a few units, with an instance and numbers to tamper with it.
struct Honest {
    instance: SchemeInstance,
    numbers: Numbers,
    challenge: Vec<u8>,
    proof: Vec<u8>,
}

impl Honest {
    fn of(sample: &Sample, purpose: &str) -> Result<Self, String> {
        let (mut instance, mut numbers) = (sample.instance()?, Numbers::new(purpose));
        let Proven { challenge, proof } = sample.eligible(&mut instance, &mut numbers, 3)?;
        Ok(Self { instance, numbers, challenge, proof })
    }
}

fn invalid(
    instance: &mut SchemeInstance,
    statement: &Statement,
    challenge: &[u8],
    proof: &[u8],
    case: impl Fn() -> String,
) -> Result<(), String> {
    match instance.verify(statement, challenge, proof) {
        Ok(Verdict::Invalid(_)) => Ok(()),
        Ok(Verdict::Valid) => Err(format!("{} passes", case())),
        Err(error) => Err(format!("{}: {error}", case())),
    }
}

/// Not valid: a verdict, or a refusal where the question itself is none.
fn not_valid(
    instance: &mut SchemeInstance,
    statement: &Statement,
    challenge: &[u8],
    proof: &[u8],
    case: impl Fn() -> String,
) -> Result<(), String> {
    let verdict = answered(instance.verify(statement, challenge, proof));
    match verdict.map_err(|e| format!("{}: {e}", case()))? {
        Some(Verdict::Valid) => Err(format!("{} passes", case())),
        _ => Ok(()),
    }
}

fn proof_bits(sample: &Sample) -> Result<(), String> {
    let Honest { mut instance, mut numbers, challenge, proof } = Honest::of(sample, "proof bits")?;
    let statement = &sample.statement;
    for flip in 0..FLIPS.min(proof.len() * 8) {
        let (at, bit) = (numbers.place(proof.len()), flip % 8);
        let mut flipped = proof.clone();
        flipped[at] ^= 1 << bit;
        invalid(&mut instance, statement, &challenge, &flipped, || {
            format!("bit {bit} of byte {at} flipped")
        })?;
    }
    for len in [0, 1, proof.len() / 2, proof.len().saturating_sub(1)] {
        if len < proof.len() {
            invalid(&mut instance, statement, &challenge, &proof[..len], || format!("cut to {len} bytes"))?;
        }
    }
    for more in [1, 32, 64] {
        let longer = [&proof[..], &vec![0; more]].concat();
        invalid(&mut instance, statement, &challenge, &longer, || format!("{more} bytes longer"))?;
    }
    Ok(())
}

fn challenge_bits(sample: &Sample) -> Result<(), String> {
    let Honest { mut instance, mut numbers, challenge, proof } = Honest::of(sample, "challenge bits")?;
    for flip in 0..FLIPS {
        let (at, bit) = (numbers.place(challenge.len()), flip % 8);
        let mut flipped = challenge.clone();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << bit;
            let case = || format!("bit {bit} of byte {at} of the challenge flipped");
            not_valid(&mut instance, &sample.statement, &flipped, &proof, case)?;
        }
    }
    Ok(())
}

/// All units are asked, so that every byte of a unit matters.
fn data_bits(sample: &Sample) -> Result<(), String> {
    let (mut instance, mut numbers) = (sample.instance()?, Numbers::new("data bits"));
    let sound = sample.region.to_vec();
    let units_bytes = usize::try_from(sample.layout.units_bytes()).map_err(|e| e.to_string())?;
    let samples = u32::try_from(sample.layout.units).unwrap_or(u32::MAX);
    let challenge = sample.eligible(&mut instance, &mut numbers, samples)?.challenge;
    for flip in 0..12 {
        let (at, bit) = (numbers.place(units_bytes), flip % 8);
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << bit;
        let damaged = Arc::new(MemorySpace::with(bytes));
        let proof = answered(instance.prove(damaged, &sample.statement, &challenge))?;
        let Some(Answer::Proof(proof)) = proof else { continue };
        let case = || format!("bit {bit} of byte {at} of the region flipped");
        not_valid(&mut instance, &sample.statement, &challenge, &proof, case)?;
    }
    Ok(())
}

fn other_statements(sample: &Sample) -> Result<(), String> {
    let Honest { mut instance, mut numbers, challenge, proof } = Honest::of(sample, "statements")?;
    let ours = sample.statement;
    let mut others = Vec::new();
    let mut other = |name: &'static str, change: &dyn Fn(&mut Statement, Digest)| {
        let mut statement = ours;
        change(&mut statement, numbers.digest());
        others.push((name, statement));
    };
    other("another owner", &|s, d| s.identity.owner = Hotkey(d.0));
    other("another validator", &|s, d| s.identity.validator = Hotkey(d.0));
    other("another subnet", &|s, _| s.identity.netuid = NetUid(s.identity.netuid.0 + 1));
    if ours.commitment.is_some() {
        other("another commitment", &|s, d| s.commitment = Some(d));
        other("no commitment", &|s, _| s.commitment = None);
    }
    for (name, statement) in others {
        not_valid(&mut instance, &statement, &challenge, &proof, || format!("{name}: the proof"))?;
    }
    Ok(())
}

/// A statement with a commitment that the scheme does not make, or without the one that it makes: a refusal, or
/// a challenge that an empty proof gets a verdict to. An error at `verify` would never be held against a miner.
fn unjudged(sample: &Sample) -> Result<(), String> {
    let (mut instance, mut numbers) = (sample.instance()?, Numbers::new("unjudged"));
    let (commitment, which) = match sample.statement.commitment {
        Some(_) => (None, "without a commitment"),
        None => (Some(numbers.digest()), "with a commitment"),
    };
    let statement = Statement { commitment, ..sample.statement };
    let drawn = answered(instance.draw(&statement, &numbers.digest(), 1, None))?;
    let Some(challenge) = drawn else { return Ok(()) };
    match instance.verify(&statement, &challenge, &[]) {
        Ok(Verdict::Invalid(_)) => Ok(()),
        Ok(Verdict::Valid) => Err(format!("{which} an empty proof passes")),
        Err(error) => Err(format!("{which} a challenge is drawn that no verdict comes of: {error}")),
    }
}

fn garbage(sample: &Sample) -> Result<(), String> {
    let (mut instance, mut numbers) = (sample.instance()?, Numbers::new("garbage"));
    let statement = &sample.statement;
    let challenge = sample.eligible(&mut instance, &mut numbers, 3)?.challenge;
    for case in 0..48usize {
        let len = match case % 4 {
            0 => case,
            1 => numbers.place(512),
            2 => 32 * numbers.place(64),
            _ => numbers.place(PROOF_BYTES),
        };
        let bytes = numbers.bytes(len);
        invalid(&mut instance, statement, &challenge, &bytes, || format!("{len} random bytes as proof"))?;
        not_valid(&mut instance, statement, &bytes, &bytes, || format!("{len} random bytes as challenge"))?;
        answered(instance.prove(Arc::clone(&sample.region) as _, statement, &bytes))?;
    }
    Ok(())
}
