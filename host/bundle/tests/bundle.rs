//! What is embedded is whole, small and asks for nothing but the contract.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_bundle::{builtins, find, sdk_files};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

const CONTRACT: &str = "plimsoll:plugin/";
const VERSION: &str = "@0.1.0";
const LARGEST_BYTES: usize = 512 << 10;

const PROOF: &[&str] = &[
    "types",
    "log",
    "pure",
    "storage",
    "labels",
    "scan",
    "graphs",
    "graph-plots",
    "walks",
    "curve",
    "erasure",
    "pospace",
];

const KINDS: [(&str, &str, &[&str]); 5] = [
    ("allocation-", "allocation-policy", &["types", "log"]),
    ("challenge-", "challenge-strategy", &["types", "log", "pure"]),
    ("proof-", "proof-scheme", PROOF),
    ("incentive-", "incentive-rule", &["types", "log"]),
    ("dataset-", "dataset-source", &["types", "log", "pure"]),
];

/// Names of the imports and exports of the outermost component.
fn interfaces(component: &[u8]) -> wasmparser::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (mut imports, mut exports, mut depth) = (BTreeSet::new(), BTreeSet::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if depth > 0 => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.insert(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.insert(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn full(interface: &str) -> String {
    format!("{CONTRACT}{interface}{VERSION}")
}

#[test]
fn all_shipped_plugins_are_there_by_name() {
    let shipped = [
        "allocation-even",
        "allocation-permit",
        "allocation-stake",
        "challenge-adaptive",
        "challenge-uniform",
        "challenge-window",
        "dataset-flock",
        "incentive-beta",
        "incentive-ema",
        "incentive-filetao",
        "incentive-latency",
        "incentive-log",
        "incentive-proportional",
        "incentive-tiered",
        "proof-chia",
        "proof-compact",
        "proof-merkle",
        "proof-scrypt",
        "proof-sdr",
        "proof-seed-v1",
        "proof-seqpack",
        "proof-stream",
    ];
    let names: Vec<&str> = builtins().iter().map(|builtin| builtin.name).collect();
    for name in shipped {
        assert!(names.contains(&name), "{name} is missing among {names:?}");
        assert_eq!(find(name).map(|builtin| builtin.name), Some(name));
    }
    assert_eq!(find("proof-nothing"), None);
}

#[test]
fn every_component_is_valid_small_and_known_by_its_digest() {
    let mut digests = BTreeSet::new();
    for builtin in builtins() {
        let name = builtin.name;
        Validator::new_with_features(WasmFeatures::all())
            .validate_all(builtin.component)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(builtin.component.len() < LARGEST_BYTES, "{name} has {} bytes", builtin.component.len());
        assert_eq!(&builtin.blake3, blake3::hash(builtin.component).as_bytes(), "{name}");
        assert!(digests.insert(builtin.blake3), "{name} is another plugin's double");
    }
}

#[test]
fn every_component_exports_its_kind_and_imports_what_that_kind_may() {
    for builtin in builtins() {
        let name = builtin.name;
        let (_, kind, may) = KINDS.into_iter().find(|(prefix, ..)| name.starts_with(prefix)).unwrap();
        let (imports, exports) = interfaces(builtin.component).unwrap();
        assert_eq!(exports, BTreeSet::from([full("lifecycle"), full(kind)]), "{name}");
        let allowed: BTreeSet<String> = may.iter().map(|interface| full(interface)).collect();
        assert!(imports.is_subset(&allowed), "{name} imports {imports:?}, allowed are {allowed:?}");
    }
}

#[test]
fn no_component_tells_where_it_was_built() {
    let home = std::env::home_dir().unwrap();
    let places = [env!("CARGO_MANIFEST_DIR").trim_end_matches("/host/bundle"), home.to_str().unwrap()];
    for builtin in builtins() {
        for place in places {
            let found = builtin.component.windows(place.len()).any(|bytes| bytes == place.as_bytes());
            assert!(!found, "{} holds the path {place}", builtin.name);
        }
    }
}

#[test]
fn the_sdk_comes_whole_and_without_a_workspace() {
    let files: BTreeMap<&str, &str> = sdk_files().iter().copied().collect();
    assert_eq!(files.len(), sdk_files().len());
    for name in
        ["sdk/Cargo.toml", "sdk/src/lib.rs", "sdk/src/laws/mod.rs", "wit/types.wit", "wit/kernels.wit"]
    {
        assert!(files.contains_key(name), "{name} is missing among {:?}", files.keys());
    }
    let manifest: toml::Table = files["sdk/Cargo.toml"].parse().unwrap();
    assert!(!files["sdk/Cargo.toml"].contains("workspace"), "{}", files["sdk/Cargo.toml"]);
    assert_eq!(manifest["package"]["name"].as_str(), Some("plimsoll-sdk"));
    assert!(manifest["package"]["edition"].is_str() && manifest["package"]["version"].is_str());
    for crate_name in ["serde", "serde_json", "wit-bindgen"] {
        let dependency = &manifest["dependencies"][crate_name];
        let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
        assert!(
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())),
            "{crate_name}"
        );
    }
    assert!(manifest.contains_key("target") && !manifest.contains_key("dev-dependencies"));
}
