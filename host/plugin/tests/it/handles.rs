//! What the host gives through handles, asked by a plugin that only passes questions and answers on:
//! the challenge holds the arguments, the proof holds the answer.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Extent, Span};
use plimsoll_kernels::{self as kernels, HashKind};
use plimsoll_plugin::{Kind, MemorySpace, PluginError, SchemeInstance};
use proptest::prelude::*;

use crate::guests::Guest;
use crate::samples::{identity, scheme, statement};

const REGION_BYTES: usize = 3 << 20;

/// `prove` calls `import`, whose last parameter is where the answer goes, with `arguments`.
fn passing_on(import: &str, params: &str, arguments: &str, then: &str) -> SchemeInstance {
    let guest = Guest::of(Kind::Proof)
        .memory_pages(64)
        .with(&format!(
            "(import \"plimsoll:plugin/storage@0.1.0\" \"[method]{import}\" (func $ask (param {params})))"
        ))
        .body(
            "prove",
            &format!(
                "(call $ask (local.get 0) {arguments} (i32.const 8192))
                (call $drop_region (local.get 0))
                (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192))))
                {then}
                (i32.store (i32.const 8208) (i32.const 0)) (i32.store (i32.const 8212) (i32.const 0))
                (i32.const 8208)"
            ),
        );
    scheme(guest.build())
}

/// The answer is one list of bytes.
const ONE_LIST: &str = "
    (i32.store (i32.const 8216) (i32.load (i32.const 8196)))
    (i32.store (i32.const 8220) (i32.load (i32.const 8200)))";

/// The answer is a list of lists: joined at 3 MiB.
const MANY_LISTS: &str = "
    (global.set $from (i32.load (i32.const 8196)))
    (global.set $left (i32.load (i32.const 8200)))
    (global.set $to (i32.const 3145728))
    (block $done (loop $next
      (br_if $done (i32.eqz (global.get $left)))
      (memory.copy (global.get $to) (i32.load (global.get $from)) (i32.load offset=4 (global.get $from)))
      (global.set $to (i32.add (global.get $to) (i32.load offset=4 (global.get $from))))
      (global.set $from (i32.add (global.get $from) (i32.const 8)))
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (br $next)))
    (i32.store (i32.const 8216) (i32.const 3145728))
    (i32.store (i32.const 8220) (i32.sub (global.get $to) (i32.const 3145728)))";

fn content() -> Vec<u8> {
    let mut bytes = vec![0; REGION_BYTES];
    kernels::keystream_at(kernels::Keystream::ChaCha8, &Digest([5; 32]), 0, 0, &mut bytes);
    bytes
}

fn region() -> Arc<MemorySpace> {
    static CONTENT: std::sync::OnceLock<Arc<MemorySpace>> = std::sync::OnceLock::new();
    Arc::clone(CONTENT.get_or_init(|| Arc::new(MemorySpace::with(content()))))
}

fn asked(instance: &mut SchemeInstance, arguments: &[u8]) -> Result<Vec<u8>, PluginError> {
    match instance.prove(region(), &statement(), arguments)? {
        Answer::Proof(bytes) => Ok(bytes),
        Answer::NotEligible => panic!("not eligible"),
    }
}

fn encoded(extents: &[Extent]) -> Vec<u8> {
    extents.iter().flat_map(|e| [e.offset.to_le_bytes(), e.len.to_le_bytes()].concat()).collect()
}

fn read_many() -> SchemeInstance {
    let extents = "(local.get 11) (i32.div_u (local.get 12) (i32.const 16))";
    passing_on("region.read-many", "i32 i32 i32 i32", extents, ONE_LIST)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn many_extents_are_read_in_the_order_asked(
        at in proptest::collection::vec((0u64..REGION_BYTES as u64, 0u64..3_000), 0..20),
    ) {
        let bytes = content();
        let at: Vec<Extent> = at
            .into_iter()
            .map(|(offset, len)| Extent { offset, len: len.min(REGION_BYTES as u64 - offset) })
            .collect();
        let expected: Vec<u8> =
            at.iter().flat_map(|e| bytes[e.offset as usize..(e.offset + e.len) as usize].to_vec()).collect();
        prop_assert_eq!(asked(&mut read_many(), &encoded(&at)).unwrap(), expected);
    }
}

