//! Counts of all pairs: the lower triangle of a symmetric matrix, row after row.

/// A row that more than one in this many datasets hold is counted by bits, 64 rows at once, not holder by holder: so
/// no set of datasets costs more than its size times an eighth of the number of datasets, the worst that of copies of
/// one.
const FEW: usize = 8;

/// One number for each unordered pair of places.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Vec<u32>);

impl Counts {
    /// Room for one more place, its counts 0.
    pub(super) fn grow(&mut self, n_places: usize) {
        self.0.resize(n_places * n_places.saturating_sub(1) / 2, 0);
    }

    /// The counts of all pairs. Each row's holders are sorted.
    pub(super) fn of(n_places: usize, holders: &[Vec<u32>]) -> Self {
        let mut counts = Self::default();
        counts.grow(n_places);
        let is_frequent = |holders: &&Vec<u32>| holders.len() * FEW > n_places;
        for holders in holders.iter().filter(|holders| !is_frequent(holders)) {
            for (n_before, high) in holders.iter().enumerate() {
                let row = &mut counts.0[row(*high as usize)];
                holders[..n_before].iter().for_each(|low| row[*low as usize] += 1);
            }
        }
        let frequent: Vec<&Vec<u32>> = holders.iter().filter(is_frequent).collect();
        counts.add_frequent(n_places, &frequent);
        counts
    }

    fn add_frequent(&mut self, n_places: usize, rows: &[&Vec<u32>]) {
        let n_words = rows.len().div_ceil(64);
        let mut bits = vec![0_u64; n_places * n_words];
        for (number, holders) in rows.iter().enumerate() {
            for place in holders.iter() {
                bits[*place as usize * n_words + number / 64] |= 1 << (number % 64);
            }
        }
        let of = |place: usize| &bits[place * n_words..(place + 1) * n_words];
        for high in 1..n_places {
            for (low, count) in self.0[row(high)].iter_mut().enumerate() {
                *count += of(high)
                    .iter()
                    .zip(of(low))
                    .map(|(left, right)| (left & right).count_ones())
                    .sum::<u32>();
            }
        }
    }

    pub(super) fn get(&self, left: usize, right: usize) -> u32 {
        if left == right { 0 } else { self.0[place(left, right)] }
    }

    /// Sets the counts of one place with all others; its own entry is passed over.
    pub(super) fn set_all(&mut self, of: usize, counts: &[u32]) {
        for (other, count) in counts.iter().enumerate().filter(|(other, _)| *other != of) {
            self.0[place(of, other)] = *count;
        }
    }
}

/// Where a place's counts with all lower ones stand.
fn row(high: usize) -> std::ops::Range<usize> {
    let start = high * high.saturating_sub(1) / 2;
    start..start + high
}

/// Where the pair stands.
fn place(left: usize, right: usize) -> usize {
    row(left.max(right)).start + left.min(right)
}
