//! `plimsoll demo`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_chain::subnet::alpha_text;
use plimsoll_core::ByteSize;
use plimsoll_node::demo::{DemoOptions, DemoReport, FindingKind, MinerRow, Narrator, demo};
use plimsoll_node::space::{Progress, Silent};

use crate::cancel::Cancel;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::flags::PluginFlags;
use crate::global::Global;
use crate::screen::{self, Board, Side};

/// Watch a storage subnet work on the disk of this machine
///
/// One process, one temporary folder: a local ledger, a validator, and six miners with real plots, real HTTP and
/// real plugins. Two of them cheat, one is late, one is gone. Afterwards the evidence is replayed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What an ordinary miner offers, such as 64MiB
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    bytes: ByteSize,

    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1000))]
    epochs: u64,

    /// Units of one audit
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=4096))]
    samples: u32,

    /// How long an answer may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(50..=60_000))]
    deadline_ms: u32,

    /// Keep plots and evidence in this new folder; without it they are removed
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    plugins: PluginFlags,
}

/// From this size on, filling shows a bar.
const WATCHED: ByteSize = ByteSize(1 << 30);

/// Says on standard error what happens, so that standard output has the outcome alone.
struct Teller {
    quiet: bool,
}

impl Narrator for Teller {
    fn say(&self, line: &str) {
        if !self.quiet {
            screen::note(line);
        }
    }
}

/// One bar for all plots, where filling them takes long enough to be watched.
struct Filling(Board);

const PLOTS: &str = "six plots";

impl Progress for Filling {
    fn begin(&self, _name: &str, _bytes: u64, _done_bytes: u64) {}
    fn finish(&self, _name: &str) {}

    fn advance(&self, _name: &str, bytes: u64) {
        self.0.advance(PLOTS, bytes);
    }
}

fn progress(bytes: ByteSize, global: &Global) -> Arc<dyn Progress> {
    if bytes < WATCHED {
        return Arc::new(Silent);
    }
    let board = Board::new(global);
    // Six miners, of whom one has twice the size.
    board.begin(PLOTS, bytes.0.saturating_mul(7), 0);
    Arc::new(Filling(board))
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.plugins])?;
    let host = config.host()?;
    let cancel = Cancel::on_signals("stopping the demo")?;
    let options = DemoOptions {
        choices: config.choices(),
        plot_bytes: args.bytes.0,
        epochs: args.epochs,
        samples: args.samples,
        deadline_ms: args.deadline_ms,
        keep: args.keep.clone(),
        cancel: cancel.flag(),
    };
    let teller = Teller { quiet: global.json };
    let progress = progress(args.bytes, global);
    let report = tokio::select! {
        report = demo(&host, &options, &teller, progress) => report?,
        () = cancel.cancelled() => {
            return Err(Failure::new(Exit::Interrupted, left_behind(args.keep.as_deref())));
        }
    };
    if global.json {
        // The shape of this object is promised: its own fields first, in order.
        let text = serde_json::to_string(&report).or_fail(Exit::Error, || "cannot write JSON".into())?;
        screen::print(&text);
    } else {
        screen::print(&human(args, &report));
    }
    if report.replay.equal { Ok(()) } else { Err(Failure::reported(Exit::Error)) }
}

fn left_behind(keep: Option<&Path>) -> String {
    match keep {
        None => "stopped on request; nothing of it is left behind".into(),
        Some(folder) => {
            format!("stopped on request; what there is so far is in {}: remove it yourself", folder.display())
        }
    }
}

fn human(args: &Args, report: &DemoReport) -> String {
    let mut lines = vec![String::new(), table(&report.miners), String::new()];
    for finding in &report.findings {
        let mark = match finding.kind {
            FindingKind::Paid => "paid      ",
            FindingKind::Caught => "caught    ",
            FindingKind::NotCaught => "NOT CAUGHT",
            FindingKind::Refuted => "REFUTED   ",
            FindingKind::Wronged => "WRONGED   ",
        };
        lines.push(format!("{mark}  {}", finding.text));
    }
    let equal = if report.replay.equal { "weights equal byte for byte" } else { "WEIGHTS DIFFER" };
    lines.push(String::new());
    lines.push(format!("evidence    replayed {} rounds: {equal}", report.replay.rounds));
    lines.push(format!("time        {:.1} s", report.seconds));
    lines.extend(args.keep.iter().map(|folder| {
        format!("kept        {}; plimsoll replay {}", folder.display(), folder.join("evidence").display())
    }));
    lines.push(String::new());
    lines.push("Every decision was a plugin's. Swap one and look again:".into());
    lines.extend(next(report).into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn table(rows: &[MinerRow]) -> String {
    let columns = [
        ("uid", Side::Right),
        ("role", Side::Left),
        ("held", Side::Right),
        ("claimed", Side::Right),
        ("proven", Side::Right),
        ("audits", Side::Right),
        ("passed", Side::Right),
        ("failed", Side::Right),
        ("late", Side::Right),
        ("absent", Side::Right),
        ("weight", Side::Right),
        ("alpha", Side::Right),
    ];
    let row = |row: &MinerRow| {
        let size = |bytes: u64| ByteSize(bytes).to_string();
        let mut cells = vec![row.uid.to_string(), row.role.word().to_owned()];
        cells.extend([row.held_bytes, row.claimed_bytes, row.proven_bytes].map(size));
        cells.extend([row.audits, row.passed, row.failed, row.late, row.absent].map(|n| n.to_string()));
        cells.extend([row.weight.to_string(), alpha_text(row.earned_rao)]);
        cells
    };
    screen::table(&columns, rows.iter().map(row))
}

/// Commands that show something else than this run did.
fn next(report: &DemoReport) -> Vec<String> {
    let other = |now: &str, first: &str, second: &str| {
        if now == first { second.to_owned() } else { first.to_owned() }
    };
    let rule = other(&report.plugins.incentive, "incentive-ema", "incentive-tiered");
    let strategy = other(&report.plugins.challenge, "challenge-adaptive", "challenge-window");
    let scheme = other(&report.scheme, "proof-seed-v1", "proof-stream");
    vec![
        format!("plimsoll demo --rule builtin:{rule}"),
        format!("plimsoll demo --strategy builtin:{strategy}"),
        format!("plimsoll demo --scheme builtin:{scheme}"),
        "plimsoll plugin list                 all plugins".into(),
        "plimsoll plugin new incentive mine   write your own".into(),
    ]
}
