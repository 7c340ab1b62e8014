//! Large bodies over real sockets.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use plimsoll_core::{Digest, Hotkey};
use plimsoll_wire::btauth::{ReplayStore, RequestVerifier};
use plimsoll_wire::cargo::{
    CargoClaim, CargoSide, CargoSink, CargoSource, FileSink, FileSource, UploadClaim,
};
use plimsoll_wire::{
    ClientOptions, ManualClock, MinerClient, Outcome, Refusal, RefusalCode, ServerOptions, SignedAnswer,
    SignedRequest, WireLimits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::loopback::{NOW_NS, Running, assert_refused, hear, http, miner, stranger, talk, validator};

const WITHIN: Duration = Duration::from_secs(20);

/// Keeps cargo in a folder under its name; one name is slow.
struct Hold {
    folder: PathBuf,
}

const SLOW: &[u8] = b"slow cargo";

#[async_trait]
impl CargoSide for Hold {
    async fn take(&self, _caller: &Hotkey, claim: CargoClaim) -> Result<Box<dyn CargoSink>, Refusal> {
        let sink = FileSink::create(&self.folder.join(claim.blake3.to_string())).await;
        let sink = sink.map_err(|_| Refusal::new(RefusalCode::Busy, "this cargo is coming already"))?;
        Ok(Box::new(sink))
    }

    async fn give(&self, _caller: &Hotkey, claim: CargoClaim) -> Result<Box<dyn CargoSource>, Refusal> {
        if claim.blake3 == Digest::of(SLOW) {
            return Ok(Box::new(Slow(SLOW.chunks(1).map(<[u8]>::to_vec).collect())));
        }
        let source = FileSource::open(&self.folder.join(claim.blake3.to_string())).await;
        let source =
            source.map_err(|_| Refusal::new(RefusalCode::UnknownCargo, "there is no such cargo here"))?;
        Ok(Box::new(source))
    }
}

struct Slow(std::collections::VecDeque<Vec<u8>>);

#[async_trait]
impl CargoSource for Slow {
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(self.0.pop_front().map(Bytes::from))
    }
}

/// Octets in memory, in pieces of any size.
struct Octets(Vec<u8>, usize);

#[async_trait]
impl CargoSource for Octets {
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        let n = self.1.min(self.0.len());
        let piece: Vec<u8> = self.0.drain(..n).collect();
        Ok((!piece.is_empty()).then(|| piece.into()))
    }
}

struct Scene {
    running: Running,
    client: MinerClient,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn with(limits: WireLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cargo: Arc<dyn CargoSide> = Arc::new(Hold { folder: folder.path().to_owned() });
        let options = ServerOptions { cargo: Some(cargo), ..ServerOptions::with_limits(limits) };
        let running = Running::with_options(options).await;
        let options = ClientOptions { grace: Duration::from_millis(200), ..ClientOptions::default() };
        let client = MinerClient::with_clock(validator(), options, running.clock.clone()).unwrap();
        Self { running, client, folder }
    }

    async fn send(&self, bytes: &[u8]) -> Outcome<()> {
        let claim = UploadClaim::of(bytes).unwrap();
        // `upload` signs with the same key on the same clock.
        self.running.clock.advance_ns(1);
        let source = Box::new(Octets(bytes.to_vec(), 10_000));
        self.client.send_cargo(&self.running.address(), &claim, source, WITHIN).await.unwrap().outcome
    }

    async fn fetch(&self, claim: &CargoClaim, to: &Path) -> Outcome<()> {
        self.running.clock.advance_ns(1);
        let sink = Box::new(FileSink::create(to).await.unwrap());
        self.client.fetch_cargo(&self.running.address(), claim, sink, WITHIN).await.unwrap().outcome
    }

