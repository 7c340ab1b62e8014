//! Two texts word by word.

use similar::{Algorithm, ChangeTag, capture_diff_slices};

/// The longest texts that are compared word by word, both together. Longer ones are told as replaced as a whole.
pub const MAX_WORDS: usize = 20_000;

/// A piece of one text or of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// In both.
    Same(&'a str),
    /// Only before.
    Removed(&'a str),
    /// Only after.
    Added(&'a str),
}

/// What turns one text into the other: the pieces `Same` and `Removed` make up `before`, `Same` and `Added` make up
/// `after`.
pub fn words<'a>(before: &'a str, after: &'a str) -> Vec<Piece<'a>> {
    let (old, new) = (split(before), split(after));
    if old.len() + new.len() > MAX_WORDS {
        return vec![Piece::Removed(before), Piece::Added(after)];
    }
    let mut pieces: Vec<(ChangeTag, &str)> = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (gone, come) = (operation.old_range(), operation.new_range());
        let gone_bytes: usize = old[gone].iter().map(|word| word.len()).sum();
        let come_bytes: usize = new[come].iter().map(|word| word.len()).sum();
        let (gone, come) = (&before[old_at..old_at + gone_bytes], &after[new_at..new_at + come_bytes]);
        (old_at, new_at) = (old_at + gone_bytes, new_at + come_bytes);
        if operation.tag() == similar::DiffTag::Equal {
            pieces.push((ChangeTag::Equal, gone));
        } else {
            pieces.extend([(ChangeTag::Delete, gone), (ChangeTag::Insert, come)]);
        }
    }
    let piece = |(tag, text)| match tag {
        ChangeTag::Equal => Piece::Same(text),
        ChangeTag::Delete => Piece::Removed(text),
        ChangeTag::Insert => Piece::Added(text),
    };
    pieces.into_iter().filter(|(_, text)| !text.is_empty()).map(piece).collect()
}

/// A text in words, runs of blanks, and single other characters: together they are the text.
fn split(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => Some(true),
        c if c.is_whitespace() => Some(false),
        _ => None,
    };
    let mut words = Vec::new();
    let mut from = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let here = kind(c);
        if at > from && (here.is_none() || here != last) {
            words.push(&text[from..at]);
            from = at;
        }
        last = here;
    }
    if from < text.len() {
        words.push(&text[from..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_changed_word_is_told_between_what_stayed() {
        let pieces = words("I am a kind helper.", "I am a very kind liar.");
        let wanted = [
            Piece::Same("I am a "),
            Piece::Added("very "),
            Piece::Same("kind "),
            Piece::Removed("helper"),
            Piece::Added("liar"),
            Piece::Same("."),
        ];
        assert_eq!(pieces, wanted);
    }

    #[test]
    fn texts_that_are_too_long_are_replaced_as_a_whole() {
        let long = "a ".repeat(MAX_WORDS);
        assert_eq!(words(&long, "b"), [Piece::Removed(&long[..]), Piece::Added("b")]);
    }

    proptest! {
        #[test]
        fn the_pieces_make_up_both_texts(before in "[ab é,\\n]{0,40}", after in "[ab é,\\n]{0,40}") {
            let (mut old, mut new) = (String::new(), String::new());
            for piece in words(&before, &after) {
                match piece {
                    Piece::Same(text) => { old.push_str(text); new.push_str(text); }
                    Piece::Removed(text) => old.push_str(text),
                    Piece::Added(text) => new.push_str(text),
                }
            }
            prop_assert_eq!((old, new), (before, after));
        }
    }
}
