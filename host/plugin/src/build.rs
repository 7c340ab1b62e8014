//! From a plugin's crate to a component: a nested cargo for `wasm32-unknown-unknown`, then the componentiser.
//!
//! The crate stays a plain library: the WebAssembly comes from asking for a `cdylib` on the command line.
//! Profile and path remapping are set here, so that the same source gives the same bytes in any folder.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_core::Digest;
use serde::{Deserialize, Serialize};
use wit_component::ComponentEncoder;

use crate::build_python::{build_python, is_python};
use crate::gate::admit;
use crate::text::tame;
use crate::{Kind, Limits, PluginError};

/// What plugins are built for: `std` without an operating system, so without any import of its own.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Settings of the release profile that a plugin is built with, whatever its workspace says.
const PROFILE: [&str; 6] =
    ["opt-level=3", "lto=\"fat\"", "codegen-units=1", "panic=\"abort\"", "strip=true", "debug=false"];
/// The stack that a plugin has in its own memory: 256 KiB. After every answer the host wipes a plugin's whole memory,
/// and of a small one the linker's 1 MiB would be most. It lies below all else: one that overflows ends the call.
const STACK: &str = "-Clink-arg=-zstack-size=262144";
/// Variables that would change a nested build or make it wait for the outer one.
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
/// Lines of the compiler's own words in an error.
const LAST_LINES: usize = 40;

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Never ask a registry.
    pub offline: bool,
    /// Where intermediate files go; `target/plimsoll` of the crate unless said.
    pub target_dir: Option<PathBuf>,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The component's file.
    pub component: PathBuf,
    /// Its BLAKE3: what to pin.
    pub blake3: Digest,
    /// Its size.
    pub bytes: u64,
    /// What it decides.
    pub kind: Kind,
}

