//! `plimsoll generate`.

use std::path::{Path, PathBuf};

use plimsoll_chain::wallet::Wallet;
use plimsoll_core::{ByteSize, Identity};
use plimsoll_node::space::{self, GenerateJob, GenerateOptions, Generated, HashedOnly};
use plimsoll_plugin::Scheme;
use plimsoll_store::partition::{Partition, read_partitions};
use plimsoll_store::{CancelFlag, IoChoice, plot_path};
use serde_json::json;

use crate::cancel::Cancel;
use crate::config::Config;
use crate::exit::{Exit, Failure, OrFail as _};
use crate::flags::{FolderFlags, PluginFlags, WalletFlags, WorkFlags};
use crate::global::Global;
use crate::screen::{self, Board};

/// Fill the plots of partition.json; a run that was stopped goes on where it was
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Throw away what is there and begin anew
    #[arg(long)]
    restart: bool,

    /// Do not ask before --restart throws plots away
    #[arg(short, long)]
    yes: bool,

    /// Only compute what the plots would commit to, and store no data
    #[arg(long, alias = "only_hash")]
    only_hash: bool,

    #[command(flatten)]
    folder: FolderFlags,
    #[command(flatten)]
    work: WorkFlags,
    #[command(flatten)]
    wallet: WalletFlags,
    #[command(flatten)]
    plugins: PluginFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.folder, &args.work, &args.wallet, &args.plugins])?;
    let partitions = partitions(&config)?;
    let host = config.host()?;
    let scheme = config.choices().load_scheme(&host)?;
    space::expect_planned_for(&partitions, &scheme)?;
    expect_own(&config, &partitions)?;
    if args.restart {
        let question = format!("throw away what is filled of {} plots and begin anew", partitions.len());
        screen::confirm(global, args.yes, &question)?;
    }
    let stopping = "stopping: finished spans are written down, then `plimsoll generate` resumes from there";
    let cancel = Cancel::on_signals(stopping)?.flag();
    let bars = Board::new(global);
    if args.only_hash {
        return only_hash(global, &scheme, &partitions, cancel, bars).await;
    }
    let jobs = partitions.iter().map(job).collect::<Vec<_>>();
    let options = GenerateOptions {
        workers: config.space.threads(),
        restart: args.restart,
        io: io_choice(&config.space.io),
        cancel,
    };
    let work = move || space::generate(&scheme, &jobs, &options, &bars);
    let generated = blocking(work).await?.map_err(|error| resumable(error.into()))?;
    let outcome = json!({ "plots": generated });
    global.emit(&outcome, || human(&generated))
}

/// Plots are bound to the hotkey that they were divided for: days of filling for another would serve nobody.
fn expect_own(config: &Config, partitions: &[Partition]) -> Result<(), Failure> {
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey);
    // Filling needs no key: where there is none, the partitions alone say whose they are.
    let Ok(own) = wallet.and_then(|wallet| wallet.hotkey_address()) else { return Ok(()) };
    match partitions.iter().find(|partition| partition.owner != own) {
        None => Ok(()),
        Some(other) => {
            let message =
                format!("partition.json was made for the hotkey {}, the wallet's is {own}", other.owner);
            let hint = "run `plimsoll allocate` again, or name the wallet that it was made for";
            Err(Failure::new(Exit::Config, message).hint(hint))
        }
    }
}

/// Long work off the threads that listen to signals.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.or_fail(Exit::Error, || "the work broke down".into())
}

fn resumable(failure: Failure) -> Failure {
    match failure.exit {
        Exit::Interrupted | Exit::DiskMissing => failure.hint("`plimsoll generate` resumes where it stopped"),
        _ => failure,
    }
}

