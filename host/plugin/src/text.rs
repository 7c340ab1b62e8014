//! Words that come from a plugin, made safe to print: whoever wrote them is not trusted.

/// `text` with every character that could move a cursor, hide or reorder written out, cut at `most_bytes`.
#[must_use]
pub(crate) fn tame(text: &str, most_bytes: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most_bytes));
    for c in text.chars() {
        let before = out.len();
        if is_wild(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        if out.len() > most_bytes {
            out.truncate(before);
            out.push('…');
            break;
        }
    }
    out
}

/// The same of a text that is ours: as it is, where nothing is to be changed.
#[must_use]
pub(crate) fn tamed(text: String, most_bytes: usize) -> String {
    if is_plain(&text, most_bytes) { text } else { tame(&text, most_bytes) }
}

/// Short, and printable ASCII: nothing to be tamed.
fn is_plain(text: &str, most_bytes: usize) -> bool {
    text.len() <= most_bytes && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether `text` can be printed as it is.
#[must_use]
pub(crate) fn is_tame(text: &str) -> bool {
    !text.chars().any(is_wild)
}

/// Control characters, line separators, zero-width characters, and what changes the direction of text.
const fn is_wild(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(tame("a\u{1b}[31mred\nline\u{202e}txet", 100), "a\\u{1b}[31mred\\nline\\u{202e}txet");
        assert_eq!(tame("ärger, 日本", 100), "ärger, 日本");
    }

    proptest! {
        #[test]
        fn tame_text_is_short_and_has_nothing_wild(text in "\\PC*|[\\x00-\\x7f]*", most in 0usize..200) {
            let out = tame(&text, most);
            prop_assert!(is_tame(&out));
            prop_assert!(out.len() <= most + '…'.len_utf8());
            prop_assert_eq!(tamed(text, most), out);
        }
    }
}
