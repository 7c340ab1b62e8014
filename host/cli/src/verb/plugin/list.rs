//! `plimsoll plugin list`.

use plimsoll_plugin::{Inspection, Kind};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::global::Global;
use crate::plugins;
use crate::screen::{self, Side};

/// List the shipped plugins
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of one kind: allocation, challenge, proof, incentive or dataset
    #[arg(value_name = "KIND")]
    kind: Option<Kind>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.host()?;
    let mut shipped = Vec::new();
    for builtin in plimsoll_bundle::builtins() {
        let inspection = host.inspect(&plugins::component(&format!("builtin:{}", builtin.name))?)?;
        if args.kind.is_none_or(|kind| kind == inspection.kind) {
            shipped.push((builtin.name, inspection));
        }
    }
    shipped.sort_by_key(|(_, inspection)| inspection.kind);
    let outcome = json!({ "plugins": shipped.iter().map(one).collect::<Vec<_>>() });
    global.emit(&outcome, || {
        let rows = shipped.iter().map(|(name, Inspection { kind, digest, descriptor, .. })| {
            vec![
                format!("builtin:{name}"),
                kind.to_string(),
                descriptor.version.clone(),
                digest.short(),
                descriptor.summary.clone(),
            ]
        });
        let left = |name| (name, Side::Left);
        screen::table(&["plugin", "kind", "version", "blake3", "what it does"].map(left), rows)
    })
}

fn one((name, inspection): &(&str, Inspection)) -> Value {
    let Inspection { kind, contract_version, digest, bytes, descriptor, claims, .. } = inspection;
    json!({
        "name": format!("builtin:{name}"),
        "kind": kind,
        "version": descriptor.version,
        "summary": descriptor.summary,
        "limits": descriptor.limits,
        "waivers": descriptor.waivers,
        "contract_version": contract_version,
        "blake3": digest,
        "bytes": bytes,
        "claims": claims,
    })
}
