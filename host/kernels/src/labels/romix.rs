//! scrypt's inner part over several labels at once: block mix and the walk through memory.
//!
//! C. Percival, S. Josefsson, RFC 7914 (2016), sections 3 to 5; D. J. Bernstein, "The Salsa20 family of
//! stream ciphers" (2007) and "ChaCha, a variant of Salsa20" (2008). Labels do not depend on each other, so
//! that each vector carries a row of several, and several vectors hide each other's latency.

use super::rows::{Line, MOST_LABELS, Rows};

/// A permutation of 64-byte blocks with the input added at the end.
pub(crate) trait Core {
    /// Word i of a line is word `ORDER[i]` of the block: what makes the core's columns and diagonals rows.
    const ORDER: [usize; 16];

    /// Replaces each of the blocks by its image.
    fn apply<M: Rows, const G: usize>(machine: M, blocks: &mut [[M::Row; 4]; G]);
}

/// Salsa20 with 8 rounds: RFC 7914.
pub(crate) struct Salsa8;

/// The ChaCha permutation with 8 rounds over the whole block: Spacemesh.
pub(crate) struct ChaCha8;

impl Core for Salsa8 {
    const ORDER: [usize; 16] = [0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11];

    #[inline(always)]
    fn apply<M: Rows, const G: usize>(m: M, blocks: &mut [[M::Row; 4]; G]) {
        let first = *blocks;
        for _ in 0..4 {
            salsa_quarters(m, blocks);
            for [_, b, _, d] in blocks.iter_mut() {
                (*b, *d) = (m.turned_1(*d), m.turned_3(*b));
            }
            for [_, _, c, _] in blocks.iter_mut() {
                *c = m.turned_2(*c);
            }
            salsa_quarters(m, blocks);
            for [_, b, _, d] in blocks.iter_mut() {
                (*b, *d) = (m.turned_1(*d), m.turned_3(*b));
            }
            for [_, _, c, _] in blocks.iter_mut() {
                *c = m.turned_2(*c);
            }
        }
        add_each(m, blocks, &first);
    }
}

/// Four quarter rounds at once: one on each column of the rows.
#[inline(always)]
fn salsa_quarters<M: Rows, const G: usize>(m: M, blocks: &mut [[M::Row; 4]; G]) {
    for [a, b, _, d] in blocks.iter_mut() {
        *b = m.xor(*b, m.rotated::<7, 25>(m.add(*a, *d)));
    }
    for [a, b, c, _] in blocks.iter_mut() {
        *c = m.xor(*c, m.rotated::<9, 23>(m.add(*b, *a)));
    }
    for [_, b, c, d] in blocks.iter_mut() {
        *d = m.xor(*d, m.rotated::<13, 19>(m.add(*c, *b)));
    }
    for [a, _, c, d] in blocks.iter_mut() {
        *a = m.xor(*a, m.rotated::<18, 14>(m.add(*d, *c)));
    }
}

impl Core for ChaCha8 {
    const ORDER: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    #[inline(always)]
    fn apply<M: Rows, const G: usize>(m: M, blocks: &mut [[M::Row; 4]; G]) {
        let first = *blocks;
        for _ in 0..4 {
            chacha_quarters(m, blocks);
            for [_, b, c, d] in blocks.iter_mut() {
                (*b, *c, *d) = (m.turned_1(*b), m.turned_2(*c), m.turned_3(*d));
            }
            chacha_quarters(m, blocks);
            for [_, b, c, d] in blocks.iter_mut() {
                (*b, *c, *d) = (m.turned_3(*b), m.turned_2(*c), m.turned_1(*d));
            }
        }
        add_each(m, blocks, &first);
    }
}

/// Four quarter rounds at once: one on each column of the rows.
#[inline(always)]
fn chacha_quarters<M: Rows, const G: usize>(m: M, blocks: &mut [[M::Row; 4]; G]) {
    chacha_half::<M, G, 16, 16, 12, 20>(m, blocks);
    chacha_half::<M, G, 8, 24, 7, 25>(m, blocks);
}

#[inline(always)]
fn chacha_half<M: Rows, const G: usize, const D: i32, const D_: i32, const B: i32, const B_: i32>(
    m: M,
    blocks: &mut [[M::Row; 4]; G],
) {
    for [a, b, _, _] in blocks.iter_mut() {
        *a = m.add(*a, *b);
    }
    for [a, _, _, d] in blocks.iter_mut() {
        *d = m.rotated::<D, D_>(m.xor(*d, *a));
    }
    for [_, _, c, d] in blocks.iter_mut() {
        *c = m.add(*c, *d);
    }
    for [_, b, c, _] in blocks.iter_mut() {
        *b = m.rotated::<B, B_>(m.xor(*b, *c));
    }
}

