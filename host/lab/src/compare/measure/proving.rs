//! Honest answers to fresh challenges, from the device and from the page cache, and what checking them takes.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_core::{Answer, RegionSpace, Verdict};
use plimsoll_node::measure::meter::{device_bytes, timed_here};
use plimsoll_plugin::SchemeInstance;

use super::bench::{Bench, Sealed};
use super::native::{self, Twin};
use crate::LabError;
use crate::compare::figure::{Figure, quantile};
use crate::compare::row::{Proved, Verified};
use crate::compare::spaces::Counted;
use crate::numbers::Numbers;

/// What each repeat found.
#[derive(Default)]
struct Found {
    cold: Percentiles,
    warm: Percentiles,
    verify: Percentiles,
    native: Percentiles,
    ratio: Vec<f64>,
    read_bytes: Vec<f64>,
    reads: Vec<f64>,
    proof_bytes: Vec<f64>,
    challenge_bytes: Vec<f64>,
    asked: u64,
    not_eligible: u64,
}

/// The 50th and the 99th percentile of each repeat.
#[derive(Default)]
struct Percentiles {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Percentiles {
    fn add(&mut self, mut values: Vec<f64>) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        if values.is_empty() {
            return None;
        }
        self.p50.push(quantile(&values, 0.5));
        self.p99.push(quantile(&values, 0.99));
        self.p50.last().copied()
    }
}

/// One repeat's runs, in the order of the challenges.
#[derive(Default)]
struct Turn {
    cold_ms: Vec<f64>,
    warm_ms: Vec<f64>,
    verify_us: Vec<f64>,
    native_us: Vec<f64>,
}

/// Draws, proves and verifies as often as asked, or as the time allows but at least once.
///
/// # Errors
/// The plugin's; [`LabError::Rejected`] where an honest proof does not pass.
pub(in crate::compare) fn prove_and_verify(
    bench: &Bench<'_>,
    plot: &Sealed,
    seconds: f64,
) -> Result<(Proved, Verified), LabError> {
    let region = Arc::new(Counted::over(Arc::clone(&plot.region)));
    let mut stage = Stage {
        bench,
        plot,
        region,
        instance: bench.scheme.instance()?,
        twin: native::twin_of(bench.scheme),
        dice: Numbers::new(bench.request.seed, "honest challenges"),
        found: Found::default(),
        samples: None,
    };
    let repeats = bench.request.repeats.max(1);
    let (before, began) = (device_bytes(), Instant::now());
    for number in 0..repeats {
        if number > 0 && began.elapsed().as_secs_f64() > seconds {
            break;
        }
        stage.turn(seconds / f64::from(repeats))?;
    }
    // Where nothing came from a device, the system kept the file in memory, and no read was cold.
    let was_cold = device_bytes().zip(before).is_some_and(|(after, before)| after.read > before.read);
    Ok(stage.figures(was_cold))
}

struct Stage<'a> {
    bench: &'a Bench<'a>,
    plot: &'a Sealed,
    region: Arc<Counted>,
    instance: SchemeInstance,
    twin: Option<Box<dyn Twin>>,
    dice: Numbers,
    found: Found,
    samples: Option<u32>,
}

impl Stage<'_> {
    fn turn(&mut self, seconds: f64) -> Result<(), LabError> {
        let began = Instant::now();
        let mut turn = Turn::default();
        for number in 0..self.bench.request.challenges.max(1) {
            if number > 0 && began.elapsed().as_secs_f64() > seconds {
                break;
            }
            self.bench.expect_going()?;
            self.one(&mut turn)?;
        }
        let found = &mut self.found;
        found.cold.add(turn.cold_ms);
        found.warm.add(turn.warm_ms);
        let (wasm, native) = (found.verify.add(turn.verify_us), found.native.add(turn.native_us));
        found.ratio.extend(wasm.zip(native).map(|(wasm, native)| wasm / native));
        Ok(())
    }

    /// One challenge: proven from the device, proven again from the page cache, verified.
    fn one(&mut self, turn: &mut Turn) -> Result<(), LabError> {
        let plot = self.plot;
        let statement = &plot.statement;
        let asked = self.bench.request.samples.max(1);
        let (asked, challenge) = self.instance.draw_at_most(statement, &self.dice.digest(), asked, None)?;
        self.samples.get_or_insert(native::units_of(&challenge, statement).unwrap_or(asked));
        self.found.asked += 1;
        self.found.challenge_bytes.push(challenge.len() as f64);
        plot.forget_cache()?;
        self.region.take();
        let (answer, took) = timed_here(|| self.prove(&challenge))?;
        let (bytes, reads) = self.region.take();
        let Answer::Proof(proof) = answer else {
            self.found.not_eligible += 1;
            return Ok(());
        };
        turn.cold_ms.push(took.seconds * 1e3);
        self.found.read_bytes.push(bytes as f64);
        self.found.reads.push(reads as f64);
        self.found.proof_bytes.push(proof.len() as f64);
        turn.warm_ms.push(timed_here(|| self.prove(&challenge))?.1.seconds * 1e3);
        let (verdict, took) = timed_here(|| self.instance.verify(statement, &challenge, &proof))?;
        if let Verdict::Invalid(why) = verdict {
            return Err(LabError::Rejected(why));
        }
        turn.verify_us.push(took.seconds * 1e6);
        if let Some(twin) = &self.twin {
            let name = &self.bench.scheme.descriptor().name;
            match native::timed_verify(&**twin, statement, &challenge, &proof) {
                (true, took) => turn.native_us.push(took.seconds * 1e6),
                (false, _) => tracing::warn!(scheme = %name, "native code and plugin disagree about a proof"),
            }
        }
        Ok(())
    }

    fn prove(&mut self, challenge: &[u8]) -> Result<Answer, LabError> {
        let region = Arc::clone(&self.region) as Arc<dyn RegionSpace>;
        Ok(self.instance.prove(region, &self.plot.statement, challenge)?)
    }

    fn figures(self, was_cold: bool) -> (Proved, Verified) {
        let Found { warm, verify, native, ratio, .. } = &self.found;
        let cold = |runs: &Vec<f64>| if was_cold { Figure::of(runs) } else { None };
        let proved = Proved {
            samples: self.samples.unwrap_or(self.bench.request.samples),
            cold_p50_ms: cold(&self.found.cold.p50),
            cold_p99_ms: cold(&self.found.cold.p99),
            warm_p50_ms: Figure::of(&warm.p50),
            warm_p99_ms: Figure::of(&warm.p99),
            read_bytes: Figure::of(&self.found.read_bytes),
            reads: Figure::of(&self.found.reads),
            proof_bytes: Figure::of(&self.found.proof_bytes),
            challenge_bytes: Figure::of(&self.found.challenge_bytes),
            not_eligible_fraction: self.found.not_eligible as f64 / self.found.asked.max(1) as f64,
        };
        let verified = Verified {
            p50_us: Figure::of(&verify.p50),
            p99_us: Figure::of(&verify.p99),
            native_us: Figure::of(&native.p50),
            wasm_native_ratio: Figure::of(ratio),
        };
        (proved, verified)
    }
}
