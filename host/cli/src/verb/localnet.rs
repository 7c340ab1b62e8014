//! `plimsoll localnet`: a chain on this machine, and what only such a chain can do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_chain::subnet::alpha_text;
use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{
    Chain as _, ChainError, Endpoint, Ledger, LedgerClient, LedgerGenesis, LedgerServer, LocalAdmin as _,
    NeuronRecord, Refusal, development_key,
};
use plimsoll_core::{Hotkey, Keypair, NetUid, RAO_PER_TAO, StakeRao, Uid};
use serde_json::json;

use super::localnet_rules;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::flags::{ChainFlags, WalletFlags};
use crate::global::Global;
use crate::screen::{self, Side};

/// Serve a chain on this machine, for trying things out
///
/// Runs until Ctrl-C. `register` and `stake` work on one that is served.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,

    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Milliseconds from block to block [default: 1000]
    #[arg(long, value_name = "MS")]
    block_ms: Option<u64>,

    /// Blocks between two rounds of validators [default: that of the rules, else 30]
    #[arg(long, value_name = "N")]
    tempo: Option<u64>,

    /// Rules of the subnet in TOML, for a new chain
    ///
    /// [rules], [rules.consensus], [rules.emission] and [rules.registration] have the names and defaults of the
    /// library's `SubnetRules`, but for a tempo of 30 and weights every 10 blocks; [balances] gives coldkeys what
    /// they may pay for places, in rao.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,

    /// Keep the chain in this file, and go on from it; without it, it lives in memory
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    #[command(flatten)]
    chain: ChainFlags,
}

const BLOCK_MS: u64 = 1000;

/// Blocks in which a registration is tried again where others were quicker.
const REGISTRATION_BLOCKS: u32 = 30;

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Register the configured hotkey on the subnet
    Register(Flags),
    /// Give the configured hotkey stake, and a validator's permit
    Stake(Stake),
    /// Show the subnet's neurons, and what its epochs have paid them
    Show(Flags),
}

#[derive(Debug, clap::Args)]
struct Flags {
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    wallet: WalletFlags,
}

#[derive(Debug, clap::Args)]
struct Stake {
    /// How much, in TAO
    #[arg(value_name = "TAO", default_value_t = 1000)]
    tao: u64,

    /// Stake without a permit until the next epoch, which gives permits anew to those with the most stake
    #[arg(long)]
    no_permit: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let Some(what) = &args.what else { return serve(&args.serve, global).await };
    let Serve { block_ms, tempo, rules, state, chain } = &args.serve;
    if block_ms.is_some() || tempo.is_some() || rules.is_some() || state.is_some() {
        let message =
            "--block-ms, --rules, --tempo and --state are for serving a chain, not for one that is served";
        return Err(Failure::new(Exit::Usage, message).hint("leave them out"));
    }
    match what {
        What::Register(flags) => register(flags, chain, global).await,
        What::Stake(stake) => give(stake, chain, global).await,
        What::Show(flags) => show(flags, chain, global).await,
    }
}

async fn serve(args: &Serve, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.chain])?;
    let at = local(&config.chain.endpoint)?;
    let netuid = config.chain.netuid;
    let mut genesis = LedgerGenesis::development(netuid);
    genesis.block_ms = args.block_ms.unwrap_or(BLOCK_MS);
    if let Some(file) = &args.rules {
        localnet_rules::read(file, &mut genesis)?;
    }
    for subnet in &mut genesis.subnets {
        subnet.rules.tempo_blocks = args.tempo.unwrap_or(subnet.rules.tempo_blocks);
    }
    let (block_ms, tempo_blocks) =
        (genesis.block_ms, genesis.subnets.first().map(|subnet| subnet.rules.tempo_blocks));
    let ledger = match &args.state {
        Some(file) => Ledger::kept_in(file, genesis)?,
        None => Ledger::new(genesis)?,
    };
    let cancel = Cancel::on_signals("stopping the chain")?;
    let server = LedgerServer::start(ledger, at).await?;
    let outcome = json!({
        "endpoint": server.endpoint(),
        "netuid": netuid,
        "block_ms": block_ms,
        "tempo_blocks": tempo_blocks,
        "rules": args.rules,
        "state": args.state,
    });
    global.emit(&outcome, || {
        format!(
            "a chain is served at {}, subnet {netuid}, a block every {block_ms} ms\nnext, in another terminal: \
             plimsoll localnet register, then plimsoll localnet stake for a validator\nCtrl-C stops it",
            server.endpoint()
        )
    })?;
    cancel.cancelled().await;
    Ok(server.stop().await?)
}

