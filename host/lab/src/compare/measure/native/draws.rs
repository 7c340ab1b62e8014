//! The numbers that plugins draw: the keyed extended output of BLAKE3, made uniform by rejection, and distinct
//! ones by Floyd's algorithm. Written from the head of the SDK's `draw`.

use std::collections::BTreeSet;

use plimsoll_core::{Digest, Span};
use plimsoll_kernels::{Keystream, keystream_at};

const PIECE_BYTES: usize = 1024;

pub(super) struct Draws {
    key: Digest,
    buffer: [u8; PIECE_BYTES],
    at: usize,
    read_bytes: u64,
}

impl Draws {
    pub(super) fn new(purpose: &str, inputs: &[&[u8]]) -> Self {
        let mut seed = Vec::new();
        for part in std::iter::once(purpose.as_bytes()).chain(inputs.iter().copied()) {
            seed.extend_from_slice(&(part.len() as u64).to_le_bytes());
            seed.extend_from_slice(part);
        }
        Self { key: Digest::of(&seed), buffer: [0; PIECE_BYTES], at: PIECE_BYTES, read_bytes: 0 }
    }

    fn word(&mut self) -> [u8; 8] {
        if self.at == PIECE_BYTES {
            keystream_at(Keystream::Blake3Xof, &self.key, 0, self.read_bytes, &mut self.buffer);
            self.read_bytes += PIECE_BYTES as u64;
            self.at = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.buffer[self.at..self.at + 8]);
        self.at += 8;
        word
    }

    pub(super) fn digest(&mut self) -> Digest {
        let mut out = Digest::default();
        for word in out.0.as_chunks_mut().0 {
            *word = self.word();
        }
        out
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // What is above belongs to an incomplete run of n.
        let fair = u64::MAX - (u64::MAX % n + 1) % n;
        loop {
            let word = u64::from_le_bytes(self.word());
            if word <= fair {
                return word % n;
            }
        }
    }

    pub(super) fn distinct(&mut self, count: u64, span: Span) -> Vec<u64> {
        let mut chosen = BTreeSet::new();
        for last in span.count.saturating_sub(count)..span.count {
            let candidate = self.below(last + 1);
            if !chosen.insert(candidate) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().map(|index| span.first.saturating_add(index)).collect()
    }
}
