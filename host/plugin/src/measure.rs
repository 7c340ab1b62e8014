//! What a plugin costs beside its work: calls, starts, threads. Medians of five, never a test.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use plimsoll_core::{Hotkey, Identity, NetUid, PlotSpace, Span};
use serde::Serialize;
use serde_json::Value;

use crate::instance::{Budget, Place};
use crate::world::{self, World};
use crate::{Host, HostOptions, Kind, MemorySpace, PluginError, PluginRef};

const RUNS: usize = 5;
const CALLS: u32 = 20_000;
const STARTS: u32 = 500;
/// What takes longer is measured once, and a run of many takes no longer.
const LONG: Duration = Duration::from_millis(250);
/// How long a thread is kept busy with calls.
const THREAD_NS: f64 = 3e7;
/// Filled over and over by each thread: small enough for the processor's caches.
const PLOT_BYTES: u64 = 1 << 20;
/// A slow scheme's thread fills no more units than about so long takes.
const FILL_SECONDS: f64 = 0.3;
const FILLS: u32 = 400;

/// Medians of five runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// As the operator named it.
    pub plugin: String,
    /// What it decides.
    pub kind: Kind,
    /// The smallest call into a live instance and back: fuel refilled, arguments and answer copied.
    pub call_overhead_ns: f64,
    /// The same in an instance of its own: made, configured, called, dropped.
    pub fresh_call_ns: f64,
    /// From nothing to the first instance, with the code compiled before: engine, linker, code, description,
    /// schema, parameters.
    pub warm_start_ms: f64,
    /// The same with the compiler.
    pub cold_start_ms: f64,
    /// Work of two threads in the time of one: native fills for a proof scheme, calls for others.
    pub two_thread_speedup: f64,
}

/// Measures `plugin` with `params` under the limits of `host`; takes some seconds in a release build, and for a
/// plugin with an interpreter several times as long as compiling it.
///
/// # Errors
/// As loading it, or where it breaks down on the way.
pub fn measure(host: &Host, plugin: &PluginRef, params: &Value) -> Result<Measured, PluginError> {
    match host.kind_of(plugin)? {
        Kind::Allocation => of_world::<world::Allocation>(host, plugin, params),
        Kind::Challenge => of_world::<world::Challenge>(host, plugin, params),
        Kind::Incentive => of_world::<world::Incentive>(host, plugin, params),
        Kind::Dataset => of_world::<world::Dataset>(host, plugin, params),
        Kind::Proof => {
            let mut measured = of_world::<world::Proof>(host, plugin, params)?;
            measured.two_thread_speedup = fill_speedup(host, plugin, params)?;
            Ok(measured)
        }
    }
}

fn of_world<W: World>(host: &Host, plugin: &PluginRef, params: &Value) -> Result<Measured, PluginError> {
    let loaded = Arc::new(host.load::<W>(plugin, params)?);
    let mut place = Place::new(Arc::clone(&loaded))?;
    let budget = Budget::pure("ping", loaded.limits().fuel.weigh);
    let call_overhead_ns = each_ns(CALLS, || place.call(budget, W::ping))?;
    let fresh_call_ns = each_ns(STARTS, || place.call_fresh(budget, W::ping))?;
    // As many as the cheapest plugins answer in some 30 ms.
    let calls = (THREAD_NS / call_overhead_ns.max(1.0)) as u32;
    let two_thread_speedup = speedup(|| {
        let mut place = Place::new(Arc::clone(&loaded))?;
        Ok(move || (0..calls.max(1)).try_for_each(|_| place.call(budget, W::ping)))
    })?;
    let folder = tempfile::tempdir().map_err(|e| PluginError::Engine(e.to_string()))?;
    let start = |cache_dir| -> Result<(), PluginError> {
        let host = Host::new(HostOptions { cache_dir, ..host.options() })?;
        Place::new(Arc::new(host.load::<W>(plugin, params)?)).map(drop)
    };
    let cached = Some(folder.path().join("code"));
    start(cached.clone())?;
    Ok(Measured {
        plugin: plugin.name.clone(),
        kind: W::KIND,
        call_overhead_ns,
        fresh_call_ns,
        warm_start_ms: each_ns(1, || start(cached.clone()))? / 1e6,
        cold_start_ms: each_ns(1, || start(None))? / 1e6,
        two_thread_speedup,
    })
}

