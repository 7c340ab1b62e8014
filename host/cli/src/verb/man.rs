//! `plimsoll man`.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Cli;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;

/// Print the manual page, or write one page a verb
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write all pages into this folder, which is made if it is missing
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::whole())
            .render(&mut page)
            .or_fail(Exit::Error, || "cannot render the page".into())?;
        let page = String::from_utf8_lossy(&page).into_owned();
        return global.emit(&json!({ "page": page }), || page.trim_end().to_owned());
    };
    let pages = write(dir).or_fail(Exit::Error, || format!("cannot write into {}", dir.display()))?;
    let outcome = json!({ "dir": dir.display().to_string(), "pages": pages });
    global.emit(&outcome, || format!("wrote {} pages into {}", pages.len(), dir.display()))
}

fn write(dir: &Path) -> std::io::Result<Vec<String>> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::whole(), dir)?;
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("plimsoll") && name.ends_with(".1") {
            pages.push(name);
        }
    }
    pages.sort();
    Ok(pages)
}
