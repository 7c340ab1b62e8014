//! Laws of proof schemes.

use super::cases::other_identities;
use super::plot::{filling_is_lawful, plan_fits};
use super::plugin::configured;
use super::tamper::{bits, garbage, with_flipped_bit, with_other_lengths};
use super::{granted, identity, law, unpanicked};
use crate::doubles::MemoryRegion;
use crate::{
    Answer, Challenge, Digest, Draws, LARGEST_PROOF_BYTES, Layout, ProofScheme, Result, Span, Statement,
    Verdict,
};

const MOST_FLIPS: usize = 300;
/// Challenges that an honest miner may have no answer to, one after another, before a scheme counts as one
/// that proves nothing. A lottery that is won once in ten times loses as often with 0.1 %.
const TRIES: u32 = 64;

/// Tests a scheme on a plot of at most `capacity_bytes` in memory (a few units are enough):
/// - the plan fits, is the largest or near it, coherent and always the same;
/// - filling is idempotent, in pieces and in any order that the passes allow, whatever the disk held before;
/// - draws stay in range and in focus, and give as many units as were asked or refuse; what `verify` could not
///   judge is not drawn;
/// - prove-then-verify passes, and an honest miner can prove something: of 64 challenges it is eligible for one;
/// - no flipped bit in proof, challenge or data passes, nor other lengths, nor garbage, and none is a panic;
/// - an answer passes for its own statement and its own challenge only.
///
/// # Panics
/// Where a law is broken.
#[track_caller]
pub fn proof_scheme<P: ProofScheme>(config_json: &str, capacity_bytes: u64) {
    let scheme: P = configured(config_json);
    let mut draws = Draws::new("laws of proof schemes", &[]);
    let identity = identity(&mut draws);
    let layout = plan_fits(&scheme, &identity, capacity_bytes);
    let region = filling_is_lawful(&scheme, &identity, &layout, &mut draws);
    let commitment = granted::<P, _>("commit", &layout, || scheme.commit(&region, &identity, &layout));
    let Layout { unit_bytes, units, .. } = layout;
    let statement = Statement { identity, unit_bytes, units, commitment };
    let trial = Trial { scheme: &scheme, region, statement };
    trial.draws_are_lawful(&mut draws);
    trial.honest_proofs_pass(&mut draws);
    trial.tampered_bytes_fail(&mut draws);
    trial.damaged_units_fail(&mut draws);
    trial.other_statements_fail(&mut draws);
    trial.garbage_is_no_panic(&mut draws);
}

struct Trial<'a, P> {
    scheme: &'a P,
    region: MemoryRegion,
    statement: Statement,
}

