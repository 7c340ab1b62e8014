//! How long comparing a subnet's datasets takes: one thread, the best of five.

use std::hint::black_box;
use std::time::Instant;

use plimsoll_datasets::RowId;
use plimsoll_datasets::export::{ExportRow, write_csv, write_parquet};
use plimsoll_datasets::overlap::{Overlaps, Rows};
use plimsoll_datasets::similar::near_duplicates;
use plimsoll_json::identify;

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (name, n_datasets, n_rows, n_pool) in [
        ("252 x 250 rows of 2,125", 252, 250, 2_125),
        ("1,024 x 1,000 rows of 8,700", 1_024, 1_000, 8_700),
        ("1,024 x 1,000 rows, all different", 1_024, 1_000, 1_024_000),
        ("1,024 x 1,000 rows, all the same", 1_024, 1_000, 1_000),
    ] {
        let datasets: Vec<Rows> = (0..n_datasets).map(|miner| dataset(miner, n_rows, n_pool)).collect();
        let all = best(|| Overlaps::new(black_box(datasets.clone())).map(|all| all.components(100).len()));
        let mut overlaps = Overlaps::new(datasets.clone())?;
        let update = best(|| overlaps.update(7, black_box(dataset(5_000, n_rows, n_pool))));
        println!("{name}: all pairs and groups {:.1} ms, one update {:.2} ms", all * 1e3, update * 1e3);
    }
    let texts: Vec<String> = (0..2_125).map(text).collect();
    let rows: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    println!(
        "near duplicates of 2,125 rows: {:.0} ms",
        best(|| near_duplicates(black_box(&rows), 0.5)) * 1e3
    );
    let file = texts.iter().cycle().take(62_500).map(|text| format!("{text}\n")).collect::<String>();
    let seconds = best(|| identify(black_box(file.as_bytes())));
    println!("62,500 rows, {} bytes, identified: {:.0} ms", file.len(), seconds * 1e3);
    let row = |number: u32| {
        let text = &texts[number as usize % texts.len()];
        let (uid, row_id) = ((number / 250) as u16, RowId::of(text.as_bytes()));
        ExportRow {
            uid,
            hotkey: "5FHneW46",
            coldkey: Some("5CGYyLcr"),
            incentive: Some((number / 250) as u16),
            stake_rao: None,
            repo: "owner/name",
            commit: "main",
            row: number % 250,
            row_id,
            text,
        }
    };
    let rows: Vec<ExportRow<'_>> = (0..62_500).map(row).collect();
    let mut out = Vec::new();
    let seconds = best(|| (out.clear(), write_parquet(&rows, &mut out)));
    println!("62,500 rows to Parquet: {:.0} ms, {} bytes", seconds * 1e3, out.len());
    let seconds = best(|| (out.clear(), write_csv(&rows, &mut out)));
    println!("62,500 rows to CSV: {:.0} ms, {} bytes", seconds * 1e3, out.len());
    Ok(())
}

fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let run = |_| {
        let begin = Instant::now();
        black_box(work());
        begin.elapsed().as_secs_f64()
    };
    (0..5).map(run).fold(f64::INFINITY, f64::min)
}

/// Rows drawn from a pool: each dataset a run of it that begins anywhere.
fn dataset(miner: u32, n_rows: u32, n_pool: u32) -> Rows {
    let from = miner.wrapping_mul(2_654_435_761) % n_pool;
    let id = |row: u32| RowId::of(&((from + row) % n_pool).to_le_bytes());
    Rows { block: u64::from(miner), ids: (0..n_rows).map(id).collect() }
}

/// About 730 bytes of canonical JSON that differ from row to row.
fn text(row: u32) -> String {
    let word = |number: u32| format!("{:x}", number.wrapping_mul(2_654_435_761) >> 12);
    let words = |from: u32| (from..from + 40).map(word).collect::<Vec<_>>().join(" ");
    let turn = |role: &str, from: u32| format!(r#"{{"content": "{}", "role": "{role}"}}"#, words(from));
    let turns = [turn("user", row * 97), turn("assistant", row * 101 + 50)].join(", ");
    format!(r#"{{"conversations": [{turns}], "system": "row {row}"}}"#)
}
