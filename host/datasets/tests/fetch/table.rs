//! The cases at which other clients store error pages, short files and foreign bytes; one request a file.

use plimsoll_datasets::fetch::{Bucket, Kind, Refusal};
use plimsoll_hub::{Access, Bucket as Asked, Fault, Repo, Revision, StoredFile, Way};

use super::support::{
    COMMIT, REPO, client, commit, dataset, fetched, hub, names, one, options, refused, wanted, with_token,
};

#[tokio::test]
async fn a_pinned_file_is_one_request_and_held_ones_are_none() {
    for way in [Way::Plain, Way::LargeHere] {
        let (hub, folder) = (hub(way), tempfile::tempdir().unwrap());
        let fetch = client(options(hub.address()));
        let first = fetched(one(&fetch, folder.path()).await);
        let file = StoredFile::new(dataset(), way);
        assert_eq!(std::fs::read(&first.path).unwrap(), dataset());
        assert_eq!(
            (first.bytes, first.sha256.as_str(), first.etag.as_str()),
            (36_000, &*file.sha256, file.etag())
        );
        assert_eq!(first.blake3, blake3::hash(&dataset()).to_hex().to_string());
        assert!(first.is_pinned && !first.was_held && first.commit == commit());
        let again = fetched(one(&client(options(hub.address())), folder.path()).await);
        assert!(again.was_held, "{again:?}");
        assert_eq!(hub.log().count(Asked::Resolvers), 1);
        assert_eq!(hub.log().all()[0].accept_encoding.as_deref(), Some("identity"));
        assert_eq!(hub.log().count(Asked::Api), 0);
        assert_eq!(names(folder.path()), [".keel+brine.jsonl.journal", "keel+brine.jsonl"]);
    }
}

#[tokio::test]
async fn a_held_file_that_was_changed_on_disk_is_fetched_anew() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let fetch = client(options(hub.address()));
    let first = fetched(one(&fetch, folder.path()).await);
    let mut bytes = dataset();
    bytes[7] ^= 1;
    std::fs::write(&first.path, bytes).unwrap();
    assert!(!fetched(one(&fetch, folder.path()).await).was_held);
    assert_eq!(std::fs::read(&first.path).unwrap(), dataset());
}

#[tokio::test]
async fn missing_things_are_told_apart() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let (without, with) = (client(options(hub.address())), with_token(hub.address()));
    let missing = wanted(folder.path(), "keel/other", COMMIT);
    assert_eq!(refused(without.file(&missing).await.unwrap()), Refusal::AbsentOrPrivate);
    assert_eq!(refused(with.file(&missing).await.unwrap()), Refusal::NoRepository);
    let other = wanted(folder.path(), REPO, &"f".repeat(40));
    assert_eq!(refused(with.file(&other).await.unwrap()), Refusal::NoRevision);
    let mut file = wanted(folder.path(), REPO, COMMIT);
    file.path = "other.jsonl".to_owned();
    let refusal = refused(without.file(&file).await.unwrap());
    assert_eq!((refusal.kind(), refusal), (Kind::Absent, Refusal::NoFile));
    assert_eq!(names(folder.path()), [""; 0], "no error page is kept");
}

#[tokio::test]
async fn closed_doors_are_told_apart() {
    let hub = hub(Way::Plain);
    let folder = tempfile::tempdir().unwrap();
    let (without, with) = (client(options(hub.address())), with_token(hub.address()));
    let mut repo = Repo::with_dataset(REPO, COMMIT, dataset(), Way::Plain);
    let mut put = |access| {
        repo.access = access;
        hub.put(repo.clone());
    };
    put(Access::Gated { accepted: false });
    assert_eq!(refused(one(&without, folder.path()).await), Refusal::Gated);
    assert_eq!(refused(one(&with, folder.path()).await), Refusal::GatedNotAccepted);
    put(Access::Disabled);
    assert_eq!(refused(one(&without, folder.path()).await), Refusal::Disabled);
    put(Access::Private);
    assert_eq!(refused(one(&without, folder.path()).await), Refusal::AbsentOrPrivate);
    let mut wrong = options(hub.address());
    wrong.token = plimsoll_datasets::fetch::Token::parse("hf_not_this_one", "a test").unwrap();
    assert_eq!(refused(one(&client(wrong), folder.path()).await), Refusal::TokenRefused);
    assert_eq!(names(folder.path()), [""; 0], "no error page is kept");
    fetched(one(&with, folder.path()).await);
}

