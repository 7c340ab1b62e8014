//! The order of keys: by code point, as Python sorts strings.

use std::cmp::Ordering;

/// The code points of a canonical text without its quotes. Lone surrogates come as they are.
#[derive(Clone)]
pub(crate) struct CodePoints<'a>(pub(crate) &'a [u8]);

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        if *first != b'\\' {
            return Some(u32::from(*first));
        }
        let (kind, rest) = rest.split_first()?;
        self.0 = rest;
        Some(match kind {
            b'u' => self.unit()?,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            itself => u32::from(*itself),
        })
    }
}

impl CodePoints<'_> {
    /// The code point of a `\u` whose digits come next, both halves of a pair together.
    fn unit(&mut self) -> Option<u32> {
        let high = four_digits(self.0)?;
        self.0 = &self.0[4..];
        if !(0xD800..0xDC00).contains(&high) || !self.0.starts_with(b"\\u") {
            return Some(high);
        }
        match four_digits(&self.0[2..]) {
            Some(low) if (0xDC00..0xE000).contains(&low) => {
                self.0 = &self.0[6..];
                Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            }
            _ => Some(high),
        }
    }
}

/// The number that four hex digits say.
pub(crate) fn four_digits(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.get(..4)?;
    digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))
}

/// Compares two canonical texts without quotes by what they say.
pub(crate) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    if left.contains(&b'\\') || right.contains(&b'\\') {
        CodePoints(left).cmp(CodePoints(right))
    } else {
        left.cmp(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_one_code_point_and_a_half_is_itself() {
        let points = |text: &str| CodePoints(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(points("a\\ud83d\\ude00b"), [0x61, 0x1_F600, 0x62]);
        assert_eq!(points("\\ud83d\\ud83d\\ude00"), [0xD83D, 0x1_F600]);
        assert_eq!(points("\\ude00\\ud83d"), [0xDE00, 0xD83D]);
        assert_eq!(points("\\n\\\\\\\"\\t"), [10, 92, 34, 9]);
    }

    #[test]
    fn keys_are_ordered_by_code_point_and_not_by_utf16_unit() {
        assert_eq!(compare(b"\\ue000", b"\\ud83d\\ude00"), Ordering::Less);
        assert_eq!(compare(b"\\ud83d", b"\\ue000"), Ordering::Less);
        assert_eq!(compare(b"a", b"\\n"), Ordering::Greater);
        assert_eq!(compare(b"ab", b"a\\u00e9"), Ordering::Less);
        assert_eq!(compare(b"same", b"same"), Ordering::Equal);
    }
}
