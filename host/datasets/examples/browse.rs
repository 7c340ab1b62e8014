//! Serves an archive's pages, and makes a small one first where there is none.
//!
//! ```text
//! cargo run -p plimsoll-datasets --example browse -- FOLDER [ADDRESS] [MINERS]
//! ```
#![allow(clippy::unwrap_used, reason = "a program for looking ends at the first failure")]
#![allow(clippy::print_stdout, reason = "it prints where it listens")]

#[path = "../tests/serve/world.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod world;

use std::path::Path;

use plimsoll_datasets::serve::{ServeOptions, Site, Visitors, bind, serve};

#[tokio::main]
async fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, other: &str| given.get(at).cloned().unwrap_or(other.to_owned());
    let (folder, address, miners) = (word(0, "/tmp/browse"), word(1, "127.0.0.1:0"), word(2, "256"));
    if !Path::new(&folder).join("archive").exists() {
        world::make(Path::new(&folder), miners.parse().unwrap());
    }
    let begun = std::time::Instant::now();
    let site = Site::open(ServeOptions { limit: Some(33), ..ServeOptions::new(folder) }).unwrap();
    let opened = begun.elapsed();
    let listening = bind(address.parse().unwrap(), Visitors::ThisMachine).await.unwrap();
    println!("http://{}/", listening.address());
    println!("{} snapshots, opened in {opened:.3?}; ctrl-c stops", site.n_snapshots());
    serve(listening, site, async { drop(tokio::signal::ctrl_c().await) }).await.unwrap();
}
