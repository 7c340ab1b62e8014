//! Plugins in Python: their folder, the tool that builds them, and the limits that an interpreter needs. What the
//! real tool makes of the example is tried by `.ci/run`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use plimsoll_plugin::{
    BuildOptions, Built, Host, HostOptions, Kind, LimitSet, Limits, PluginError, PluginRef, SdkSource, build,
    scaffold_python,
};
use serde_json::json;
use wit_parser::{Resolve, TypeDefKind};

use crate::guests::Guest;
use crate::samples::{host, plugin, sentence};

const SUPPORT: &str = include_str!("../../templates/python/plimsoll.py");

fn new_plugin(kind: Kind, name: &str, into: &Path) -> Result<Vec<PathBuf>, PluginError> {
    scaffold_python(kind, name, into, SdkSource::Carried(plimsoll_bundle::sdk_files()))
}

/// A folder with a new rule whose environment holds a tool that says `version` and then does `work`.
fn folder_with_tool(version: &str, work: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    new_plugin(Kind::Incentive, "my-rule", folder.path()).unwrap();
    let bin = folder.path().join("my-rule/.venv/bin");
    fs::create_dir_all(&bin).unwrap();
    let script = format!("#!/bin/sh\nif [ \"$1\" = --version ]; then echo '{version}'; exit; fi\n{work}\n");
    let tool = bin.join("componentize-py");
    fs::write(&tool, script).unwrap();
    fs::set_permissions(&tool, Permissions::from_mode(0o755)).unwrap();
    folder
}

fn built(folder: &Path) -> (Result<Built, PluginError>, Vec<String>) {
    let mut lines = Vec::new();
    let result =
        build(&folder.join("my-rule"), &BuildOptions::default(), &mut |line| lines.push(line.to_owned()));
    (result, lines)
}

fn refusal(folder: &tempfile::TempDir) -> String {
    let place = folder.path().canonicalize().unwrap().display().to_string();
    built(folder.path()).0.unwrap_err().to_string().replace(&place, "")
}

/// A component with as many bytes more as an interpreter has.
fn with_ballast(component: Vec<u8>) -> Vec<u8> {
    let ballast = 9 << 20;
    // A custom section: its kind, its length in sevens of bits, an empty name.
    let length = [ballast & 127 | 128, ballast >> 7 & 127 | 128, ballast >> 14 & 127 | 128, ballast >> 21];
    let section = [0].into_iter().chain(length.map(|part| part as u8)).chain(vec![0; ballast]);
    component.into_iter().chain(section).collect()
}

fn lenient() -> Host {
    Host::new(HostOptions { interpreted: Some(Limits::interpreted()), ..HostOptions::default() }).unwrap()
}

#[test]
fn an_interpreter_is_accepted_only_where_the_operator_says_so() {
    let large = plugin(with_ballast(Guest::of(Kind::Incentive).build()));
    let text = sentence(host().load_incentive(&large, &json!({})));
    let bytes = large.bytes.len();
    assert_eq!(
        text,
        format!(
            "plugin `sample.wasm` is rejected: it is as large ({bytes} bytes) as a plugin that carries its \
             language's interpreter, and this host accepts compiled ones only; if you trust it, set \
             `plugins.allow = \"interpreted\"`"
        )
    );
    let rule = lenient().load_incentive(&large, &json!({})).unwrap();
    assert_eq!((rule.limits().set, *rule.limits()), (LimitSet::Interpreted, Limits::interpreted()));
    let small = plugin(Guest::of(Kind::Incentive).build());
    let rule = lenient().load_incentive(&small, &json!({})).unwrap();
    assert_eq!((rule.limits().set, *rule.limits()), (LimitSet::Compiled, Limits::default()));
}

