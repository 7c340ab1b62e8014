//! What goes wrong on either side, and whom it costs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use plimsoll_core::{Hotkey, NetUid, RegionSpace, SpaceError};
use plimsoll_node::miner::{Prompt, StatusServer, start_with};
use plimsoll_node::validator::{Delivery, RoundReport, Validator};
use plimsoll_node::{NodeError, miner::Plots};
use plimsoll_wire::{
    AuditReply, AuditRequest, MinerSide, Refusal, RegistrationSet, WireLimits, miner_router,
};
use world::{World, damage, hotkey, key, plugins, scheme};

fn outcome(report: &RoundReport, uid: u16) -> (u32, u32, u32, u32, u32) {
    let row = report.miners.iter().find(|row| row.standing.uid.0 == uid).unwrap();
    let s = &row.standing;
    (s.passed, s.failed, s.late, s.absent, row.no_verdict)
}

/// Serves `side` for `miner` as a server would that is not ours.
async fn serve_raw(world: &World, miner: &str, side: Arc<dyn MinerSide>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = miner_router(side, key(miner), WireLimits::default());
    tokio::spawn(plimsoll_wire::serve(listener, router, WireLimits::default(), std::future::pending()));
    let chain = world.chain();
    let root = plimsoll_wire::SetCommitment { root: Plots::new([world.held(miner, "v")]).root() };
    chain.commit(&key(miner), world::NETUID, root.to_string().as_bytes()).await.unwrap();
    chain.serve_axon(&key(miner), world::NETUID, at).await.unwrap();
}

/// Registers a real plot and answers audits with the same bytes whatever is asked.
struct Garbler(Plots, Vec<u8>);

#[async_trait]
impl MinerSide for Garbler {
    fn permits(&self, _caller: &Hotkey) -> bool {
        true
    }

    async fn registrations(&self, caller: &Hotkey, _netuid: NetUid) -> Result<RegistrationSet, Refusal> {
        Ok(self.0.set_for(caller).unwrap())
    }

