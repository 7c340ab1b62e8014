//! Twin and plugin must agree about every proof, right and wrong.

use std::sync::{Arc, OnceLock};

use plimsoll_core::{Answer, Digest, Hotkey, NetUid, PlotSpace, RegionSpace, Span, Verdict};
use plimsoll_plugin::{Host, HostOptions, MemorySpace, PluginRef};
use serde_json::json;

use super::*;

fn identity() -> Identity {
    Identity { netuid: NetUid(7), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
}

fn scheme(name: &str, params: &Value) -> Scheme {
    static HOST: OnceLock<Host> = OnceLock::new();
    let host = HOST.get_or_init(|| Host::new(HostOptions::default()).unwrap());
    let found = plimsoll_bundle::find(name).unwrap();
    let plugin = PluginRef::new(format!("builtin:{name}"), found.component).pinned(Digest(found.blake3));
    host.load_scheme(&plugin, params).unwrap()
}

struct Audited {
    scheme: Scheme,
    statement: Statement,
    challenge: Vec<u8>,
    proof: Vec<u8>,
}

/// A small plot, and the honest answer to `samples`.
fn audited(name: &str, params: &Value, bytes: u64, samples: u32) -> Audited {
    let scheme = scheme(name, params);
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), bytes).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    for (number, pass) in (0..).zip(&layout.passes) {
        let space = Arc::clone(&plot) as Arc<dyn PlotSpace>;
        instance.fill(space, &identity(), number, Span { first: 0, count: pass.units }).unwrap();
    }
    let region = plot as Arc<dyn RegionSpace>;
    let commitment = instance.commit(Arc::clone(&region), &identity(), &layout).unwrap();
    let (unit_bytes, units) = (layout.unit_bytes, layout.units);
    let statement = Statement { identity: identity(), unit_bytes, units, commitment };
    let (_, challenge) = instance.draw_at_most(&statement, &Digest([9; 32]), samples, None).unwrap();
    let Answer::Proof(proof) = instance.prove(region, &statement, &challenge).unwrap() else {
        panic!("none")
    };
    Audited { scheme, statement, challenge, proof }
}

/// `changes` single bytes of the proof are flipped, spread over it; and it is cut and lengthened.
fn agree(name: &str, params: &Value, bytes: u64, samples: u32, changes: usize) {
    let Audited { scheme, statement, challenge, proof } = audited(name, params, bytes, samples);
    let (twin, mut instance) = (twin_of(&scheme).unwrap(), scheme.instance().unwrap());
    assert!(twin.accepts(&statement, &challenge, &proof).is_some(), "{name}: the honest proof is refused");
    let mut tampered: Vec<Vec<u8>> = vec![proof[..proof.len() - 1].to_vec(), [&proof[..], &[0]].concat()];
    tampered.extend((0..changes).map(|number| {
        let mut other = proof.clone();
        other[number * (proof.len() - 1) / (changes - 1).max(1)] ^= 1 << (number % 8);
        other
    }));
    for (number, other) in tampered.iter().enumerate() {
        let verdict = instance.verify(&statement, &challenge, other).unwrap();
        let accepts = twin.accepts(&statement, &challenge, other).is_some();
        assert_eq!(accepts, verdict == Verdict::Valid, "{name}, change {number}: {verdict:?}");
        assert!(!accepts, "{name}, change {number} is not noticed");
    }
    // Another challenge, and another statement.
    let mut elsewhere = challenge.clone();
    elsewhere[0] ^= 1;
    let other = Statement { identity: Identity { netuid: NetUid(8), ..identity() }, ..statement };
    for (of, to) in [(&statement, &elsewhere), (&other, &challenge)] {
        let verdict = instance.verify(of, to, &proof).unwrap();
        assert!(matches!(verdict, Verdict::Invalid(_)) && twin.accepts(of, to, &proof).is_none(), "{name}");
    }
}

#[test]
fn twins_of_streams_and_trees_agree_with_their_plugins() {
    agree("proof-stream", &json!({"unit_bytes": 4096}), 9 * 4096, 4, 40);
    agree("proof-merkle", &json!({}), 9 * 1024, 4, 40);
}

