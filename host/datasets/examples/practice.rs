//! A hub and a ledger on loopback to try `plimsoll datasets` on: 256 uids, 252 datasets, in a real subnet's shape.
//!
//! ```text
//! cargo run --release -p plimsoll-datasets --example practice -- [LATENCY_MS] [HUB_PORT] [LEDGER_PORT]
//! ```
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use plimsoll_chain::LedgerServer;
use plimsoll_datasets::bench::{NETUID, Practice};
use plimsoll_hub::{Hub, HubOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<u16> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let number = |at: usize, other: u16| given.get(at).copied().unwrap_or(other);
    let practice = Practice::real();
    let latency = Duration::from_millis(number(0, 50).into());
    let options = HubOptions { latency, port: number(1, 8796), ..HubOptions::default() };
    let hub = Hub::start(practice.repos(), options)?;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, number(2, 9996)));
    let server = LedgerServer::start(practice.ledger().await?, at).await?;
    println!("{} datasets of 256 uids; in another terminal, until ctrl-c here:", practice.datasets());
    println!("export HF_ENDPOINT={} PLIMSOLL_CHAIN_ENDPOINT={}", hub.address(), server.endpoint());
    println!("plimsoll datasets collect --netuid {NETUID} --jobs 32");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