fn local(endpoint: &Endpoint) -> Result<SocketAddr, Failure> {
    match endpoint {
        Endpoint::Local(at) => Ok(*at),
        other => Err(Failure::new(Exit::Config, format!("{other} is no local chain"))
            .hint("write --endpoint local://127.0.0.1:9933")),
    }
}

async fn register(flags: &Flags, chain: &ChainFlags, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[chain, &flags.chain, &flags.wallet])?;
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let key = wallet.hotkey()?;
    let coldkey = wallet.coldkey_address()?.unwrap_or_else(|| key.hotkey());
    let chain = LedgerClient::new(local(&config.chain.endpoint)?)?;
    let netuid = config.chain.netuid;
    let uid = take_place(&chain, &key, netuid, coldkey).await?;
    let outcome = json!({ "netuid": netuid, "uid": uid, "hotkey": key.hotkey() });
    global.emit(&outcome, || format!("{} is uid {uid} of subnet {netuid}", key.hotkey()))
}

/// Registers. Where others were quicker in this block, the next one may do, if it comes by itself.
async fn take_place(
    chain: &LedgerClient,
    key: &Keypair,
    netuid: NetUid,
    coldkey: Hotkey,
) -> Result<Uid, ChainError> {
    for _ in 0..REGISTRATION_BLOCKS {
        match chain.register(key, netuid, coldkey).await {
            Err(ChainError::Refused(Refusal::TooManyRegistrations { .. })) => {}
            done => return done,
        }
        match chain.snapshot(netuid).await?.block_ms {
            0 => break,
            ms => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
    chain.register(key, netuid, coldkey).await
}

async fn give(stake: &Stake, chain: &ChainFlags, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[chain, &stake.flags.chain, &stake.flags.wallet])?;
    let wallet = Wallet::at(&config.wallet.path, &config.wallet.name, &config.wallet.hotkey)?;
    let hotkey = wallet.hotkey_address()?;
    let chain = LedgerClient::new(local(&config.chain.endpoint)?)?;
    let (netuid, permit) = (config.chain.netuid, !stake.no_permit);
    let stake_rao = StakeRao(stake.tao.saturating_mul(RAO_PER_TAO));
    chain.set_stake(&development_key(), netuid, hotkey, stake_rao, permit).await?;
    let outcome = json!({ "netuid": netuid, "hotkey": hotkey, "stake_rao": stake_rao, "permit": permit });
    global.emit(&outcome, || {
        let may = match (permit, stake.tao) {
            (true, 0) => "may set weights until the next epoch, which gives no permit for 0 TAO",
            (true, _) => "may set weights; every epoch gives permits anew, to those with the most stake",
            (false, 0) => "may set no weights, as no epoch gives a permit for 0 TAO",
            (false, _) => {
                "may set no weights until the next epoch, which gives permits to those with the most stake"
            }
        };
        format!("{hotkey} has {} TAO and {may}", stake.tao)
    })
}

async fn show(flags: &Flags, chain: &ChainFlags, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[chain, &flags.chain, &flags.wallet])?;
    let chain = LedgerClient::new(local(&config.chain.endpoint)?)?;
    let snapshot = chain.snapshot(config.chain.netuid).await?;
    let weights = chain.weights(config.chain.netuid).await?;
    let figures = chain.subnet_figures(config.chain.netuid).await?;
    let outcome = json!({ "snapshot": snapshot, "weights": weights, "figures": figures });
    global.emit(&outcome, || {
        let row = |neuron: &NeuronRecord| {
            let set = weights.iter().find(|(uid, _)| *uid == neuron.uid);
            let set = set.map_or_else(String::new, |(_, row)| {
                row.iter().map(|(uid, weight)| format!("{uid}:{weight}")).collect::<Vec<_>>().join(" ")
            });
            vec![
                neuron.uid.to_string(),
                neuron.hotkey.to_string(),
                neuron.stake_rao.whole_tao().to_string(),
                if neuron.validator_permit { "yes" } else { "no" }.into(),
                neuron.axon.map_or_else(|| "-".into(), |at| at.to_string()),
                figures.neuron(&neuron.hotkey).map_or_else(String::new, |n| alpha_text(n.earned.total_rao())),
                set,
            ]
        };
        let columns = [
            ("uid", Side::Right),
            ("hotkey", Side::Left),
            ("TAO", Side::Right),
            ("permit", Side::Left),
            ("axon", Side::Left),
            ("alpha", Side::Right),
            ("weights", Side::Left),
        ];
        let table = screen::table(&columns, snapshot.neurons.iter().map(row));
        format!("subnet {} at block {}\n{table}", snapshot.netuid, snapshot.block)
    })
}
