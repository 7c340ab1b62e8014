//! Names in a listing: whatever could be written outside, or onto one another, refuses the whole.

use std::collections::BTreeSet;

use plimsoll_datasets::fetch::{Caps, FetchOptions, NameFault, Namespace, Refusal, Revision, check_path};
use plimsoll_hub::{Fault, HubOptions, Repo, StoredFile, Way};

use super::raw::{Raw, Reply};
use super::support::{COMMIT, REPO, caps, client, commit, dataset, hub, hub_with, options};

fn repo() -> Namespace {
    Namespace::parse(REPO).unwrap()
}

#[tokio::test]
async fn hostile_names_are_refused_each_by_its_own_name() {
    let hub = hub(Way::Plain);
    let fetch = client(options(hub.address()));
    let long = "n".repeat(256);
    let mut told = BTreeSet::new();
    for (name, expected) in [
        ("../../x", NameFault::Dots),
        ("/etc/cron.d/x", NameFault::Absolute),
        ("a\0b", NameFault::Nul),
        ("..\\x", NameFault::Backslash),
        ("a\u{1b}[2J", NameFault::Control),
        (&long, NameFault::TooLong),
        ("C:x", NameFault::Colon),
        ("a//b", NameFault::Empty),
        ("DATA.jsonl", NameFault::CaseCollision),
        ("data.jsonl", NameFault::Twice),
        ("data.jsonl/x", NameFault::FileAndFolder),
    ] {
        hub.fail(REPO, Fault::HostileNames(vec![name.to_owned()]), Some(1));
        let refusal = fetch.listing(&repo(), &commit()).await.unwrap_err();
        assert_eq!(refusal, Refusal::Name(expected), "{name:?}");
        assert!(told.insert(refusal.to_string()), "{refusal}");
    }
    assert_eq!(told.len(), 11);
    let honest = fetch.listing(&repo(), &commit()).await.unwrap();
    assert_eq!((honest.len(), honest[0].path.as_str(), honest[0].size_bytes), (1, "data.jsonl", 36_000));
}

#[tokio::test]
async fn pages_are_read_to_their_end() {
    let hub = hub_with(Way::Plain, HubOptions { page_entries: 10, ..HubOptions::default() });
    let mut repo = Repo::with_dataset(REPO, COMMIT, dataset(), Way::Plain);
    let name = |n: usize| (format!("part-{n:02}.jsonl"), StoredFile::new("{}\n", Way::Plain));
    repo.revisions[0].files.extend((0..34).map(name));
    hub.put(repo);
    let fetch = client(options(hub.address()));
    let entries = fetch.listing(&self::repo(), &commit()).await.unwrap();
    assert_eq!((entries.len(), hub.log().all().len()), (35, 4));
    let few = client(FetchOptions { caps: Caps { pages: 3, ..caps() }, ..options(hub.address()) });
    assert_eq!(few.listing(&self::repo(), &commit()).await.unwrap_err(), Refusal::TooManyPages { most: 3 });
}

#[tokio::test]
async fn pages_that_lead_away_or_in_a_circle_are_not_followed() {
    let page = |link: Option<&str>, body: &[u8]| {
        let mut lines = vec![format!("Content-Length: {}", body.len())];
        lines.extend(link.map(|link| format!("Link: <{link}>; rel=\"next\"")));
        Reply::new("200 OK", &lines, body)
    };
    for (link, body, expected) in [
        (
            Some("https://other.example/x"),
            &b"[]"[..],
            Refusal::PageElsewhere { host: "other.example".into() },
        ),
        (Some("?recursive=true"), b"[]", Refusal::PageLoop),
        (None, b"{}", Refusal::ApiUnreadable { field: "the list of entries" }),
        (None, b"[{}]", Refusal::ApiUnreadable { field: "path" }),
        (None, b"[", Refusal::ApiUnreadable { field: "the whole" }),
        (None, br#"[{"path": "x", "type": "symlink"}]"#, Refusal::Name(NameFault::NotAFile)),
    ] {
        let server = Raw::serve(move |_| page(link, body));
        let refusal = client(options(&server.address)).listing(&repo(), &commit()).await.unwrap_err();
        assert_eq!(refusal, expected);
    }
    let server = Raw::serve(move |_| page(None, &vec![b' '; 100_000]));
    let small = FetchOptions { caps: Caps { api_bytes: 50_000, ..caps() }, ..options(&server.address) };
    let refusal = client(small).listing(&repo(), &commit()).await.unwrap_err();
    assert_eq!(refusal, Refusal::ApiTooLarge { cap: 50_000 });
}

#[test]
fn repositories_and_revisions_follow_the_hubs_rules() {
    for good in ["a/b", "keel-1/data.set_2", "A/0"] {
        assert!(Namespace::parse(good).is_ok(), "{good}");
    }
    let long = format!("a/{}", "b".repeat(97));
    for bad in
        ["", "a", "a/", "/b", "a/b/c", "a/-b", "a/b.", "a/b--c", "a/b..c", "a/b.git", "a/b c", "a/é", &long]
    {
        assert_eq!(Namespace::parse(bad), Err(NameFault::Repository), "{bad}");
    }
    assert!(matches!(Revision::parse(COMMIT), Ok(Revision::Pinned(_))));
    for branch in ["main", "refs/pr/1", &COMMIT[..39], &COMMIT.to_uppercase()] {
        assert!(matches!(Revision::parse(branch), Ok(Revision::Unpinned(_))), "{branch}");
    }
    let long = "r".repeat(129);
    for bad in ["", "a b", "a\nb", "../x", "a//b", "a^", "-a", "a.lock", "ä", &long] {
        assert_eq!(Revision::parse(bad), Err(NameFault::Revision), "{bad}");
    }
    assert_eq!(check_path("folder/data.jsonl"), Ok(()));
    assert_eq!(check_path("a\u{202e}gpj.exe"), Err(NameFault::Control));
}
