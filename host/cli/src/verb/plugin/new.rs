//! `plimsoll plugin new`.

use std::path::PathBuf;

use plimsoll_plugin::{Kind, SdkSource, scaffold, scaffold_python};
use serde_json::json;

use crate::exit::Failure;
use crate::global::Global;

/// Begin a plugin of your own: a folder that builds and passes its tests
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it decides: allocation, challenge, proof, incentive or dataset
    kind: Kind,

    /// Its name, such as my-rule
    name: String,

    /// What to write it in: rust, or python for an incentive rule or a challenge strategy
    #[arg(long, value_name = "LANGUAGE", value_enum, hide_possible_values = true, default_value_t = Language::Rust)]
    lang: Language,

    /// The folder to make its folder in
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,

    /// Use the SDK, or the contract, of this checkout instead of the one that this program carries
    #[arg(long, value_name = "DIR")]
    sdk_path: Option<PathBuf>,
}

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Rust,
    Python,
}

impl Language {
    /// The file where its author begins.
    const fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Python => "app.py",
        }
    }
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let sdk = match &args.sdk_path {
        Some(checkout) => SdkSource::Checkout(checkout),
        None => SdkSource::Carried(plimsoll_bundle::sdk_files()),
    };
    let files = match args.lang {
        Language::Rust => scaffold(args.kind, &args.name, &args.into, sdk)?,
        Language::Python => scaffold_python(args.kind, &args.name, &args.into, sdk)?,
    };
    let folder = args.into.join(&args.name).display().to_string();
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    global.emit(&json!({ "dir": folder, "kind": args.kind, "files": names }), || {
        let mut next = format!("made {folder}: edit {folder}/{}, then run\n", args.lang.source());
        if args.lang == Language::Python {
            next.push_str(&format!("  {}\n", plimsoll_plugin::python_install(&folder)));
        }
        next.push_str(&format!("  plimsoll plugin build {folder}\n"));
        let allowed = if args.lang == Language::Python { " --set plugins.allow=interpreted" } else { "" };
        next.push_str(&format!(
            "  plimsoll plugin test {folder}/target/plimsoll/{}.wasm{allowed}",
            args.name
        ));
        next
    })
}
