//! What each kernel reaches on this machine: `cargo run --release -p plimsoll-kernels --example rates`.
//!
//! One thread, to and from memory; decimal megabytes per second of processor time, the median of nine runs.
#![expect(clippy::print_stdout, reason = "a table for a person is what this program is for")]

#[path = "support/crates.rs"]
mod crates;

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

use plimsoll_core::{Digest, Extent, PlotSpace, RegionSpace, SpaceError, Span};
use plimsoll_kernels::{
    HashKind, Isa, Keystream, SeedText, Tree, digest_of, fill, fill_seed_text, keystream_by, merkle_leaf,
    merkle_root, seed_text_isa,
};

const RUNS: usize = 9;
const RUN_SECONDS: f64 = 0.2;
const REGION_BYTES: usize = 64 << 20;
const CHUNK_BYTES: usize = 100_000;

/// Memory that is lent piece by piece, as a store would.
struct Memory(Mutex<Vec<u8>>);

impl RegionSpace for Memory {
    fn size_bytes(&self) -> u64 {
        REGION_BYTES as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let bytes = self.0.lock().map_err(|_| SpaceError::Cancelled)?;
        into.copy_from_slice(&bytes[offset as usize..][..into.len()]);
        Ok(())
    }
}

impl PlotSpace for Memory {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        let mut bytes = self.0.lock().map_err(|_| SpaceError::Cancelled)?;
        write(&mut bytes[offset as usize..][..len]);
        Ok(())
    }
}

/// Seconds that this thread has spent on a processor, where the system says so, else seconds.
fn processor_seconds(since: Instant) -> f64 {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| since.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

/// Prints the rate of `work`, which handles `bytes` at a call.
fn rate(name: &str, bytes: usize, mut work: impl FnMut()) {
    let zero = Instant::now();
    // The system counts in ticks of some milliseconds: a run takes many of them.
    let trial = Instant::now();
    let mut calls = 0;
    while trial.elapsed().as_secs_f64() < RUN_SECONDS {
        work();
        calls += 1;
    }
    let mut rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let before = processor_seconds(zero);
            (0..calls).for_each(|_| work());
            (bytes * calls) as f64 / 1e6 / (processor_seconds(zero) - before)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    println!("{name:<44} {:>9.0} {:>9.0} {:>9.0}", rates[RUNS / 2], rates[0], rates[RUNS - 1]);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("crates") {
        return crates::rates();
    }
    println!("{:<44} {:>9} {:>9} {:>9}", "MB per processor second", "median", "lowest", "highest");
    let key = Digest([7; 32]);
    texts(&key);
    streams(&key);
    trees()?;
    fills(&key)?;
    crates::rates()
}

fn texts(key: &Digest) {
    for isa in Isa::usable() {
        let mut chunk = vec![0; CHUNK_BYTES];
        rate(&format!("seed text, {isa}"), CHUNK_BYTES, || {
            SeedText::with_isa(key, isa).write(black_box(&mut chunk));
        });
        let mut state = *key;
        rate(&format!("seed text + SHA-256 chain, {isa}"), CHUNK_BYTES, || {
            SeedText::with_isa(&state, isa).write(&mut chunk);
            let digest = digest_of(HashKind::Sha256, &chunk);
            state = Digest(std::array::from_fn(|i| state.0[i] ^ digest.0[i]));
        });
    }
}

fn streams(key: &Digest) {
    let mut unit = vec![0; 1 << 20];
    for kind in Keystream::ALL {
        let own = matches!(kind, Keystream::ChaCha8 | Keystream::ChaCha12 | Keystream::ChaCha20);
        for isa in Isa::usable().into_iter().take(if own { 3 } else { 1 }) {
            let name =
                if own { format!("stream {kind}, {isa}, 1 MiB") } else { format!("stream {kind}, 1 MiB") };
            rate(&name, unit.len(), || keystream_by(isa, kind, key, 3, 0, black_box(&mut unit)));
        }
    }
}

fn trees() -> Result<(), Box<dyn std::error::Error>> {
    let bytes = vec![3; 1 << 20];
    for kind in [HashKind::Blake3, HashKind::Sha256] {
        rate(&format!("digest {kind}, 1 MiB"), bytes.len(), || {
            black_box(digest_of(kind, &bytes));
        });
        for leaf_bytes in [1 << 10, 4 << 10, 64 << 10, 1 << 20] {
            let leaf = &bytes[..leaf_bytes];
            let leaves = 1 << 20;
            merkle_leaf(kind, leaf_bytes as u64, leaves, 5, leaf)?;
            rate(&format!("merkle leaf {kind}, {} KiB", leaf_bytes >> 10), leaf_bytes, || {
                let _ = black_box(merkle_leaf(kind, leaf_bytes as u64, leaves, 5, leaf));
            });
        }
    }
    Ok(())
}

fn fills(key: &Digest) -> Result<(), Box<dyn std::error::Error>> {
    let plot = Memory(Mutex::new(vec![0; REGION_BYTES]));
    let all = |unit_bytes: usize| Span { first: 0, count: (REGION_BYTES / unit_bytes) as u64 };
    for unit_bytes in [64 << 10, 1 << 20] {
        fill(&plot, Keystream::Blake3Xof, key, unit_bytes as u32, all(unit_bytes))?;
        rate(&format!("fill blake3-xof, units of {} KiB", unit_bytes >> 10), REGION_BYTES, || {
            let _ = black_box(fill(&plot, Keystream::Blake3Xof, key, unit_bytes as u32, all(unit_bytes)));
        });
    }
    let span = Span { first: 0, count: 600 };
    let rows = (CHUNK_BYTES * 600) as u64;
    fill_seed_text(&plot, key, CHUNK_BYTES as u32, span, rows)?;
    rate(&format!("fill seed text with rows, {}", seed_text_isa()), CHUNK_BYTES * 600, || {
        let _ = black_box(fill_seed_text(&plot, key, CHUNK_BYTES as u32, span, rows));
    });
    for kind in [HashKind::Blake3, HashKind::Sha256] {
        let tree = Tree { kind, leaf_bytes: 4096, over: Extent { offset: 0, len: REGION_BYTES as u64 } };
        merkle_root(&plot, &tree)?;
        rate(&format!("merkle root {kind}, leaves of 4 KiB"), REGION_BYTES, || {
            let _ = black_box(merkle_root(&plot, &tree));
        });
    }
    Ok(())
}
