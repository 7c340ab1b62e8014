//! How a miner answers a challenge from what it has.

use std::sync::Arc;

use plimsoll_core::{Answer, Identity, PlotSpace, RegionSpace, Span, Spans, Statement};
use plimsoll_plugin::{MemorySpace, PluginError, Scheme, SchemeInstance};

use super::super::conduct::Missing;
use super::super::round::is_hosts;
use super::held::Held;
use super::plots::{Plot, filled};

/// A miner, its plot, and what is left of it.
pub(super) struct Miner<'a> {
    pub(super) scheme: &'a Scheme,
    /// For whom the plot was filled.
    pub(super) filled_for: Identity,
    pub(super) plot: &'a Plot,
    /// Units that it does not keep, and what it does about them.
    pub(super) lost: Spans,
    pub(super) missing: Missing,
}

/// What it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    Proof(Vec<u8>),
    NotEligible,
    /// Nothing: it does not want to, or its prover broke down, as that says.
    Nothing(Option<String>),
}

impl Miner<'_> {
    /// What it sends, and the units that its prover touched and that it does not keep.
    pub(super) fn answer(
        &self,
        statement: &Statement,
        challenge: &[u8],
    ) -> Result<(Sent, Vec<u64>), PluginError> {
        let zeros = match self.missing {
            Missing::Wrong => self.lost.clone(),
            // What it fetches is read from a whole copy. Of the others, this shows what they lack.
            Missing::Fetched { .. } | Missing::Regenerated { .. } | Missing::Silent => Spans::new(),
        };
        let held = Held::without(self.plot, zeros);
        let sent = self.proven(Arc::clone(&held), statement, challenge)?;
        let touched: Vec<u64> = held.touched().into_iter().filter(|&unit| self.lost.contains(unit)).collect();
        let sent = match self.missing {
            _ if touched.is_empty() => sent,
            Missing::Wrong | Missing::Fetched { .. } => sent,
            Missing::Silent => Sent::Nothing(None),
            Missing::Regenerated { .. } => match self.remade(&touched)? {
                Some(bytes) => self.proven(Held::remade(self.plot, bytes), statement, challenge)?,
                None => Sent::Nothing(None),
            },
        };
        Ok((sent, touched))
    }

    /// In an instance of its own: what one proof leaves behind is nothing to another, on any thread.
    fn proven(
        &self,
        region: Arc<Held>,
        statement: &Statement,
        challenge: &[u8],
    ) -> Result<Sent, PluginError> {
        let region: Arc<dyn RegionSpace> = region;
        match self.scheme.instance()?.prove(region, statement, challenge) {
            Ok(Answer::Proof(proof)) => Ok(Sent::Proof(proof)),
            Ok(Answer::NotEligible) => Ok(Sent::NotEligible),
            Err(error) if is_hosts(&error) => Err(error),
            Err(error) => Ok(Sent::Nothing(Some(error.to_string()))),
        }
    }

    /// What it keeps and, beside that, `wanted` units as the scheme's own `fill` makes them anew: each alone from what
    /// is kept, or everything, where that gives other bytes. `None` where neither gives them.
    fn remade(&self, wanted: &[u64]) -> Result<Option<Vec<u8>>, PluginError> {
        let mut instance = self.scheme.instance()?;
        let mut kept = (*self.plot.bytes).clone();
        for unit in self.lost.iter().flat_map(|run| run.first..run.end()) {
            kept[self.plot.range(unit)].fill(0);
        }
        let scratch = Arc::new(MemorySpace::with(kept));
        let is_done = unless_broken(self.fill(&mut instance, &scratch, wanted))?.is_some();
        let bytes = scratch.to_vec();
        if is_done && self.has(&bytes, wanted) {
            return Ok(Some(bytes));
        }
        let whole = unless_broken(filled(&mut instance, &self.filled_for, &self.plot.layout))?;
        Ok(whole.filter(|bytes| self.has(bytes, wanted)))
    }

    fn fill(
        &self,
        instance: &mut SchemeInstance,
        scratch: &Arc<MemorySpace>,
        units: &[u64],
    ) -> Result<(), PluginError> {
        for (number, pass) in (0u32..).zip(&self.plot.layout.passes) {
            for &first in units.iter().filter(|&&unit| unit < pass.units) {
                let plot: Arc<dyn PlotSpace> = Arc::clone(scratch) as _;
                instance.fill(plot, &self.filled_for, number, Span { first, count: 1 })?;
            }
        }
        Ok(())
    }

    fn has(&self, bytes: &[u8], units: &[u64]) -> bool {
        let is_same = |&unit: &u64| {
            let range = self.plot.range(unit);
            bytes.get(range.clone()) == self.plot.bytes.get(range)
        };
        units.iter().all(is_same)
    }
}

/// `None` where a plugin broke down.
fn unless_broken<T>(done: Result<T, PluginError>) -> Result<Option<T>, PluginError> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if is_hosts(&error) => Err(error),
        Err(_) => Ok(None),
    }
}
