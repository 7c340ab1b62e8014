//! Texts counted: characters, bytes, scripts.

use std::ops::AddAssign;

use super::script::{N_SCRIPTS, Script};

/// What is counted of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Code points; half of a surrogate pair is one.
    pub n_characters: u64,
    /// Bytes in UTF-8; half of a surrogate pair has none.
    pub n_bytes: u64,
    letters: [u64; N_SCRIPTS],
}

impl Text {
    /// Counts a text by its code points. Gives whether there is more in it than blanks.
    pub fn add(&mut self, code_points: impl IntoIterator<Item = u32>) -> bool {
        let mut says_something = false;
        for point in code_points {
            self.n_characters += 1;
            let Some(letter) = char::from_u32(point) else {
                says_something = true;
                continue;
            };
            self.n_bytes += letter.len_utf8() as u64;
            says_something |= !letter.is_whitespace();
            if let Some(script) = Script::of(letter) {
                self.letters[script as usize] += 1;
            }
        }
        says_something
    }

    /// How many letters are of a script.
    #[must_use]
    pub const fn letters(&self, script: Script) -> u64 {
        self.letters[script as usize]
    }

    /// The scripts that there are letters of and their share of all letters, the largest first.
    #[must_use]
    pub fn scripts(&self) -> Vec<(Script, f64)> {
        let all: u64 = self.letters.iter().sum();
        let mut found: Vec<Script> =
            Script::ALL.into_iter().filter(|script| self.letters(*script) > 0).collect();
        found.sort_by_key(|script| (std::cmp::Reverse(self.letters(*script)), *script));
        found.into_iter().map(|script| (script, self.letters(script) as f64 / all as f64)).collect()
    }

    /// About how many tokens a model may read: one a letter of Han, kana or Hangul, and one for every four other
    /// characters, begun ones whole. An estimate by a rule of thumb; every tokenizer has its own count.
    #[must_use]
    pub fn tokens_estimated(&self) -> u64 {
        let wide: u64 = Script::ALL
            .into_iter()
            .filter(|script| script.is_wide())
            .map(|script| self.letters(script))
            .sum();
        wide + (self.n_characters - wide).div_ceil(4)
    }
}

impl AddAssign<&Self> for Text {
    fn add_assign(&mut self, other: &Self) {
        self.n_characters += other.n_characters;
        self.n_bytes += other.n_bytes;
        for (mine, more) in self.letters.iter_mut().zip(other.letters) {
            *mine += more;
        }
    }
}
