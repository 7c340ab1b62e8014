//! Measures what the store does on a disk: `cargo run --release -p plimsoll-store --example store_speed -- DIR [SIZE
//! [memory|write|small|seed|check ...]]`.
//!
//! Writing is compared with constant bytes written the same way, checking with the `blake3` crate's own parallel
//! reader over the same file. Each figure is the median of five.
#![allow(clippy::print_stdout, reason = "an example prints what it measured")]

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use plimsoll_core::{ByteSize, Digest, Hotkey, Identity, Layout, NetUid, Order, Pass, PlotSpace, Span};
use plimsoll_kernels::Keystream;
use plimsoll_store::scrub::{Depth, Reading, ScrubOptions, scrub};
use plimsoll_store::{FillOptions, Filling, IoChoice, Plot, PlotSpec, SchemeTag};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a worker does with a span.
type Put<'a> = &'a (dyn Fn(&Arc<dyn PlotSpace>, Span) -> Outcome<()> + Sync);

const ROUNDS: usize = 5;
const WORKERS: usize = 4;

fn spec(unit_bytes: u32, bytes: u64, order: Order) -> PlotSpec {
    let units = bytes / u64::from(unit_bytes);
    let zero = Digest([0; 32]);
    PlotSpec {
        identity: Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) },
        scheme: SchemeTag { name: "speed".into(), plugin: zero, params: zero },
        layout: Layout {
            unit_bytes,
            units,
            region_bytes: units * u64::from(unit_bytes),
            memory_bytes: 0,
            passes: vec![Pass { name: "fill".into(), units, order }],
        },
    }
}

/// Medians of wall time and of processor time, which a busy machine blurs less.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

fn median(mut each: impl FnMut() -> Outcome<f64>) -> Outcome<Took> {
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu_seconds()?;
        walls.push(each()?);
        cpus.push(cpu_seconds()? - before);
    }
    walls.sort_by(f64::total_cmp);
    cpus.sort_by(f64::total_cmp);
    Ok(Took { wall: walls[ROUNDS / 2], cpu: cpus[ROUNDS / 2] })
}

fn line(what: &str, bytes: u64, took: Took) {
    let rate = |seconds: f64| bytes as f64 / seconds / 1e6;
    println!("{what:<58} {:>7.0} MB/s {:>7.0} MB per CPU-second", rate(took.wall), rate(took.cpu));
}

/// User and system time of all threads, in ticks of a hundredth of a second.
fn cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("no stat")?.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// Fills a plot with `put` over all workers; the seconds until it is sealed.
fn fill(path: &Path, spec: &PlotSpec, io: IoChoice, workers: usize, put: Put<'_>) -> Outcome<f64> {
    // Freeing an old file takes long, and is not what is measured.
    let _ = fs::remove_file(path);
    let begin = Instant::now();
    let options = FillOptions { io, ..FillOptions::default() };
    let filling = Filling::create_or_resume(path, spec, &options)?;
    let step = ((4 << 20) / u64::from(spec.layout.unit_bytes)).max(1);
    let next = AtomicU64::new(0);
    std::thread::scope(|threads| -> Outcome<()> {
        let work = || -> Result<(), String> {
            let space = filling.space();
            loop {
                let first = next.fetch_add(step, Ordering::Relaxed);
                if first >= spec.layout.units {
                    return Ok(());
                }
                let span = Span::between(first, (first + step).min(spec.layout.units));
                put(&space, span).map_err(|e| e.to_string())?;
                filling.finished(0, span).map_err(|e| e.to_string())?;
            }
        };
        let all: Vec<_> = (0..workers).map(|_| threads.spawn(work)).collect();
        for worker in all {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok(())
    })?;
    filling.seal(None)?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Constant bytes past the page cache, in pieces of 4 MiB by all workers, with one sync at the end.
fn raw_write(path: &Path, bytes: u64) -> Outcome<f64> {
    let _ = fs::remove_file(path);
    let begin = Instant::now();
    let flags = i32::try_from(rustix::fs::OFlags::DIRECT.bits())?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(path)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes)?;
    let next = AtomicU64::new(0);
    std::thread::scope(|threads| -> Outcome<()> {
        let work = || -> std::io::Result<()> {
            let slack = vec![7u8; (4 << 20) + 4096];
            let start = slack.as_ptr().align_offset(4096);
            loop {
                let at = next.fetch_add(4 << 20, Ordering::Relaxed);
                if at >= bytes {
                    return Ok(());
                }
                file.write_all_at(&slack[start..start + (4 << 20)], at)?;
            }
        };
        let all: Vec<_> = (0..WORKERS).map(|_| threads.spawn(work)).collect();
        for worker in all {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok(())
    })?;
    file.sync_data()?;
    Ok(begin.elapsed().as_secs_f64())
}

fn peak_rss() -> Outcome<ByteSize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(ByteSize(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? << 10))
}

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or("name a folder")?);
    let bytes = words.next().unwrap_or_else(|| "2GiB".into()).parse::<ByteSize>()?.0;
    let path = folder.join("speed.plot");
    // All parts, or those that are named.
    let parts: Vec<String> = words.collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    if wanted("memory") {
        in_memory(bytes)?;
    }
    if wanted("write") {
        writing(&path, bytes)?;
        println!("peak memory so far: {}", peak_rss()?);
    }
    if wanted("small") {
        many_small_plots(&folder)?;
    }
    if wanted("seed") {
        ten_seed_plots(&folder)?;
    }
    if wanted("check") {
        checking(&path, bytes)?;
    }
    let _ = fs::remove_file(&path);
    Ok(())
}

