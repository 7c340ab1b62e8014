//! A subnet of the real shape, from its commitments to the archive and out again.

use std::collections::BTreeMap;

use plimsoll_core::{Keypair, Uid};
use plimsoll_datasets::archive::{Depth, Place, Stale};
use plimsoll_datasets::collect::{CollectOptions, Selection, Since};

use crate::stage::{NETUID, Stage, commit_of, counts, files, key, outcome, repo, rows};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_subnet_is_collected_with_one_request_a_dataset_and_none_the_next_day() {
    let (stage, shape) = Stage::real().await;
    let collector = Keypair::from_seed(&[42; 32]);
    let options = CollectOptions { wallet: Some(collector.clone()), ..stage.options() };
    let first = stage.collect_as(&options).await.unwrap();
    assert_eq!((first.total_miners, first.downloaded, first.failed, first.skipped), (256, 252, 0, 4));
    assert_eq!(stage.requests(), (252, 0));
    assert_eq!((first.resolver_requests, first.api_requests, first.fetched), (252, 0, 252));
    assert_eq!(first.outcomes, BTreeMap::from([("fetched".to_owned(), 252), ("none".to_owned(), 4)]));
    assert_eq!((counts(&first, 1), first.below_min_rows), ((250, 250), 0));
    // What the hub has is what comes out, byte for byte.
    let repos = shape.repos(plimsoll_hub::Way::Plain);
    let texts: BTreeMap<&str, _> = repos
        .iter()
        .map(|repo| (repo.namespace.as_str(), &repo.revisions[0].files["data.jsonl"].bytes))
        .collect();
    for miner in shape.miners.iter().filter(|miner| miner.commitment.is_some()) {
        let (namespace, _) = miner.source().unwrap();
        assert!(stage.restored(&first, miner.uid).as_bytes() == &texts[namespace][..], "uid {}", miner.uid);
    }
    let archive = stage.archive();
    let place = Place { netuid: NETUID, block: first.subnet.block };
    let (manifest, seal) = archive.manifest(place).unwrap();
    assert_eq!((Some(manifest.id()), manifest.collector), (first.manifest, Some(collector.hotkey())));
    assert!(seal.is_good_for(&manifest));
    assert!(archive.fsck(Depth::Objects).unwrap().is_sound());
    let out = tempfile::tempdir().unwrap();
    let written = archive.checkout(place, out.path(), &[], Stale::Keep).unwrap();
    assert_eq!((written.written.len(), files(out.path()).len()), (252, 252));
    assert!(out.path().join("miner_datasets/miner_1/data.jsonl").is_file());
    assert!(!out.path().join("miner_datasets/miner_5").exists());
    drop(archive);
    assert_eq!(files(&stage.data.path().join("incoming")).len(), 0, "nothing waits any more");

    stage.ledger.advance(7200);
    let second = stage.collect_as(&options).await.unwrap();
    assert_eq!(stage.requests(), (0, 0), "nothing has changed");
    assert_eq!((second.downloaded, second.fetched, second.new_bytes), (252, 0, 0));
    assert_ne!(second.manifest, first.manifest, "it is another block");
    assert_eq!(stage.archive().snapshots().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_chosen_is_asked_for_and_what_is_held_is_told_all_the_same() {
    let repos = (0..4).map(|n| repo(&format!("a/set{n}"), &format!("c{n}"), rows(&format!("w{n}"), 3 + n)));
    let stage = Stage::new(4, repos);
    for uid in 0..4u16 {
        stage.name(uid, &format!("a/set{uid}"), &commit_of(&format!("c{uid}"))).await;
    }
    let choose = |selection| CollectOptions { selection, min_rows: 5, ..stage.options() };
    let one = choose(Selection { uids: [Uid(1)].into(), ..Selection::default() });
    let summary = stage.collect_as(&one).await.unwrap();
    assert_eq!((summary.downloaded, summary.not_asked, summary.below_min_rows), (0, 3, 1));
    assert_eq!((outcome(&summary, 1), counts(&summary, 1)), ("too-few-rows", (4, 4)));
    let why = summary.miners[1].why.as_deref();
    assert_eq!(why, Some("4 valid rows of 4, at least 5 were asked for"));
    assert_eq!(stage.requests(), (1, 0));
    let other = choose(Selection { hotkeys: [key(2).hotkey()].into(), ..Selection::default() });
    let summary = stage.collect_as(&other).await.unwrap();
    let names: Vec<&str> = (0..4).map(|uid| outcome(&summary, uid)).collect();
    assert_eq!(
        (names, stage.requests()),
        (vec!["not-asked", "too-few-rows", "fetched", "not-asked"], (1, 0)),
        "it is not fetched again"
    );
    let block = plimsoll_core::BlockNumber(summary.miners[3].committed_block.unwrap());
    let late = choose(Selection { since: Some(Since::Block(block)), ..Selection::default() });
    let summary = stage.collect_as(&late).await.unwrap();
    assert_eq!((outcome(&summary, 0), outcome(&summary, 3)), ("not-asked", "fetched"));
    // A narrow run forgets nothing.
    assert_eq!(
        (summary.downloaded, stage.restored(&summary, 1)),
        (2, rows("w1", 4)),
        "too few rows are kept"
    );
    let nobody = choose(Selection { uids: [Uid(9)].into(), ..Selection::default() });
    let refused = stage.collect_as(&nobody).await.unwrap_err().to_string();
    assert!(refused.starts_with("subnet 96 has no uid 9 at block "), "{refused}");
    let date = choose(Selection { since: Some(Since::UnixMs { at: 1, now: 2 }), ..Selection::default() });
    let refused = stage.collect_as(&date).await.unwrap_err().to_string();
    assert!(refused.ends_with("give a block instead"), "{refused}");
}
