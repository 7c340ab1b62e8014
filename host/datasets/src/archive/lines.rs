//! A file cut into the pieces that are kept once each: its lines, with their ends.
//!
//! Lines end as the rule's loader ends them, at LF, CRLF or a lone CR, so that a piece holds one row at most. What is
//! no text is cut too: any bytes are their pieces joined.

/// The longest piece; a longer line is cut.
pub(super) const LONGEST_PIECE_BYTES: usize = 256 << 10;
/// A file with more lines is cut by bytes alone.
pub(super) const MOST_LINES: usize = 4 << 20;

/// The pieces of `bytes`, none of them empty, and whether they are lines.
pub(super) fn pieces(bytes: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if pieces.len() >= MOST_LINES {
            return (bytes.chunks(LONGEST_PIECE_BYTES).collect(), false);
        }
        let (line, behind) = rest.split_at(line_bytes(rest));
        pieces.extend(line.chunks(LONGEST_PIECE_BYTES));
        rest = behind;
    }
    (pieces, true)
}

/// The length of the first line of `bytes`, its end included.
fn line_bytes(bytes: &[u8]) -> usize {
    match memchr::memchr2(b'\n', b'\r', bytes) {
        None => bytes.len(),
        Some(at) if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') => at + 2,
        Some(at) => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_end_at_lf_crlf_and_a_lone_cr() {
        let (found, are_lines) = pieces(b"a\nb\r\nc\rd\n\r\n\re");
        let expected: [&[u8]; 7] = [b"a\n", b"b\r\n", b"c\r", b"d\n", b"\r\n", b"\r", b"e"];
        assert_eq!(found, expected);
        assert!(are_lines);
        assert!(pieces(b"").0.is_empty());
    }

    #[test]
    fn a_long_line_and_too_many_lines_are_cut_by_bytes() {
        let long = vec![b'x'; LONGEST_PIECE_BYTES * 2 + 1];
        assert_eq!(pieces(&long).0.iter().map(|p| p.len()).collect::<Vec<_>>(), [262_144, 262_144, 1]);
        let many = vec![b'\n'; MOST_LINES + 1];
        let (found, are_lines) = pieces(&many);
        assert!(!are_lines && found.len() == 17 && found.concat() == many);
    }

    proptest! {
        #[test]
        fn pieces_joined_are_the_file(bytes in "[ab\r\n]{0,200}") {
            prop_assert_eq!(pieces(bytes.as_bytes()).0.concat(), bytes.as_bytes());
        }
    }
}
