//! Prints what the shipped plugins cost beside their work, one JSON object a line:
//! `cargo run --release -p plimsoll-plugin --example measure [NAME ...]`.
#![expect(clippy::print_stdout, reason = "an example's output is what it is for")]

use plimsoll_plugin::{Host, HostOptions, PluginRef, measure};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let host = Host::new(HostOptions::default())?;
    for shipped in plimsoll_bundle::builtins() {
        if wanted.is_empty() || wanted.iter().any(|name| name == shipped.name) {
            let plugin = PluginRef::new(format!("builtin:{}", shipped.name), shipped.component);
            println!("{}", serde_json::to_string(&measure(&host, &plugin, &json!({}))?)?);
        }
    }
    Ok(())
}
