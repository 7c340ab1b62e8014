//! `plimsoll plugin inspect`.

use plimsoll_core::ByteSize;
use plimsoll_plugin::{Inspection, Measured, measure};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;
use crate::plugins;
use crate::screen::{self, Side};

/// Show what a plugin is, what it imports, and what parameters it takes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .wasm file, or builtin:NAME
    #[arg(value_name = "FILE")]
    plugin: String,

    /// Measure what starting and calling it costs on this machine; takes some seconds, with an interpreter a minute
    #[arg(long)]
    bench: bool,

    /// Its parameters as a JSON object, for --bench
    #[arg(long, value_name = "JSON", default_value = "{}", requires = "bench")]
    params: String,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.host()?;
    let plugin = plugins::component(&args.plugin)?;
    let inspection = host.inspect(&plugin)?;
    let params: Value =
        serde_json::from_str(&args.params).or_fail(Exit::Usage, || "--params is no JSON".into())?;
    let measured = args.bench.then(|| measure(&host, &plugin, &params)).transpose()?;
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
        "bench": measured,
    });
    global.emit(&outcome, || {
        let costs = measured.as_ref().map(costs).unwrap_or_default();
        [vec![human(&inspection)], costs].concat().join("\n")
    })
}

/// What a plugin costs beside its work: rules and strategies are asked in a fresh instance each time.
fn costs(of: &Measured) -> Vec<String> {
    let time = |ns: f64| match ns {
        ns if ns >= 1e9 => format!("{:.1} s", ns / 1e9),
        ns if ns >= 1e6 => format!("{:.1} ms", ns / 1e6),
        ns if ns >= 1e3 => format!("{:.1} us", ns / 1e3),
        ns => format!("{ns:.0} ns"),
    };
    let (cold, warm) = (time(of.cold_start_ms * 1e6), time(of.warm_start_ms * 1e6));
    vec![
        String::new(),
        format!("start     {cold} with the compiler, {warm} from the cache of compiled plugins"),
        format!("call      {}, {} in a fresh instance", time(of.call_overhead_ns), time(of.fresh_call_ns)),
        format!("threads   {:.2} times the work of one with two", of.two_thread_speedup),
    ]
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
