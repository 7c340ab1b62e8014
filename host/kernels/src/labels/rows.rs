//! Rows: how the 4 x 4 words of a block lie in vectors, several labels side by side.

/// Sixteen little-endian words of a 64-byte block.
pub(crate) type Line = [u32; 16];

/// A machine whose vectors hold one row (four words) of a block for each of [`Rows::LABELS`] labels, label
/// after label. A block of all these labels is then four vectors.
pub(crate) trait Rows: Copy {
    /// A row of each label.
    type Row: Copy;

    /// Labels in one vector; at most [`MOST_LABELS`].
    const LABELS: usize;

    /// All words zero.
    fn zero(self) -> Self::Row;

    /// Word by word, modulo 2^32.
    fn add(self, a: Self::Row, b: Self::Row) -> Self::Row;

    /// Word by word.
    fn xor(self, a: Self::Row, b: Self::Row) -> Self::Row;

    /// Each word turned to the left by `LEFT` bits; `RIGHT` is 32 - `LEFT`.
    fn rotated<const LEFT: i32, const RIGHT: i32>(self, a: Self::Row) -> Self::Row;

    /// Word i of each label's row becomes its word (i + 1) mod 4.
    fn turned_1(self, a: Self::Row) -> Self::Row;

    /// Word i of each label's row becomes its word (i + 2) mod 4.
    fn turned_2(self, a: Self::Row) -> Self::Row;

    /// Word i of each label's row becomes its word (i + 3) mod 4.
    fn turned_3(self, a: Self::Row) -> Self::Row;

    /// The four rows of each label's block, from the lines at `at`.
    fn load(self, lines: &[Line], at: [usize; MOST_LABELS]) -> [Self::Row; 4];

    /// Writes each label's block to the lines at `at`.
    fn store(self, block: [Self::Row; 4], lines: &mut [Line], at: [usize; MOST_LABELS]);

    /// The first word of each label's row.
    fn first_words(self, a: Self::Row) -> [u32; MOST_LABELS];
}

/// The most labels that any vector holds.
pub(crate) const MOST_LABELS: usize = 4;

/// Plain Rust, one label at a time, for every machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PortableRows;

impl Rows for PortableRows {
    type Row = [u32; 4];

    const LABELS: usize = 1;

    #[inline(always)]
    fn zero(self) -> [u32; 4] {
        [0; 4]
    }

    #[inline(always)]
    fn add(self, a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
        std::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn xor(self, a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
        std::array::from_fn(|i| a[i] ^ b[i])
    }

    #[inline(always)]
    fn rotated<const LEFT: i32, const RIGHT: i32>(self, a: [u32; 4]) -> [u32; 4] {
        a.map(|word| word.rotate_left(LEFT as u32))
    }

    #[inline(always)]
    fn turned_1(self, [a, b, c, d]: [u32; 4]) -> [u32; 4] {
        [b, c, d, a]
    }

    #[inline(always)]
    fn turned_2(self, [a, b, c, d]: [u32; 4]) -> [u32; 4] {
        [c, d, a, b]
    }

    #[inline(always)]
    fn turned_3(self, [a, b, c, d]: [u32; 4]) -> [u32; 4] {
        [d, a, b, c]
    }

    #[inline(always)]
    fn load(self, lines: &[Line], at: [usize; MOST_LABELS]) -> [[u32; 4]; 4] {
        let line = &lines[at[0]];
        std::array::from_fn(|row| std::array::from_fn(|i| line[4 * row + i]))
    }

    #[inline(always)]
    fn store(self, block: [[u32; 4]; 4], lines: &mut [Line], at: [usize; MOST_LABELS]) {
        lines[at[0]] = std::array::from_fn(|i| block[i / 4][i % 4]);
    }

    #[inline(always)]
    fn first_words(self, a: [u32; 4]) -> [u32; MOST_LABELS] {
        [a[0], 0, 0, 0]
    }
}
