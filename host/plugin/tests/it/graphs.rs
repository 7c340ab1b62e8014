//! Graphs, chains, masks and walks through the host: the shipped schemes give the bytes that they give natively,
//! and hostile arguments get a sentence.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Extent, Layout, RegionSpace, Span, Statement, Verdict};
use plimsoll_kernels::{self as kernels, HashKind};
use plimsoll_plugin::{Kind, MemorySpace, PluginError, Scheme};
use serde_json::{Value, json};

use crate::guests::Guest;
use crate::samples::{host, identity, scheme, statement};
use crate::shipped::builtin;

fn filled(name: &str, params: &Value, capacity_bytes: u64) -> (Scheme, Layout, Arc<MemorySpace>) {
    let scheme = host().load_scheme(&builtin(name), params).unwrap();
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), capacity_bytes).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    instance.fill(plot.clone(), &identity(), 0, Span { first: 0, count: layout.units }).unwrap();
    (scheme, layout, plot)
}

fn root(scheme: &Scheme, layout: &Layout, plot: &Arc<MemorySpace>) -> Digest {
    scheme.instance().unwrap().commit(plot.clone(), &identity(), layout).unwrap().unwrap()
}

#[test]
fn plots_of_shipped_schemes_are_those_of_their_native_tests() {
    let (scheme, layout, plot) = filled("proof-sdr", &json!({"sector_bytes": 2048}), 8192);
    assert_eq!(root(&scheme, &layout, &plot), Digest::of(&plot.to_vec()));
    assert_eq!(
        root(&scheme, &layout, &plot).to_string(),
        "80a89656c46523c66cc87005c14264483198ac3f3c860f419de0279e07a6c4cc"
    );
    let (scheme, layout, plot) = filled("proof-seqpack", &json!({"unit_bytes": 2048, "layers": 3}), 6144);
    assert_eq!(
        root(&scheme, &layout, &plot).to_string(),
        "e1d833ce482241f0fe65235a1b787512198838e1d253e03d2aae2b96b8f1b4f5"
    );
}

#[test]
fn the_longest_chain_that_is_taken_is_filled_and_verified_within_the_fuel() {
    let params = json!({"unit_bytes": 4 << 20, "layers": 128, "repack": 1});
    let (scheme, layout, plot) = filled("proof-seqpack", &params, 4 << 20);
    let commitment = Some(root(&scheme, &layout, &plot));
    let Layout { unit_bytes, units, .. } = layout;
    let statement = Statement { identity: identity(), unit_bytes, units, commitment };
    let mut instance = scheme.instance().unwrap();
    let challenge = instance.draw(&statement, &Digest([9; 32]), 1, None).unwrap();
    let Answer::Proof(proof) = instance.prove(plot, &statement, &challenge).unwrap() else { panic!() };
    assert_eq!(instance.verify(&statement, &challenge, &proof), Ok(Verdict::Valid));
    let longer = json!({"unit_bytes": 4 << 20, "layers": 128, "repack": 2});
    let refusal = host().load_scheme(&builtin("proof-seqpack"), &longer).unwrap_err().to_string();
    assert!(refusal.contains("`repack` × a unit's blocks of SHA-256 must be at most 33554432"), "{refusal}");
}

#[test]
fn a_sector_with_given_ids_is_filecoins_layer_for_layer() {
    let all: Value =
        serde_json::from_str(include_str!("../../../kernels/tests/vectors/filecoin-sdr.json")).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let params = json!({
            "sector_bytes": case["sector_bytes"], "layers": case["layers"],
            "porep_id": case["porep_id"], "replica_id": case["replica_id"],
        });
        let sector_bytes = case["sector_bytes"].as_u64().unwrap();
        let (_, _, plot) = filled("proof-sdr", &params, sector_bytes * case["layers"].as_u64().unwrap());
        for (bytes, layer) in
            plot.to_vec().chunks(sector_bytes as usize).zip(case["label_layers"].as_array().unwrap())
        {
            assert_eq!(kernels::digest_of(HashKind::Sha256, bytes).to_string(), layer["sha256"]);
        }
    }
}

#[test]
fn a_wrong_label_is_found_through_the_host() {
    let (scheme, layout, plot) = filled("proof-sdr", &json!({"sector_bytes": 2048}), 4096);
    let mut bytes = plot.to_vec();
    bytes[..2048].fill(9);
    let made_up = Arc::new(MemorySpace::with(bytes));
    let commitment = Some(root(&scheme, &layout, &made_up));
    let Layout { unit_bytes, units, .. } = layout;
    let statement = Statement { identity: identity(), unit_bytes, units, commitment };
    let mut instance = scheme.instance().unwrap();
    let challenge = instance.draw(&statement, &Digest([9; 32]), 20, None).unwrap();
    let Answer::Proof(proof) = instance.prove(made_up, &statement, &challenge).unwrap() else { panic!() };
    let verdict = instance.verify(&statement, &challenge, &proof).unwrap();
    assert!(
        matches!(&verdict, Verdict::Invalid(why) if why.ends_with("of sector 0 is wrong")),
        "{verdict:?}"
    );
}