#[tokio::test]
async fn a_changed_byte_is_found_by_either_digest() {
    for (way, is_sha256) in [(Way::Plain, false), (Way::LargeHere, true), (Way::Large, true)] {
        let (hub, folder) = (hub(way), tempfile::tempdir().unwrap());
        hub.fail(REPO, Fault::WrongByte(20_000), None);
        let refusal = refused(one(&client(options(hub.address())), folder.path()).await);
        assert_eq!(matches!(refusal, Refusal::WrongSha256 { .. }), is_sha256, "{way:?}: {refusal}");
        assert_eq!(matches!(refusal, Refusal::WrongGitBlob { .. }), !is_sha256, "{way:?}: {refusal}");
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[tokio::test]
async fn a_complete_answer_of_half_the_bytes_is_not_the_file() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::HalfLength, None);
    let refusal = refused(one(&client(options(hub.address())), folder.path()).await);
    assert_eq!(refusal, Refusal::LengthsDisagree { linked: 36_000, body: 18_000 });
}

#[tokio::test]
async fn a_cut_body_is_continued_where_it_broke_off() {
    for way in [Way::Plain, Way::Large] {
        let (hub, folder) = (hub(way), tempfile::tempdir().unwrap());
        hub.fail(REPO, Fault::Cut(20_000), Some(1));
        hub.fail(REPO, Fault::Cut(9_000), Some(1));
        let fetch = client(options(hub.address()));
        fetched(one(&fetch, folder.path()).await);
        let side = if way == Way::Plain { Asked::Resolvers } else { Asked::Cdn };
        let asked: Vec<_> = hub.log().all().into_iter().filter(|asked| asked.bucket == side).collect();
        let ranges: Vec<_> = asked.iter().map(|asked| asked.range.as_deref()).collect();
        assert_eq!(ranges, [None, Some("bytes=20000-"), Some("bytes=29000-")]);
        assert!(asked[1].if_range.is_some());
        assert_eq!(fetch.taken_bytes(), 36_000, "no byte comes twice");
    }
}

#[tokio::test]
async fn a_part_of_another_file_is_begun_anew() {
    let (hub, folder) = (hub(Way::LargeHere), tempfile::tempdir().unwrap());
    let large: Vec<u8> = dataset().repeat(20);
    hub.put(Repo::with_dataset(REPO, COMMIT, large.clone(), Way::LargeHere));
    hub.fail(REPO, Fault::Cut(500_000), Some(1));
    let mut impatient = options(hub.address());
    impatient.caps.tries = 1;
    let outcome = one(&client(impatient), folder.path()).await;
    assert_eq!(fetched(outcome).bytes, 720_000, "a try that brings something new does not count");
    std::fs::remove_file(folder.path().join("keel+brine.jsonl")).unwrap();
    let journal = folder.path().join(".keel+brine.jsonl.journal");
    let part = folder.path().join(format!(
        ".keel+brine.jsonl.{}.part",
        &StoredFile::new(large.clone(), Way::LargeHere).sha256[..16]
    ));
    // A part whose beginning is not the file's: found by the digest, fetched anew.
    let mut torn = large[..300_000].to_vec();
    torn[9] ^= 1;
    std::fs::write(&part, torn).unwrap();
    hub.log().clear();
    assert!(journal.exists());
    let found = fetched(one(&client(options(hub.address())), folder.path()).await);
    assert_eq!(std::fs::read(found.path).unwrap(), large);
    let ranges: Vec<_> = hub.log().all().into_iter().map(|asked| asked.range).collect();
    assert_eq!(ranges, [Some("bytes=300000-".to_owned()), None]);
    // The hub has another file under the same commit: If-Range brings it whole.
    std::fs::remove_file(folder.path().join("keel+brine.jsonl")).unwrap();
    std::fs::write(&part, &large[..300_000]).unwrap();
    let other: Vec<u8> = large.iter().rev().copied().collect();
    hub.put(Repo::with_dataset(REPO, COMMIT, other.clone(), Way::LargeHere));
    hub.log().clear();
    let found = fetched(one(&client(options(hub.address())), folder.path()).await);
    assert_eq!(std::fs::read(found.path).unwrap(), other);
    assert_eq!(hub.log().count(Asked::Resolvers), 1);
    assert!(!part.exists());
}

