//! Lines that two readers of JSON might not agree about.

use super::Draws;

const PIECES: &[&str] = &[
    "a",
    "b",
    "Z",
    " ",
    "/",
    "~",
    "\u{7f}",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\f",
    "\\n",
    "\\r",
    "\\t",
    "\\u0000",
    "\\u001F",
    "\\u0041",
    "\\u007E",
    "\\u007f",
    "\\u00E9",
    "é",
    "e\u{301}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10000}",
    "\u{1F600}",
    "\u{10ffff}",
    "\\uD83D",
    "\\uDE00",
    "\\ud83d\\ude00",
    "\\uD83D\\uD83D\\uDE00",
    "\\uDBFF\\uDFFF",
    "\\uE000",
    "漢字",
    "ascii text that is longer than one word of eight bytes",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "0.0",
    "0e0",
    "1",
    "-1",
    "1.0",
    "1e0",
    "100e-2",
    "1E5",
    "1e+5",
    "1e15",
    "1e16",
    "1e-4",
    "1e-5",
    "9999999999999998.0",
    "9007199254740993.0",
    "9007199254740993",
    "18446744073709551616",
    "1e22",
    "1e23",
    "1e400",
    "-1e400",
    "1e-400",
    "5e-324",
    "2.5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "0.1",
    "0.30000000000000004",
    "NaN",
    "Infinity",
    "-Infinity",
    "8.41e21",
    "4.35e0",
    "0.000001e6",
    "123456789012345678901234567890.5",
    "1e99999999999",
    "1e-99999999999",
    "0e99999999999",
];

const WRONG: &[&str] = &[
    "",
    "+1",
    "01",
    "-01",
    "00",
    ".5",
    "1.",
    "1.e5",
    "1e",
    "1e+",
    "-",
    "--1",
    "-NaN",
    "nan",
    "inf",
    "+Infinity",
    "infinity",
    "Nan",
    "tru",
    "True",
    "None",
    "0x10",
    "1_000",
    "1 2",
    "'a'",
    "\"a",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12G4\"",
    "\"\\u+123\"",
    "\"\\ud83d\\u12\"",
    "\"\t\"",
    "\"\n\"",
    "\"\u{0}\"",
    "[",
    "]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{",
    "}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{1:1}",
    "{null:1}",
    "[1}",
    "{\"a\":1]",
    "1//",
    "/**/1",
    "\u{feff}1",
    "\u{a0}1",
    "1\u{b}",
    "\u{c}1",
    "１",
    "\"a\"\"b\"",
];

/// One line: mostly right, sometimes wrong by one atom, sometimes spoiled afterwards.
pub(crate) fn line(draws: &mut Draws) -> Vec<u8> {
    let mut out = String::new();
    let wrong_in = if draws.below(8) == 0 { 6 } else { usize::MAX };
    value(draws, 4, wrong_in, &mut out);
    let mut line = out.into_bytes();
    if draws.below(6) == 0 && !line.is_empty() {
        spoil(draws, &mut line);
    }
    line
}

fn spoil(draws: &mut Draws, line: &mut Vec<u8>) {
    let at = draws.below(line.len());
    match draws.below(4) {
        0 => drop(line.remove(at)),
        1 => line[at] = draws.next() as u8,
        2 => line.insert(at, b"{}[],:\"\\ 0-.e+\x7f\x1f\xc3\xa9\xed"[draws.below(19)]),
        _ => line.truncate(at),
    }
}

fn value(draws: &mut Draws, depth: usize, wrong_in: usize, out: &mut String) {
    if wrong_in != usize::MAX && draws.below(wrong_in) == 0 {
        out.push_str(draws.of(WRONG));
        return;
    }
    let n_kinds = if depth == 0 { 6 } else { 10 };
    match draws.below(n_kinds) {
        0 => out.push_str(draws.of(&["null", "true", "false"])),
        1 => out.push_str(draws.of(NUMBERS)),
        2 => float(draws, out),
        3 => integer(draws, out),
        4 | 5 => string(draws, out),
        6 | 7 => sequence(draws, '[', ']', out, |draws, out| value(draws, depth - 1, wrong_in, out)),
        _ => sequence(draws, '{', '}', out, |draws, out| {
            string(draws, out);
            blank(draws, out);
            out.push(':');
            blank(draws, out);
            value(draws, depth - 1, wrong_in, out);
        }),
    }
}

fn sequence(
    draws: &mut Draws,
    opening: char,
    closing: char,
    out: &mut String,
    mut item: impl FnMut(&mut Draws, &mut String),
) {
    out.push(opening);
    blank(draws, out);
    for number in 0..draws.below(5) {
        if number > 0 {
            out.push(',');
            blank(draws, out);
        }
        item(draws, out);
        blank(draws, out);
    }
    out.push(closing);
}

fn blank(draws: &mut Draws, out: &mut String) {
    out.push_str(draws.of(&["", "", "", "", " ", "\t", "\r\n", "  "]));
}

fn string(draws: &mut Draws, out: &mut String) {
    out.push('"');
    for _ in 0..draws.below(5) {
        if draws.below(6) == 0 {
            let c = char::from_u32((draws.next() % 0x11_0000) as u32).filter(|c| *c >= ' ').unwrap_or('x');
            let c = if matches!(c, '"' | '\\') { 'q' } else { c };
            out.push(c);
        } else {
            out.push_str(draws.of(PIECES));
        }
    }
    out.push('"');
}

/// A float: random bits, near a power of two, or half-way between two neighbours, written in several ways.
fn float(draws: &mut Draws, out: &mut String) {
    let bits = match draws.below(3) {
        0 => draws.next(),
        1 => (draws.next() % 2047) << 52 | (draws.next() % 5),
        _ => ((draws.next() % 2046) << 52).wrapping_sub(draws.next() % 3) & (u64::MAX >> 1),
    };
    let value = f64::from_bits(bits);
    if !value.is_finite() {
        out.push_str("1e999");
        return;
    }
    out.push_str(&match draws.below(6) {
        0 => format!("{value:e}"),
        1 => format!("{value:.17e}"),
        2 => format!("{value:.40e}"),
        3 => format!("{value:.15e}"),
        4 => format!("{}e{}", draws.next() >> draws.below(64), draws.below(700) as i32 - 350),
        _ => {
            let places = draws.below(20);
            format!("{:.places$}", draws.next() as f64 / 10_f64.powi(draws.below(25) as i32))
        }
    });
    // Many digits behind change the last place only.
    if draws.below(8) == 0 && !out.ends_with(|c: char| !c.is_ascii_digit()) && !out.contains('e') {
        out.push_str(".50000000000000000000000000000000000000000000000000000000000000000001");
    }
}

fn integer(draws: &mut Draws, out: &mut String) {
    if draws.below(2) == 0 {
        out.push('-');
    }
    let n_digits = match draws.below(200) {
        0 => 4_295 + draws.below(10),
        1..30 => draws.below(60),
        _ => draws.below(20),
    };
    out.push(char::from(b'1' + draws.below(9) as u8));
    out.extend((0..n_digits).map(|_| char::from(b'0' + draws.below(10) as u8)));
}
