//! `fetch_time [ROUNDS] [JOBS] [LATENCY_MS] [FAULTS]`: how long 256 datasets of a subnet's size take from a hub in this
//! process, with the requests that it counted. FAULTS 1: of 1,000 requests 100 are refused (429, 503), 50 cut, 20 stall.
//! Run it in release.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring program for a terminal")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_datasets::fetch::{
    Budget, Endpoint, Fetch, FetchOptions, Namespace, Outcome, Pace, Revision, Wanted,
};
use plimsoll_hub::shape::Shape;
use plimsoll_hub::{Bucket, Hub, HubOptions, Rates, Repo, Way};

const FILES: usize = 256;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let mut next = |otherwise| arguments.next().unwrap_or(otherwise);
    let (rounds, jobs, latency_ms, faults): (u64, u64, u64, u64) = (next(5), next(32), next(50), next(0));
    let shape = Shape::new(1);
    let mut repos = shape.repos(Way::Plain);
    repos.truncate(252);
    // Four more make it as many as there are uids.
    let more = repos.iter().take(FILES - repos.len()).cloned();
    let more: Vec<Repo> =
        more.map(|repo| Repo { namespace: format!("{}-2", repo.namespace), ..repo }).collect();
    repos.extend(more);
    let sources: Vec<(String, String)> = repos
        .iter()
        .filter_map(|repo| Some((repo.namespace.clone(), repo.revisions.first()?.commit.clone())))
        .collect();
    let faulty = Rates { seed: 3, too_many: 50, unavailable: 50, cut: 50, stall: 20, retry_after_s: 1 };
    let rates = if faults == 1 { faulty } else { Rates::default() };
    let options = HubOptions { latency: Duration::from_millis(latency_ms), rates, ..HubOptions::default() };
    let hub = Hub::start(repos, options).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for _ in 0..rounds {
        let folder = tempfile::tempdir_in(".").unwrap();
        let wanted: Vec<Wanted> = sources
            .iter()
            .enumerate()
            .map(|(n, (repo, commit))| Wanted {
                repository: Namespace::parse(repo).unwrap(),
                revision: Revision::parse(commit).unwrap(),
                path: "data.jsonl".to_owned(),
                folder: folder.path().to_owned(),
                name: format!("{n}.jsonl"),
            })
            .collect();
        let mut options = FetchOptions::new(Endpoint::parse(hub.address()).unwrap());
        options.caps.stall = Duration::from_secs(2);
        options.jobs = usize::try_from(jobs).unwrap();
        let fetch = Arc::new(Fetch::new(options, Arc::new(Budget::new(Pace::Free))).unwrap());
        hub.log().clear();
        let began = Instant::now();
        let outcomes = runtime.block_on(fetch.all(wanted.clone(), |_, _| {})).unwrap();
        let took = began.elapsed();
        let good = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Fetched(_))).count();
        let (files, api) = (hub.log().count(Bucket::Resolvers), hub.log().count(Bucket::Api));
        let began = Instant::now();
        runtime.block_on(fetch.all(wanted, |_, _| {})).unwrap();
        let again = hub.log().count(Bucket::Resolvers) - files;
        println!(
            "{took:?}: {good} files, {} bytes, {files} resolver requests, {api} API requests; again {:?}, {again} requests",
            fetch.taken_bytes(),
            began.elapsed(),
        );
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
