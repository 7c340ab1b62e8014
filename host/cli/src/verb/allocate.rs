//! `plimsoll allocate`.

use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_core::{ByteSize, Hotkey, NetUid};
use plimsoll_node::NodeError;
use plimsoll_node::space::{self, AllocateRequest, Allocated};
use plimsoll_plugin::Scheme;
use plimsoll_store::{CancelFlag, DiskMarker};
use serde_json::json;

use crate::chain::Configured;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, FolderFlags, PluginFlags, SpaceFlags, WalletFlags};
use crate::global::Global;
use crate::screen::{self, Side};

/// Divide the disk among the subnet's validators and write partition.json; nothing is filled yet
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show the plan, what it takes and how long filling would last, and write nothing
    #[arg(long, alias = "dry_run")]
    dry_run: bool,

    /// Replace a partition.json that differs without asking
    #[arg(short, long, alias = "no_prompt")]
    yes: bool,

    /// Divide everything anew, also among plots that are there; they have to be filled again then
    #[arg(long)]
    rebalance: bool,

    /// The disk was replaced on purpose: forget the one that was there
    #[arg(long, alias = "new_disk")]
    new_disk: bool,

    #[command(flatten)]
    space: SpaceFlags,
    #[command(flatten)]
    folder: FolderFlags,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.space, &args.folder, &args.chain, &args.wallet, &args.plugins])?;
    let (root, known) = (&config.space.db_path, config.space.known_disks());
    if !args.new_disk {
        known.check(root).map_err(|error| replaced(error.into()))?;
    }
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let owner = wallet.hotkey_address()?;
    let configured = Configured::of(&config)?;
    let snapshot = snapshot(&configured, config.chain.netuid, &owner, global).await?;
    let host = config.host()?;
    let policy = config.choices().load_allocation(&host)?;
    let scheme = config.choices().load_scheme(&host)?;
    let allocated = space::allocate(&snapshot, &request(args, &config, owner), &policy, &scheme)?;
    let own_chunks = scheme.descriptor().config_schema.pointer("/properties/chunk_bytes").is_some();
    let (asked, made) = (config.space.chunk_size.0, allocated.partitions.first().map(|of| of.chunk_size));
    if let Some(made) = made.filter(|made| own_chunks && *made != asked) {
        global.remark(&format!(
            "note: shares are whole numbers of {asked} bytes, but chunks have {made}: the scheme's own parameter \
             says so, proof.params.chunk_bytes, which miner and validator must agree on"
        ));
    }
    let rate = args.dry_run.then(|| fill_rate(&scheme, &config)).flatten();
    if !args.dry_run {
        if differs(&allocated) {
            let file = allocated.folder.join(space::PARTITION_FILE);
            let question =
                format!("replace {}, which says something else (plots stay as they are)", file.display());
            screen::confirm(global, args.yes, &question)?;
        }
        if args.new_disk {
            known.forget(root)?;
        }
        // Once more: the question may have waited for hours.
        known.check(root).map_err(|error| replaced(error.into()))?;
        allocated.write()?;
        if let Some(marker) = DiskMarker::read(root)? {
            known.remember(root, &marker)?;
        }
    }
    report(args, global, &allocated, rate)
}

fn replaced(failure: Failure) -> Failure {
    match failure.exit {
        Exit::DiskMissing => {
            failure.hint("if the disk was replaced on purpose, run `plimsoll allocate --new-disk`")
        }
        _ => failure,
    }
}

async fn snapshot(
    configured: &Configured,
    netuid: NetUid,
    owner: &Hotkey,
    global: &Global,
) -> Result<plimsoll_chain::Snapshot, Failure> {
    let snapshot = configured.chain.snapshot(netuid).await;
    let snapshot = snapshot.map_err(|error| configured.chain_failure(error))?;
    if snapshot.neuron(owner).is_none() {
        let stranger = NodeError::NotRegistered { hotkey: *owner, netuid };
        let advice = configured.advice(&stranger).unwrap_or_else(|| "register it".into());
        global.remark(&format!(
            "note: {owner} is not registered on subnet {netuid} yet; {advice} before you run the miner"
        ));
    }
    Ok(snapshot)
}

fn request(args: &Args, config: &Config, owner: Hotkey) -> AllocateRequest {
    AllocateRequest {
        db_path: config.space.db_path.clone(),
        wallet_name: config.wallet.name.clone(),
        wallet_hotkey: config.wallet.hotkey.clone(),
        owner,
        endpoint: config.chain.endpoint.shown(),
        threshold: config.space.threshold,
        max_bytes: config.space.max_size.map(|size| size.0),
        chunk_bytes: config.space.chunk_size.0,
        rebalance: args.rebalance,
    }
}

