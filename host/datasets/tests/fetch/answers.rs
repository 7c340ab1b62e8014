//! Answers that come slowly, in crowds, in an odd order, or ask for patience.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_datasets::fetch::{Caps, Fetch, FetchOptions, Namespace, Refusal};
use plimsoll_hub::{StoredFile, Way};

use super::attacks::{honest, sha256};
use super::raw::{Raw, Reply, Then};
use super::support::{COMMIT, REPO, caps, client, commit, dataset, fetched, one, options, refused};

const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";

fn repo() -> Namespace {
    Namespace::parse(REPO).unwrap()
}

fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).into()
}

async fn is_there(fetch: &Fetch) -> Result<(), Refusal> {
    fetch.presence(&repo(), COMMIT, "data.jsonl").await
}

#[tokio::test]
async fn an_answer_of_the_api_that_drips_without_end_is_given_up() {
    let server = Raw::serve(|_| Reply::new("200 OK", &[], b"[").then(Then::Drip(Duration::from_millis(20))));
    let caps = Caps { whole: Duration::from_millis(600), ..caps() };
    let fetch = client(FetchOptions { caps, ..options(&server.address) });
    let resolved = tokio::time::timeout(Duration::from_secs(30), fetch.resolve(&repo(), "main")).await;
    assert_eq!(resolved.expect("it ends"), Err(Refusal::OutOfTime { seconds: 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_branches_are_looked_up_at_a_time_than_there_are_jobs() {
    let (now, most): (Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
    let (there, seen) = (now.clone(), most.clone());
    let server = Raw::serve(move |_| {
        seen.fetch_max(there.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        there.fetch_sub(1, Ordering::SeqCst);
        let body = format!("{{\"sha\": \"{COMMIT}\"}}");
        Reply::new("200 OK", &[format!("Content-Length: {}", body.len())], body.as_bytes())
    });
    let fetch = client(FetchOptions { jobs: 2, ..options(&server.address) });
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let fetch = fetch.clone();
        asking.spawn(async move { fetch.resolve(&repo(), "main").await });
    }
    for answer in asking.join_all().await {
        assert_eq!(answer, Ok(commit()));
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_large_files_etag_holds_against_a_plain_one_of_the_same_host() {
    let server = Raw::serve(|asked| {
        let mut told = honest();
        told.retain(|line| !line.starts_with("ETag"));
        if asked.path() == "/store/x" {
            told.push(format!("ETag: \"{}\"", "d".repeat(32)));
            return Reply::new("200 OK", &told, &dataset());
        }
        let head = [
            format!("X-Repo-Commit: {COMMIT}"),
            format!("X-Linked-Etag: \"{}\"", sha256()),
            format!("X-Linked-Size: {}", dataset().len()),
            "Location: /store/x".to_owned(),
            "Content-Length: 0".to_owned(),
        ];
        Reply::new("302 Found", &head, b"")
    });
    let folder = tempfile::tempdir().unwrap();
    let found = fetched(one(&client(options(&server.address)), folder.path()).await);
    assert_eq!((found.bytes, found.etag), (36_000, sha256()));
}

#[tokio::test]
async fn whether_a_file_is_there_is_asked_again_after_a_limit() {
    for (status, after) in [("429 Too Many", 1), ("503 No", 1)] {
        let asked_at = Arc::new(std::sync::Mutex::new(Vec::new()));
        let times = asked_at.clone();
        let server = Raw::serve(move |asked| {
            times.lock().unwrap().push(std::time::Instant::now());
            match asked.n {
                0 => Reply::new(status, &[format!("Retry-After: {after}"), "Content-Length: 0".into()], b""),
                _ => Reply::new("200 OK", &lines(["Content-Length: 0"]), b""),
            }
        });
        assert_eq!(is_there(&client(options(&server.address))).await, Ok(()), "{status}");
        let times = asked_at.lock().unwrap();
        assert_eq!(times.len(), 2);
        assert!(times[1] - times[0] >= Duration::from_secs(after), "{status}: inside the wait");
        assert!(server.heads.lock().unwrap().iter().all(|head| head.starts_with("HEAD ")));
    }
}

#[tokio::test]
async fn a_head_that_is_asked_for_alone_is_bounded_too() {
    let crowd = || (0..120).map(|n| format!("X-{n}: {n}")).collect::<Vec<_>>();
    let server = Raw::serve(move |_| Reply::new("200 OK", &crowd(), b""));
    let refusal = is_there(&client(options(&server.address))).await.unwrap_err();
    assert!(matches!(refusal, Refusal::TooManyHeaders { .. }), "{refusal}");
    let server = Raw::serve(|_| Reply::new("404 No", &lines(["X-Error-Code: EntryNotFound"]), b""));
    assert_eq!(is_there(&client(options(&server.address))).await, Err(Refusal::NoFile));
}

/// The first answer breaks off at 20,000 bytes, the second is `second`, and then the rest comes.
fn broken_off(second: fn() -> Reply) -> Raw {
    Raw::serve(move |asked| match (asked.n, asked.line("range")) {
        (0, _) => Reply::new("200 OK", &honest(), &dataset()[..20_000]),
        (1, _) => second(),
        (_, Some("bytes=20000-")) => {
            let mut told = honest();
            told.retain(|line| !line.starts_with("Content-Length"));
            told.push("Content-Length: 16000".to_owned());
            told.push("Content-Range: bytes 20000-35999/36000".to_owned());
            Reply::new("206 Partial Content", &told, &dataset()[20_000..])
        }
        _ => Reply::new("200 OK", &honest(), &dataset()),
    })
}

#[tokio::test]
async fn a_good_part_is_not_given_up_for_an_answer_with_a_bad_head() {
    let seconds: [fn() -> Reply; 3] = [
        || {
            let mut told = honest();
            told.retain(|line| !line.starts_with("X-Repo-Commit"));
            told.push(format!("X-Repo-Commit: {OTHER}"));
            Reply::new("200 OK", &told, &dataset())
        },
        || Reply::new("200 OK", &[honest(), lines(["Content-Encoding: gzip"])].concat(), b""),
        || {
            let blob = StoredFile::new(dataset(), Way::Plain).git_sha1;
            Reply::new("200 OK", &[format!("X-Repo-Commit: {COMMIT}"), format!("ETag: \"{blob}\"")], b"")
        },
    ];
    for second in seconds {
        let (server, folder) = (broken_off(second), tempfile::tempdir().unwrap());
        let fetch = client(options(&server.address));
        let refusal = refused(one(&fetch, folder.path()).await);
        let found = fetched(one(&fetch, folder.path()).await);
        assert_eq!(std::fs::read(found.path).unwrap(), dataset());
        let heads = server.heads.lock().unwrap();
        assert_eq!(heads.len(), 3, "{refusal}");
        assert!(heads[2].to_ascii_lowercase().contains("range: bytes=20000-"), "{refusal}: {}", heads[2]);
    }
}