/// A scheme whose `fill` calls `import` of `graph-plots` so many `times`, with another id each time where the
/// arguments point to 16000.
fn calling(import: &str, params: &str, arguments: &str, times: u32) -> Vec<u8> {
    Guest::of(Kind::Proof)
        .memory_pages(64)
        .with(&format!(
            "(import \"plimsoll:plugin/graph-plots@0.1.0\" \"{import}\" (func $ask (param i32 {params} i32)))"
        ))
        .body(
            "fill",
            &format!(
                "(loop $again
                  (i32.store (i32.const 16000) (i32.add (i32.load (i32.const 16000)) (i32.const 1)))
                  (call $ask (local.get 0) {arguments} (i32.const 8192))
                  (br_if $again (i32.lt_u (i32.load (i32.const 16000)) (i32.const {times}))))
                (call $drop_plot (local.get 0)) (i32.const 8192)"
            ),
        )
        .build()
}

/// One call over a plot of 64 KiB.
fn filling(import: &str, params: &str, arguments: &str) -> Result<(), PluginError> {
    let plot = Arc::new(MemorySpace::new(1 << 16));
    let scheme = calling(import, params, arguments, 1);
    crate::samples::scheme(scheme).fill(plot, &identity(), 0, Span { first: 0, count: 1 })
}

/// `fill-sdr` with zeros for its ids: nodes, layers, replica ids, labels.
fn sdr(nodes: i32, layers: i32, ids: i32, first: i64, count: i64) -> String {
    // At 1 MiB there are only zeros: lists of no bytes.
    let arguments = sdr_arguments([nodes, layers, 1 << 20, ids], first, count);
    filling("fill-sdr", SDR, &arguments).unwrap_err().to_string()
}

const SDR: &str = "i32 i32 i32 i32 i32 i32 i64 i64";

fn sdr_arguments([nodes, layers, ids_at, ids]: [i32; 4], first: i64, count: i64) -> String {
    format!(
        "(i32.const 16000) (i32.const 32) (i32.const {nodes}) (i32.const {layers})
        (i32.const {ids_at}) (i32.const {ids}) (i64.const {first}) (i64.const {count})"
    )
}

/// Fuel of so many calls of `fill-sdr` for `count` labels of sector 0, each with another graph. The list of ids
/// lies at 24000: one of 32 bytes.
fn sdr_fuel(nodes: i32, count: i64, times: u32) -> u64 {
    let list = "(i32.store (i32.const 24000) (i32.const 25000)) (i32.store (i32.const 24004) (i32.const 32))";
    let ids = i32::from(count > 0);
    let arguments = format!("{} {list}", sdr_arguments([nodes, 1, 24_000, ids], 0, count));
    let mut scheme = scheme(calling("fill-sdr", SDR, &arguments, times));
    scheme.fill(Arc::new(MemorySpace::new(1 << 16)), &identity(), 0, Span { first: 0, count: 1 }).unwrap();
    scheme.fuel_used()
}

#[test]
fn no_graph_is_prepared_for_nothing_to_fill() {
    let used = sdr_fuel(1 << 24, 0, 1);
    assert!(used < 100_000, "{used}");
}

#[test]
fn graphs_over_graphs_are_paid_for_by_what_they_sweep() {
    // 64 bytes a node: the prepaid sweeps of 64 KiB cover four graphs of 1024 nodes.
    let (four, hundred) = (sdr_fuel(1024, 1, 4), sdr_fuel(1024, 1, 100));
    assert!(four < 1_000_000, "{four}");
    assert!((40_000_000..60_000_000).contains(&hundred), "{hundred}");
}

#[test]
fn a_plot_of_chains_is_filled_however_long_it_takes() {
    let limits = plimsoll_plugin::Limits {
        // Chaining 4 MiB takes 17 million, the whole plot 67.
        fuel: plimsoll_plugin::Fuel { fill: 40_000_000, fill_per_byte: 0, ..Default::default() },
        ..Default::default()
    };
    let poor =
        plimsoll_plugin::Host::new(plimsoll_plugin::HostOptions { limits, ..Default::default() }).unwrap();
    let arguments = format!(
        "(i32.const 1) (i32.const 1) (i32.const 0) (i32.const 25000) (i32.const 32) (i32.const {})
        (i64.const 0) (i64.const 16)",
        1 << 20
    );
    let guest = calling("fill-chain", "i32 i32 i32 i32 i32 i32 i64 i64", &arguments, 1);
    let mut scheme =
        poor.load_scheme(&crate::samples::plugin(guest), &json!({})).unwrap().instance().unwrap();
    let plot = Arc::new(MemorySpace::new(16 << 20));
    scheme.fill(plot.clone(), &identity(), 0, Span { first: 0, count: 1 }).unwrap();
    let chain = kernels::Chain { layers: 1, window: 1, reverse: false };
    let mut last = vec![0; 1 << 20];
    kernels::chain_unit(chain, &Digest([0; 32]), 15, &mut last).unwrap();
    assert!(plot.to_vec()[15 << 20..] == last);
}

