//! Collecting a subnet: cold, again, and from a hub with faults.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_chain::Ledger;
use tokio::runtime::Runtime;

use super::clock::{median, timed};
use super::error::BenchError;
use super::figures::Request;
use super::hub::{HubProcess, HubSpec};
use super::practice::{NETUID, Practice};
use crate::archive::{Archive, Place};
use crate::collect::{Class, CollectOptions, Listener, Silent, Summary, collect};
use crate::fetch::{Budget, Commit, Endpoint, Fetch, FetchOptions, Namespace, Pace};
use crate::source::Source;

/// A hub that falls silent is waited for so long: seconds of waiting are no figure of a client.
const FAULTY_STALL: Duration = Duration::from_secs(2);

/// What collecting took.
pub(super) struct Collecting {
    pub(super) collect_seconds: f64,
    pub(super) floor_seconds: f64,
    pub(super) resolver_requests: usize,
    pub(super) api_requests: usize,
    pub(super) second_run_seconds: f64,
    pub(super) second_run_requests: usize,
    pub(super) network_bytes: u64,
    pub(super) faulty: Faulty,
    /// A data folder with all datasets, and the snapshot in it.
    pub(super) kept: (PathBuf, Place),
}

/// From a hub with faults.
pub(super) struct Faulty {
    pub(super) seconds: f64,
    pub(super) requests: usize,
    pub(super) too_early: usize,
}

struct Stage<'r> {
    request: &'r Request,
    source: &'r Source,
    runtime: Runtime,
    practice: Practice,
    ledger: Ledger,
}

pub(super) fn collecting(
    request: &Request,
    source: &Source,
    folder: &Path,
    command: &dyn Fn() -> Command,
) -> Result<Collecting, BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(BenchError::io("start threads"))?;
    let practice = Practice::full(request.datasets);
    let ledger = runtime.block_on(practice.ledger())?;
    let stage = Stage { request, source, runtime, practice, ledger };
    let mut all = stage.well(folder, command)?;
    all.faulty = stage.badly(&folder.join("faulty"), command)?;
    Ok(all)
}

impl Stage<'_> {
    fn hub(&self, command: &dyn Fn() -> Command, faulty: bool) -> Result<HubProcess, BenchError> {
        let Request { latency_ms, datasets, .. } = *self.request;
        HubProcess::start(command(), HubSpec { latency_ms, datasets, faulty })
    }

    fn well(&self, folder: &Path, command: &dyn Fn() -> Command) -> Result<Collecting, BenchError> {
        let mut hub = self.hub(command, false)?;
        let (mut cold, mut floor, mut warm) = (Vec::new(), Vec::new(), Vec::new());
        let (mut resolver_requests, mut api_requests, mut second_run_requests) = (0, 0, 0);
        let mut last = None;
        for round in 0..self.request.repeats.max(1) {
            let data = folder.join(format!("collect-{round}"));
            let fetch = self.fetch(&hub.address, None)?;
            let (summary, seconds) = timed(|| self.collect(&data, &fetch))?;
            cold.push(seconds);
            let asked = hub.asked()?;
            resolver_requests = resolver_requests.max(asked.resolver_requests);
            api_requests = api_requests.max(asked.api_requests);
            // Through the connections that stand now, which flatters the floor.
            let wanted = self.wanted()?;
            let (_, seconds) = timed(|| self.runtime.block_on(fetch.bare(wanted)))?;
            floor.push(seconds);
            hub.asked()?;
            self.ledger.advance(1);
            let (_, seconds) = timed(|| self.collect(&data, &fetch))?;
            warm.push(seconds);
            let asked = hub.asked()?;
            second_run_requests = second_run_requests.max(asked.resolver_requests + asked.api_requests);
            if let Some((before, _, _)) = last.replace((data, summary.subnet.block, summary.network_bytes)) {
                std::fs::remove_dir_all(before).map_err(BenchError::io("remove what a run kept"))?;
            }
        }
        let (data, block, network_bytes) = last.unwrap_or_default();
        Ok(Collecting {
            collect_seconds: median(cold),
            floor_seconds: median(floor),
            resolver_requests,
            api_requests,
            second_run_seconds: median(warm),
            second_run_requests,
            network_bytes,
            faulty: Faulty { seconds: 0.0, requests: 0, too_early: 0 },
            kept: (data, Place { netuid: NETUID, block }),
        })
    }

    fn badly(&self, data: &Path, command: &dyn Fn() -> Command) -> Result<Faulty, BenchError> {
        let mut hub = self.hub(command, true)?;
        let fetch = self.fetch(&hub.address, Some(FAULTY_STALL))?;
        let (_, seconds) = timed(|| self.collect(data, &fetch))?;
        let asked = hub.asked()?;
        std::fs::remove_dir_all(data).map_err(BenchError::io("remove what a run kept"))?;
        let requests = asked.resolver_requests + asked.api_requests;
        Ok(Faulty { seconds, requests, too_early: asked.too_early })
    }

    fn fetch(&self, address: &str, stall: Option<Duration>) -> Result<Arc<Fetch>, BenchError> {
        let mut options = FetchOptions::new(Endpoint::parse(address)?);
        options.jobs = self.request.jobs;
        options.caps.stall = stall.unwrap_or(options.caps.stall);
        Ok(Arc::new(Fetch::new(options, Arc::new(Budget::new(Pace::Free)))?))
    }

    fn wanted(&self) -> Result<Vec<(Namespace, Commit)>, BenchError> {
        let named = |named: &super::practice::Named| {
            Ok((Namespace::parse(&named.namespace)?, Commit::parse(&named.commit)?))
        };
        self.practice.named.iter().map(named).collect()
    }

    /// From opening the archive until it is closed again.
    fn collect(&self, data: &Path, fetch: &Arc<Fetch>) -> Result<Summary, BenchError> {
        let archive = Arc::new(Mutex::new(Archive::open(data)?));
        let options = CollectOptions::new(NETUID, data);
        let listener: Arc<dyn Listener> = Arc::new(Silent);
        let collecting = collect(&options, &self.ledger, fetch, &archive, self.source, &listener);
        let summary = self.runtime.block_on(collecting)?;
        drop(archive);
        let asked = self.practice.datasets();
        if summary.downloaded == asked {
            return Ok(summary);
        }
        let kept = summary.downloaded;
        let failed = summary
            .miners
            .into_iter()
            .find(|line| Class::of_kind(&line.outcome) == Class::Failed && line.kept.is_none());
        let why = failed.map_or_else(String::new, |line| {
            format!("uid {}: {}", line.uid, line.why.unwrap_or(line.outcome))
        });
        Err(BenchError::Incomplete { kept, asked, why })
    }
}