#[test]
fn reads_end_at_the_region_and_at_a_mebibyte() {
    let mut instance = read_many();
    let refusal =
        |instance: &mut SchemeInstance, at: &[Extent]| asked(instance, &encoded(at)).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(&mut instance, &[Extent { offset: 3_145_727, len: 2 }]), @"plugin `sample.wasm` could not prove: storage: 2 bytes at 3145727 are outside of a region of 3145728 bytes");
    insta::assert_snapshot!(refusal(&mut instance, &[Extent { offset: u64::MAX, len: 1 }]), @"plugin `sample.wasm` could not prove: storage: 1 bytes at 18446744073709551615 are outside of a region of 3145728 bytes");
    insta::assert_snapshot!(refusal(&mut instance, &[Extent { offset: 0, len: 1 << 20 }, Extent { offset: 0, len: 1 }]), @"plugin `sample.wasm` could not prove: bad input: 1048577 bytes at once, at most 1048576");
    insta::assert_snapshot!(refusal(&mut instance, &[Extent { offset: 0, len: u64::MAX }, Extent { offset: 0, len: 2 }]), @"plugin `sample.wasm` could not prove: bad input: 18446744073709551615 bytes at once, at most 1048576");
    let many = vec![Extent { offset: 0, len: 0 }; 4_097];
    insta::assert_snapshot!(refusal(&mut instance, &many), @"plugin `sample.wasm` could not prove: bad input: 4097 extents at once, at most 4096");
}

#[test]
fn digests_of_extents_are_the_kernels() {
    let arguments = "(i32.const 1) (i32.const 0) (i32.const 9)
        (local.get 11) (i32.div_u (local.get 12) (i32.const 16))";
    let fields = "(global $from (mut i32) (i32.const 0)) (global $to (mut i32) (i32.const 0))
        (global $left (mut i32) (i32.const 0))";
    let at = [
        Extent { offset: 7, len: 100_000 },
        Extent { offset: 0, len: 0 },
        Extent { offset: 3_000_000, len: 9 },
    ];
    for (kind, code) in [(HashKind::Blake3, 0), (HashKind::Sha256, 1)] {
        let guest = Guest::of(Kind::Proof)
            .memory_pages(64)
            .with(
                "(import \"plimsoll:plugin/storage@0.1.0\" \"[method]region.digest-many\"
                (func $ask (param i32 i32 i32 i32 i32 i32 i32)))",
            )
            .with(fields)
            .body(
                "prove",
                &format!(
                    "(call $ask (local.get 0) {} (i32.const 8192))
                (call $drop_region (local.get 0))
                (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192))))
                {MANY_LISTS}
                (i32.store (i32.const 8208) (i32.const 0)) (i32.store (i32.const 8212) (i32.const 0))
                (i32.const 8208)",
                    arguments.replacen("(i32.const 1)", &format!("(i32.const {code})"), 1)
                ),
            );
        let digests = asked(&mut scheme(guest.build()), &encoded(&at)).unwrap();
        let nonce = [0; 9];
        let expected = kernels::digest_extents(&*region(), kind, &nonce, &at).unwrap();
        assert_eq!(digests, expected.iter().flat_map(|d| d.0).collect::<Vec<u8>>());
        assert_eq!(expected[1], kernels::digest_of(kind, &nonce));
    }
}