impl<P: ProofScheme> Trial<'_, P> {
    fn draw(&self, randomness: Digest, samples: u32, focus: Option<Span>) -> Vec<u8> {
        let work = || self.scheme.draw(&self.statement, &randomness, samples, focus);
        granted::<P, _>("draw", &(samples, focus), work)
    }

    fn answer(&self, region: &MemoryRegion, challenge: &[u8]) -> Result<Answer> {
        unpanicked::<P, _>("prove", &challenge, || self.scheme.prove(region, &self.statement, challenge))
    }

    /// The honest proof; `None` where this plot is not eligible.
    fn prove(&self, challenge: &[u8]) -> Option<Vec<u8>> {
        match granted::<P, _>("prove", &challenge, || self.answer(&self.region, challenge)) {
            Answer::Proof(proof) => Some(proof),
            Answer::NotEligible => None,
        }
    }

    /// `samples`, or as many as the scheme draws.
    fn at_most(&self, samples: u32) -> u32 {
        samples.min(self.scheme.most_samples(&self.statement))
    }

    /// A challenge that this plot is eligible for, with its honest proof.
    fn eligible(&self, draws: &mut Draws, samples: u32) -> (Vec<u8>, Vec<u8>) {
        let samples = self.at_most(samples);
        let found = (0..TRIES).find_map(|_| {
            let challenge = self.draw(draws.digest(), samples, None);
            self.prove(&challenge).map(|proof| (challenge, proof))
        });
        let law_name = "an honest miner can prove something";
        law::<P>(law_name, found.is_some(), || {
            format!("could prove nothing: not eligible for any of {TRIES} challenges of {samples} samples")
        });
        found.unwrap_or_default()
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let case = (statement, challenge, proof);
        unpanicked::<P, _>("verify", &case, || self.scheme.verify(statement, challenge, proof))
    }

    #[track_caller]
    fn refuses(&self, name: &str, statement: &Statement, challenge: &[u8], proof: &[u8]) {
        let verdict = self.verify(statement, challenge, proof);
        law::<P>(name, verdict != Ok(Verdict::Valid), || {
            format!("a proof of {} bytes is valid for {statement:?} and challenge {challenge:?}", proof.len())
        });
    }

    fn draws_are_lawful(&self, draws: &mut Draws) {
        let units = self.statement.units;
        let whole = Span { first: 0, count: units };
        for round in 0..40 {
            let first = draws.below(units);
            let focus = Span { first, count: 1 + draws.below(units - first) };
            let focus = (round % 3 > 0).then_some(focus);
            let samples = self.at_most(1 + draws.below(2 * units) as u32);
            let randomness = draws.digest();
            let challenge = self.draw(randomness, samples, focus);
            let case = || format!("{samples} samples in {focus:?} of {units} units: {challenge:?}");
            let same = self.draw(randomness, samples, focus) == challenge;
            law::<P>("the same randomness gives the same challenge", same, case);
            let other = self.draw(draws.digest(), samples, focus) != challenge;
            law::<P>("other randomness gives another challenge", other, case);
            law::<P>("a challenge has at most 64 KiB", challenge.len() <= LARGEST_PROOF_BYTES, case);
            // A scheme with a challenge of its own shows its focus in its proofs only.
            if let Ok(parsed) = Challenge::parse(&challenge, &self.statement) {
                let span = focus.unwrap_or(whole);
                let inside = parsed.units.iter().all(|unit| (span.first..span.end()).contains(unit));
                law::<P>("a challenge stays in its focus", inside, case);
                let count = u64::from(samples).min(span.count);
                law::<P>(
                    "a challenge has as many units as were asked",
                    parsed.units.len() as u64 == count,
                    case,
                );
            }
        }
        self.refused_draws_are_lawful();
        self.what_cannot_be_judged_is_not_drawn();
    }

    fn refused_draws_are_lawful(&self) {
        let units = self.statement.units;
        let outside = Span { first: units, count: 1 };
        let over = Span { first: u64::MAX, count: u64::MAX };
        for (samples, focus) in
            [(0, None), (1, Some(outside)), (1, Some(over)), (1, Some(Span { first: 0, count: 0 }))]
        {
            let work = || self.scheme.draw(&self.statement, &[7; 32], samples, focus);
            let refused = unpanicked::<P, _>("draw", &(samples, focus), work).is_err();
            law::<P>("no samples and no units are refused", refused, || format!("{samples} in {focus:?}"));
        }
        // A plot that is too large for one challenge shows whether a scheme asks for less than it was told.
        let huge = Statement { units: 1 << 40, ..self.statement };
        let most = self.scheme.most_samples(&huge);
        let case = (&huge, most);
        let draw =
            |samples| unpanicked::<P, _>("draw", &case, || self.scheme.draw(&huge, &[7; 32], samples, None));
        let drawn = |samples| draw(samples).ok().and_then(|bytes| Challenge::parse(&bytes, &huge).ok());
        for samples in [most.saturating_add(1), most.saturating_mul(2)] {
            let less = drawn(samples).is_some_and(|drawn| drawn.units.len() < samples as usize);
            law::<P>("more samples than can be drawn are refused, not cut", !less, || {
                format!("{samples} samples of {case:?}")
            });
        }
    }

    /// A statement with a commitment that the scheme does not make, or without the one that it makes.
    fn what_cannot_be_judged_is_not_drawn(&self) {
        let commitment = self.statement.commitment.map_or(Some([7; 32]), |_| None);
        let other = Statement { commitment, ..self.statement };
        let draw = || self.scheme.draw(&other, &[7; 32], 1, None);
        let Ok(challenge) = unpanicked::<P, _>("draw", &other, draw) else { return };
        let verdict = self.verify(&other, &challenge, &[]);
        law::<P>("what cannot be judged is not drawn", verdict.is_ok(), || {
            format!("{verdict:?} for {other:?}")
        });
    }

    fn honest_proofs_pass(&self, draws: &mut Draws) {
        for samples in [1, 2, 3, 7, u32::MAX] {
            let (challenge, proof) = self.eligible(draws, samples);
            let case = || format!("{samples} samples, a proof of {} bytes", proof.len());
            law::<P>("a proof has at most 64 KiB", proof.len() <= LARGEST_PROOF_BYTES, case);
            let again = self.prove(&challenge);
            law::<P>("proving twice gives the same proof", again.as_ref() == Some(&proof), case);
            let verdict =
                granted::<P, _>("verify", &samples, || self.verify(&self.statement, &challenge, &proof));
            law::<P>("prove-then-verify passes", verdict == Verdict::Valid, || {
                format!("{verdict:?}, {}", case())
            });
        }
    }

    fn tampered_bytes_fail(&self, draws: &mut Draws) {
        let (challenge, proof) = self.eligible(draws, 3);
        for bit in bits(draws, proof.len(), MOST_FLIPS) {
            let name = "a flipped bit in the proof fails";
            self.refuses(name, &self.statement, &challenge, &with_flipped_bit(&proof, bit));
        }
        for other in with_other_lengths(&proof) {
            self.refuses("a proof of another length fails", &self.statement, &challenge, &other);
        }
        for bit in bits(draws, challenge.len(), MOST_FLIPS) {
            let name = "a flipped bit in the challenge fails";
            self.refuses(name, &self.statement, &with_flipped_bit(&challenge, bit), &proof);
        }
        for other in with_other_lengths(&challenge) {
            self.refuses("a challenge of another length fails", &self.statement, &other, &proof);
        }
        let later = self.draw(draws.digest(), self.at_most(3), None);
        self.refuses("an old answer does not pass for a new challenge", &self.statement, &later, &proof);
    }

    fn damaged_units_fail(&self, draws: &mut Draws) {
        let Statement { units, unit_bytes, .. } = self.statement;
        for unit in [0, units / 2, units - 1] {
            let focus = Span { first: unit, count: 1 };
            let mut challenges = (0..TRIES).map(|_| self.draw(draws.digest(), 1, Some(focus)));
            // Another plot's luck need not be in this unit.
            let Some(challenge) = challenges.find(|challenge| self.prove(challenge).is_some()) else {
                continue;
            };
            for bit in bits(draws, unit_bytes as usize, 24) {
                let mut damaged = self.region.clone();
                damaged.bytes[(unit * u64::from(unit_bytes)) as usize + bit / 8] ^= 1 << (bit % 8);
                // A prover that notices and refuses is as good as a proof that fails.
                if let Ok(Answer::Proof(proof)) = self.answer(&damaged, &challenge) {
                    self.refuses(
                        "a flipped bit in a challenged unit fails",
                        &self.statement,
                        &challenge,
                        &proof,
                    );
                }
            }
        }
    }

    fn other_statements_fail(&self, draws: &mut Draws) {
        let (challenge, proof) = self.eligible(draws, 3);
        for identity in other_identities(&self.statement.identity) {
            let other = Statement { identity, ..self.statement };
            self.refuses("an answer does not pass for another identity", &other, &challenge, &proof);
        }
        if let Some(root) = self.statement.commitment {
            let mut wrong = root;
            wrong[31] ^= 1;
            for commitment in [Some(wrong), Some([0; 32]), None] {
                let other = Statement { commitment, ..self.statement };
                self.refuses("an answer does not pass for another commitment", &other, &challenge, &proof);
            }
        }
        for unit_bytes in [0, 1, self.statement.unit_bytes - 1, self.statement.unit_bytes * 2, u32::MAX] {
            let other = Statement { unit_bytes, ..self.statement };
            self.refuses("an answer does not pass for another unit size", &other, &challenge, &proof);
        }
        let none = Statement { units: 0, ..self.statement };
        self.refuses("an answer does not pass for no units", &none, &challenge, &proof);
    }

    fn garbage_is_no_panic(&self, draws: &mut Draws) {
        let (challenge, proof) = self.eligible(draws, 2);
        let len = proof.len() as u64;
        let huge = Statement { units: u64::MAX, ..self.statement };
        let work = || self.scheme.draw(&huge, &[9; 32], 9, None);
        let far = unpanicked::<P, _>("draw", &huge, work).unwrap_or_default();
        for round in 0..100 {
            let name = "no garbage is a proof";
            let proof = garbage(draws, if round % 2 == 0 { 2 * len } else { 4 });
            self.refuses(name, &self.statement, &challenge, &proof);
            let verdict = self.verify(&self.statement, &challenge, &proof);
            law::<P>("a bad proof is a verdict, not an error", verdict.is_ok(), || format!("{verdict:?}"));
            let strange = garbage(draws, 200);
            self.refuses(name, &self.statement, &strange, &proof);
            self.refuses(name, &huge, &strange, &proof);
            self.refuses(name, &huge, &far, &proof);
            self.answer(&self.region, &strange).ok();
        }
    }
}
