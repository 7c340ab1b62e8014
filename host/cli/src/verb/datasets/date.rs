//! A block or a date on the command line.

use plimsoll_core::BlockNumber;
use plimsoll_datasets::collect::Since;

const DAY_MS: u64 = 86_400_000;

/// A block, or a day in UTC as `2026-11-21`; blocks are reckoned back from `now_ms`.
pub(super) fn since(text: &str, now_ms: u64) -> Option<Since> {
    if let Ok(block) = text.parse() {
        return Some(Since::Block(BlockNumber(block)));
    }
    let mut parts = text.split('-');
    let mut number = |digits: usize| {
        let part =
            parts.next().filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse::<u64>().ok()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some()
        || year < 1970
        || !(1..=12).contains(&month)
        || !(1..=days_of(year, month)).contains(&day)
    {
        return None;
    }
    let at = (days_before(year, month) + day - 1).checked_mul(DAY_MS)?;
    Some(Since::UnixMs { at, now: now_ms })
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the month's first.
fn days_before(year: u64, month: u64) -> u64 {
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    years + (1..month).map(|month| days_of(year, month)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_from_1970_and_a_number_is_a_block() {
        assert_eq!(since("7082055", 0), Some(Since::Block(BlockNumber(7_082_055))));
        let day = |text| match since(text, 1) {
            Some(Since::UnixMs { at, now: 1 }) => Some(at / DAY_MS),
            _ => None,
        };
        // From `date -u -d ... +%s`.
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2024-02-29"), Some(1_709_164_800 / 86_400));
        assert_eq!(day("2026-11-21"), Some(1_795_219_200 / 86_400));
        for wrong in ["2026-02-29", "2026-13-01", "2026-1-1", "yesterday", "2026-11-21-1", "1969-12-31", ""] {
            assert_eq!(since(wrong, 1), None, "{wrong}");
        }
    }
}
