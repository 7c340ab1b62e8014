//! Builds every plugin of `plugins/` for WebAssembly, makes components of them and writes the tables that
//! the crate embeds: the components, and the sources that `plugin new` writes beside a crate.
//!
//! The plugins are built by a cargo of their own with a target folder of its own (a shared one would wait for
//! the lock of the cargo that runs this script) and always with the profile `plugin`, so that a debug host has
//! the same bytes as a release one.
#![expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]

mod nested;
mod sources;
mod target;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Names a folder with `NAME.wasm` components that are embedded as they are; nothing is built then.
const PREBUILT: &str = "PLIMSOLL_PLUGINS_PREBUILT";

fn main() {
    let workspace = absolute(&variable("CARGO_MANIFEST_DIR").join("../.."));
    let out = variable("OUT_DIR");
    for path in [
        "plugins",
        "sdk/src",
        "sdk/Cargo.toml",
        "host/json",
        "wit",
        "Cargo.lock",
        "Cargo.toml",
        "host/bundle/build",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    for name in [PREBUILT, "RUSTC_WORKSPACE_WRAPPER"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    sources::write_table(&workspace, &out.join("sources.rs"));
    let names = plugin_names(&workspace);
    let components = components(&workspace, &out, &names);
    write_table(&names, &components, &out.join("builtins.rs"));
}

fn variable(name: &str) -> PathBuf {
    env::var_os(name).map(PathBuf::from).unwrap_or_else(|| panic!("cargo sets {name} for a build script"))
}

/// Without `..`, so that remapped paths and messages read well.
fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The names of the folders of `plugins/` that hold a crate, in order. A crate has its folder's name.
fn plugin_names(workspace: &Path) -> Vec<String> {
    let folder = workspace.join("plugins");
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The file of each plugin's component.
fn components(workspace: &Path, out: &Path, names: &[String]) -> Vec<PathBuf> {
    if let Some(folder) = env::var_os(PREBUILT) {
        return prebuilt(Path::new(&folder), names);
    }
    let folder = out.join("components");
    fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    if is_clippy() {
        // Clippy looks at this crate and runs nothing: what is embedded does not matter.
        let stub = folder.join("stub");
        fs::write(&stub, []).unwrap_or_else(|e| panic!("{}: {e}", stub.display()));
        return vec![stub; names.len()];
    }
    target::ensure();
    let modules = nested::build(workspace, &out.join("plugins-target"), names);
    names.iter().zip(modules).map(|(name, module)| componentise(name, &module, &folder)).collect()
}

fn prebuilt(folder: &Path, names: &[String]) -> Vec<PathBuf> {
    assert!(folder.is_dir(), "{PREBUILT} names no folder: {}", folder.display());
    let folder = absolute(folder);
    println!("cargo::rerun-if-changed={}", folder.display());
    let file = |name: &String| {
        let file = folder.join(format!("{name}.wasm"));
        assert!(file.is_file(), "{PREBUILT} names a folder without {}", file.display());
        file
    };
    names.iter().map(file).collect()
}

fn is_clippy() -> bool {
    env::var("RUSTC_WORKSPACE_WRAPPER").is_ok_and(|wrapper| wrapper.contains("clippy"))
}

fn componentise(name: &str, module: &Path, folder: &Path) -> PathBuf {
    let bytes = fs::read(module).unwrap_or_else(|e| panic!("{}: {e}", module.display()));
    let component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .unwrap_or_else(|e| panic!("plugin {name} is no component of the contract in wit/: {e:?}"));
    let file = folder.join(format!("{name}.wasm"));
    fs::write(&file, component).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    file
}

fn write_table(names: &[String], components: &[PathBuf], file: &Path) {
    let entry = |(name, path): (&String, &PathBuf)| format!("    ({name:?}, include_bytes!({path:?})),\n");
    let entries: String = names.iter().zip(components).map(entry).collect();
    fs::write(file, format!("&[\n{entries}]\n")).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
}
