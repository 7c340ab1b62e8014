//! A small subnet to try chains on.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::sync::Arc;

use plimsoll_chain::{
    GenesisNeuron, Ledger, LedgerClient, LedgerGenesis, LedgerServer, LocalAdmin, SubnetRules,
};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao};

pub(crate) const NETUID: NetUid = NetUid(7);
pub(crate) const RATE_LIMIT_BLOCKS: u64 = 20;

pub(crate) fn key(byte: u8) -> Keypair {
    Keypair::from_seed(&[byte; 32])
}

pub(crate) fn sudo() -> Keypair {
    key(99)
}

/// Subnet 7: uid 0 is a validator with stake and permit, uids 1 to 3 are miners, and there are places for two
/// more. The key of uid n is `key(n)`.
pub(crate) fn genesis() -> LedgerGenesis {
    let neuron = |byte: u8| GenesisNeuron {
        hotkey: key(byte).hotkey(),
        coldkey: Hotkey([byte; 32]),
        stake_rao: StakeRao(if byte == 0 { 5000 } else { 10 }),
        validator_permit: byte == 0,
        axon: None,
    };
    let rules = SubnetRules {
        tempo_blocks: 60,
        weights_rate_limit_blocks: RATE_LIMIT_BLOCKS,
        max_neurons: 6,
        ..SubnetRules::default()
    };
    let neurons = (0..4).map(neuron).collect();
    LedgerGenesis {
        sudo: Some(sudo().hotkey()),
        ..LedgerGenesis::single(Digest([5; 32]), NETUID, rules, neurons)
    }
}

/// One chain to try, and what keeps it alive.
pub(crate) struct Stage {
    pub(crate) chain: Arc<dyn LocalAdmin>,
    _server: Option<LedgerServer>,
}

impl Stage {
    pub(crate) fn in_process() -> Self {
        Self { chain: Arc::new(Ledger::new(genesis()).unwrap()), _server: None }
    }

    pub(crate) async fn served() -> Self {
        let ledger = Ledger::new(genesis()).unwrap();
        let server = LedgerServer::start(ledger, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let client = LedgerClient::new(server.at()).unwrap();
        Self { chain: Arc::new(client), _server: Some(server) }
    }
}