/// Builds the plugin whose `Cargo.toml`, or `pyproject.toml`, lies in `dir`, checks it, and writes it to
/// `target/plimsoll/NAME.wasm`. `on_line` hears what the compiler says, line by line.
///
/// # Errors
/// [`PluginError::Build`] with the compiler's words, or the exact command that adds a missing target or tool;
/// [`PluginError::Rejected`] where what was built is no plugin.
pub fn build(
    dir: &Path,
    options: &BuildOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<Built, PluginError> {
    if is_python(dir) {
        return build_python(dir, options, on_line);
    }
    let project = Project::read(dir, options)?;
    project.require_target()?;
    let target_dir = options.target_dir.clone().unwrap_or_else(|| project.dir.join("target/plimsoll"));
    let module = project.compile(&target_dir, options, on_line)?;
    let bytes = std::fs::read(&module).map_err(|e| failed(&module, e.to_string()))?;
    let component = componentise(&bytes).map_err(|why| failed(&project.dir, why))?;
    let admitted = admit(&component, None, &Limits::compiled(), None)
        .map_err(|why| PluginError::Rejected { plugin: project.package.clone(), why })?;
    let path = target_dir.join(format!("{}.wasm", project.package));
    write_whole(&path, &component).map_err(|e| failed(&path, e.to_string()))?;
    Ok(Built { component: path, blake3: admitted.digest, bytes: component.len() as u64, kind: admitted.kind })
}

/// A component of a core module that was built with the SDK.
///
/// # Errors
/// A sentence: the module imports something that no interface describes, or is none.
pub fn componentise(module: &[u8]) -> Result<Vec<u8>, String> {
    let encoded =
        ComponentEncoder::default().validate(true).module(module).and_then(|mut encoder| encoder.encode());
    encoded.map_err(|e| {
        let why = tame(&format!("{e:#}"), 600);
        format!(
            "the module is no plugin: {why}; it must export a plugin with the SDK's macro, and nothing in it may need an operating system"
        )
    })
}

pub(crate) fn failed(path: &Path, why: impl Into<String>) -> PluginError {
    PluginError::Build { path: path.to_owned(), why: why.into() }
}

/// What cargo knows of the crate.
struct Project {
    dir: PathBuf,
    package: String,
    /// What only this package is called, even if it has the name of one of its dependencies.
    id: String,
    /// Folders of packages that do not come from a registry, with their names.
    sources: Vec<(PathBuf, String)>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    source: Option<String>,
    manifest_path: PathBuf,
}

impl Project {
    fn read(dir: &Path, options: &BuildOptions) -> Result<Self, PluginError> {
        let dir = dir.canonicalize().map_err(|e| failed(dir, e.to_string()))?;
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(failed(&dir, "there is no Cargo.toml; `plimsoll plugin new` makes a plugin's crate"));
        }
        let mut metadata = cargo(&dir);
        metadata.args(["metadata", "--format-version", "1", "--filter-platform", TARGET]);
        metadata.args(options.offline.then_some("--offline"));
        let out = metadata.output().map_err(|e| failed(&dir, no_cargo(&e)))?;
        if !out.status.success() {
            return Err(failed(&dir, said(&String::from_utf8_lossy(&out.stderr))));
        }
        let all: Metadata =
            serde_json::from_slice(&out.stdout).map_err(|e| failed(&manifest, e.to_string()))?;
        let own = all.packages.iter().find(|package| package.manifest_path == manifest);
        let own = own.ok_or_else(|| failed(&manifest, "it names no package; build a plugin's own folder"))?;
        let sources = all.packages.iter().filter(|package| package.source.is_none());
        let sources = sources
            .filter_map(|package| Some((package.manifest_path.parent()?.to_owned(), package.name.clone())));
        let (package, id) = (own.name.clone(), own.id.clone());
        Ok(Self { package, id, sources: sources.collect(), dir })
    }

    /// An installed target has a folder of libraries.
    fn require_target(&self) -> Result<(), PluginError> {
        let mut rustc = nested("rustc", &self.dir);
        rustc.args(["--print", "target-libdir", "--target", TARGET]);
        let out = rustc.output().map_err(|e| failed(&self.dir, no_cargo(&e)))?;
        let libraries = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
        if out.status.success() && libraries.is_dir() {
            return Ok(());
        }
        let why =
            format!("the compiler has no target {TARGET}; in this folder run `rustup target add {TARGET}`");
        Err(failed(&self.dir, why))
    }

    /// Runs the compiler; gives the core module's file.
    fn compile(
        &self,
        target_dir: &Path,
        options: &BuildOptions,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<PathBuf, PluginError> {
        let mut rustc = cargo(&self.dir);
        rustc.args(["rustc", "--lib", "--crate-type", "cdylib", "--release", "--target", TARGET]);
        rustc.args(["--package", &self.id, "--color", "never"]);
        rustc.args(options.offline.then_some("--offline"));
        for setting in PROFILE {
            rustc.args(["--config", &format!("profile.release.{setting}")]);
        }
        rustc.arg("--target-dir").arg(target_dir);
        let mut flags = self.remapping();
        flags.push(STACK);
        rustc.env("CARGO_ENCODED_RUSTFLAGS", flags);
        rustc.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = rustc.spawn().map_err(|e| failed(&self.dir, no_cargo(&e)))?;
        let mut lines: Vec<String> = Vec::new();
        for line in child.stderr.take().into_iter().flat_map(|stderr| BufReader::new(stderr).lines()) {
            let line = line.unwrap_or_default();
            on_line(&line);
            lines.push(line);
        }
        let status = child.wait().map_err(|e| failed(&self.dir, e.to_string()))?;
        if !status.success() {
            return Err(failed(&self.dir, said(&lines.join("\n"))));
        }
        let file = format!("{}.wasm", self.package.replace('-', "_"));
        Ok(target_dir.join(TARGET).join("release").join(file))
    }

    /// Flags that keep this machine's folders out of the component, each with the separator behind it.
    fn remapping(&self) -> OsString {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        let home = home.into_iter().map(|home| (home, "cargo".to_owned()));
        let mut flags = OsString::new();
        // The last that matches wins, so folders come before what lies in them.
        let mut sources = self.sources.clone();
        sources.sort();
        for (from, to) in home.chain(sources) {
            flags.push("--remap-path-prefix=");
            flags.push(from.as_os_str());
            flags.push(format!("=/{to}\u{1f}"));
        }
        flags
    }
}

fn cargo(dir: &Path) -> Command {
    nested("cargo", dir)
}

/// A tool of the toolchain that `dir` asks for, free of what an outer cargo left in the environment.
fn nested(tool: &str, dir: &Path) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(dir);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(&name.to_string_lossy())) {
        command.env_remove(&name);
    }
    let asks = |dir: &Path| ["rust-toolchain.toml", "rust-toolchain"].iter().any(|f| dir.join(f).is_file());
    if dir.ancestors().any(asks) {
        command.env_remove("RUSTUP_TOOLCHAIN");
    }
    command
}

/// Whether a variable is the outer build's own.
fn is_foreign(name: &str) -> bool {
    FOREIGN.contains(&name) || (name.starts_with("CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept)))
}

fn no_cargo(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "cargo was not found; install Rust from https://rustup.rs".to_owned(),
        _ => error.to_string(),
    }
}

/// The end of what a tool said: where its errors are.
pub(crate) fn said(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    format!("it does not build:\n{}", lines[from..].join("\n"))
}

/// All of the file or none of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let readable = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_outer_build_set_for_itself_does_not_reach_a_plugins() {
        for name in
            ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO"]
        {
            assert!(is_foreign(name), "{name}");
        }
        for name in ["PATH", "HOME", "CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_REGISTRIES_MINE_TOKEN", "MAKE"]
        {
            assert!(!is_foreign(name), "{name}");
        }
    }
}
