//! Secrets that miners commit to by mistake are nowhere to be found.

use std::sync::{Arc, Mutex};

use plimsoll_datasets::archive::Place;
use plimsoll_datasets::collect::{Listener, Told};

use crate::stage::{NETUID, Stage, commit_of, files, outcome, repo, rows};

const KEYS: [&str; 4] = [
    // An object store's credentials, as other subnets commit to them: account, key, secret in fixed widths.
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0AKIAIOSFODNN7EXAMPLEAKIAIOSFODNNwJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYwJalrXUtnFEMIK7MDENGbPxRfi",
    "{\"token\": \"hf_QwErTyUiOpAsDfGhJkLzXcVbNm123456\"}",
    "owner/name:1:hf_QwErTyUiOpAsDfGhJkLzXcVbNm 123456",
    "sk-live_51HG8vDKj2nE4pQxYz:q7:aBcDeFgHiJkLmNoP",
];

#[derive(Default)]
struct Heard(Mutex<String>);

impl Listener for Heard {
    fn told(&self, told: &Told) {
        self.0.lock().unwrap().push_str(&format!("{told:?}"));
    }
}

/// Twelve bytes in a row of a secret are too many.
fn leaks(text: &[u8]) -> Option<&'static str> {
    let has = |key: &&str| {
        let secret = key.strip_prefix("owner/name:1:").unwrap_or(key).as_bytes();
        secret.windows(12).any(|part| text.windows(12).any(|seen| seen == part))
    };
    KEYS.into_iter().find(has)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_on_the_chain_is_in_no_output_and_in_no_file() {
    assert!(leaks(KEYS[1].as_bytes()).is_some(), "what is looked for can be found");
    let stage = Stage::new(5, [repo("a/b", "c", rows("w", 2))]);
    for (uid, secret) in (0..).zip(KEYS) {
        stage.commit(uid, secret).await;
    }
    stage.name(4, "a/b", &commit_of("c")).await;
    let heard = Arc::new(Heard::default());
    let listener: Arc<dyn Listener> = heard.clone();
    let summary = stage.collect_heard(&stage.options(), &listener).await.unwrap();
    assert_eq!((summary.downloaded, summary.skipped, summary.failed), (1, 4, 0), "{:?}", summary.outcomes);
    assert_eq!((outcome(&summary, 0), outcome(&summary, 2)), ("foreign", "malformed"));
    let archive = stage.archive();
    let place = Place { netuid: NETUID, block: summary.subnet.block };
    let (manifest, _) = archive.manifest(place).unwrap();
    let texts = [
        serde_json::to_string(&summary).unwrap(),
        format!("{summary:?}{manifest:?}{:?}", archive.history(NETUID, plimsoll_core::Uid(0)).unwrap()),
        heard.0.lock().unwrap().clone(),
        String::from_utf8_lossy(&manifest.to_bytes()).into_owned(),
    ];
    for text in &texts {
        assert_eq!(leaks(text.as_bytes()), None);
    }
    for file in files(stage.data.path()) {
        assert_eq!(leaks(&std::fs::read(&file).unwrap()), None, "{}", file.display());
    }
    let note = manifest.entries[0].commitment.as_ref().unwrap();
    assert_eq!(
        (usize::from(note.raw.bytes), &note.source),
        (KEYS[0].len(), &None),
        "told apart by its digest"
    );
}
