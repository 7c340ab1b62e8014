//! A hash of row ids that is quick, since they are hashes already, and keyed, since their authors choose the rows.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A key of this run.
#[derive(Debug, Clone)]
pub(super) struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8) | 1)
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { key: self.0, hash: self.0 }
    }
}

/// Each eight bytes are multiplied with the key to 128 bits, whose halves are joined.
#[derive(Debug)]
pub(super) struct Folded {
    key: u64,
    hash: u64,
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.hash ^ word) * u128::from(self.key);
        self.hash = (product >> 64) as u64 ^ product as u64;
    }

    // A slice's length comes before it and is the same for every id.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.hash
    }
}
