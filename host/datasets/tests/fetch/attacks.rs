//! What a hostile hub can say about one file: nothing wrong is taken, and each lie has its own name.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_datasets::fetch::{Caps, FetchOptions, Refusal};
use plimsoll_hub::{StoredFile, Way};

use super::raw::{Asked, Raw, Reply, Then};
use super::support::{COMMIT, caps, client, dataset, one, options, refused};

const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";

struct Attack {
    name: &'static str,
    answer: fn(&Asked<'_>) -> Reply,
    expected: fn(&Refusal) -> bool,
}

macro_rules! attack {
    ($name:literal, $answer:expr, $($expected:tt)+) => {
        Attack { name: $name, answer: $answer, expected: |refusal| matches!(refusal, $($expected)+) }
    };
}

pub(crate) fn sha256() -> String {
    StoredFile::new(dataset(), Way::LargeHere).sha256
}

fn line(name: &str, value: impl std::fmt::Display) -> String {
    format!("{name}: {value}")
}

/// The lines of an honest head.
pub(crate) fn honest() -> Vec<String> {
    vec![
        line("X-Repo-Commit", COMMIT),
        line("ETag", format_args!("\"{}\"", sha256())),
        line("Content-Length", dataset().len()),
    ]
}

/// The honest lines, with these in the place of those of the same name.
fn but(changes: &[(&str, &str)]) -> Vec<String> {
    let mut lines: Vec<String> = honest();
    lines.retain(|line| !changes.iter().any(|(name, _)| line.starts_with(&format!("{name}:"))));
    lines
        .extend(changes.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| line(name, value)));
    lines
}

fn led(location: &str) -> Reply {
    Reply::new("302 Found", &[line("Location", location), line("Content-Length", 0)], b"")
}

fn chunked(body: &[u8], ended: bool) -> Vec<u8> {
    let mut all = format!("{:x}\r\n", body.len()).into_bytes();
    all.extend(body.iter().chain(b"\r\n"));
    all.extend(if ended { b"0\r\n\r\n".as_slice() } else { b"" });
    all
}

/// First a body that breaks off in the middle, then `rest`.
fn after_a_cut(asked: &Asked<'_>, rest: impl FnOnce(u64) -> Reply) -> Reply {
    let from = asked.line("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    match from {
        Some(from) => rest(from.parse().unwrap()),
        None => Reply::new("200 OK", &honest(), &dataset()[..20_000]),
    }
}

fn partial(from: u64, total: u64, changes: &[(&str, &str)]) -> Reply {
    let mut lines = but(changes);
    lines.retain(|line| !line.starts_with("Content-Length"));
    let body = &dataset()[20_000..];
    lines.push(line("Content-Range", format_args!("bytes {from}-{}/{total}", total - 1)));
    lines.push(line("Content-Length", body.len()));
    Reply::new("206 Partial Content", &lines, body)
}

fn redirects() -> Vec<Attack> {
    vec![
        attack!("a redirect to itself", |asked| led(asked.path()), Refusal::RedirectLoop),
        attack!(
            "redirects without end",
            |asked| led(&format!("/{}", asked.n)),
            Refusal::TooManyRedirects { most: 8 }
        ),
        attack!(
            "a redirect to nowhere",
            |_| Reply::new("302 Found", &[line("Content-Length", 0)], b""),
            Refusal::RedirectNowhere { status: 302 }
        ),
        attack!("an unreadable address", |_| led("http://[nonsense"), Refusal::RedirectUnreadable),
        attack!("a file of this machine", |_| led("file:///etc/passwd"), Refusal::RedirectScheme { .. }),
        attack!("a plain foreign host", |_| led("http://cdn.example/x"), Refusal::RedirectPlain { .. }),
        attack!("a password", |_| led("https://me:secret@cdn.example/x"), Refusal::RedirectPassword { .. }),
        attack!(
            "a link that is not accepted",
            |asked| match asked.path() {
                "/link" => Reply::new("403 Forbidden", &[line("Content-Length", 0)], b""),
                _ => led(&format!(
                    "http://localhost:{}/link",
                    asked.line("host").unwrap().split_once(':').unwrap().1
                )),
            },
            Refusal::LinkRefused { status: 403 }
        ),
    ]
}

