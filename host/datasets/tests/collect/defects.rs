//! What the first tools got wrong, each told by the number that the notes on them give it.

use plimsoll_core::Uid;
use plimsoll_datasets::archive::Place;
use plimsoll_hub::{Access, Fault, HubOptions, Quota, Repo, Revision, StoredFile, Wait, Way};

use crate::stage::{NETUID, Stage, commit_of, counts, outcome, repo, rows};

/// One repository with several commits, the newest first.
fn repo_of(namespace: &str, texts: &[(&str, String)]) -> Repo {
    let revision = |(word, text): &(&str, String)| Revision {
        commit: commit_of(word),
        files: [("data.jsonl".to_owned(), StoredFile::new(text.clone().into_bytes(), Way::Plain))].into(),
    };
    Repo { revisions: texts.iter().map(revision).collect(), ..repo(namespace, "none", "") }
}

/// 1: they deleted each other's copy in every run.
#[tokio::test(flavor = "multi_thread")]
async fn two_uids_on_one_repository_at_two_commits_keep_both() {
    let stage = Stage::new(2, [repo_of("a/b", &[("new", rows("new", 2)), ("old", rows("old", 3))])]);
    stage.name(0, "a/b", &commit_of("old")).await;
    stage.name(1, "a/b", &commit_of("new")).await;
    for requests in [(2, 0), (0, 0), (0, 0)] {
        let summary = stage.collect().await;
        assert_eq!((summary.downloaded, stage.requests()), (2, requests));
        assert_eq!(stage.restored(&summary, 0), rows("old", 3));
        assert_eq!(stage.restored(&summary, 1), rows("new", 2));
        stage.ledger.advance(1);
    }
}

/// 2: the file of whoever was there before could be reported as the newcomer's.
#[tokio::test(flavor = "multi_thread")]
async fn a_uid_with_a_new_owner_has_nothing_of_the_old_one() {
    let stage = Stage::new(2, [repo("a/b", "c", rows("w", 2))]);
    for uid in 0..2 {
        stage.name(uid, "a/b", &commit_of("c")).await;
    }
    let before = stage.collect().await;
    assert_eq!(before.downloaded, 2);
    let (uid, newcomer) = stage.recycle().await;
    stage.ledger.advance(1);
    let after = stage.collect().await;
    assert_eq!(outcome(&after, uid.0), "none");
    let line = &after.miners[usize::from(uid.0)];
    assert_eq!((line.hotkey, &line.kept), (newcomer.hotkey(), &None));
    let place = Place { netuid: NETUID, block: after.subnet.block };
    let refused = stage.archive().restore(place, uid).unwrap_err().to_string();
    assert!(refused.contains("it had committed none"), "{refused}");
    assert_eq!(stage.restored(&before, uid.0), rows("w", 2), "the old owner's is still there, as its own");
}

/// 3: a revision that was noted for another folder was skipped, whatever this folder held.
#[tokio::test(flavor = "multi_thread")]
async fn one_dataset_of_two_uids_is_fetched_once_and_both_have_it() {
    let stage = Stage::new(3, [repo("a/b", "c", rows("w", 2)), repo("d/e", "f", rows("x", 1))]);
    stage.name(0, "a/b", &commit_of("c")).await;
    stage.name(1, "d/e", &commit_of("f")).await;
    stage.collect().await;
    assert_eq!(stage.requests(), (2, 0));
    stage.name(1, "a/b", &commit_of("c")).await;
    stage.name(2, "a/b", &commit_of("c")).await;
    let summary = stage.collect().await;
    assert_eq!((summary.downloaded, stage.requests()), (3, (0, 0)));
    for uid in 0..3 {
        assert_eq!(stage.restored(&summary, uid), rows("w", 2));
    }
}

/// 4 and 6: the only copy was deleted before the download, and a failed download passed for a good one.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_gone_is_a_failure_and_the_old_copy_stays() {
    let stage = Stage::new(2, [repo("a/b", "old", rows("w", 2)), repo("d/e", "f", rows("x", 1))]);
    stage.name(0, "a/b", &commit_of("old")).await;
    stage.name(1, "d/e", &commit_of("f")).await;
    let before = stage.collect().await;
    stage.hub.put(Repo { access: Access::Private, ..repo("a/b", "new", rows("w", 3)) });
    stage.name(0, "a/b", &commit_of("new")).await;
    let after = stage.collect().await;
    assert_eq!((after.downloaded, after.failed), (1, 1), "one bad miner stops no other");
    assert_eq!(outcome(&after, 0), "absent-or-private");
    assert!(after.miners[0].why.as_ref().unwrap().contains("set HF_TOKEN"));
    assert_eq!(stage.restored(&before, 0), rows("w", 2));
    assert_eq!(stage.archive().history(NETUID, Uid(0)).unwrap().len(), 2);
}

