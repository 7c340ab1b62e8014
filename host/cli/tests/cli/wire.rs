//! Who asks a miner, and what it remembers of it when it is killed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use plimsoll_chain::wallet::Wallet;
use plimsoll_core::{Keypair, NetUid};
use plimsoll_wire::messages::REGISTRATION_PATH;
use plimsoll_wire::{
    Clock as _, ManualClock, RegistrationRequest, RequestSigner, SignedRequest, SystemClock,
};
use serde_json::Value;

use crate::home::Home;
use crate::server::{Server, free_port};

const MINER: &str = "--wallet.name m";
const VALIDATOR: &str = "--wallet.name v";

/// A chain, a validator with a permit, and a miner with a plot for it that is not started yet.
struct Scene {
    home: Home,
    axon: SocketAddr,
    _chain: Server,
}

fn key(home: &Path, wallet: &str) -> Keypair {
    Wallet::at(&home.join(".bittensor/wallets"), wallet, "default").unwrap().hotkey().unwrap()
}

impl Scene {
    fn new() -> Self {
        let home = Home::warm();
        let (chain_port, axon_port) = (free_port(), free_port());
        home.write(
            "plimsoll.toml",
            &format!(
                "[chain]\nendpoint = \"local://127.0.0.1:{chain_port}\"\n[space]\ndb_path = \"db\"\n\
                 max_size = \"4MiB\"\nthreshold = 1.0\n[miner]\nlisten = \"127.0.0.1:{axon_port}\"\n\
                 [validator]\nevidence_dir = \"evidence\"\n[allocation]\npolicy = \"builtin:allocation-permit\"\n\
                 [challenge.params]\nspread_ms = 0\n"
            ),
        );
        std::fs::create_dir(home.path().join("db")).unwrap();
        let chain = Server::start(home.path(), "localnet --block-ms 100 --tempo 5");
        let scene = Self { home, axon: SocketAddr::from(([127, 0, 0, 1], axon_port)), _chain: chain };
        for wallet in [VALIDATOR, MINER] {
            scene.done(&format!("wallet new {wallet}"));
            scene.done(&format!("localnet register {wallet}"));
        }
        scene.done(&format!("localnet stake 500 {VALIDATOR}"));
        scene.done(&format!("allocate {MINER}"));
        scene.done(&format!("generate {MINER}"));
        scene
    }

    fn done(&self, line: &str) -> String {
        let ran = self.home.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.out, ran.err);
        ran.out
    }

    fn miner(&self, more: &str) -> Server {
        Server::start(self.home.path(), &format!("miner {MINER} {more}"))
    }

    /// As the validator asks what is kept for it, dated `ahead_ms` from now.
    fn signed(&self, ahead_ms: u64) -> SignedRequest {
        let clock = ManualClock::at(SystemClock::default().unix_ns() + ahead_ms * 1_000_000);
        let signer = RequestSigner::new(key(self.home.path(), "v"), Arc::new(clock));
        let body = RegistrationRequest { netuid: NetUid(1) }.to_bytes();
        signer.sign("POST", REGISTRATION_PATH, &body, key(self.home.path(), "m").hotkey())
    }

    /// Status and body of the answer.
    fn ask(&self, request: &SignedRequest) -> (u16, String) {
        let body = RegistrationRequest { netuid: NetUid(1) }.to_bytes();
        let mut text = format!("{} {} HTTP/1.1\r\nhost: miner\r\n", request.method, request.target);
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
        let mut stream = TcpStream::connect(self.axon).unwrap();
        stream.write_all(&[text.as_bytes(), &body].concat()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        let (head, body) = said.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[test]
fn a_miner_that_was_killed_answers_its_validator_again_and_takes_nothing_twice() {
    let scene = Scene::new();
    // What it takes before it is killed is to be refused after it, though it is dated beyond its end.
    let miner = scene.miner("");
    let (first, dated) = (scene.signed(1500), Instant::now());
    assert_eq!(scene.ask(&first).0, 200);
    assert_eq!(scene.ask(&first).0, 409);
    miner.kill();
    let miner = scene.miner("");
    let (status, why) = scene.ask(&first);
    let is_stale = dated.elapsed().as_secs_f64() > 11.4;
    assert!(status == 409 || (is_stale && status == 401), "{status} {why}");
    assert!(is_stale || why.contains("taken"), "{why}");

    assert_eq!(scene.ask(&scene.signed(0)).0, 200);
    let told = scene.done(&format!("validator {VALIDATOR} --rounds 1 --json --log off"));
    let round: Value = serde_json::from_str(&told).unwrap();
    let standing = &round["miners"][0]["standing"];
    assert_eq!(
        (&standing["passed"], &round["miners"][0]["weight"]),
        (&1.into(), &65535.into()),
        "{standing}"
    );

    // Two of one hotkey would take the same request once each.
    let second = scene.home.run(&format!("miner {MINER} --set miner.listen=127.0.0.1:{}", free_port()));
    assert_eq!(second.code, 11, "{}", second.err);
    assert!(second.err.contains("is open in another process: stop that miner"), "{}", second.err);
    assert_eq!(miner.interrupt(), 0);
}

#[test]
fn a_hotkey_that_is_denied_is_told_so_and_one_that_alone_is_served_is_answered() {
    let scene = Scene::new();
    let validator = key(scene.home.path(), "v").hotkey();
    let miner = scene.miner(&format!("--set miner.deny={validator}"));
    let (status, why) = scene.ask(&scene.signed(0));
    assert_eq!(status, 403);
    assert!(why.contains(&format!("{validator} is not served here: the miner's operator says so")), "{why}");
    assert_eq!(miner.interrupt(), 0);

    let miner = scene.miner(&format!("--set miner.only={validator} --set miner.replay_dir=seen"));
    assert_eq!(scene.ask(&scene.signed(0)).0, 200);
    assert_eq!(miner.interrupt(), 0);
    assert!(scene.home.path().join("seen/m/default/replay-0.log").is_file());
}

#[test]
fn the_bench_of_the_wire_answers_with_proofs_of_real_plots_and_leaves_nothing_behind() {
    let home = Home::warm();
    let line = "bench wire --rate 50 --connections 4 --seconds 1 --json";
    let figures = home.run(line).json();
    let number = |name: &str| figures[name].as_f64().unwrap();
    assert_eq!((number("answered"), number("refused"), number("failed")), (50.0, 0.0, 0.0), "{figures}");
    assert_eq!((number("connections"), number("signatures_verified")), (4.0, 1.0));
    for positive in ["requests_per_second", "p50_ms", "p99_ms", "peak_rss_bytes", "descriptors"] {
        assert!(number(positive) > 0.0, "{positive}: {figures}");
    }
    assert!(number("p50_ms") <= number("p99_ms"));
    assert_eq!((&figures["scheme"], &figures["self_check"]), (&"proof-stream".into(), &true.into()));
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    let both = home.run("bench wire --flood --rate 50");
    assert_eq!(both.code, 2, "{}", both.err);
}
