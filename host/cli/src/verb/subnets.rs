//! `plimsoll subnets` and `plimsoll subnet NETUID`.

use std::sync::Arc;

use plimsoll_chain::{CommitReveal, NeuronRecord, Snapshot, SubnetSummary};
use plimsoll_core::NetUid;
use plimsoll_datasets::collect::Asking;
use plimsoll_datasets::fetch::Fetch;
use plimsoll_datasets::find::{Candidate, Choice, FindError, Hub, Subnet, search};
use plimsoll_datasets::source::Source;
use serde_json::{Value, json};

use super::datasets;
use crate::chain::Configured;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, FetchFlags, SourceFlags};
use crate::global::Global;
use crate::screen::{self, Side};

/// List the subnets of a Bittensor network: number, name, tempo, neurons
///
/// Or those of a local ledger, which have no names.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ListArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    chain: ChainFlags,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Find(FindArgs),
}

/// Find the subnet that a source's datasets are on, and say why
///
/// Reads every subnet's commitments, ranks subnets by the share that the source's plugin decodes, and asks the hub for a
/// sample of the datasets. Ends with code 1 if none or more than one will do.
#[derive(Debug, clap::Args)]
pub(crate) struct FindArgs {
    /// Ask no hub
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    fetch: FetchFlags,
    #[command(flatten)]
    chain: ChainFlags,
}

/// Show who is on a subnet, as the chain has it at its newest finalized block
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The subnet's number [default: chain.netuid]
    #[arg(value_name = "NETUID")]
    subnet: Option<u16>,

    #[command(flatten)]
    chain: ChainFlags,
}

pub(crate) async fn list(args: &ListArgs, global: &Global) -> Result<(), Failure> {
    if let Some(What::Find(args)) = &args.what {
        return find(args, global).await;
    }
    let config = global.config(&[&args.chain])?;
    let subnets = all(&Configured::of(&config)?).await?;
    let endpoint = config.chain.endpoint.shown();
    global.emit(&json!({ "endpoint": endpoint, "subnets": subnets }), || {
        let columns =
            [("netuid", Side::Right), ("name", Side::Left), ("tempo", Side::Right), ("neurons", Side::Right)];
        let row = |of: &SubnetSummary| {
            vec![
                of.netuid.to_string(),
                printable(&of.name),
                of.tempo_blocks.to_string(),
                of.neurons.to_string(),
            ]
        };
        screen::table(&columns, subnets.iter().map(row))
    })
}

async fn find(args: &FindArgs, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.source, &args.fetch, &args.chain])?;
    let (configured, source) = (Configured::of(&config)?, datasets::source(&config)?);
    let fetch = if args.offline { None } else { Some(datasets::client(&config)?) };
    let (choice, problem) = match search_all(&config, &configured, &source, fetch.as_ref()).await {
        Ok(choice) => (choice, None),
        Err(FindFailure::Undecided(choice, failure)) => (*choice, Some(failure)),
        Err(FindFailure::Failed(failure)) => return Err(failure),
    };
    let netuid = if problem.is_none() { choice.netuid() } else { None };
    let unread = |(netuid, why): &(NetUid, String)| json!({ "netuid": netuid, "why": why });
    let outcome = json!({
        "source": source.plugin().name(),
        "netuid": netuid,
        "why_not": problem.as_ref().map(ToString::to_string),
        "candidates": choice.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "unread": choice.unread.iter().map(unread).collect::<Vec<_>>(),
    });
    global.emit(&outcome, || match netuid {
        Some(netuid) => format!("{choice}\nit is subnet {netuid}"),
        None => choice.to_string(),
    })?;
    match problem {
        None => Ok(()),
        Some(_) if global.json => Err(Failure::reported(Exit::Error)),
        Some(failure) => Err(failure),
    }
}

fn candidate(of: &Candidate) -> Value {
    let confirmed =
        of.confirmed.map(|of| json!({ "asked": of.asked, "there": of.there, "unknown": of.unknown }));
    json!({
        "netuid": of.netuid,
        "name": of.name,
        "neurons": of.neurons,
        "committed": of.committed,
        "datasets": of.datasets,
        "confirmed": confirmed,
        "score_permille": of.score_permille(),
    })
}

