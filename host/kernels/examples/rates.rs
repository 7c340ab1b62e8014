//! What each kernel reaches on this machine: `cargo run --release -p plimsoll-kernels --example rates`, with a
//! part of a name behind it only those that have it.
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
    Chain, HashKind, Isa, Keystream, LabelCost, Mask, ScanKind, ScryptForm, Sdr, SdrParents, SeedText,
    Selection, Tree, Walk, chain_leaf, combine, digest_of, fill, fill_chain, fill_labels, fill_sdr,
    fill_seed_text, keystream_by, labels_by, merkle_leaf, merkle_root, scan_select, seed_text_isa, walk,
};

const RUNS: usize = 9;
const RUN_SECONDS: f64 = 0.2;
const REGION_BYTES: usize = 64 << 20;
const CHUNK_BYTES: usize = 100_000;

/// Memory that is lent piece by piece, as a store would.
struct Memory(Mutex<Vec<u8>>);

impl RegionSpace for Memory {
    fn size_bytes(&self) -> u64 {
        self.0.lock().map_or(0, |bytes| bytes.len() as u64)
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
fn rate(name: &str, bytes: usize, work: impl FnMut()) {
    each_second(name, bytes as f64 / 1e6, work);
}

/// Prints how much of what `work` does `amount` of at a call a second does.
fn each_second(name: &str, amount: f64, mut work: impl FnMut()) {
    if std::env::args().nth(1).is_some_and(|part| !name.contains(&part)) {
        return;
    }
    let zero = Instant::now();
    // The system counts in ticks of some milliseconds: a run takes many of them.
    let trial = Instant::now();
    let mut calls = 0_u32;
    while trial.elapsed().as_secs_f64() < RUN_SECONDS {
        work();
        calls += 1;
    }
    let mut rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let before = processor_seconds(zero);
            (0..calls).for_each(|_| work());
            amount * f64::from(calls) / (processor_seconds(zero) - before)
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
    scans(&key)?;
    fills(&key)?;
    chains(&key)?;
    sectors(&key)?;
    println!("{:<44} {:>9} {:>9} {:>9}", "labels per processor second", "median", "lowest", "highest");
    labels(&key)?;
    crates::rates()
}

fn scans(key: &Digest) -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = vec![0; REGION_BYTES];
    keystream_by(Isa::best(), Keystream::ChaCha8, key, 0, 0, &mut bytes);
    let region = Memory(Mutex::new(bytes));
    let over = Extent { offset: 0, len: REGION_BYTES as u64 };
    for (kind, keys, record_bytes) in [
        (ScanKind::Aes128, 1, 16),
        (ScanKind::Aes128, 16, 16),
        (ScanKind::Blake3, 1, 64),
        (ScanKind::Blake3, 1, 4096),
    ] {
        for (what, selection) in [
            ("below", Selection::Below { threshold: u64::MAX >> 20, limit: 4096 }),
            ("least", Selection::Least { count: 37 }),
        ] {
            let keys: Vec<Digest> = (0..keys).map(|at| Digest([at; 32])).collect();
            scan_select(&region, kind, &keys, record_bytes, over, selection)?;
            let name = format!("scan {kind:?} {what}, {record_bytes} B, {} keys", keys.len());
            rate(&name, REGION_BYTES, || {
                let _ = black_box(scan_select(&region, kind, &keys, record_bytes, over, selection));
            });
        }
    }
    Ok(())
}

fn labels(key: &Digest) -> Result<(), Box<dyn std::error::Error>> {
    let indices: Vec<u64> = (0..64).collect();
    for isa in Isa::usable() {
        for form in [ScryptForm::Spacemesh, ScryptForm::Rfc7914] {
            let cost = LabelCost::Scrypt { form, n: 8192, r: 1, p: 1 };
            labels_by(isa, &cost, key, 16, &indices)?;
            each_second(&format!("scrypt {form:?} N=8192 r=p=1, {isa}"), indices.len() as f64, || {
                let _ = black_box(labels_by(isa, &cost, key, 16, &indices));
            });
        }
    }
    let argon = LabelCost::Argon2id { memory_kib: 1024, passes: 1, lanes: 1 };
    labels_by(Isa::best(), &argon, key, 16, &indices)?;
    each_second("argon2id 1 MiB, one pass", indices.len() as f64, || {
        let _ = black_box(labels_by(Isa::best(), &argon, key, 16, &indices));
    });
    let plot = Memory(Mutex::new(vec![0; REGION_BYTES]));
    let span = Span { first: 0, count: 512 };
    fill_labels(&plot, &LabelCost::SPACEMESH, key, 16, span, true)?;
    each_second("fill Spacemesh's labels, the smallest tracked", 512.0, || {
        let _ = black_box(fill_labels(&plot, &LabelCost::SPACEMESH, key, 16, span, true));
    });
    Ok(())
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
        let own = !matches!(kind, Keystream::Blake3Xof);
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

fn chains(key: &Digest) -> Result<(), Box<dyn std::error::Error>> {
    let (bytes, unit_bytes) = (4 << 20, 256 << 10);
    let plot = Memory(Mutex::new(vec![0; REGION_BYTES]));
    let over = Extent { offset: 0, len: bytes };
    for layers in [1, 4, 20] {
        let chain = Chain { layers, window: 1, reverse: false };
        let units = Span { first: 0, count: bytes / unit_bytes };
        fill_chain(&plot, chain, key, unit_bytes as u32, units)?;
        rate(&format!("fill chain, units of 256 KiB, {layers} layers"), bytes as usize, || {
            let _ = black_box(fill_chain(&plot, chain, key, unit_bytes as u32, units));
        });
        rate(&format!("leaf of one chained unit, {layers} layers"), unit_bytes as usize, || {
            let _ = black_box(chain_leaf(chain, key, 3, unit_bytes as u32, HashKind::Blake3, 64));
        });
    }
    let mask = Mask::Stream { kind: Keystream::ChaCha8, key: *key, unit_bytes: 1 << 20, first_unit: 0 };
    rate("combine with chacha8", bytes as usize, || {
        let _ = black_box(combine(&plot, over, mask, 2 * bytes));
    });
    let steps = Walk { over, block_bytes: 4096, kind: HashKind::Blake3 };
    rate("walk over blocks of 4 KiB", 4096 * 256, || {
        let _ = black_box(walk(&plot, &steps, key, 256));
    });
    Ok(())
}

/// Two layers each: bytes of labels, whichever layer they are of; one sector alone, and two side by side.
fn sectors(key: &Digest) -> Result<(), Box<dyn std::error::Error>> {
    for mebibytes in [8_u64, 64] {
        let shape = Sdr { nodes: (mebibytes << 15) as u32, layers: 2 };
        rate(&format!("parents of a graph of {mebibytes} MiB"), (mebibytes << 20) as usize, || {
            let _ = black_box(SdrParents::new(key, shape.nodes));
        });
        let parents = SdrParents::new(key, shape.nodes)?;
        for sectors in [1, 2] {
            let (bytes, ids) = ((sectors * mebibytes) << 21, vec![*key; sectors as usize]);
            let plot = Memory(Mutex::new(vec![0; bytes as usize]));
            fill_sdr(&plot, &parents, shape, &ids, 0, bytes / 32)?;
            rate(&format!("sdr, {sectors} sectors of {mebibytes} MiB"), bytes as usize, || {
                let _ = black_box(fill_sdr(&plot, &parents, shape, &ids, 0, bytes / 32));
            });
        }
    }
    Ok(())
}
