//! Memory-hard labels and scans through the border: the kernels' bytes, the refusals, the price.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Extent, Span, Statement, Verdict};
use plimsoll_kernels::{self as kernels, LabelCost, ScryptForm};
use plimsoll_plugin::{Fault, Kind, MemorySpace, PluginError, SchemeInstance};
use serde_json::json;

use crate::guests::Guest;
use crate::samples::{host, identity, scheme, statement};
use crate::shipped::builtin;

/// `prove` hands the challenge on to `import` and gives back the list of its answer, items of `item_bytes`.
fn asking(import: &str, params: &str, arguments: &str, item_bytes: u32) -> SchemeInstance {
    let guest = Guest::of(Kind::Proof)
        .memory_pages(64)
        .with(&format!("(import \"plimsoll:plugin/{import}\" (func $ask (param {params})))"))
        .body(
            "prove",
            &format!(
                "(call $ask {arguments} (i32.const 8192))
                (call $drop_region (local.get 0))
                (if (i32.load8_u (i32.const 8192)) (then (return (i32.const 8192))))
                (i32.store (i32.const 8216) (i32.load (i32.const 8196)))
                (i32.store (i32.const 8220)
                  (i32.mul (i32.load (i32.const 8200)) (i32.const {item_bytes})))
                (i32.store (i32.const 8208) (i32.const 0)) (i32.store (i32.const 8212) (i32.const 0))
                (i32.const 8208)"
            ),
        );
    scheme(guest.build())
}

fn asked(
    instance: &mut SchemeInstance,
    region: MemorySpace,
    arguments: &[u8],
) -> Result<Vec<u8>, PluginError> {
    match instance.prove(Arc::new(region), &statement(), arguments)? {
        Answer::Proof(bytes) => Ok(bytes),
        Answer::NotEligible => panic!("not eligible"),
    }
}

/// A plugin whose challenge is n, r, p, label size, then indices; its key is zeros, its form Spacemesh's.
fn labels_of() -> SchemeInstance {
    let word = |at: u32| format!("(i32.load offset={at} (local.get 11))");
    let arguments = format!(
        "(i32.const 0) (i32.const 1) {} {} {} (i32.const 0) (i32.const 32) {}
        (i32.add (local.get 11) (i32.const 16))
        (i32.div_u (i32.sub (local.get 12) (i32.const 16)) (i32.const 8))",
        word(0),
        word(4),
        word(8),
        word(12)
    );
    let params = "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32";
    asking("labels@0.1.0\" \"labels-of", params, &arguments, 1)
}

fn question(words: [u32; 4], indices: &[u64]) -> Vec<u8> {
    let indices = indices.iter().flat_map(|index| index.to_le_bytes());
    words.iter().flat_map(|word| word.to_le_bytes()).chain(indices).collect()
}

const fn spacemesh(n: u32) -> LabelCost {
    LabelCost::Scrypt { form: ScryptForm::Spacemesh, n, r: 1, p: 1 }
}

#[test]
fn labels_are_the_kernels_and_cost_what_they_take() {
    let mut instance = labels_of();
    let indices = [0, 7, u64::MAX];
    let labels = asked(&mut instance, MemorySpace::new(1), &question([8192, 1, 1, 20], &indices)).unwrap();
    assert_eq!(labels, kernels::labels_of(&spacemesh(8192), &Digest([0; 32]), 20, &indices).unwrap());
    let full = instance.fuel_used();
    // Three cost as much as the four that are made together, and their memory.
    assert!((6_553_600 + 2_500_000..10_000_000).contains(&full), "{full}");
    asked(&mut instance, MemorySpace::new(1), &question([16, 1, 1, 20], &indices)).unwrap();
    assert!(instance.fuel_used() < 100_000, "{}", instance.fuel_used());
}