#[test]
fn sectors_that_cannot_be_are_refused_before_any_memory_is_taken() {
    insta::assert_snapshot!(sdr(-1, 1, 0, 0, 1), @"plugin `sample.wasm` could not fill: storage: 137438953440 bytes at 0 are outside of a region of 65536 bytes");
    insta::assert_snapshot!(sdr(64, 0, 0, 0, 1), @"plugin `sample.wasm` could not fill: bad input: sectors of 64 nodes in 0 layers: both must be 1 or more");
    insta::assert_snapshot!(sdr(64, 1, 0, 0, 1), @"plugin `sample.wasm` could not fill: bad input: 0 replica ids for sectors 0 to 1: one for each is needed");
    insta::assert_snapshot!(sdr(64, 1, 0, -1, -1), @"plugin `sample.wasm` could not fill: storage: 18446744073709551615 bytes at 18446744073709551615 are outside of a region of 65536 bytes");
    insta::assert_snapshot!(sdr(64, 1, 4097, 0, 1), @"plugin `sample.wasm` could not fill: bad input: 4097 replica ids at once, at most 4096");
}

#[test]
fn chains_and_masks_that_cannot_be_are_refused() {
    let chain = |layers: i32, unit_bytes: i32| {
        let arguments = format!(
            "(i32.const {layers}) (i32.const 1) (i32.const 0) (i32.const 16000) (i32.const 32)
            (i32.const {unit_bytes}) (i64.const 0) (i64.const 1)"
        );
        filling("fill-chain", "i32 i32 i32 i32 i32 i32 i64 i64", &arguments).unwrap_err().to_string()
    };
    insta::assert_snapshot!(chain(0, 1024), @"plugin `sample.wasm` could not fill: bad input: layers of a chain is 0, expected 1 to 128");
    insta::assert_snapshot!(chain(1, 1 << 20), @"plugin `sample.wasm` could not fill: storage: 1048576 bytes at 0 are outside of a region of 65536 bytes");
    let mask = |offset: i64, len: i64, mask: i64, to: i64| {
        let arguments = format!("(i64.const {offset}) (i64.const {len}) (i64.const {mask}) (i64.const {to})");
        filling("combine-bytes", "i64 i64 i64 i64", &arguments).map_err(|e| e.to_string())
    };
    assert_eq!(mask(0, 1024, 2048, 4096), Ok(()));
    insta::assert_snapshot!(mask(0, 1024, 2048, 2048).unwrap_err(), @"plugin `sample.wasm` could not fill: bad input: 1024 bytes at 2048 would overwrite what is read at 2048: write elsewhere");
    insta::assert_snapshot!(mask(0, 1024, 1 << 20, 4096).unwrap_err(), @"plugin `sample.wasm` could not fill: storage: 1024 bytes at 1048576 are outside of a region of 65536 bytes");
}

#[test]
fn a_walk_through_the_host_is_the_kernels() {
    let bytes: Vec<u8> =
        (0..1_u32 << 14).flat_map(|word| word.wrapping_mul(0x9e37_79b1).to_le_bytes()).collect();
    let region = Arc::new(MemorySpace::with(bytes));
    let walk = |steps: i32| {
        // The answer is the walked blocks, as eight bytes each.
        let guest = Guest::of(Kind::Proof)
            .with(
                "(import \"plimsoll:plugin/walks@0.1.0\" \"walk\"
                (func $ask (param i32 i32 i64 i64 i32 i32 i32 i32 i32)))",
            )
            .memory_pages(64)
            .body(
                "prove",
                &format!(
                    "(call $ask (local.get 0) (i32.const 1) (i64.const 64) (i64.const 60000) (i32.const 100)
                      (i32.const 16000) (i32.const 32) (i32.const {steps}) (i32.const 8192))
                    (call $drop_region (local.get 0))
                    (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192))))
                    (i32.store (i32.const 8216) (i32.load (i32.const 8196)))
                    (i32.store (i32.const 8220) (i32.mul (i32.load (i32.const 8200)) (i32.const 8)))
                    (i32.store (i32.const 8208) (i32.const 0)) (i32.store (i32.const 8212) (i32.const 0))
                    (i32.const 8208)"
                ),
            );
        scheme(guest.build()).prove(region.clone(), &statement(), b"")
    };
    let over =
        kernels::Walk { over: Extent { offset: 64, len: 60_000 }, block_bytes: 100, kind: HashKind::Sha256 };
    let (blocks, _) = kernels::walk(&*region, &over, &Digest([0; 32]), 50).unwrap();
    assert!(region.size_bytes() > 60_064 && blocks.len() == 50);
    let expected: Vec<u8> = blocks.iter().flat_map(|block| block.to_le_bytes()).collect();
    assert_eq!(walk(50).unwrap(), Answer::Proof(expected));
    insta::assert_snapshot!(walk(4097).unwrap_err(), @"plugin `sample.wasm` could not prove: bad input: a walk of 4097 steps, at most 4096");
}