/// The median over [`RUNS`] of the mean time of `times` calls; once and fewer of them where one takes long.
fn each_ns(times: u32, mut work: impl FnMut() -> Result<(), PluginError>) -> Result<f64, PluginError> {
    work()?;
    let begin = Instant::now();
    work()?;
    let one = begin.elapsed();
    if one > LONG {
        return Ok(one.as_secs_f64() * 1e9);
    }
    let fit = (LONG.as_secs_f64() / one.as_secs_f64().max(1e-9)) as u32;
    let times = times.min(fit).max(1);
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        for _ in 0..times {
            work()?;
        }
        runs.push(begin.elapsed().as_secs_f64() * 1e9 / f64::from(times));
    }
    Ok(median(runs))
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Twice the time of one thread over the time of two that do the same each: 2 is perfect.
fn speedup<W: FnMut() -> Result<(), PluginError> + Send>(
    worker: impl Fn() -> Result<W, PluginError>,
) -> Result<f64, PluginError> {
    let mut ratios = Vec::new();
    for _ in 0..RUNS {
        let (one, two) = (seconds(vec![worker()?])?, seconds(vec![worker()?, worker()?])?);
        ratios.push(2.0 * one / two);
    }
    Ok(median(ratios))
}

/// The time from a common start until the last worker is done.
fn seconds<W: FnMut() -> Result<(), PluginError> + Send>(workers: Vec<W>) -> Result<f64, PluginError> {
    let barrier = Barrier::new(workers.len() + 1);
    std::thread::scope(|threads| {
        let start = |mut work: W| {
            let barrier = &barrier;
            threads.spawn(move || {
                barrier.wait();
                work()
            })
        };
        let running: Vec<_> = workers.into_iter().map(start).collect();
        barrier.wait();
        let begin = Instant::now();
        for thread in running {
            thread.join().map_err(|_| PluginError::Engine("a measuring thread panicked".into()))??;
        }
        Ok(begin.elapsed().as_secs_f64())
    })
}

/// Each thread fills its own plot in memory with its own instance: the shape of `generate`.
fn fill_speedup(host: &Host, plugin: &PluginRef, params: &Value) -> Result<f64, PluginError> {
    let scheme = host.load_scheme(plugin, params)?;
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let mut capacity_bytes = PLOT_BYTES;
    let layout = loop {
        match scheme.instance()?.plan(&identity, capacity_bytes) {
            Ok(layout) => break layout,
            Err(PluginError::Refused { .. }) if capacity_bytes < 1 << 28 => capacity_bytes *= 2,
            Err(error) => return Err(error),
        }
    };
    let size = usize::try_from(layout.region_bytes).unwrap_or(usize::MAX);
    let begin = Instant::now();
    let first = Span { first: 0, count: 1 };
    scheme.instance()?.fill(Arc::new(MemorySpace::new(size)), &identity, 0, first)?;
    let most_units = (FILL_SECONDS / begin.elapsed().as_secs_f64()) as u64;
    let is_slow = layout.passes.len() == 1 && most_units <= layout.units;
    let most_units = if is_slow { most_units.max(1) } else { u64::MAX };
    let fills = if is_slow { 1 } else { u64::from(FILLS) * PLOT_BYTES / layout.region_bytes.max(1) };
    speedup(|| {
        let mut instance = scheme.instance()?;
        let plot: Arc<dyn PlotSpace> = Arc::new(MemorySpace::new(size));
        let passes: Vec<u64> = layout.passes.iter().map(|pass| pass.units.min(most_units)).collect();
        Ok(move || {
            for _ in 0..fills.max(1) {
                for (pass, units) in (0u32..).zip(&passes) {
                    let all = Span { first: 0, count: *units };
                    instance.fill(Arc::clone(&plot), &identity, pass, all)?;
                }
            }
            Ok(())
        })
    })
}
