//! `plimsoll plugin inspect`.

use plimsoll_core::ByteSize;
use plimsoll_plugin::Inspection;
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::global::Global;
use crate::plugins;
use crate::screen::{self, Side};

/// Show what a plugin is, what it imports, and what parameters it takes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .wasm file, or builtin:NAME
    #[arg(value_name = "FILE")]
    plugin: String,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.host()?;
    let inspection = host.inspect(&plugins::component(&args.plugin)?)?;
    let Inspection { kind, contract_version, digest, bytes, imports, exports, descriptor, claims } =
        &inspection;
    let outcome = json!({
        "plugin": args.plugin,
        "kind": kind,
        "contract_version": contract_version,
        "blake3": digest,
        "bytes": bytes,
        "imports": imports,
        "exports": exports,
        "descriptor": descriptor,
        "claims": claims,
    });
    global.emit(&outcome, || human(&inspection))
}

fn human(inspection: &Inspection) -> String {
    let Inspection { kind, contract_version, digest, bytes, imports, descriptor, claims, .. } = inspection;
    let mut lines = vec![
        format!("{} {}: {}", descriptor.name, descriptor.version, kind.titled()),
        descriptor.summary.clone(),
        format!("limits    {}", descriptor.limits),
    ];
    lines.extend(claims.map(|claims| format!("claims    {claims}")));
    lines.push(format!("contract  {contract_version}"));
    lines.push(format!("blake3    {digest}"));
    lines.push(format!("size      {}", ByteSize(*bytes)));
    lines.push(format!(
        "imports   {}",
        if imports.is_empty() { "nothing".into() } else { imports.join(", ") }
    ));
    lines.extend(descriptor.references.iter().map(|reference| format!("see       {reference}")));
    lines.extend(
        descriptor.waivers.iter().map(|waiver| format!("waives    {}: {}", waiver.law, waiver.reason)),
    );
    lines.push(String::new());
    lines.push(parameters(&descriptor.config_schema));
    lines.join("\n")
}

/// The parameters of a schema as a table; what a table cannot say is in the schema of `--json`.
fn parameters(schema: &Value) -> String {
    let properties = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty());
    let Some(properties) = properties else { return "it takes no parameters".into() };
    let rows = properties.iter().map(|(name, property)| {
        let text = |key: &str| match property.get(key) {
            None => "-".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        vec![name.clone(), text("type"), text("default"), text("description")]
    });
    let left = |name| (name, Side::Left);
    screen::table(&["parameter", "type", "default", "what it does"].map(left), rows)
}
