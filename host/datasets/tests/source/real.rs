//! A subnet of the real shape: 256 neurons of which four committed to nothing, 56 accounts on the hub; and decoys.

use plimsoll_bundle::find;
use plimsoll_core::{Digest, Keypair};
use plimsoll_datasets::source::Source;
use plimsoll_plugin::{Host, HostOptions, PluginRef};
use serde_json::json;

/// Neurons that committed to nothing on the day that was counted.
pub const EMPTY: [u16; 4] = [0, 5, 27, 129];

/// Repositories of each account.
const REPOSITORIES: [usize; 28] =
    [51, 20, 11, 10, 9, 9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6, 5, 4, 3, 3, 3, 2, 2, 2, 2, 2, 2];

/// The shipped source, compiled once a process.
pub fn flock() -> Source {
    static HOST: std::sync::OnceLock<Host> = std::sync::OnceLock::new();
    let host = HOST.get_or_init(|| Host::new(HostOptions::default()).unwrap());
    let plugin = PluginRef::new("builtin:dataset-flock", find("dataset-flock").unwrap().component);
    Source::load(host, &plugin, &json!({})).unwrap()
}

pub fn key(netuid: u16, uid: u16) -> Keypair {
    Keypair::from_seed(&Digest::of(format!("neuron {uid} of {netuid}").as_bytes()).0)
}

/// 252 commitments of 56 accounts.
pub fn commitments(seed: &str) -> Vec<String> {
    let accounts = REPOSITORIES.into_iter().chain([1; 28]).enumerate();
    let all = accounts.flat_map(|(account, count)| (0..count).map(move |at| (account, at)));
    all.map(|(account, at)| {
        let commit = &Digest::of(format!("{seed} {account} {at}").as_bytes()).to_string()[..40];
        format!("{seed}{account:02}/set-{at}:1:{commit}")
    })
    .collect()
}

/// Commitments as other subnets have them, by what they are called here.
pub fn decoy(form: &str, at: usize) -> String {
    let hash = Digest::of(format!("{form} {at}").as_bytes()).to_string();
    match form {
        "five parts" => format!("owner{at}/model:name:{}:{}:c00", &hash[..40], &hash[..24]),
        "dashes" => format!("owner{at}-model-{}", &hash[..40]),
        "credentials" => format!("{}{}", &hash, &hash),
        "json" => format!(r#"{{"id": "{at}", "repo": "a/b", "bench": 2.6, "rows": 250}}"#),
        "cid" => format!("bafybei{}", &hash[..52]),
        _ => unreachable!("no decoy is called {form}"),
    }
}