#[test]
fn a_proof_scheme_gets_no_interpreter_and_nothing_gets_more_than_one_needs() {
    for kind in [Kind::Proof, Kind::Allocation] {
        let large = plugin(with_ballast(Guest::of(kind).build()));
        let text = lenient().inspect(&large).unwrap_err().to_string();
        assert!(text.contains("at most 8388608 are accepted"), "{kind}: {text}");
    }
    let mut huge = Guest::of(Kind::Incentive).build();
    huge.resize(33 << 20, 0);
    let text = lenient().inspect(&plugin(huge)).unwrap_err().to_string();
    assert!(text.contains("the file has 34603008 bytes, at most 33554432 are accepted"), "{text}");
    let pinned =
        plugin(with_ballast(Guest::of(Kind::Incentive).build())).pinned(plimsoll_core::Digest([7; 32]));
    let text = host().inspect(&pinned).unwrap_err().to_string();
    assert!(text.contains("it is pinned to blake3 0707"), "{text}");
}

#[test]
fn the_evidence_tells_the_two_sets_of_limits_apart() {
    let (compiled, interpreted) = (Limits::compiled().by_name(), Limits::interpreted().by_name());
    assert_eq!(compiled["weigh_fuel"], 2_000_000_000);
    assert_eq!(interpreted["interpreted_weigh_fuel"], 20_000_000_000);
    assert!(interpreted.keys().all(|name| !compiled.contains_key(name)), "{interpreted:?}");
}

#[test]
fn the_stand_ins_have_the_fields_of_the_contract() {
    let mut resolve = Resolve::default();
    resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    for record in ["round", "span", "standing", "weight", "outcome", "candidate", "budget", "audit"] {
        let found = resolve.types.iter().find_map(|(_, ty)| match (&ty.name, &ty.kind) {
            (Some(name), TypeDefKind::Record(of)) if name == record => Some(of),
            _ => None,
        });
        let fields: Vec<String> =
            found.unwrap().fields.iter().map(|field| field.name.replace('-', "_")).collect();
        let class = format!("    class {}{}:\n", record[..1].to_uppercase(), &record[1..]);
        let body = SUPPORT.split(&class).nth(1).unwrap_or_else(|| panic!("no {class}"));
        let lines = body.lines().take_while(|line| line.starts_with("        "));
        let own: Vec<&str> = lines.map(|line| line.trim().split(':').next().unwrap()).collect();
        assert_eq!(own, fields, "{record}");
    }
}

#[test]
fn a_new_plugin_in_python_has_its_code_its_tests_and_its_contract() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, contract) in [
        (Kind::Incentive, &["types.wit", "incentive.wit"][..]),
        (Kind::Challenge, &["types.wit", "kernels.wit", "challenge.wit"]),
    ] {
        let name = format!("my-{kind}");
        let files = new_plugin(kind, &name, folder.path()).unwrap();
        let dir = folder.path().join(&name);
        for file in ["app.py", "test_app.py", "plimsoll.py", "pyproject.toml", "README.md", ".gitignore"] {
            assert!(files.contains(&dir.join(file)), "{file} of {files:?}");
        }
        for file in contract {
            let own = fs::read(dir.join("wit").join(file)).unwrap();
            let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit").join(file);
            assert_eq!(own, fs::read(ours).unwrap());
        }
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains("sample-plugin") && !text.contains("WORLD"), "{}", file.display());
        }
    }
    let text = new_plugin(Kind::Proof, "mine", folder.path()).unwrap_err().to_string();
    insta::assert_snapshot!(text, @"no new plugin: a proof scheme cannot be written in Python, only an incentive rule or a challenge strategy can: they decide once a round, the others run for every plot, every answer or every row; use Rust");
    let text = new_plugin(Kind::Incentive, "My Rule", folder.path()).unwrap_err().to_string();
    assert!(text.starts_with("no new plugin: `My Rule` is no name for a plugin"), "{text}");
    let text = new_plugin(Kind::Incentive, "my-incentive", folder.path()).unwrap_err().to_string();
    assert!(text.ends_with("my-incentive is there already; choose another name or remove it"), "{text}");
}

#[test]
fn the_example_uses_the_support_file_of_a_new_plugin() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/python-rule/plimsoll.py");
    assert_eq!(fs::read_to_string(example).unwrap(), SUPPORT);
}