/// Bytes a second that filling reaches here, measured on a small plot that is removed again.
fn fill_rate(scheme: &Scheme, config: &Config) -> Option<f64> {
    let request = plimsoll_node::measure::BenchRequest {
        bytes: 64 << 20,
        partitions: 1,
        dir: config.space.db_path.clone(),
        repeats: 1,
        workers: config.space.threads(),
        cancel: CancelFlag::new(),
    };
    match plimsoll_node::measure::fill_rate(scheme, &request) {
        Ok(rate) => Some(rate),
        Err(error) => {
            tracing::warn!(%error, "how long filling takes could not be measured");
            None
        }
    }
}

fn differs(allocated: &Allocated) -> bool {
    let file = allocated.folder.join(space::PARTITION_FILE);
    let old = plimsoll_store::partition::read_partitions(&file);
    file.exists() && old.map_or(true, |old| plots(&old) != plots(&allocated.partitions))
}

/// What decides which plots there are; stakes and block heights may move without any plot changing.
fn plots(
    partitions: &[plimsoll_store::partition::Partition],
) -> Vec<(Hotkey, Option<plimsoll_store::partition::PlotEntry>)> {
    partitions.iter().map(|p| (p.validator, p.plimsoll.clone())).collect()
}

fn report(args: &Args, global: &Global, allocated: &Allocated, rate: Option<f64>) -> Result<(), Failure> {
    let eta = rate.map(|rate| allocated.file_bytes as f64 / rate);
    let outcome = json!({
        "dry_run": args.dry_run,
        "folder": allocated.folder,
        "available_bytes": allocated.available_bytes,
        "cap_bytes": allocated.cap_bytes,
        "file_bytes": allocated.file_bytes,
        "fill_bytes_per_second": rate,
        "eta_seconds": eta,
        "partitions": allocated.partitions,
        "kept": allocated.kept,
        "orphans": allocated.orphans,
        "skipped": allocated.skipped,
    });
    global.emit(&outcome, || human(args, allocated, rate, eta))
}

fn human(args: &Args, allocated: &Allocated, rate: Option<f64>, eta: Option<f64>) -> String {
    let rows = allocated.partitions.iter().map(|p| {
        let units = p.plimsoll.as_ref().map_or(0, |plot| plot.units);
        vec![
            p.i.to_string(),
            p.validator.short(),
            p.stake.to_string(),
            ByteSize(p.size).to_string(),
            units.to_string(),
            format!("{:.2} %", p.threshold_percent),
        ]
    });
    let columns = [
        ("uid", Side::Right),
        ("validator", Side::Left),
        ("stake", Side::Right),
        ("size", Side::Right),
        ("units", Side::Right),
        ("of the cap", Side::Right),
    ];
    let mut lines = vec![screen::table(&columns, rows), String::new()];
    let Allocated { available_bytes, cap_bytes, file_bytes, .. } = *allocated;
    lines.push(format!(
        "{} of plots, integrity trees and headers included; the cap is {}, {} are free",
        ByteSize(file_bytes),
        ByteSize(cap_bytes),
        ByteSize(available_bytes)
    ));
    if !allocated.kept.is_empty() {
        let uids: Vec<String> = allocated.kept.iter().map(|kept| kept.uid.to_string()).collect();
        lines.push(format!(
            "the plots for uid {} are there and stay as they are; only the rest was divided (--rebalance divides all)",
            uids.join(", ")
        ));
    }
    lines.extend(allocated.orphans.iter().map(|orphan| {
        format!("no partition uses this plot, delete it by hand if nobody needs it: {orphan}")
    }));
    lines.extend(allocated.skipped.iter().map(|s| format!("uid {} gets nothing: {}", s.uid, s.why)));
    if let (Some(rate), Some(eta)) = (rate, eta) {
        let speed = screen::rate(rate as u64, Duration::from_secs(1));
        let time = screen::duration(Duration::from_secs_f64(eta));
        lines.push(format!("filling would take about {time}, at {speed} as measured here"));
    }
    let file = allocated.folder.join(space::PARTITION_FILE);
    lines.push(match args.dry_run {
        true => {
            "nothing was written; without --dry-run it would be: ".to_owned() + &file.display().to_string()
        }
        false => format!("wrote {}\nnext: plimsoll generate", file.display()),
    });
    lines.join("\n")
}
