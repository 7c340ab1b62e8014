//! A row for people: a conversation as one, anything else as JSON in lines.

use maud::{Markup, html};
use plimsoll_json::{Document, JsonError, Parser, Value};

use super::text::{Said, cut, left_out};

/// How much of a text is shown.
const MOST_CHARS: usize = 20_000;
/// How many members or turns are shown.
const MOST_TURNS: usize = 200;
/// Deeper lines are not moved further to the right.
const MOST_INDENT: usize = 20;

/// A row's content.
pub(super) fn row(parser: &mut Parser, line: &[u8]) -> Markup {
    match parser.parse(line) {
        Ok(document) => conversation(&document).unwrap_or_else(|| json(line)),
        Err(error) => broken(line, error),
    }
}

fn broken(line: &[u8], error: JsonError) -> Markup {
    html! {
        p.warn { "This is no row: " (error) "." }
        (text(&String::from_utf8_lossy(line)))
    }
}

fn json(line: &[u8]) -> Markup {
    text(&in_lines(&String::from_utf8_lossy(line)))
}

/// A text as it is, in its own direction.
pub(super) fn text(whole: &str) -> Markup {
    let (shown, n_left_out) = cut(whole, MOST_CHARS);
    html! { pre.said dir="auto" { (Said(shown)) } (left_out(n_left_out)) }
}

/// `system` and `conversations` of `role` and `content`, and whatever else the row holds; nothing where it is no such
/// row.
fn conversation(document: &Document<'_>) -> Option<Markup> {
    let row = document.value().object()?;
    let turns = row.get("conversations")?.list()?;
    let mut said: Vec<(String, String)> = Vec::new();
    for turn in turns.iter().take(MOST_TURNS + 1) {
        let turn = turn.object().filter(|turn| turn.n_members() == 2)?;
        said.push((decoded(turn.get("role")?)?, decoded(turn.get("content")?)?));
    }
    let is_cut = said.len() > MOST_TURNS;
    said.truncate(MOST_TURNS);
    let mut members: Vec<(String, String)> = Vec::new();
    for (name, value) in row.iter().take(MOST_TURNS) {
        if !name.is("conversations") {
            members.push((name.decode().ok()?.into_owned(), plain(value)?));
        }
    }
    Some(html! {
        dl.talk {
            @for (name, value) in members.iter().chain(&said) {
                dt { (Said(cut(name, 60).0)) }
                dd { (text(value)) }
            }
        }
        @if is_cut { p.soft { "… more turns than are shown." } }
    })
}

fn decoded(value: Value<'_>) -> Option<String> {
    value.text()?.decode().ok().map(std::borrow::Cow::into_owned)
}

/// A member that is a word or a number; lists and objects are shown with the whole row.
fn plain(value: Value<'_>) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Truth(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(String::from_utf8_lossy(number).into_owned()),
        Value::Text(_) => decoded(value),
        Value::List(_) | Value::Object(_) => None,
    }
}

/// JSON with a line for every member and item. What stands within quotes stays as it is; nothing here recurses.
pub(super) fn in_lines(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 5 / 4);
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    while let Some(c) = characters.next() {
        if is_quoted {
            out.push(c);
            is_quoted = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                while characters.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                out.push(c);
                if let Some(end) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    begin_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                begin_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                begin_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                is_quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn begin_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(MOST_INDENT)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_gets_a_line_for_every_member_and_strings_stay() {
        let lines = in_lines(r#"{"a": [1,{}, [ ]], "b{,\"": "x: [y]\\"}"#);
        let wanted =
            ["{", "  \"a\": [", "    1,", "    {},", "    []", "  ],", r#"  "b{,\"": "x: [y]\\""#, "}"];
        assert_eq!(lines.lines().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_conversation_is_shown_as_one_and_anything_else_as_json() {
        let mut parser = Parser::new();
        let shown = |parser: &mut Parser, line: &str| row(parser, line.as_bytes()).0;
        let talk = r#"{"system": null, "conversations": [{"role": "user", "content": "a<b>\n\u00e9"}]}"#;
        let talk = shown(&mut parser, talk);
        assert!(talk.contains("<dt>user</dt>") && talk.contains("a&lt;b&gt;\né"), "{talk}");
        assert!(talk.contains("<dt>system</dt>"), "{talk}");
        for other in [
            r#"{"conversations": [{"role": "user", "content": 1}]}"#,
            r#"{"conversations": [{"role": "user", "content": "\ud800"}]}"#,
            r#"{"conversations": [], "more": [1]}"#,
            "[1]",
        ] {
            let shown = shown(&mut parser, other);
            assert!(shown.starts_with("<pre") && !shown.contains("<dl"), "{shown}");
        }
        assert!(shown(&mut parser, "{\"a\": <script>").contains("This is no row"));
        assert!(shown(&mut parser, &"[".repeat(5000)).contains("This is no row"));
    }

    proptest! {
        #[test]
        fn lines_change_blanks_between_tokens_and_nothing_else(value in "[\\[\\]{},:\"a1 \\\\]{0,60}") {
            let _ = in_lines(&value);
        }

        #[test]
        fn what_is_json_stays_the_same_row(keys in proptest::collection::vec("[ -~é]{0,8}", 0..6), number: i64) {
            let value = serde_json::json!({ "keys": keys, "number": number, "none": {}, "deep": [[[keys]]] });
            let line = value.to_string();
            let read: serde_json::Value = serde_json::from_str(&in_lines(&line)).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
