//! The cargo inside the cargo.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::target::TARGET;

const PROFILE: &str = "plugin";

/// As `plimsoll plugin build` does it: 256 KiB, for the host wipes a plugin's whole memory after every answer, and the
/// linker's 1 MiB would be most of it. The stack lies below all else: one that overflows ends the call.
const STACK: &str = "-Clink-arg=-zstack-size=262144";

/// Variables that the outer cargo or its caller set for the host's build and that would bend the plugins'.
const FOREIGN: [&str; 8] = [
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "TARGET",
    "HOST",
    "MAKEFLAGS",
    "MFLAGS",
];

/// Variables of cargo that say where things come from, not how they are built.
const KEPT: [&str; 5] = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_"];

/// Builds each plugin and gives the file of its module.
pub(crate) fn build(workspace: &Path, target_dir: &Path, names: &[String]) -> Vec<PathBuf> {
    let mut flags = remapping(workspace);
    flags.push("\u{1f}");
    flags.push(STACK);
    for name in names {
        let mut cargo = command(workspace, target_dir, name);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", &flags);
        let output = cargo.output().unwrap_or_else(|e| panic!("cargo for plugin {name}: {e}"));
        assert!(
            output.status.success(),
            "plugin {name} does not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let folder = target_dir.join(TARGET).join(PROFILE);
    names.iter().map(|name| folder.join(format!("{}.wasm", name.replace('-', "_")))).collect()
}

fn command(workspace: &Path, target_dir: &Path, name: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_foreign) {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(workspace);
    cargo.args(["rustc", "--locked", "--quiet", "--lib", "--crate-type", "cdylib"]);
    cargo.args(["--package", name, "--profile", PROFILE, "--target", TARGET, "--target-dir"]).arg(target_dir);
    cargo
}

/// Whether the nested cargo must not see the variable `name`.
pub(crate) fn is_foreign(name: &str) -> bool {
    let kept = KEPT.iter().any(|kept| name.starts_with(kept));
    FOREIGN.contains(&name) || (name.starts_with("CARGO_") && !kept)
}

/// Flags that hide where the sources lie: the same sources give the same bytes in every folder.
fn remapping(workspace: &Path) -> OsString {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flag
    };
    let mut flags = home.map(|home| remap(&home, "/cargo")).unwrap_or_default();
    // Unit separators part the flags, so that folders with spaces in their names work.
    flags.push("\u{1f}");
    flags.push(remap(workspace, "/plimsoll"));
    flags
}
