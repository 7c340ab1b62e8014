//! What a file must pass before it is compiled. Each step is cheap, and each refusal is one sentence.

use plimsoll_core::Digest;

use crate::error::Rejection;
use crate::imports::interface;
use crate::shape::{self, Shape};
use crate::text::tame;
use crate::{Kind, LimitSet, Limits};

const PACKAGE: &str = "plimsoll:plugin/";
const SERVED: &str = "plimsoll:plugin@0.1.x";
/// Patch version of the contract whose interfaces are all known here.
const NEWEST_PATCH: u64 = 0;

/// What componentize-py leaves behind: the function that made the file out of a started interpreter. Nothing calls it.
const PYTHON_INIT: &str = "exports";

/// A file that may be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Whose limits it fits in.
    pub(crate) set: LimitSet,
    pub(crate) kind: Kind,
    pub(crate) digest: Digest,
    pub(crate) contract_version: String,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// Checks `bytes` against `limits`, and where they are too large for those, against the wider limits of
/// interpreters, if those are accepted and the plugin is of a kind that may be one.
pub(crate) fn admit(
    bytes: &[u8],
    pin: Option<Digest>,
    limits: &Limits,
    interpreted: Option<&Limits>,
) -> Result<Admitted, Rejection> {
    let too_large = match admit_within(bytes, pin, limits) {
        Err(refusal @ (Rejection::TooLarge { .. } | Rejection::Bomb { .. })) => refusal,
        done => return done,
    };
    let wide = interpreted.copied().unwrap_or(Limits::interpreted());
    match (admit_within(bytes, pin, &wide), interpreted) {
        (Ok(admitted), Some(_)) if admitted.kind.may_be_interpreted() => Ok(admitted),
        (Ok(admitted), None) if admitted.kind.may_be_interpreted() => {
            Err(Rejection::Interpreted { bytes: bytes.len() as u64 })
        }
        (Err(pin @ Rejection::Pin { .. }), _) => Err(pin),
        (Err(refusal), Some(_)) => Err(refusal),
        _ => Err(too_large),
    }
}

/// Checks size, pin, form, contract version, imports and exports of `bytes`, in this order.
fn admit_within(bytes: &[u8], pin: Option<Digest>, limits: &Limits) -> Result<Admitted, Rejection> {
    let size = bytes.len() as u64;
    if size > limits.component_bytes {
        return Err(Rejection::TooLarge { bytes: size, most: limits.component_bytes });
    }
    let digest = Digest::of(bytes);
    if let Some(expected) = pin.filter(|pin| *pin != digest) {
        return Err(Rejection::Pin { expected, found: digest });
    }
    let Shape { imports, exports } = shape::read(bytes, limits)?;
    let contract_version = contract_version(&imports, &exports)?;
    let kind = kind(&exports, &imports)?;
    check_imports(kind, &imports)?;
    check_exports(kind, limits.set, &exports)?;
    Ok(Admitted { set: limits.set, kind, digest, contract_version, imports, exports })
}

/// The interface and version of a name of the contract: `proof-scheme`, `0.1.0`.
fn of_contract(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE).map(|rest| rest.split_once('@').unwrap_or((rest, "")))
}

/// The patch number of a version that this host serves.
fn served_patch(version: &str) -> Option<u64> {
    version.strip_prefix("0.1.")?.parse().ok()
}

/// The newest version that any name mentions; all must be served.
fn contract_version(imports: &[String], exports: &[String]) -> Result<String, Rejection> {
    let mut newest = None;
    for (_, version) in exports.iter().chain(imports).filter_map(|name| of_contract(name)) {
        let Some(patch) = served_patch(version) else {
            let version = if version.is_empty() { "without a version" } else { version };
            let found = format!("plimsoll:plugin@{}", tame(version, 64));
            return Err(Rejection::ContractVersion { found, served: SERVED });
        };
        newest = newest.max(Some(patch));
    }
    match newest {
        Some(patch) => Ok(format!("0.1.{patch}")),
        None => Err(no_plugin(imports)),
    }
}

/// A component of another world: WASI is worth its own sentence.
fn no_plugin(imports: &[String]) -> Rejection {
    match imports.iter().find(|name| name.starts_with("wasi:")) {
        Some(name) => Rejection::Wasi { name: tame(name, 128) },
        None => Rejection::NoPlugin,
    }
}

fn kind(exports: &[String], imports: &[String]) -> Result<Kind, Rejection> {
    let kinds = exports.iter().filter_map(|name| of_contract(name));
    let mut kinds = kinds.filter_map(|(interface, version)| Some((Kind::of_interface(interface)?, version)));
    match (kinds.next(), kinds.next()) {
        (Some((kind, _)), None) => Ok(kind),
        (Some((one, first)), Some((other, second))) if one == other => Err(Rejection::TwoVersions {
            interface: one.interface(),
            first: tame(first, 64),
            second: tame(second, 64),
        }),
        (Some((one, _)), Some((other, _))) => {
            Err(Rejection::TwoKinds { first: one.interface(), second: other.interface() })
        }
        (None, _) => {
            if let Some(name) = imports.iter().find(|name| name.starts_with("wasi:")) {
                return Err(Rejection::Wasi { name: tame(name, 128) });
            }
            let one_of: Vec<_> = Kind::ALL.iter().map(|kind| kind.interface()).collect();
            Err(Rejection::MissingExport { name: format!("plimsoll:plugin/{{{}}}@0.1.0", one_of.join(", ")) })
        }
    }
}

fn check_imports(kind: Kind, imports: &[String]) -> Result<(), Rejection> {
    for name in imports {
        if name.starts_with("wasi:") {
            return Err(Rejection::Wasi { name: tame(name, 128) });
        }
        let allowed = of_contract(name).is_some_and(|(interface, _)| kind.may_import().contains(&interface));
        if !allowed {
            let offered = kind.may_import().join(", ");
            return Err(Rejection::Import { name: tame(name, 128), kind, offered });
        }
    }
    Ok(())
}

fn check_exports(kind: Kind, set: LimitSet, exports: &[String]) -> Result<(), Rejection> {
    let has = |wanted: &str| exports.iter().any(|name| of_contract(name).is_some_and(|(i, _)| i == wanted));
    if !has("lifecycle") {
        return Err(Rejection::MissingExport { name: interface("lifecycle") });
    }
    for name in exports {
        let known = match of_contract(name) {
            Some(("lifecycle", _)) => true,
            Some((interface, version)) => {
                // An optional interface of a later 0.1.x: that host would use it, this one need not.
                interface == kind.interface() || served_patch(version) > Some(NEWEST_PATCH)
            }
            None => set == LimitSet::Interpreted && name == PYTHON_INIT,
        };
        if !known {
            return Err(Rejection::UnknownExport { name: tame(name, 128), kind });
        }
    }
    Ok(())
}
