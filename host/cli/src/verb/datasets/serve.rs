//! `plimsoll datasets serve`.

use std::net::SocketAddr;

use plimsoll_datasets::serve::{ServeError, ServeOptions, Site, Visitors, bind, serve};
use serde_json::json;

use super::hub;
use crate::cancel::Cancel;
use crate::exit::{Exit, Failure};
use crate::flags::DataFlags;
use crate::global::Global;
use crate::screen;
use crate::verb::generate::blocking;

/// Serve the archive as web pages, for this machine
///
/// Pages need no JavaScript and load nothing from elsewhere. Runs until Ctrl-C; what is collected meanwhile shows up.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9997")]
    at: SocketAddr,

    /// Let others look too, at an address that they can reach
    ///
    /// Rows are strangers' texts and may hold personal data: think of who can reach the address.
    #[arg(long)]
    anybody: bool,

    /// A name that browsers ask these pages by, beside the address itself; may be given more than once
    ///
    /// Any other name is refused, so that no stranger's page can read the rows by having its own name point here.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,

    /// Rows that two datasets may share [default: each competition's limit]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,

    #[command(flatten)]
    data: DataFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.data])?;
    let visitors = if args.anybody { Visitors::Anybody } else { Visitors::ThisMachine };
    let (limit, data_dir) = (args.limit, config.collecting.data_dir.clone());
    // Rows can be looked at without the plugin, only nobody is judged then.
    let source = match blocking(move || hub::source(&config)).await? {
        Ok(source) => Some(source),
        Err(failure) => {
            global.remark(&format!("no competition's rules are known: {failure}"));
            None
        }
    };
    let options = ServeOptions { source, limit, ..ServeOptions::new(data_dir) };
    let site = blocking(move || Site::open(options)).await??;
    let listening = bind(args.at, visitors).await?.known_as(args.hosts.iter().cloned());
    let cancel = Cancel::on_signals("finishing what is being read")?;
    let address = listening.address();
    let n_snapshots = site.n_snapshots();
    if !address.ip().is_loopback() {
        screen::note(
            "warning: others can reach this address, and the pages show strangers' texts and personal data",
        );
    }
    let outcome = json!({ "url": format!("http://{address}/"), "snapshots": n_snapshots });
    global.emit(&outcome, || {
        format!("{n_snapshots} snapshots are served at http://{address}/\nCtrl-C stops it")
    })?;
    Ok(serve(listening, site, async move { cancel.cancelled().await }).await?)
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Archive(error) => error.into(),
            ServeError::NotLoopback { .. } => Self::of(Exit::Usage, &error).hint("--anybody says so"),
            _ => Self::of(Exit::Error, &error),
        }
    }
}