/// 5: a file that existed was a success, its lines were counted with the blank ones, and nobody read them.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_not_counted_by_their_line_ends() {
    let blanks = rows("w", 2).replace('\n', "\n\n   \n");
    let broken = rows("w", 2) + "{\"conversations\": [\n" + &rows("v", 1);
    let odd = "{\"conversations\": [{\"role\": \"user\", \"content\": \"?\"}]}\n".to_owned();
    let texts = [("blanks", blanks), ("broken", broken), ("empty", String::new()), ("odd", odd)];
    let repos = texts.iter().map(|(word, text)| repo(&format!("a/{word}"), word, text.clone()));
    let stage = Stage::new(4, repos);
    for (uid, (word, _)) in (0..).zip(&texts) {
        stage.name(uid, &format!("a/{word}"), &commit_of(word)).await;
    }
    let summary = stage.collect().await;
    let found: Vec<_> = (0..4).map(|uid| counts(&summary, uid)).collect();
    assert_eq!(found, [(2, 2), (3, 0), (0, 0), (1, 0)], "rows, and those that the subnet takes");
    assert_eq!(stage.restored(&summary, 1), texts[1].1, "kept as it is");
}

/// 7: names of branches passed for pins.
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_resolved_once_a_run_and_recorded_with_the_commit_it_meant() {
    let stage = Stage::new(3, [repo("a/b", "monday", rows("w", 2))]);
    stage.name(0, "a/b", "main").await;
    stage.name(1, "a/b", "None").await;
    stage.name(2, "a/b", &commit_of("monday")).await;
    let monday = stage.collect().await;
    assert_eq!((monday.downloaded, monday.unpinned, stage.requests()), (3, 2, (1, 1)));
    let commit = |summary: &plimsoll_datasets::collect::Summary, uid: usize| {
        summary.miners[uid].kept.as_ref().unwrap().commit.clone()
    };
    assert_eq!(
        (commit(&monday, 0), monday.miners[0].revision.as_deref()),
        (commit_of("monday"), Some("main"))
    );
    stage.hub.put(repo_of("a/b", &[("tuesday", rows("w", 5)), ("monday", rows("w", 2))]));
    stage.ledger.advance(1);
    let tuesday = stage.collect().await;
    assert_eq!(stage.requests(), (1, 1), "the pinned one is held");
    assert_eq!((commit(&tuesday, 0), commit(&tuesday, 2)), (commit_of("tuesday"), commit_of("monday")));
    assert_eq!((counts(&tuesday, 1), counts(&tuesday, 2)), ((5, 5), (2, 2)));
    let changes = stage.archive().history(NETUID, Uid(1)).unwrap();
    assert_eq!(changes.len(), 2, "that the branch moved is seen in its history");
}

/// 8: respecting limits was a pause of a second.
#[tokio::test(flavor = "multi_thread")]
async fn limits_are_waited_for_by_all_and_nobody_asks_inside_them() {
    let names: Vec<String> = (0..12).map(|n| format!("a/set{n}")).collect();
    let repos = names.iter().map(|name| repo(name, name, rows(name, 2)));
    let quota = Quota { resolvers: 5, window_s: 1, ..Quota::default() };
    let mut stage = Stage::with(12, repos, HubOptions { quota, ..HubOptions::default() });
    stage.jobs = 4;
    for (uid, name) in (0..).zip(&names) {
        stage.name(uid, name, &commit_of(name)).await;
    }
    let summary = stage.collect().await;
    assert_eq!((summary.downloaded, summary.failed), (12, 0), "{:?}", summary.outcomes);
    assert_eq!(stage.requests(), (12, 0), "no request was turned away");
    // One that was told to come back later comes back later.
    stage.jobs = 1;
    stage.hub.put(repo("a/set3", "later", rows("later", 2)));
    stage.hub.fail("a/set3", Fault::TooMany(Wait::Seconds(1)), Some(2));
    stage.name(3, "a/set3", &commit_of("later")).await;
    stage.name(4, "a/set3", &commit_of("later")).await;
    let summary = stage.collect().await;
    assert_eq!((summary.downloaded, summary.fetched), (12, 2));
    assert_eq!((stage.hub.log().inside_a_wait().len(), stage.requests()), (0, (3, 0)));
}
