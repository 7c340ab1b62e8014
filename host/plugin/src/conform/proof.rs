//! Laws of proof schemes: plan, fill, commit, draw, prove, verify, on a region in memory.

use std::sync::Arc;

use plimsoll_core::{Answer, Identity, Layout, Order, PlotSpace, Span, Statement, Verdict};

use super::cases::Numbers;
use super::policies::same;
use super::proof_tampered as tampered;
use super::report::Laws;
use crate::{MemorySpace, PluginError, Scheme, SchemeInstance};

/// Small plots have at least this many units, if a unit is not enormous.
const UNITS: u64 = 5;
const LARGEST_PLOT_BYTES: u64 = 48 << 20;
/// Challenges that an honest miner may have no answer to, one after another, before a scheme counts as one
/// that proves nothing. A lottery that is won once in ten times loses as often with 0.1 %.
const TRIES: u32 = 64;

/// A challenge and its honest proof.
pub(super) struct Proven {
    pub(super) challenge: Vec<u8>,
    pub(super) proof: Vec<u8>,
}

/// A plot that was filled and committed to.
pub(super) struct Sample {
    pub(super) scheme: Scheme,
    pub(super) layout: Layout,
    pub(super) region: Arc<MemorySpace>,
    pub(super) statement: Statement,
}

pub(super) fn scheme(scheme: &Scheme, laws: &mut Laws) {
    let identity = Numbers::new("proof").identity();
    let planned =
        laws.holds("its plans fit what they are given and are always the same", || plans(scheme, &identity));
    let Some(layout) = planned else { return };
    let filled = laws
        .holds("filling gives the same bytes whole, in pieces, again, and over old data", || {
            filling(scheme, &identity, &layout)
        });
    let Some(region) = filled else { return };
    let committed = laws.holds("its commitment is the same for the same bytes and the same fuel", || {
        let ask = || {
            let mut instance = scheme.instance()?;
            Ok((instance.commit(Arc::clone(&region) as _, &identity, &layout)?, instance.fuel_used()))
        };
        let said = |e: PluginError| e.to_string();
        let (commitment, fuel) = ask().map_err(said)?;
        same(&(commitment, fuel), &ask().map_err(said)?)?;
        Ok(commitment)
    });
    let Some(commitment) = committed else { return };
    let Layout { unit_bytes, units, .. } = layout;
    let statement = Statement { identity, unit_bytes, units, commitment };
    let sample = Sample { scheme: scheme.clone(), layout, region, statement };
    // Every later law speaks of an honest proof: without one all of them would hold of nothing.
    let proves = laws.holds("an honest miner can prove something", || sample.proves_something());
    if proves.is_none() {
        return;
    }
    laws.holds("an honest proof passes, wherever it is drawn", || sample.honest_proofs_pass());
    laws.holds("the same question gets the same bytes for the same fuel in fresh instances", || {
        sample.same_everywhere()
    });
    tampered::laws(&sample, laws);
}

/// The smallest plot with some units, and what else the scheme plans.
fn plans(scheme: &Scheme, identity: &Identity) -> Result<Layout, String> {
    let mut instance = scheme.instance().map_err(|e| e.to_string())?;
    let mut found = None;
    let mut capacity = 1024;
    while capacity <= LARGEST_PLOT_BYTES {
        match instance.plan(identity, capacity) {
            Ok(layout) if layout.units >= UNITS => {
                found = Some(layout);
                break;
            }
            Ok(layout) => found = Some(layout),
            Err(PluginError::Refused { .. }) => {}
            Err(error) => return Err(format!("{capacity} bytes: {error}")),
        }
        capacity *= 2;
    }
    let layout = found.ok_or_else(|| format!("no plan for up to {LARGEST_PLOT_BYTES} bytes"))?;
    let again = instance.plan(identity, layout.region_bytes);
    same(&layout, &again.map_err(|e| format!("the {} bytes that it takes: {e}", layout.region_bytes))?)?;
    for bytes in [0, 1, layout.region_bytes - 1, 1 << 44, u64::MAX] {
        match instance.plan(identity, bytes) {
            Ok(_) | Err(PluginError::Refused { .. }) => {}
            Err(error) => return Err(format!("{bytes} bytes: {error}")),
        }
    }
    Ok(layout)
}

/// Whole over zeros; in pieces, twice, over old data; both with the same result.
fn filling(scheme: &Scheme, identity: &Identity, layout: &Layout) -> Result<Arc<MemorySpace>, String> {
    let size = usize::try_from(layout.region_bytes).map_err(|e| e.to_string())?;
    let whole = Arc::new(MemorySpace::new(size));
    fill(scheme, identity, layout, &whole, |units| vec![Span { first: 0, count: units }])?;
    let pieces = Arc::new(MemorySpace::with(vec![0xa5; size]));
    for _ in 0..2 {
        fill(scheme, identity, layout, &pieces, |units| Span { first: 0, count: units }.pieces(2).collect())?;
    }
    let (one, other) = (whole.to_vec(), pieces.to_vec());
    match one.iter().zip(&other).position(|(a, b)| a != b) {
        Some(at) => Err(format!("byte {at} differs (unit {})", at as u64 / u64::from(layout.unit_bytes))),
        None => Ok(whole),
    }
}

