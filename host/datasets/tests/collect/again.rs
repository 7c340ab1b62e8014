//! A second run, a narrower one, a look without a lock: nothing that was there before is lost by it.

use std::sync::Arc;

use plimsoll_core::Uid;
use plimsoll_datasets::archive::{Archive, Depth, Retention};
use plimsoll_datasets::collect::{CollectOptions, Selection, plan_only, repair};
use plimsoll_hub::{Access, Fault, Repo};

use crate::stage::{NETUID, Stage, commit_of, files, flock, outcome, repo, rows};

fn only(stage: &Stage, uid: u16) -> CollectOptions {
    let selection = Selection { uids: [Uid(uid)].into(), ..Selection::default() };
    CollectOptions { selection, ..stage.options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_gone_in_a_second_run_at_the_same_block_keeps_what_it_had() {
    let stage = Stage::new(2, [repo("a/b", "monday", rows("w", 3)), repo("c/d", "c", rows("x", 2))]);
    stage.name(0, "a/b", "main").await;
    stage.name(1, "c/d", &commit_of("c")).await;
    let first = stage.collect().await;
    stage.hub.put(Repo { access: Access::Private, ..repo("a/b", "monday", "") });
    let second = stage.collect().await;
    assert_eq!(first.subnet.block, second.subnet.block);
    assert_eq!(outcome(&second, 0), "absent-or-private", "the run says what it found");
    Archive::open(stage.data.path()).unwrap().gc(&Retention::default()).unwrap();
    assert_eq!(stage.restored(&second, 0), rows("w", 3), "the snapshot has what was kept");
    // A branch that moved within the block: the first file stays, too.
    let object = first.miners[0].kept.as_ref().unwrap().object;
    stage.hub.put(repo("a/b", "tuesday", rows("v", 4)));
    let third = stage.collect().await;
    Archive::open(stage.data.path()).unwrap().gc(&Retention::default()).unwrap();
    assert_eq!(stage.restored(&third, 0), rows("v", 4));
    assert_eq!(stage.archive().object(&object).unwrap(), rows("w", 3).into_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_run_leaves_what_waits_for_others() {
    let large = rows("large", 20_000);
    let mut stage = Stage::new(2, [repo("a/large", "l", large.clone()), repo("c/d", "c", rows("x", 2))]);
    stage.caps.tries = 1;
    stage.name(0, "a/large", &commit_of("l")).await;
    stage.name(1, "c/d", &commit_of("c")).await;
    stage.hub.fail("a/large", Fault::Cut(1 << 20), Some(8));
    let cut = stage.collect().await;
    assert_eq!(cut.failed, 1, "{:?}", cut.outcomes);
    let incoming = stage.data.path().join("incoming");
    let waits = files(&incoming);
    assert!(waits.iter().any(|path| path.to_string_lossy().ends_with(".part")), "{waits:?}");
    stage.ledger.advance(1);
    let narrow = only(&stage, 1);
    stage.collect_as(&narrow).await.unwrap();
    assert_eq!(files(&incoming), waits);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_that_no_snapshot_names_is_fetched_again() {
    for by_run in [true, false] {
        let stage = Stage::new(1, [repo("a/b", "c", rows("w", 40))]);
        stage.name(0, "a/b", &commit_of("c")).await;
        let bytes = rows("w", 40).into_bytes();
        let mut archive = Archive::open(stage.data.path()).unwrap();
        let mut batch = archive.batch().unwrap();
        let commit = commit_of("c");
        let from = Some(("a/b", commit.as_str()));
        let witness = plimsoll_datasets::archive::Witness::default();
        let file = plimsoll_datasets::archive::NewFile { bytes: &bytes, rows: &[], witness, from };
        batch.put_for(&file, "data.jsonl", NETUID).unwrap();
        batch.commit().unwrap();
        drop(archive);
        let pack = stage.data.path().join("archive/packs/00000000.pack");
        let mut stored = std::fs::read(&pack).unwrap();
        stored[200] ^= 1;
        std::fs::write(&pack, stored).unwrap();
        if by_run {
            let summary = stage.collect().await;
            assert_eq!((outcome(&summary, 0), stage.requests()), ("fetched", (1, 0)));
            assert_eq!(stage.restored(&summary, 0).into_bytes(), bytes);
        } else {
            let archive = Arc::new(std::sync::Mutex::new(Archive::open(stage.data.path()).unwrap()));
            let report = archive.lock().unwrap().fsck(Depth::Stored).unwrap();
            let path = stage.data.path();
            let mended =
                repair(&report, path, "elsewhere", &stage.fetch(), &archive, &flock()).await.unwrap();
            assert!(mended.len() == 1 && mended[0].outcome.is_ok(), "{mended:?}");
            assert!(archive.lock().unwrap().fsck(Depth::Objects).unwrap().is_sound());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takedown_does_not_stick_to_a_branch_that_means_another_file_by_now() {
    let stage = Stage::new(1, [repo("a/b", "monday", rows("w", 2))]);
    stage.name(0, "a/b", "main").await;
    let first = stage.collect().await;
    let object = first.miners[0].kept.as_ref().unwrap().object;
    Archive::open(stage.data.path()).unwrap().take_down(&object, "asked for").unwrap();
    for _ in 0..2 {
        stage.ledger.advance(1);
        assert_eq!(outcome(&stage.collect().await, 0), "taken-down");
    }
    stage.hub.put(repo("a/b", "tuesday", rows("v", 4)));
    stage.ledger.advance(1);
    let after = stage.collect().await;
    assert_eq!(outcome(&after, 0), "fetched");
    assert_eq!(stage.restored(&after, 0), rows("v", 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_makes_nothing_and_needs_no_lock() {
    let stage = Stage::new(1, [repo("a/b", "c", rows("w", 2))]);
    stage.name(0, "a/b", &commit_of("c")).await;
    let plan = plan_only(&stage.options(), &stage.ledger, &flock()).await.unwrap();
    assert_eq!((plan.to_fetch(), files(stage.data.path()).len()), (1, 0));
    stage.collect().await;
    let writer = Archive::open(stage.data.path()).unwrap();
    let plan = plan_only(&stage.options(), &stage.ledger, &flock()).await.unwrap();
    assert_eq!(plan.to_fetch(), 0);
    drop(writer);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_judged_is_not_noted_where_a_count_of_another_plugin_is_carried_over() {
    let stage = Stage::new(2, [repo("a/b", "c", rows("w", 2)), repo("c/d", "e", rows("x", 2))]);
    stage.name(0, "a/b", "main").await;
    stage.name(1, "c/d", &commit_of("e")).await;
    stage.collect().await;
    let mark = stage.data.path().join(format!("archive/judged-{NETUID}"));
    std::fs::write(&mark, "another plugin\n").unwrap();
    stage.ledger.advance(1);
    // Uid 0 is carried over as the other plugin judged it.
    let narrow = only(&stage, 1);
    let summary = stage.collect_as(&narrow).await.unwrap();
    assert_eq!(outcome(&summary, 0), "held");
    assert!(!mark.exists());
    stage.ledger.advance(1);
    stage.collect().await;
    assert!(mark.exists());
}
