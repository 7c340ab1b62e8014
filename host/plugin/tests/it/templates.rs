//! What `plugin new` writes: it builds outside of the checkout and keeps the laws.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_plugin::{BuildOptions, Kind, PluginError, PluginRef, SdkSource, build, conform, scaffold};
use serde_json::json;

use crate::samples::host;

const CARRIED: fn() -> SdkSource<'static> = || SdkSource::Carried(plimsoll_bundle::sdk_files());

/// Kept between runs, so that only the first one compiles the SDK.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn new_plugin(kind: Kind, name: &str, into: &Path) -> Result<Vec<PathBuf>, PluginError> {
    scaffold(kind, name, into, CARRIED())
}

#[test]
fn a_new_plugin_of_each_kind_builds_untouched_and_keeps_the_laws() {
    let options = BuildOptions { offline: false, target_dir: Some(kept("new-plugin-target")) };
    let dir = kept("new-plugin").join("my-plugin");
    for kind in Kind::ALL {
        unpack(kind, "my-plugin", &dir);
        let mut lines = Vec::new();
        let built = build(&dir, &options, &mut |line| lines.push(line.to_owned()));
        let built = built.unwrap_or_else(|error| panic!("{error}"));
        assert!(lines.iter().any(|line| line.contains("Finished")), "{lines:?}");
        let bytes = fs::read(&built.component).unwrap();
        assert_eq!((built.kind, built.bytes), (kind, bytes.len() as u64));
        assert_eq!(built.blake3, plimsoll_core::Digest::of(&bytes));
        let report = conform(host(), &PluginRef::new("my-plugin", bytes.clone()), &json!({}));
        let broken: Vec<_> = report.checks.iter().filter(|check| !check.passed).collect();
        assert!(report.passed(), "{kind}: {broken:#?}");
        let home = env!("CARGO_TARGET_TMPDIR");
        assert!(
            !String::from_utf8_lossy(&bytes).contains(home),
            "{kind}: names the folder that it was built in"
        );
    }
    let source = dir.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap().replace("Ok(config)", "Ok(no_such_name)");
    fs::write(&source, text).unwrap();
    let error = build(&dir, &options, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("it does not build:") && error.contains("no_such_name"), "{error}");
}

/// A new plugin in a folder that is kept between runs: only what differs is written, so that cargo recognises
/// what it built before.
fn unpack(kind: Kind, name: &str, dir: &Path) {
    let fresh = tempfile::tempdir().unwrap();
    for path in new_plugin(kind, name, fresh.path()).unwrap() {
        let to = dir.join(path.strip_prefix(fresh.path().join(name)).unwrap());
        let text = fs::read(&path).unwrap();
        if fs::read(&to).ok().as_ref() != Some(&text) {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, text).unwrap();
        }
    }
}

#[test]
fn a_name_that_no_crate_can_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |name: &str| new_plugin(Kind::Proof, name, folder.path()).unwrap_err().to_string();
    insta::assert_snapshot!(refusal("My Rule"), @"no new plugin: `My Rule` is no name for a plugin: use lower-case letters, digits and single dashes, beginning with a letter, such as `my-rule`");
    insta::assert_snapshot!(refusal("match"), @"no new plugin: `match` is a name that Rust keeps for itself; choose another");
    for name in
        ["", "-a", "a-", "a--b", "../a", "a/b", "1a", "a.b", "ä", "test", "static", "type", "gen", "yield"]
    {
        assert!(refusal(name).starts_with("no new plugin: "), "{name}");
    }
    insta::assert_snapshot!(refusal("serde"), @"no new plugin: `serde` is a crate that the SDK is made of; choose another name");
    let carried = plimsoll_bundle::sdk_files().iter().find(|(path, _)| *path == "sdk/Cargo.toml").unwrap().1;
    let manifest: toml::Table = carried.parse().unwrap();
    let mut dependencies: Vec<&str> =
        manifest["dependencies"].as_table().unwrap().keys().map(|k| &**k).collect();
    for target in manifest["target"].as_table().unwrap().values() {
        dependencies.extend(target["dependencies"].as_table().unwrap().keys().map(|k| &**k));
    }
    assert!(dependencies.len() >= 10, "{dependencies:?}");
    for name in dependencies.into_iter().chain(["plimsoll-sdk"]) {
        assert!(refusal(&name.replace('_', "-")).contains("is a crate that the SDK is made of"), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), b"precious").unwrap();
    let text = new_plugin(Kind::Proof, "mine", folder.path()).unwrap_err().to_string();
    assert!(text.ends_with("mine is there already; choose another name or remove it"), "{text}");
    assert_eq!(fs::read(folder.path().join("mine")).unwrap(), b"precious");
}

#[test]
fn a_crate_that_cannot_be_written_whole_is_not_there_at_all() {
    let folder = tempfile::tempdir().unwrap();
    // A folder where a file is: the disk refuses in the middle.
    let carried = [("sdk/Cargo.toml", ""), ("wit/types.wit", ""), ("wit/types.wit/more", "x")];
    let result = scaffold(Kind::Proof, "mine", folder.path(), SdkSource::Carried(&carried));
    let text = result.unwrap_err().to_string();
    assert!(text.starts_with("no new plugin: ") && text.contains("mine/wit/types.wit/more: "), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let written = new_plugin(Kind::Proof, "mine", &folder.path().join("new/folders")).unwrap();
    assert!(written.iter().all(|path| path.is_file()), "{written:?}");
    assert_eq!(fs::read_dir(folder.path().join("new/folders")).unwrap().count(), 1);
}

#[test]
fn a_checkout_is_named_by_path_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let written = scaffold(Kind::Proof, "mine", folder.path(), SdkSource::Checkout(&checkout)).unwrap();
    assert!(!written.iter().any(|path| path.starts_with(folder.path().join("mine/plimsoll-sdk"))));
    let manifest: toml::Table =
        fs::read_to_string(folder.path().join("mine/Cargo.toml")).unwrap().parse().unwrap();
    let sdk = manifest["dependencies"]["plimsoll-sdk"]["path"].as_str().unwrap();
    assert_eq!(Path::new(sdk), checkout.join("sdk").canonicalize().unwrap());
    let text = scaffold(Kind::Proof, "other", folder.path(), SdkSource::Checkout(folder.path())).unwrap_err();
    assert!(text.to_string().contains("holds no SDK; name the folder of a checkout of Plimsoll"), "{text}");
}

#[test]
fn a_carried_file_cannot_leave_the_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["sdk/../../escaped", "/escaped", "sdk/./x"] {
        let carried = [("sdk/Cargo.toml", ""), ("wit/types.wit", ""), (path, "x")];
        let result = scaffold(Kind::Proof, "mine", folder.path(), SdkSource::Carried(&carried));
        if path == "sdk/./x" {
            result.unwrap();
            continue;
        }
        assert!(result.unwrap_err().to_string().contains("outside of its folder"), "{path}");
    }
    let result = scaffold(Kind::Proof, "empty", folder.path(), SdkSource::Carried(&[]));
    insta::assert_snapshot!(result.unwrap_err().to_string(), @"no new plugin: this program carries no SDK; name a checkout with `--sdk-path`");
}

#[test]
fn a_folder_without_a_crate_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = build(folder.path(), &BuildOptions::default(), &mut |_| ()).unwrap_err().to_string();
    assert!(
        error.ends_with("there is no Cargo.toml; `plimsoll plugin new` makes a plugin's crate"),
        "{error}"
    );
}
