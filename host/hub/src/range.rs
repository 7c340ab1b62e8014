//! Which part of a file is asked for.

use std::ops::Range;

/// What a `Range` header comes to for a file of `len` bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// These bytes.
    Some(Range<usize>),
    /// None that the file has.
    Outside,
}

/// The part that `range` asks for; a range is ignored when `if_range` names another file than `etag`.
pub(crate) fn part(range: Option<&str>, if_range: Option<&str>, etag: &str, len: usize) -> Part {
    // A weak etag matches nothing here: RFC 9110, 13.1.5.
    let other = if_range.is_some_and(|named| named.starts_with("W/") || named.trim_matches('"') != etag);
    let Some((from, to)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) else {
        return Part::Whole;
    };
    let (Ok(from), false) = (from.parse::<usize>(), other) else { return Part::Whole };
    let end = match to {
        "" => len,
        _ => to.parse::<usize>().map_or(len, |last| last.saturating_add(1).min(len)),
    };
    if from < end { Part::Some(from..end) } else { Part::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_only_for_the_file_it_was_begun_on() {
        assert_eq!(part(None, None, "e", 10), Part::Whole);
        assert_eq!(part(Some("bytes=4-"), Some("\"e\""), "e", 10), Part::Some(4..10));
        assert_eq!(part(Some("bytes=4-6"), None, "e", 10), Part::Some(4..7));
        assert_eq!(part(Some("bytes=4-"), Some("\"f\""), "e", 10), Part::Whole);
        assert_eq!(part(Some("bytes=4-"), Some("W/\"e\""), "e", 10), Part::Whole);
        assert_eq!(part(Some("bytes=10-"), None, "e", 10), Part::Outside);
    }
}
