//! Rates of the kernels that wrap other crates: microseconds a call, and decimal megabytes a second.

use std::hint::black_box;
use std::time::Instant;

use plimsoll_core::{Digest, Extent, PlotSpace, RegionSpace, SpaceError, Span};
use plimsoll_kernels::curve::{
    G1_BYTES, combine_blocks, commit_blocks, g1_sum, generators_sum, hash_to_g1, is_in_g1, pairing_check,
};
use plimsoll_kernels::erasure::{Stripe, encode_shards, restore_shards};
use plimsoll_kernels::pospace::{OpenPlot, PlotForm, verify_plot_proof, write_plot};

use super::{Memory, processor_seconds};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const DOMAIN: &[u8] = b"rates";

/// Prints what a call of `work` takes: the median of `runs` runs of `calls` calls, of this thread's time.
fn time(name: &str, runs: usize, calls: usize, mut work: impl FnMut()) {
    let zero = Instant::now();
    work();
    let mut micros: Vec<f64> = (0..runs)
        .map(|_| {
            let before = processor_seconds(zero);
            (0..calls).for_each(|_| work());
            (processor_seconds(zero) - before) * 1e6 / calls as f64
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    println!("{name:<44} {:>9.1} {:>9.1} {:>9.1}", micros[runs / 2], micros[0], micros[runs - 1]);
}

pub(crate) fn rates() -> Outcome {
    println!("{:<44} {:>9} {:>9} {:>9}", "microseconds a call", "median", "lowest", "highest");
    points()?;
    blocks()?;
    shards()?;
    plots()
}

/// Short scalars have 80 bits.
fn scalars(count: usize, short: bool) -> Vec<u8> {
    let byte = |at: usize| match at % 32 {
        10.. if short => 0,
        31 => 0x20,
        _ => (at * 151 + 7) as u8,
    };
    (0..32 * count).map(byte).collect()
}

fn points() -> Outcome {
    time("hash to G1", 5, 200, || drop(black_box(hash_to_g1(DOMAIN, b"message"))));
    let mut points = Vec::new();
    for index in 0..459_u32 {
        points.extend_from_slice(&hash_to_g1(DOMAIN, &index.to_le_bytes())?);
    }
    time("G1 group check", 5, 200, || {
        black_box(is_in_g1(&points[..G1_BYTES]));
    });
    for count in [1, 20, 64, 459] {
        let scalars = scalars(count, true);
        time(&format!("G1 sum of {count}, 80 bits"), 5, 40, || {
            drop(black_box(g1_sum(&points[..count * G1_BYTES], &scalars)));
        });
    }
    for count in [16, 32, 64, 128] {
        let scalars = scalars(count, false);
        generators_sum(DOMAIN, &scalars)?;
        time(&format!("generators' sum of {count}, 255 bits"), 5, 40, || {
            drop(black_box(generators_sum(DOMAIN, &scalars)));
        });
    }
    let mut infinity = [0; 192];
    infinity[0] = 0x40;
    time("pairing check, only its last step", 5, 20, || {
        drop(black_box(pairing_check(&points[..G1_BYTES], &infinity)));
    });
    Ok(())
}

fn blocks() -> Outcome {
    for elements in [32_u32, 64] {
        let (len, count) = (u64::from(elements) * 31, 256);
        let plot = Memory(std::sync::Mutex::new(vec![0x5a; super::REGION_BYTES]));
        let all = Span { first: 0, count };
        let name = format!("commit to 256 blocks of {len} bytes");
        time(&name, 3, 1, || drop(commit_blocks(&plot, DOMAIN, elements, all, len * count)));
        let some: Vec<u64> = (0..20).map(|i| i * 11).collect();
        let coefficients = scalars(20, true);
        let name = format!("combine 20 blocks of {len} bytes");
        time(&name, 5, 100, || drop(black_box(combine_blocks(&plot, elements, &some, &coefficients))));
    }
    Ok(())
}

fn shards() -> Outcome {
    for (data, parity) in [(4, 2), (16, 16), (128, 128), (1024, 1024)] {
        let plot = Memory(std::sync::Mutex::new(vec![0x5a; super::REGION_BYTES]));
        let shard_bytes = (16 << 20) / u64::from(data);
        let stripe = Stripe { offset: 0, shard_bytes, data, parity };
        let name = format!("encode 16 MiB as {data} + {parity} shards");
        time(&name, 3, 1, || drop(encode_shards(&plot, &stripe)));
        let missing: Vec<u32> = (0..parity.min(data)).collect();
        let name = format!("restore {} of them", missing.len());
        time(&name, 3, 1, || drop(restore_shards(&plot, &stripe, &missing)));
    }
    Ok(())
}

/// A plot's tables are made on all cores: processor time of the whole program.
fn all_threads_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

struct Vector(std::sync::Mutex<Vec<u8>>);

impl RegionSpace for Vector {
    fn size_bytes(&self) -> u64 {
        self.0.lock().map_or(0, |bytes| bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        let bytes = self.0.lock().map_err(|_| SpaceError::Cancelled)?;
        into.copy_from_slice(&bytes[offset as usize..][..into.len()]);
        Ok(())
    }
}

impl PlotSpace for Vector {
    fn put(&self, offset: u64, len: usize, write: &mut dyn FnMut(&mut [u8])) -> Result<(), SpaceError> {
        let mut bytes = self.0.lock().map_err(|_| SpaceError::Cancelled)?;
        write(&mut bytes[offset as usize..][..len]);
        Ok(())
    }
}

fn plots() -> Outcome {
    println!("\nChia plots (seconds of all cores, the program's peak memory)");
    for k in [18, 20, 22] {
        let (form, group) = (PlotForm::new(k, 2)?, Digest([k; 32]));
        let unit_bytes = form.unit_bytes() as usize;
        let plot = Vector(std::sync::Mutex::new(vec![0; unit_bytes]));
        let before = all_threads_seconds();
        write_plot(&plot, form, &group, 0)?;
        let seconds = all_threads_seconds() - before;
        let trailer = plot.0.lock().map_err(|e| e.to_string())?[unit_bytes - 40..][..8].to_vec();
        let file_bytes = u64::from_le_bytes(trailer.as_slice().try_into()?);
        println!(
            "k {k}: {seconds:.2} s, a file of {file_bytes} in a unit of {unit_bytes} bytes ({:.2} % over), {:.1} MiB/s, {:.0} MiB",
            100.0 * (unit_bytes as f64 / file_bytes as f64 - 1.0),
            unit_bytes as f64 / seconds / f64::from(1 << 20),
            peak_mib()
        );
        let at = Extent { offset: 0, len: unit_bytes as u64 };
        time(&format!("read and check the unit of k {k}"), 3, 1, || {
            drop(black_box(OpenPlot::open(&plot, form, &group, at)));
        });
        proofs(&plot, form, &group, at)?;
    }
    Ok(())
}

fn proofs(plot: &Vector, form: PlotForm, group: &Digest, at: Extent) -> Outcome {
    let plot = OpenPlot::open(plot, form, group, at)?;
    let challenge = |number: u32| plimsoll_kernels::keyed_digest(group, &number.to_le_bytes());
    let mut number = 0;
    time("  look up a challenge", 3, 50, || {
        number += 1;
        drop(black_box(plot.chains(&challenge(number))));
    });
    let (mut seconds, mut solved, mut last) = (0.0, 0, None);
    for asked in (0..12).map(challenge) {
        for chain in plot.chains(&asked)?.iter().take(1) {
            let before = all_threads_seconds();
            last = plot.solve(&asked, chain).map(|proof| (asked, proof)).or(last);
            seconds += all_threads_seconds() - before;
            solved += 1;
        }
    }
    println!(
        "  solve: {:.0} ms of all cores, the mean of {solved}",
        seconds * 1e3 / f64::from(solved.max(1))
    );
    let (asked, proof) = last.ok_or("no challenge of twelve had a proof")?;
    time("  verify a proof", 5, 200, || drop(black_box(verify_plot_proof(form, group, &asked, &proof))));
    Ok(())
}