/// Why a subnet was not found.
pub(super) enum FindFailure {
    /// None will do, or more than one: what was looked at.
    Undecided(Box<Choice>, Failure),
    /// Nothing could be looked at.
    Failed(Failure),
}

impl From<FindFailure> for Failure {
    fn from(of: FindFailure) -> Self {
        match of {
            FindFailure::Undecided(_, failure) | FindFailure::Failed(failure) => failure,
        }
    }
}

/// Looks at all subnets of the chain; a sample is asked of the hub, if there is one to ask.
pub(super) async fn search_all(
    config: &Config,
    configured: &Configured,
    source: &Source,
    fetch: Option<&Arc<Fetch>>,
) -> Result<Choice, FindFailure> {
    let subnets = all(configured).await.map_err(FindFailure::Failed)?;
    let subnets: Vec<Subnet> = subnets.iter().map(Subnet::from).collect();
    let hub = fetch.map(|fetch| Asking(Arc::clone(fetch)));
    let hub = hub.as_ref().map(|hub| hub as &dyn Hub);
    let found = search(&configured.chain, source, &subnets, hub, config.collecting.jobs).await;
    found.map_err(|error| match error {
        FindError::NoneFound { ref choice, .. }
        | FindError::Ambiguous { ref choice, .. }
        | FindError::Unread { ref choice, .. } => FindFailure::Undecided(choice.clone(), error.into()),
        error => FindFailure::Failed(error.into()),
    })
}

async fn all(configured: &Configured) -> Result<Vec<SubnetSummary>, Failure> {
    configured.chain.subnets().await.map_err(|error| configured.chain_failure(error))
}

pub(crate) async fn show(args: &ShowArgs, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.chain])?;
    let netuid = args.subnet.map_or(config.chain.netuid, NetUid);
    let snapshot = snapshot(&config, netuid).await?;
    global.emit(&snapshot, || human(&snapshot))
}

async fn snapshot(config: &Config, netuid: NetUid) -> Result<Snapshot, Failure> {
    let configured = Configured::of(config)?;
    let snapshot = configured.chain.snapshot(netuid).await;
    snapshot.map_err(|error| configured.chain_failure(error))
}

fn human(snapshot: &Snapshot) -> String {
    let Snapshot { netuid, block, tempo_blocks, neurons, name, commit_reveal, .. } = snapshot;
    let name = if name.is_empty() { String::new() } else { format!(" {}", printable(name)) };
    let hides = match commit_reveal {
        None => String::new(),
        Some(CommitReveal { period_epochs: 1 }) => ", weights hidden for an epoch".into(),
        Some(CommitReveal { period_epochs }) => format!(", weights hidden for {period_epochs} epochs"),
    };
    let count = neurons.len();
    let head =
        format!("subnet {netuid}{name} at block {block}: {count} neurons, tempo {tempo_blocks}{hides}");
    let columns = [
        ("uid", Side::Right),
        ("hotkey", Side::Left),
        ("coldkey", Side::Left),
        ("stake, rao", Side::Right),
        ("permit", Side::Left),
        ("axon", Side::Left),
        ("last update", Side::Right),
    ];
    let row = |of: &NeuronRecord| {
        vec![
            of.uid.to_string(),
            of.hotkey.to_string(),
            of.coldkey.to_string(),
            of.stake_rao.to_string(),
            if of.validator_permit { "yes" } else { "" }.to_owned(),
            of.axon.map_or_else(String::new, |at| at.to_string()),
            of.last_update.to_string(),
        ]
    };
    format!("{head}\n{}", screen::table(&columns, neurons.iter().map(row)))
}

/// What a stranger named a subnet, without what would move a terminal's cursor, turn its direction or stand there
/// unseen.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !screen::is_unseen(*c)).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_speak_to_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a[2Jb");
        assert_eq!(printable("a\u{202e}b\u{200b}c\u{2066}d é 字"), "abcd é 字");
        assert_eq!(printable(&"x".repeat(100)).len(), 40);
    }
}