fn fill(
    scheme: &Scheme,
    identity: &Identity,
    layout: &Layout,
    plot: &Arc<MemorySpace>,
    cut: impl Fn(u64) -> Vec<Span>,
) -> Result<(), String> {
    let mut instance = scheme.instance().map_err(|e| e.to_string())?;
    for (number, pass) in (0u32..).zip(&layout.passes) {
        let mut spans = cut(pass.units);
        if pass.order == Order::Independent {
            spans.reverse();
        }
        for span in spans {
            let plot: Arc<dyn PlotSpace> = Arc::clone(plot) as _;
            instance
                .fill(plot, identity, number, span)
                .map_err(|e| format!("{span:?} of `{}`: {e}", pass.name))?;
        }
    }
    Ok(())
}

impl Sample {
    pub(super) fn instance(&self) -> Result<SchemeInstance, String> {
        self.scheme.instance().map_err(|e| e.to_string())
    }

    /// A challenge and its honest proof; `None` where this plot is not eligible.
    pub(super) fn proven(
        &self,
        instance: &mut SchemeInstance,
        numbers: &mut Numbers,
        samples: u32,
        focus: Option<Span>,
    ) -> Result<Option<Proven>, String> {
        let said = |e: PluginError| format!("{samples} samples, focus {focus:?}: {e}");
        let drawn = instance.draw_at_most(&self.statement, &numbers.digest(), samples, focus);
        let (_, challenge) = drawn.map_err(said)?;
        let region = Arc::clone(&self.region) as _;
        match instance.prove(region, &self.statement, &challenge).map_err(said)? {
            Answer::Proof(proof) => Ok(Some(Proven { challenge, proof })),
            Answer::NotEligible => Ok(None),
        }
    }

    /// The first challenge of some that this plot is eligible for, with its honest proof.
    pub(super) fn eligible(
        &self,
        instance: &mut SchemeInstance,
        numbers: &mut Numbers,
        samples: u32,
    ) -> Result<Proven, String> {
        for _ in 0..TRIES {
            if let Some(proven) = self.proven(instance, numbers, samples, None)? {
                return Ok(proven);
            }
        }
        Err(format!("could prove nothing: not eligible for any of {TRIES} challenges of {samples} samples"))
    }

    fn proves_something(&self) -> Result<(), String> {
        let (mut instance, mut numbers) = (self.instance()?, Numbers::new("something"));
        for samples in [1, 3] {
            let Proven { challenge, proof } = self.eligible(&mut instance, &mut numbers, samples)?;
            let verdict = instance.verify(&self.statement, &challenge, &proof).map_err(|e| e.to_string())?;
            if verdict != Verdict::Valid {
                return Err(format!("{samples} samples: {verdict:?}"));
            }
        }
        Ok(())
    }

    fn honest_proofs_pass(&self) -> Result<(), String> {
        let (mut instance, mut numbers) = (self.instance()?, Numbers::new("honest"));
        let units = self.layout.units;
        for case in 0..24u32 {
            let focus = (case % 2 == 1).then(|| numbers.span(units));
            let samples = 1 + case;
            let Some(Proven { challenge, proof }) =
                self.proven(&mut instance, &mut numbers, samples, focus)?
            else {
                continue;
            };
            let verdict = instance.verify(&self.statement, &challenge, &proof).map_err(|e| e.to_string())?;
            if verdict != Verdict::Valid {
                return Err(format!("{samples} samples, focus {focus:?}: {verdict:?}"));
            }
        }
        Ok(())
    }

    fn same_everywhere(&self) -> Result<(), String> {
        let said = |e: PluginError| e.to_string();
        let asked = self.eligible(&mut self.instance()?, &mut Numbers::new("same"), 3)?.challenge;
        let ask = || -> Result<_, PluginError> {
            let mut instance = self.scheme.instance()?;
            let mut fuel = Vec::new();
            let layout = instance.plan(&self.statement.identity, self.layout.region_bytes)?;
            fuel.push(instance.fuel_used());
            let randomness = Numbers::new("same").digest();
            let drawn = instance.draw_at_most(&self.statement, &randomness, 3, None)?;
            fuel.push(instance.fuel_used());
            let answer = instance.prove(Arc::clone(&self.region) as _, &self.statement, &asked)?;
            fuel.push(instance.fuel_used());
            let proof = match &answer {
                Answer::Proof(proof) => proof.as_slice(),
                Answer::NotEligible => &[],
            };
            let verdict = instance.verify(&self.statement, &asked, proof)?;
            fuel.push(instance.fuel_used());
            Ok((layout, drawn, answer, verdict, fuel))
        };
        same(&ask().map_err(said)?, &ask().map_err(said)?)
    }
}