/// The configured miner's partitions, on the disk that they were planned for.
pub(super) fn partitions(config: &Config) -> Result<Vec<Partition>, Failure> {
    let root = &config.space.db_path;
    // Before anything is looked for there: an unmounted disk is no disk that was never used.
    let known = config.space.known_disks();
    let marker = known.check(root)?;
    let folder = space::miner_folder(root, &config.wallet.name, &config.wallet.hotkey);
    let file = folder.join(space::PARTITION_FILE);
    if !file.exists() {
        let message = format!("there is no {}", file.display());
        return Err(Failure::new(Exit::NotInitialised, message).hint("run `plimsoll allocate` first"));
    }
    let mut partitions = read_partitions(&file)?;
    for partition in &mut partitions {
        // Where the file lies now counts, not where it lay when it was written.
        partition.path.clone_from(&folder);
        if let Some(disk) = partition.plimsoll.as_ref().and_then(|plot| plot.disk.as_ref()) {
            disk.expect_at(root)?;
        }
    }
    if let Some(Err(error)) = marker.map(|marker| known.remember(root, &marker)) {
        tracing::warn!(%error, "which disk this is cannot be remembered");
    }
    Ok(partitions)
}

/// The plot file of a partition.
pub(super) fn plot_of(partition: &Partition) -> PathBuf {
    match &partition.plimsoll {
        Some(plot) => partition.path.join(&plot.file),
        None => plot_path(&partition.path, &partition.validator),
    }
}

pub(super) fn identity(partition: &Partition) -> Identity {
    Identity { netuid: partition.netuid, owner: partition.owner, validator: partition.validator }
}

fn job(partition: &Partition) -> GenerateJob {
    GenerateJob { path: plot_of(partition), identity: identity(partition), capacity_bytes: partition.size }
}

pub(super) fn io_choice(name: &str) -> IoChoice {
    match name {
        "direct" => IoChoice::Direct,
        "buffered" => IoChoice::Buffered,
        _ => IoChoice::Auto,
    }
}

async fn only_hash(
    global: &Global,
    scheme: &Scheme,
    partitions: &[Partition],
    cancel: CancelFlag,
    bars: Board,
) -> Result<(), Failure> {
    let (scheme, list) = (scheme.clone(), partitions.to_vec());
    let work = move || -> Result<Vec<(PathBuf, HashedOnly)>, Failure> {
        let one = |partition: &Partition| {
            let hashed = space::hash_only(&scheme, &identity(partition), partition.size, &cancel, &bars)?;
            Ok((write_hashes(partition, &hashed)?, hashed))
        };
        list.iter().map(one).collect()
    };
    let hashed = blocking(work).await??;
    let rows: Vec<_> = hashed.iter().map(|(file, of)| json!({ "file": file, "hashes": of })).collect();
    global.emit(&json!({ "only_hash": rows }), || {
        let line = |(file, of): &(PathBuf, HashedOnly)| {
            let commitment = of.commitment.map_or_else(|| "none".into(), |digest| digest.to_string());
            format!("{}: {} units, commitment {commitment}", file.display(), of.layout.units)
        };
        hashed.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// `hashes-<validator>.json`, and beside it the rows that a scheme keeps behind its units, as they are.
fn write_hashes(partition: &Partition, hashed: &HashedOnly) -> Result<PathBuf, Failure> {
    let file = partition.path.join(format!("hashes-{}.json", partition.validator));
    let rows = file.with_extension("rows");
    let failed = |path: &Path, error: std::io::Error| {
        Failure::new(Exit::DiskMissing, format!("cannot write {}: {error}", path.display()))
    };
    let text = serde_json::to_vec_pretty(hashed).or_fail(Exit::Error, || "cannot write JSON".into())?;
    if !hashed.tail.is_empty() {
        std::fs::write(&rows, &hashed.tail).map_err(|error| failed(&rows, error))?;
    }
    std::fs::write(&file, text).map_err(|error| failed(&file, error))?;
    Ok(file)
}

fn human(generated: &[Generated]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for plot in generated {
        let commitment = plot.commitment.map_or_else(|| "none".into(), |digest| digest.to_string());
        lines.push(format!("{}\n  {}, commitment {commitment}", plot.path.display(), ByteSize(plot.bytes)));
        if plot.resumed_bytes > 0 {
            lines.push(format!("  {} of it were there already", ByteSize(plot.resumed_bytes)));
        }
        lines.push(format!("  {}", plot.io_method));
    }
    lines.push("next: plimsoll verify, then plimsoll miner".into());
    lines.join("\n")
}
