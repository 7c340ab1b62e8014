//! What is there already: plots that a new division leaves alone, damage that a check only tells, and what a
//! commitment says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use plimsoll_chain::{Chain as _, Snapshot};
use plimsoll_core::{ByteSize, Digest, Identity, Uid};
use plimsoll_node::NodeError;
use plimsoll_node::miner::{MinerOptions, Plots, Prompt, start_with};
use plimsoll_node::space::{
    AllocateRequest, Allocated, CheckDepth, CheckOptions, Checked, GenerateJob, GenerateOptions, Generated,
    Silent, allocate, check, expect_planned_for, generate, repair,
};
use plimsoll_store::{CancelFlag, Plot, PlotHeader, StoreError, plot_path};
use world::moody::Moody;
use world::{NETUID, World, hotkey, scheme};

fn request(world: &World, max_bytes: u64) -> AllocateRequest {
    AllocateRequest {
        db_path: world.folder.path().to_path_buf(),
        wallet_name: "wallet".into(),
        wallet_hotkey: "hot".into(),
        owner: hotkey("m"),
        endpoint: "in process".into(),
        threshold: 1.0,
        max_bytes: Some(max_bytes),
        chunk_bytes: 64 << 10,
        rebalance: false,
    }
}

fn divided(snapshot: &Snapshot, request: &AllocateRequest) -> Result<Allocated, NodeError> {
    let policy = world::choices().load_allocation(world::host()).unwrap();
    allocate(snapshot, request, &policy, &scheme())
}

fn filled(of: &Allocated) -> Result<Vec<Generated>, NodeError> {
    let job = |part: &plimsoll_store::partition::Partition| GenerateJob {
        path: plot_path(&of.folder, &part.validator),
        identity: Identity { netuid: NETUID, owner: hotkey("m"), validator: part.validator },
        capacity_bytes: part.size,
    };
    let jobs: Vec<GenerateJob> = of.partitions.iter().map(job).collect();
    generate(&scheme(), &jobs, &GenerateOptions::default(), &Silent)
}

#[tokio::test]
async fn dividing_again_keeps_the_plots_that_are_there_and_divides_the_rest() {
    let world = World::new(&["v", "w", "x"], &["m"]);
    let all = world.chain().snapshot(NETUID).await.unwrap();
    // The third validator is not there yet.
    let mut before = all.clone();
    before.neurons.retain(|neuron| neuron.hotkey != hotkey("x"));
    let mut first = divided(&before, &request(&world, 4 << 20)).unwrap();
    assert_eq!((first.partitions.len(), first.kept.len()), (2, 0));
    first.partitions = plimsoll_store::partition::read_partitions(&first.write().unwrap()).unwrap();
    filled(&first).unwrap();

    // No room for the new one: it is told so, and every entry is what it was.
    let again = divided(&all, &request(&world, 4 << 20)).unwrap();
    assert_eq!(again.partitions, first.partitions);
    assert_eq!((again.kept.len(), again.skipped.len()), (2, 1));
    assert!(
        again.skipped[0].why.ends_with("or divide anew with --rebalance and fill again"),
        "{:?}",
        again.skipped
    );
    assert_eq!(again.file_bytes, first.file_bytes);
    assert!(filled(&again).unwrap().iter().all(|plot| plot.resumed_bytes == plot.bytes));

    // With room it gets the rest, and only that; also where the partition file is lost.
    for lose in [false, true] {
        if lose {
            fs::remove_file(first.folder.join("partition.json")).unwrap();
        }
        let more = divided(&all, &request(&world, 6 << 20)).unwrap();
        assert_eq!((more.partitions.len(), more.kept.len(), more.skipped.len()), (3, 2, 0));
        assert!(more.file_bytes <= 6 << 20, "{}", more.file_bytes);
        for (old, new) in first.partitions.iter().zip(&more.partitions) {
            assert_eq!((old.validator, &old.plimsoll), (new.validator, &new.plimsoll));
        }
        filled(&more).unwrap();
        fs::remove_file(plot_path(&more.folder, &hotkey("x"))).unwrap();
    }

    // Asked to, everything is divided anew; a cap below what is there is refused.
    let anew = AllocateRequest { rebalance: true, ..request(&world, 4 << 20) };
    let anew = divided(&all, &anew).unwrap();
    assert_eq!((anew.partitions.len(), anew.kept.len()), (3, 0));
    assert!(anew.partitions[0].size < first.partitions[0].size);
    let refused = divided(&all, &request(&world, 1 << 20)).unwrap_err().to_string();
    let taken = ByteSize(first.file_bytes);
    assert!(
        refused.starts_with(&format!("the plots that are there take {taken}, more than the 1 MiB")),
        "{refused}"
    );
}

