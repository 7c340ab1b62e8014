//! `plimsoll plugin new`.

use std::path::PathBuf;

use plimsoll_plugin::{Kind, SdkSource, scaffold};
use serde_json::json;

use crate::exit::Failure;
use crate::global::Global;

/// Begin a plugin of your own: a crate that builds and passes its tests
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it decides: allocation, challenge, proof or incentive
    kind: Kind,

    /// Its name, such as my-rule
    name: String,

    /// The folder to make its crate in
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,

    /// Use the SDK of this checkout instead of the one that this program carries
    #[arg(long, value_name = "DIR")]
    sdk_path: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let sdk = match &args.sdk_path {
        Some(checkout) => SdkSource::Checkout(checkout),
        None => SdkSource::Carried(plimsoll_bundle::sdk_files()),
    };
    let files = scaffold(args.kind, &args.name, &args.into, sdk)?;
    let folder = args.into.join(&args.name).display().to_string();
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    global.emit(&json!({ "dir": folder, "kind": args.kind, "files": names }), || {
        let mut next = format!("made {folder}: edit {folder}/src/lib.rs, then run\n");
        next.push_str(&format!("  plimsoll plugin build {folder}\n"));
        next.push_str(&format!("  plimsoll plugin test {folder}/target/plimsoll/{}.wasm", args.name));
        next
    })
}
