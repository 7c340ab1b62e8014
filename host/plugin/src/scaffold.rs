//! `plugin new`: a crate that builds, passes its laws and says where to begin.

use std::path::{Component, Path, PathBuf};

use crate::{Kind, PluginError};

/// Where the new crate finds the SDK.
#[derive(Debug, Clone, Copy)]
pub enum SdkSource<'a> {
    /// Files that the binary carries, by relative path: `sdk/...` goes to `plimsoll-sdk/`, `wit/...` to `wit/`.
    /// The SDK's manifest must stand alone.
    Carried(&'a [(&'a str, &'a str)]),
    /// A checkout of this project, whose `sdk` folder the crate names by path.
    Checkout(&'a Path),
}

/// Writes the crate `name` of `kind` into the folder `into`/`name`; gives the files written, sorted.
///
/// # Errors
/// [`PluginError::Scaffold`]: a name that no crate can have, a folder that is there already, an SDK that is
/// not, or what the disk said.
pub fn scaffold(
    kind: Kind,
    name: &str,
    into: &Path,
    sdk: SdkSource<'_>,
) -> Result<Vec<PathBuf>, PluginError> {
    check_name(name).map_err(refused)?;
    write_new(&files(kind, name, sdk).map_err(refused)?, name, into)
}

/// Writes a new plugin's files, unless something is in their place; gives their paths, sorted.
pub(crate) fn write_new(
    files: &[(PathBuf, String)],
    name: &str,
    into: &Path,
) -> Result<Vec<PathBuf>, PluginError> {
    let dir = into.join(name);
    if std::fs::symlink_metadata(&dir).is_ok() {
        return Err(refused(format!("{} is there already; choose another name or remove it", dir.display())));
    }
    write_all(files, name, into).map_err(refused)?;
    let mut written: Vec<PathBuf> = files.iter().map(|(path, _)| dir.join(path)).collect();
    written.sort();
    Ok(written)
}

/// All files or none: they are written beside their place, under a name that goes away by itself.
fn write_all(files: &[(PathBuf, String)], name: &str, into: &Path) -> Result<(), String> {
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    std::fs::create_dir_all(into).map_err(|e| failed(into, e))?;
    let beside = tempfile::Builder::new().prefix(&format!(".{name}-")).tempdir_in(into);
    let beside = beside.map_err(|e| failed(into, e))?;
    let half = beside.path().join(name);
    for (path, text) in files {
        write(&half.join(path), text).map_err(|e| failed(&into.join(name).join(path), e))?;
    }
    std::fs::rename(&half, into.join(name)).map_err(|e| failed(&into.join(name), e))
}

pub(crate) fn refused(why: String) -> PluginError {
    PluginError::Scaffold { why }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

/// Names that are folders and plugins at once.
pub(crate) fn check_form(name: &str) -> Result<(), String> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !first || !rest || name.ends_with('-') || name.contains("--") || name.len() > 64 {
        return Err(format!(
            "`{}` is no name for a plugin: use lower-case letters, digits and single dashes, beginning with a letter, such as `my-rule`",
            crate::text::tame(name, 64)
        ));
    }
    Ok(())
}

/// Names that are crates as well.
fn check_name(name: &str) -> Result<(), String> {
    const TAKEN: [&str; 8] = ["test", "core", "std", "alloc", "proc-macro", "self", "super", "crate"];
    check_form(name)?;
    if TAKEN.contains(&name) || KEYWORDS.contains(&name) {
        return Err(format!("`{name}` is a name that Rust keeps for itself; choose another"));
    }
    if is_dependency(name) {
        return Err(format!("`{name}` is a crate that the SDK is made of; choose another name"));
    }
    Ok(())
}

/// Words that cannot be a crate's name in source: the language's keywords, strict and reserved.
const KEYWORDS: [&str; 49] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// Whether the SDK or a crate that its manifest names has this name: a plugin that is called like what it is made
/// of only confuses.
fn is_dependency(name: &str) -> bool {
    let manifest: toml::Table = include_str!("../../../sdk/Cargo.toml").parse().unwrap_or_default();
    let tables = |of: &toml::Table| -> Vec<toml::Table> {
        let tables = ["dependencies", "dev-dependencies"].into_iter().filter_map(|kind| of.get(kind));
        tables.filter_map(|table| table.as_table().cloned()).collect()
    };
    let targets =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let all = targets.filter_map(toml::Value::as_table).flat_map(tables).chain(tables(&manifest));
    let mut names = all.flat_map(|table| table.into_iter().map(|(name, _)| name.replace('_', "-")));
    name == "plimsoll-sdk" || names.any(|dependency| dependency == name)
}

fn files(kind: Kind, name: &str, sdk: SdkSource<'_>) -> Result<Vec<(PathBuf, String)>, String> {
    let fill = |template: &str| template.replace("sample-plugin", name).replace("KIND", kind.title());
    let mut files: Vec<(PathBuf, String)> = vec![
        ("src/lib.rs".into(), fill(template(kind))),
        ("README.md".into(), fill(include_str!("../templates/README.md"))),
        (".gitignore".into(), "/target\n".into()),
        ("rust-toolchain.toml".into(), include_str!("../../../rust-toolchain.toml").into()),
    ];
    let sdk_path = match sdk {
        SdkSource::Carried(carried) => {
            files.extend(carried_files(carried)?);
            "plimsoll-sdk".to_owned()
        }
        SdkSource::Checkout(checkout) => checkout_sdk(checkout)?,
    };
    let manifest = fill(include_str!("../templates/Cargo.toml.in"));
    let quoted = toml::Value::String(sdk_path).to_string();
    files.push(("Cargo.toml".into(), manifest.replace("\"SDK_PATH\"", &quoted)));
    Ok(files)
}

const fn template(kind: Kind) -> &'static str {
    match kind {
        Kind::Allocation => include_str!("../templates/allocation.rs"),
        Kind::Challenge => include_str!("../templates/challenge.rs"),
        Kind::Proof => include_str!("../templates/proof.rs"),
        Kind::Incentive => include_str!("../templates/incentive.rs"),
        Kind::Dataset => include_str!("../templates/dataset.rs"),
    }
}

