//! `plimsoll plugin pin`.

use plimsoll_core::Digest;
use serde_json::json;

use crate::exit::Failure;
use crate::global::Global;
use crate::plugins;

/// Print the TOML line that pins a plugin to its bytes
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A .wasm file, or builtin:NAME
    #[arg(value_name = "FILE")]
    plugin: String,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let host = global.config(&[])?.host()?;
    let plugin = plugins::component(&args.plugin)?;
    // A pin of something that is no plugin would be found out much later.
    host.inspect(&plugin)?;
    let line = plimsoll_plugin::pin_line(&plugin.bytes);
    let outcome = json!({
        "plugin": args.plugin,
        "blake3": Digest::of(&plugin.bytes),
        "bytes": plugin.bytes.len(),
        "line": line,
    });
    global.emit(&outcome, || line)
}
