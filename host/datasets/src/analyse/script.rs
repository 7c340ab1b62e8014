//! Which script a letter is of: what can be said of a text without guessing its language.

use Script::*;

/// The scripts that are told apart. All other letters are [`Script::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is called what it is")]
pub enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Odia,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Thai,
    Lao,
    Tibetan,
    Myanmar,
    Georgian,
    Ethiopic,
    Khmer,
    Mongolian,
    Hangul,
    Hiragana,
    Katakana,
    Han,
    Other,
}

/// How many there are.
pub(super) const N_SCRIPTS: usize = Script::Other as usize + 1;

/// Where the letters of a script stand in Unicode 14, both ends included. What is no letter counts for none.
const RANGES: &[(u32, u32, Script)] = &[
    (0x0041, 0x007A, Latin),
    (0x00C0, 0x02AF, Latin),
    (0x0370, 0x03E1, Greek),
    (0x03F0, 0x03FF, Greek),
    (0x0400, 0x052F, Cyrillic),
    (0x0531, 0x0588, Armenian),
    (0x05D0, 0x05F2, Hebrew),
    (0x0620, 0x06FF, Arabic),
    (0x0750, 0x077F, Arabic),
    (0x0870, 0x08C9, Arabic),
    (0x0904, 0x097F, Devanagari),
    (0x0980, 0x09FC, Bengali),
    (0x0A05, 0x0A74, Gurmukhi),
    (0x0A85, 0x0AF9, Gujarati),
    (0x0B05, 0x0B71, Odia),
    (0x0B83, 0x0BD0, Tamil),
    (0x0C05, 0x0C61, Telugu),
    (0x0C80, 0x0CF2, Kannada),
    (0x0D04, 0x0D7F, Malayalam),
    (0x0D85, 0x0DC6, Sinhala),
    (0x0E01, 0x0E46, Thai),
    (0x0E81, 0x0EDF, Lao),
    (0x0F00, 0x0F8C, Tibetan),
    (0x1000, 0x108E, Myanmar),
    (0x10A0, 0x10FA, Georgian),
    (0x10FD, 0x10FF, Georgian),
    (0x1100, 0x11FF, Hangul),
    (0x1200, 0x138F, Ethiopic),
    (0x1780, 0x17DC, Khmer),
    (0x1820, 0x18AA, Mongolian),
    (0x1C80, 0x1C88, Cyrillic),
    (0x1C90, 0x1CBF, Georgian),
    (0x1D00, 0x1D25, Latin),
    (0x1D26, 0x1D2A, Greek),
    (0x1D2B, 0x1D2B, Cyrillic),
    (0x1D62, 0x1D65, Latin),
    (0x1D66, 0x1D6A, Greek),
    (0x1D6B, 0x1D77, Latin),
    (0x1D79, 0x1D9A, Latin),
    (0x1E00, 0x1EFF, Latin),
    (0x1F00, 0x1FFC, Greek),
    (0x2090, 0x209C, Latin),
    (0x2184, 0x2184, Latin),
    (0x2C60, 0x2C7C, Latin),
    (0x2C7E, 0x2C7F, Latin),
    (0x2D00, 0x2D2D, Georgian),
    (0x2D80, 0x2DDE, Ethiopic),
    (0x3041, 0x309F, Hiragana),
    (0x30A1, 0x30FA, Katakana),
    (0x30FD, 0x30FF, Katakana),
    (0x3131, 0x318E, Hangul),
    (0x31F0, 0x31FF, Katakana),
    (0x3400, 0x9FFF, Han),
    (0xA640, 0xA69B, Cyrillic),
    (0xA722, 0xA76F, Latin),
    (0xA771, 0xA787, Latin),
    (0xA78B, 0xA7D9, Latin),
    (0xA7F5, 0xA7F7, Latin),
    (0xA7FA, 0xA7FF, Latin),
    (0xA8F2, 0xA8FE, Devanagari),
    (0xA960, 0xA97C, Hangul),
    (0xA9E0, 0xA9FE, Myanmar),
    (0xAA60, 0xAA7F, Myanmar),
    (0xAB01, 0xAB2E, Ethiopic),
    (0xAB30, 0xAB5A, Latin),
    (0xAB60, 0xAB64, Latin),
    (0xAB65, 0xAB65, Greek),
    (0xAB66, 0xAB68, Latin),
    (0xAC00, 0xD7FB, Hangul),
    (0xF900, 0xFAD9, Han),
    (0xFB00, 0xFB06, Latin),
    (0xFB13, 0xFB17, Armenian),
    (0xFB1D, 0xFB4F, Hebrew),
    (0xFB50, 0xFEFC, Arabic),
    (0xFF21, 0xFF5A, Latin),
    (0xFF66, 0xFF6F, Katakana),
    (0xFF71, 0xFF9F, Katakana),
    (0xFFA0, 0xFFDC, Hangul),
    (0x1AFF0, 0x1B000, Katakana),
    (0x1B001, 0x1B001, Hiragana),
    (0x1B11F, 0x1B11F, Hiragana),
    (0x1B120, 0x1B122, Katakana),
    (0x1B150, 0x1B152, Hiragana),
    (0x1B164, 0x1B167, Katakana),
    (0x1DF00, 0x1DF1E, Latin),
    (0x1E7E0, 0x1E7FE, Ethiopic),
    (0x1EE00, 0x1EEBB, Arabic),
    (0x20000, 0x3134A, Han),
];

impl Script {
    /// All of them.
    pub const ALL: [Self; N_SCRIPTS] = [
        Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, Devanagari, Bengali, Gurmukhi, Gujarati, Odia,
        Tamil, Telugu, Kannada, Malayalam, Sinhala, Thai, Lao, Tibetan, Myanmar, Georgian, Ethiopic, Khmer,
        Mongolian, Hangul, Hiragana, Katakana, Han, Other,
    ];

    /// The script of a letter; `None` for what is no letter.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        if letter.is_ascii() {
            return letter.is_ascii_alphabetic().then_some(Latin);
        }
        if !letter.is_alphabetic() {
            return None;
        }
        let point = u32::from(letter);
        let at = RANGES.partition_point(|(_, last, _)| *last < point);
        Some(RANGES.get(at).filter(|(first, ..)| *first <= point).map_or(Other, |(.., script)| *script))
    }

    /// Whether one letter of it is about a word's worth to a tokenizer, not a quarter of one.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(self, Hangul | Hiragana | Katakana | Han)
    }

    /// Its English name in lower case.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}