#[inline(always)]
fn add_each<M: Rows, const G: usize>(m: M, to: &mut [[M::Row; 4]; G], other: &[[M::Row; 4]; G]) {
    for (to, other) in to.iter_mut().zip(other) {
        for (to, other) in to.iter_mut().zip(other) {
            *to = m.add(*to, *other);
        }
    }
}

#[inline(always)]
fn xor_each<M: Rows, const G: usize>(m: M, to: &mut [[M::Row; 4]; G], other: &[[M::Row; 4]; G]) {
    for (to, other) in to.iter_mut().zip(other) {
        for (to, other) in to.iter_mut().zip(other) {
            *to = m.xor(*to, *other);
        }
    }
}

/// One 64-byte block of the labels of `G` vectors.
type Blocks<Row, const G: usize> = [[Row; 4]; G];

/// Mixes the labels of `G` vectors: `blocks` holds 2r lines a label, label after label, in the order of
/// [`Core::ORDER`], and gets the result. `memory` is n x labels x 2r lines of any content.
///
/// The vectors go step by step together, so that the processor has something to do while a step ends. Sets of
/// vectors that take turns, one computing while another waits for memory, were measured and not faster.
///
/// Only loops here, and no closures: a closure that is not inlined would lack the machine's features.
#[inline(always)]
pub(crate) fn romix<M: Rows, C: Core, const G: usize>(
    m: M,
    n: usize,
    r: usize,
    blocks: &mut [Line],
    memory: &mut [Line],
) {
    let lines = 2 * r;
    let row_lines = G * M::LABELS * lines;
    let mut x: Vec<Blocks<M::Row, G>> = vec![[[m.zero(); 4]; G]; lines];
    let mut y = x.clone();
    for (k, block) in x.iter_mut().enumerate() {
        for (g, block) in block.iter_mut().enumerate() {
            *block = m.load(blocks, places::<M>(g, lines, k));
        }
    }
    for row in memory.chunks_exact_mut(row_lines).take(n) {
        for (k, block) in x.iter().enumerate() {
            for (g, block) in block.iter().enumerate() {
                m.store(*block, row, places::<M>(g, lines, k));
            }
        }
        block_mix::<M, C, G>(m, r, &x, &mut y);
        std::mem::swap(&mut x, &mut y);
    }
    for _ in 0..n {
        let mut wanted = [[0; MOST_LABELS]; G];
        for (g, wanted) in wanted.iter_mut().enumerate() {
            // Integerify, modulo n.
            for (row, word) in wanted.iter_mut().zip(m.first_words(x[lines - 1][g][0])) {
                *row = (word as usize & (n - 1)) * row_lines;
            }
        }
        for (k, block) in x.iter_mut().enumerate() {
            for (g, block) in block.iter_mut().enumerate() {
                let mut at = places::<M>(g, lines, k);
                for (at, row) in at.iter_mut().zip(wanted[g]) {
                    *at += row;
                }
                for (to, other) in block.iter_mut().zip(m.load(memory, at)) {
                    *to = m.xor(*to, other);
                }
            }
        }
        block_mix::<M, C, G>(m, r, &x, &mut y);
        std::mem::swap(&mut x, &mut y);
    }
    for (k, block) in x.iter().enumerate() {
        for (g, block) in block.iter().enumerate() {
            m.store(*block, blocks, places::<M>(g, lines, k));
        }
    }
}

/// Where line `k` of each label of vector `vector` lies among lines of `lines` a label.
#[inline(always)]
fn places<M: Rows>(vector: usize, lines: usize, k: usize) -> [usize; MOST_LABELS] {
    let first = vector * M::LABELS;
    [first * lines + k, (first + 1) * lines + k, (first + 2) * lines + k, (first + 3) * lines + k]
}

/// RFC 7914, section 4.
#[inline(always)]
fn block_mix<M: Rows, C: Core, const G: usize>(
    m: M,
    r: usize,
    from: &[Blocks<M::Row, G>],
    to: &mut [Blocks<M::Row, G>],
) {
    let mut t = from[2 * r - 1];
    for (k, block) in from.iter().enumerate() {
        xor_each(m, &mut t, block);
        C::apply(m, &mut t);
        to[k / 2 + (k % 2) * r] = t;
    }
}
