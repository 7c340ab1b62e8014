//! From a file to a loaded plugin: each wrong file is refused with one sentence that says what to do.

use plimsoll_core::Digest;
use plimsoll_plugin::{Host, HostOptions, Kind, Limits, PluginError, PluginRef, Rejection, pin_line};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::guests::{Guest, words};
use crate::samples::{host, plugin, sentence};

fn refused(component: impl Into<Vec<u8>>) -> String {
    sentence(host().load_scheme(&plugin(component.into()), &json!({})))
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[test]
fn a_wrong_pin_says_what_was_found_and_how_to_pin_it() {
    let bytes = Guest::of(Kind::Proof).build();
    let wrong = PluginRef::new("builtin:sample", bytes.clone()).pinned(Digest([7; 32]));
    let found = Digest::of(&bytes).to_string();
    let text = sentence(host().load_scheme(&wrong, &json!({}))).replace(&found, "FOUND");
    insta::assert_snapshot!(text, @"plugin `builtin:sample` is rejected: it is pinned to blake3 0707070707070707070707070707070707070707070707070707070707070707, but the file has FOUND; restore the pinned file, or look at what changed and pin the new one with `plimsoll plugin pin`");
    assert_eq!(pin_line(&bytes), format!("blake3 = \"{found}\""));
    let right = PluginRef::new("builtin:sample", bytes.clone()).pinned(Digest::of(&bytes));
    assert_eq!(host().load_scheme(&right, &json!({})).unwrap().digest(), Digest::of(&bytes));
}

#[test]
fn a_file_that_is_too_large_is_not_even_read() {
    insta::assert_snapshot!(refused(vec![0; (8 << 20) + 1]), @"plugin `sample.wasm` is rejected: the file has 8388609 bytes, at most 8388608 are accepted; build it with `plimsoll plugin build`, which optimises and strips");
}

#[test]
fn a_file_is_read_no_further_than_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let refusal = |name: &str| {
        let text = PluginRef::read(&folder.path().join(name), &limits).unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "")
    };
    std::fs::write(folder.path().join("good"), b"bytes").unwrap();
    assert_eq!(&*PluginRef::read(&folder.path().join("good"), &limits).unwrap().bytes, b"bytes");
    std::fs::File::create(folder.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    insta::assert_snapshot!(refusal("huge"), @"plugin `/huge` is rejected: the file has 1099511627776 bytes, at most 8388608 are accepted; build it with `plimsoll plugin build`, which optimises and strips");
    insta::assert_snapshot!(refusal("none"), @"plugin `/none` is rejected: the file cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(refusal(""), @"plugin `/` is rejected: the file cannot be read: it is no regular file");
}

#[test]
fn instances_may_move_to_threads_and_plugins_be_shared() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync + Clone>() {}
    moves::<plimsoll_plugin::SchemeInstance>();
    moves::<plimsoll_plugin::IncentiveInstance>();
    is_shared::<Host>();
    is_shared::<plimsoll_plugin::Scheme>();
    is_shared::<plimsoll_plugin::Challenge>();
}

#[test]
fn what_is_no_component_is_told_apart() {
    insta::assert_snapshot!(refused("#!/bin/sh"), @"plugin `sample.wasm` is rejected: it is no WebAssembly: a plugin is a component file as `plimsoll plugin build` writes it");
    insta::assert_snapshot!(refused(""), @"plugin `sample.wasm` is rejected: it is no WebAssembly: a plugin is a component file as `plimsoll plugin build` writes it");
    insta::assert_snapshot!(refused(component("(module)")), @"plugin `sample.wasm` is rejected: it is a core WebAssembly module, not a component; `plimsoll plugin build` makes the component");
    insta::assert_snapshot!(refused(component("(component)")), @"plugin `sample.wasm` is rejected: it is a component, but exports nothing of plimsoll:plugin, or it is cut off; `plimsoll plugin new` makes a crate to begin from");
    let whole = Guest::of(Kind::Proof).build();
    insta::assert_snapshot!(refused(&whole[..201]), @"plugin `sample.wasm` is rejected: the component is damaged at byte 201: unexpected end-of-file; build it or fetch it again");
    insta::assert_snapshot!(refused(&whole[..6]), @"plugin `sample.wasm` is rejected: the component is damaged at byte 6: the file ends in its header; build it or fetch it again");
}

