//! The load.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::plan::{Planned, plan};
use super::talk::{Tally, talk};
use super::{BenchError, LoadReport, LoadSpec, Pace, figures, io_error};

/// Time to connect before the timed part; less than a server lets a silent connection be.
const CONNECT_WITHIN: Duration = Duration::from_millis(1500);

/// Makes the load that `spec`, from [`run`](super::run), asks for, in a process of its own; returns what is to be
/// printed.
///
/// # Errors
/// [`BenchError`].
pub fn load(spec: &str) -> Result<String, BenchError> {
    let failed = |e: serde_json::Error| BenchError::Load(e.to_string());
    let spec: LoadSpec = serde_json::from_str(spec).map_err(failed)?;
    let plan = plan(&spec).map_err(BenchError::Load)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = runtime.map_err(io_error("start the load"))?.block_on(drive(&spec, plan))?;
    serde_json::to_string(&report).map_err(failed)
}

async fn drive(spec: &LoadSpec, plan: Vec<Vec<Planned>>) -> Result<LoadReport, BenchError> {
    let flooding = spec.pace == Pace::Flood;
    let begins = Instant::now() + CONNECT_WITHIN;
    let cpu_us = figures::cpu_us();
    let mut talking = JoinSet::new();
    for planned in plan {
        talking.spawn(talk(spec.at, begins, flooding, planned));
    }
    let tallies: Vec<Tally> = talking.join_all().await;
    let cpu_us = figures::cpu_us().saturating_sub(cpu_us);
    let ended = tallies.iter().filter_map(|tally| tally.ended).max().unwrap_or(begins);
    let mut latencies_us: Vec<u64> = Vec::new();
    let mut verified = 0;
    for tally in &tallies {
        latencies_us.extend(&tally.latencies_us);
        for sample in &tally.samples {
            sample.verify().map_err(|why| BenchError::Load(format!("an answer does not count: {why}")))?;
            verified += 1;
        }
    }
    latencies_us.sort_unstable();
    let rank = |percent: usize| {
        let rank = (latencies_us.len() * percent).div_ceil(100).max(1);
        latencies_us.get(rank - 1).copied().unwrap_or(0)
    };
    Ok(LoadReport {
        answered: latencies_us.len() as u64,
        refused: tallies.iter().map(|tally| tally.refused).sum(),
        failed: tallies.iter().map(|tally| tally.failed).sum(),
        served: tallies.iter().filter(|tally| !tally.latencies_us.is_empty()).count(),
        turned_away: tallies.iter().filter(|tally| tally.turned_away).count(),
        verified,
        p50_us: rank(50),
        p99_us: rank(99),
        most_us: rank(100),
        seconds: ended.saturating_duration_since(begins).as_secs_f64(),
        cpu_us,
    })
}
