//! The hub's answers, as a plain client reads them off the wire.

#![expect(clippy::unwrap_used, reason = "what a test builds on must hold, or the test fails")]

use std::io::{Read, Write};
use std::net::TcpStream;

use plimsoll_hub::{
    Access, Bucket, Fault, Hub, HubOptions, Quota, Repo, Revision, Side, StoredFile, Wait, Way,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OLDER: &str = "89abcdef0123456789abcdef0123456789abcdef";
const FILE: &str = "/datasets/keel/brine/resolve/main/data.jsonl";

fn hub(way: Way) -> Hub {
    let mut repo = Repo::with_dataset("keel/brine", COMMIT, "{\"a\": 1}\n{\"a\": 2}\n", way);
    let files = [("data.jsonl".to_owned(), StoredFile::new("{}\n", way))].into();
    repo.revisions.push(Revision { commit: OLDER.to_owned(), files });
    let quota = Quota { resolvers: 3, api: 3, window_s: 300 };
    Hub::start([repo], HubOptions { quota, ..HubOptions::default() }).unwrap()
}

/// An answer's head, with header names in lower case, and its body.
fn ask(address: &str, method: &str, path: &str, lines: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n{lines}\r\n").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn has(head: &str, line: &str) {
    assert!(head.lines().any(|found| found.eq_ignore_ascii_case(line)), "no {line} in {head}");
}

#[test]
fn a_plain_file_is_told_by_its_git_blob() {
    let hub = hub(Way::Plain);
    let (head, body) = ask(hub.address(), "GET", FILE, "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, "{\"a\": 1}\n{\"a\": 2}\n");
    has(&head, &format!("X-Repo-Commit: {COMMIT}"));
    // What `git hash-object` says of these bytes.
    has(&head, "ETag: \"e7cc9bac767a4f67cf83262c9359635b36ffc6f5\"");
    has(&head, "RateLimit: \"resolvers\";r=2;t=300");
    has(&head, "RateLimit-Policy: \"fixed window\";\"resolvers\";q=3;w=300");
    let (head, body) = ask(hub.address(), "HEAD", FILE, "");
    has(&head, "Content-Length: 18");
    assert_eq!(body, "");
}

#[test]
fn a_rest_is_handed_out_for_the_same_file_only() {
    let hub = hub(Way::LargeHere);
    let etag = StoredFile::new("{\"a\": 1}\n{\"a\": 2}\n", Way::LargeHere).sha256;
    let rest = format!("Range: bytes=9-\r\nIf-Range: \"{etag}\"\r\n");
    let (head, body) = ask(hub.address(), "GET", FILE, &rest);
    assert!(head.starts_with("HTTP/1.1 206"), "{head}");
    has(&head, "Content-Range: bytes 9-17/18");
    assert_eq!(body, "{\"a\": 2}\n");
    let (head, _) = ask(hub.address(), "GET", FILE, "Range: bytes=9-\r\nIf-Range: \"other\"\r\n");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (head, _) = ask(hub.address(), "GET", FILE, "Range: bytes=18-\r\n");
    assert!(head.starts_with("HTTP/1.1 416"), "{head}");
}

#[test]
fn a_large_file_is_on_the_other_host() {
    let hub = hub(Way::Large);
    let (head, _) = ask(hub.address(), "GET", FILE, "Authorization: Bearer x\r\n");
    assert!(head.starts_with("HTTP/1.1 401"), "a token that the hub does not know: {head}");
    let (head, _) = ask(hub.address(), "GET", FILE, "");
    assert!(head.starts_with("HTTP/1.1 302"), "{head}");
    has(&head, "X-Linked-Size: 18");
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    let path = location.strip_prefix(hub.cdn_address()).unwrap();
    let (_, body) = ask(hub.cdn_address(), "GET", path, "Authorization: Bearer x\r\n");
    assert_eq!(body, "{\"a\": 1}\n{\"a\": 2}\n");
    let asked = hub.log().all();
    assert_eq!((asked[2].side, asked[2].bucket, asked[2].had_token), (Side::Cdn, Bucket::Cdn, true));
}

#[test]
fn the_api_tells_commits_and_files() {
    let hub = hub(Way::LargeHere);
    let (_, body) = ask(hub.address(), "GET", "/api/datasets/keel/brine", "");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((told["sha"].as_str(), told["private"].as_bool()), (Some(COMMIT), Some(false)));
    assert_eq!(told["siblings"][0]["rfilename"], "data.jsonl");
    let (_, body) = ask(hub.address(), "GET", "/api/datasets/keel/brine/commits/main", "");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((told[0]["id"].as_str(), told[1]["id"].as_str()), (Some(COMMIT), Some(OLDER)));
    let (_, body) = ask(hub.address(), "GET", &format!("/api/datasets/keel/brine/tree/{OLDER}"), "");
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((told[0]["size"].as_u64(), told[0]["type"].as_str()), (Some(3), Some("file")));
    assert_eq!(told[0]["lfs"]["oid"], StoredFile::new("{}\n", Way::LargeHere).sha256);
    let (head, _) = ask(hub.address(), "GET", "/api/datasets/keel/brine", "");
    assert!(head.starts_with("HTTP/1.1 429"), "the fourth of three: {head}");
    has(&head, "RateLimit: \"api\";r=0;t=300");
}

#[test]
fn refusals_carry_the_hubs_codes() {
    let hub = hub(Way::Plain);
    hub.fail("keel/brine", Fault::TooMany(Wait::Seconds(7)), Some(1));
    let (head, _) = ask(hub.address(), "GET", FILE, "");
    has(&head, "Retry-After: 7");
    let (head, _) = ask(hub.address(), "GET", "/datasets/keel/brine/resolve/main/none", "");
    has(&head, "X-Error-Code: EntryNotFound");
    let mut gated = Repo::with_dataset("keel/brine", COMMIT, "", Way::Plain);
    gated.access = Access::Gated { accepted: false };
    hub.put(gated);
    let (head, _) = ask(hub.address(), "GET", FILE, "");
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    has(&head, "X-Error-Code: GatedRepo");
}