#[tokio::test]
async fn the_configured_threshold_is_written_down_and_chunks_are_units() {
    let world = World::new(&["v"], &["m"]);
    let snapshot = world.chain().snapshot(NETUID).await.unwrap();
    let of = AllocateRequest { threshold: 0.75, ..request(&world, 3 << 20) };
    let entry = divided(&snapshot, &of).unwrap().partitions.remove(0);
    let plot = entry.plimsoll.unwrap();
    assert_eq!((entry.threshold, entry.i), (0.75, Uid(0)));
    assert_eq!((entry.n_chunks, entry.chunk_size), (plot.units, u64::from(plot.unit_bytes)));
}

#[tokio::test]
async fn a_partition_planned_for_another_scheme_is_refused() {
    let world = World::new(&["v"], &["m"]);
    let snapshot = world.chain().snapshot(NETUID).await.unwrap();
    let mut partitions = divided(&snapshot, &request(&world, 3 << 20)).unwrap().partitions;
    expect_planned_for(&partitions, &scheme()).unwrap();
    partitions[0].plimsoll.as_mut().unwrap().params = Digest([7; 32]);
    let text = expect_planned_for(&partitions, &scheme()).unwrap_err().to_string();
    assert!(text.contains(&format!("its parameter digest is {}, the configured", Digest([7; 32]))), "{text}");
}

fn looked_at(path: &Path, depth: CheckDepth) -> Checked {
    check(path, Some(&scheme()), &CheckOptions::new(depth), &Silent).unwrap()
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

fn one_plot(world: &World) -> (PathBuf, Vec<u8>) {
    let path = world.plot_of("m", "v");
    let whole = fs::read(&path).unwrap();
    (path, whole)
}

#[test]
fn a_check_beside_a_miner_tells_of_a_damaged_header_and_leaves_it_and_repair_heals_it() {
    let world = World::new(&["v"], &["m"]);
    let (path, whole) = one_plot(&world);
    overwrite(&path, 2048 + 100, &[0xff; 8]);
    let damaged = fs::read(&path).unwrap();
    let miner = Plot::open(&path).unwrap();
    for depth in [CheckDepth::Fast, CheckDepth::Full] {
        let found = looked_at(&path, depth);
        assert_eq!(found.findings, ["header slot 1 is damaged or behind; the other one holds"]);
        assert!(!found.clean);
    }
    assert!(fs::read(&path).unwrap() == damaged, "a check writes nothing");
    drop(miner);
    let repaired = repair(&path, &scheme(), &CancelFlag::new(), &Silent).unwrap();
    assert!(repaired.clean);
    assert_eq!(repaired.found, ["header slot 1 was damaged or behind; it was written again"]);
    assert!(fs::read(&path).unwrap() == whole);
}

#[test]
fn a_sealed_plot_that_was_cut_short_is_not_called_complete_and_is_repaired() {
    let world = World::new(&["v"], &["m"]);
    let (path, whole) = one_plot(&world);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64 / 2).unwrap();
    let identity = Identity { netuid: NETUID, owner: hotkey("m"), validator: hotkey("v") };
    let job = GenerateJob { path: path.clone(), identity, capacity_bytes: world::PLOT_BYTES };
    let refused = generate(&scheme(), &[job], &GenerateOptions::default(), &Silent).unwrap_err();
    assert!(matches!(refused, NodeError::Store(StoreError::CutShort { .. })), "{refused}");
    assert!(refused.to_string().ends_with("run `plimsoll repair`"), "{refused}");
    assert!(repair(&path, &scheme(), &CancelFlag::new(), &Silent).unwrap().clean);
    assert!(fs::read(&path).unwrap() == whole);
}

