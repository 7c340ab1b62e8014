//! The seed prototype's text: letters chosen by ChaCha12.
//!
//! The original drew each letter with `rand` 0.8's `StdRng::gen_range(0..60)` on a 64-bit machine: the key
//! is the 32-byte state, counter and stream begin at 0, and each draw takes eight bytes of keystream as a
//! little-endian v. The letter is number floor(v · 60 / 2^64) of [`ALPHABET`], unless the remainder
//! v · 60 mod 2^64 is above [`ZONE`]: then the next eight bytes are drawn. One draw in 16 is rejected.

use plimsoll_core::Digest;

use crate::chacha::{self, Start};
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};

/// The sixty letters: the original used half-open ranges, and so there is neither `Z` nor `9`.
pub const ALPHABET: [u8; 60] = *b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY012345678";

/// The highest remainder that is accepted.
pub(crate) const ZONE: u64 = 0xEFFF_FFFF_FFFF_FFFF;

/// The most letters that an implementation writes before it looks again whether there is room.
pub(crate) const BATCH_SYMBOLS: usize = 128;

/// The text of one state, written piece by piece.
#[derive(Debug, Clone)]
pub struct SeedText {
    isa: Isa,
    start: Start,
    /// The next block of keystream.
    counter: u64,
    /// Letters computed and not yet asked for: `spare[spare_from..spare_end]`.
    spare: [u8; BATCH_SYMBOLS],
    spare_from: usize,
    spare_end: usize,
}

/// Fills `into` with the first letters of `state`'s text. A shorter text is the beginning of a longer one.
pub fn seed_text(state: &Digest, into: &mut [u8]) {
    SeedText::new(state).write(into);
}

/// The implementation that [`seed_text`] uses on this machine.
#[must_use]
pub fn seed_text_isa() -> Isa {
    Isa::best()
}

impl SeedText {
    /// The text of `state`, from its first letter.
    #[must_use]
    pub fn new(state: &Digest) -> Self {
        Self::with_isa(state, Isa::best())
    }

    /// The same by one implementation, for comparison. Where the machine lacks `isa`, the portable one is
    /// used.
    #[must_use]
    pub fn with_isa(state: &Digest, isa: Isa) -> Self {
        Self {
            isa: if isa.is_usable() { isa } else { Isa::Portable },
            start: Start::new(state.as_bytes(), 0),
            counter: 0,
            spare: [0; BATCH_SYMBOLS],
            spare_from: 0,
            spare_end: 0,
        }
    }

    /// Fills `into` with the next letters.
    pub fn write(&mut self, into: &mut [u8]) {
        let mut at = self.take_spare(into);
        if into.len() - at >= BATCH_SYMBOLS {
            at += batches(self.isa, &self.start, &mut self.counter, &mut into[at..]);
        }
        while at < into.len() {
            self.spare_from = 0;
            self.spare_end = batches(self.isa, &self.start, &mut self.counter, &mut self.spare);
            at += self.take_spare(&mut into[at..]);
        }
    }

    /// Moves spare letters to the beginning of `into` and says how many.
    fn take_spare(&mut self, into: &mut [u8]) -> usize {
        let spare = &self.spare[self.spare_from..self.spare_end];
        let taken = spare.len().min(into.len());
        into[..taken].copy_from_slice(&spare[..taken]);
        self.spare_from += taken;
        taken
    }
}

/// Writes letters while there is room for [`BATCH_SYMBOLS`]; says how many. Bytes behind them are
/// unspecified.
fn batches(isa: Isa, start: &Start, counter: &mut u64, into: &mut [u8]) -> usize {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            if let Some(machine) = Avx512::detect() {
                return machine.text(start, counter, into);
            }
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            if let Some(machine) = Avx2::detect() {
                return machine.text(start, counter, into);
            }
        }
        _ => {}
    }
    portable(start, counter, into)
}

/// The plain implementation: the definition, but without a branch a draw.
fn portable(start: &Start, counter: &mut u64, into: &mut [u8]) -> usize {
    let mut at = 0;
    while into.len() - at >= BATCH_SYMBOLS {
        let x = chacha::blocks::<12>(start, *counter);
        *counter += chacha::LANES as u64;
        let batch = &mut into[at..at + BATCH_SYMBOLS];
        let mut kept = 0;
        // A block's words lie in one lane each; eight draws a block.
        for lane in 0..chacha::LANES {
            for halves in x.chunks_exact(2) {
                let v = u64::from(halves[1][lane]) << 32 | u64::from(halves[0][lane]);
                let product = u128::from(v) * ALPHABET.len() as u128;
                batch[kept] = ALPHABET[(product >> 64) as usize];
                kept += usize::from(product as u64 <= ZONE);
            }
        }
        at += kept;
    }
    at
}
