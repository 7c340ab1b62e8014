//! How a run goes, on a terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use plimsoll_datasets::collect::{Class, Listener, Plan, Told};

use crate::global::Global;
use crate::screen::CountBar;

/// A bar over files on a terminal; what failed is told beside it, everything with `-v`.
pub(super) struct Progress {
    global: Global,
    bar: Mutex<Option<CountBar>>,
    done: AtomicU64,
    failed: AtomicU64,
}

impl Progress {
    pub(super) fn new(global: &Global) -> Self {
        let (bar, done, failed) = (Mutex::new(None), AtomicU64::new(0), AtomicU64::new(0));
        Self { global: global.clone(), bar, done, failed }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<CountBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Progress {
    fn planned(&self, plan: &Plan) {
        let cost = plan.cost();
        let at = &plan.subnet;
        self.global.remark(&format!(
            "subnet {} at block {}: {} miners, {} datasets to fetch, {} held",
            at.netuid,
            at.block,
            plan.miners(),
            cost.resolver_requests,
            cost.held
        ));
        *self.bar() = CountBar::drawn(&self.global, (cost.resolver_requests + cost.held) as u64);
    }

    fn told(&self, told: &Told) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let is_failed = told.outcome.class() == Class::Failed;
        let failed = self.failed.fetch_add(u64::from(is_failed), Ordering::Relaxed) + u64::from(is_failed);
        if let Some(bar) = self.bar().as_ref() {
            bar.advance_to(done);
            bar.say(format!("{done} done, {failed} failed"));
        }
        if is_failed {
            let uids: Vec<String> = told.uids.iter().map(ToString::to_string).collect();
            let why = super::summary::why(&told.outcome);
            self.global.remark(&format!("uid {}: {}: {why}", uids.join(", "), told.namespace));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar().take();
    }
}
