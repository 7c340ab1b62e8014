//! Figures as people read them. Sizes are `plimsoll_core::ByteSize`.

use std::time::Duration;

use plimsoll_core::ByteSize;

/// `45 s`, `3 min 5 s`, `8 h 44 min`, `3 d 4 h`: the two largest units.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(units.len() - 1);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, name) in units.iter().skip(first).take(2) {
        if rest >= *unit || parts.is_empty() {
            parts.push(format!("{} {name}", rest / unit));
        }
        rest %= unit;
    }
    parts.join(" ")
}

/// `148 MiB/s`: bytes of a span of time, whole from 10 up.
pub(crate) fn rate(bytes: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds <= 0.0 {
        return "-".into();
    }
    let per_second = bytes as f64 / seconds;
    let (unit, factor) = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        .into_iter()
        .find(|(_, factor)| per_second >= *factor as f64)
        .unwrap_or(("B", 1));
    let scaled = per_second / factor as f64;
    let decimals = usize::from(scaled < 10.0 && factor > 1);
    format!("{scaled:.decimals$} {unit}/s")
}

/// `1.50 GiB of 2 GiB`.
pub(crate) fn progress(done: u64, total: u64) -> String {
    format!("{} of {}", ByteSize(done), ByteSize(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown = [0, 45, 60, 185, 31_440, 90_000, 273_600].map(|s| duration(Duration::from_secs(s)));
        assert_eq!(shown, ["0 s", "45 s", "1 min", "3 min 5 s", "8 h 44 min", "1 d 1 h", "3 d 4 h"]);
    }

    #[test]
    fn rates_are_whole_from_ten_up() {
        let second = Duration::from_secs(1);
        assert_eq!(rate(148 << 20, second), "148 MiB/s");
        assert_eq!(rate(3 << 29, second), "1.5 GiB/s");
        assert_eq!(rate(500, second), "500 B/s");
        assert_eq!(rate(1, Duration::ZERO), "-");
    }
}
