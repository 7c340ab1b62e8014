//! The ends of what this side allows: bytes of a run, places that are taken, hosts that are not there.

use plimsoll_datasets::fetch::{Caps, FetchOptions, Refusal};

use super::attacks::{honest, sha256};
use super::raw::{Raw, Reply};
use super::support::{COMMIT, REPO, caps, client, dataset, fetched, one, options, refused, wanted};

#[tokio::test]
async fn a_run_ends_at_its_own_cap_of_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Raw::serve(|_| Reply::new("200 OK", &honest(), &dataset()));
    let caps = Caps { run_bytes: 50_000, ..caps() };
    let fetch = client(FetchOptions { caps, ..options(&server.address) });
    fetched(one(&fetch, folder.path()).await);
    let mut second = wanted(folder.path(), REPO, COMMIT);
    second.name = "second.jsonl".to_owned();
    let refusal = refused(fetch.file(&second).await.unwrap());
    assert_eq!(refusal, Refusal::RunFull { bytes: 36_000, cap: 50_000 });
    // A client lives through many rounds: each has all of the cap.
    fetch.begin_run();
    fetched(fetch.file(&second).await.unwrap());
}

#[tokio::test]
async fn a_link_in_the_files_place_is_not_followed() {
    let outer = tempfile::tempdir().unwrap();
    let victim = outer.path().join("victim");
    std::fs::write(&victim, "kept").unwrap();
    let server = Raw::serve(|_| Reply::new("200 OK", &honest(), &dataset()));
    let fetch = client(options(&server.address));
    let etag: String = sha256().chars().take(16).collect();
    for name in ["keel+brine.jsonl".to_owned(), format!(".keel+brine.jsonl.{etag}.part")] {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
        assert_eq!(refused(one(&fetch, folder.path()).await), Refusal::PlaceTaken);
        assert_eq!(std::fs::read(&victim).unwrap(), b"kept");
    }
}

#[tokio::test]
async fn a_part_that_another_process_holds_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Raw::serve(|_| Reply::new("200 OK", &honest(), &dataset()));
    let etag: String = sha256().chars().take(16).collect();
    let path = folder.path().join(format!(".keel+brine.jsonl.{etag}.part"));
    std::fs::write(&path, "theirs").unwrap();
    let held = std::fs::File::open(&path).unwrap();
    held.try_lock().unwrap();
    let fetch = client(options(&server.address));
    assert_eq!(refused(one(&fetch, folder.path()).await), Refusal::Busy);
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
    drop(held);
    fetched(one(&fetch, folder.path()).await);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_in_the_systems_words() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetch = client(options(&format!("http://{free}")));
    let refusal = refused(one(&fetch, folder.path()).await);
    assert_eq!(refusal.to_string(), "the host cannot be reached: connection refused");
}
