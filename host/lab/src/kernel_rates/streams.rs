//! Keystreams and fills, against the crates that they come from or compete with.

use std::hint::black_box;

use aes::Aes128;
use chacha20::{ChaCha8, ChaCha12, ChaCha20};
use ctr::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use plimsoll_core::{Digest, PlotSpace, Span};
use plimsoll_kernels::{Isa, Keystream, fill, keystream_at};
use plimsoll_plugin::MemorySpace;

use super::kernel::{Done, Goal, Kernel, sure};

const PIECE_BYTES: usize = 1 << 20;
const UNIT_BYTES: u32 = 64 << 10;
const PLOT_BYTES: u64 = 4 << 20;
const KEY: Digest = Digest([7; 32]);
/// "AES-CTR at least 8 GiB/s" of one core.
const AES_GOAL: f64 = 8.0 * (1u64 << 30) as f64;
/// "Within 3 %" of the `blake3` crate.
const XOF_GOAL: f64 = 0.97;

pub(super) fn kernels() -> Vec<Kernel> {
    vec![
        stream(Keystream::Blake3Xof)
            .against("crate blake3, OutputReader", blake3_xof())
            .reaching(Goal::TimesReference(XOF_GOAL)),
        blake3_fill(),
        stream(Keystream::Aes128Ctr)
            .against("crates aes and ctr", aes_ctr())
            .reaching(Goal::PerCpuSecond(AES_GOAL)),
        stream(Keystream::ChaCha8)
            .against("crate chacha20", cipher(ChaCha8::new(&[7; 32].into(), &[0; 12].into()))),
        stream(Keystream::ChaCha12)
            .against("crate chacha20", cipher(ChaCha12::new(&[7; 32].into(), &[0; 12].into()))),
        stream(Keystream::ChaCha20)
            .against("crate chacha20", cipher(ChaCha20::new(&[7; 32].into(), &[0; 12].into()))),
    ]
}

fn stream(kind: Keystream) -> Kernel {
    let mut piece = vec![0; PIECE_BYTES];
    // BLAKE3 chooses for itself.
    let isa = match kind {
        Keystream::Blake3Xof => String::new(),
        _ => format!(", {}", Isa::best()),
    };
    let work = sure(move || keystream_at(kind, &KEY, 3, 0, black_box(&mut piece)));
    Kernel::of_bytes(format!("{kind}, 1 MiB{isa}"), PIECE_BYTES as u64, work)
}

fn blake3_xof() -> impl FnMut() -> Done {
    let mut piece = vec![0; PIECE_BYTES];
    sure(move || {
        let mut output = blake3::Hasher::new_keyed(&KEY.0).update(&3u64.to_le_bytes()).finalize_xof();
        output.fill(black_box(&mut piece));
    })
}

/// Units of a plot in memory, through the interface that plugins are given.
fn blake3_fill() -> Kernel {
    let plot = MemorySpace::new(PLOT_BYTES as usize);
    let units = Span { first: 0, count: PLOT_BYTES / u64::from(UNIT_BYTES) };
    let work = move || {
        let space: &dyn PlotSpace = black_box(&plot);
        Ok(fill(space, Keystream::Blake3Xof, &KEY, UNIT_BYTES, units)?)
    };
    let mut unit = vec![0; PLOT_BYTES as usize];
    let reference = sure(move || {
        for (index, piece) in (0u64..).zip(unit.chunks_mut(UNIT_BYTES as usize)) {
            blake3::Hasher::new_keyed(&KEY.0)
                .update(&index.to_le_bytes())
                .finalize_xof()
                .fill(black_box(piece));
        }
    });
    Kernel::of_bytes("fill blake3-xof, 4 MiB in units of 64 KiB", PLOT_BYTES, work)
        .against("crate blake3, OutputReader", reference)
        .reaching(Goal::TimesReference(XOF_GOAL))
}

fn aes_ctr() -> impl FnMut() -> Done {
    cipher(ctr::Ctr64BE::<Aes128>::new(&[7; 16].into(), &[0; 16].into()))
}

fn cipher(mut cipher: impl StreamCipher + StreamCipherSeek + 'static) -> impl FnMut() -> Done {
    let mut piece = vec![0; PIECE_BYTES];
    sure(move || {
        cipher.seek(0u64);
        cipher.write_keystream(black_box(&mut piece));
    })
}
