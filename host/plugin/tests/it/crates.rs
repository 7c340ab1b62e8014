//! The interfaces behind which other crates work: the shipped schemes give through the host what they give natively,
//! and arguments that no honest plugin passes are refused in words or end the call.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Layout, Span, Statement, Verdict};
use plimsoll_plugin::{Kind, MemorySpace, PluginError, SchemeInstance};
use serde_json::{Value, json};

use crate::guests::Guest;
use crate::samples::{host, identity, scheme, statement};
use crate::shipped::builtin;

struct Filled {
    instance: SchemeInstance,
    region: Arc<MemorySpace>,
    statement: Statement,
}

fn filled(name: &str, parameters: &Value, capacity_bytes: u64) -> Filled {
    let mut instance = host().load_scheme(&builtin(name), parameters).unwrap().instance().unwrap();
    let layout = instance.plan(&identity(), capacity_bytes).unwrap();
    let region = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    for (number, pass) in (0..).zip(&layout.passes) {
        let all = Span { first: 0, count: pass.units };
        instance.fill(region.clone(), &identity(), number, all).unwrap();
    }
    let commitment = instance.commit(region.clone(), &identity(), &layout).unwrap();
    let Layout { unit_bytes, units, .. } = layout;
    Filled { instance, region, statement: Statement { identity: identity(), unit_bytes, units, commitment } }
}

/// The digest of the proof that the plugins' own tests hold, after it was found to pass.
fn proven(filled: &mut Filled, samples: u32) -> String {
    let Filled { instance, region, statement } = filled;
    let challenge = instance.draw(statement, &Digest([9; 32]), samples, None).unwrap();
    let Answer::Proof(proof) = instance.prove(region.clone(), statement, &challenge).unwrap() else {
        panic!("not eligible")
    };
    assert_eq!(instance.verify(statement, &challenge, &proof), Ok(Verdict::Valid));
    assert!(instance.fuel_used() < 1_000_000_000, "{}", instance.fuel_used());
    Digest::of(&proof).to_string()
}

#[test]
fn a_compact_plot_is_through_the_host_what_it_is_natively() {
    let mut filled = filled("proof-compact", &json!({"elements": 3}), 1 << 10);
    let commitment = filled.statement.commitment.unwrap().to_string();
    assert_eq!(commitment, "1be75c210cfd97b9ab6dc57d1be693de01dfaaf98f42c4c53f5491c3316a8072");
    let proof = proven(&mut filled, 2);
    assert_eq!(proof, "ce6a2ef6cd4a46b6034c1407bd87fd3038ad1953f2fe9844b2983837e5d4275e");
}

#[test]
fn a_chia_plot_is_through_the_host_what_it_is_natively() {
    let mut filled = filled("proof-chia", &json!({}), 663_552);
    let region = Digest::of(&filled.region.to_vec()).to_string();
    assert_eq!(region, "ff6dbba6157d2459060398c7633e49dcded0af535c0cfcfafd9bbba594bb9670");
    let proof = proven(&mut filled, 1);
    assert_eq!(proof, "f404f41e3c013dcde44a656e2d6aedba1771702f904f84db1fc5eb96fd878c6d");
}

#[test]
fn a_form_that_no_plot_has_is_refused_when_the_scheme_is_loaded() {
    let scheme = host().load_scheme(&builtin("proof-chia"), &json!({"k": 28})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), 3 << 30).unwrap();
    assert_eq!(layout.units, 3, "{layout:?}");
    let impossible = host().load_scheme(&builtin("proof-chia"), &json!({"k": 30})).unwrap_err().to_string();
    assert!(impossible.contains("30 is greater than the maximum of 28"), "{impossible}");
    let odd = host().load_scheme(&builtin("proof-chia"), &json!({"k": 21})).unwrap_err().to_string();
    assert!(odd.contains("plots of k = 21, expected an even k from 18 to 28"), "{odd}");
}

/// `prove` calls `function` of `interface` with `arguments` behind the handle, and hands its error on.
fn asking(interface: &str, function: &str, params: &str, arguments: &str) -> SchemeInstance {
    let import =
        format!("(import \"plimsoll:plugin/{interface}@0.1.0\" \"{function}\" (func $ask (param {params})))");
    let guest = Guest::of(Kind::Proof).memory_pages(64).with(&import).body(
        "prove",
        &format!(
            "(call $ask {arguments} (i32.const 8192))
            (call $drop_region (local.get 0))
            (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192))))
            (i32.const 15000)"
        ),
    );
    scheme(guest.build())
}

fn answer(mut instance: SchemeInstance) -> Result<Answer, PluginError> {
    instance.prove(Arc::new(MemorySpace::new(3 << 20)), &statement(), b"")
}

/// What the plugin was told, or why it was ended.
fn refusal(instance: SchemeInstance) -> String {
    answer(instance).unwrap_err().to_string()
}

/// Where lists of zeros lie in the guest's memory.
const ZEROS: &str = "(i32.const 131072)";