/// What a head says of the file.
fn heads() -> Vec<Attack> {
    vec![
        attack!(
            "another commit",
            |_| Reply::new("200 OK", &but(&[("X-Repo-Commit", OTHER)]), &dataset()),
            Refusal::WrongCommit { .. }
        ),
        attack!(
            "no commit",
            |_| Reply::new("200 OK", &but(&[("X-Repo-Commit", "")]), &dataset()),
            Refusal::CommitUntold
        ),
        attack!(
            "a commit that is none",
            |_| Reply::new("200 OK", &but(&[("X-Repo-Commit", "main")]), &dataset()),
            Refusal::CommitUnreadable
        ),
        attack!("no etag", |_| Reply::new("200 OK", &but(&[("ETag", "")]), &dataset()), Refusal::EtagUntold),
        attack!(
            "an etag that checks nothing",
            |_| Reply::new("200 OK", &but(&[("ETag", "\"latest\"")]), &dataset()),
            Refusal::EtagUnknown
        ),
        attack!(
            "a compressed body",
            |_| Reply::new("200 OK", &but(&[("Content-Encoding", "gzip")]), &dataset()),
            Refusal::Encoded { .. }
        ),
    ]
}

/// What a head says of lengths, and how long it is itself.
fn lengths() -> Vec<Attack> {
    vec![
        attack!(
            "no length",
            |_| Reply::new("200 OK", &but(&[("Content-Length", "")]), &dataset()),
            Refusal::LengthUntold
        ),
        attack!(
            "a length that is no number",
            |_| Reply::new("200 OK", &but(&[("X-Linked-Size", "much")]), &dataset()),
            Refusal::LengthUnreadable
        ),
        attack!(
            "two lengths",
            |_| Reply::new("200 OK", &but(&[("X-Linked-Size", "40000")]), &dataset()),
            Refusal::LengthsDisagree { linked: 40_000, body: 36_000 }
        ),
        attack!(
            "a file above the cap",
            |_| Reply::new("200 OK", &but(&[("Content-Length", "99999999999")]), &dataset()),
            Refusal::TooLarge { bytes: 99_999_999_999, .. }
        ),
        attack!(
            "huge headers",
            |_| {
                let huge = "h".repeat(20_000);
                let lines =
                    [honest(), vec![line("A", &huge), line("B", &huge), line("C", &huge), line("D", &huge)]];
                Reply::new("200 OK", &lines.concat(), &dataset())
            },
            Refusal::HeadersTooLarge { .. }
        ),
        attack!(
            "a crowd of headers",
            |_| {
                let crowd = (0..120).map(|n| line(&format!("X-{n}"), n)).collect();
                Reply::new("200 OK", &[honest(), crowd].concat(), &dataset())
            },
            Refusal::TooManyHeaders { .. }
        ),
    ]
}

/// Answers that are none.
fn refusals() -> Vec<Attack> {
    vec![
        attack!(
            "not HTTP",
            |_| Reply { bytes: b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), then: Then::Close },
            Refusal::NotHttp
        ),
        attack!("nothing", |_| Reply { bytes: Vec::new(), then: Then::Close }, Refusal::ClosedEarly),
        attack!(
            "a wait of thirty years",
            |_| Reply::new(
                "429 Too Many",
                &[line("Retry-After", 1_000_000_000), line("Content-Length", 0)],
                b""
            ),
            Refusal::RateLimited { .. }
        ),
        attack!(
            "a limit without end",
            |_| Reply::new("429 Too Many", &[line("Retry-After", 0), line("Content-Length", 0)], b""),
            Refusal::StillLimited { .. }
        ),
        attack!(
            "failure without end",
            |_| Reply::new("503 No", &[line("Content-Length", 0)], b""),
            Refusal::Unavailable { status: 503 }
        ),
        attack!(
            "a status that means nothing here",
            |_| Reply::new("205 Reset", &[line("Content-Length", 0)], b""),
            Refusal::OddStatus { status: 205 }
        ),
    ]
}

fn bodies() -> Vec<Attack> {
    vec![
        attack!(
            "more bytes than told",
            |_| {
                let size = dataset().len().to_string();
                let lines = but(&[
                    ("Content-Length", ""),
                    ("X-Linked-Size", &size),
                    ("Transfer-Encoding", "chunked"),
                ]);
                Reply::new("200 OK", &lines, &chunked(&[dataset(), b"more".to_vec()].concat(), true))
            },
            Refusal::TooLong { expected: 36_000 }
        ),
        attack!(
            "a body that always ends early",
            |_| Reply::new("200 OK", &honest(), &dataset()[..100]),
            Refusal::CutShort { expected: 36_000, .. }
        ),
        attack!(
            "one wrong byte",
            |_| {
                let mut bytes = dataset();
                bytes[30_000] ^= 1;
                Reply::new("200 OK", &honest(), &bytes)
            },
            Refusal::WrongSha256 { .. }
        ),
        attack!(
            "one wrong byte of a git blob",
            |_| {
                let etag = format!("\"{}\"", StoredFile::new(dataset(), Way::Plain).git_sha1);
                let mut bytes = dataset();
                bytes[0] ^= 1;
                Reply::new("200 OK", &but(&[("ETag", &etag)]), &bytes)
            },
            Refusal::WrongGitBlob { .. }
        ),
        attack!(
            "more lines than anyone needs",
            |_| {
                let bytes = vec![b'\n'; 5_000];
                let length = bytes.len().to_string();
                Reply::new("200 OK", &but(&[("Content-Length", &length)]), &bytes)
            },
            Refusal::TooManyLines { cap: 1_000 }
        ),
        attack!(
            "one endless line",
            |_| {
                let bytes = vec![b'x'; 50_000];
                let length = bytes.len().to_string();
                Reply::new("200 OK", &but(&[("Content-Length", &length)]), &bytes)
            },
            Refusal::LineTooLong { line: 1, cap: 40_000 }
        ),
    ]
}