#[test]
fn another_version_of_the_contract_is_read_before_anything_is_compiled() {
    for version in ["0.2.0", "1.0.0", "0.1.0-rc.1"] {
        let text = refused(Guest::of(Kind::Proof).contract(version).build());
        assert_eq!(
            text,
            format!(
                "plugin `sample.wasm` is rejected: it is built for contract plimsoll:plugin@{version}, this host \
                 serves plimsoll:plugin@0.1.x; rebuild it with this host's SDK, or use a host that serves \
                 plimsoll:plugin@{version}"
            )
        );
    }
    let newer_patch = plugin(Guest::of(Kind::Proof).contract("0.1.7").build());
    host().load_scheme(&newer_patch, &json!({})).unwrap();
    assert_eq!(host().inspect(&newer_patch).unwrap().contract_version, "0.1.7");
}

#[test]
fn an_import_of_wasi_is_refused_with_what_to_use_instead() {
    let wasi = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64))))))"#;
    insta::assert_snapshot!(refused(component(wasi)), @"plugin `sample.wasm` is rejected: it imports `wasi:clocks/monotonic-clock@0.2.0`, but a plugin has no clock, no randomness, no files and no network: take time and randomness from the arguments and bytes from the host's kernels, and build for wasm32-unknown-unknown (`plimsoll plugin build` does)");
    let beside = r#"(component
        (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
        (instance $i) (export "plimsoll:plugin/proof-scheme@0.1.0" (instance $i))
        (export "plimsoll:plugin/lifecycle@0.1.0" (instance $i)))"#;
    assert!(
        refused(component(beside))
            .contains("it imports `wasi:random/random@0.2.0`, but a plugin has no clock")
    );
}

/// A component with these edges and nothing inside.
fn hollow(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let imports: String = imports.iter().map(|name| format!("(import \"{name}\" (instance))")).collect();
    let exports: String = exports.iter().map(|name| format!("(export \"{name}\" (instance $i))")).collect();
    component(&format!("(component {imports} (instance $i) {exports})"))
}

#[test]
fn edges_that_do_not_belong_are_named() {
    let lifecycle = "plimsoll:plugin/lifecycle@0.1.0";
    let proof = "plimsoll:plugin/proof-scheme@0.1.0";
    let incentive = "plimsoll:plugin/incentive-rule@0.1.0";
    insta::assert_snapshot!(refused(hollow(&["acme:net/socket@1.0.0"], &[lifecycle, proof])), @"plugin `sample.wasm` is rejected: it imports `acme:net/socket@1.0.0`, which a proof scheme is not given; it may import types, log, pure, storage, labels, scan, graphs, graph-plots, walks, curve, erasure, pospace of plimsoll:plugin");
    insta::assert_snapshot!(refused(hollow(&["plimsoll:plugin/storage@0.1.0"], &[lifecycle, incentive])), @"plugin `sample.wasm` is rejected: it imports `plimsoll:plugin/storage@0.1.0`, which an incentive rule is not given; it may import types, log of plimsoll:plugin");
    insta::assert_snapshot!(refused(hollow(&[], &[proof])), @"plugin `sample.wasm` is rejected: it does not export `plimsoll:plugin/lifecycle@0.1.0`; the SDK's export macro adds it");
    insta::assert_snapshot!(refused(hollow(&[], &[lifecycle])), @"plugin `sample.wasm` is rejected: it does not export `plimsoll:plugin/{allocation-policy, challenge-strategy, proof-scheme, incentive-rule, dataset-source}@0.1.0`; the SDK's export macro adds it");
    insta::assert_snapshot!(refused(hollow(&[], &[lifecycle, proof, "acme:extra/thing@1.0.0"])), @"plugin `sample.wasm` is rejected: it exports `acme:extra/thing@1.0.0`, which is not part of a proof scheme of plimsoll:plugin@0.1; remove it");
    insta::assert_snapshot!(refused(hollow(&[], &[lifecycle, proof, incentive])), @"plugin `sample.wasm` is rejected: it exports both `proof-scheme` and `incentive-rule`; a plugin is of one kind, so make two");
    insta::assert_snapshot!(refused(hollow(&[], &[lifecycle, proof, "plimsoll:plugin/proof-scheme@0.1.3"])), @"plugin `sample.wasm` is rejected: it exports `proof-scheme` of 0.1.0 and of 0.1.3; export one version of it");
    insta::assert_snapshot!(refused(hollow(&[], &[lifecycle, proof])), @"plugin `sample.wasm` is rejected: instance export `plimsoll:plugin/lifecycle@0.1.0` does not have export `describe`; rebuild it with the SDK of plimsoll:plugin@0.1");
    insta::assert_snapshot!(refused(Guest::of(Kind::Incentive).build()), @"plugin `sample.wasm` is rejected: it is an incentive rule, but a proof scheme is needed here; name another plugin");
}

