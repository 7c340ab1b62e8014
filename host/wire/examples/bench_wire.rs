//! Measures the wire alone: `cargo run --release -p plimsoll-wire --example bench_wire [paced|fast|flood] [N]`.

use std::io::{self, Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{BlockNumber, Digest, Epoch, Keypair, NetUid};
use plimsoll_wire::AuditRequest;
use plimsoll_wire::bench::{BenchCaller, BenchOptions, BenchSubject, FileOpenings, Pace, load, run};

const UNIT_BYTES: usize = 4096;
const UNITS: usize = 16 * 1024;
const CALLERS: u8 = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let first = arguments.first().map_or("paced", String::as_str);
    if first == "--load" {
        let mut spec = String::new();
        io::stdin().read_to_string(&mut spec)?;
        io::stdout().write_all(load(&spec)?.as_bytes())?;
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("plimsoll-bench-wire-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let number = arguments.get(1).map(|text| text.parse::<u32>()).transpose()?;
    let mut options = BenchOptions::paced(folder.join("replay"));
    match first {
        "paced" => options.pace = Pace::PerSecond(number.unwrap_or(5000)),
        "fast" => (options.connections, options.pace) = (32, Pace::Unbounded(number.unwrap_or(40_000))),
        "flood" => {
            options.connections = number.unwrap_or(8000) as usize;
            (options.pace, options.duration) = (Pace::Flood, Duration::from_secs(4));
        }
        other => return Err(format!("expected paced, fast or flood, found {other}").into()),
    }
    let mut child = Command::new(std::env::current_exe()?);
    child.arg("--load");
    let measured = subject(&folder).and_then(|subject| run(&options, subject, child).map_err(Into::into));
    std::fs::remove_dir_all(&folder)?;
    io::stdout().write_all(serde_json::to_string_pretty(&measured?)?.as_bytes())?;
    Ok(io::stdout().write_all(b"\n")?)
}

fn subject(folder: &std::path::Path) -> Result<BenchSubject, Box<dyn std::error::Error>> {
    let path = folder.join("file");
    // Unit by unit: the peak of memory that is reported is to be the server's.
    let mut octets = blake3::Hasher::new().update(b"bench").finalize_xof();
    let (mut file, mut unit) = (io::BufWriter::new(std::fs::File::create(&path)?), [0; UNIT_BYTES]);
    for _ in 0..UNITS {
        octets.fill(&mut unit);
        file.write_all(&unit)?;
    }
    file.flush()?;
    let side = FileOpenings::over(&path, UNIT_BYTES)?;
    let key = Keypair::from_seed(&[2; 32]);
    let audits = |n: u8| (0..UNITS as u64).skip(n.into()).step_by(617).map(audit).collect();
    let callers = (0..CALLERS).map(|n| BenchCaller { seed: [0x40 + n; 32], audits: audits(n) }).collect();
    Ok(BenchSubject { side: Arc::new(side), key, callers })
}

fn audit(unit: u64) -> AuditRequest {
    AuditRequest {
        netuid: NetUid(1),
        epoch: Epoch(7),
        block: BlockNumber(700),
        registration: Digest([6; 32]),
        challenge: unit.to_le_bytes().to_vec(),
        deadline_ms: 10_000,
    }
}
