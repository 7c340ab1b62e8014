//! The memory of both ends of a large transfer, in a process of its own.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{Hotkey, Keypair, NetUid};
use plimsoll_wire::cargo::{
    CargoClaim, CargoSide, CargoSink, CargoSource, FileSink, FileSource, UploadClaim,
};
use plimsoll_wire::{
    AuditReply, AuditRequest, ClientOptions, MinerAddress, MinerClient, MinerSide, Outcome, Refusal,
    RefusalCode, RegistrationSet, ServerOptions, WireLimits, miner_router_with, serve,
};

struct Hold(PathBuf);

fn refused(_: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalCode::Fault, "no file")
}

#[async_trait]
impl CargoSide for Hold {
    async fn take(&self, _: &Hotkey, _: CargoClaim) -> Result<Box<dyn CargoSink>, Refusal> {
        Ok(Box::new(FileSink::create(&self.0.join("kept")).await.map_err(refused)?))
    }

    async fn give(&self, _: &Hotkey, _: CargoClaim) -> Result<Box<dyn CargoSource>, Refusal> {
        Ok(Box::new(FileSource::open(&self.0.join("kept")).await.map_err(refused)?))
    }
}

#[async_trait]
impl MinerSide for Hold {
    fn permits(&self, _: &Hotkey) -> bool {
        true
    }

    async fn registrations(&self, _: &Hotkey, _: NetUid) -> Result<RegistrationSet, Refusal> {
        Err(refused(""))
    }

    async fn audit(&self, _: &Hotkey, _: AuditRequest) -> Result<AuditReply, Refusal> {
        Err(refused(""))
    }
}

fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn write(path: &Path, bytes: usize) -> UploadClaim {
    let mut file = std::fs::File::create(path).unwrap();
    let mut piece = vec![0; 1 << 20];
    let mut octets = blake3::Hasher::new().update(&bytes.to_le_bytes()).finalize_xof();
    let mut left = bytes;
    while left > 0 {
        octets.fill(&mut piece);
        let n = left.min(piece.len());
        file.write_all(&piece[..n]).unwrap();
        left -= n;
    }
    UploadClaim::of(std::fs::File::open(path).unwrap()).unwrap()
}

async fn there_and_back(client: &MinerClient, miner: &MinerAddress, folder: &Path, bytes: usize) {
    let (sent, back) = (folder.join("sent"), folder.join("back"));
    let claim = write(&sent, bytes);
    let within = Duration::from_secs(300);
    let source = Box::new(FileSource::open(&sent).await.unwrap());
    let outcome = client.send_cargo(miner, &claim, source, within).await.unwrap().outcome;
    assert!(matches!(outcome, Outcome::Answered { .. }), "{outcome:?}");
    let sink = Box::new(FileSink::create(&back).await.unwrap());
    let outcome = client.fetch_cargo(miner, &claim.cargo, sink, within).await.unwrap().outcome;
    assert!(matches!(outcome, Outcome::Answered { .. }), "{outcome:?}");
    assert_eq!(UploadClaim::of(std::fs::File::open(&back).unwrap()).unwrap(), claim);
}

/// The only test of this binary: nothing else may take memory.
#[test]
fn a_body_of_any_length_takes_the_memory_of_a_few_pieces() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (hold, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = Keypair::from_seed(&[2; 32]);
        let cargo: Arc<dyn CargoSide> = Arc::new(Hold(hold.path().to_owned()));
        let options = ServerOptions { cargo: Some(cargo), ..ServerOptions::default() };
        let side = Arc::new(Hold(hold.path().to_owned()));
        let router = miner_router_with(side, key.clone(), options).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let miner = MinerAddress { hotkey: key.hotkey(), at: listener.local_addr().unwrap() };
        tokio::spawn(serve(listener, router, WireLimits::default(), std::future::pending()));
        let client = MinerClient::new(Keypair::from_seed(&[1; 32]), ClientOptions::default()).unwrap();
        there_and_back(&client, &miner, folder.path(), 16 << 20).await;
        let small = peak_rss_bytes();
        there_and_back(&client, &miner, folder.path(), 64 << 20).await;
        let grown = peak_rss_bytes() - small;
        println!("peak memory: {small} bytes for 16 MiB, {grown} more for 64 MiB");
        assert!(grown < 8 << 20, "{grown} bytes more for a body that is 48 MiB longer");
    });
}