#[test]
fn a_commitment_that_is_not_that_of_the_bytes_is_found_by_a_full_check_with_the_scheme() {
    let world = World::new(&["v"], &["m"]);
    let (path, _) = one_plot(&world);
    let good = looked_at(&path, CheckDepth::Full);
    assert!(good.clean && good.commitment_recomputed, "{good:?}");
    let header = Plot::open(&path).unwrap().header().clone();
    let made = header.commitment.unwrap();
    let wrong = Digest([5; 32]);
    let page = PlotHeader::new_sealed(header.spec, Some(wrong), header.integrity_root).encode_page();
    overwrite(&path, 0, &page);
    let found = looked_at(&path, CheckDepth::Full);
    let expected = format!("the scheme commits to {made} over these bytes, the header says {wrong}");
    assert_eq!((found.clean, found.findings), (false, vec![expected]));
    // Without the scheme only the tree is checked, and nothing else is claimed.
    let tree = check(&path, None, &CheckOptions::new(CheckDepth::Full), &Silent).unwrap();
    assert!(tree.clean && !tree.commitment_recomputed, "{tree:?}");
}

#[test]
fn damage_is_not_covered_up_by_a_second_finding_about_the_commitment() {
    let world = World::new(&["v"], &["m"]);
    let (path, _) = one_plot(&world);
    world::flip(&path, 70_000, 1);
    let found = looked_at(&path, CheckDepth::Full);
    assert_eq!((found.findings.len(), found.commitment_recomputed), (1, false));
    assert_eq!(found.remarks, ["its commitment was not made again, for it is damaged"]);
}

#[tokio::test]
async fn a_plot_that_no_partition_uses_takes_its_space_from_the_cap_and_is_named() {
    let world = World::new(&["v", "w"], &["m"]);
    let all = world.chain().snapshot(NETUID).await.unwrap();
    let first = divided(&all, &request(&world, 4 << 20)).unwrap();
    first.write().unwrap();
    filled(&first).unwrap();
    // The second validator is gone; its plot is still there.
    let mut fewer = all;
    fewer.neurons.retain(|neuron| neuron.hotkey != hotkey("w"));
    let taken = |path: &Path| std::os::unix::fs::MetadataExt::blocks(&fs::metadata(path).unwrap()) * 512;
    let left = plot_path(&first.folder, &hotkey("w"));
    for rebalance in [false, true] {
        let request = AllocateRequest { rebalance, ..request(&world, 4 << 20) };
        let again = divided(&fewer, &request).unwrap();
        assert_eq!(again.orphans.len(), 1);
        let orphan = &again.orphans[0];
        assert_eq!((&orphan.path, orphan.bytes), (&left, taken(&left)));
        assert_eq!((orphan.validator, orphan.netuid), (Some(hotkey("w")), Some(NETUID)));
        assert!(again.file_bytes + orphan.bytes <= again.cap_bytes, "{again:?}");
        assert!(again.partitions.iter().all(|partition| partition.validator != hotkey("w")));
    }
    // Nothing is left beside it.
    let small = AllocateRequest { rebalance: true, ..request(&world, taken(&left)) };
    let why = divided(&fewer, &small).unwrap_err().to_string();
    assert!(why.starts_with("plots that no partition uses take "), "{why}");
    assert!(why.contains(&format!("for {} on subnet {NETUID}", hotkey("w"))), "{why}");
    fs::remove_file(&left).unwrap();
    assert!(divided(&fewer, &small).unwrap().orphans.is_empty());
}

