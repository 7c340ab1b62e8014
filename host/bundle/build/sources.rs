//! The sources of the SDK and the contract, as `plugin new` writes them where there is no checkout.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes the table of relative path and text.
pub(crate) fn write_table(workspace: &Path, file: &Path) {
    let mut entries = format!("    (\"sdk/Cargo.toml\", {:?}),\n", standalone_manifest(workspace));
    for folder in ["sdk/src", "wit"] {
        for path in files(&workspace.join(folder)) {
            let name = path.strip_prefix(workspace).expect("it was found below").to_str();
            let name = name.expect("our sources have plain names").replace('\\', "/");
            entries += &format!("    ({name:?}, include_str!({path:?})),\n");
        }
    }
    fs::write(file, format!("&[\n{entries}]\n")).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
}

/// All files below `folder`, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The SDK's manifest with what it inherits written out, and without what only its own tests need.
///
/// Line by line: both manifests are ours and keep to `key.workspace = true` and one line a dependency.
fn standalone_manifest(workspace: &Path) -> String {
    let read =
        |path: &str| fs::read_to_string(workspace.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let root = read("Cargo.toml");
    let (mut section, mut out) = (String::new(), String::new());
    for line in read("sdk/Cargo.toml").lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        if matches!(section.as_str(), "[lints]" | "[dev-dependencies]") {
            continue;
        }
        let inherited = line.strip_suffix(".workspace = true");
        let from = if section == "[package]" { "[workspace.package]" } else { "[workspace.dependencies]" };
        out += inherited.map_or(line, |key| definition(&root, from, key));
        out.push('\n');
    }
    out
}

/// The line of `section` that defines `key`.
fn definition<'a>(root: &'a str, section: &str, key: &str) -> &'a str {
    root.lines()
        .skip_while(|line| *line != section)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
        .unwrap_or_else(|| {
            panic!("Cargo.toml: {section} has no line for `{key}`, which sdk/Cargo.toml inherits")
        })
}
