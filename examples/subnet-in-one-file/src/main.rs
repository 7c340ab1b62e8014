//! A subnet in one file: the same six miners, once under the rule that pays every proven byte and once under
//! the moving average, side by side.
//!
//! `cargo run --release -p subnet-in-one-file`

use std::sync::Arc;

use plimsoll_node::demo::{DemoOptions, Unheard, demo};
use plimsoll_node::space::Silent;
use plimsoll_node::{Choices, NodeError, PluginChoice};
use plimsoll_plugin::{Host, HostOptions};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example is there to be read")]
async fn main() -> Result<(), NodeError> {
    let host = Host::new(HostOptions::default())?;
    for rule in ["incentive-proportional", "incentive-ema"] {
        let choices = Choices { incentive: PluginChoice::builtin(rule), ..Choices::default() };
        let options = DemoOptions { choices, plot_bytes: 16 << 20, epochs: 3, ..DemoOptions::default() };
        let report = demo(&host, &options, &Unheard, Arc::new(Silent)).await?;
        println!("{rule}");
        for miner in &report.miners {
            println!(
                "  uid {} {:<12} weight {:>5}  {}",
                miner.uid,
                miner.role.word(),
                miner.weight,
                miner.reason
            );
        }
    }
    Ok(())
}
