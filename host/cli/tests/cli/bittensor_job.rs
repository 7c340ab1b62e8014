//! The main job on a subnet of Bittensor, every part a process of its own, over websockets: the node is that of the
//! client's tests, with a real runtime's metadata and the local ledger behind it.

use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{Chain as _, GenesisNeuron, Ledger, LedgerGenesis, SubnetRules};
use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, StakeRao, Uid};

use crate::home::Home;
use crate::node::{Node, Served};
use crate::server::{Server, free_port, until};

const NETUID: NetUid = NetUid(7);

fn hotkey_of(home: &Home, wallet: &str) -> Keypair {
    Wallet::at(&home.path().join(".bittensor/wallets"), wallet, "default").unwrap().hotkey().unwrap()
}

/// Subnet 7 with these neurons, of which the first has stake and a permit, and a block every 200 ms.
async fn node_of(keys: Vec<Keypair>) -> Served {
    let neuron = |(place, key): (usize, &Keypair)| GenesisNeuron {
        hotkey: key.hotkey(),
        coldkey: Hotkey([3; 32]),
        stake_rao: StakeRao(if place == 0 { 1 << 40 } else { 10 }),
        validator_permit: place == 0,
        axon: None,
    };
    let rules = SubnetRules { tempo_blocks: 60, weights_rate_limit_blocks: 1, ..SubnetRules::default() };
    let neurons = keys.iter().enumerate().map(neuron).collect();
    let ledger = Ledger::new(LedgerGenesis::single(Digest([8; 32]), NETUID, rules, neurons)).unwrap();
    ledger.advance(1);
    let node = Node::around(ledger.clone(), vec![NETUID], keys);
    // Its blocks have the ledger's hashes, and no headers that have them.
    node.inner().tells = false;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            ledger.advance(1);
        }
    });
    Served::start(node).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_and_a_validator_do_their_job_on_a_node_of_bittensor() {
    let home = Home::warm();
    let done = |line: &str| {
        let ran = home.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.out, ran.err);
        ran.out
    };
    let (miner, validator) = ("--wallet.name m", "--wallet.name v");
    done(&format!("wallet new {miner}"));
    done(&format!("wallet new {validator}"));
    let server = node_of(vec![hotkey_of(&home, "v"), hotkey_of(&home, "m")]).await;
    // The chain takes no axon at 127.0.0.1.
    let axon_port = free_port();
    home.write(
        "plimsoll.toml",
        &format!(
            "[chain]\nendpoint = \"{}\"\nnetwork = \"local\"\nnetuid = 7\n[space]\ndb_path = \"db\"\nmax_size = \"4MiB\"\n\
             threshold = 1.0\n[miner]\nlisten = \"127.0.0.2:{axon_port}\"\n[validator]\nevidence_dir = \"evidence\"\n\
             [allocation]\npolicy = \"builtin:allocation-permit\"\n[challenge.params]\nspread_ms = 0\n",
            server.url()
        ),
    );
    std::fs::create_dir(home.path().join("db")).unwrap();

    let listed: serde_json::Value = serde_json::from_str(&done("subnets --json")).unwrap();
    assert_eq!((&listed["subnets"][0]["netuid"], &listed["subnets"][0]["neurons"]), (&7.into(), &2.into()));
    let shown = done("subnet");
    let first = format!("0  {}", hotkey_of(&home, "v").hotkey());
    assert!(shown.contains("subnet 7") && shown.contains(&first) && shown.contains("yes"), "{shown}");
    let timed: serde_json::Value = serde_json::from_str(&done("bench chain --json --repeats 2")).unwrap();
    assert_eq!((&timed["round_trips"], &timed["neurons"]), (&2.into(), &2.into()));

    done(&format!("allocate {miner}"));
    done(&format!("generate {miner}"));
    let serving = Server::start(home.path(), &format!("miner {miner}"));
    let told = done(&format!("validator {validator} --rounds 2 --period 3 --log off"));
    assert!(told.contains("epoch 1 at block") && told.contains("weights are set"), "{told}");
    assert!(!told.contains("takes no part"), "{told}");
    let ledger = server.node.ledger.clone();
    assert_eq!(ledger.weights(NETUID).await.unwrap(), [(Uid(0), vec![(Uid(1), 65535)])]);

    server.node.inner().commit_reveal = true;
    let told = done(&format!("validator {validator} --rounds 1 --log off"));
    assert!(told.contains("weights are committed; the chain shows them"), "{told}");
    assert_eq!(server.node.inner().hidden.sealed.len(), 1);
    assert_eq!(serving.interrupt(), 0);

    // The chain has lost the commit and shows others: who comes back before the next round is due commits again, once.
    server.node.inner().hidden.sealed.clear();
    ledger.set_weights(&hotkey_of(&home, "v"), NETUID, &[(Uid(0), 1)]).await.unwrap();
    let back = Server::quiet(home.path(), &format!("validator {validator} --rounds 1 --period 100000"));
    until("nothing is committed", || !server.node.inner().hidden.sealed.is_empty()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(server.node.inner().hidden.sealed.len(), 1);
    assert_eq!(back.interrupt(), 0);
    let replayed: serde_json::Value = serde_json::from_str(&done("replay --json")).unwrap();
    assert_eq!(replayed["equal"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_registered_or_has_no_permit_is_told_the_command() {
    let home = Home::warm();
    for wallet in ["v", "m", "stranger"] {
        home.run(&format!("wallet new --wallet.name {wallet}"));
    }
    let server = node_of(vec![hotkey_of(&home, "v"), hotkey_of(&home, "m")]).await;
    let chain = format!("--endpoint {} --netuid 7", server.url());
    let ran = home.run(&format!("validator --rounds 1 --wallet.name stranger {chain}"));
    assert_eq!(ran.code, 1, "{}", ran.all());
    let command = "btcli subnets register --netuid 7 --wallet-name stranger --hotkey default --network ws://";
    assert!(ran.err.contains("is not registered on subnet 7") && ran.err.contains(command), "{}", ran.err);
    let ran = home.run(&format!("validator --rounds 1 --wallet.name m {chain}"));
    assert_eq!(ran.code, 1, "{}", ran.all());
    let command = "btcli stake add --netuid 7 --wallet-name m --hotkey default --network ws://";
    assert!(ran.err.contains("no validator permit") && ran.err.contains(command), "{}", ran.err);
    let ran = home.run(&format!("subnet 9 {chain}"));
    assert!(ran.code == 1 && ran.err.contains("btcli subnets list"), "{}", ran.all());
}

#[test]
fn an_address_that_no_validator_asks_is_not_announced_on_a_public_network() {
    let home = Home::new();
    for (config, said) in [
        (
            "[miner]\nannounce = \"10.0.0.7:8091\"",
            "miner.announce is 10.0.0.7:8091, expected an address on the public",
        ),
        (
            "[miner]\nlisten = \"192.168.1.5:8091\"",
            "miner.listen is 192.168.1.5:8091, expected an address on the public",
        ),
        ("", "0.0.0.0:8091 can be listened on, but nobody can reach it"),
    ] {
        home.write("plimsoll.toml", config);
        let ran = home.run("miner --network test");
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert!(ran.err.contains(said) && ran.err.contains("set miner.announce to"), "{}", ran.err);
    }
}

#[test]
fn a_network_and_a_ledger_contradict_each_other() {
    let home = Home::new();
    let ran = home.run("subnets --network test --endpoint local://127.0.0.1:1");
    assert_eq!(ran.code, 3, "{}", ran.all());
    let said = "chain.endpoint is `local://127.0.0.1:1`, which is of no network, and chain.network is `test`";
    assert!(ran.err.contains(said), "{}", ran.err);
    let ran = home.run("subnets --network moon");
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.err.contains("finney, test, local"), "{}", ran.err);
}
