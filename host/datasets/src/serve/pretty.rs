//! A row for people: a conversation as one, anything else as JSON in lines.

use std::borrow::Cow;

use maud::{Markup, html};
use plimsoll_json::{Document, JsonError, Parser, Value};

use super::text::{ROW_CHARS, Room, Said, count, cut, left_out};

/// How many members and how many turns are shown.
const MOST_TURNS: usize = 200;
/// Deeper lines are not moved further to the right.
const MOST_INDENT: usize = 20;

/// A row's content, as much of it as a page has room for.
pub(super) fn row(parser: &mut Parser, line: &[u8]) -> Markup {
    let mut room = Room::of(ROW_CHARS);
    match parser.parse(line) {
        Ok(document) => conversation(&document, &mut room).unwrap_or_else(|| json(line, &mut room)),
        Err(error) => broken(line, error, &mut room),
    }
}

fn broken(line: &[u8], error: JsonError, room: &mut Room) -> Markup {
    let (begin, n_behind) = as_text(line);
    html! {
        p.warn { "This is no row: " (error) "." }
        (text(&begin, room)) (left_out(n_behind))
    }
}

fn json(line: &[u8], room: &mut Room) -> Markup {
    let (whole, n_behind) = as_text(line);
    let (lines, n_left_out) = in_lines(&whole, ROW_CHARS);
    let (shown, n_cut) = room.cut(&lines);
    html! { pre.said dir="auto" { (Said(shown)) } (left_out(n_cut + n_left_out + n_behind)) }
}

/// A line as text. Of one that is not UTF-8 only the beginning, as each wrong byte becomes three, and how many bytes are
/// behind that.
pub(super) fn as_text(line: &[u8]) -> (Cow<'_, str>, usize) {
    if let Ok(text) = std::str::from_utf8(line) {
        return (Cow::Borrowed(text), 0);
    }
    let (begin, behind) = line.split_at(line.len().min(4 * ROW_CHARS));
    (String::from_utf8_lossy(begin), behind.len())
}

/// A text as it is, in its own direction.
fn text(whole: &str, room: &mut Room) -> Markup {
    let (shown, n_left_out) = room.cut(whole);
    html! { pre.said dir="auto" { (Said(shown)) } (left_out(n_left_out)) }
}

/// `system` and `conversations` of `role` and `content`, and whatever else the row holds; nothing where it is no such
/// row.
fn conversation(document: &Document<'_>, room: &mut Room) -> Option<Markup> {
    let row = document.value().object()?;
    let turns = row.get("conversations")?.list()?;
    let (mut said, mut n_turns) = (Vec::new(), 0);
    for turn in turns.iter() {
        let turn = turn.object().filter(|turn| turn.n_members() == 2)?;
        let (role, content) = (turn.get("role")?.text()?, turn.get("content")?.text()?);
        if said.len() < MOST_TURNS {
            said.push((role.decode().ok()?.into_owned(), content.decode().ok()?.into_owned()));
        }
        n_turns += 1;
    }
    let (mut members, mut n_members) = (Vec::new(), 0);
    for (name, value) in row.iter().filter(|(name, _)| !name.is("conversations")) {
        let value = plain(value)?;
        if members.len() < MOST_TURNS {
            members.push((name.decode().ok()?.into_owned(), value));
        }
        n_members += 1;
    }
    let members = (n_members > 0).then(|| part("Members beside the conversation", &members, n_members, room));
    Some(html! {
        @if let Some(members) = members { (members) }
        (part("The conversation", &said, n_turns, room))
    })
}

/// Names and texts under a title of their own, so that no member passes for a turn.
fn part(title: &str, texts: &[(String, String)], n_texts: usize, room: &mut Room) -> Markup {
    let mut shown = Vec::new();
    for (name, whole) in texts {
        if room.is_spent() {
            break;
        }
        let (name, n_cut) = cut(name, 60);
        shown.push(html! { dt { (Said(name)) @if n_cut > 0 { "…" } } dd { (text(whole, room)) } });
    }
    html! {
        p.soft { (title) ": " (count(n_texts, "text")) "." }
        dl.talk { @for text in &shown { (text) } }
        @if n_texts > shown.len() { p.soft { "… " (count(n_texts - shown.len(), "further text")) " not shown." } }
    }
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

/// JSON with a line for every member and item, up to so many characters, and how many of its own were left out. What
/// stands within quotes stays as it is; nothing here recurses.
pub(super) fn in_lines(json: &str, most_chars: usize) -> (String, usize) {
    let mut lines = Lines::default();
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut characters = json.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if lines.n_chars >= most_chars {
            return (lines.text, json[at..].chars().count());
        }
        if is_quoted {
            lines.push(c);
            is_quoted = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                while characters.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
                lines.push(c);
                match characters.next_if(|(_, c)| matches!(c, '}' | ']')) {
                    Some((_, end)) => lines.push(end),
                    None => lines.begin(lines.depth + 1),
                }
            }
            '}' | ']' => {
                lines.begin(lines.depth.saturating_sub(1));
                lines.push(c);
            }
            ',' => {
                lines.push(c);
                lines.begin(lines.depth);
            }
            ':' => [':', ' '].into_iter().for_each(|c| lines.push(c)),
            _ => {
                is_quoted = c == '"';
                lines.push(c);
            }
        }
    }
    (lines.text, 0)
}

