//! `plimsoll plugin test`.

use plimsoll_plugin::{Report, conform};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;
use crate::plugins;

/// Try a plugin against the laws of its kind, in the sandbox that it will run in
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .wasm file, or builtin:NAME
    #[arg(value_name = "FILE")]
    plugin: String,

    /// Its parameters as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let params: Value =
        serde_json::from_str(&args.params).or_fail(Exit::Usage, || "--params is no JSON".into())?;
    let host = global.config(&[])?.host()?;
    let report = conform(&host, &plugins::component(&args.plugin)?, &params);
    let outcome = json!({
        "plugin": report.plugin,
        "kind": report.kind,
        "blake3": report.digest,
        "ok": report.passed(),
        "laws": report.checks,
    });
    global.emit(&outcome, || human(&report))?;
    if report.passed() { Ok(()) } else { Err(Failure::reported(Exit::PluginRejected)) }
}

fn human(report: &Report) -> String {
    let mut lines = Vec::new();
    for check in &report.checks {
        lines.push(format!("{} {}", if check.passed { "ok  " } else { "FAIL" }, check.name));
        lines.extend(check.why.iter().map(|why| format!("     {why}")));
    }
    let broken = report.checks.iter().filter(|check| !check.passed).count();
    lines.push(match broken {
        0 => format!("\nall {} laws hold", report.checks.len()),
        _ => format!("\n{broken} of {} laws do not hold", report.checks.len()),
    });
    lines.join("\n")
}
