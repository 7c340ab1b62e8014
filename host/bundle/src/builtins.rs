//! What is embedded.

use std::sync::LazyLock;

/// A shipped plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// What it is called, as in `builtin:NAME`: the name of its folder in `plugins/`.
    pub name: &'static str,
    /// The component's bytes.
    pub component: &'static [u8],
    /// Their BLAKE3.
    pub blake3: [u8; 32],
}

static COMPONENTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));
static SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

static BUILTINS: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    let builtin =
        |&(name, component)| Builtin { name, component, blake3: *blake3::hash(component).as_bytes() };
    COMPONENTS.iter().map(builtin).collect()
});

/// All shipped plugins, by name.
pub fn builtins() -> &'static [Builtin] {
    &BUILTINS
}

/// The shipped plugin called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Builtin> {
    builtins().iter().find(|builtin| builtin.name == name)
}

/// The sources of the SDK and of the contract, as relative path and text: `sdk/Cargo.toml` (without workspace),
/// `sdk/src/lib.rs`, `wit/types.wit` and so on. The SDK reads the contract from `../wit`, so both folders belong
/// side by side.
#[must_use]
pub fn sdk_files() -> &'static [(&'static str, &'static str)] {
    SOURCES
}
