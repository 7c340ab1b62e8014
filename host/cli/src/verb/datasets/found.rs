//! The subnet that datasets are collected from where none is named: remembered, and asked for anew where that is over.

use std::sync::Arc;

use plimsoll_chain::Fault;
use plimsoll_core::{BlockNumber, Digest, NetUid};
use plimsoll_datasets::fetch::Fetch;
use plimsoll_datasets::find::{FindError, Memory, Remembered, Subnet, search};
use plimsoll_datasets::source::Source;

use super::super::subnets::search_all;
use crate::chain::Configured;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::global::Global;

/// The subnet that the source's datasets are on. The one where they were found before is read first, and taken if its
/// commitments still decode; else all are asked, and what is found is remembered. A dry run asks the hub about none and remembers nothing.
pub(super) async fn found(
    config: &Config,
    configured: &Configured,
    source: &Source,
    fetch: &Arc<Fetch>,
    is_dry: bool,
    global: &Global,
) -> Result<NetUid, Failure> {
    let chain = &configured.chain;
    let genesis = chain.block_hash(BlockNumber(0)).await;
    let genesis = genesis.map_err(|error| configured.chain_failure(error))?;
    let memory = Memory::of(&config.collecting.data_dir);
    if let Some(known) = genesis.and_then(|genesis| memory.recall(genesis, source))
        && still_there(configured, source, &known, global).await?
    {
        return Ok(known.netuid);
    }
    let choice = search_all(config, configured, source, (!is_dry).then_some(fetch)).await?;
    let best = choice.candidates.first();
    let best = best.ok_or_else(|| {
        Failure::new(Exit::Error, "there is no subnet to choose from; name one with --netuid")
    })?;
    global.remark(&format!("found {best}"));
    if let Some(genesis) = genesis.filter(|_| !is_dry) {
        remember(&memory, configured, source, genesis, best.netuid).await;
    }
    Ok(best.netuid)
}

/// Whether the subnet that is remembered still looks like the one.
async fn still_there(
    configured: &Configured,
    source: &Source,
    known: &Remembered,
    global: &Global,
) -> Result<bool, Failure> {
    let Remembered { netuid, block, .. } = *known;
    let only = [Subnet { netuid, name: String::new() }];
    let why = match search(&configured.chain, source, &only, None, 1).await {
        Ok(choice) => {
            global.remark(&format!("{}: found at block {block}, and still so", choice.in_short()));
            return Ok(true);
        }
        Err(FindError::Plugin(error)) => return Err(error.into()),
        // All the others would be asked of the same node.
        Err(FindError::Chain(error)) if error.fault() == Fault::Network => {
            return Err(configured.chain_failure(error));
        }
        Err(error) => error.to_string(),
    };
    global.remark(&format!(
        "subnet {netuid}, found at block {block}, is not it any more, so all are asked: {why}"
    ));
    Ok(false)
}

async fn remember(
    memory: &Memory,
    configured: &Configured,
    source: &Source,
    genesis: Digest,
    netuid: NetUid,
) {
    let block = match configured.chain.head().await {
        Ok(head) => head.block,
        Err(error) => return tracing::warn!(%error, "the subnet is asked for again by the next run"),
    };
    if let Err(error) = memory.remember(genesis, source, netuid, block) {
        tracing::warn!(%error, "the subnet is asked for again by the next run");
    }
}
