//! What an honest prover does: the measure of every other.

use std::sync::Arc;

use plimsoll_core::Digest;

use super::{Answered, Judged, Subject};
use crate::LabError;
use crate::asked::asked_units;

/// Audits that show what an honest prover does.
const HONEST_AUDITS: u64 = 24;
/// Fuel that a fresh instance's start is worth: about 20 microseconds.
const START_FUEL: u64 = 50_000;

/// What an honest prover does in an audit.
#[derive(Debug, Default, Clone)]
pub(in crate::attack) struct Honest {
    /// How many of its audits passed.
    pub(in crate::attack) passed: u64,
    /// How many asked for nothing that it holds.
    pub(in crate::attack) not_eligible: u64,
    /// All of them.
    pub(in crate::attack) audits: u64,
    /// The first verdict against it, or failure.
    pub(in crate::attack) complaint: Option<String>,
    /// Units that an audit asks for, on average.
    pub(in crate::attack) drawn: f64,
    /// Reads of one proof, on average, and their bytes.
    pub(in crate::attack) reads: f64,
    pub(in crate::attack) read_bytes: f64,
    /// The longest proof.
    pub(in crate::attack) proof_bytes: usize,
    /// Whether every proof reads all units, though nothing says that they were asked for.
    pub(in crate::attack) scans: bool,
    /// Of each audit, whether it was passed.
    pub(super) passes: Vec<bool>,
    pub(super) audit_fuel: u64,
    pub(super) verify_fuel: u64,
}

impl Subject {
    /// Watches an honest prover; in a lottery as long as any cheater, and over the same trials.
    pub(super) fn watch(&mut self) -> Result<Honest, LabError> {
        let mut numbers = self.numbers("honest, most samples");
        let (statement, samples) = (self.statement, self.options.samples);
        let (samples, _) = self.verifier.draw_at_most(&statement, &numbers.digest(), samples, None)?;
        let mut numbers = self.honest_numbers();
        let mut seen = Honest { scans: true, ..Honest::default() };
        for _ in 0..HONEST_AUDITS {
            self.watch_one(numbers.digest(), samples, &mut seen)?;
        }
        if seen.scans || seen.not_eligible > 0 {
            while seen.audits < self.trials_of(seen.audit_fuel) {
                self.watch_one(numbers.digest(), samples, &mut seen)?;
            }
        }
        let audits = seen.audits as f64;
        seen.drawn /= audits;
        (seen.reads, seen.read_bytes) = (seen.reads / audits, seen.read_bytes / audits);
        Ok(seen)
    }

    fn watch_one(&mut self, randomness: Digest, samples: u32, seen: &mut Honest) -> Result<(), LabError> {
        let statement = self.statement;
        let challenge = self.draw(&statement, randomness, samples, None)?;
        let mut fuel = 3 * START_FUEL + self.verifier.fuel_used();
        let disk = self.plot.disk();
        let answered = self.prove(Arc::clone(&disk) as _, &statement, &challenge);
        let trace = disk.take_trace();
        fuel = fuel.saturating_add(self.prover.fuel_used()).saturating_add(trace.bytes);
        let (asked, touched) = (self.asked(&challenge), self.plot.units_of(&trace).units());
        seen.drawn += asked.unwrap_or_else(|| touched.min(u64::from(samples))) as f64;
        // A prover may read whole groups of the integrity tree, and so all of a small plot, for a few units.
        let is_all = touched == self.plot.layout.units && touched > u64::from(samples);
        seen.scans &= asked.is_none() && is_all;
        seen.audits += 1;
        seen.reads += trace.reads as f64;
        seen.read_bytes += trace.bytes as f64;
        let passed_before = seen.passed;
        match answered {
            Answered::NotEligible => seen.not_eligible += 1,
            Answered::Failed(why) => drop(seen.complaint.get_or_insert(why)),
            Answered::Proof(proof) => {
                seen.proof_bytes = seen.proof_bytes.max(proof.len());
                match self.verify(&statement, &challenge, &proof) {
                    Judged::Valid => seen.passed += 1,
                    Judged::Invalid(why) | Judged::Broken(why) => {
                        seen.complaint.get_or_insert(why);
                    }
                }
                let verify_fuel = self.verify_fuel() + START_FUEL;
                fuel = fuel.saturating_add(verify_fuel);
                seen.verify_fuel = seen.verify_fuel.max(verify_fuel);
            }
        }
        seen.passes.push(seen.passed > passed_before);
        seen.audit_fuel = seen.audit_fuel.max(fuel);
        Ok(())
    }

    /// How many units a challenge of the SDK's usual form asks for. `None` for any other form.
    fn asked(&self, challenge: &[u8]) -> Option<u64> {
        asked_units(challenge, self.plot.layout.units).map(|units| units.len() as u64)
    }
}
