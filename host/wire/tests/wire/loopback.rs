//! A miner on a loopback socket, and a socket to talk to it without manners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{BlockNumber, Digest, Epoch, Hotkey, Identity, Keypair, NetUid};
use plimsoll_wire::{
    AuditReply, AuditRequest, Clock, ManualClock, MinerAddress, MinerSide, Refusal, RefusalCode,
    Registration, RegistrationSet, RequestSigner, ServerOptions, SignedRequest, WireLimits,
    miner_router_with_clock, miner_router_with_options, serve,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const NETUID: NetUid = NetUid(3);
pub(crate) const NOW_NS: u64 = 1_795_178_912_000_000_000;
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

pub(crate) fn validator() -> Keypair {
    Keypair::from_seed(&[1; 32])
}

pub(crate) fn miner() -> Keypair {
    Keypair::from_seed(&[2; 32])
}

pub(crate) fn stranger() -> Keypair {
    Keypair::from_seed(&[9; 32])
}

pub(crate) fn registration(owner: &Keypair, validator: Hotkey) -> Registration {
    Registration {
        identity: Identity { netuid: NETUID, owner: owner.hotkey(), validator },
        scheme: "stream".into(),
        plugin: Digest([4; 32]),
        params: Digest([5; 32]),
        unit_bytes: 65_536,
        units: 16,
        region_bytes: 1 << 20,
        commitment: Some(Digest([6; 32])),
    }
}

pub(crate) fn audit_request(owner: &Keypair, challenge: &[u8]) -> AuditRequest {
    AuditRequest {
        netuid: NETUID,
        epoch: Epoch(7),
        block: BlockNumber(700),
        registration: registration(owner, validator().hotkey()).digest(),
        challenge: challenge.to_vec(),
        deadline_ms: 10_000,
    }
}

/// A miner that answers by what it is asked: the challenge is an order.
pub(crate) struct Obedient {
    pub(crate) key: Keypair,
}

#[async_trait]
impl MinerSide for Obedient {
    fn permits(&self, caller: &Hotkey) -> bool {
        *caller == validator().hotkey()
    }

    async fn registrations(&self, caller: &Hotkey, netuid: NetUid) -> Result<RegistrationSet, Refusal> {
        if netuid != NETUID {
            return Err(Refusal::new(RefusalCode::UnknownRegistration, "no plot is kept for you there"));
        }
        Ok(RegistrationSet::new(registration(&self.key, *caller), [Digest([0xAA; 32]), Digest([1; 32])]))
    }

    async fn audit(&self, caller: &Hotkey, request: AuditRequest) -> Result<AuditReply, Refusal> {
        if request.registration != registration(&self.key, *caller).digest() {
            return Err(Refusal::new(RefusalCode::UnknownRegistration, "no such plot is kept for you"));
        }
        match request.challenge.as_slice() {
            b"lottery" => Ok(AuditReply::NotEligible),
            b"too much" => Ok(AuditReply::Proof(vec![0; 64 * 1024 + 1])),
            b"most" => Ok(AuditReply::Proof(vec![7; 64 * 1024])),
            b"disk" => Err(Refusal::new(RefusalCode::Fault, "unit 3 cannot be read\nfrom the disk")),
            b"for ever" => std::future::pending().await,
            b"slowly" => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok(AuditReply::Proof(b"slow proof".to_vec()))
            }
            other => Ok(AuditReply::Proof([b"proof of ", other].concat())),
        }
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Running {
    pub(crate) at: SocketAddr,
    pub(crate) key: Keypair,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub(crate) async fn obedient(limits: WireLimits) -> Self {
        let clock = Arc::new(ManualClock::at(NOW_NS - SECOND_NS));
        let running = Self::with_clock(limits, clock).await;
        running.clock.advance_ns(SECOND_NS);
        running
    }

    pub(crate) async fn with_clock(limits: WireLimits, clock: Arc<ManualClock>) -> Self {
        let key = miner();
        let side = Arc::new(Obedient { key: key.clone() });
        let shared: Arc<dyn Clock> = clock.clone();
        let router = miner_router_with_clock(side, key.clone(), limits.clone(), shared);
        Self::serving(router, key, limits, clock).await
    }

    /// With everything that can be set.
    pub(crate) async fn with_options(options: ServerOptions) -> Self {
        let clock = Arc::new(ManualClock::at(NOW_NS - SECOND_NS));
        let (key, shared): (_, Arc<dyn Clock>) = (miner(), clock.clone());
        let (side, limits) = (Arc::new(Obedient { key: key.clone() }), options.limits.clone());
        let router = miner_router_with_options(side, key.clone(), options, shared).unwrap();
        clock.advance_ns(SECOND_NS);
        Self::serving(router, key, limits, clock).await
    }

    pub(crate) async fn serving(
        router: axum::Router,
        key: Keypair,
        limits: WireLimits,
        clock: Arc<ManualClock>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Self { at, key, clock, stop: Some(stop), task }
    }

    pub(crate) fn address(&self) -> MinerAddress {
        MinerAddress { hotkey: self.key.hotkey(), at: self.at }
    }

    /// A request signed by `key` on this server's clock.
    pub(crate) fn signed(&self, key: &Keypair, target: &str, body: &[u8]) -> SignedRequest {
        let clock: Arc<dyn Clock> = self.clock.clone();
        RequestSigner::new(key.clone(), clock).sign("POST", target, body, self.key.hotkey())
    }
}

/// The bytes of an HTTP request with the headers of `request`.
pub(crate) fn http(request: &SignedRequest, extra: &str, body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: miner\r\nconnection: close\r\n", request.method, request.target);
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("{extra}content-length: {}\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

/// What a server answers to raw bytes: status line, headers and body as text. A connection that is reset
/// after the answer still gives the answer.
pub(crate) async fn talk(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // A server that has heard enough may close while we still write.
    let _ = stream.write_all(bytes).await;
    hear(&mut stream).await
}

pub(crate) async fn hear(stream: &mut TcpStream) -> String {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = stream.read(&mut piece).await {
        all.extend_from_slice(&piece[..n]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Checks the status, that the body is a refusal with `code`, and whether it is signed.
#[track_caller]
pub(crate) fn assert_refused(answer: &str, status: u16, code: &str, signed: bool) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    assert_eq!(body["code"], code, "{answer}");
    assert!(body["error"].as_str().is_some_and(|sentence| sentence.len() > 10), "{answer}");
    assert_eq!(answer.contains("x-plimsoll-signature"), signed, "{answer}");
}

pub(crate) const LIVEZ: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
