//! Bytes that were measured with real implementations, under the metadata of runtime 365.

use std::sync::OnceLock;

use plimsoll_core::{Digest, Hotkey, Keypair, NetUid, Uid};
use subxt::ext::codec::Encode as _;
use subxt::ext::scale_value::Value;

use super::node;
use crate::bittensor::calls;
use crate::bittensor::places::Network;
use crate::bittensor::runtime::{ChainCall, Runtime, Turn, account, number};
use crate::bittensor::scale::{AxonRecord, MetagraphAnswer, commitment_of};

/// Runtime 365 of finney.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let genesis = Network::Finney.genesis().unwrap();
    RUNTIME.get_or_init(|| Runtime::new(365, 1, &genesis, &node::finney()).unwrap())
}

fn alice() -> Hotkey {
    "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".parse().unwrap()
}

fn written(call: &ChainCall) -> String {
    hex::encode(runtime().call_data(call).unwrap())
}

const WEIGHTS: [(Uid, u16); 2] = [(Uid(0), 30_000), (Uid(1), 65_535)];
const NETUID: NetUid = NetUid(3);

#[test]
fn every_call_has_the_bytes_that_the_chain_reads() {
    let commitment = |bytes: &[u8]| written(&calls::set_commitment(NETUID, bytes));
    assert_eq!(commitment(b"hello"), "12000300040668656c6c6f");
    let raw21 = "1200030004166e616d6573706163653a7265706f3a636f6d6d6974";
    assert_eq!(commitment(b"namespace:repo:commit"), raw21);
    let axon = calls::serve_axon(NETUID, "8.8.4.4:8091".parse().unwrap());
    assert_eq!(written(&axon), "0704030001000000040408080000000000000000000000009b1f04040000");
    let weights = calls::set_weights(NETUID, &WEIGHTS, 0);
    assert_eq!(written(&weights), "070003000800000100083075ffff0000000000000000");
    let hash = calls::commit_weights(NETUID, &[0x11; 32]);
    assert_eq!(written(&hash), format!("07600300{}", "11".repeat(32)));
    let reveal = calls::reveal_weights(NETUID, &WEIGHTS, &[7, 8, 9], 0);
    assert_eq!(written(&reveal), "076103000800000100083075ffff0c0700080009000000000000000000");
    let sealed = calls::commit_timelocked_weights(NETUID, &[1, 2, 3], 123_456, 4);
    assert_eq!(written(&sealed), "077103000c01020340e20100000000000400");
}

#[test]
fn a_commitment_of_each_length_is_one_raw_field_of_it() {
    for length in 0..=128u8 {
        let bytes = vec![7; length.into()];
        let expected = format!("1200030004{:02x}{}", length + 1, hex::encode(&bytes));
        assert_eq!(written(&calls::set_commitment(NETUID, &bytes)), expected);
    }
}

#[test]
fn an_ipv6_axon_is_a_number_of_type_6() {
    let axon = calls::serve_axon(NETUID, "[2001:db8::1]:443".parse().unwrap());
    let ip = "0100000000000000000000 00b80d0120".replace(' ', "");
    assert_eq!(written(&axon), format!("0704030001000000{ip}bb0106040000"));
}

#[test]
fn every_storage_key_is_where_the_chain_keeps_it() {
    let net = || number(96u16);
    let alice = || account(&alice());
    let of = |pallet: &str, entry: &str, parts: Vec<Value>| {
        hex::encode(runtime().key(pallet, entry, parts).unwrap())
    };
    let account_of = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
    let commitments = "ca407206ec1ab726b2636c4b145ac287";
    for (entry, hash) in [
        ("CommitmentOf", "419a60ae8b01e6dcaebd7317e43c69bf"),
        ("RevealedCommitments", "9055a2cffd4b296f38f2de8d9b333cab"),
    ] {
        let key = format!("{commitments}{hash}6000518366b5b1bc7c99{account_of}");
        assert_eq!(of("Commitments", entry, vec![net(), alice()]), key, "{entry}");
    }
    let module = "658faa385070e074c85bf6b568cf0555";
    for (entry, hash) in [
        ("CommitRevealWeightsEnabled", "8fb0d3eb3d4ea01122652b09d1d43c65"),
        ("LastUpdate", "696e262a16e52255a69d8acd79354146"),
        ("MinAllowedWeights", "5cd1c97edf92be296fb8ae73ee861126"),
        ("NetworksAdded", "0e30450fc4d507a846032a7fa65d9a43"),
        ("RevealPeriodEpochs", "8f232bcbac768c1d6201850c60f161edf386b8a0c6ab4804"),
        ("ServingRateLimit", "1fbba053865c94fcc1b417b41cc9e63a"),
        ("SubnetworkN", "a1048e9d244171852dfe8db314dc68ca"),
        ("Tempo", "7641384bb339f3758acddfd7053d3317"),
        ("ValidatorPermit", "56af5b07ace59da2c9d7f0d48bc93143"),
        ("WeightsSetRateLimit", "2d919f5b3b970cd2c91638872d3aa64c"),
        ("WeightsVersionKey", "d8cb0c0627a5cd77797c62415dbef962"),
    ] {
        let key = format!("{module}{hash}6000");
        assert_eq!(of("SubtensorModule", entry, vec![net()]), key, "{entry}");
    }
    let uid = || number(0u16);
    let keys = format!("{module}9f99a2ce711f3a31b2fc05604c93f17960000000");
    assert_eq!(of("SubtensorModule", "Keys", vec![net(), uid()]), keys);
    let weights = format!("{module}a1e7036061f484bc3048a64b64e35ec460000000");
    assert_eq!(of("SubtensorModule", "Weights", vec![net(), uid()]), weights);
    let axons =
        format!("{module}b4e0c7b1d5f74994fcd58c28ab601fec6000de1e86a9a8c739864cf3cc5ec2bea59f{account_of}");
    assert_eq!(of("SubtensorModule", "Axons", vec![net(), alice()]), axons);
    let added = format!("{module}0e30450fc4d507a846032a7fa65d9a43");
    assert_eq!(hex::encode(runtime().prefix("SubtensorModule", "NetworksAdded", vec![]).unwrap()), added);
}

