//! `plimsoll datasets collect`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_chain::wallet::Wallet;
use plimsoll_core::{ByteSize, Hotkey, Uid};
use plimsoll_datasets::Clock;
use plimsoll_datasets::archive::Archive;
use plimsoll_datasets::collect::{
    CollectError, CollectOptions, Cost, Listener, Plan, Selection, Summary, collect, plan_only,
};
use plimsoll_datasets::fetch::Fetch;
use plimsoll_datasets::source::Source;
use serde_json::json;

use super::every::{self, Rounds};
use super::found::found;
use super::progress::Progress;
use super::{date, hub, summary};
use crate::cancel::Cancel;
use crate::chain::Configured;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, DataFlags, FetchFlags, SourceFlags, WalletFlags};
use crate::global::Global;

/// Collect every miner's dataset of a subnet into the archive
///
/// Reads the subnet's commitments at one block, fetches what the archive does not have, checks every byte and every row,
/// and keeps a snapshot. A run that is stopped goes on where it was. What fails for one miner is told and fails no run.
/// With neither --netuid nor a configured one, the subnet is found and remembered. With --min-rows, datasets with fewer
/// valid rows are kept, counted as too-few-rows and not fetched again.
///
/// HF_TOKEN is read from the environment or a .env file in this folder; HF_ENDPOINT too, but from the file only if the
/// token is the file's own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this uid; may be given again
    #[arg(long, value_name = "UID")]
    uid: Vec<u16>,
    /// Only this hotkey; may be given again
    #[arg(long, value_name = "ADDRESS")]
    hotkey: Vec<Hotkey>,
    /// Only what was committed since a block, or a day as 2026-11-21 in UTC
    #[arg(long, value_name = "BLOCK|DAY")]
    since: Option<String>,
    /// Say what would be asked, and ask the hub for nothing
    #[arg(long)]
    dry_run: bool,
    /// Sign the snapshot with the wallet's hotkey [dataset.sign]
    #[arg(long)]
    sign: bool,
    /// Collect again every so many minutes until Ctrl-C
    ///
    /// A round that fails for a reason that may pass, such as a chain that does not answer or a full disk, is told and
    /// counted, and the next one is tried all the same. What waiting does not change ends it: a wrong setting, another
    /// chain, a missing permission.
    #[arg(long, value_name = "MINUTES", conflicts_with = "dry_run", value_parser = clap::value_parser!(u64).range(1..=525_600))]
    every: Option<u64>,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    fetch: FetchFlags,
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    wallet: WalletFlags,
}

/// All that a run needs.
struct Run {
    options: CollectOptions,
    configured: Configured,
    fetch: Arc<Fetch>,
    source: Source,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let flags: [&dyn crate::flags::Overrides; 5] =
        [&args.chain, &args.data, &args.fetch, &args.source, &args.wallet];
    let config = global.config(&flags)?;
    let is_chosen = global.is_set("chain.netuid", &flags)?;
    let run = prepared(args, &config, is_chosen, global).await?;
    if args.dry_run {
        let plan = plan_only(&run.options, run.configured.chain.as_ref(), &run.source).await?;
        return dry(&plan, &config, global);
    }
    let cancel = Cancel::on_signals("stopping: what has arrived is kept")?;
    let mut rounds = Rounds::default();
    loop {
        match once(&run, &config, &cancel, global).await {
            Ok(summary) => {
                rounds.succeeded();
                global.emit(&summary, || summary::human(&summary))?;
            }
            Err(Stopped::Cancelled) => {
                let failure = Failure::new(Exit::Interrupted, "stopped: no snapshot was made");
                return Err(failure.hint("the next run goes on where this one was"));
            }
            Err(Stopped::Failed(error)) => match args.every {
                Some(minutes) if every::may_pass(&error) => rounds.failed(&error, minutes, global)?,
                _ => return Err(failure(&run, error)),
            },
        }
        let Some(minutes) = args.every else { return Ok(()) };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(minutes * 60)) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
}

/// Why a round made no snapshot.
enum Stopped {
    Cancelled,
    Failed(CollectError),
}

impl<E: Into<CollectError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn failure(run: &Run, error: CollectError) -> Failure {
    match error {
        CollectError::Chain(error) => run.configured.chain_failure(error),
        error => error.into(),
    }
}

async fn prepared(args: &Args, config: &Config, is_chosen: bool, global: &Global) -> Result<Run, Failure> {
    let (configured, fetch, source) = (Configured::of(config)?, hub::client(config)?, hub::source(config)?);
    let netuid = match is_chosen {
        true => config.chain.netuid,
        false => found(config, &configured, &source, &fetch, args.dry_run, global).await?,
    };
    let selection = Selection {
        uids: args.uid.iter().copied().map(Uid).collect(),
        hotkeys: args.hotkey.iter().copied().collect(),
        since: args.since.as_deref().map(since).transpose()?,
    };
    let wallet = match args.sign || config.collecting.sign {
        true => Some(Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?.hotkey()?),
        false => None,
    };
    let options = CollectOptions {
        selection,
        min_rows: config.collecting.min_rows,
        wallet,
        ..CollectOptions::new(netuid, &config.collecting.data_dir)
    };
    Ok(Run { options, configured, fetch, source })
}

fn since(text: &str) -> Result<plimsoll_datasets::collect::Since, Failure> {
    date::since(text, Clock::default().unix_ms()).ok_or_else(|| {
        let message = format!("--since `{text}` is neither a block nor a day, such as 7082055 or 2026-11-21");
        Failure::new(Exit::Usage, message)
    })
}

async fn once(run: &Run, config: &Config, cancel: &Cancel, global: &Global) -> Result<Summary, Stopped> {
    let archive = Arc::new(Mutex::new(Archive::open(&config.collecting.data_dir)?));
    let listener: Arc<dyn Listener> = Arc::new(Progress::new(global));
    let chain = run.configured.chain.as_ref();
    let collecting = collect(&run.options, chain, &run.fetch, &archive, &run.source, &listener);
    tokio::select! {
        summary = collecting => Ok(summary?),
        () = cancel.cancelled() => Err(Stopped::Cancelled),
    }
}

fn dry(plan: &Plan, config: &Config, global: &Global) -> Result<(), Failure> {
    let cost = plan.cost();
    let outcome = json!({ "subnet": plan.subnet, "miners": plan.miners(), "left_behind": plan.left_behind, "cost": cost });
    global.emit(&outcome, || {
        let Cost { held, resolver_requests, api_requests, fetched_bytes, disk_bytes } = cost;
        let at = &plan.subnet;
        format!(
            "subnet {} at block {}: {} miners\ndatasets held      {held}\ndatasets to fetch  {resolver_requests}\n\
             requests           {resolver_requests} for files, {api_requests} of the API\n\
             over the network   about {}\non the disk        at most about {} in {}\nnothing was fetched: this is a dry run",
            at.netuid,
            at.block,
            plan.miners(),
            ByteSize(fetched_bytes),
            ByteSize(disk_bytes),
            config.collecting.data_dir.display()
        )
    })
}
