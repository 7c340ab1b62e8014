//! A file's rows, as the validators' loader finds them: Python's `for line in open(path, encoding="utf-8")`, each
//! line stripped, blank ones dropped.

use std::ops::Range;

use crate::FileError;

/// One row of a file: a line that is not blank, without the blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line's number in the file, from 1, blank lines counted.
    pub line: usize,
    /// Where the row is in the file.
    pub range: Range<usize>,
    /// The row.
    pub bytes: &'a [u8],
}

/// The rows of a file.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    file: &'a [u8],
    at: usize,
    line: usize,
}

/// The rows of any file, also of one that the loader would refuse. Lines end at LF, CRLF or a lone CR.
pub fn lines(file: &[u8]) -> Lines<'_> {
    Lines { file, at: 0, line: 0 }
}

/// The rows of a file that the loader can decode. Whether each is JSON is [`crate::identify`]'s question.
///
/// # Errors
/// [`FileError::ByteOrderMark`], [`FileError::NotUtf8`].
pub fn rows(file: &[u8]) -> Result<Lines<'_>, FileError> {
    if let Err(error) = std::str::from_utf8(file) {
        return Err(FileError::NotUtf8 { at: error.valid_up_to() });
    }
    if file.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err(FileError::ByteOrderMark);
    }
    Ok(lines(file))
}

impl<'a> Iterator for Lines<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        while self.at < self.file.len() {
            let rest = &self.file[self.at..];
            let n_bytes = line_bytes(rest);
            let n_ending = match rest[n_bytes..] {
                [b'\r', b'\n', ..] => 2,
                [_, ..] => 1,
                [] => 0,
            };
            let from = self.at;
            self.at += n_bytes + n_ending;
            self.line += 1;
            let (before, bytes) = strip(&rest[..n_bytes]);
            if !bytes.is_empty() {
                let start = from + before;
                return Some(Row { line: self.line, range: start..start + bytes.len(), bytes });
            }
        }
        None
    }
}

/// How many bytes stand before the first CR or LF.
fn line_bytes(bytes: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let ending = |byte: &u8| matches!(byte, b'\n' | b'\r');
    // A whole block is looked at without a branch, which the compiler turns into vector code.
    let clean = |block: &&[u8; BLOCK]| !block.iter().fold(false, |found, byte| found | ending(byte));
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let from = blocks.iter().take_while(clean).count() * BLOCK;
    bytes[from..].iter().position(ending).map_or(bytes.len(), |at| from + at)
}

/// A line without the blanks of Python's `str.strip` around it, and how many bytes of them stood before it.
fn strip(mut bytes: &[u8]) -> (usize, &[u8]) {
    let all = bytes.len();
    while let n_bytes @ 1.. = leading_blank(bytes) {
        bytes = &bytes[n_bytes..];
    }
    let before = all - bytes.len();
    while let n_bytes @ 1.. = trailing_blank(bytes) {
        bytes = &bytes[..bytes.len() - n_bytes];
    }
    (before, bytes)
}

fn leading_blank(bytes: &[u8]) -> usize {
    (1..=3).find(|n_bytes| bytes.get(..*n_bytes).is_some_and(is_blank)).unwrap_or(0)
}

fn trailing_blank(bytes: &[u8]) -> usize {
    let last = |n_bytes: usize| bytes.len().checked_sub(n_bytes).map(|from| &bytes[from..]);
    (1..=3).find(|n_bytes| last(*n_bytes).is_some_and(is_blank)).unwrap_or(0)
}

/// Whether these bytes are one of Python's 29 blank characters. U+FEFF is none.
fn is_blank(bytes: &[u8]) -> bool {
    match bytes {
        [0x09..=0x0D | 0x1C..=0x20] | [0xC2, 0x85 | 0xA0] => true,
        [0xE2, 0x80, last] => matches!(last, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF),
        _ => matches!(bytes, [0xE1, 0x9A, 0x80] | [0xE2, 0x81, 0x9F] | [0xE3, 0x80, 0x80]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLANKS: [u32; 29] = [
        0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x1F, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001,
        0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F,
        0x205F, 0x3000,
    ];

    #[test]
    fn exactly_29_characters_are_blank() {
        let blank = |c: &char| is_blank(c.encode_utf8(&mut [0; 4]).as_bytes());
        let found: Vec<u32> = ('\0'..=char::MAX).filter(blank).map(u32::from).collect();
        assert_eq!(found, BLANKS);
    }

    fn texts(file: &[u8]) -> Vec<(usize, &[u8])> {
        lines(file).map(|row| (row.line, row.bytes)).collect()
    }

    #[test]
    fn lines_end_at_lf_crlf_and_a_lone_cr_and_nowhere_else() {
        assert_eq!(texts(b"1\n2\r\n3\r4\n\r5"), [(1, &b"1"[..]), (2, b"2"), (3, b"3"), (4, b"4"), (6, b"5")]);
        assert_eq!(texts("a\u{b}b\u{c}c\u{85}d\u{2028}e".as_bytes()).len(), 1);
        assert_eq!(texts(b"\n\r\n \t\n\x1c\x1d\n\xe3\x80\x80\n"), []);
        assert_eq!(texts(b""), []);
    }

    #[test]
    fn a_row_says_where_it_is_without_the_blanks_around_it() {
        let file = "x\n \u{2003}{\"a\": 1}\u{a0}\u{85}\r\n".as_bytes();
        let row = lines(file).nth(1).unwrap();
        assert_eq!((row.line, row.bytes), (2, &b"{\"a\": 1}"[..]));
        assert_eq!(&file[row.range], row.bytes);
    }

    #[test]
    fn a_long_line_is_found_at_every_length() {
        for n_bytes in 1..300 {
            let mut file = vec![b'x'; n_bytes];
            file.extend_from_slice(b"\ny");
            assert_eq!(
                lines(&file).map(|row| row.range).collect::<Vec<_>>(),
                [0..n_bytes, n_bytes + 1..n_bytes + 2]
            );
        }
    }

    #[test]
    fn a_byte_order_mark_or_one_wrong_byte_fails_the_file_and_its_rows_can_still_be_seen() {
        assert_eq!(rows(b"\xef\xbb\xbf{}").unwrap_err(), FileError::ByteOrderMark);
        let error = rows(b"{}\n\"\xff\"\n{}").unwrap_err();
        assert_eq!(error, FileError::NotUtf8 { at: 4 });
        assert_eq!(error.to_string(), "byte 4 of the file: not UTF-8, the loader refuses the whole file");
        assert_eq!(texts(b"{}\n\"\xff\"\n{}").len(), 3);
    }
}
