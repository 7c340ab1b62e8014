//! `plimsoll-hub [--port N] [--latency-ms N] [--seed N] [--lfs]`: serves a subnet's datasets on loopback until it is
//! stopped.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::process::ExitCode;
use std::time::Duration;

use plimsoll_hub::shape::Shape;
use plimsoll_hub::{Hub, HubOptions, Way};

const USAGE: &str = "usage: plimsoll-hub [--port N] [--latency-ms N] [--seed N] [--lfs]";

struct Wanted {
    port: u16,
    latency_ms: u64,
    seed: u64,
    way: Way,
}

fn main() -> ExitCode {
    let told = wanted(std::env::args().skip(1)).and_then(|wanted| run(&wanted));
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted { port: 0, latency_ms: 0, seed: 1, way: Way::Plain };
    while let Some(name) = arguments.next() {
        if name == "--lfs" {
            wanted.way = Way::Large;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} has no value; {USAGE}"));
        let number = |most: u64| {
            let value = value?;
            let number: u64 =
                value.parse().map_err(|_| format!("{name} {value} is not a number; {USAGE}"))?;
            if number > most { Err(format!("{name} {number} is above {most}")) } else { Ok(number) }
        };
        match name.as_str() {
            "--port" => wanted.port = u16::try_from(number(65_535)?).unwrap_or(0),
            "--latency-ms" => wanted.latency_ms = number(60_000)?,
            "--seed" => wanted.seed = number(u64::MAX)?,
            _ => return Err(format!("{name} is unknown; {USAGE}")),
        }
    }
    Ok(wanted)
}

fn run(wanted: &Wanted) -> Result<(), String> {
    let options = HubOptions {
        latency: Duration::from_millis(wanted.latency_ms),
        port: wanted.port,
        ..HubOptions::default()
    };
    let shape = Shape::new(wanted.seed);
    let hub = Hub::start(shape.repos(wanted.way), options).map_err(|error| error.to_string())?;
    let committed = shape.miners.iter().filter(|miner| miner.commitment.is_some()).count();
    println!("{}", hub.address());
    println!(
        "{committed} datasets of {} uids; HF_ENDPOINT={} finds them; ctrl-c stops",
        shape.miners.len(),
        hub.address()
    );
    loop {
        std::thread::park();
    }
}
