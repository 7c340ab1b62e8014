//! The standard library for WebAssembly, which a fresh machine may lack.

use std::env;
use std::path::Path;
use std::process::Command;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Finds the target, or adds it, or says how.
pub(crate) fn ensure() {
    if is_there() {
        return;
    }
    let command = addition(toolchain().as_deref());
    println!("cargo::warning=adding the Rust target {TARGET}, which the plugins are built for");
    let added = Command::new(&command[0]).args(&command[1..]).status().is_ok_and(|status| status.success());
    assert!(added && is_there(), "{}", refusal(&command));
}

/// The command that adds the target to `toolchain`.
pub(crate) fn addition(toolchain: Option<&str>) -> Vec<String> {
    let command = ["rustup", "target", "add", TARGET];
    let toolchain = toolchain.into_iter().flat_map(|name| ["--toolchain", name]);
    command.into_iter().chain(toolchain).map(str::to_owned).collect()
}

pub(crate) fn refusal(command: &[String]) -> String {
    format!(
        "the plugins are built for {TARGET}, and this toolchain has no standard library for it. Run:\n\n    {}\n",
        command.join(" ")
    )
}

fn is_there() -> bool {
    rustc(&["--print", "target-libdir", "--target", TARGET]).is_some_and(|folder| Path::new(&folder).is_dir())
}

/// What rustup calls the toolchain in use: what it said itself, or the name of its folder.
fn toolchain() -> Option<String> {
    env::var("RUSTUP_TOOLCHAIN").ok().or_else(|| {
        let root = rustc(&["--print", "sysroot"])?;
        let root = Path::new(&root);
        let is_rustups = root.parent()?.file_name()? == "toolchains";
        is_rustups.then(|| root.file_name()?.to_str().map(str::to_owned)).flatten()
    })
}

fn rustc(arguments: &[&str]) -> Option<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(arguments).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
