//! A row as the set of the five-character runs of what it says.

use plimsoll_json::{Document, Parser};

/// How many characters a shingle has.
pub const SHINGLE_CHARS: usize = 5;

/// A row's shingles, each as a 64-bit fingerprint, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shingles(Vec<u64>);

impl Shingles {
    /// The shingles of what a row's strings say, names left out: lower case, runs of blanks as one. A row that is no
    /// JSON is taken as the text it is.
    pub fn of_row(row: &[u8]) -> Self {
        match Parser::new().parse(row) {
            Ok(document) => Self::of(said(&document)),
            Err(_) => Self::of_text(&String::from_utf8_lossy(row)),
        }
    }

    /// The shingles of a text.
    pub fn of_text(text: &str) -> Self {
        Self::of(text.chars().map(u32::from))
    }

    fn of(points: impl Iterator<Item = u32>) -> Self {
        let points = plain(points);
        if points.is_empty() {
            return Self::default();
        }
        // A text shorter than a shingle is one shingle.
        let width = SHINGLE_CHARS.min(points.len());
        let mut prints: Vec<u64> = points.windows(width).map(fingerprint).collect();
        prints.sort_unstable();
        prints.dedup();
        Self(prints)
    }

    /// The fingerprints, sorted, each once.
    pub fn fingerprints(&self) -> &[u64] {
        &self.0
    }

    /// The Jaccard index: shared shingles over all of both, 0 to 1. Two rows that say nothing are alike.
    pub fn likeness(&self, other: &Self) -> f64 {
        ratio(shared(&self.0, &other.0), self.0.len(), other.0.len())
    }
}

/// The Jaccard index of two sets of these sizes.
pub(crate) fn ratio(n_shared: usize, n_left: usize, n_right: usize) -> f64 {
    let n_all = n_left + n_right - n_shared;
    if n_all == 0 { 1.0 } else { n_shared as f64 / n_all as f64 }
}

fn shared(left: &[u64], right: &[u64]) -> usize {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut n_shared = 0;
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let order = a.cmp(b);
        n_shared += usize::from(order.is_eq());
        if order.is_le() {
            left.next();
        }
        if order.is_ge() {
            right.next();
        }
    }
    n_shared
}

/// Every string value's characters, a blank behind each string.
fn said(document: &Document<'_>) -> impl Iterator<Item = u32> {
    document.texts().flat_map(|text| text.code_points().chain(std::iter::once(u32::from(b' '))))
}

/// Lower case, blanks joined and none at the ends. Half surrogates stay what they are.
fn plain(points: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut plain: Vec<u32> = Vec::new();
    for point in points {
        match char::from_u32(point) {
            Some(c) if c.is_whitespace() => {
                if plain.last().is_some_and(|last| *last != u32::from(b' ')) {
                    plain.push(u32::from(b' '));
                }
            }
            Some(c) => plain.extend(c.to_lowercase().map(u32::from)),
            None => plain.push(point),
        }
    }
    if plain.last() == Some(&u32::from(b' ')) {
        plain.pop();
    }
    plain
}

/// A multiply-and-shift over the characters, mixed at the end as in SplitMix64.
fn fingerprint(points: &[u32]) -> u64 {
    let step = |print: u64, point: &u32| {
        (print.rotate_left(21) ^ u64::from(*point)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    };
    super::signature::mix(points.iter().fold(0x5_1717, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_names_and_the_order_of_members_do_not_count() {
        let left = Shingles::of_row(br#"{"system": "Be  kind", "turns": ["Hello\tWorld"]}"#);
        let right = Shingles::of_row(br#"{"a": "be kind ", "b": {"c": " hello world"}, "n": 17}"#);
        assert_eq!(left, right);
        assert_eq!(left.fingerprints().len(), "be kind hello world".len() - 4);
    }

    #[test]
    fn likeness_is_the_share_of_common_shingles() {
        let [left, right] = ["abcdef", "abcdeg"].map(Shingles::of_text);
        assert_eq!(left.likeness(&right), 1.0 / 3.0);
        assert_eq!(left.likeness(&left), 1.0);
        let [empty, short] = ["", "abc"].map(Shingles::of_text);
        assert_eq!((empty.likeness(&empty), empty.likeness(&short)), (1.0, 0.0));
        assert_eq!(short.fingerprints().len(), 1);
    }

    #[test]
    fn a_row_that_is_no_json_is_a_text() {
        assert_eq!(Shingles::of_row(b"{broken row"), Shingles::of_text("{broken row"));
    }
}