#[test]
fn labels_that_no_host_makes_are_refused() {
    let mut instance = labels_of();
    let mut refusal = |words: [u32; 4], indices: &[u64]| {
        asked(&mut instance, MemorySpace::new(1), &question(words, indices)).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal([3, 1, 1, 16], &[0]), @"plugin `sample.wasm` could not prove: bad input: n of scrypt must be a power of two, 2 or more, not 3");
    insta::assert_snapshot!(refusal([1 << 31, 1 << 31, 1, 16], &[0]), @"plugin `sample.wasm` could not prove: bad input: p x 128 x r of scrypt must be at most 16777216 bytes, not 274877906944");
    insta::assert_snapshot!(refusal([1 << 19, 8, 1, 16], &[0]), @"plugin `sample.wasm` could not prove: bad input: labels of this cost take 536884224 bytes of memory, at most 314572800");
    insta::assert_snapshot!(refusal([2, 1, 1, 33], &[0]), @"plugin `sample.wasm` could not prove: bad input: label-bytes must be from 1 to 32, not 33");
    insta::assert_snapshot!(refusal([2, 1, 1, 16], &[0; 4097]), @"plugin `sample.wasm` could not prove: bad input: 4097 labels at once, at most 4096");
}

#[test]
fn a_label_that_costs_more_than_a_call_has_ends_it_before_it_is_made() {
    let asks = question([1 << 15, 1, 1 << 12, 16], &[0]);
    let stopped = asked(&mut labels_of(), MemorySpace::new(1), &asks).unwrap_err();
    assert!(matches!(stopped, PluginError::Fault { fault: Fault::OutOfFuel { .. }, .. }), "{stopped:?}");
}

#[test]
fn a_plot_of_labels_is_filled_however_long_it_takes() {
    let params = json!({"n": 512});
    let loaded = host().load_scheme(&builtin("proof-scrypt"), &params).unwrap();
    let limits = plimsoll_plugin::Limits {
        // Less than the labels of the whole plot cost, more than those of one step.
        fuel: plimsoll_plugin::Fuel { fill: 5_000_000_000, fill_per_byte: 0, ..Default::default() },
        ..Default::default()
    };
    let poor =
        plimsoll_plugin::Host::new(plimsoll_plugin::HostOptions { limits, ..Default::default() }).unwrap();
    let units = 1000;
    let plot = Arc::new(MemorySpace::new(units << 10));
    let mut instance = poor.load_scheme(&builtin("proof-scrypt"), &params).unwrap().instance().unwrap();
    instance.fill(plot.clone(), &identity(), 0, Span { first: 0, count: units as u64 }).unwrap();
    let again = Arc::new(MemorySpace::new(units << 10));
    let mut instance = loaded.instance().unwrap();
    for unit in [0, 3, 999] {
        instance.fill(again.clone(), &identity(), 0, Span { first: unit, count: 1 }).unwrap();
        let of_unit = unit as usize * 1024..(unit as usize + 1) * 1024;
        assert!(plot.to_vec()[of_unit.clone()] == again.to_vec()[of_unit], "{unit}");
    }
}

#[test]
fn a_fill_outside_of_the_plot_is_refused_before_a_label_is_made() {
    let mut instance =
        host().load_scheme(&builtin("proof-scrypt"), &json!({"n": 2})).unwrap().instance().unwrap();
    let plot = Arc::new(MemorySpace::new(2048));
    for span in
        [Span { first: 1, count: 2 }, Span { first: u64::MAX, count: 1 }, Span { first: 0, count: u64::MAX }]
    {
        let refused = instance.fill(plot.clone(), &identity(), 0, span).unwrap_err().to_string();
        assert!(refused.contains("outside of a region of 2048 bytes"), "{refused}");
        assert!(instance.fuel_used() < 1_000_000);
    }
}

#[test]
fn the_dearest_labels_that_a_scheme_takes_are_paid_for_by_one_verdict() {
    // 4 x 8192 x 512 = 2^24 permutations a label: four of them for any number of checks from 1 to 4.
    for (checks, most) in [(1, 4), (3, 1)] {
        let params = json!({"p": 512, "checks": checks});
        let mut instance = host().load_scheme(&builtin("proof-scrypt"), &params).unwrap().instance().unwrap();
        let layout = instance.plan(&identity(), 8 << 10).unwrap();
        // Zeros are the wrong labels: the verifier makes the right ones all the same.
        let region = Arc::new(MemorySpace::new(8 << 10));
        let commitment = instance.commit(region.clone(), &identity(), &layout).unwrap();
        let (unit_bytes, units) = (layout.unit_bytes, layout.units);
        let statement = Statement { identity: identity(), unit_bytes, units, commitment };
        let (samples, challenge) = instance.draw_at_most(&statement, &Digest([5; 32]), 8, None).unwrap();
        assert_eq!(samples, most);
        let Answer::Proof(proof) = instance.prove(region, &statement, &challenge).unwrap() else { panic!() };
        let verdict = instance.verify(&statement, &challenge, &proof).unwrap();
        let Verdict::Invalid(why) = verdict else { panic!("zeros are no labels") };
        assert!(why.ends_with("is not what it must be"), "{why}");
        let paid = instance.fuel_used();
        assert!(((50 << 26)..4_000_000_000).contains(&paid), "{paid}");
    }
}