#[test]
fn a_root_over_all_is_the_plain_hash_and_costs_no_fuel_the_first_times() {
    let arguments = "(i32.const 0) (i32.const 65536) (i64.const 0) (i64.load (local.get 11))";
    let mut instance = passing_on("region.merkle-root", "i32 i32 i32 i64 i64 i32", arguments, ONE_LIST);
    let root = asked(&mut instance, &(REGION_BYTES as u64).to_le_bytes()).unwrap();
    assert_eq!(root, Digest::of(&content()).0);
    assert!(instance.fuel_used() < 100_000, "{}", instance.fuel_used());
    let refusal = asked(&mut instance, &(REGION_BYTES as u64 + 1).to_le_bytes()).unwrap_err().to_string();
    assert!(refusal.starts_with("plugin `sample.wasm` could not prove: storage: "), "{refusal}");
}

#[test]
fn a_sweep_over_the_region_is_prepaid_a_few_times_and_then_charged() {
    let used = |sweeps: u32| {
        let guest = Guest::of(Kind::Proof)
            .with("(import \"plimsoll:plugin/storage@0.1.0\" \"[method]region.merkle-root\"
                (func $ask (param i32 i32 i32 i64 i64 i32)))")
            .with("(global $left (mut i32) (i32.const 0))")
            .body("prove", &format!(
                "(global.set $left (i32.const {sweeps}))
                (loop $next
                  (call $ask (local.get 0) (i32.const 1) (i32.const 65536) (i64.const 0) (i64.const {REGION_BYTES}) (i32.const 8192))
                  (global.set $left (i32.sub (global.get $left) (i32.const 1)))
                  (br_if $next (global.get $left)))
                (call $drop_region (local.get 0)) (i32.const 15000)"
            ));
        let mut instance = scheme(guest.build());
        instance.prove(region(), &statement(), b"").unwrap();
        instance.fuel_used()
    };
    let (four, five) = (used(4), used(5));
    assert!(four < 100_000, "{four}");
    assert!(five > 2 * REGION_BYTES as u64, "{five}");
}

#[test]
fn what_a_plugin_writes_itself_earns_the_fuel_to_go_on() {
    // Stores 1 MiB in steps of 1 KiB, and burns 400 thousand units for each: more than a call has in all,
    // if storing gave nothing back.
    let limits = plimsoll_plugin::Limits {
        fuel: plimsoll_plugin::Fuel { fill: 3_000_000, ..Default::default() },
        ..Default::default()
    };
    let host =
        plimsoll_plugin::Host::new(plimsoll_plugin::HostOptions { limits, ..Default::default() }).unwrap();
    let guest = |stores: bool| {
        let store = "(drop (i32.const 0)) (call $write (local.get 0) (i64.extend_i32_u (global.get $at)) (i32.const 0) (i32.const 1024) (i32.const 8192))";
        Guest::of(Kind::Proof)
            .with(
                "(import \"plimsoll:plugin/storage@0.1.0\" \"[method]plot.write\"
                (func $write (param i32 i64 i32 i32 i32)))
                (global $at (mut i32) (i32.const 0)) (global $spin (mut i32) (i32.const 0))",
            )
            .body(
                "fill",
                &format!(
                    "(loop $next
                  {}
                  (global.set $spin (i32.const 0))
                  (loop $burn
                    (global.set $spin (i32.add (global.get $spin) (i32.const 1)))
                    (br_if $burn (i32.lt_u (global.get $spin) (i32.const 50000))))
                  (global.set $at (i32.add (global.get $at) (i32.const 1024)))
                  (br_if $next (i32.lt_u (global.get $at) (i32.const 1048576))))
                (call $drop_plot (local.get 0)) (i32.const 15000)",
                    if stores { store } else { "" }
                ),
            )
            .build()
    };
    let fill = |component: Vec<u8>| {
        let plugin = crate::samples::plugin(component);
        let loaded = host.load_scheme(&plugin, &serde_json::json!({})).unwrap();
        let plot = Arc::new(MemorySpace::new(1 << 20));
        loaded.instance().unwrap().fill(plot, &identity(), 0, Span { first: 0, count: 1 })
    };
    assert_eq!(fill(guest(true)), Ok(()));
    assert!(matches!(fill(guest(false)), Err(PluginError::Fault { .. })));
}