#[test]
fn a_bomb_for_the_compiler_is_refused_by_its_outline() {
    let many = "(func) ".repeat(20_001);
    let text = refused(component(&format!("(component (core module {many}))")));
    assert_eq!(
        text,
        "plugin `sample.wasm` is rejected: it has 20001 functions, at most 20000 are accepted: this is no size for a plugin"
    );
    let long = "(drop (i32.const 1))".repeat(100_000);
    let text = refused(component(&format!("(component (core module (func {long})))")));
    assert!(text.contains("bytes in one function, at most 131072 are accepted"), "{text}");
    let squares = format!("(func {}) ", "(drop (i32.const 1))".repeat(30_000)).repeat(2);
    let text = refused(component(&format!("(component (core module {squares}))")));
    assert!(text.contains("units of work for the compiler"), "{text}");
    let nested = "(core module)".repeat(65);
    assert!(refused(component(&format!("(component {nested})"))).contains("it has 65 nested modules"));
}

fn configured(params: &Value) -> String {
    sentence(host().load_scheme(&plugin(Guest::of(Kind::Proof).build()), params))
}

#[test]
fn parameters_are_checked_against_the_schema_before_the_plugin_sees_them() {
    insta::assert_snapshot!(configured(&json!({"level": 12})), @"plugin `sample.wasm`: parameter `level`: 12 is greater than the maximum of 9");
    insta::assert_snapshot!(configured(&json!({"levle": 1})), @"plugin `sample.wasm`: unknown parameter `levle`; the schema of `plugin inspect` lists what there is");
    insta::assert_snapshot!(configured(&json!(7)), @"plugin `sample.wasm`: the parameters must be a table, they are a number");
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(b"`level` must be even");
    let guest = guest.answer("configure", &words(&[1, 0, at, len]));
    let result = host().load_scheme(&plugin(guest.build()), &json!({"level": 3}));
    assert!(matches!(result, Err(PluginError::BadConfig { .. })));
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm`: `level` must be even");
}

#[test]
fn parameters_have_one_digest_however_they_are_written() {
    let bytes = plugin(Guest::of(Kind::Proof).build());
    let one = host().load_scheme(&bytes, &json!({"level": 3})).unwrap();
    assert_eq!(one.params(), r#"{"level":3}"#);
    assert_eq!(one.params_digest(), Digest::of(br#"{"level":3}"#));
}

#[test]
fn a_description_that_cannot_be_shown_is_refused() {
    let described = |change: fn(&mut Guest)| {
        let mut guest = Guest::of(Kind::Proof);
        change(&mut guest);
        sentence(host().inspect(&plugin(guest.build())))
    };
    insta::assert_snapshot!(described(|g| g.name = "Sample Plugin".into()), @"plugin `sample.wasm` is rejected: its description is unusable: its name must be 1 to 64 lower-case letters, digits and dashes");
    insta::assert_snapshot!(described(|g| g.summary = "\u{1b}[2J".into()), @"plugin `sample.wasm` is rejected: its description is unusable: its summary must be 1 to 1024 printable bytes");
    insta::assert_snapshot!(described(|g| g.schema = r#"{"type": 7}"#.into()), @r#"plugin `sample.wasm` is rejected: its description is unusable: its schema is no JSON schema: 7 is not valid under any of the schemas listed in the 'anyOf' keyword"#);
}

#[test]
fn an_inspection_tells_all_that_is_known_of_a_file() {
    let bytes = Guest::of(Kind::Proof).body("proves", "(i32.const 10)").build();
    let seen = host().inspect(&plugin(bytes.clone())).unwrap();
    assert_eq!((seen.kind, seen.digest, seen.bytes), (Kind::Proof, Digest::of(&bytes), bytes.len() as u64));
    assert_eq!(seen.contract_version, "0.1.0");
    assert_eq!(seen.descriptor.name, "sample");
    assert_eq!(seen.claims.unwrap().to_string(), "retrievability, time");
    assert!(
        seen.exports.iter().any(|name| name == "plimsoll:plugin/proof-scheme@0.1.0"),
        "{:?}",
        seen.exports
    );
}

#[test]
fn a_scheme_claims_what_it_claims_once_it_is_configured() {
    let guest = || {
        let configured = "(global.set $claims (i32.const 3)) (i32.const 1024)";
        Guest::of(Kind::Proof)
            .with("(global $claims (mut i32) (i32.const 0))")
            .body("configure", configured)
            .body("proves", "(global.get $claims)")
    };
    let scheme = host().load_scheme(&plugin(guest().build()), &json!({})).unwrap();
    assert_eq!(scheme.claims().to_string(), "space, retrievability");
    let seen = host().inspect(&plugin(guest().build())).unwrap();
    assert_eq!(seen.claims, Some(scheme.claims()));
    let refusing =
        guest().answer("configure", &words(&[1, 0, 0, 0, 0, 0])).body("configure", "(i32.const 1024)");
    assert_eq!(
        host().inspect(&plugin(refusing.build())).unwrap().claims,
        None,
        "never configured, never asked"
    );
}

#[test]
fn a_smaller_limit_is_kept() {
    let limits = Limits { memory_bytes: 1 << 16, ..Limits::default() };
    let host = Host::new(HostOptions { limits, ..Default::default() }).unwrap();
    let result = host.load_scheme(&plugin(Guest::of(Kind::Proof).build()), &json!({}));
    assert!(sentence(result).ends_with("it asked for 131072 bytes, its limit is 65536"));
}

fn last_export_ends(component: &[u8]) -> usize {
    let payloads = wasmparser::Parser::new(0).parse_all(component).map(Result::unwrap);
    let exports = payloads.filter_map(|payload| match payload {
        wasmparser::Payload::ComponentExportSection(exports) => Some(exports.range().end),
        _ => None,
    });
    exports.max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_component_cut_anywhere_is_rejected(cut in 0.0..1.0f64) {
        let whole = Guest::of(Kind::Challenge).build();
        // Behind the last export lie names and the like: a component without them is whole.
        let at = (last_export_ends(&whole) as f64 * cut) as usize;
        let result = host().inspect(&plugin(whole[..at].to_vec()));
        prop_assert!(matches!(result, Err(PluginError::Rejected { .. })), "{:?}", result);
    }

    #[test]
    fn garbage_never_crashes_the_host(flips in proptest::collection::vec((0.0..1.0f64, any::<u8>()), 1..8)) {
        let mut bytes = Guest::of(Kind::Challenge).build();
        for (at, value) in flips {
            let at = (bytes.len() as f64 * at) as usize;
            bytes[at] = value;
        }
        // A flip in a text may leave a good plugin; what counts is that there is an answer.
        if let Err(error) = host().inspect(&plugin(bytes)) {
            prop_assert_eq!(error.plugin(), Some("sample.wasm"));
        }
    }

    #[test]
    fn noise_behind_a_components_header_is_rejected(noise in proptest::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [b"\0asm\x0d\0\x01\0".as_slice(), &noise].concat();
        let result = host().inspect(&plugin(bytes));
        let rejected = matches!(result, Err(PluginError::Rejected { why: Rejection::Damaged { .. } | Rejection::NoPlugin, .. }));
        prop_assert!(rejected, "{:?}", result);
    }
}
