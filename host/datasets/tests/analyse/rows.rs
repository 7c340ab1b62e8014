use std::collections::{BTreeMap, HashSet};

use plimsoll_datasets::analyse::{Analysis, LongestRow, Role, Script};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_dataset_is_counted_row_by_row() {
    let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
    let rows = [
        json!({ "system": "Sea", "conversations": [turn("user", "Tide?"), turn("assistant", "High.")] }),
        json!({ "conversations": [turn("user", "Alone")] }),
        json!({ "system": null, "conversations": [turn("assistant", " \n"), turn("captain", "Aye"), json!(7), json!({})] }),
        json!({ "conversations": [] }),
        json!({ "text": "да", "tags": ["x", 3] }),
        json!(5),
    ];
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    let again = lines[0].replace(':', " :  ");
    let file = format!("{}\n\n{{\"oops\n {again} \r\n", lines.join("\n"));
    let found = Analysis::of_file(file.as_bytes());
    assert_eq!(found.file_bytes, file.len() as u64);
    assert_eq!((found.n_rows(), found.n_distinct(), found.n_repeated(), found.n_unreadable), (7, 6, 1, 1));
    assert_eq!((found.n_conversations(), found.n_odd, found.n_out_of_order, found.n_empty), (5, 1, 1, 3));
    assert_eq!((found.turns.percentile(50), found.turns.max()), (Some(2), Some(4)));
    let roles = [(Role::User, 3), (Role::Assistant, 3), (Role::Other, 3)];
    assert_eq!(found.roles, BTreeMap::from(roles));
    // "Sea", "Tide?", "High." twice; "Alone"; " \n", "Aye"; "да", "x".
    assert_eq!((found.text.n_characters, found.text.n_bytes), (26 + 5 + 5 + 3, 26 + 5 + 5 + 5));
    assert_eq!(found.text.letters(Script::Cyrillic), 2);
    let longest = LongestRow { file: 0, line: 9, bytes: again.len() as u64 };
    assert_eq!(found.longest, Some(longest));
}

#[test]
fn what_is_no_text_is_counted_too() {
    let empty = Analysis::of_file(b"");
    assert_eq!(empty, Analysis::default());
    let noise = Analysis::of_file(b"\xff\xfe\n\xef\xbb\xbf{}\n[1, NaN]\n");
    assert_eq!((noise.n_rows(), noise.n_unreadable, noise.n_conversations()), (1, 2, 0));
    // Half of a surrogate pair, as Python writes it.
    let lone = Analysis::of_file(br#"{"conversations": [{"role": "user", "content": "\ud800"}]}"#);
    assert_eq!((lone.text.n_characters, lone.text.n_bytes, lone.n_empty), (1, 0, 0));
}

/// A row as it was meant.
#[derive(Debug, Clone)]
enum Meant {
    Turns(Option<String>, Vec<(u8, String)>),
    Texts(Vec<String>),
    Unreadable,
}

const ROLES: [&str; 5] = ["user", "assistant", "system", "tool", "pilot"];

impl Meant {
    fn line(&self) -> String {
        match self {
            Self::Turns(system, turns) => {
                let turn = |(role, content): &(u8, String)| json!({ "role": ROLES[usize::from(*role)], "content": content });
                let turns: Vec<Value> = turns.iter().map(turn).collect();
                json!({ "system": system, "conversations": turns }).to_string()
            }
            Self::Texts(texts) => json!({ "texts": texts }).to_string(),
            Self::Unreadable => "{]".to_owned(),
        }
    }

    fn texts(&self) -> Vec<&String> {
        match self {
            Self::Turns(system, turns) => {
                system.iter().chain(turns.iter().map(|(_, content)| content)).collect()
            }
            Self::Texts(texts) => texts.iter().collect(),
            Self::Unreadable => Vec::new(),
        }
    }

    fn turns(&self) -> Option<&Vec<(u8, String)>> {
        if let Self::Turns(_, turns) = self { Some(turns) } else { None }
    }
}

fn meant() -> impl Strategy<Value = Meant> {
    let text = || "[ a-zа-я是\\n\"\\\\😀]{0,4}";
    let turns = || prop::collection::vec((0_u8..5, text()), 0..4);
    prop_oneof![
        6 => (prop::option::of(text()), turns()).prop_map(|(system, turns)| Meant::Turns(system, turns)),
        2 => prop::collection::vec(text(), 0..3).prop_map(Meant::Texts),
        1 => Just(Meant::Unreadable),
    ]
}

fn file(rows: &[Meant]) -> String {
    rows.iter().map(|row| row.line() + "\n").collect()
}

proptest! {
    #[test]
    fn counts_are_those_of_what_was_meant(rows in prop::collection::vec(meant(), 0..30)) {
        let found = Analysis::of_file(file(&rows).as_bytes());
        let readable: Vec<&Meant> = rows.iter().filter(|row| !matches!(row, Meant::Unreadable)).collect();
        let turns: Vec<_> = rows.iter().filter_map(Meant::turns).collect();
        let texts: Vec<&String> = readable.iter().flat_map(|row| row.texts()).collect();
        prop_assert_eq!(found.n_rows() as usize, readable.len());
        prop_assert_eq!(found.n_unreadable as usize, rows.len() - readable.len());
        let different: HashSet<String> = readable.iter().map(|row| row.line()).collect();
        prop_assert_eq!(found.n_distinct() as usize, different.len());
        prop_assert_eq!(found.n_conversations() as usize, turns.len());
        prop_assert_eq!(found.n_odd as usize, turns.iter().filter(|turns| turns.len() % 2 == 1).count());
        let in_order = |turns: &&&Vec<(u8, String)>| turns.iter().zip(0..).all(|((role, _), at): (_, u8)| *role == at % 2);
        prop_assert_eq!(found.n_out_of_order as usize, turns.len() - turns.iter().filter(in_order).count());
        let empty = turns.iter().copied().flatten().filter(|(_, content)| content.trim().is_empty()).count();
        prop_assert_eq!(found.n_empty as usize, empty);
        for (role, name) in Role::ALL.into_iter().zip(0_u8..) {
            let count = turns.iter().copied().flatten().filter(|(role, _)| *role == name).count();
            prop_assert_eq!(found.roles.get(&role).copied().unwrap_or(0) as usize, count);
        }
        prop_assert_eq!(found.text.n_bytes as usize, texts.iter().map(|text| text.len()).sum::<usize>());
        let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
        prop_assert_eq!(found.text.n_characters as usize, characters);
        let longest = readable.iter().map(|row| row.line().len() as u64).max();
        prop_assert_eq!(found.longest.map(|longest| longest.bytes), longest);
        prop_assert_eq!(found.row_bytes.max(), longest);
    }

    #[test]
    fn datasets_joined_are_counted_as_one_file_of_all_their_rows(
        files in prop::collection::vec(prop::collection::vec(meant(), 0..8), 0..5),
    ) {
        let mut joined = Analysis::default();
        for (number, rows) in files.iter().enumerate() {
            joined.join(&Analysis::of_file(file(rows).as_bytes()), number);
        }
        let mut whole = Analysis::of_file(file(&files.concat()).as_bytes());
        // The row is the same, but its line is counted in its own file.
        let bytes = |of: &Analysis| of.longest.map(|longest| longest.bytes);
        prop_assert_eq!(bytes(&joined), bytes(&whole));
        if let Some(LongestRow { file: at, line, bytes }) = joined.longest {
            prop_assert_eq!(files[at][line - 1].line().len() as u64, bytes);
        }
        whole.longest = joined.longest;
        prop_assert_eq!(joined, whole);
    }
}