    async fn audit(&self, _caller: &Hotkey, _request: AuditRequest) -> Result<AuditReply, Refusal> {
        Ok(AuditReply::Proof(self.1.clone()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_garbage_fails_unsigned_garbage_is_absent_and_others_are_paid() {
    let world = World::new(&["v"], &["good", "signed", "unsigned"]);
    let good = world.honest("good", "v").await;
    serve_raw(&world, "signed", Arc::new(Garbler(Plots::new([world.held("signed", "v")]), vec![7; 5000])))
        .await;
    let unsigned = world.honest("unsigned", "v").await;

    let mut validator = world.validator("v").await;
    let report = validator.round().await.unwrap();
    assert_eq!(outcome(&report, 1), (1, 0, 0, 0, 0));
    assert_eq!(outcome(&report, 2), (0, 1, 0, 0, 0));
    assert_eq!(outcome(&report, 3), (1, 0, 0, 0, 0));

    // From now on something else listens where the third one registered.
    let at = unsigned.address();
    unsigned.stop().await;
    let listener = tokio::net::TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake").await;
        }
    });
    let report = validator.round().await.unwrap();
    assert_eq!(outcome(&report, 1), (1, 0, 0, 0, 0));
    assert_eq!(outcome(&report, 3), (0, 0, 0, 1, 0));
    assert_eq!(validator.deliver().await.unwrap(), Delivery::Set);
    assert_eq!(world.weights_of("v").await, [65535, 0, 0]);
    assert_eq!(validator.deliver().await.unwrap(), Delivery::AlreadySet);
    good.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_plot_is_refused_before_a_wrong_proof_leaves_and_only_its_own_validator_notices() {
    let world = World::new(&["v", "w"], &["m"]);
    damage(&world.plot_of("m", "v"), 0, world::PLOT_BYTES as usize);
    let miner = world.serve("m", vec![world.held("m", "v"), world.held("m", "w")], Arc::new(Prompt)).await;
    miner.audit_self().await;
    let status = miner.status();
    assert!(!status.ready);
    let of = |name: &str| status.plots.iter().find(|plot| plot.validator == hotkey(name)).unwrap().clone();
    assert!(!of("v").ready && of("w").ready, "{status:?}");
    assert!(of("v").why.unwrap().starts_with("the plot is damaged where the challenge asks"));

    let mut first = world.validator("v").await;
    let mut second = world.validator("w").await;
    assert_eq!(outcome(&first.round().await.unwrap(), 2), (0, 0, 0, 1, 0), "refused, never a wrong proof");
    assert_eq!(outcome(&second.round().await.unwrap(), 2), (1, 0, 0, 0, 0));
    let log = std::fs::read_to_string(first.log_path()).unwrap();
    assert!(log.contains(r#""came":"refused","status":500"#), "{log}");
    assert!(log.contains(r#""ruling":{"verdict":"refused"}"#), "{log}");
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_flipped_bit_never_becomes_a_wrong_proof() {
    let world = World::new(&["v"], &["m"]);
    let path = world.plot_of("m", "v");
    world::flip(&path, 5 * 65_536 + 777, 0x10);
    let miner = world.honest("m", "v").await;
    let mut options = world.validator_options("v");
    options.budget.samples = 64;
    let mut validator = Validator::open(world.chain(), plugins(), options).await.unwrap();
    assert_eq!(outcome(&validator.round().await.unwrap(), 1), (0, 0, 0, 1, 0));
    world::flip(&path, 5 * 65_536 + 777, 0x10);
    assert_eq!(outcome(&validator.round().await.unwrap(), 1), (1, 0, 0, 0, 0));
    miner.stop().await;
}

/// One request, the whole answer.
async fn get(at: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_green_only_over_plots_that_were_read_and_proven() {
    let world = World::new(&["v"], &["m"]);
    let miner = world.honest("m", "v").await;
    let server = StatusServer::start(miner.side().health().clone(), "127.0.0.1:0".parse().unwrap());
    let server = server.await.unwrap();
    let before = get(server.address(), "/readyz").await;
    assert!(
        before.starts_with("HTTP/1.1 503") && before.contains("not read and proven within the last minute")
    );
    miner.audit_self().await;
    assert!(get(server.address(), "/readyz").await.starts_with("HTTP/1.1 200"));
    damage(&world.plot_of("m", "v"), 0, world::PLOT_BYTES as usize);
    miner.audit_self().await;
    assert!(get(server.address(), "/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(get(server.address(), "/status").await.contains("\"ready\":false"));
    let open = StatusServer::start(miner.side().health().clone(), "0.0.0.0:0".parse().unwrap()).await;
    let message = open.err().unwrap().to_string();
    assert!(message.contains("a status is for this machine only"), "{message}");
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_damage_is_not_cleared_by_a_self_audit_of_another_unit() {
    let world = World::new(&["v"], &["m"]);
    let path = world.plot_of("m", "v");
    let miner = world.honest("m", "v").await;
    miner.audit_self().await;
    assert!(miner.status().ready);
    // One unit of sixty-four; an audit of all of them meets it, a self-audit of one rarely does.
    world::flip(&path, 5 * 65_536 + 777, 0x10);
    let mut options = world.validator_options("v");
    options.budget.samples = 64;
    let mut validator = Validator::open(world.chain(), plugins(), options).await.unwrap();
    assert_eq!(outcome(&validator.round().await.unwrap(), 1), (0, 0, 0, 1, 0));
    for _ in 0..20 {
        miner.audit_self().await;
        let status = miner.status();
        assert!(!status.ready && status.plots[0].why.is_some(), "{status:?}");
    }
    world::flip(&path, 5 * 65_536 + 777, 0x10);
    miner.audit_self().await;
    assert!(miner.status().ready, "{:?}", miner.status());
    miner.stop().await;
}

/// A disk that gives nothing until it is let go.
struct SlowDisk(Arc<dyn RegionSpace>, Arc<AtomicBool>);

impl RegionSpace for SlowDisk {
    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        while !self.1.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.0.read_at(offset, into)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_self_audit_does_not_keep_a_new_validator_out() {
    let world = World::new(&["v"], &["m"]);
    let mut plot = world.held("m", "v");
    let let_go = Arc::new(AtomicBool::new(false));
    plot.region = Arc::new(SlowDisk(plot.region, Arc::clone(&let_go)));
    let mut options = world.miner_options("m");
    options.self_audit_every = Some(Duration::from_secs(60));
    options.refresh_every = Duration::from_millis(5);
    let miner =
        start_with(world.chain(), scheme(), options, Plots::new([plot]), Arc::new(Prompt)).await.unwrap();
    use plimsoll_wire::MinerSide as _;
    assert!(miner.side().permits(&hotkey("v")));
    let stakes = ["v", "m"].map(|name| miner.side().stake(&hotkey(name)));
    assert_eq!(stakes, [100 * plimsoll_core::RAO_PER_TAO, 0]);
    miner.side().permit_only([]);
    assert_eq!(miner.side().stake(&hotkey("v")), 0);
    while !miner.side().permits(&hotkey("v")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(miner.status().plots[0].last_passed_s.is_none(), "the first self-audit is still reading");
    let_go.store(true, Ordering::SeqCst);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plot_cut_short_under_a_running_miner_is_an_error_value_for_its_validator_alone() {
    let world = World::new(&["v", "w"], &["m"]);
    let miner = world.serve("m", vec![world.held("m", "v"), world.held("m", "w")], Arc::new(Prompt)).await;
    let file = std::fs::File::options().write(true).open(world.plot_of("m", "v")).unwrap();
    file.set_len(8192).unwrap();
    let mut first = world.validator("v").await;
    let mut second = world.validator("w").await;
    assert_eq!(outcome(&first.round().await.unwrap(), 2), (0, 0, 0, 1, 0));
    assert_eq!(outcome(&second.round().await.unwrap(), 2), (1, 0, 0, 0, 0));
    miner.stop().await;
}

/// A disk of which one part cannot be read.
struct BadDisk(Arc<dyn RegionSpace>);

impl RegionSpace for BadDisk {
    fn size_bytes(&self) -> u64 {
        self.0.size_bytes()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), SpaceError> {
        if offset >= self.0.size_bytes() / 2 {
            let reason = "Input/output error".to_owned();
            return Err(SpaceError::Device { path: "disk".into(), offset, len: into.len() as u64, reason });
        }
        self.0.read_at(offset, into)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_read_gives_a_signed_refusal_without_its_path() {
    let world = World::new(&["v"], &["m"]);
    let mut plot = world.held("m", "v");
    plot.region = Arc::new(BadDisk(plot.region));
    let miner = world.serve("m", vec![plot], Arc::new(Prompt)).await;
    let mut validator = world.validator("v").await;
    assert_eq!(outcome(&validator.round().await.unwrap(), 1), (0, 0, 0, 1, 0));
    let log = std::fs::read_to_string(validator.log_path()).unwrap();
    assert!(log.contains("the plot cannot be read where the challenge asks: a storage fault"));
    assert!(!log.contains("Input/output"));
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_audit_one_miner_each_on_a_plot_of_its_own() {
    let world = World::new(&["v", "w"], &["m"]);
    let miner = world.serve("m", vec![world.held("m", "v"), world.held("m", "w")], Arc::new(Prompt)).await;
    for name in ["v", "w"] {
        let mut validator = world.validator(name).await;
        let report = validator.round().await.unwrap();
        assert_eq!(outcome(&report, 2), (1, 0, 0, 0, 0));
        validator.deliver().await.unwrap();
        assert_eq!(world.weights_of(name).await, [65535]);
    }
    let logs: Vec<String> = ["v", "w"]
        .map(|name| {
            std::fs::read_to_string(world.path(&format!("evidence-{name}/evidence-000001.ndjson"))).unwrap()
        })
        .into();
    let digest = |name| world.held("m", name).digest.to_string();
    assert!(logs[0].contains(&format!("\"registration\":\"{}\"", digest("v"))));
    assert!(logs[1].contains(&format!("\"registration\":\"{}\"", digest("w"))));
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_the_chain_does_not_bind_or_the_scheme_would_not_plan_is_left_out() {
    let world = World::new(&["v"], &["unbound", "inflated", "good"]);
    let good = world.honest("good", "v").await;
    let unbound = world.honest("unbound", "v").await;
    let other = plimsoll_wire::SetCommitment { root: plimsoll_core::Digest([9; 32]) }.to_string();
    world.chain().commit(&key("unbound"), world::NETUID, other.as_bytes()).await.unwrap();
    let mut plot = world.held("inflated", "v");
    plot.registration.units += 1;
    plot.registration.region_bytes += u64::from(plot.registration.unit_bytes) + 1;
    let plot = plimsoll_node::miner::HeldPlot::serving(plot.registration, plot.region, &plot.path);
    let inflated = world.serve("inflated", vec![plot], Arc::new(Prompt)).await;

    let mut validator = world.validator("v").await;
    let report = validator.round().await.unwrap();
    assert_eq!(report.miners.iter().map(|row| row.standing.uid.0).collect::<Vec<_>>(), [3]);
    let why = |uid: u16| report.left_out.iter().find(|out| out.uid.0 == uid).unwrap().why.clone();
    assert!(why(1).starts_with("its registrations have the root"), "{}", why(1));
    assert!(why(2).starts_with("the size of the region is"), "{}", why(2));
    for miner in [good, unbound, inflated] {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_and_a_validator_without_permit_are_told_so() {
    let world = World::new(&["v"], &["m"]);
    let options = world.miner_options("stranger");
    let started =
        start_with(world.chain(), scheme(), options, Plots::new([world.held("m", "v")]), Arc::new(Prompt))
            .await;
    assert!(matches!(started.err(), Some(NodeError::NotRegistered { .. })));
    let mut mere_miner = world.validator("m").await;
    let error = mere_miner.round().await.unwrap_err();
    assert!(matches!(error, NodeError::NoPermit { .. }), "{error}");
    let nobody = plimsoll_node::validator::Validator::open(
        world.chain(),
        plugins(),
        world.validator_options("nobody"),
    )
    .await;
    assert!(matches!(nobody.err(), Some(NodeError::NotRegistered { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_loaded_partition_by_partition_and_damage_stays_where_it_is() {
    use plimsoll_node::space::{AllocateRequest, GenerateJob, GenerateOptions, Silent, allocate, generate};
    let world = World::new(&["v", "w"], &["m"]);
    let policy = world::choices().load_allocation(world::host()).unwrap();
    let snapshot = world.chain().snapshot(world::NETUID).await.unwrap();
    let request = AllocateRequest {
        db_path: world.folder.path().to_path_buf(),
        wallet_name: "wallet".into(),
        wallet_hotkey: "hot".into(),
        owner: hotkey("m"),
        endpoint: "in process".into(),
        threshold: 1.0,
        max_bytes: Some(4 << 20),
        chunk_bytes: 64 << 10,
        rebalance: false,
    };
    let allocated = allocate(&snapshot, &request, &policy, &scheme()).unwrap();
    allocated.write().unwrap();
    let folder = request.folder();
    let jobs: Vec<GenerateJob> = allocated
        .partitions
        .iter()
        .map(|part| GenerateJob {
            path: plimsoll_store::plot_path(&folder, &part.validator),
            identity: plimsoll_core::Identity {
                netuid: world::NETUID,
                owner: hotkey("m"),
                validator: part.validator,
            },
            capacity_bytes: part.size,
        })
        .collect();
    generate(&scheme(), &jobs, &GenerateOptions::default(), &Silent).unwrap();
    let whole = Plots::load(&folder, world::NETUID, hotkey("m"), &scheme()).unwrap();
    assert_eq!((whole.iter().count(), whole.faults().len()), (jobs.len(), 0));

    let lost = plimsoll_store::plot_path(&folder, &hotkey("w"));
    drop(whole);
    std::fs::write(&lost, b"not a plot").unwrap();
    let partly = Plots::load(&folder, world::NETUID, hotkey("m"), &scheme()).unwrap();
    assert_eq!(partly.iter().count(), jobs.len() - 1);
    assert_eq!(partly.faults().len(), 1);
    assert_eq!(partly.faults()[0].validator, hotkey("w"));

    let foreign = Plots::load(&folder, world::NETUID, hotkey("v"), &scheme()).err().unwrap();
    assert!(foreign.to_string().contains("run `plimsoll allocate` for this wallet and subnet"), "{foreign}");
    let nothing = Plots::load(&world.path("nothing"), world::NETUID, hotkey("m"), &scheme()).err().unwrap();
    assert!(nothing.to_string().contains("does not exist"), "{nothing}");
}
