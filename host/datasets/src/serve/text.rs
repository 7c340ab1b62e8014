//! Strangers' texts and numbers as they are shown.

use maud::{Markup, Render, html};
use std::fmt::Write as _;

/// A text of a stranger: nothing of it is markup, what cannot be seen or turns the direction of what follows is told
/// by its number and how often it stands there, and it cannot turn its surroundings.
pub(super) struct Said<'a>(pub(super) &'a str);

impl Render for Said<'_> {
    fn render_to(&self, out: &mut String) {
        let mut rest = self.0;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unseen(*c)) {
            rest[..at].render_to(out);
            let behind = rest[at..].trim_start_matches(c);
            let n_times = (rest.len() - at - behind.len()) / c.len_utf8();
            let _ = write!(out, "<span class=\"unseen\">U+{:04X}", u32::from(c));
            if n_times > 1 {
                let _ = write!(out, " ×{n_times}");
            }
            out.push_str("</span>");
            rest = behind;
        }
        rest.render_to(out);
    }
}

/// Controls but line ends and tabs, marks of direction, characters without width.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What one row's texts may show together, in characters; the first of a run of unseen ones counts for as many as it is
/// shown in.
pub(super) const ROW_CHARS: usize = 20_000;
const UNSEEN_CHARS: usize = 8;

/// How much may still be shown of something.
pub(super) struct Room(usize);

impl Room {
    pub(super) const fn of(chars: usize) -> Self {
        Self(chars)
    }

    /// Whether nothing more is shown.
    pub(super) const fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// As much of a text as there is room for, and how many characters are left out.
    pub(super) fn cut<'a>(&mut self, text: &'a str) -> (&'a str, usize) {
        let mut last = None;
        for (at, c) in text.char_indices() {
            let n_chars = if is_unseen(c) && last != Some(c) { UNSEEN_CHARS } else { 1 };
            if n_chars > self.0 {
                self.0 = 0;
                return (&text[..at], text[at..].chars().count());
            }
            self.0 -= n_chars;
            last = Some(c);
        }
        (text, 0)
    }
}

/// The first `most_chars` characters, and how many are left out.
pub(super) fn cut(text: &str, most_chars: usize) -> (&str, usize) {
    Room::of(most_chars).cut(text)
}

/// How many bytes of rows a page may still show.
pub(super) struct PageRoom(usize);

/// What a page's rows may be together; the last may go beyond it by what one row can be.
const PAGE_BYTES: usize = 3 << 20;

impl PageRoom {
    pub(super) const fn new() -> Self {
        Self(PAGE_BYTES)
    }

    /// One row more, unless the page is full.
    pub(super) fn one(&mut self, make: impl FnOnce() -> Markup) -> Option<Markup> {
        if self.0 == 0 {
            return None;
        }
        let made = make();
        self.0 = self.0.saturating_sub(made.0.len());
        Some(made)
    }
}

/// What was left out, in words.
pub(super) fn left_out(n_chars: usize) -> Markup {
    html! {
        @if n_chars > 0 { p.soft { "… " (thousands(n_chars as u64)) " further characters are not shown." } }
    }
}

/// `7082055` as `7,082,055`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 row`, `2,125 rows`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {thing}{s}", thousands(number as u64))
}

/// Milliseconds since 1970 as a date of the proleptic Gregorian calendar, in UTC.
pub(super) fn utc(at_ms: u64) -> String {
    let minutes = at_ms / 60_000;
    let (mut days, minute) = (minutes / 1440, minutes % 1440);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Whole cycles of 400 years first, so that no clock makes this long.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02} {:02}:{:02} UTC", days + 1, minute / 60, minute % 60)
}

/// A long identifier: its beginning to see, the whole for whoever chooses it, by pointer, touch or keyboard.
pub(super) fn short(whole: &str) -> Markup {
    let (begin, n_left_out) = cut(whole, 10);
    if n_left_out == 0 {
        return html! { code { (Said(whole)) } };
    }
    html! { details.whole { summary { code { (Said(begin)) "…" } } code { (Said(whole)) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_cannot_write_markup_nor_turn_the_page() {
        let text = "<script>alert(1)</script> & \"q\" \u{202e}gpj.exe\u{0}\u{200b}é 字\n\t";
        let shown = Said(text).render().0;
        assert!(shown.starts_with("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot; "), "{shown}");
        assert!(
            shown.contains("<span class=\"unseen\">U+202E</span>gpj.exe<span class=\"unseen\">U+0000</span>")
        );
        assert!(shown.ends_with("<span class=\"unseen\">U+200B</span>é 字\n\t"), "{shown}");
    }

    #[test]
    fn a_run_of_one_unseen_character_is_told_once() {
        let shown = |text: &str| Said(text).render().0;
        assert_eq!(shown(&"\u{7f}".repeat(20_000)), "<span class=\"unseen\">U+007F ×20000</span>");
        assert_eq!(
            shown("a\u{200b}\u{200b}\u{7f}b"),
            "a<span class=\"unseen\">U+200B ×2</span><span class=\"unseen\">U+007F</span>b"
        );
    }

    #[test]
    fn what_is_shown_stays_within_its_room_whatever_it_is_made_of() {
        for text in ["\u{7f}", "\u{7f}\u{80}", "a\u{200b}", "&", "字"] {
            let whole = text.repeat(50_000);
            let mut room = Room::of(ROW_CHARS);
            let (shown, n_left_out) = room.cut(&whole);
            assert_eq!(shown.chars().count() + n_left_out, whole.chars().count());
            assert!(Said(shown).render().0.len() <= 7 * ROW_CHARS, "{text:?}");
            assert!(room.is_spent() && room.cut("a") == ("", 1));
        }
        let mut page = PageRoom::new();
        let row = || maud::PreEscaped("x".repeat(1 << 20));
        let n_shown = (0..9).filter(|_| page.one(row).is_some()).count();
        assert_eq!(n_shown, 3);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (at_ms, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (1_700_000_000_000, "2023-11-14 22:13 UTC"),
            (1_735_689_599_000, "2024-12-31 23:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(at_ms), date);
        }
        assert!(utc(u64::MAX).ends_with("UTC"));
    }

    #[test]
    fn numbers_are_grouped_and_texts_cut_between_characters() {
        assert_eq!(
            ["0", "999", "1,000", "7,082,055"].map(String::from),
            [0, 999, 1000, 7_082_055].map(thousands)
        );
        assert_eq!((cut("aé字b", 2), cut("ab", 2)), (("aé", 2), ("ab", 0)));
        assert_eq!((count(1, "row"), count(2125, "row")), ("1 row".into(), "2,125 rows".into()));
    }
}