#[test]
fn the_sdk_and_the_kernels_agree_on_memory_work_and_names() {
    for (n, r, p) in [
        (2, 1, 1),
        (2, 1, 1 << 17),
        (8192, 1, 1),
        (1 << 15, 1, 3),
        (1 << 15, 8, 1),
        (1 << 15, 9, 2),
        (1 << 17, 8, 1),
    ] {
        let of_kernels = LabelCost::Scrypt { form: ScryptForm::Spacemesh, n, r, p };
        let of_sdk = plimsoll_sdk::labels::LabelCost::Scrypt {
            form: plimsoll_sdk::labels::ScryptForm::Spacemesh,
            n,
            r,
            p,
        };
        assert_eq!(of_kernels.memory_bytes(), of_sdk.memory_bytes(), "{n} {r} {p}");
        assert_eq!(of_kernels.permutations(), of_sdk.permutations());
        assert_eq!(of_kernels.check().is_ok(), of_sdk.check().is_ok());
    }
    let of_kernels = LabelCost::Argon2id { memory_kib: 64, passes: 3, lanes: 2 };
    let of_sdk = plimsoll_sdk::labels::LabelCost::Argon2id { memory_kib: 64, passes: 3, lanes: 2 };
    assert_eq!(of_kernels.memory_bytes(), of_sdk.memory_bytes());
    assert_eq!(of_kernels.permutations(), of_sdk.permutations());
    // A block of 1 KiB takes as long as more than 20 permutations.
    assert_eq!(of_kernels.permutations(), 64 * 3 * 24);
}

#[test]
fn hits_of_a_scan_are_the_kernels() {
    // The challenge is the length of what is scanned and the number of hits. The list of keys lies at 32: one of
    // 32 bytes at 0, which are zeros.
    const KEYS: &str = "(i32.store (i32.const 32) (i32.const 0)) (i32.store (i32.const 36) (i32.const 32))";
    let arguments = "(local.get 0) (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 16)
        (i64.const 0) (i64.load (local.get 11)) (i32.const 1) (i64.load32_u offset=8 (local.get 11)) (i32.const 0)";
    let guest = |item_bytes| {
        let params = "i32 i32 i32 i32 i32 i64 i64 i32 i64 i32 i32";
        asking("scan@0.1.0\" \"scan-select", params, &format!("{KEYS} {arguments}"), item_bytes)
    };
    let mut bytes = vec![0; 1 << 20];
    kernels::keystream_at(kernels::Keystream::ChaCha8, &Digest([5; 32]), 0, 0, &mut bytes);
    let ask = |len: u64, count: u32| {
        let question = [&len.to_le_bytes()[..], &count.to_le_bytes()].concat();
        asked(&mut guest(24), MemorySpace::with(bytes.clone()), &question)
    };
    let found = ask(1 << 20, 9).unwrap();
    let over = Extent { offset: 0, len: 1 << 20 };
    let known = kernels::scan_select(
        &MemorySpace::with(bytes.clone()),
        kernels::ScanKind::Aes128,
        &[Digest([0; 32])],
        16,
        over,
        kernels::Selection::Least { count: 9 },
    )
    .unwrap();
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let found: Vec<(u64, u64)> = found.chunks(24).map(|hit| (word(hit), word(&hit[8..]))).collect();
    assert_eq!(found, known.iter().map(|hit| (hit.score, hit.record)).collect::<Vec<_>>());
    insta::assert_snapshot!(ask((1 << 20) + 16, 9).unwrap_err().to_string(), @"plugin `sample.wasm` could not prove: storage: 1048592 bytes at 0 are outside of a region of 1048576 bytes");
    insta::assert_snapshot!(ask(17, 9).unwrap_err().to_string(), @"plugin `sample.wasm` could not prove: bad input: 17 bytes are no whole number of records of 16 bytes");
    insta::assert_snapshot!(ask(16, 4097).unwrap_err().to_string(), @"plugin `sample.wasm` could not prove: bad input: a scan gives 1 to 4096 hits, not 4097");
}