    /// A signed upload of what `claim` says.
    fn upload(&self, claim: &UploadClaim) -> SignedRequest {
        let clock: Arc<dyn plimsoll_wire::Clock> = self.running.clock.clone();
        let signer = plimsoll_wire::RequestSigner::new(validator(), clock);
        self.running.clock.advance_ns(1);
        signer.sign_sha256("PUT", &claim.target(), claim.sha256, self.running.key.hotkey())
    }

    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn octets(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(b"cargo").finalize_xof().fill(&mut bytes);
    bytes
}

fn head_of(request: &SignedRequest, bytes: usize) -> Vec<u8> {
    let mut head = http(request, "", b"");
    let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
    text.replace("content-length: 0", &format!("content-length: {bytes}")).into_bytes()
}

#[tokio::test]
async fn what_is_sent_comes_back_and_the_receipt_is_the_miners() {
    let scene = Scene::with(WireLimits::default()).await;
    for len in [1, 65_536, 3_000_005] {
        let bytes = octets(len);
        let claim = UploadClaim::of(&bytes[..]).unwrap();
        let sent = scene.send(&bytes).await;
        let Outcome::Answered { answer, .. } = sent else { panic!("{sent:?}") };
        assert_eq!((answer.status, answer.responder), (204, miner().hotkey()));
        let to = scene.folder.path().join("back");
        let fetched = scene.fetch(&claim.cargo, &to).await;
        let Outcome::Answered { answer, .. } = fetched else { panic!("{fetched:?}") };
        assert_eq!(answer.body_sha256, claim.cargo.statement_sha256());
        assert!(std::fs::read(&to).unwrap() == bytes, "{len}");
    }
}

#[tokio::test]
async fn cargo_that_is_not_there_is_a_signed_refusal() {
    let scene = Scene::with(WireLimits::default()).await;
    let claim = CargoClaim { blake3: Digest([7; 32]), bytes: 5 };
    let fetched = scene.fetch(&claim, &scene.folder.path().join("back")).await;
    let Outcome::Refused { status: 404, why, .. } = fetched else { panic!("{fetched:?}") };
    assert_eq!(why, "there is no such cargo here (unknown-cargo)");
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn nothing_of_a_body_is_waited_for_before_its_sender_is_known() {
    let scene = Scene::with(WireLimits::default()).await;
    let bytes = octets(1000);
    let claim = UploadClaim::of(&bytes[..]).unwrap();
    let honest = scene.upload(&claim);
    // Heads without a single octet behind them: each is answered at once.
    let mut forged = honest.clone();
    forged.signature.0[7] ^= 1;
    assert_refused(&talk(scene.running.at, &head_of(&forged, 1000)).await, 401, "unauthenticated", false);
    let other = UploadClaim { sha256: Digest([0; 32]), ..claim };
    let retold = SignedRequest { target: other.target(), ..honest.clone() };
    assert_refused(&talk(scene.running.at, &head_of(&retold, 1000)).await, 401, "unauthenticated", false);
    let clock: Arc<dyn plimsoll_wire::Clock> = scene.running.clock.clone();
    let unknown = plimsoll_wire::RequestSigner::new(stranger(), clock);
    let unknown = unknown.sign_sha256("PUT", &claim.target(), claim.sha256, miner().hotkey());
    assert_refused(&talk(scene.running.at, &head_of(&unknown, 1000)).await, 403, "not-permitted", false);
    let answer = talk(scene.running.at, &head_of(&honest, 999)).await;
    assert_refused(&answer, 400, "bad-request", false);
    assert!(answer.contains("the body has 999 bytes, its path says 1000"), "{answer}");
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn what_is_not_what_its_path_says_is_not_kept() {
    let scene = Scene::with(WireLimits::default()).await;
    let bytes = octets(200_000);
    let claim = UploadClaim::of(&bytes[..]).unwrap();
    for at in [0, 77_777, 199_999] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let request = scene.upload(&claim);
        let answer = talk(scene.running.at, &[head_of(&request, 200_000), changed].concat()).await;
        assert_refused(&answer, 400, "bad-request", true);
        assert!(answer.contains("the BLAKE3 of the body is "), "{answer}");
        assert!(scene.files().is_empty());
    }
    // The nonce of an upload is used up like any other.
    let request = scene.upload(&claim);
    let whole = [head_of(&request, 200_000), bytes.clone()].concat();
    assert!(talk(scene.running.at, &whole).await.starts_with("HTTP/1.1 204"));
    assert_refused(&talk(scene.running.at, &head_of(&request, 200_000)).await, 409, "replayed", false);
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_at_the_first_octet_too_many() {
    let scene = Scene::with(WireLimits::default()).await;
    let claim = UploadClaim::of(&octets(1000)[..]).unwrap();
    let head = String::from_utf8(http(&scene.upload(&claim), "transfer-encoding: chunked\r\n", b"")).unwrap();
    let head = head.replace("content-length: 0\r\n", "");
    let answer = talk(scene.running.at, &[head.as_bytes(), b"3e9\r\n", &[b'x'; 1001]].concat()).await;
    assert_refused(&answer, 413, "too-large", true);
    assert!(answer.contains("longer than the 1000 bytes that its path says"), "{answer}");
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn a_body_that_stands_still_or_ends_early_leaves_nothing_behind() {
    let limits = WireLimits { body_within: Duration::from_millis(200), ..WireLimits::default() };
    let scene = Scene::with(limits).await;
    let bytes = octets(100_000);
    let claim = UploadClaim::of(&bytes[..]).unwrap();
    let half = [&head_of(&scene.upload(&claim), 100_000)[..], &bytes[..50_000]].concat();
    assert_refused(&talk(scene.running.at, &half).await, 408, "too-slow", true);
    let half = [&head_of(&scene.upload(&claim), 100_000)[..], &bytes[..50_000]].concat();
    let mut stream = TcpStream::connect(scene.running.at).await.unwrap();
    stream.write_all(&half).await.unwrap();
    stream.shutdown().await.unwrap();
    hear(&mut stream).await;
    // The place among the large bodies is free again, and the part is gone.
    let sent = scene.send(&bytes).await;
    assert!(matches!(sent, Outcome::Answered { .. }), "{sent:?}");
    assert_eq!(scene.files(), [claim.cargo.blake3.to_string()]);
}

#[tokio::test]
async fn a_body_that_only_drips_is_refused() {
    let limits = WireLimits { body_within: Duration::from_millis(300), ..WireLimits::default() };
    let scene = Scene::with(limits).await;
    let claim = UploadClaim::of(&octets(1000)[..]).unwrap();
    let mut stream = TcpStream::connect(scene.running.at).await.unwrap();
    stream.write_all(&head_of(&scene.upload(&claim), 1000)).await.unwrap();
    let (mut from, mut to) = stream.split();
    let dripping = async {
        while to.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = vec![0; 4096];
    let n = tokio::select! {
        n = from.read(&mut answer) => n.unwrap(),
        () = dripping => unreachable!(),
    };
    let answer = String::from_utf8_lossy(&answer[..n]);
    assert_refused(&answer, 408, "too-slow", true);
    assert!(answer.contains("slower than 262144 bytes a second"), "{answer}");
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn a_large_body_is_too_large_or_one_too_many() {
    let scene = Scene::with(WireLimits { stream_bytes: 1000, ..WireLimits::default() }).await;
    let claim = UploadClaim::of(&octets(1001)[..]).unwrap();
    let answer = talk(scene.running.at, &head_of(&scene.upload(&claim), 1001)).await;
    assert_refused(&answer, 413, "too-large", true);
    let small = UploadClaim::of(&octets(500)[..]).unwrap();
    let mut first = TcpStream::connect(scene.running.at).await.unwrap();
    first.write_all(&[&head_of(&scene.upload(&small), 500)[..], b"x"].concat()).await.unwrap();
    while scene.files().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let answer = talk(scene.running.at, &head_of(&scene.upload(&small), 500)).await;
    assert_refused(&answer, 503, "busy", true);
}

#[tokio::test]
async fn a_damaged_file_shows_as_a_broken_transfer() {
    let scene = Scene::with(WireLimits::default()).await;
    let bytes = octets(300_000);
    let claim = UploadClaim::of(&bytes[..]).unwrap().cargo;
    let mut damaged = bytes;
    damaged[299_999] ^= 1;
    std::fs::write(scene.folder.path().join(claim.blake3.to_string()), damaged).unwrap();
    let fetched = scene.fetch(&claim, &scene.folder.path().join("back")).await;
    assert!(matches!(fetched, Outcome::Absent { .. }), "{fetched:?}");
    assert_eq!(scene.files(), [claim.blake3.to_string()]);
}

#[tokio::test]
async fn a_reader_that_does_not_read_gives_its_place_back() {
    let limits = WireLimits { body_within: Duration::from_millis(200), ..WireLimits::default() };
    let scene = Scene::with(limits).await;
    // More than any socket buffers.
    let bytes = octets(64 << 20);
    let claim = UploadClaim::of(&bytes[..]).unwrap().cargo;
    std::fs::write(scene.folder.path().join(claim.blake3.to_string()), bytes).unwrap();
    let clock: Arc<dyn plimsoll_wire::Clock> = scene.running.clock.clone();
    let signer = plimsoll_wire::RequestSigner::new(validator(), clock);
    let asking = || http(&signer.sign("GET", &claim.target(), b"", miner().hotkey()), "", b"");
    let mut idle = TcpStream::connect(scene.running.at).await.unwrap();
    idle.write_all(&asking()).await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    let freed = async {
        loop {
            let mut again = TcpStream::connect(scene.running.at).await.unwrap();
            again.write_all(&asking()).await.unwrap();
            let mut start = [0; 12];
            again.read_exact(&mut start).await.unwrap();
            if &start == b"HTTP/1.1 200" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.unwrap();
}

#[tokio::test]
async fn a_connection_outlives_its_time_while_a_large_body_moves() {
    let limits = WireLimits { connection_within: Duration::from_millis(100), ..WireLimits::default() };
    let scene = Scene::with(limits).await;
    let claim = UploadClaim::of(SLOW).unwrap().cargo;
    let to = scene.folder.path().join("back");
    let fetched = scene.fetch(&claim, &to).await;
    assert!(matches!(fetched, Outcome::Answered { .. }), "{fetched:?}");
    assert_eq!(std::fs::read(to).unwrap(), SLOW);
}

#[tokio::test]
async fn a_source_that_is_not_what_was_claimed_is_the_senders_own_error() {
    let scene = Scene::with(WireLimits::default()).await;
    let claim = UploadClaim::of(&octets(100_000)[..]).unwrap();
    let source = Box::new(Octets(octets(99_999), 5000));
    let sent = scene.client.send_cargo(&scene.running.address(), &claim, source, WITHIN).await;
    assert_eq!(sent.unwrap_err().to_string(), "the body has 99999 bytes, its path says 100000");
    assert!(scene.files().is_empty());
}

/// Signs that it delivers what is asked for, and delivers something else of the same length, or signs nothing.
async fn lying(request: Request) -> Response {
    let (head, _) = request.into_parts();
    let clock = Arc::new(ManualClock::at(NOW_NS));
    let verifier = RequestVerifier::new(miner().hotkey(), ReplayStore::new(0), clock);
    let target = head.uri.path_and_query().unwrap().as_str();
    let asked = verifier.verify("GET", target, &head.headers, b"").unwrap();
    let claim = CargoClaim::of_target(target).unwrap();
    let mut response = Response::new(Body::from(vec![0; claim.bytes as usize]));
    if claim.bytes != 13 {
        let answer = SignedAnswer::sign_sha256(&miner(), &asked, 200, claim.statement_sha256());
        for (name, value) in answer.headers() {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
    }
    response
}

#[tokio::test]
async fn octets_that_are_not_what_was_asked_for_are_garbage_and_not_kept() {
    let router = axum::Router::new().fallback(lying);
    let clock = Arc::new(ManualClock::at(NOW_NS));
    let running = Running::serving(router, miner(), WireLimits::default(), clock.clone()).await;
    let client = MinerClient::with_clock(validator(), ClientOptions::default(), clock).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (bytes, why) in [
        (200_000, "the BLAKE3 of the body is "),
        // Unsigned: not an octet is written.
        (13, "status 200: the answer is not signed"),
    ] {
        let claim = CargoClaim { blake3: Digest::of(b"what was asked for"), bytes };
        let sink = Box::new(FileSink::create(&folder.path().join("back")).await.unwrap());
        let fetched = client.fetch_cargo(&running.address(), &claim, sink, WITHIN).await.unwrap();
        let Outcome::Garbage { why: found } = fetched.outcome else { panic!("{:?}", fetched.outcome) };
        assert!(found.starts_with(why), "{found}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
