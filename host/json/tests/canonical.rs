//! The canonical text, pair by pair, and the laws that any text obeys.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use plimsoll_json::{
    JsonError, MAX_LINE_BYTES, MAX_NESTING, MAX_TEXT_BYTES, MAX_VALUES, Parser, RowId, canonical,
    canonical_into, quote,
};
use proptest::prelude::*;

fn printed(line: &str) -> String {
    String::from_utf8(canonical(line.as_bytes()).unwrap()).unwrap()
}

fn refused(line: &[u8]) -> String {
    canonical(line).unwrap_err().to_string()
}

/// Pairs that CPython 3.11.7 prints.
#[test]
fn numbers_are_printed_as_python_prints_them() {
    for (line, wanted) in [
        ("1", "1"),
        ("1.0", "1.0"),
        ("1e0", "1.0"),
        ("100e-2", "1.0"),
        ("1e15", "1000000000000000.0"),
        ("1e16", "1e+16"),
        ("0.00001", "1e-05"),
        ("0.0001", "0.0001"),
        ("123456789012345680.0", "1.2345678901234568e+17"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("9007199254740993", "9007199254740993"),
        ("-0.0", "-0.0"),
        ("-0", "0"),
        ("-0e5", "-0.0"),
        ("1e400", "Infinity"),
        ("-1e400", "-Infinity"),
        ("1e-400", "0.0"),
        ("-1e-400", "-0.0"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5.684341886080801486968994140625e-14", "5.684341886080802e-14"),
        ("1e23", "1e+23"),
        ("1793584674451999.25", "1793584674451999.2"),
        ("1793584674451999.75", "1793584674451999.8"),
        ("12.5E+1", "125.0"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
    ] {
        assert_eq!(printed(line), wanted, "{line}");
    }
    let big = format!("-{}", "7".repeat(4_300));
    assert_eq!(printed(&big), big);
}

#[test]
fn strings_are_printed_as_python_prints_them() {
    for (line, wanted) in [
        (r#""\u00E9""#, r#""\u00e9""#),
        ("\"é\"", r#""\u00e9""#),
        ("\"\u{1F600}\"", r#""\ud83d\ude00""#),
        (r#""\uD83D\uDE00""#, r#""\ud83d\ude00""#),
        (r#""\uD83D""#, r#""\ud83d""#),
        (r#""\uDE00\uD83D""#, r#""\ude00\ud83d""#),
        (r#""\/""#, r#""/""#),
        (r#""\u002f\u0041\u0022\u005c""#, r#""/A\"\\""#),
        (r#""\u0008\u0009\u000a\u000c\u000d\u001f""#, r#""\b\t\n\f\r\u001f""#),
        ("\"\u{7f}\"", r#""\u007f""#),
        (r#""\u007E\u007F""#, r#""~\u007f""#),
        ("\"e\u{301}\"", r#""e\u0301""#),
        ("\"\u{feff}\"", r#""\ufeff""#),
    ] {
        assert_eq!(printed(line), wanted, "{line}");
    }
}

#[test]
fn keys_are_sorted_by_code_point_at_every_level_and_the_last_of_doubles_wins() {
    for (line, wanted) in [
        ("{\"\u{E000}\":1,\"\u{1F600}\":2}", r#"{"\ue000": 1, "\ud83d\ude00": 2}"#),
        ("{\"\u{1F600}\":2,\"\u{E000}\":1}", r#"{"\ue000": 1, "\ud83d\ude00": 2}"#),
        (
            r#"{"b":{"d":[{"z":1,"a":{}}],"c":[]},"a":null}"#,
            r#"{"a": null, "b": {"c": [], "d": [{"a": {}, "z": 1}]}}"#,
        ),
        (r#"{"a":1,"b":2,"\u0061":{"x":[]},"b":3}"#, r#"{"a": {"x": []}, "b": 3}"#),
        (r#"{"a":1,"a":2,"a":3}"#, r#"{"a": 3}"#),
        (r#"{"":1,"A":2,"a":3,"AA":4}"#, r#"{"": 1, "A": 2, "AA": 4, "a": 3}"#),
        (" [ 1 ,\t{ } ,\r\n[ ] ] ", "[1, {}, []]"),
        ("true", "true"),
    ] {
        assert_eq!(printed(line), wanted, "{line}");
    }
}

#[test]
fn what_python_refuses_is_refused_with_a_place_and_a_reason() {
    for (line, wanted) in [
        ("", "byte 0: expected a value, found the end"),
        ("+1", "byte 0: expected a value, found `+`"),
        ("01", "byte 1: expected the end, found `1`"),
        (".5", "byte 0: expected a value, found `.`"),
        ("1.", "byte 2: expected a digit, found the end"),
        ("1e+", "byte 3: expected a digit, found the end"),
        ("-", "byte 1: expected a digit, found the end"),
        ("-NaN", "byte 1: expected a digit, found `N`"),
        ("nan", "byte 0: expected a value, found `n`"),
        ("inf", "byte 0: expected a value, found `i`"),
        ("[1,]", "byte 3: expected a value, found `]`"),
        ("{\"a\":1,}", "byte 7: expected a name in quotes, found `}`"),
        ("{a:1}", "byte 1: expected a name in quotes or `}`, found `a`"),
        ("{\"a\" 1}", "byte 5: expected `:`, found `1`"),
        ("{\"a\":1]", "byte 6: expected `,` or `}`, found `]`"),
        ("[1 2]", "byte 3: expected `,` or `]`, found `2`"),
        ("[1}", "byte 2: expected `,` or `]`, found `}`"),
        ("1 // one", "byte 2: expected the end, found `/`"),
        ("\u{a0}1", "byte 0: expected a value, found byte 0xc2"),
        ("\"a", "byte 0: the string that begins here has no closing quote"),
        (
            "\"a\\",
            "byte 2: not an escape: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits",
        ),
        ("\"\t\"", "byte 1: control byte 0x09 in a string: write it as an escape"),
    ] {
        assert_eq!(refused(line.as_bytes()), wanted, "{line}");
    }
    assert_eq!(canonical(br#""\x41""#), Err(JsonError::Escape { at: 1 }));
    assert_eq!(canonical(br#""\u12g4""#), Err(JsonError::Escape { at: 1 }));
    assert_eq!(refused(b"[\"ab\xff\"]"), "byte 4: not UTF-8");
    assert_eq!(refused(b"\"\xed\xa0\x80\""), "byte 1: not UTF-8");
}

#[test]
fn limits_are_told_with_what_was_found() {
    let digits = "1".repeat(4_301);
    assert_eq!(refused(digits.as_bytes()), "byte 0: an integer of 4301 digits, Python takes at most 4300");
    assert_eq!(printed(&format!("{digits}.0")), "Infinity");
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert_eq!(canonical(&nested(MAX_NESTING)).unwrap(), nested(MAX_NESTING));
    assert_eq!(refused(&nested(MAX_NESTING + 1)), "byte 990: nested deeper than 990 levels");
    assert_eq!(refused(&b"{\"a\":".repeat(1_000_000)), "byte 4950: nested deeper than 990 levels");
    let long = vec![b' '; MAX_LINE_BYTES + 1];
    assert_eq!(refused(&long), "a line of 16777217 bytes, at most 16777216 are read");
}

/// Sorting an object by copying it at each level would take 990 times the line.
#[test]
fn a_deep_line_with_unsorted_keys_is_written_once() {
    let depth = 900;
    let long = "x".repeat(200_000);
    let line = format!("{}\"{long}\"{}", "{\"b\":1,\"a\":".repeat(depth), "}".repeat(depth));
    let wanted = format!("{}\"{long}\"{}", "{\"a\": ".repeat(depth), ", \"b\": 1}".repeat(depth));
    assert_eq!(printed(&line), wanted);
}

#[test]
fn text_is_written_behind_what_is_there_and_an_error_leaves_it_alone() {
    let mut out = b"[".to_vec();
    canonical_into(b"[]", &mut out).unwrap();
    assert_eq!(out, b"[[]");
    canonical_into(b"[1", &mut out).unwrap_err();
    assert_eq!(out, b"[[]");
}

#[test]
fn a_row_is_known_by_its_canonical_text() {
    let mut parser = Parser::new();
    let id = parser.row_id(br#"{"b":1.50,"a":"\u0041"}"#).unwrap();
    assert_eq!(id, RowId::of(br#"{"a": "A", "b": 1.5}"#));
    assert_eq!(id, parser.row_id(br#" {"a":"A" , "b":15e-1}"#).unwrap());
    assert_eq!(parser.row_id(b"{ }").unwrap(), RowId::of(b"{}"));
}

/// Text that is JSON or nearly so.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        4 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\":", "\"b\":", "\"\"", " "]),
        1 => prop::sample::select(vec!["\\u", "d83d", "\\ude00", "\\n", "\\/", "é", "\u{1F600}", "\u{7f}", "\u{1}"]),
        2 => prop::sample::select(vec!["1", "-", "0", ".", "e", "E+", "9007199254740993", "NaN", "-Infinity", "null"]),
    ];
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// JSON of any shape.
fn json() -> impl Strategy<Value = String> {
    let text = || {
        "[ -~é\u{E000}\u{1F600}]{0,6}".prop_map(|text| {
            let mut quoted = Vec::new();
            quote(&text, &mut quoted);
            String::from_utf8(quoted).unwrap()
        })
    };
    let leaf = prop_oneof![
        text(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<i32>().prop_map(|number| format!("{:e}", f64::from(number) / 1_024.0)),
        Just("null".to_owned()),
        Just("NaN".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let member = (text(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = canonical(&line);
    }

    #[test]
    fn nearly_json_never_panics_and_what_is_read_is_read_again_the_same(line in nearly_json()) {
        if let Ok(text) = canonical(line.as_bytes()) {
            prop_assert!(text.is_ascii());
            prop_assert_eq!(canonical(&text), Ok(text));
        }
    }

    #[test]
    fn canonical_text_is_its_own_canonical_text(line in json()) {
        let text = canonical(line.as_bytes()).map_err(|error| TestCaseError::fail(format!("{line}: {error}")))?;
        prop_assert_eq!(canonical(&text), Ok(text));
    }

    #[test]
    fn a_quoted_text_says_the_text(text in any::<String>()) {
        let mut quoted = Vec::new();
        quote(&text, &mut quoted);
        prop_assert_eq!(canonical(&quoted), Ok(quoted.clone()));
        prop_assert!(Parser::new().parse(&quoted).unwrap().value().text().unwrap().is(&text));
    }

    #[test]
    fn any_cut_of_an_object_is_refused(line in json(), cut in any::<prop::sample::Index>()) {
        let line = format!("{{\"a\": {line}}}");
        prop_assert!(canonical(&line.as_bytes()[..cut.index(line.len())]).is_err());
    }
}

#[test]
fn a_line_of_more_values_than_memory_is_kept_for_is_refused() {
    let list = |n_items: usize| format!("[{}1]", "1,".repeat(n_items - 1)).into_bytes();
    assert!(canonical(&list(MAX_VALUES - 1)).is_ok());
    let limit = MAX_VALUES;
    let at = 1 + 2 * (MAX_VALUES - 1);
    assert_eq!(canonical(&list(MAX_VALUES)), Err(JsonError::TooManyValues { at, limit }));
    assert_eq!(canonical(&list(MAX_LINE_BYTES / 2 - 1)), Err(JsonError::TooManyValues { at, limit }));
    // Names count, and so do lists and objects.
    let members = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(MAX_VALUES / 2 - 1));
    assert!(matches!(canonical(members.as_bytes()), Err(JsonError::TooManyValues { .. })));
    let lists = format!("[{}[]]", "[],".repeat(MAX_VALUES - 1));
    let text = refused(lists.as_bytes());
    assert_eq!(
        text,
        format!("byte {}: more than {limit} values and names in one line", 1 + 3 * (MAX_VALUES - 1))
    );
}

#[test]
fn a_line_that_grows_beyond_bounds_in_ascii_is_refused_before_it_is_written() {
    let line = |text: &str, n_bytes: usize| format!("\"{}\"", text.repeat(n_bytes / text.len())).into_bytes();
    let limit_bytes = MAX_TEXT_BYTES;
    let n_bytes = 2 + 6 * (MAX_TEXT_BYTES / 6 + 1);
    let grown = canonical(&line("\u{7f}", MAX_TEXT_BYTES / 6 + 1));
    assert_eq!(grown, Err(JsonError::TooMuchText { n_bytes, limit_bytes }));
    assert!(matches!(canonical(&line("é", 12 << 20)), Err(JsonError::TooMuchText { .. })));
    let written = canonical(&line("é", 10 << 20)).unwrap();
    assert_eq!(written.len(), 2 + 3 * (10 << 20));
    assert!(written.len() <= limit_bytes);
    assert!(canonical(&line("a", MAX_LINE_BYTES - 2)).is_ok());
}