#[tokio::test]
async fn another_commit_or_etag_than_the_bytes_have_is_refused() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::WrongCommit, Some(1));
    hub.fail(REPO, Fault::WrongEtag, Some(1));
    let fetch = client(options(hub.address()));
    let refusal = refused(one(&fetch, folder.path()).await);
    assert!(matches!(&refusal, Refusal::WrongCommit { asked, .. } if asked == COMMIT), "{refusal}");
    let refusal = refused(one(&fetch, folder.path()).await);
    assert!(matches!(refusal, Refusal::WrongGitBlob { .. }), "{refusal}");
}

#[tokio::test]
async fn what_the_hub_compresses_or_never_ends_is_refused() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let fetch = client(options(hub.address()));
    for (fault, expected) in [
        (Fault::Gzip, Refusal::Encoded { encoding: "gzip".to_owned() }),
        (Fault::Endless, Refusal::TooLong { expected: 36_000 }),
        (Fault::HugeHeaders(80 << 10), Refusal::HeadersTooLarge { cap: 64 << 10 }),
        (Fault::RedirectLoop, Refusal::RedirectLoop),
    ] {
        hub.fail(REPO, fault, Some(1));
        assert_eq!(refused(one(&fetch, folder.path()).await), expected);
    }
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let mut old = Repo::with_dataset("keel/old", COMMIT, "", Way::Plain);
    old.renamed_to = Some(REPO.to_owned());
    hub.put(old);
    let fetch = with_token(hub.address());
    let found = fetched(fetch.file(&wanted(folder.path(), "keel/old", COMMIT)).await.unwrap());
    assert_eq!(found.bytes, 36_000);
    assert!(hub.log().all().iter().all(|asked| asked.had_token), "the same host keeps the token");
}

#[tokio::test]
async fn a_branch_is_resolved_once_and_recorded() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    let fetch = client(options(hub.address()));
    let found = fetched(fetch.file(&wanted(folder.path(), REPO, "main")).await.unwrap());
    assert!(!found.is_pinned && found.commit == commit(), "{found:?}");
    assert_eq!((fetch.asked(Bucket::Api), fetch.asked(Bucket::Resolvers)), (1, 1));
    let nothing = wanted(folder.path(), REPO, "refs/pr/1");
    assert_eq!(refused(fetch.file(&nothing).await.unwrap()), Refusal::NoRevision);
}

#[tokio::test]
async fn outcomes_stand_in_the_order_asked() {
    let hub = hub(Way::Plain);
    let folder = tempfile::tempdir().unwrap();
    let empty = Repo {
        revisions: vec![Revision {
            commit: COMMIT.to_owned(),
            files: [("data.jsonl".to_owned(), StoredFile::new("", Way::Plain))].into(),
        }],
        ..Repo::with_dataset("keel/empty", COMMIT, "", Way::Plain)
    };
    hub.put(empty);
    hub.fail(REPO, Fault::Unavailable(plimsoll_hub::Wait::Untold), Some(2));
    let fetch = client(options(hub.address()));
    let all = [REPO, "keel/none", "keel/empty"].map(|repo| wanted(folder.path(), repo, COMMIT));
    let outcomes = fetch.all(all.to_vec(), |_, _| {}).await.unwrap();
    let [first, second, third] = <[_; 3]>::try_from(outcomes).unwrap();
    assert_eq!(fetched(first).bytes, 36_000);
    assert_eq!(refused(second), Refusal::AbsentOrPrivate);
    assert_eq!(fetched(third).bytes, 0);
}
