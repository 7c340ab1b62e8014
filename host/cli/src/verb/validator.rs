//! `plimsoll validator`.

use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{Endpoint, connect};
use plimsoll_core::{AuditBudget, ByteSize, Uid};
use plimsoll_node::NodeError;
use plimsoll_node::validator::{
    AxonPolicy, RoundListener, RoundReport, RoundRow, Schedule, Validator, ValidatorOptions,
};
use serde_json::json;

use crate::cancel::Cancel;
use crate::exit::Failure;
use crate::flags::{ChainFlags, PluginFlags, WalletFlags};
use crate::global::{Global, versioned};
use crate::screen::{self, Side};

/// Audit miners and set weights, round after round
///
/// Runs until Ctrl-C; a round that is under way then counts for nothing. With --json it prints one object a
/// round.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stop after so many rounds
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,

    /// Blocks from one round to the next [default: the subnet's tempo]
    #[arg(long, value_name = "BLOCKS")]
    period: Option<u64>,

    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.chain, &args.wallet, &args.plugins])?;
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let host = config.host()?;
    let plugins = config.choices().load_for_validator(&host)?;
    let chain = connect(&config.chain.endpoint)?;
    let of = &config.validator;
    let local = matches!(config.chain.endpoint, Endpoint::Local(_));
    let options = ValidatorOptions {
        budget: AuditBudget {
            audits: of.audits,
            samples: of.samples,
            verify_ms: of.verify_ms,
            deadline_ms: of.deadline_ms,
        },
        concurrency: of.concurrency,
        axons: if local { AxonPolicy::Any } else { AxonPolicy::PublicOnly },
        ..ValidatorOptions::new(wallet.hotkey()?, config.chain.netuid, of.evidence_dir.clone())
    };
    let cancel = Cancel::on_signals("stopping; a round that is under way counts for nothing")?;
    let mut validator = Validator::open(chain, plugins, options).await?;
    global.remark(&format!("evidence goes to {}", validator.log_path().display()));
    if validator.void_rounds() > 0 {
        global.remark(&format!("{} rounds of it were never closed: void", validator.void_rounds()));
    }
    let schedule =
        Schedule { period_blocks: args.period, rounds: args.rounds, poll: Duration::from_millis(500) };
    let teller = Teller { json: global.json };
    Ok(validator.run(schedule, &teller, cancel.cancelled()).await?)
}

/// Prints rounds as they close.
struct Teller {
    json: bool,
}

impl RoundListener for Teller {
    fn closed(&self, report: &RoundReport) {
        if self.json {
            screen::print(&versioned(json!(report)).to_string());
            return;
        }
        screen::print(&human(report));
    }

    fn delivered(&self, _weights: &[(Uid, u16)]) {
        if !self.json {
            screen::print("weights are set");
        }
    }

    fn failed(&self, error: &NodeError) {
        screen::note(&format!("this round did not work: {error}"));
    }
}

fn human(report: &RoundReport) -> String {
    let columns = [
        ("uid", Side::Right),
        ("claimed", Side::Right),
        ("proven", Side::Right),
        ("passed", Side::Right),
        ("failed", Side::Right),
        ("late", Side::Right),
        ("absent", Side::Right),
        ("no verdict", Side::Right),
        ("weight", Side::Right),
        ("why", Side::Left),
    ];
    let row = |row: &RoundRow| {
        let of = &row.standing;
        let now = &row.tally;
        let counts = [now.passed, now.failed, now.late, now.absent, now.no_verdict];
        let mut cells = vec![
            of.uid.to_string(),
            ByteSize(of.claimed_bytes).to_string(),
            ByteSize(of.proven_bytes).to_string(),
        ];
        cells.extend(counts.map(|count| count.to_string()));
        cells.push(row.weight.to_string());
        cells.push(row.reason.clone());
        cells
    };
    let round = &report.round;
    let mut lines = vec![format!("epoch {} at block {}: {} audits", round.epoch, round.block, report.audits)];
    lines.push(screen::table(&columns, report.miners.iter().map(row)));
    lines.extend(report.left_out.iter().map(|out| format!("uid {} takes no part: {}", out.uid, out.why)));
    lines.join("\n")
}
