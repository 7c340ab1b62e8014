//! What a year of a subnet takes in the archive, and how fast it comes back, without the rest of `plimsoll bench datasets`.
//!
//! ```text
//! cargo run --release -p plimsoll-datasets --example archive_year -- FOLDER [miners|rows|pool] [DAYS] [MINERS]
//! ```
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program for a terminal")]

use std::path::Path;

use plimsoll_datasets::bench::{Change, YearRequest, measure_year};

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, other: &str| given.get(at).cloned().unwrap_or(other.to_owned());
    let change = match word(1, "miners").as_str() {
        "rows" => Change::Rows,
        "pool" => Change::Pool,
        _ => Change::Miners,
    };
    let (days, miners) = (word(2, "365").parse().unwrap(), word(3, "256").parse().unwrap());
    let folder = word(0, "/tmp/archive-year");
    let figures = measure_year(Path::new(&folder), YearRequest { days, miners, change }).unwrap();
    println!("{figures:#?}");
}