/// What the parts cost without a disk.
fn in_memory(bytes: u64) -> Outcome<()> {
    let mut buffer = vec![0u8; 4 << 20];
    let passes = bytes / buffer.len() as u64;
    let group = 64 << 10;
    let took = median(|| {
        let begin = Instant::now();
        for n in 0..passes {
            plimsoll_kernels::keystream_at(Keystream::Blake3Xof, &Digest([5; 32]), n, 0, &mut buffer);
        }
        Ok(begin.elapsed().as_secs_f64())
    })?;
    line("BLAKE3 XOF, one thread, in memory", bytes, took);
    let took = median(|| {
        let begin = Instant::now();
        for n in 0..passes {
            for (index, piece) in (n * 64..).zip(buffer.chunks(group)) {
                let kind = plimsoll_kernels::HashKind::Blake3;
                plimsoll_kernels::merkle_leaf(kind, group as u64, 1 << 40, index, piece)?;
            }
        }
        Ok(begin.elapsed().as_secs_f64())
    })?;
    line("leaves of 64 KiB, one thread, in memory", bytes, took);
    Ok(())
}

fn writing(path: &Path, bytes: u64) -> Outcome<()> {
    let raw = path.with_extension("raw");
    line("raw, direct, constant bytes", bytes, median(|| raw_write(&raw, bytes))?);
    fs::remove_file(&raw)?;
    let constant = |space: &Arc<dyn PlotSpace>, span: Span, unit: u64| -> Outcome<()> {
        space.put(span.first * unit, (span.count * unit) as usize, &mut |into| into.fill(7))?;
        Ok(())
    };
    let xof = |space: &Arc<dyn PlotSpace>, span: Span, unit: u32| -> Outcome<()> {
        plimsoll_kernels::fill(space.as_ref(), Keystream::Blake3Xof, &Digest([5; 32]), unit, span)?;
        Ok(())
    };
    for io in [IoChoice::Auto, IoChoice::Buffered] {
        for unit in [256 << 10, 100_000] {
            let spec = spec(unit, bytes, Order::Independent);
            let seconds = median(|| fill(path, &spec, io, WORKERS, &|s, n| constant(s, n, unit.into())))?;
            line(&format!("store, {io:?}, units of {unit}, constant bytes"), bytes, seconds);
            let seconds = median(|| fill(path, &spec, io, WORKERS, &|s, n| xof(s, n, unit)))?;
            line(&format!("store, {io:?}, units of {unit}, BLAKE3 XOF"), bytes, seconds);
        }
        let unit = 100_000;
        let spec = spec(unit, bytes / 4, Order::Sequential);
        let text = |space: &Arc<dyn PlotSpace>, span: Span| -> Outcome<()> {
            for n in span.first..span.end() {
                space.put(n * u64::from(unit), unit as usize, &mut |into| into.fill(n as u8))?;
            }
            Ok(())
        };
        let seconds = median(|| fill(path, &spec, io, 1, &text))?;
        line(&format!("store, {io:?}, one worker, puts of {unit}, constant"), bytes / 4, seconds);
    }
    Ok(())
}