fn carried_files(carried: &[(&str, &str)]) -> Result<Vec<(PathBuf, String)>, String> {
    let mut files = Vec::new();
    for &(from, text) in carried {
        let path = Path::new(from);
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(format!("the carried SDK has a file `{from}` outside of its folder"));
        }
        if let Ok(rest) = path.strip_prefix("sdk") {
            files.push((Path::new("plimsoll-sdk").join(rest), text.to_owned()));
        } else if path.starts_with("wit") {
            files.push((path.to_owned(), text.to_owned()));
        }
    }
    let has = |path: &str| files.iter().any(|(to, _)| to == Path::new(path));
    if !has("plimsoll-sdk/Cargo.toml") || !has("wit/types.wit") {
        return Err("this program carries no SDK; name a checkout with `--sdk-path`".into());
    }
    Ok(files)
}

fn checkout_sdk(checkout: &Path) -> Result<String, String> {
    let sdk = checkout.join("sdk");
    let sdk = if sdk.join("Cargo.toml").is_file() { sdk } else { checkout.to_owned() };
    let found = std::fs::read_to_string(sdk.join("Cargo.toml")).unwrap_or_default();
    if !found.contains("name = \"plimsoll-sdk\"") {
        return Err(format!(
            "{} holds no SDK; name the folder of a checkout of Plimsoll",
            checkout.display()
        ));
    }
    let sdk = sdk.canonicalize().map_err(|e| format!("{}: {e}", sdk.display()))?;
    sdk.to_str().map(str::to_owned).ok_or_else(|| format!("{} is no UTF-8 path", sdk.display()))
}

/// The files `names` of the contract, for a new plugin's own `wit` folder.
pub(crate) fn wit_of(sdk: SdkSource<'_>, names: &[&str]) -> Result<Vec<(PathBuf, String)>, String> {
    let text = |name: &str| match sdk {
        SdkSource::Carried(carried) => {
            let path = format!("wit/{name}");
            let found = carried.iter().find(|(from, _)| *from == path);
            let missing = || "this program carries no contract; name a checkout with `--sdk-path`".to_owned();
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(missing)
        }
        SdkSource::Checkout(checkout) => {
            let path = checkout.join("wit").join(name);
            std::fs::read_to_string(&path)
                .map_err(|e| format!("{}: {e}; name the folder of a checkout of Plimsoll", path.display()))
        }
    };
    names.iter().map(|name| Ok((Path::new("wit").join(name), text(name)?))).collect()
}