/// What is written in lines so far.
#[derive(Default)]
struct Lines {
    text: String,
    n_chars: usize,
    depth: usize,
}

impl Lines {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.n_chars += 1;
    }

    fn begin(&mut self, depth: usize) {
        self.depth = depth;
        self.push('\n');
        (0..2 * depth.min(MOST_INDENT)).for_each(|_| self.push(' '));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_gets_a_line_for_every_member_and_strings_stay() {
        let (lines, n_left_out) = in_lines(r#"{"a": [1,{}, [ ]], "b{,\"": "x: [y]\\"}"#, ROW_CHARS);
        assert_eq!(n_left_out, 0);
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

    #[test]
    fn a_member_does_not_pass_for_a_turn_and_what_is_not_shown_is_told() {
        let turn = r#"{"role": "user", "content": "asked"}"#;
        let line = format!(r#"{{"assistant": "planted", "conversations": [{turn}]}}"#);
        let shown = row(&mut Parser::new(), line.as_bytes()).0;
        let at = |text: &str| shown.find(text).unwrap();
        assert!(at("Members beside the conversation") < at("planted"), "{shown}");
        assert!(
            at("planted") < at("The conversation: 1 text") && at("The conversation") < at("asked"),
            "{shown}"
        );
        assert_eq!(shown.matches("<dl").count(), 2);

        let members: Vec<String> = (0..203).map(|number| format!("\"m{number}\": {number}")).collect();
        let line = format!(r#"{{{}, "conversations": [{}]}}"#, members.join(","), [turn; 209].join(","));
        let shown = row(&mut Parser::new(), line.as_bytes()).0;
        assert!(shown.contains("203 texts") && shown.contains("… 3 further texts not shown"), "{shown}");
        assert!(shown.contains("209 texts") && shown.contains("… 9 further texts not shown"), "{shown}");
    }

    #[test]
    fn no_row_becomes_a_page_that_is_too_long() {
        let turn = |text: &str| format!(r#"{{"role": "user", "content": "{}"}}"#, text.repeat(3_000));
        let rows = ["\u{7f}", "\u{7f}\u{80}", "&", "字"].map(|text| {
            format!(r#"{{"conversations": [{}]}}"#, vec![turn(text); 200].join(",")).into_bytes()
        });
        let mut parser = Parser::new();
        for line in rows {
            let shown = row(&mut parser, &line).0;
            assert!(shown.len() < 200_000, "{}", shown.len());
            assert!(shown.contains("further characters") && shown.contains("further texts"), "{shown}");
        }
        for line in [b"[1,".repeat(100_000), b"\xff".repeat(1 << 20)] {
            assert!(row(&mut parser, &line).0.len() < 200_000);
        }
    }

    #[test]
    fn lines_end_where_there_is_no_more_room() {
        let deep = format!("{}{}", "[".repeat(20), "1,".repeat(1 << 20));
        let (lines, n_left_out) = in_lines(&deep, 1_000);
        assert!((1_000..1_100).contains(&lines.len()), "{}", lines.len());
        let n_shown = lines.chars().filter(|c| !c.is_whitespace()).count();
        assert_eq!(n_shown + n_left_out, deep.len());
    }

    /// A text without the blanks outside of quotes.
    fn without_blanks(text: &str) -> String {
        let (mut is_quoted, mut is_escaped) = (false, false);
        let is_kept = |c: &char| {
            let is_within = is_quoted;
            is_quoted = if is_quoted { is_escaped || *c != '"' } else { *c == '"' };
            is_escaped = is_within && !is_escaped && *c == '\\';
            is_within || !c.is_ascii_whitespace()
        };
        text.chars().filter(is_kept).collect()
    }

    proptest! {
        #[test]
        fn lines_change_blanks_between_tokens_and_nothing_else(value in "[\\[\\]{},:\"a1 \\\\]{0,60}") {
            let (lines, n_left_out) = in_lines(&value, usize::MAX);
            prop_assert_eq!((without_blanks(&lines), n_left_out), (without_blanks(&value), 0));
        }

        #[test]
        fn what_is_json_stays_the_same_row(keys in proptest::collection::vec("[ -~é]{0,8}", 0..6), number: i64) {
            let value = serde_json::json!({ "keys": keys, "number": number, "none": {}, "deep": [[[keys]]] });
            let line = value.to_string();
            let read: serde_json::Value = serde_json::from_str(&in_lines(&line, usize::MAX).0).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