/// Rests that do not belong to what is there.
fn rests() -> Vec<Attack> {
    vec![
        attack!("a part for the whole", |_| partial(0, 36_000, &[]), Refusal::RangeUnasked),
        attack!(
            "a part without its place",
            |asked| after_a_cut(asked, |_| Reply::new("206 Partial Content", &honest(), &dataset())),
            Refusal::RangeUntold
        ),
        attack!(
            "another part",
            |asked| after_a_cut(asked, |from| partial(from - 1, 36_000, &[])),
            Refusal::RangeElsewhere { .. }
        ),
        attack!(
            "a rest that is refused",
            |asked| after_a_cut(asked, |_| Reply::new("416 No", &[line("Content-Length", 0)], b"")),
            Refusal::RangeRefused { have: 20_000, expected: 36_000 }
        ),
        attack!(
            "another length in the middle",
            |asked| after_a_cut(asked, |from| partial(from, 36_001, &[])),
            Refusal::SizeChanged { before: 36_000, now: 36_001 }
        ),
        attack!(
            "another file in the middle",
            |asked| {
                let etag = format!("\"{}\"", "e".repeat(64));
                after_a_cut(asked, |from| partial(from, 36_000, &[("ETag", &etag)]))
            },
            Refusal::EtagChanging { times: 3 }
        ),
    ]
}

/// Attacks on patience, which is short here.
fn silences() -> Vec<Attack> {
    vec![
        attack!("no answer", |_| Reply { bytes: Vec::new(), then: Then::Hang }, Refusal::Silent { .. }),
        attack!(
            "silence in the middle",
            |_| Reply::new("200 OK", &honest(), &dataset()[..0]).then(Then::Hang),
            Refusal::Stalled { have: 0, .. }
        ),
        attack!(
            "a byte now and then",
            |_| Reply::new("200 OK", &honest(), b"").then(Then::Drip(Duration::from_millis(20))),
            Refusal::OutOfTime { .. }
        ),
    ]
}

async fn strike(attack: &Attack, caps: Caps, told: &mut BTreeMap<String, &'static str>) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("into");
    std::fs::create_dir(&folder).unwrap();
    let server = Raw::serve(attack.answer);
    let fetch = client(FetchOptions { caps, ..options(&server.address) });
    let refusal = refused(one(&fetch, &folder).await);
    assert!((attack.expected)(&refusal), "{}: {refusal:?}", attack.name);
    let left: Vec<String> = super::support::names(&folder);
    assert!(left.iter().all(|name| name.starts_with('.')), "{}: {left:?}", attack.name);
    assert_eq!(super::support::names(outer.path()), ["into"], "{}", attack.name);
    let variant = format!("{refusal:?}").split([' ', '(']).next().unwrap().to_owned();
    if let Some(other) = told.insert(variant.clone(), attack.name) {
        panic!("{} and {other} are both told as {variant}", attack.name);
    }
    let sentence = refusal.to_string();
    assert!(sentence.chars().all(|letter| letter.is_ascii_graphic() || letter == ' '), "{sentence}");
}

#[tokio::test]
async fn forty_one_attacks_are_refused_each_by_its_own_name() {
    let mut told = BTreeMap::new();
    let attacks = [redirects(), heads(), lengths(), refusals(), bodies(), rests()].into_iter().flatten();
    for attack in attacks {
        let caps = Caps { lines: 1_000, line_bytes: 40_000, ..caps() };
        strike(&attack, caps, &mut told).await;
    }
    for attack in &silences() {
        let short = Duration::from_millis(400);
        let caps = Caps { silence: short, stall: short, whole: Duration::from_secs(3), tries: 2, ..caps() };
        strike(attack, caps, &mut told).await;
    }
    assert_eq!(told.len(), 41);
}
