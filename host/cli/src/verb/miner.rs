//! `plimsoll miner`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use plimsoll_chain::Endpoint;
use plimsoll_chain::wallet::Wallet;
use plimsoll_core::ByteSize;
use plimsoll_node::miner::{MinerOptions, MinerStatus, StatusServer, start_miner};
use plimsoll_node::space;
use plimsoll_node::validator::AxonPolicy;
use plimsoll_wire::{MissingLog, ReplayKeeping};
use serde_json::json;

use crate::cancel::Cancel;
use crate::chain::{Configured, is_at_home};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, FolderFlags, PluginFlags, WalletFlags};
use crate::global::Global;

/// Answer audits for the plots of partition.json
///
/// Runs until Ctrl-C. Every plot is read and proven to itself each 20 seconds; a plot that is damaged where a
/// validator asks is refused to that validator, and the others go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Serve /status and /readyz on this address of this machine, such as 127.0.0.1:8092
    #[arg(long, value_name = "ADDRESS")]
    status: Option<SocketAddr>,

    /// Send proofs without verifying them first; a damaged plot then fails audits instead of refusing them
    #[arg(long)]
    no_self_check: bool,

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
    let config = global.config(&[&args.folder, &args.chain, &args.wallet, &args.plugins])?;
    let announced = announced(&config)?;
    // The disk that is mounted must be the one that the plots were planned for.
    super::generate::partitions(&config)?;
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let folder = space::miner_folder(&config.space.db_path, &config.wallet.name, &config.wallet.hotkey);
    let host = config.proving_host()?;
    let scheme = config.choices().load_scheme(&host)?;
    let configured = Configured::of(&config)?;

    let mut options = MinerOptions::new(wallet.hotkey()?, config.chain.netuid, folder, config.miner.listen);
    options.announce = announced;
    options.limits = config.miner.limits();
    options.callers = config.miner.callers();
    options.axon_v10 = config.miner.axon_v10;
    if let Some(dir) = &config.miner.replay_dir {
        let path = space::miner_folder(dir, &config.wallet.name, &config.wallet.hotkey);
        options.replay = ReplayKeeping::Folder { path, missing: MissingLog::Lost };
    }
    options.side.self_check = !args.no_self_check;
    let cancel = Cancel::on_signals("finishing the answers that are under way")?;
    let miner = start_miner(Arc::clone(&configured.chain), scheme, options).await;
    let miner = miner.map_err(|error| configured.failure(error))?;
    miner.audit_self().await;
    let status = match args.status {
        Some(at) => Some(StatusServer::start(miner.side().health().clone(), at).await?),
        None => None,
    };
    let serving = miner.status();
    let address = miner.address();
    let at = status.as_ref().map(StatusServer::address);
    let outcome = json!({ "listening": address, "status_at": at, "status": serving });
    global.emit(&outcome, || human(address, at, &serving))?;
    cancel.cancelled().await;
    miner.stop().await;
    Ok(())
}

/// What the chain is told. Validators of a public network ask only addresses of the public internet.
fn announced(config: &Config) -> Result<Option<SocketAddr>, Failure> {
    let announced = reachable(config)?;
    let at = announced.unwrap_or(config.miner.listen);
    if !is_at_home(&config.chain.endpoint) && AxonPolicy::PublicOnly.check(at).is_err() {
        let key = if config.miner.announce.is_some() { "miner.announce" } else { "miner.listen" };
        let message =
            format!("{key} is {at}, expected an address on the public internet: validators ask no other");
        return Err(Failure::new(Exit::Config, message)
            .hint("set miner.announce to the address that your router passes on to this machine"));
    }
    Ok(announced)
}

/// Nobody can reach an unspecified address, but on a local chain everybody is here.
fn reachable(config: &Config) -> Result<Option<SocketAddr>, Failure> {
    let listen = config.miner.listen;
    match config.miner.announce {
        Some(at) => Ok(Some(at)),
        None if !listen.ip().is_unspecified() => Ok(None),
        None if matches!(config.chain.endpoint, Endpoint::Local(_)) => {
            Ok(Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())))
        }
        None => {
            Err(Failure::new(Exit::Config, format!("{listen} can be listened on, but nobody can reach it"))
                .hint("set miner.announce to the address that validators reach this machine at"))
        }
    }
}

fn human(address: SocketAddr, status_at: Option<SocketAddr>, status: &MinerStatus) -> String {
    let bytes: u64 = status.plots.iter().map(|plot| plot.claimed_bytes).sum();
    let mut lines = vec![format!("serving {} plots, {}, on {address}", status.plots.len(), ByteSize(bytes))];
    for plot in status.plots.iter().filter(|plot| !plot.ready) {
        let why = plot.why.as_deref().unwrap_or("not proven yet");
        lines.push(format!("  for {}: {why} ({})", plot.validator.short(), plot.path.display()));
    }
    for fault in &status.faults {
        lines.push(format!("  not served for {}: {}", fault.validator.short(), fault.why));
    }
    lines.extend(status.unannounced.iter().map(|why| format!("  not announced yet, and tried again: {why}")));
    lines.extend(status_at.map(|at| format!("status at http://{at}/status")));
    lines.push("Ctrl-C stops it".into());
    lines.join("\n")
}
