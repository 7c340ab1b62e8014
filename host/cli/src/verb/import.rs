//! `plimsoll import`.

use std::path::PathBuf;

use plimsoll_node::space::{self, ImportReport};
use serde_json::json;

use super::generate::blocking;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::global::Global;

/// Read the seed prototype's data-* or hashes-* databases and say whether they match their seed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The databases
    #[arg(value_name = "DB", required = true)]
    databases: Vec<PathBuf>,

    /// How many rows there should be, where no partition.json lies beside the database
    #[arg(long, value_name = "N", alias = "n_chunks")]
    rows: Option<u64>,

    /// Bytes of one chunk, where neither partition.json nor the data tells
    #[arg(long, value_name = "BYTES", alias = "chunk_size")]
    chunk_size: Option<u32>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let cancel = Cancel::on_signals("stopping: nothing was changed")?.flag();
    let work = move || -> Result<Vec<ImportReport>, Failure> {
        let one = |path: &PathBuf| Ok(space::import_seed(path, args.rows, args.chunk_size, &cancel)?);
        args.databases.iter().map(one).collect()
    };
    let reports = blocking(work).await??;
    let good = reports.iter().all(|report| report.matches_seed);
    global.emit(&json!({ "matches_seed": good, "databases": reports }), || human(&reports))?;
    if good { Ok(()) } else { Err(Failure::reported(Exit::CorruptPlot)) }
}

fn human(reports: &[ImportReport]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let ImportReport { kind, rows, expected_rows, matching_rows, chunk_bytes, .. } = report;
        let outcome = if report.matches_seed { "good" } else { "BAD" };
        lines.push(format!(
            "{outcome}  {}: {kind}, {matching_rows} of {expected_rows} rows are what the seed gives ({rows} are there, {chunk_bytes} bytes a chunk)",
            report.path.display()
        ));
        lines.extend(report.findings.iter().map(|finding| format!("      {finding}")));
    }
    lines.join("\n")
}
