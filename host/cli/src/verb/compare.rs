//! `plimsoll compare`.

use std::path::PathBuf;

use plimsoll_core::ByteSize;
use plimsoll_lab::compare::formulas::Prices;
use plimsoll_lab::compare::{COLUMNS, CompareRequest, Comparison, Row, Subject, compare, shown};
use serde_json::{Map, Value};

use super::generate::blocking;
use crate::cancel::Cancel;
use crate::draft::Draft;
use crate::exit::{Exit, Failure};
use crate::global::Global;
use crate::plugins::component;
use crate::screen::{self, Side};

/// Put proof schemes side by side: what they cost, and what they hold against a cheater
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `all` that are shipped, names, or .wasm files, with commas between them
    #[arg(long, value_name = "LIST", default_value = "all", value_delimiter = ',')]
    schemes: Vec<String>,

    /// Parameters of one of them, such as proof-stream={"unit_bytes":4096}
    #[arg(long, value_name = "NAME=JSON", value_parser = params)]
    params: Vec<(String, Value)>,

    /// Bytes for each; a scheme that fills slowly gets as many as its time allows
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    bytes: ByteSize,

    /// Units of one challenge
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    samples: u32,

    /// How often everything is measured; medians are reported
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,

    /// Challenges of one repeat
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    challenges: u32,

    /// Challenges behind each measured point of a detection curve
    #[arg(long, value_name = "N", default_value_t = 300)]
    trials: u32,

    /// About how long one scheme may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = positive)]
    budget_s: f64,

    /// Flag a figure whose quartiles lie further apart than this share of its median, instead of printing it
    #[arg(long, value_name = "PERCENT", default_value_t = 25.0, value_parser = positive)]
    max_spread: f64,

    /// What challenges and missing units are drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// The folder to write plots in; what is written is removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Write a page with charts as well
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    #[command(flatten)]
    cheater: Cheater,
}

/// What is assumed of a cheater.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The cheater")]
struct Cheater {
    /// Time for regenerating, after the round trip
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    deadline_ms: u64,

    /// Cores that regenerate
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cores: u32,

    /// The missing fraction that must be found out with 1 - 2^-40
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    missing: f64,

    /// Dollars for one core for one hour
    #[arg(long, value_name = "USD", default_value_t = 0.01, value_parser = positive)]
    price_core_hour: f64,

    /// Dollars for one tebibyte for one month
    #[arg(long, value_name = "USD", default_value_t = 2.0, value_parser = positive)]
    price_tib_month: f64,

    /// Bytes that are claimed and not stored
    #[arg(long, value_name = "SIZE", default_value = "1TiB")]
    claim: ByteSize,
}

fn params(text: &str) -> Result<(String, Value), String> {
    let (name, json) = text.split_once('=').ok_or("expected NAME=JSON")?;
    let value: Value = serde_json::from_str(json).map_err(|error| format!("no JSON behind `=`: {error}"))?;
    Ok((name.to_owned(), value))
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if number > 0.0 && number.is_finite() { Ok(number) } else { Err("expected a number above 0".into()) }
}

fn share(text: &str) -> Result<f64, String> {
    positive(text)
        .and_then(|number| if number < 1.0 { Ok(number) } else { Err("expected less than 1".into()) })
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let subjects = subjects(&args)?;
    // A page that cannot be written is known before minutes of measuring.
    let page = args.html.as_deref().map(Draft::replacing).transpose()?;
    let host = global.config(&[])?.host()?;
    let cancel = Cancel::on_signals("stopping the comparison: what it wrote is removed")?.flag();
    let request = CompareRequest { cancel, ..request(&args) };
    if cfg!(debug_assertions) {
        global.remark("this is a debug build: its figures mean nothing");
    }
    let quiet = global.json;
    let work = move || {
        compare(&host, &subjects, &request, &mut |name| {
            if !quiet {
                screen::note(&format!("measuring {name}"));
            }
        })
    };
    let comparison = blocking(work).await??;
    if let Some(mut page) = page {
        page.write(comparison.to_html().as_bytes())?;
        page.keep()?;
    }
    match args.csv {
        true => screen::print(&comparison.to_csv()),
        false => global.emit(&comparison.to_json(), || human(&comparison))?,
    }
    let has_failed = comparison.rows.iter().any(|row| row.failure.is_some());
    if has_failed { Err(Failure::reported(Exit::NotMeasured)) } else { Ok(()) }
}

fn request(args: &Args) -> CompareRequest {
    CompareRequest {
        bytes: args.bytes.0,
        samples: args.samples,
        repeats: args.repeats,
        challenges: args.challenges,
        trials: args.trials,
        deadline_ms: args.cheater.deadline_ms,
        cores: args.cheater.cores,
        missing_fraction: args.cheater.missing,
        prices: Prices {
            usd_per_core_hour: args.cheater.price_core_hour,
            usd_per_tib_month: args.cheater.price_tib_month,
        },
        claim_bytes: args.cheater.claim.0.max(1),
        most_spread_percent: args.max_spread,
        budget_seconds: args.budget_s,
        seed: args.seed,
        dir: args.dir.clone(),
        ..CompareRequest::default()
    }
}

