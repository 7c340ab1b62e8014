//! More connections than there is room for: the cap holds, whoever is in is served, and nothing grows without bound.
//! This binary is the server, and run again it is the load; it has no harness, so that its descriptors and its
//! memory are the server's.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::{BlockNumber, Digest, Epoch, Keypair, NetUid};
use plimsoll_wire::AuditRequest;
use plimsoll_wire::bench::{BenchCaller, BenchOptions, BenchSubject, FileOpenings, Pace, load, run};

const CONNECTIONS: usize = 120;
const OFFERED: usize = 900;
const ROUNDS: u64 = 3;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--load") {
        let mut spec = String::new();
        std::io::stdin().read_to_string(&mut spec).unwrap();
        std::io::stdout().write_all(load(&spec).unwrap().as_bytes()).unwrap();
        return;
    }
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, vec![7; 1 << 20]).unwrap();
    let side = Arc::new(FileOpenings::over(&file, 4096).unwrap());
    let callers =
        (0..16).map(|n| BenchCaller { seed: [0x40 + n; 32], audits: vec![audit(n.into())] }).collect();
    let subject = BenchSubject { side, key: Keypair::from_seed(&[2; 32]), callers };
    let options = BenchOptions {
        connections: OFFERED,
        connections_most: CONNECTIONS,
        pace: Pace::Flood,
        duration: Duration::from_secs(ROUNDS),
        threads: 2,
        folder: folder.path().join("replay"),
    };
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.arg("--load");
    let report = run(&options, subject, child).unwrap();
    let json = serde_json::to_string(&report).unwrap() + "\n";
    std::io::stdout().write_all(json.as_bytes()).unwrap();
    // Whoever comes when the first have ended may get in too; nobody is left without a word.
    assert!(report.connections >= CONNECTIONS, "{report:?}");
    assert_eq!(report.connections + report.connections_refused, OFFERED, "{report:?}");
    assert_eq!((report.failed, report.refused), (0, 0), "who is in is served: {report:?}");
    assert_eq!(report.answered, report.connections as u64 * ROUNDS);
    assert!(report.signatures_verified > 0, "{report:?}");
    // Beside the connections: those that are being told, and the process's own.
    assert!(report.peak_descriptors <= CONNECTIONS + 64 + 40, "{report:?}");
    assert!(report.peak_rss_bytes < 96 << 20, "{report:?}");
}

fn audit(unit: u64) -> AuditRequest {
    AuditRequest {
        netuid: NetUid(1),
        epoch: Epoch(7),
        block: BlockNumber(700),
        registration: Digest([6; 32]),
        challenge: unit.to_le_bytes().to_vec(),
        deadline_ms: 60_000,
    }
}
