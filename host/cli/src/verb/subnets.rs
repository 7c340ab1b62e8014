//! `plimsoll subnets` and `plimsoll subnet NETUID`.

use plimsoll_chain::{
    Bittensor, BittensorOptions, CommitReveal, Endpoint, NeuronRecord, Snapshot, SubnetSummary,
};
use plimsoll_core::NetUid;
use serde_json::json;

use crate::chain::Configured;
use crate::config::Config;
use crate::exit::Failure;
use crate::flags::ChainFlags;
use crate::global::Global;
use crate::screen::{self, Side};

/// List the subnets of a Bittensor network: number, name, tempo, neurons
///
/// On a local ledger the configured subnet is all there is to list.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
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
    let config = global.config(&[&args.chain])?;
    let subnets = all(&config).await?;
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

async fn all(config: &Config) -> Result<Vec<SubnetSummary>, Failure> {
    if let Endpoint::Bittensor(places) = &config.chain.endpoint {
        return Ok(Bittensor::new(BittensorOptions::of(places.clone())).subnets().await?);
    }
    let snapshot = snapshot(config, config.chain.netuid).await?;
    let neurons = u16::try_from(snapshot.neurons.len()).unwrap_or(u16::MAX);
    let Snapshot { netuid, name, tempo_blocks, .. } = snapshot;
    Ok(vec![SubnetSummary { netuid, name, tempo_blocks, neurons }])
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
    let is_unseen = |c: &char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    name.chars().filter(|c| !is_unseen(c)).take(40).collect()
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
