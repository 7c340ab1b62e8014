//! The Bittensor client over real websockets, with a node that can be made to fail.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod faults;
mod follow;
mod hidden;
mod hidden_again;
mod live;
mod nodes;
mod reads;
mod real;
mod upgrades;
mod writes;

#[path = "../node/mod.rs"]
mod node;
#[path = "../support/bittensor.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use node::{Node, Served};
use plimsoll_chain::{Bittensor, BittensorOptions, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};
use plimsoll_core::{Digest, Hotkey, NetUid, StakeRao};
use support::{genesis, key};

/// The subnet of the contract's tests, behind a node.
async fn served() -> Served {
    let node =
        Node::around(Ledger::new(genesis()).unwrap(), vec![support::NETUID], (0..=60).map(key).collect());
    Served::start(node).await
}

fn client(server: &Served) -> Bittensor {
    Bittensor::new(stage::quick(&server.url()))
}

fn client_with(server: &Served, change: impl FnOnce(&mut BittensorOptions)) -> Bittensor {
    let mut options = stage::quick(&server.url());
    change(&mut options);
    Bittensor::new(options)
}

/// A subnet of so many neurons, each with an axon and a commitment, behind a node.
async fn large(neurons: u16) -> Served {
    use plimsoll_chain::Chain as _;
    let hotkey = |uid: u16| match u8::try_from(uid) {
        Ok(byte) if byte <= 60 => key(byte).hotkey(),
        _ => Hotkey(Digest::of(&uid.to_le_bytes()).0),
    };
    let neuron = |uid: u16| GenesisNeuron {
        hotkey: hotkey(uid),
        coldkey: Hotkey([3; 32]),
        stake_rao: StakeRao(u64::from(uid) << 33),
        validator_permit: uid < 64,
        axon: Some(([10, 0, uid.to_le_bytes()[1], uid.to_le_bytes()[0]], 8091).into()),
    };
    let rules = SubnetRules { max_neurons: neurons, ..SubnetRules::default() };
    let netuid = NetUid(96);
    let genesis = LedgerGenesis::single(Digest([8; 32]), netuid, rules, (0..neurons).map(neuron).collect());
    let ledger = Ledger::new(genesis).unwrap();
    ledger.advance(50);
    for byte in 0..60 {
        ledger.commit(&key(byte), netuid, &[byte; 128]).await.unwrap();
    }
    let node = Node::around(ledger, vec![netuid], (0..=60).map(key).collect());
    Served::start(node).await
}
