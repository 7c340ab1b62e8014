//! Counts of all pairs: the lower triangle of a symmetric matrix, row after row.

/// One number for each unordered pair of places.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Vec<u32>);

impl Counts {
    /// Room for one more place, its counts 0.
    pub(super) fn grow(&mut self, n_places: usize) {
        self.0.resize(n_places * n_places.saturating_sub(1) / 2, 0);
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

/// Where the pair stands.
fn place(left: usize, right: usize) -> usize {
    let (low, high) = (left.min(right), left.max(right));
    high * (high - 1) / 2 + low
}
