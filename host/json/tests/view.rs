//! A row looked at without copying: what a schema check needs.

use plimsoll_json::{LoneSurrogate, Parser, Value};

#[test]
fn a_conversation_is_walked_member_by_member() {
    let line = r#"{"system": null, "conversations": [{"role": "user", "content": "h\u00e9\n"}, {"role": "assistant",
        "content": "\u0068o", "content": "last"}], "n": 1e2}"#;
    let mut parser = Parser::new();
    let row = parser.parse(line.as_bytes()).unwrap().value().object().unwrap();
    assert!(matches!(row.get("system"), Some(Value::Null)));
    assert!(matches!(row.get("n"), Some(Value::Number(b"100.0"))));
    assert!(row.get("absent").is_none());
    assert_eq!(row.n_members(), 3);
    let turns = row.get("conversations").unwrap().list().unwrap();
    let said = |name: &'static str| {
        let text = move |turn: Value<'_>| {
            turn.object()?.get(name)?.text()?.decode().ok().map(|text| text.into_owned())
        };
        turns.iter().map(text).collect::<Option<Vec<_>>>().unwrap()
    };
    assert_eq!(said("role"), ["user", "assistant"]);
    assert_eq!(said("content"), ["hé\n", "last"]);
    assert!(row.get("n").unwrap().text().is_none() && row.get("n").unwrap().list().is_none());
}

#[test]
fn names_are_found_however_they_were_written() {
    let mut parser = Parser::new();
    let line = "{\"\\u0072ole\": true, \"\u{1F600}\": false, \"\u{E000}\": [[], [1, [2]], 3]}";
    let row = parser.parse(line.as_bytes()).unwrap().value().object().unwrap();
    assert!(matches!(row.get("role"), Some(Value::Truth(true))));
    assert!(matches!(row.get("\u{1F600}"), Some(Value::Truth(false))));
    let items = row.get("\u{E000}").unwrap().list().unwrap();
    assert_eq!(items.iter().count(), 3);
    assert!(items.iter().next().unwrap().list().unwrap().is_empty());
    let names: Vec<_> = row.iter().map(|(name, _)| name.decode().unwrap().into_owned()).collect();
    assert_eq!(names, ["role", "\u{E000}", "\u{1F600}"]);
}

#[test]
fn a_lone_surrogate_is_told_and_its_code_points_are_still_there() {
    let mut parser = Parser::new();
    let text = parser.parse(br#""a\ud83d""#).unwrap().value().text().unwrap();
    assert_eq!(text.decode().unwrap_err(), LoneSurrogate(0xD83D));
    assert_eq!(
        text.decode().unwrap_err().to_string(),
        "the string holds the lone surrogate U+D83D, which no UTF-8 text can"
    );
    assert_eq!(text.code_points().collect::<Vec<_>>(), [0x61, 0xD83D]);
    assert!(!text.is("a") && !text.is_empty());
    assert_eq!(text.escaped(), b"a\\ud83d");
}

#[test]
fn the_texts_of_a_row_are_its_values_and_not_its_names() {
    let mut parser = Parser::new();
    let row = parser.parse(br#"{"b": ["x", {"c": "y"}], "a": "z", "n": 1}"#).unwrap();
    let texts: Vec<_> = row.texts().map(|text| text.decode().unwrap().into_owned()).collect();
    assert_eq!(texts, ["x", "y", "z"]);
}
