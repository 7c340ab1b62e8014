//! `plimsoll simulate` without a subcommand.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use plimsoll_lab::sweep::{Pool, Swept, sweep};

use super::chosen::{Chosen, Found};
use super::progress::Progress;
use super::table::human;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;
use crate::screen;
use crate::verb::generate::blocking;

/// How much is made, and where it goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How much, and where it goes")]
pub(crate) struct Output {
    /// Seeds of every combination: intervals are over them
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    seeds: u64,

    /// Threads, instead of one a core
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Print comma-separated values, a line a combination and group
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Write the same as a Parquet file
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,

    /// Write a page with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) async fn run(chosen: Chosen, output: Output, global: &Global) -> Result<(), Failure> {
    let Found { scenario, cells, host } = chosen.found(global, output.threads)?;
    let keep = chosen.kept(global)?;
    let cancel = Cancel::on_signals("stopping the simulation: finished runs are kept")?;
    let progress = Progress::new(global, cancel);
    let (seeds, pool) = (chosen.seed..chosen.seed + output.seeds, Pool::new(host, output.threads));
    let work = move || sweep(&cells, seeds, &pool, keep.as_ref(), &|step| progress.step(step));
    let swept = blocking(work).await?.map_err(resumable)?;
    if let Some(why) = &swept.unkept {
        global.remark(&format!("finished runs are not kept: {why}"));
    }
    output.write(&swept, &scenario.about)?;
    match output.csv {
        true => screen::print(&swept.to_csv()),
        false => global.emit(&swept.to_json(), || human(&swept, &scenario.about))?,
    }
    Ok(())
}

impl Output {
    fn write(&self, swept: &Swept, about: &str) -> Result<(), Failure> {
        if let Some(file) = &self.parquet {
            swept.write_parquet(file)?;
        }
        if let Some(file) = &self.html {
            let written = std::fs::write(file, swept.to_html(about));
            written.or_fail(Exit::DiskMissing, || format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

fn resumable(error: plimsoll_lab::LabError) -> Failure {
    let failure = Failure::from(error);
    match failure.exit {
        Exit::Interrupted => {
            failure.hint("the same command goes on where it stopped, unless it was told --no-keep")
        }
        _ => failure,
    }
}
