use plimsoll_datasets::analyse::{Script, Text};

use super::python::python;

/// Every letter of Unicode 3.2, which all Pythons know alike, with the first word of its name.
const PROGRAM: &str = r#"
import unicodedata as new
old = new.ucd_3_2_0
for point in range(0x110000):
    letter = chr(point)
    name = old.name(letter, None)
    if name and old.category(letter)[0] == "L" and new.category(letter)[0] == "L":
        print(point, name.replace("FULLWIDTH ", "").replace("HALFWIDTH ", "").split()[0])
"#;

#[test]
fn a_letter_is_of_the_script_that_its_name_begins_with() {
    let printed = String::from_utf8(python(PROGRAM, b"")).unwrap();
    let word = |script: Script| match script {
        Script::Han => "CJK".to_owned(),
        Script::Odia => "ORIYA".to_owned(),
        Script::Other => "no name begins so".to_owned(),
        other => other.name().to_uppercase(),
    };
    let words = Script::ALL.map(|script| (word(script), script));
    let mut n_letters = 0;
    for line in printed.lines() {
        let (point, found) = line.split_once(' ').unwrap();
        let letter = char::from_u32(point.parse().unwrap()).unwrap();
        let named = words.iter().find(|(word, _)| word == found);
        let wanted = named.map_or(Script::Other, |(_, script)| *script);
        assert_eq!(Script::of(letter), Some(wanted), "U+{:04X} {found}", u32::from(letter));
        n_letters += 1;
    }
    assert!(n_letters > 80_000, "{n_letters}");
}

#[test]
fn what_is_no_letter_is_of_no_script() {
    for letter in " \n0٣½.,-_{\u{300}€😀\u{200d}\u{fffd}".chars() {
        assert_eq!(Script::of(letter), None, "{letter:?}");
    }
}

fn text(of: &str) -> Text {
    let mut text = Text::default();
    text.add(of.chars().map(u32::from));
    text
}

#[test]
fn shares_are_of_letters_and_the_largest_comes_first() {
    let of = text("да, yes 是 12 ñ");
    assert_eq!((of.n_characters, of.n_bytes), (14, 19));
    let shares: Vec<_> = of.scripts().into_iter().map(|(script, share)| (script.name(), share)).collect();
    let name = |name: &str, letters: f64| (name.to_owned(), letters / 7.0);
    assert_eq!(shares, [name("latin", 4.0), name("cyrillic", 2.0), name("han", 1.0)]);
    assert_eq!(text("12 !").scripts(), []);
    let mut twice = of.clone();
    twice += &of;
    assert_eq!((twice.scripts(), twice.n_bytes), (of.scripts(), 38));
}

#[test]
fn tokens_are_estimated_as_the_formula_says() {
    let cases =
        [("", 0), ("a", 1), ("four", 1), ("five5", 2), ("是的", 2), ("是 ok", 2), ("ひらカナ한글x", 7)];
    for (said, tokens) in cases {
        assert_eq!(text(said).tokens_estimated(), tokens, "{said}");
    }
}

#[test]
fn half_a_surrogate_pair_is_a_character_without_bytes() {
    let mut text = Text::default();
    assert!(text.add([0xD800]));
    assert!(!text.add([0x20, 0x3000, 0xA]) && !text.add([]));
    assert_eq!((text.n_characters, text.n_bytes), (4, 5));
}
