//! From a folder with a plugin in Python to a component: `componentize-py`, which puts CPython beside the code.
//!
//! Always with `--stub-wasi`: the interpreter then imports nothing but the contract, its clock, randomness and
//! files are gone. The seed of its hashes is drawn when the file is made, so two builds differ; what is handed out
//! and pinned is the file.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::build::{BuildOptions, Built, failed, said, write_whole};
use crate::gate::admit;
use crate::text::tame;
use crate::{Kind, Limits, PluginError};

const TOOL: &str = "componentize-py";
/// The one that was tried: another writes other bindings.
const TOOL_VERSION: &str = "0.25.1";
/// What a build says of itself to the interpreter that it starts, and what would lead that astray.
const FOREIGN: [&str; 5] = ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONHASHSEED", "VIRTUAL_ENV"];

/// `pyproject.toml`, as far as it is ours.
#[derive(Deserialize)]
struct Manifest {
    project: Named,
    tool: Tools,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Tools {
    plimsoll: Settings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    kind: Kind,
    #[serde(default = "app")]
    module: String,
    #[serde(default = "wit")]
    wit: PathBuf,
}

fn app() -> String {
    "app".into()
}

fn wit() -> PathBuf {
    "wit".into()
}

/// Whether the plugin in `dir` is in Python.
pub(crate) fn is_python(dir: &Path) -> bool {
    dir.join("pyproject.toml").is_file() && !dir.join("Cargo.toml").exists()
}

/// Builds the plugin whose `pyproject.toml` lies in `dir`; see [`crate::build()`].
pub(crate) fn build_python(
    dir: &Path,
    options: &BuildOptions,
    on_line: &mut dyn FnMut(&str),
) -> Result<Built, PluginError> {
    let dir = dir.canonicalize().map_err(|e| failed(dir, e.to_string()))?;
    let Manifest { project: Named { name }, tool: Tools { plimsoll: settings } } = manifest(&dir)?;
    let tool = tool(&dir)?;
    let target_dir = options.target_dir.clone().unwrap_or_else(|| dir.join("target/plimsoll"));
    std::fs::create_dir_all(&target_dir).map_err(|e| failed(&target_dir, e.to_string()))?;
    let target_dir = target_dir.canonicalize().map_err(|e| failed(&target_dir, e.to_string()))?;
    let beside = tempfile::tempdir_in(&target_dir).map_err(|e| failed(&target_dir, e.to_string()))?;
    let out = beside.path().join("component.wasm");
    componentise(&tool, &dir, &settings, &out, on_line)?;
    let component = std::fs::read(&out).map_err(|e| failed(&out, e.to_string()))?;
    let admitted = admit(&component, None, &Limits::compiled(), Some(&Limits::interpreted()))
        .map_err(|why| PluginError::Rejected { plugin: name.clone(), why })?;
    if admitted.kind != settings.kind {
        let (found, wanted) = (admitted.kind, settings.kind);
        let why = crate::Rejection::WrongKind { found, wanted };
        return Err(PluginError::Rejected { plugin: name, why });
    }
    let path = target_dir.join(format!("{name}.wasm"));
    write_whole(&path, &component).map_err(|e| failed(&path, e.to_string()))?;
    Ok(Built { component: path, blake3: admitted.digest, bytes: component.len() as u64, kind: admitted.kind })
}

fn manifest(dir: &Path) -> Result<Manifest, PluginError> {
    let path = dir.join("pyproject.toml");
    let text = std::fs::read_to_string(&path).map_err(|e| failed(&path, e.to_string()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|e| {
        let why = tame(e.message(), 200);
        failed(&path, format!("{why}; `plimsoll plugin new --lang python` writes one that works"))
    })?;
    let (name, settings) = (&manifest.project.name, &manifest.tool.plimsoll);
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let name = tame(name, 64);
        return Err(failed(
            &path,
            format!("`{name}` is no name for a plugin: use letters, digits and dashes"),
        ));
    }
    if !settings.kind.may_be_interpreted() {
        return Err(failed(&path, not_in_python(settings.kind)));
    }
    if !settings.module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') {
        let module = tame(&settings.module, 64);
        return Err(failed(&path, format!("tool.plimsoll.module is `{module}`, expected a module's name")));
    }
    Ok(manifest)
}

/// Why a kind is not offered.
pub(crate) fn not_in_python(kind: Kind) -> String {
    format!(
        "{} cannot be written in Python, only an incentive rule or a challenge strategy can: they decide once a round, the others run for every plot, every answer or every row; use Rust",
        kind.titled()
    )
}

/// The command that gives the plugin in `dir` what its build needs.
#[must_use]
pub fn python_install(dir: &str) -> String {
    let venv = if dir == "." { ".venv".to_owned() } else { format!("{dir}/.venv") };
    format!("python3 -m venv {venv} && {venv}/bin/pip install {TOOL}=={TOOL_VERSION}")
}

/// The tool of the plugin's own environment, else the one on the path; with the version that was tried.
fn tool(dir: &Path) -> Result<PathBuf, PluginError> {
    let install = python_install(".");
    let own = dir.join(".venv/bin").join(TOOL);
    let tool = if own.is_file() { own } else { PathBuf::from(TOOL) };
    let asked = clean(&tool, dir).arg("--version").stdin(Stdio::null()).output();
    let out = asked.map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            failed(dir, format!("{TOOL} was not found; in this folder run `{install}`"))
        }
        _ => failed(&tool, e.to_string()),
    })?;
    let found = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    if out.status.success() && found == format!("{TOOL} {TOOL_VERSION}") {
        return Ok(tool);
    }
    let found = if found.is_empty() { String::from_utf8_lossy(&out.stderr).into_owned() } else { found };
    let found = tame(found.trim(), 200);
    Err(failed(
        dir,
        format!("expected {TOOL} {TOOL_VERSION}, found `{found}`; in this folder run `{install}`"),
    ))
}

/// A command of Python's in `dir` that knows the plugin's own environment and no other.
fn clean(tool: &Path, dir: &Path) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(dir).env("PYTHONDONTWRITEBYTECODE", "1");
    for name in FOREIGN {
        command.env_remove(name);
    }
    let own = dir.join(".venv");
    if own.is_dir() {
        command.env("VIRTUAL_ENV", own);
    }
    command
}

fn componentise(
    tool: &Path,
    dir: &Path,
    settings: &Settings,
    out: &Path,
    on_line: &mut dyn FnMut(&str),
) -> Result<(), PluginError> {
    let system = |e: std::io::Error| failed(dir, e.to_string());
    let mut command = clean(tool, dir);
    command.arg("-d").arg(&settings.wit).args(["-w", settings.kind.word(), "componentize", "--stub-wasi"]);
    command.arg(&settings.module).args(["-p", "."]).arg("-o").arg(out);
    let (said_here, says) = std::io::pipe().map_err(system)?;
    command.stdin(Stdio::null()).stdout(says.try_clone().map_err(system)?).stderr(says);
    let mut child = command.spawn().map_err(system)?;
    // The command holds ends of the pipe: reading would never stop.
    drop(command);
    let mut lines: Vec<String> = Vec::new();
    for line in BufReader::new(said_here).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(system)?).into_owned();
        on_line(&line);
        lines.push(line);
    }
    if child.wait().map_err(system)?.success() {
        return Ok(());
    }
    Err(failed(dir, said(&lines.join("\n"))))
}
