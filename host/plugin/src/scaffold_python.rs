//! `plugin new --lang python`: a folder that builds, passes its laws and says where to begin.

use std::path::{Path, PathBuf};

use crate::build_python::not_in_python;
use crate::scaffold::{check_form, refused, wit_of, write_new};
use crate::{Kind, PluginError, SdkSource};

/// Writes the plugin `name` of `kind` in Python into the folder `into`/`name`; gives the files written, sorted.
///
/// # Errors
/// [`PluginError::Scaffold`]: a kind that cannot be written in Python, a name that no plugin can have, a folder that
/// is there already, a contract that is not, or what the disk said.
pub fn scaffold_python(
    kind: Kind,
    name: &str,
    into: &Path,
    sdk: SdkSource<'_>,
) -> Result<Vec<PathBuf>, PluginError> {
    check_form(name).map_err(refused)?;
    let (code, tests, contract): (_, _, &[&str]) = match kind {
        Kind::Incentive => (
            include_str!("../templates/python/incentive.py"),
            include_str!("../templates/python/test_incentive.py"),
            &["types.wit", "incentive.wit"],
        ),
        Kind::Challenge => (
            include_str!("../templates/python/challenge.py"),
            include_str!("../templates/python/test_challenge.py"),
            &["types.wit", "kernels.wit", "challenge.wit"],
        ),
        Kind::Allocation | Kind::Proof | Kind::Dataset => return Err(refused(not_in_python(kind))),
    };
    let fill = |template: &str| {
        let named = template.replace("sample-plugin", name);
        named.replace("KIND", kind.title()).replace("WORLD", kind.word())
    };
    let mut files: Vec<(PathBuf, String)> = vec![
        ("app.py".into(), fill(code)),
        ("test_app.py".into(), fill(tests)),
        ("plimsoll.py".into(), include_str!("../templates/python/plimsoll.py").into()),
        ("pyproject.toml".into(), fill(include_str!("../templates/python/pyproject.toml.in"))),
        ("README.md".into(), fill(include_str!("../templates/python/README.md"))),
        (".gitignore".into(), "/target\n/.venv\n__pycache__\n".into()),
    ];
    files.extend(wit_of(sdk, contract).map_err(refused)?);
    write_new(&files, name, into)
}
