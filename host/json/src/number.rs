//! Numbers: integers digit by digit, floats as the shortest text that reads back the same.

use crate::JsonError;
use crate::error::Found;
use crate::parser::MAX_INTEGER_DIGITS;
use crate::tape::{Kind, Node, Place};

/// Reads the number that begins at `at` with a digit or a minus; gives its node and the place behind it.
pub(crate) fn read(line: &[u8], at: usize, made: &mut Vec<u8>) -> Result<(Node, usize), JsonError> {
    let digits_from = at + usize::from(line.get(at) == Some(&b'-'));
    let digits_to = match line.get(digits_from) {
        Some(b'0') => digits_from + 1,
        _ => after_digits(line, digits_from)?,
    };
    let behind = match line.get(digits_to) {
        Some(b'.') => exponent(line, after_digits(line, digits_to + 1)?)?,
        _ => exponent(line, digits_to)?,
    };
    if behind > digits_to {
        let made_from = made.len();
        write_float(&line[at..behind], made);
        return Ok((node(Place::Made, made_from, made.len()), behind));
    }
    let n_digits = digits_to - digits_from;
    if n_digits > MAX_INTEGER_DIGITS {
        return Err(JsonError::TooManyDigits { at, n_digits, limit: MAX_INTEGER_DIGITS });
    }
    // There is no negative zero among integers.
    let from = if line[at..behind] == *b"-0" { digits_from } else { at };
    Ok((node(Place::Line, from, behind), behind))
}

pub(crate) fn node(place: Place, start: usize, end: usize) -> Node {
    Node { kind: Kind::Number, place, start: start as u32, end: end as u32, next: 0 }
}

/// The place behind the digits at `at`, of which there must be one.
fn after_digits(line: &[u8], at: usize) -> Result<usize, JsonError> {
    let n_digits = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits == 0 {
        return Err(JsonError::Unexpected { at, expected: "a digit", found: Found::at(line, at) });
    }
    Ok(at + n_digits)
}

/// The place behind the exponent at `at`, which need not be there.
fn exponent(line: &[u8], at: usize) -> Result<usize, JsonError> {
    match line.get(at) {
        Some(b'e' | b'E') => {
            let signed = matches!(line.get(at + 1), Some(b'+' | b'-'));
            after_digits(line, at + 1 + usize::from(signed))
        }
        _ => Ok(at),
    }
}

/// Writes a float as Python's `repr` does: shortest digits, plain while -4 <= exponent < 16.
fn write_float(source: &[u8], out: &mut Vec<u8>) {
    // The grammar above is part of Rust's, which rounds to the nearest and overflows to infinity.
    let value = std::str::from_utf8(source).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
    if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
        return;
    }
    let scientific = shortest(value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    if value.is_sign_negative() {
        out.push(b'-');
    }
    match exponent {
        0..16 => {
            let (whole, rest) = digits.split_at(digits.len().min(exponent as usize + 1));
            out.extend_from_slice(whole);
            out.resize(out.len() + exponent as usize + 1 - whole.len(), b'0');
            out.push(b'.');
            out.extend_from_slice(if rest.is_empty() { b"0" } else { rest });
        }
        -4..0 => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + exponent.unsigned_abs() as usize - 1, b'0');
            out.extend_from_slice(&digits);
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            out.extend_from_slice(mantissa.as_bytes());
            out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
        }
    }
}

/// The shortest digits that read back as this number, in scientific form; of two texts equally near the even one.
///
/// Rust gives shortest digits too but breaks such ties upwards (1793584674451999.25 is printed with a 3 at the end).
/// Rounding to as many digits breaks them to even, and where that does not read back there was no tie.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let n_digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{value:.*e}", n_digits - 1);
    if rounded.parse() == Ok(value) { rounded } else { shortest }
}