#[tokio::test]
async fn a_division_that_is_not_written_leaves_the_disk_as_it_was() {
    let world = World::new(&["v"], &["m"]);
    let all = world.chain().snapshot(NETUID).await.unwrap();
    let divided = divided(&all, &request(&world, 4 << 20)).unwrap();
    assert_eq!(fs::read_dir(world.folder.path()).unwrap().count(), 0);
    let file = divided.write().unwrap();
    let marker = plimsoll_store::DiskMarker::read(world.folder.path()).unwrap();
    assert!(marker.is_some());
    let written = plimsoll_store::partition::read_partitions(&file).unwrap();
    assert!(written.iter().all(|partition| partition.plimsoll.as_ref().unwrap().disk == marker));
}

#[tokio::test]
async fn a_subnet_without_validators_is_called_so() {
    let world = World::new(&["v"], &["m"]);
    let mut alone = world.chain().snapshot(NETUID).await.unwrap();
    alone.neurons.clear();
    let why = divided(&alone, &request(&world, 4 << 20)).unwrap_err().to_string();
    assert_eq!(
        why,
        format!(
            "subnet {NETUID} on in process has no validators to keep plots for: check the subnet and the endpoint, \
             or wait until validators have registered"
        )
    );
}

#[tokio::test]
async fn a_partition_file_never_leads_out_of_its_folder() {
    let world = World::new(&["v"], &["m"]);
    let all = world.chain().snapshot(NETUID).await.unwrap();
    let file = divided(&all, &request(&world, 4 << 20)).unwrap().write().unwrap();
    let good = fs::read_to_string(&file).unwrap();
    let name = format!("plot-{}.plot", hotkey("v"));
    for bad in ["../other.plot", "/etc/passwd", "..", "", "a/b.plot", "./a.plot", "a\\\\b"] {
        fs::write(&file, good.replace(&name, bad)).unwrap();
        let why = plimsoll_store::partition::read_partitions(&file).unwrap_err().to_string();
        assert!(why.contains("expected the name of a file in the same folder"), "{bad}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_serves_before_the_chain_takes_its_axon_and_announces_again_what_the_chain_has_lost() {
    let world = World::new(&["v"], &["m"]);
    let (ledger, me) = (world.ledger.clone(), world::key("m"));
    let moody = Arc::new(Moody {
        ledger: ledger.clone(),
        whom: me.hotkey(),
        forgets: AtomicBool::new(false),
        busy: AtomicU32::new(2),
    });
    let options = MinerOptions { refresh_every: Duration::from_millis(100), ..world.miner_options("m") };
    let plots = Plots::new(vec![world.held("m", "v")]);
    let chain = Arc::clone(&moody);
    let miner = start_with(chain as _, scheme(), options, plots, Arc::new(Prompt)).await.unwrap();
    miner.audit_self().await;
    let status = miner.status();
    assert!(!status.ready);
    let why = status.unannounced.unwrap();
    assert!(
        why.ends_with("said where it serves too recently: the subnet takes that every 50 blocks"),
        "{why}"
    );
    let axon = async || ledger.snapshot(NETUID).await.unwrap().neuron(&me.hotkey()).unwrap().axon;
    until(async || axon().await == Some(miner.address()) && miner.status().ready).await;
    assert_eq!(moody.busy.load(Relaxed), 0);

    // Somebody else with the key, or a registration anew.
    ledger.serve_axon(&me, NETUID, "10.1.2.3:4".parse().unwrap()).await.unwrap();
    ledger.commit(&me, NETUID, b"something else").await.unwrap();
    let said = async || ledger.commitments(NETUID).await.unwrap()[0].bytes.clone();
    until(async || axon().await == Some(miner.address()) && said().await.starts_with(b"plimsoll")).await;

    moody.forgets.store(true, Relaxed);
    until(async || miner.status().unannounced.is_some()).await;
    let why = miner.status().unannounced.unwrap();
    assert!(
        why.contains("is not registered on subnet 7") && why.ends_with("register it with `btcli`"),
        "{why}"
    );
    moody.forgets.store(false, Relaxed);
    until(async || miner.status().ready).await;
    miner.stop().await;
}

/// Waits until something holds, at most a minute.
async fn until(holds: impl AsyncFn() -> bool) {
    for _ in 0..1200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a minute has passed");
}
