//! Datasets of a subnet of Bittensor: the node is that of the client's tests, with a real runtime's metadata.

use plimsoll_chain::Chain as _;
use plimsoll_hub::{Bucket, Hub, HubOptions, Repo, Way};

use crate::datasets::{NETUID, commit, commit_of, config, key, ledger, rows};
use crate::home::Home;
use crate::node::{Node, Served};

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_of_bittensor_is_found_and_collected_at_one_block() {
    let ledger = ledger(5);
    let names = ["orca/a", "lumen/b", "north/c"];
    for (uid, name) in (1..).zip(names) {
        commit(&ledger, uid, &format!("{name}:1:{}", commit_of(name))).await;
    }
    commit(&ledger, 4, "owner-model-name-0123456789").await;
    let node = Node::around(ledger.clone(), vec![NETUID], (0..5).map(key).collect());
    // Its blocks have the ledger's hashes, and no headers that have them.
    node.inner().tells = false;
    let served = Served::start(node).await;
    let repos = names.iter().map(|name| Repo::with_dataset(name, &commit_of(name), rows(0..20), Way::Plain));
    let hub = Hub::start(repos, HubOptions::default()).unwrap();
    let home = Home::warm();
    home.write("plimsoll.toml", &config(&served.url()).replace("netuid = 96\n", "network = \"local\"\n"));
    let run = |line: &str| home.run_in(&[("HF_ENDPOINT", hub.address())], line);
    let found = run("subnets find --source flock --json");
    assert_eq!(found.code, 0, "{}", found.all());
    assert_eq!(found.json()["candidates"][0]["confirmed"]["there"], 3);
    // Nobody named a subnet: it is found first.
    let ran = run("datasets collect --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    let summary = ran.json();
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!((count("netuid"), count("downloaded"), count("skipped"), count("failed")), (96, 3, 2, 0));
    assert_eq!(summary["outcomes"]["foreign"], 1);
    let gets = hub.log().all().iter().filter(|asked| asked.method == "GET").count();
    assert_eq!((gets, hub.log().count(Bucket::Api)), (3, 0));
    let head = ledger.head().await.unwrap().block.0;
    assert_eq!(count("block"), head);
}
