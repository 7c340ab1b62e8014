//! Overlaps counted by the subnet's own function in Python: from the files' bytes to the pairs.

use plimsoll_datasets::overlap::{Overlaps, Rows};
use plimsoll_json::identify;

use super::corpus::Draws;
use super::python::python;

/// 450 files make 101,025 pairs.
const FILES: usize = 450;

/// Rows that say the same in other words, and rows that only seem to.
const SPELLINGS: [&[&str]; 14] = [
    &["1", "1.0", "1e0", "10e-1", "true", "\"1\"", "[1]"],
    &["0", "-0", "0.0", "-0.0", "0e9", "1e-400", "null"],
    &["9007199254740993", "9007199254740993.0", "9007199254740992.0", "9007199254740992"],
    &["1e16", "10000000000000000.0", "10000000000000000", "1E+16"],
    &["NaN", "Infinity", "1e999", "-Infinity", "-1e999"],
    &["0.1", "0.10", "1e-1", "0.1000000000000000055511151231257827", "0.10000000000000002"],
    &["\"é\"", "\"\\u00e9\"", "\"\\u00E9\"", "\"e\u{301}\""],
    &["\"\u{1F600}\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"", "\"\\ud83d\"", "\"\\ude00\\ud83d\""],
    &["\"/\"", "\"\\/\"", "\"\\u002f\"", "\"\\\\/\""],
    &[
        "{\"a\":1,\"b\":2}",
        "{\"b\":2,\"a\":1}",
        "{\"a\":2,\"b\":1}",
        "{\"b\":0,\"a\":1,\"b\":2}",
        "{\"\\u0061\":1,\"b\":2}",
    ],
    &[
        "{\"\u{1F600}\":1,\"\u{E000}\":2}",
        "{\"\u{E000}\":2,\"\u{1F600}\":1}",
        "{\"\\ud83d\\ude00\":1,\"\\ue000\":2}",
    ],
    &[
        "{\"role\":\"user\",\"content\":\"x\"}",
        " {\"content\": \"x\", \"role\": \"user\"}\u{3000}",
        "{\"content\":\"X\",\"role\":\"user\"}",
    ],
    &["[ ]", "[]", "{}", "{ }", "\"\"", "[[]]"],
    &[
        "[{\"z\":[1,{\"y\":0,\"x\":1}]}]",
        "[{\"z\":[1,{\"x\":1,\"y\":0}]}]",
        "[{\"z\":[{\"x\":1,\"y\":0},1]}]",
    ],
];

fn file(draws: &mut Draws) -> String {
    let mut row = |_| {
        let spellings = SPELLINGS[draws.below(SPELLINGS.len())];
        let ending = ["\n", "\r\n", "\r", "\n\n", "\n \t\n"][draws.below(5)];
        [spellings[draws.below(spellings.len())], ending].concat()
    };
    let n_rows = 20;
    (0..n_rows).map(&mut row).collect()
}

#[test]
fn all_pairs_agree_with_the_subnets_own_function() {
    let mut draws = Draws(33);
    let files: Vec<String> = (0..FILES).map(|_| file(&mut draws)).collect();
    let program = r#"
import io, json, struct, sys
def rows(file):
    lines = io.TextIOWrapper(io.BytesIO(file), encoding="utf-8")
    return {json.dumps(json.loads(line.strip()), sort_keys=True) for line in lines if line.strip()}
files = [rows(file) for file in sys.stdin.buffer.read().split(b"\0")]
for left in range(len(files)):
    for right in range(left):
        sys.stdout.buffer.write(struct.pack("<I", len(files[left] & files[right])))"#;
    let answer = python(program, files.join("\0").as_bytes());
    let read = |file: &String| Rows { block: 0, ids: identify(file.as_bytes()).ids().unwrap() };
    let overlaps = Overlaps::new(files.iter().map(read).collect()).unwrap();
    let (counts, _) = answer.as_chunks::<4>();
    assert_eq!(counts.len(), FILES * (FILES - 1) / 2);
    let mut counts = counts.iter().map(|count| u32::from_le_bytes(*count));
    let mut n_different = [0; 21];
    for left in 0..FILES {
        for right in 0..left {
            let n_shared = counts.next().unwrap();
            assert_eq!(overlaps.shared(left, right), n_shared, "{:?}\n{:?}", files[left], files[right]);
            n_different[n_shared as usize] += 1;
        }
    }
    assert!(n_different.iter().filter(|times| **times > 100).count() > 5, "{n_different:?}");
}
