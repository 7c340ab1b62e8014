//! The main job as an operator does it, every part a process of its own: a chain, a wallet for each, space
//! divided and filled, a miner, a validator, and the replay of what it wrote.

use crate::home::Home;
use crate::server::{Server, free_port};

#[test]
fn a_chain_a_miner_and_a_validator_in_processes_of_their_own_set_weights_that_replay() {
    let home = Home::warm();
    let (chain_port, axon_port) = (free_port(), free_port());
    home.write(
        "plimsoll.toml",
        &format!(
            "[chain]\nendpoint = \"local://127.0.0.1:{chain_port}\"\n[space]\ndb_path = \"db\"\nmax_size = \"4MiB\"\n\
             threshold = 1.0\n[miner]\nlisten = \"127.0.0.1:{axon_port}\"\n[validator]\nevidence_dir = \"evidence\"\n\
             [allocation]\npolicy = \"builtin:allocation-permit\"\n[challenge.params]\nspread_ms = 0\n"
        ),
    );
    std::fs::create_dir(home.path().join("db")).unwrap();
    let done = |line: &str| {
        let ran = home.run(line);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.out, ran.err);
        ran.out
    };
    let (miner, validator) = ("--wallet.name m", "--wallet.name v");
    done(&format!("wallet new {miner}"));
    done(&format!("wallet new {validator}"));
    let chain = Server::start(home.path(), "localnet --block-ms 100 --tempo 5");
    done(&format!("localnet register {validator}"));
    done(&format!("localnet stake 500 {validator}"));
    done(&format!("localnet register {miner}"));
    done(&format!("allocate {miner}"));
    done(&format!("generate {miner}"));

    let serving = Server::start(home.path(), &format!("miner {miner}"));
    let told = done(&format!("validator {validator} --rounds 2 --log off"));
    assert!(told.contains("epoch 0 at block") && told.contains("epoch 1 at block"), "{told}");
    assert!(told.contains("weights are set") && !told.contains("takes no part"), "{told}");
    let shown: serde_json::Value = serde_json::from_str(&done("localnet show --json")).unwrap();
    assert_eq!(shown["weights"], serde_json::json!([[0, [[1, 65535]]]]));
    let replayed: serde_json::Value = serde_json::from_str(&done("replay --json")).unwrap();
    assert_eq!(replayed["equal"], true);
    assert_eq!(replayed["logs"][0]["report"]["rounds"].as_array().unwrap().len(), 2);

    assert_eq!(serving.interrupt(), 0);
    // The miner is gone: absent, and paid nothing.
    let told = done(&format!("validator {validator} --rounds 1 --json --log off"));
    let round: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&round["miners"][0]["standing"]["absent"], &round["miners"][0]["weight"]),
        (&1.into(), &0.into())
    );
    assert_eq!(chain.interrupt(), 0);
}
