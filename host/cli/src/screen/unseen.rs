//! Strangers' texts on a terminal.

/// Whether a character moves a terminal's cursor, turns the direction of what follows, or stands there unseen.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without such characters, cut behind `most_bytes`: then its end says how many bytes are left out.
pub(crate) fn visible(text: &str, most_bytes: usize) -> String {
    let at = (0..=most_bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut seen: String = text[..at].chars().filter(|c| !is_unseen(*c)).collect();
    if at < text.len() {
        seen.push_str(&format!("… ({} bytes left out)", text.len() - at));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_speak_to_the_terminal_and_says_what_is_left_out() {
        let text = "a\u{1b}[2J\u{202e}b\u{200b}c\u{2066}d\u{feff}\u{e0041}\u{ad} é 字\n";
        assert_eq!(visible(text, 1000), "a[2Jbcd é 字");
        assert_eq!(visible("éééé", 5), "éé… (4 bytes left out)");
        assert_eq!((visible("abc", 3), visible("abc", 0)), ("abc".into(), "… (3 bytes left out)".into()));
    }
}
