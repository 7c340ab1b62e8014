//! How fast simulations are, on this machine.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use plimsoll_core::{BlockNumber, Digest, Epoch, Hotkey, Round, Standing, Uid};
use plimsoll_node::measure::meter::{Spread, forget_peak_rss, peak_rss_bytes, timed};
use plimsoll_plugin::Host;
use serde::Serialize;
use serde_json::json;

use super::axes::Axes;
use super::drive::sweep;
use super::queue::Pool;
use super::setting::Setting;
use crate::LabError;
use crate::simulate::{Scenario, SchemeFigures, choice, prepare};

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct SimulateRequest {
    /// Epochs of the large run.
    pub epochs: u64,
    /// Its miners.
    pub miners: u16,
    /// Its validators.
    pub validators: u16,
    /// Cells of the sweep.
    pub cells: u32,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SimulateFigures {
    /// Miners of the large run.
    pub miners: u16,
    /// Its validators.
    pub validators: u16,
    /// Its epochs.
    pub epochs: u64,
    /// Its audits.
    pub audits_count: u64,
    /// How long it took, on all cores, with states kept to replay from.
    pub seconds: f64,
    /// Peak of resident memory in it.
    pub peak_rss_bytes: Option<u64>,
    /// One call of the rule over as many standings as there are miners: the median.
    pub weigh_us: f64,
    /// Those standings.
    pub standings_count: usize,
    /// Cells of the sweep.
    pub cells_count: usize,
    /// The sweep on one thread.
    pub one_thread_seconds: f64,
    /// The same on two.
    pub two_threads_seconds: f64,
    /// How often the second goes into the first.
    pub speedup_two_threads: f64,
    /// One epoch of the large run again, from its kept state: the median.
    pub replay_ms: f64,
    /// A state was kept every so many epochs.
    pub states_every_epochs: u64,
    /// The same for an epoch that lies farthest from a kept state, with all epochs between: the median.
    pub replay_farthest_ms: f64,
}

const RULE: &str = "incentive-proportional";
const SCHEME: &str = "proof-stream";
const WEIGH_CALLS: usize = 200;
const REPLAYS: u64 = 9;
const FAR_REPLAYS: usize = 3;
const SWEEPS: usize = 3;

/// Measures all of it; `go_on` is asked after every epoch.
///
/// # Errors
/// A plugin that breaks down; `Cancelled` where `go_on` breaks off.
pub fn measure_simulate(
    host: &Host,
    request: &SimulateRequest,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<SimulateFigures, LabError> {
    let scenario = large(request)?;
    let figures = SchemeFigures::shipped(SCHEME, &json!({}))?;
    let prepared = prepare(scenario, host, figures)?;
    forget_peak_rss();
    let every = prepared.keep_every();
    let ((run, kept), took) = timed(|| prepared.run_keeping(1, every, &mut |_| go_on()))?;
    let peak_rss_bytes = peak_rss_bytes();
    let replay = |epoch: u64| {
        let epoch = epoch.min(run.epochs.saturating_sub(1));
        let ((), took) = timed(|| prepared.replay(1, epoch, Uid(request.validators), Some(&kept)).map(drop))?;
        Ok(took.seconds * 1e3)
    };
    // The epochs of which a state is kept, spread over the run; then those that lie farthest from one.
    let spread = (0..REPLAYS).map(|number| request.epochs * number / REPLAYS / every * every);
    let replays: Vec<f64> = spread.clone().map(replay).collect::<Result<_, LabError>>()?;
    let farthest = spread.take(FAR_REPLAYS).map(|epoch| replay(epoch + every - 1));
    let far_replays: Vec<f64> = farthest.collect::<Result<_, LabError>>()?;
    let (cells_count, [one, two]) = sweeps(host, request, go_on)?;
    Ok(SimulateFigures {
        miners: request.miners,
        validators: request.validators,
        epochs: run.epochs,
        audits_count: run.groups.iter().map(|group| group.audits.judged()).sum(),
        seconds: took.seconds,
        peak_rss_bytes,
        weigh_us: weigh_us(host, request.miners)?,
        standings_count: request.miners.into(),
        cells_count,
        one_thread_seconds: one,
        two_threads_seconds: two,
        speedup_two_threads: one / two,
        replay_ms: Spread::of(&replays).median,
        states_every_epochs: every,
        replay_farthest_ms: Spread::of(&far_replays).median,
    })
}

/// Three quarters are honest, the others keep nine tenths.
fn large(request: &SimulateRequest) -> Result<Scenario, LabError> {
    let SimulateRequest { epochs, miners, validators, .. } = *request;
    let (free, places) = (miners / 4, miners + validators);
    let mut text = format!(
        "about = \"a large subnet\"\nepochs = {epochs}\nplugins.rule = \"{RULE}\"\nplugins.scheme = \"{SCHEME}\"\n\
         subnet.max_neurons = {places}\n[[validators]]\nname = \"validators\"\ncount = {validators}\n"
    );
    for (name, count, more) in
        [("honest", miners - free, ""), ("free riders", free, "strategy.freeloader = { keep = 0.9 }\n")]
    {
        let _ = write!(text, "[[miners]]\nname = \"{name}\"\ncount = {count}\nbytes = \"10TiB\"\n{more}");
    }
    Scenario::read("bench.toml", &text).map_err(|error| LabError::Choice(error.to_string()))
}

/// Median seconds of a sweep over small cells, on one thread and on two by turns.
fn sweeps(
    host: &Host,
    request: &SimulateRequest,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<(usize, [f64; 2]), LabError> {
    let small = SimulateRequest { epochs: 20, miners: 16, validators: 3, ..*request };
    let values = (0..request.cells).map(|cell| (cell + 1).to_string()).collect();
    let settings = vec![Setting { key: "prices.usd_per_alpha".into(), values }];
    let figures = |scheme: &str, params: &serde_json::Value| Ok(SchemeFigures::shipped(scheme, params)?);
    let cells = Axes { settings, ..Axes::default() }.cells(&large(&small)?, &figures)?;
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..SWEEPS {
        for (threads, seconds) in (1..).zip(&mut seconds) {
            let pool = Pool::new(host.clone(), NonZeroUsize::new(threads));
            let (_, took) = timed(|| sweep(&cells, 1..2, &pool, None, &|_| go_on()))?;
            seconds.push(took.seconds);
        }
    }
    Ok((cells.len(), seconds.map(|seconds| Spread::of(&seconds).median)))
}

/// One call of the rule, in a fresh instance as a validator's, over so many standings.
fn weigh_us(host: &Host, miners: u16) -> Result<f64, LabError> {
    let plugin = choice(RULE, &json!({})).resolve().map_err(Box::new)?;
    let mut instance = host.load_incentive(&plugin, &json!({}))?.instance()?;
    let standings: Vec<Standing> = (0..miners).map(standing).collect();
    let round = Round { epoch: Epoch(1), block: BlockNumber(360), beacon: Digest([1; 32]) };
    let mut microseconds = Vec::with_capacity(WEIGH_CALLS);
    for _ in 0..WEIGH_CALLS {
        let (_, took) = timed(|| instance.weigh(&round, &standings, &[]).map(drop).map_err(LabError::from))?;
        microseconds.push(took.seconds * 1e6);
    }
    Ok(Spread::of(&microseconds).median)
}

fn standing(uid: u16) -> Standing {
    let key = Hotkey(Digest::of(&uid.to_le_bytes()).0);
    let claimed_bytes = (10 << 40) + (u64::from(uid) << 30);
    Standing {
        uid: Uid(uid),
        hotkey: key,
        coldkey: key,
        claimed_bytes,
        proven_bytes: claimed_bytes / 4 * u64::from(1 + uid % 4),
        cargo_bytes: 0,
        issued: 4,
        passed: u32::from(1 + uid % 4),
        failed: u32::from(3 - uid % 4),
        late: 0,
        absent: 0,
        latency_p50_ms: 90,
        latency_p99_ms: 130,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_plugin::HostOptions;

    #[test]
    fn a_small_bench_measures_everything() {
        let host = Host::new(HostOptions::default()).unwrap();
        let request = SimulateRequest { epochs: 4, miners: 8, validators: 2, cells: 3 };
        let figures = measure_simulate(&host, &request, &|| ControlFlow::Continue(())).unwrap();
        assert_eq!((figures.epochs, figures.standings_count, figures.cells_count), (4, 8, 3));
        assert_eq!(figures.audits_count, 4 * 8 * 2);
        let times = [figures.seconds, figures.weigh_us, figures.replay_ms, figures.speedup_two_threads];
        assert!(times.iter().all(|time| time.is_finite() && *time > 0.0), "{times:?}");
    }

    #[test]
    fn a_bench_can_be_broken_off() {
        let host = Host::new(HostOptions::default()).unwrap();
        let request = SimulateRequest { epochs: 4, miners: 8, validators: 2, cells: 3 };
        let error = measure_simulate(&host, &request, &|| ControlFlow::Break(())).unwrap_err();
        assert!(matches!(error, LabError::Node(_)), "{error}");
    }
}