fn many_small_plots(folder: &Path) -> Outcome<()> {
    let spec = spec(100_000, 30_000_000, Order::Sequential);
    let seconds = median(|| {
        let begin = Instant::now();
        let next = AtomicU64::new(0);
        std::thread::scope(|threads| -> Outcome<()> {
            let work = || -> Result<(), String> {
                while let n @ 0..10 = next.fetch_add(1, Ordering::Relaxed) {
                    let path = folder.join(format!("small-{n}.plot"));
                    let put = |space: &Arc<dyn PlotSpace>, span: Span| -> Outcome<()> {
                        for unit in span.first..span.end() {
                            space.put(unit * 100_000, 100_000, &mut |into| into.fill(unit as u8))?;
                        }
                        Ok(())
                    };
                    fill(&path, &spec, IoChoice::Auto, 1, &put).map_err(|e| e.to_string())?;
                }
                Ok(())
            };
            let all: Vec<_> = (0..WORKERS).map(|_| threads.spawn(work)).collect();
            for worker in all {
                worker.join().map_err(|_| "a worker panicked")??;
            }
            Ok(())
        })?;
        Ok(begin.elapsed().as_secs_f64())
    })?;
    for n in 0..10 {
        fs::remove_file(folder.join(format!("small-{n}.plot")))?;
        fs::remove_file(folder.join(format!("small-{n}.plot.lock")))?;
    }
    line("store, 10 plots of 30 MB, puts of 100,000, constant", 300_000_000, seconds);
    Ok(())
}

/// The seed prototype's text and hashes, one worker a plot.
fn ten_seed_plots(folder: &Path) -> Outcome<()> {
    let mut spec = spec(100_000, 30_000_000, Order::Sequential);
    let rows = spec.layout.region_bytes;
    spec.layout.region_bytes += 64 * spec.layout.units;
    let one = |n: u64| -> Outcome<()> {
        let path = folder.join(format!("seed-{n}.plot"));
        let options = FillOptions { restart: true, ..FillOptions::default() };
        let filling = Filling::create_or_resume(&path, &spec, &options)?;
        let mut state = Digest([n as u8; 32]);
        for span in Span::between(0, spec.layout.units).pieces(40) {
            let space = filling.space();
            state = plimsoll_kernels::fill_seed_text(space.as_ref(), &state, 100_000, span, rows)?;
            filling.finished(0, span)?;
        }
        filling.seal(None)?;
        fs::remove_file(&path)?;
        Ok(fs::remove_file(folder.join(format!("seed-{n}.plot.lock")))?)
    };
    let took = median(|| {
        let begin = Instant::now();
        let next = AtomicU64::new(0);
        std::thread::scope(|threads| -> Outcome<()> {
            let work = || -> Result<(), String> {
                while let n @ 0..10 = next.fetch_add(1, Ordering::Relaxed) {
                    one(n).map_err(|e| e.to_string())?;
                }
                Ok(())
            };
            let all: Vec<_> = (0..WORKERS).map(|_| threads.spawn(work)).collect();
            for worker in all {
                worker.join().map_err(|_| "a worker panicked")??;
            }
            Ok(())
        })?;
        Ok(begin.elapsed().as_secs_f64())
    })?;
    line("store, 10 plots of 30 MB, seed text and hashes", 300_000_000, took);
    Ok(())
}

fn checking(path: &Path, bytes: u64) -> Outcome<()> {
    let spec = spec(256 << 10, bytes, Order::Independent);
    let unit = u64::from(spec.layout.unit_bytes);
    fill(path, &spec, IoChoice::Auto, WORKERS, &|space, span| {
        space.put(span.first * unit, (span.count * unit) as usize, &mut |into| into.fill(3))?;
        Ok(())
    })?;
    // Into the page cache.
    std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    let plot = Plot::open_exclusive(path)?;
    for (reading, cold) in
        [Reading::Pread, Reading::Direct, Reading::Mapped].into_iter().flat_map(|r| [(r, false), (r, true)])
    {
        let seconds = median(|| {
            if cold {
                let file = File::open(path)?;
                file.sync_data()?;
                rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
            }
            let begin = Instant::now();
            let options = ScrubOptions { reading, ..ScrubOptions::new(Depth::Full) };
            if !scrub(&plot, &options)?.is_clean() {
                return Err("the plot is not clean".into());
            }
            Ok(begin.elapsed().as_secs_f64())
        })?;
        let cache = if cold { "not in the cache" } else { "cached" };
        line(&format!("full scrub, {reading:?}, {cache}"), bytes, seconds);
    }
    println!("peak memory: {}", peak_rss()?);
    std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    let own = median(|| {
        let begin = Instant::now();
        blake3::Hasher::new().update_mmap_rayon(path)?.finalize();
        Ok(begin.elapsed().as_secs_f64())
    })?;
    line("blake3 crate, mapped, parallel", bytes, own);
    let seconds = median(|| {
        let begin = Instant::now();
        scrub(&plot, &ScrubOptions::new(Depth::Fast))?;
        Ok(begin.elapsed().as_secs_f64())
    })?;
    println!("fast scrub: {:.4} s", seconds.wall);
    Ok(())
}
