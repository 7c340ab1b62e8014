//! `plimsoll plugin build`.

use std::path::PathBuf;

use plimsoll_core::ByteSize;
use plimsoll_plugin::{BuildOptions, build};
use serde_json::json;

use crate::exit::Failure;
use crate::global::Global;

/// Build a plugin's folder, in Rust or Python, into a component
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of its Cargo.toml or pyproject.toml
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Never ask a registry
    #[arg(long)]
    offline: bool,

    /// Where intermediate files go
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let options = BuildOptions { offline: args.offline, target_dir: args.target_dir.clone() };
    let built = build(&args.dir, &options, &mut |line| global.remark(line))?;
    let component = built.component.display().to_string();
    let outcome = json!({
        "component": component,
        "blake3": built.blake3,
        "bytes": built.bytes,
        "kind": built.kind,
    });
    global.emit(&outcome, || {
        format!(
            "built {component}: {}, {}\nblake3 = \"{}\"",
            built.kind.titled(),
            ByteSize(built.bytes),
            built.blake3
        )
    })
}
