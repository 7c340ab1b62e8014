//! A client with short patience, and something to fetch.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_datasets::fetch::{
    Budget, Caps, Commit, Endpoint, Fetch, FetchOptions, Fetched, Namespace, Outcome, Pace, Refusal,
    Revision, Token, Wanted,
};
use plimsoll_hub::{Hub, HubOptions, Repo, Way};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const REPO: &str = "keel/brine";
pub(crate) const TOKEN: &str = "hf_AbCdEfGhIjKlMnOpQrStUvWx";

/// 300 lines, 36,000 bytes.
pub(crate) fn dataset() -> Vec<u8> {
    (0..300)
        .flat_map(|n| format!("{{\"row\": {n:5}, \"text\": \"{}\"}}\n", "x".repeat(93)).into_bytes())
        .collect()
}

pub(crate) fn hub(way: Way) -> Hub {
    hub_with(way, HubOptions::default())
}

pub(crate) fn hub_with(way: Way, mut options: HubOptions) -> Hub {
    options.tokens.insert(TOKEN.to_owned());
    Hub::start([Repo::with_dataset(REPO, COMMIT, dataset(), way)], options).unwrap()
}

/// Patience for tests: long where only a busy machine could use it up.
pub(crate) fn caps() -> Caps {
    Caps {
        tries: 3,
        pause: Duration::from_millis(1),
        silence: Duration::from_secs(20),
        stall: Duration::from_secs(20),
        whole: Duration::from_secs(60),
        ..Caps::default()
    }
}

pub(crate) fn options(address: &str) -> FetchOptions {
    FetchOptions { caps: caps(), ..FetchOptions::new(Endpoint::parse(address).unwrap()) }
}

pub(crate) fn client(options: FetchOptions) -> Arc<Fetch> {
    Arc::new(Fetch::new(options, Arc::new(Budget::new(Pace::Free))).unwrap())
}

pub(crate) fn with_token(address: &str) -> Arc<Fetch> {
    client(FetchOptions { token: Token::parse(TOKEN, "a test").unwrap(), ..options(address) })
}

pub(crate) fn wanted(folder: &Path, repo: &str, revision: &str) -> Wanted {
    Wanted {
        repository: Namespace::parse(repo).unwrap(),
        revision: Revision::parse(revision).unwrap(),
        path: "data.jsonl".to_owned(),
        folder: folder.to_owned(),
        name: format!("{}.jsonl", repo.replace('/', "+")),
    }
}

pub(crate) fn commit() -> Commit {
    Commit::parse(COMMIT).unwrap()
}

/// Fetches the one dataset into `folder`.
pub(crate) async fn one(fetch: &Fetch, folder: &Path) -> Outcome {
    fetch.file(&wanted(folder, REPO, COMMIT)).await.unwrap()
}

pub(crate) fn fetched(outcome: Outcome) -> Fetched {
    match outcome {
        Outcome::Fetched(fetched) => fetched,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

pub(crate) fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        Outcome::Fetched(fetched) => panic!("fetched {fetched:?}"),
    }
}

/// The names in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
