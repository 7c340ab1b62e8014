//! What hosts of large files do: other etags than the hub's, links that expire, weak etags.

use plimsoll_hub::{Bucket, Fault, Way};

use super::support::{REPO, client, fetched, hub, one, options};

#[tokio::test]
async fn a_rest_is_asked_for_by_the_etag_of_whoever_sends_it() {
    let (hub, folder) = (hub(Way::Large), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::Cut(20_000), Some(1));
    fetched(one(&client(options(hub.address())), folder.path()).await);
    let asked = hub.log().all();
    let sent: Vec<_> = asked.iter().filter(|asked| asked.bucket == Bucket::Cdn).collect();
    let rest = sent[1].if_range.clone().unwrap();
    assert!(rest.ends_with("-2\""), "{rest}");
    assert_eq!((sent.len(), sent[1].status), (2, 206));
}

#[tokio::test]
async fn a_link_that_has_expired_is_asked_for_anew_and_what_came_is_kept() {
    let (hub, folder) = (hub(Way::Large), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::Cut(20_000), Some(1));
    hub.fail(REPO, Fault::ExpiredLink, Some(1));
    let fetch = client(options(hub.address()));
    fetched(one(&fetch, folder.path()).await);
    let statuses = |bucket| -> Vec<u16> {
        hub.log().all().iter().filter(|asked| asked.bucket == bucket).map(|asked| asked.status).collect()
    };
    assert_eq!(statuses(Bucket::Cdn), [200, 403, 206]);
    assert_eq!(statuses(Bucket::Resolvers), [302, 302, 302]);
    // The refusal's own text is not counted: it is never read.
    assert_eq!(fetch.taken_bytes(), 36_000);
}

#[tokio::test]
async fn a_weak_etag_says_what_a_file_is_all_the_same() {
    let (hub, folder) = (hub(Way::Plain), tempfile::tempdir().unwrap());
    hub.fail(REPO, Fault::WeakEtag, Some(1));
    fetched(one(&client(options(hub.address())), folder.path()).await);
    let asked = hub.log().all();
    assert_eq!(asked.iter().map(|asked| asked.status).collect::<Vec<_>>(), [200]);
}