#[test]
fn a_build_asks_the_tool_for_the_world_without_wasi_and_checks_what_comes() {
    let work = "echo building; echo \"$@\" > asked; echo \"$VIRTUAL_ENV\" >> asked\n\
                while [ \"$1\" != -o ]; do shift; done; cp ready.wasm \"$2\"";
    let folder = folder_with_tool("componentize-py 0.25.1", work);
    let dir = folder.path().join("my-rule").canonicalize().unwrap();
    let component = with_ballast(Guest::of(Kind::Incentive).build());
    fs::write(dir.join("ready.wasm"), &component).unwrap();
    let (result, lines) = built(folder.path());
    let made = result.unwrap();
    assert_eq!(
        (made.kind, made.bytes, lines),
        (Kind::Incentive, component.len() as u64, vec!["building".into()])
    );
    assert_eq!(made.component, dir.join("target/plimsoll/my-rule.wasm"));
    assert_eq!(fs::read(&made.component).unwrap(), component);
    lenient().inspect(&PluginRef::read(&made.component, &Limits::interpreted()).unwrap()).unwrap();
    let asked = fs::read_to_string(dir.join("asked")).unwrap();
    let expected = "-d wit -w incentive componentize --stub-wasi app -p . -o ";
    assert!(asked.starts_with(expected), "{asked}");
    assert!(asked.ends_with(&format!("{}\n", dir.join(".venv").display())), "{asked}");

    fs::write(dir.join("ready.wasm"), Guest::of(Kind::Challenge).build()).unwrap();
    insta::assert_snapshot!(refusal(&folder), @"plugin `my-rule` is rejected: it is a challenge strategy, but an incentive rule is needed here; name another plugin");
    let kept = fs::read(&made.component).unwrap();
    assert_eq!(kept, component, "a build that failed replaced what was there");
}

#[test]
fn what_the_tool_says_when_it_fails_is_the_error() {
    let folder = folder_with_tool("componentize-py 0.25.1", "echo 'SyntaxError: app.py, line 3' >&2; exit 1");
    assert_eq!(refusal(&folder), "/my-rule: it does not build:\nSyntaxError: app.py, line 3");
}

#[test]
fn another_version_of_the_tool_is_refused_with_the_line_that_installs_the_right_one() {
    let folder = folder_with_tool("componentize-py 0.19.0", "exit 1");
    insta::assert_snapshot!(refusal(&folder), @"/my-rule: expected componentize-py 0.25.1, found `componentize-py 0.19.0`; in this folder run `python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1`");
}

#[test]
fn a_manifest_that_cannot_be_built_is_refused_by_its_field() {
    let folder = folder_with_tool("componentize-py 0.25.1", "exit 1");
    let path = folder.path().join("my-rule/pyproject.toml");
    let sound = fs::read_to_string(&path).unwrap();
    let said = |from: &str, to: &str| {
        assert!(sound.contains(from));
        fs::write(&path, sound.replace(from, to)).unwrap();
        refusal(&folder)
    };
    insta::assert_snapshot!(said("kind = \"incentive\"", "kind = \"proof\""), @"/my-rule/pyproject.toml: a proof scheme cannot be written in Python, only an incentive rule or a challenge strategy can: they decide once a round, the others run for every plot, every answer or every row; use Rust");
    insta::assert_snapshot!(said("module = \"app\"", "module = \"../app\""), @"/my-rule/pyproject.toml: tool.plimsoll.module is `../app`, expected a module's name");
    insta::assert_snapshot!(said("module = \"app\"", "modul = \"app\""), @"/my-rule/pyproject.toml: unknown field `modul`, expected one of `kind`, `module`, `wit`; `plimsoll plugin new --lang python` writes one that works");
    insta::assert_snapshot!(said("name = \"my-rule\"", "name = \"../rule\""), @"/my-rule/pyproject.toml: `../rule` is no name for a plugin: use letters, digits and dashes");
}
