//! Rows made of words, the same on every run.

/// SplitMix64.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A word of three syllables.
    pub(crate) fn word(&mut self) -> String {
        let syllable =
            |number: usize| [b"bcdfghjklmnpqrstvwxz"[number % 20], b"aeiou"[number / 20]].map(char::from);
        (0..3).flat_map(|_| syllable(self.below(100))).collect()
    }

    pub(crate) fn words(&mut self, n_words: usize) -> Vec<String> {
        (0..n_words).map(|_| self.word()).collect()
    }
}

/// A row that says these words.
pub(crate) fn row(words: &[String]) -> Vec<u8> {
    let (asked, told) = words.split_at(words.len() / 3);
    format!(
        r#"{{"system": null, "conversations": [{{"role": "user", "content": "{}"}}, {{"role": "assistant", "content": "{}"}}]}}"#,
        asked.join(" "),
        told.join(" ")
    )
    .into_bytes()
}