#[test]
fn combining_blocks_refuses_what_is_too_large_or_outside() {
    let combine = |elements: u32, blocks: u32, coefficients: u32| {
        let arguments = format!(
            "(local.get 0) (i32.const {elements}) {ZEROS} (i32.const {blocks}) {ZEROS} (i32.const {coefficients})"
        );
        asking("curve", "combine-blocks", "i32 i32 i32 i32 i32 i32 i32", &arguments)
    };
    assert!(answer(combine(32, 2, 64)).is_ok());
    assert!(refusal(combine(0, 2, 64)).ends_with("blocks of 0 elements, expected 1 to 128"));
    assert!(refusal(combine(u32::MAX, 2, 64)).contains("blocks of 4294967295 elements"));
    assert!(refusal(combine(32, 4097, 64)).ends_with("4097 blocks at once, at most 4096"));
    assert!(refusal(combine(32, 2, 65)).contains("2 coefficients (and 1 bytes over) for 2 blocks"));
}

#[test]
fn sums_and_pairings_refuse_lists_that_are_too_long() {
    let call = |function: &str, first: u32, second: u32| {
        let arguments = format!("{ZEROS} (i32.const {first}) {ZEROS} (i32.const {second})");
        asking("curve", function, "i32 i32 i32 i32 i32", &arguments)
    };
    assert!(refusal(call("g1-sum", 96 * 4097, 32)).ends_with("4097 points at once, at most 4096"));
    assert!(refusal(call("g1-sum", 96, 64)).contains("1 points and 2 scalars"));
    assert!(refusal(call("generators-sum", 9, 32 * 129)).ends_with("129 generators, at most 128"));
    assert!(refusal(call("generators-sum", 0, 32)).contains("a domain of 0 bytes"));
    assert!(refusal(call("pairing-check", 96 * 65, 192)).ends_with("65 pairings at once, at most 64"));
    assert!(refusal(call("hash-to-g1", 9, 5000)).ends_with("a message of 5000 bytes, at most 4096"));
}

#[test]
fn shards_refuse_stripes_that_cannot_be() {
    let recover = |shard_bytes: u64, data: u32, parity: u32, missing: u32, len: u64| {
        let arguments = format!(
            "(local.get 0) (i64.const 0) (i64.const {shard_bytes}) (i32.const {data}) (i32.const {parity})
            {ZEROS} (i32.const {missing}) (i32.const 0) (i64.const 0) (i64.const {len})"
        );
        asking("erasure", "recover", "i32 i64 i64 i32 i32 i32 i32 i32 i64 i64 i32", &arguments)
    };
    assert!(answer(recover(64, 3, 2, 1, 64)).is_ok());
    assert!(refusal(recover(64, u32::MAX, u32::MAX, 1, 1)).contains("at most 4096 together"));
    assert!(refusal(recover(u64::MAX / 64 * 64, 3, 2, 1, 1)).contains("outside of a region"));
    assert!(refusal(recover(64, 3, 2, 5000, 1)).contains("5000 missing shards and 1 bytes at once"));
    assert!(refusal(recover(1 << 20, 2, 1, 1, (1 << 20) + 1)).contains("1048577 bytes at once"));
    assert!(refusal(recover(64, 3, 2, 2, 1)).contains("missing shards [0, 0]"));
}

#[test]
fn plots_refuse_other_forms_units_and_lists() {
    let prove = |k: u32, group: u32, offset: u64, len: u64, challenges: u32, most: u32| {
        let arguments = format!(
            "(local.get 0) (i32.const {k}) (i32.const 2) {ZEROS} (i32.const {group})
            (i64.const {offset}) (i64.const {len}) {ZEROS} (i32.const {challenges}) (i32.const {most})"
        );
        asking("pospace", "prove", "i32 i32 i32 i32 i32 i64 i64 i32 i32 i32 i32", &arguments)
    };
    assert!(
        refusal(prove(18, 32, 0, 663_552, 0, 1))
            .ends_with("the unit at 0 is damaged: it has another digest than it names")
    );
    assert!(refusal(prove(18, 32, 3 << 20, 663_552, 0, 1)).contains("outside of a region"));
    assert!(refusal(prove(18, 32, 0, 663_551, 0, 1)).ends_with("a unit of 663551 bytes, expected 663552"));
    assert!(refusal(prove(19, 32, 0, 1, 0, 1)).contains("plots of k = 19"));
    assert!(refusal(prove(18, 32, 0, 663_552, 257, 1)).contains("257 challenges and 1 proofs at once"));
    assert!(refusal(prove(18, 32, 0, 663_552, 0, 17)).contains("0 challenges and 17 proofs at once"));
    let ended = answer(prove(18, 31, 0, 663_552, 0, 1)).unwrap_err();
    assert!(matches!(ended, PluginError::Fault { .. }), "{ended}");
    assert!(ended.to_string().contains("the group id of prove has 31 bytes, not 32"), "{ended}");
}
