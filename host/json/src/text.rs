//! Strings: read as Python reads them, written in ASCII as Python writes them.

use crate::JsonError;
use crate::order::four_digits;
use crate::tape::{Kind, Node, Place};

/// Reads the string whose opening quote is at `at`; gives its node and the place behind it.
///
/// What is already canonical stays in the line; anything else is written to `made` as a whole.
pub(crate) fn read(line: &[u8], at: usize, made: &mut Vec<u8>) -> Result<(Node, usize), JsonError> {
    let opening = at;
    let made_from = made.len();
    let mut copied = opening;
    let mut at = opening + 1;
    loop {
        at += plain_bytes(&line[at..]);
        let behind = match line.get(at).copied() {
            None => return Err(JsonError::OpenString { at: opening }),
            Some(b'"') => break,
            Some(b'\\') => {
                let Escape { unit, n_bytes, canonical } = escape(line, at)?;
                if canonical {
                    at += n_bytes;
                    continue;
                }
                made.extend_from_slice(&line[copied..at]);
                write_unit(unit, made);
                at + n_bytes
            }
            Some(byte @ 0..0x20) => return Err(JsonError::ControlByte { at, byte }),
            Some(_) => {
                made.extend_from_slice(&line[copied..at]);
                beyond_ascii(line, at, made)?
            }
        };
        at = behind;
        copied = behind;
    }
    at += 1;
    if copied == opening {
        return Ok((node(Place::Line, opening, at), at));
    }
    made.extend_from_slice(&line[copied..at]);
    Ok((node(Place::Made, made_from, made.len()), at))
}

/// How long a line is at most, once what is beyond ASCII is written in escapes: two, three or four bytes become 6, 6 or
/// 12, and U+007F becomes 6.
pub(crate) fn most_bytes(line: &[u8]) -> usize {
    let most = |byte: &u8| match byte {
        0x80.. => 3,
        0x7F => 6,
        _ => 1,
    };
    line.iter().map(most).sum()
}

fn node(place: Place, start: usize, end: usize) -> Node {
    Node { kind: Kind::Text, place, start: start as u32, end: end as u32, next: 0 }
}

/// How many bytes from the first on print as themselves: 0x20 to 0x7E but `"` and `\`.
fn plain_bytes(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return number * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| !matches!(byte, 0x20..=0x7E) || matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().position(special).unwrap_or(rest.len())
}

/// The top bit of each byte that does not print as itself. A carry or borrow spoils only bytes behind the first
/// one found, so the lowest bit set is always right.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let equal = |byte: u64| {
        let differs = word ^ (ONES * byte);
        differs.wrapping_sub(ONES) & !differs
    };
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let beyond = word.wrapping_add(ONES) | word;
    (control | beyond | equal(0x22) | equal(0x5C)) & (ONES * 0x80)
}

/// One escape: the UTF-16 unit it stands for, its length, and whether Python would print the very same bytes.
struct Escape {
    unit: u16,
    n_bytes: usize,
    canonical: bool,
}

fn escape(line: &[u8], at: usize) -> Result<Escape, JsonError> {
    let short = |unit| Ok(Escape { unit, n_bytes: 2, canonical: true });
    match line.get(at + 1) {
        Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => short(0),
        Some(b'/') => Ok(Escape { unit: u16::from(b'/'), n_bytes: 2, canonical: false }),
        Some(b'u') => {
            let digits = &line[at + 2..];
            let unit = four_digits(digits).ok_or(JsonError::Escape { at })? as u16;
            let lower = !digits[..4].iter().any(u8::is_ascii_uppercase);
            let canonical = lower && !matches!(unit, 0x08..=0x0A | 0x0C | 0x0D | 0x20..=0x7E);
            Ok(Escape { unit, n_bytes: 6, canonical })
        }
        _ => Err(JsonError::Escape { at }),
    }
}

