//! `plimsoll bench chain`.

use std::time::{Duration, Instant};

use plimsoll_chain::{Bittensor, BittensorOptions, Chain as _, Endpoint};
use plimsoll_core::NetUid;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::flags::ChainFlags;
use crate::global::Global;

/// A subnet with all its commitments, read from the configured Bittensor nodes: round trips and seconds
///
/// Connecting and reading the runtime's metadata come before and are told apart. Public nodes take one request a
/// second, which is then most of what is measured: name a node of your own, or
/// `cargo run --example node_of_tests` for one on loopback.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often it is read; the median is reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,

    #[command(flatten)]
    chain: ChainFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.chain])?;
    let Endpoint::Bittensor(places) = &config.chain.endpoint else {
        let message = format!("{} is a ledger, no node of Bittensor", config.chain.endpoint);
        return Err(
            Failure::new(Exit::Config, message).hint("write --endpoint ws://HOST:PORT, or --network NAME")
        );
    };
    // Each reading asks for the head, as a client that has just started does.
    let options = BittensorOptions { follow: false, ..BittensorOptions::of(places.clone()) };
    let chain = Bittensor::new(options);
    let netuid: NetUid = config.chain.netuid;

    let begun = Instant::now();
    let spec_version = chain.spec_version().await?;
    let (connect, connect_trips) = (begun.elapsed(), chain.round_trips());
    let mut times = Vec::new();
    let (mut trips, mut neurons, mut commitments) = (0, 0, 0);
    for _ in 0..args.repeats {
        let (begun, before) = (Instant::now(), chain.round_trips());
        let (snapshot, all) = chain.snapshot_with_commitments(netuid).await?;
        times.push(begun.elapsed());
        trips = trips.max(chain.round_trips() - before);
        (neurons, commitments) = (snapshot.neurons.len(), all.len());
    }
    times.sort_unstable();
    let seconds = times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64);
    let outcome = json!({
        "endpoint": config.chain.endpoint.shown(),
        "netuid": netuid,
        "spec_version": spec_version,
        "neurons": neurons,
        "commitments": commitments,
        "round_trips": trips,
        "seconds": seconds,
        "repeats": args.repeats,
        "connect_round_trips": connect_trips,
        "connect_seconds": connect.as_secs_f64(),
    });
    global.emit(&outcome, || {
        format!(
            "{neurons} neurons, {commitments} commitments of subnet {netuid}: {trips} round trips, {seconds:.3} s\n\
             connecting, with the metadata of runtime {spec_version}: {connect_trips} round trips, {:.3} s",
            connect.as_secs_f64()
        )
    })
}
