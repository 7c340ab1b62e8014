//! How fast rows are made canonical and identified: rows of a real dataset's shape, one thread, the best of five.

use std::hint::black_box;
use std::time::Instant;

use plimsoll_json::{Parser, identify};

#[expect(clippy::print_stdout, reason = "a measuring program")]
fn main() {
    for (name, word) in [
        ("ascii", "a plain word "),
        ("escapes", "a \\\"word\\\"\\n"),
        ("accents", "déjà vu là "),
        ("han", "漢字仮名"),
    ] {
        let file = dataset(word);
        let seconds = |mut work: Box<dyn FnMut() + '_>| {
            let run = |_| {
                let begin = Instant::now();
                work();
                begin.elapsed().as_secs_f64()
            };
            (0..5).map(run).fold(f64::INFINITY, f64::min)
        };
        let mut parser = Parser::new();
        let mut out = Vec::new();
        let printed = seconds(Box::new(|| {
            for line in plimsoll_json::lines(&file) {
                out.clear();
                if let Ok(document) = parser.parse(line.bytes) {
                    document.canonical_into(&mut out);
                }
                black_box(&out);
            }
        }));
        let identified = seconds(Box::new(|| drop(black_box(identify(&file)))));
        let rate = |seconds: f64| file.len() as f64 / seconds / 1e6;
        println!("{name:8} canonical {:6.0} MB/s, rows and ids {:6.0} MB/s", rate(printed), rate(identified));
    }
}

/// 40,000 rows of about 730 bytes: a system prompt, three turns.
fn dataset(word: &str) -> Vec<u8> {
    let turn =
        |role: &str, times: usize| format!(r#"{{"role": "{role}", "content": "{}"}}"#, word.repeat(times));
    let row = |number: usize| {
        let turns = [turn("user", 12), turn("assistant", 20), turn("user", 8)].join(", ");
        format!(r#"{{"system": "row {number}", "conversations": [{turns}]}}{}"#, '\n')
    };
    (0..40_000).map(row).collect::<String>().into_bytes()
}