#[test]
fn the_twin_of_the_prototypes_text_agrees_with_its_plugin() {
    agree("proof-seed-v1", &json!({"chunk_bytes": 500}), 9 * 564, 4, 60);
}

#[test]
fn the_twin_of_packed_units_agrees_with_its_plugin() {
    agree("proof-seqpack", &json!({"unit_bytes": 4096, "layers": 2, "repack": 2}), 7 * 4096, 4, 40);
    let turned = json!({"unit_bytes": 2048, "window": 3, "reverse": true});
    agree("proof-seqpack", &turned, 5 * 2048, 3, 40);
}

#[test]
fn the_twin_of_labels_agrees_with_its_plugin() {
    agree("proof-scrypt", &json!({"n": 4}), 6 * 1024, 3, 40);
    let other = json!({"n": 2, "p": 2, "form": "rfc7914", "unit_labels": 128, "commitment": "ab".repeat(32)});
    let Audited { scheme, statement, challenge, proof } = audited("proof-scrypt", &other, 6 * 2048, 2);
    assert!(twin_of(&scheme).unwrap().accepts(&statement, &challenge, &proof).is_some());
}

#[test]
fn the_twin_of_sectors_agrees_with_its_plugin() {
    agree("proof-sdr", &json!({"sector_bytes": 8192, "relabel": 2}), 3 * 16384, 4, 60);
    let parted = json!({"sector_bytes": 4096, "layers": 3, "porep_id": "01".repeat(32)});
    agree("proof-sdr", &parted, 2 * 3 * 4096, 4, 40);
}

#[test]
fn the_twin_of_chias_plots_agrees_with_its_plugin() {
    agree("proof-chia", &json!({"tries": 32, "proofs": 2}), 663_552, 1, 20);
}

#[test]
fn the_twin_of_commitments_to_blocks_agrees_with_its_plugin() {
    agree("proof-compact", &json!({"elements": 2}), 1030 * 158 + 64, 4, 40);
}

#[test]
fn only_an_ascending_challenge_inside_of_the_plot_is_read() {
    let statement = Statement { identity: identity(), unit_bytes: 1024, units: 9, commitment: None };
    let challenge = |units: &[u64]| {
        let indices = units.iter().flat_map(|unit| unit.to_le_bytes());
        [7; 32].into_iter().chain(indices).collect::<Vec<u8>>()
    };
    assert_eq!(units_of(&challenge(&[0, 3, 8]), &statement), Some(3));
    for strange in [&[][..], &[9], &[3, 3], &[4, 2]] {
        assert_eq!(units_of(&challenge(strange), &statement), None, "{strange:?}");
    }
    assert_eq!(units_of(&[7; 41], &statement), None);
}

#[test]
fn every_shipped_scheme_has_a_twin() {
    let shipped = plimsoll_bundle::builtins().iter().map(|builtin| builtin.name);
    for name in shipped.filter(|name| name.starts_with("proof-")) {
        assert!(twin_of(&scheme(name, &json!({}))).is_some(), "{name}");
    }
}

#[test]
fn a_parameter_that_is_not_given_is_what_the_schema_says() {
    let schema =
        json!({"properties": {"n": {"default": 8192}, "on": {"default": true}, "id": {"default": ""}}});
    let read = |given| Parameters { given, schema: &schema };
    assert_eq!(read(json!({})).number("n"), Some(8192));
    assert_eq!(read(json!({"n": 2})).number("n"), Some(2));
    assert_eq!(read(json!({"n": 300})).number::<u8>("n"), None);
    assert_eq!((read(json!({})).switch("on"), read(json!({})).digest("id")), (Some(true), Some(None)));
    let id = "ab".repeat(32);
    assert_eq!(read(json!({"id": id})).digest("id"), Some(Some(Digest([0xab; 32]))));
    assert_eq!((read(json!({"id": "x"})).digest("id"), read(json!({})).text("else")), (None, None));
}