/// Writes one UTF-16 unit as Python prints it.
fn write_unit(unit: u16, out: &mut Vec<u8>) {
    match unit {
        0x22 => out.extend_from_slice(b"\\\""),
        0x5C => out.extend_from_slice(b"\\\\"),
        0x20..=0x7E => out.push(unit as u8),
        0x08 => out.extend_from_slice(b"\\b"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x0A => out.extend_from_slice(b"\\n"),
        0x0C => out.extend_from_slice(b"\\f"),
        0x0D => out.extend_from_slice(b"\\r"),
        _ => write_hex(unit, out),
    }
}

fn write_hex(unit: u16, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Writes a text as Python prints it, in quotes, behind what `out` holds.
pub fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for unit in text.encode_utf16() {
        write_unit(unit, out);
    }
    out.push(b'"');
}

/// Writes the run of bytes from 0x7F on that begins at `at`; gives the place behind it.
fn beyond_ascii(line: &[u8], mut at: usize, made: &mut Vec<u8>) -> Result<usize, JsonError> {
    while let Some(0x7F..) = line.get(at) {
        let (point, n_bytes) = scalar(&line[at..]).ok_or(JsonError::NotUtf8 { at })?;
        if let Some(beyond) = point.checked_sub(0x1_0000) {
            write_hex(0xD800 | (beyond >> 10) as u16, made);
            write_hex(0xDC00 | (beyond & 0x3FF) as u16, made);
        } else {
            write_hex(point as u16, made);
        }
        at += n_bytes;
    }
    Ok(at)
}

/// The character that begins here, from U+007F on, and its length: strict UTF-8, without a second pass over the run.
fn scalar(bytes: &[u8]) -> Option<(u32, usize)> {
    let tail =
        |at: usize| bytes.get(at).filter(|byte| **byte & 0xC0 == 0x80).map(|byte| u32::from(*byte & 0x3F));
    match *bytes.first()? {
        0x7F => Some((0x7F, 1)),
        first @ 0xC2..=0xDF => Some((u32::from(first & 0x1F) << 6 | tail(1)?, 2)),
        first @ 0xE0..=0xEF => {
            let point = u32::from(first & 0x0F) << 12 | tail(1)? << 6 | tail(2)?;
            let valid = matches!(point, 0x800..0xD800 | 0xE000..);
            valid.then_some((point, 3))
        }
        first @ 0xF0..=0xF4 => {
            let point = u32::from(first & 0x07) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?;
            matches!(point, 0x1_0000..0x11_0000).then_some((point, 4))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_at_the_first_special_byte_wherever_it_is() {
        for byte in 0..=255_u8 {
            let plain = matches!(byte, 0x20..=0x7E) && byte != b'"' && byte != b'\\';
            for at in 0..20 {
                let mut bytes = [b'x'; 20];
                bytes[at] = byte;
                assert_eq!(plain_bytes(&bytes), if plain { 20 } else { at }, "byte {byte:#x} at {at}");
                bytes[19] = 0xFF;
                assert_eq!(plain_bytes(&bytes), if plain { 19 } else { at }, "byte {byte:#x} at {at}");
            }
        }
    }

    #[test]
    fn every_character_is_decoded_and_nothing_else_is() {
        for c in '\u{7f}'..=char::MAX {
            let mut bytes = [0; 4];
            let n_bytes = c.encode_utf8(&mut bytes).len();
            assert_eq!(scalar(&bytes[..n_bytes]), Some((u32::from(c), n_bytes)));
            assert_eq!(scalar(&bytes[..n_bytes - 1]), None);
        }
        // Every sequence of three bytes, and those of four that differ in what decides.
        for first in 0x80..=0xFF {
            for (second, third) in (0..=255).flat_map(|second| (0..=255).map(move |third| (second, third))) {
                for bytes in [[first, second, third, b'"'], [first, second, third, 0xBF]] {
                    let valid = bytes.utf8_chunks().next().is_some_and(|chunk| !chunk.valid().is_empty());
                    assert_eq!(scalar(&bytes).is_some(), valid, "{bytes:x?}");
                }
            }
        }
    }
}
