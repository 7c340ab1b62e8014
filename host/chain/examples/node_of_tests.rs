//! The node that the tests of the Bittensor client speak to, on loopback for as long as it runs: a subnet to try
//! `plimsoll subnets`, `subnet`, `bench chain`, a miner and a validator on. Its metadata is that of runtime 365; what is
//! behind it is the local ledger, and no runtime.
//!
//! ```text
//! cargo run --example node_of_tests -- [--at 127.0.0.1:9944] [--neurons 256] [--latency-ms 50] [--hide]
//!     [--old] [--wallets DIR --hotkeys validator,miner] [--block-ms 1000]
//! plimsoll bench chain --netuid 7 --network local --json
//! ```
//!
//! The first of the named hotkeys (of the wallet `default` in DIR) has stake and a permit. With `--old` the runtime cannot
//! be asked for a whole subnet, which is then read value by value.

#![allow(clippy::unwrap_used, reason = "a node to try things on")]
#![allow(clippy::print_stdout, reason = "it says where it is")]

#[path = "../tests/node/mod.rs"]
mod node;

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{Chain as _, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao};

use node::{Node, Served};

const NETUID: NetUid = NetUid(7);

/// The value behind a flag.
fn flag(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

fn number(name: &str, default: u64) -> u64 {
    flag(name).map_or(default, |text| text.parse().unwrap())
}

fn keys() -> Vec<Keypair> {
    let Some(names) = flag("--hotkeys") else {
        return (0..8).map(|byte| Keypair::from_seed(&[byte; 32])).collect();
    };
    let folder = PathBuf::from(flag("--wallets").unwrap());
    let key = |name: &str| Wallet::at(&folder, "default", name).unwrap().hotkey().unwrap();
    names.split(',').map(key).collect()
}

#[tokio::main]
async fn main() {
    let (keys, neurons) = (keys(), u16::try_from(number("--neurons", 256)).unwrap());
    let neuron = |uid: u16| GenesisNeuron {
        hotkey: keys.get(usize::from(uid)).map_or(Hotkey(Digest::of(&uid.to_le_bytes()).0), Keypair::hotkey),
        coldkey: Hotkey([3; 32]),
        stake_rao: StakeRao(if uid == 0 { 1 << 40 } else { 10 }),
        validator_permit: uid == 0,
        axon: (usize::from(uid) >= keys.len()).then(|| ([192, 0, 2, uid.to_le_bytes()[0]], 8091).into()),
    };
    let rules = SubnetRules { max_neurons: neurons, tempo_blocks: 60, ..SubnetRules::default() };
    let all = (0..neurons).map(neuron).collect();
    let ledger = Ledger::new(LedgerGenesis::single(Digest([8; 32]), NETUID, rules, all)).unwrap();
    ledger.advance(50);
    if flag("--hotkeys").is_none() {
        for key in &keys {
            ledger.commit(key, NETUID, &[9; 128]).await.unwrap();
        }
    }
    let node = Node::around(ledger.clone(), vec![NETUID], keys);
    {
        let mut inner = node.inner();
        inner.latency = Some(Duration::from_millis(number("--latency-ms", 0)));
        inner.commit_reveal = std::env::args().any(|word| word == "--hide");
        inner.names.insert(NETUID, "on loopback".into());
        if std::env::args().any(|word| word == "--old") {
            inner.version.metadata = node::without_apis().into();
            inner.version.has_apis = false;
        }
        // Its blocks have the ledger's hashes, and no headers that have them.
        inner.tells = false;
    }
    let at = flag("--at").unwrap_or_else(|| "127.0.0.1:9944".into());
    let server = Served::start_at(node, at.parse().unwrap()).await;
    println!("subnet {NETUID} with {neurons} neurons at {}", server.url());
    let block_ms = number("--block-ms", 1000);
    loop {
        tokio::time::sleep(Duration::from_millis(block_ms)).await;
        ledger.advance(1);
    }
}
