//! What checking a subnet's rows costs in the plugin's sandbox, and what a call costs by itself, in processor time.
//!
//! `cargo run --release -p plimsoll-datasets --example check_rows`
#![expect(clippy::print_stdout, reason = "a measuring program prints what it measured")]

use std::time::Duration;

use plimsoll_core::BlockNumber;
use plimsoll_datasets::source::Source;
use plimsoll_json::identify;
use plimsoll_plugin::{Host, HostOptions, PluginRef};

const FILES: usize = 258;
const ROWS: usize = 250;
const RUNS: usize = 5;
/// What is too short for the clock is done so often.
const TIMES: u32 = 50;

/// A dataset of 250 rows and about 180 KB.
fn file(seed: usize) -> Vec<u8> {
    let words = [
        "lantern",
        "harbour",
        "quiet",
        "seventeen",
        "it’s",
        "door",
        "captain",
        "\\\"no\\\"",
        "rain",
        "letter",
    ];
    let text = |from: usize, n: usize| {
        (0..n).map(|at| words[(from * 7 + at * at + at) % words.len()]).collect::<Vec<_>>().join(" ")
    };
    let row = |at: usize| {
        let (question, answer) = (text(seed * ROWS + at, 35), text(at + 3, 55));
        format!(
            "{{\"system\": \"You are character {seed}-{at}.\", \"conversations\": [{{\"role\": \"user\", \"content\": \"{question}\"}}, {{\"role\": \"assistant\", \"content\": \"{answer}\"}}]}}\n"
        )
    };
    (0..ROWS).map(row).collect::<String>().into_bytes()
}

/// The least processor time of some runs: what the machine does besides does not count.
fn best(mut work: impl FnMut()) -> Duration {
    let timed = |_| {
        let begin = processor_time();
        work();
        processor_time().saturating_sub(begin)
    };
    (0..RUNS).map(timed).min().unwrap_or_default()
}

/// Of this thread, as Linux tells it.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shipped = plimsoll_bundle::find("dataset-flock").ok_or("not shipped")?;
    let host = Host::new(HostOptions::default())?;
    let plugin = PluginRef::new("builtin:dataset-flock", shipped.component);
    let source = Source::load(&host, &plugin, &serde_json::json!({}))?;
    let files: Vec<Vec<u8>> = (0..FILES).map(file).collect();
    let bytes: usize = files.iter().map(Vec::len).sum();
    println!("{} rows in {FILES} files, {:.1} MB", FILES * ROWS, bytes as f64 / 1e6);

    let all = best(|| files.iter().for_each(|file| drop(source.check_file(file, "1"))));
    println!(
        "in the sandbox, a file a call: {:.3} s, {:.0} MB/s",
        all.as_secs_f64(),
        bytes as f64 / 1e6 / all.as_secs_f64()
    );
    let native = best(|| files.iter().for_each(|file| drop(identify(file))));
    println!("identities natively: {:.3} s", native.as_secs_f64());

    let mut instance = source.plugin().instance()?;
    let lines: Vec<&[u8]> = files[0].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let singles = best(|| lines.iter().for_each(|line| drop(instance.check_rows(&[line], "1"))));
    println!("a line a call: {:.1} us a line", singles.as_secs_f64() * 1e6 / lines.len() as f64);
    let empty = best(|| (0..1000).for_each(|_| drop(instance.check_rows(&[b"1"], "1"))));
    println!("the shortest line alone: {:.1} us", empty.as_secs_f64() * 1e3);

    let commitment = format!("flock-io/some-dataset:1:{}", "a".repeat(40));
    let asked: Vec<(&[u8], BlockNumber)> = vec![(commitment.as_bytes(), BlockNumber(1)); 256];
    let alone = best(|| asked.iter().for_each(|(bytes, block)| drop(instance.decode(bytes, *block))));
    let together = best(|| (0..TIMES).for_each(|_| drop(instance.decode_all(&asked)))) / TIMES;
    println!(
        "256 commitments: {:.2} ms one by one, {:.2} ms together",
        alone.as_secs_f64() * 1e3,
        together.as_secs_f64() * 1e3
    );
    Ok(())
}