/// `all` stands for every shipped scheme, a word for a shipped one, and anything else for a file.
fn subjects(args: &Args) -> Result<Vec<Subject>, Failure> {
    let mut references: Vec<String> = Vec::new();
    for scheme in args.schemes.iter().map(|scheme| scheme.trim()).filter(|scheme| !scheme.is_empty()) {
        match scheme {
            "all" => {
                let shipped = plimsoll_bundle::builtins().iter().map(|builtin| builtin.name);
                let schemes = shipped.filter(|name| name.starts_with("proof-"));
                references.extend(schemes.map(|name| format!("builtin:{name}")));
            }
            file if file.contains(['/', '.', ':']) => references.push(file.to_owned()),
            name => references.push(format!("builtin:{name}")),
        }
    }
    if references.is_empty() {
        let message = "--schemes names no scheme: expected `all`, names of shipped schemes or .wasm files, with \
            commas between them";
        return Err(Failure::new(Exit::Usage, message));
    }
    let named =
        |name: &str, reference: &str| reference == name || reference.strip_prefix("builtin:") == Some(name);
    let strange = args.params.iter().find(|(name, _)| !references.iter().any(|it| named(name, it)));
    if let Some((name, _)) = strange {
        let message = format!("--params names `{name}`, which is not compared: {}", references.join(", "));
        return Err(Failure::new(Exit::Usage, message));
    }
    let subject = |reference: &String| {
        let given = args.params.iter().rev().find(|(name, _)| named(name, reference));
        let params = given.map_or_else(|| Value::Object(Map::new()), |(_, params)| params.clone());
        Ok(Subject { plugin: component(reference)?, params })
    };
    references.iter().map(subject).collect()
}

/// What a terminal shows of the table: key of a column and its heading.
const SHOWN: [(&str, &[(&str, &str)]); 3] = [
    (
        "filling",
        &[
            ("claims", "claims"),
            ("region_bytes", "bytes"),
            ("fill_mib_per_cpu_s", "MiB/CPU-s"),
            ("fill_mib_per_wall_s", "MiB/s"),
            ("fill_write_amplification_ratio", "written/byte"),
            ("fill_rss_growth_bytes", "memory, bytes"),
            ("commit_ms", "commit ms"),
        ],
    ),
    (
        "proving and verifying",
        &[
            ("samples_per_challenge_count", "q"),
            ("prove_cold_p50_ms", "cold ms"),
            ("prove_warm_p50_ms", "warm ms"),
            ("prove_read_bytes", "read bytes"),
            ("proof_bytes", "proof bytes"),
            ("verify_us", "verify us"),
            ("verify_wasm_native_ratio", "WASM/native"),
            ("verifier_state_bytes_per_tib", "state/TiB"),
        ],
    ),
    (
        "against a cheater",
        &[
            ("unit_bytes", "unit bytes"),
            ("unit_regenerate_us", "regenerate us"),
            ("unit_read_us", "read us"),
            ("rho_ratio", "rho"),
            ("f_min_fraction", "f_min"),
            ("f_min_half_fraction", "f_min half"),
            ("break_even_days", "break-even d"),
            ("samples_for_2pow40_count", "q for 2^-40"),
        ],
    ),
];

fn human(comparison: &Comparison) -> String {
    let mut parts = Vec::new();
    for (title, columns) in SHOWN {
        let cell = |row: &Row, key: &str| {
            let column = COLUMNS.iter().find(|column| column.key == key);
            column
                .map_or_else(String::new, |it| shown(&(it.cell)(row), comparison.request.most_spread_percent))
        };
        let heads = columns
            .iter()
            .map(|(key, head)| (*head, if *key == "claims" { Side::Left } else { Side::Right }));
        let heads: Vec<_> = std::iter::once((title, Side::Left)).chain(heads).collect();
        let rows = comparison.rows.iter().map(|row| {
            std::iter::once(row.name.clone()).chain(columns.iter().map(|(key, _)| cell(row, key))).collect()
        });
        parts.push(screen::table(&heads, rows));
    }
    let failed = |row: &Row| row.failure.as_ref().map(|why| format!("{}: {why}", row.name));
    let failures: Vec<String> = comparison.rows.iter().filter_map(failed).collect();
    if !failures.is_empty() {
        parts.push(format!("not measured, or not to the end:\n{}", failures.join("\n")));
    }
    let beyond: Vec<String> = comparison
        .rows
        .iter()
        .filter_map(|row| row.memory_beyond_plan().map(|flag| format!("{}: {flag}", row.name)))
        .collect();
    if !beyond.is_empty() {
        parts.push(format!("more memory than planned:\n{}", beyond.join("\n")));
    }
    parts.push(
        "± is half the interquartile range; --json has every column, host/lab/COLUMNS.md explains them"
            .into(),
    );
    parts.join("\n\n")
}