#[test]
fn a_key_that_the_runtime_does_not_have_is_a_sentence() {
    let error = runtime().key("SubtensorModule", "Moon", vec![]).unwrap_err().to_string();
    assert!(
        error.starts_with("runtime 365 has no SubtensorModule.Moon of the form that is known here"),
        "{error}"
    );
    let error = runtime().key("SubtensorModule", "Tempo", vec![]).unwrap_err().to_string();
    assert!(error.contains("SubtensorModule.Tempo"), "{error}");
    let call = ChainCall { pallet: "SubtensorModule", name: "fly", arguments: vec![] };
    assert!(runtime().call_data(&call).unwrap_err().to_string().contains("SubtensorModule.fly"));
}

/// One neuron: hotkey Alice, coldkey Bob, an axon and a commitment; only these four fields were asked for.
const METAGRAPH: &str = "0181010000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000104d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d01048eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48000104e80300000000000001000000040408080000000000000000000000009b1f0404000000000000000000000000000000000000000104d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d8c0000000000000000440000001058b9018501b5019501cd01c10185018d019501e8c9019501c101bd01e88d01bd01b501b501a501d101";

#[test]
fn a_recorded_metagraph_reads() {
    let bytes = hex::decode(METAGRAPH).unwrap();
    let runtime = runtime();
    let read = MetagraphAnswer::read(&bytes, runtime.metagraph_type().unwrap(), runtime.metadata());
    let answer = read.unwrap().unwrap();
    assert_eq!(answer.netuid, 96);
    assert_eq!(answer.hotkeys.unwrap()[0].0, alice().0);
    let bob: Hotkey = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty".parse().unwrap();
    assert_eq!(answer.coldkeys.unwrap()[0].0, bob.0);
    let axon = AxonRecord::from(&answer.axons.unwrap()[0]);
    assert_eq!(axon.address(), Some("8.8.4.4:8091".parse().unwrap()));
    let (who, stored) = &answer.commitments.unwrap()[0];
    assert_eq!(who.0, alice().0);
    assert_eq!(commitment_of(stored).unwrap().bytes().unwrap(), b"namespace:repo:commit");
    assert!(answer.tempo.is_none() && answer.name.is_none(), "not asked for");
}

#[test]
fn the_request_for_a_metagraph_has_the_bytes_that_the_runtime_reads() {
    let asked = (96u16, vec![52u16, 53, 55, 73]).encode();
    assert_eq!(hex::encode(asked), "6000103400350037004900");
}

#[test]
fn a_signed_transaction_is_laid_out_as_the_chain_reads_it() {
    let key = Keypair::from_seed(&[7; 32]);
    let turn = Turn { nonce: 7, block: 1000, hash: Digest([9; 32]) };
    let call = calls::serve_axon(NETUID, "8.8.4.4:8091".parse().unwrap());
    let signed = hex::encode(runtime().signed(&call, &key, &turn).unwrap());
    // 135 bytes with an immortal era of one byte; ours is mortal, of two: period 32, phase 1000 mod 32 = 8.
    assert_eq!(signed.len(), 2 * 136);
    let head = format!("19028400{}01", hex::encode(key.hotkey().0));
    assert!(signed.starts_with(&head), "{signed}");
    let tail = "84001c00000704030001000000040408080000000000000000000000009b1f04040000";
    assert!(signed.ends_with(tail), "{signed}");
}

#[test]
fn blocks_come_every_twelve_seconds() {
    assert_eq!(runtime().block_ms(), 12_000);
}
