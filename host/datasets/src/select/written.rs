//! What was written, so that another run can be told to have written the same.

use plimsoll_core::Digest;

/// Counts what goes into a file.
#[derive(Debug, Clone, Default)]
pub struct Written {
    hasher: blake3::Hasher,
    n_rows: u64,
    n_bytes: u64,
}

impl Written {
    /// Counts a row's line.
    pub fn add(&mut self, line: &[u8]) {
        self.hasher.update(line);
        self.n_rows += 1;
        self.n_bytes += line.len() as u64;
    }

    /// How many rows there were.
    #[must_use]
    pub const fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// How many bytes.
    #[must_use]
    pub const fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The BLAKE3 of all bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}
