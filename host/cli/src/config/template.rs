//! The file that `plimsoll init` writes: every key, what it means, and its default, commented out.

use super::keys::{KEYS, Key, SECTIONS};
use super::kind::Kind;

const HEAD: &str = "\
# plimsoll.toml: the operator's own settings.
#
# Every line that sets something is commented out and shows the default. Remove the `#` to change it.
# The environment (PLIMSOLL_SECTION_KEY) overrides this file, flags override the environment;
# `plimsoll config show` says where each value comes from, `plimsoll config check` what is wrong.
";

/// The text of a fresh `plimsoll.toml`.
pub(crate) fn text() -> String {
    let mut out = HEAD.to_owned();
    for key in KEYS.iter().filter(|key| key.section().is_empty()) {
        out.push('\n');
        entry(&mut out, key);
    }
    for (section, about) in SECTIONS {
        out.push_str(&format!("\n# {about}\n[{section}]\n"));
        // A table of parameters ends the section: what follows it would be a parameter.
        let (tables, keys): (Vec<&Key>, Vec<&Key>) =
            KEYS.iter().filter(|key| key.section() == section).partition(|key| key.kind == Kind::Params);
        for key in keys.into_iter().chain(tables) {
            entry(&mut out, key);
        }
    }
    out
}

fn entry(out: &mut String, key: &Key) {
    let Key { about, example, .. } = key;
    out.push_str(&format!("# {about}\n"));
    match key.kind {
        Kind::Params => out.push_str(&format!("# [{}]\n", key.path)),
        _ if key.default.is_none() => out.push_str(&format!("# {} = {example} # unset\n", key.name())),
        _ => out.push_str(&format!("# {} = {example}\n", key.name())),
    }
}
