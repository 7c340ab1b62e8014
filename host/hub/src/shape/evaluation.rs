//! The rows of the evaluation set: dialogues of made-up words.

use serde_json::json;

use super::chance::Chance;

/// Where the evaluation set is.
pub const EVALUATION_REPO: &str = "flock-io/flock-off-s1-character-roleplay";
/// At which commit.
pub const EVALUATION_COMMIT: &str = "784fbf1e78d16c512750e3bb5391fa6b338818ae";

/// Rows in the evaluation set.
pub(super) const ROWS: usize = 5301;
/// A row's bytes with its line end: 250 of them are 181,530 bytes on average.
const ROW_BYTES: usize = 726;
const SYLLABLES: [&str; 24] = [
    "ka", "ro", "mi", "ten", "sol", "va", "lu", "eth", "or", "an", "bel", "dis", "fen", "gar", "hul", "is",
    "jo", "ne", "pra", "qui", "ra", "sha", "um", "zo",
];

/// The rows of the evaluation set in order, each without its line end.
pub fn evaluation_rows(seed: u64) -> Vec<String> {
    (0..ROWS).map(|n| row(&mut Chance::new(seed, &format!("row {n}")))).collect()
}

fn row(chance: &mut Chance) -> String {
    let wanted = ROW_BYTES - 120 + chance.below(241);
    let turns = 1 + chance.below(3);
    let system = format!("You are {}, {}.", name(chance), text(chance, 60));
    let mut conversations = Vec::new();
    for _ in 0..turns {
        conversations.push(json!({ "role": "user", "content": text(chance, 40) }));
        conversations.push(json!({ "role": "assistant", "content": "" }));
    }
    let frame = json!({ "system": system, "conversations": conversations }).to_string().len() + 1;
    let each = wanted.saturating_sub(frame) / turns;
    for said in conversations.iter_mut().skip(1).step_by(2) {
        *said = json!({ "role": "assistant", "content": text(chance, each) });
    }
    json!({ "system": system, "conversations": conversations }).to_string()
}

fn name(chance: &mut Chance) -> String {
    let word = word(chance);
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn word(chance: &mut Chance) -> String {
    (0..=chance.below(3)).filter_map(|_| SYLLABLES.get(chance.below(SYLLABLES.len()))).copied().collect()
}

/// Words of exactly `len` ASCII bytes in all.
fn text(chance: &mut Chance, len: usize) -> String {
    let mut text = name(chance);
    while text.len() < len {
        text.push(' ');
        text.push_str(&word(chance));
    }
    text.truncate(len);
    text
}
