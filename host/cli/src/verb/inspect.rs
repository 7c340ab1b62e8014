//! `plimsoll inspect`.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use plimsoll_core::{ByteSize, RegionSpace};
use plimsoll_store::{Plot, StoreError};
use serde_json::json;

use crate::draft::Draft;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::screen;

/// Look into a plot
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write a unit's raw bytes, so that anyone can check them against another implementation
    Unit(UnitArgs),
}

#[derive(Debug, clap::Args)]
struct UnitArgs {
    /// The plot's file
    #[arg(value_name = "PLOT")]
    plot: PathBuf,

    /// Which unit, from 0
    #[arg(value_name = "INDEX")]
    index: u64,

    /// A new file to write, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let What::Unit(args) = &args.what;
    expect_there(&args.plot)?;
    let plot = Plot::open(&args.plot)?;
    let layout = &plot.header().spec.layout;
    if args.index >= layout.units {
        let message = format!(
            "{} has no unit {}: it has {} units, from 0 to {}",
            args.plot.display(),
            args.index,
            layout.units,
            layout.units.saturating_sub(1)
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    let len = u64::from(layout.unit_bytes);
    let offset = args.index * len;
    let Some(out) = &args.out else {
        return to_standard_output(&*plot.region(), offset, len, global);
    };
    let mut draft = Draft::new(out)?;
    each_piece(&*plot.region(), offset, len, &mut |piece| draft.write(piece))?;
    draft.keep()?;
    let outcome = json!({
        "plot": args.plot,
        "scheme": plot.header().spec.scheme.name,
        "unit": args.index,
        "region_offset_bytes": offset,
        "unit_bytes": len,
        "out": out,
    });
    global.emit(&outcome, || human(&args.plot, args.index, len, out))
}

fn expect_there(plot: &Path) -> Result<(), Failure> {
    if plot.try_exists().unwrap_or(true) {
        return Ok(());
    }
    let message = format!("there is no plot {}", plot.display());
    let hint = "name a plot's file: `plimsoll generate` writes one for each entry of partition.json";
    Err(Failure::new(Exit::NotInitialised, message).hint(hint))
}

fn human(plot: &Path, index: u64, len: u64, out: &Path) -> String {
    format!("unit {index} of {}, {}, is in {}", plot.display(), ByteSize(len), out.display())
}

fn to_standard_output(
    region: &dyn RegionSpace,
    offset: u64,
    len: u64,
    global: &Global,
) -> Result<(), Failure> {
    let why = match (global.json, io::stdout().is_terminal()) {
        (true, _) => "with --json standard output holds one object, and a unit is raw bytes",
        (false, true) => "a unit is raw bytes, which a terminal cannot show",
        (false, false) => {
            let failed = |error: io::Error| {
                Failure::new(Exit::DiskMissing, format!("cannot write standard output: {error}"))
            };
            return each_piece(region, offset, len, &mut |piece| screen::raw(piece).map_err(failed));
        }
    };
    Err(Failure::new(Exit::Usage, why).hint("name a file with --out FILE"))
}

fn each_piece(
    region: &dyn RegionSpace,
    offset: u64,
    len: u64,
    write: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    const PIECE_BYTES: u64 = 1 << 20;
    let mut piece = vec![0; PIECE_BYTES as usize];
    let mut at = 0;
    while at < len {
        let part = &mut piece[..PIECE_BYTES.min(len - at) as usize];
        region.read_at(offset + at, part).map_err(StoreError::from)?;
        write(part)?;
        at += PIECE_BYTES;
    }
    Ok(())
}
