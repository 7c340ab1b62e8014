//! Small rows that a scheme keeps behind its units, under a tree of two levels: a proof of a row takes hashing its
//! group of 1024 and one root a group, never all rows.
//!
//! Rows lie one behind another, behind them the root of each group (32 bytes each). The commitment is the root over
//! these roots. Both trees are those of RFC 6962 with SHA-256, over rows and over roots as leaves. An opening is the
//! row, its path in its group, the group's root, and the root's path.

use crate::pure::{HashKind, digest_of, merkle_depth, merkle_leaf, merkle_verify};
use crate::{Digest, Extent, Layout, Order, Parts, Pass, Plot, PluginError, Region, Result, Span};

const HASH: HashKind = HashKind::Sha256;
const GROUP_ROWS: u64 = 1024;
const ROOT_BYTES: u32 = 32;

/// Where the rows lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// First byte of the first row.
    pub offset: u64,
    /// Bytes of a row: 1024 at most.
    pub row_bytes: u32,
    /// Number of rows.
    pub rows: u64,
}

impl Rows {
    /// The rows of `rows` units of `unit_bytes` each, behind them.
    #[must_use]
    pub const fn behind(unit_bytes: u32, row_bytes: u32, rows: u64) -> Self {
        Self { offset: rows.saturating_mul(unit_bytes as u64), row_bytes, rows }
    }

    /// The same of as many units as fit into `bytes` bytes, with rows and roots: none where not even one fits.
    #[must_use]
    pub fn within(unit_bytes: u32, row_bytes: u32, bytes: u64) -> Self {
        let each = u128::from(unit_bytes) + u128::from(row_bytes);
        let group_bytes = each * u128::from(GROUP_ROWS) + u128::from(ROOT_BYTES);
        let most = (u128::from(bytes) * u128::from(GROUP_ROWS) / group_bytes) as u64;
        let rows = Self::behind(unit_bytes, row_bytes, most);
        // The last group is rarely full: its root may be what does not fit.
        if rows.end() <= bytes { rows } else { Self::behind(unit_bytes, row_bytes, most.saturating_sub(1)) }
    }

    /// Number of groups: the units of the pass that fills their roots.
    #[must_use]
    pub const fn groups(&self) -> u64 {
        self.rows.div_ceil(GROUP_ROWS)
    }

    /// One past the last byte of the roots.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.roots_offset().saturating_add(self.groups().saturating_mul(ROOT_BYTES as u64))
    }

    const fn roots_offset(&self) -> u64 {
        self.offset.saturating_add(self.rows.saturating_mul(self.row_bytes as u64))
    }

    /// Rows of group `group`.
    fn in_group(&self, group: u64) -> u64 {
        GROUP_ROWS.min(self.rows.saturating_sub(group.saturating_mul(GROUP_ROWS)))
    }

    fn group(&self, group: u64) -> Extent {
        let before = group.saturating_mul(GROUP_ROWS).saturating_mul(self.row_bytes.into());
        let len = self.in_group(group) * u64::from(self.row_bytes);
        Extent { offset: self.offset.saturating_add(before), len }
    }

    fn roots(&self) -> Extent {
        Extent { offset: self.roots_offset(), len: self.groups().saturating_mul(ROOT_BYTES.into()) }
    }

    /// Writes the roots of `groups`, whose rows are there.
    ///
    /// # Errors
    /// What the plot said.
    pub fn fill_roots(&self, plot: &dyn Plot, groups: Span) -> Result<()> {
        for group in groups.first..groups.end() {
            let rows = plot.read(self.group(group))?;
            let rows = (0..).zip(rows.chunks(self.row_bytes as usize));
            let leaf = |(index, row)| merkle_leaf(HASH, self.row_bytes, self.in_group(group), index, row);
            let root = root(&rows.map(leaf).collect::<Vec<_>>());
            plot.write(self.roots_offset() + group * u64::from(ROOT_BYTES), &root)?;
        }
        Ok(())
    }

    /// The commitment to all rows.
    ///
    /// # Errors
    /// What the region said.
    pub fn commit(&self, region: &dyn Region) -> Result<Digest> {
        region.merkle_root(HASH, ROOT_BYTES, self.roots())
    }

    /// The openings of `rows`, one behind another.
    ///
    /// # Errors
    /// What the region said.
    pub fn openings(&self, region: &dyn Region, rows: &[u64]) -> Result<Vec<u8>> {
        let groups: Vec<u64> = rows.iter().map(|row| row / GROUP_ROWS).collect();
        let root_paths = region.merkle_paths(HASH, ROOT_BYTES, self.roots(), &groups)?;
        let mut out = Vec::new();
        for ((row, group), root_path) in rows.iter().zip(groups).zip(root_paths) {
            let (of_group, inside) = (self.group(group), row % GROUP_ROWS);
            let len = u64::from(self.row_bytes);
            out.extend(region.read(Extent { offset: of_group.offset + inside * len, len })?);
            out.extend(region.merkle_paths(HASH, self.row_bytes, of_group, &[inside])?.concat());
            let root = self.roots_offset() + group * u64::from(ROOT_BYTES);
            out.extend(region.read(Extent { offset: root, len: ROOT_BYTES.into() })?);
            out.extend(root_path);
        }
        Ok(out)
    }

    /// The row `row` that is opened next in `proof`, after its opening was found to lead to `commitment`.
    ///
    /// # Errors
    /// A reason against the proof.
    pub fn opening<'a>(
        &self,
        proof: &mut Parts<'a>,
        row: u64,
        commitment: &Digest,
    ) -> Result<&'a [u8], String> {
        let (group, inside) = (row / GROUP_ROWS, row % GROUP_ROWS);
        let (rows, groups) = (self.in_group(group), self.groups());
        let ends = || format!("the proof ends within the opening of row {row}");
        let bytes = proof.take(self.row_bytes as usize).ok_or_else(ends)?;
        let path = proof.merkle_path(rows, inside).ok_or_else(ends)?;
        let root = proof.digest().ok_or_else(ends)?;
        let root_path = proof.merkle_path(groups, group).ok_or_else(ends)?;
        let leaf = merkle_leaf(HASH, self.row_bytes, rows, inside, bytes);
        if !merkle_verify(HASH, root, rows, inside, &leaf, path) {
            return Err(format!("row {row} is not of its group"));
        }
        let leaf = merkle_leaf(HASH, ROOT_BYTES, groups, group, root);
        if !merkle_verify(HASH, commitment, groups, group, &leaf, root_path) {
            return Err(format!("the group of row {row} misses the commitment"));
        }
        Ok(bytes)
    }

    /// The rows `rows` that are opened next in `proof`, one behind another: see [`Rows::opening`].
    ///
    /// # Errors
    /// A reason against the proof.
    pub fn opened(
        &self,
        proof: &mut Parts<'_>,
        rows: &[u64],
        commitment: &Digest,
    ) -> Result<Vec<u8>, String> {
        let mut all = Vec::with_capacity(rows.len() * self.row_bytes as usize);
        for &row in rows {
            all.extend_from_slice(self.opening(proof, row, commitment)?);
        }
        Ok(all)
    }

    /// The most bytes of an opening.
    #[must_use]
    pub fn opening_bytes(&self) -> u32 {
        let levels = merkle_depth(self.rows.min(GROUP_ROWS), 0) + 1 + merkle_depth(self.groups(), 0);
        self.row_bytes + ROOT_BYTES * levels
    }
}

impl Layout {
    /// As many units as fit into `capacity_bytes` with a row each behind them (see [`Rows::within`]), in two passes:
    /// `name` over the units, whose rows it writes too, and `roots` over the groups, for [`Rows::fill_roots`].
    ///
    /// # Errors
    /// [`PluginError::BadInput`] where not even one unit fits.
    pub fn with_rows(name: &str, unit_bytes: u32, row_bytes: u32, capacity_bytes: u64) -> Result<Self> {
        let rows = Rows::within(unit_bytes, row_bytes, capacity_bytes);
        if rows.rows == 0 {
            let least = Rows::behind(unit_bytes, row_bytes, 1).end();
            let text = format!("{capacity_bytes} bytes hold no unit: one takes {least} bytes");
            return Err(PluginError::BadInput(text));
        }
        let pass = |name: &str, units| Pass { name: name.to_owned(), units, order: Order::Independent };
        let passes = vec![pass(name, rows.rows), pass("roots", rows.groups())];
        Ok(Self { unit_bytes, units: rows.rows, region_bytes: rows.end(), memory_bytes: 0, passes })
    }
}

/// The root over `leaves`, as RFC 6962; there is at least one.
fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [leaf] => *leaf,
        _ => {
            // The left subtree is the largest power of two that leaves a right one.
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            digest_of(HASH, &[&[1], &root(left)[..], &root(right)].concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doubles::{MemoryPlot, MemoryRegion};

    fn filled(rows: Rows) -> MemoryRegion {
        let bytes = (0..rows.end()).map(|at| (at * 31 % 251) as u8).collect();
        let plot = MemoryPlot::holding(bytes);
        rows.fill_roots(&plot, Span { first: 0, count: rows.groups() }).unwrap();
        plot.finish()
    }

    #[test]
    fn every_row_opens_to_its_bytes_under_the_commitment_and_no_other() {
        for (count, some) in [(1, vec![0]), (1024, vec![0, 1023]), (2500, vec![0, 1024, 2047, 2499])] {
            let rows = Rows { offset: 10, row_bytes: 7, rows: count };
            let region = filled(rows);
            let root = rows.commit(&region).unwrap();
            let openings = rows.openings(&region, &some).unwrap();
            assert!(openings.len() <= some.len() * rows.opening_bytes() as usize);
            let mut parts = Parts::of(&openings);
            for &row in &some {
                let bytes = rows.opening(&mut parts, row, &root).unwrap();
                assert_eq!(bytes, &region.bytes[10 + 7 * row as usize..][..7]);
            }
            assert_eq!(parts.end(), Ok(()));
            for at in (0..openings.len()).step_by(11) {
                let mut bad = openings.clone();
                bad[at] ^= 1;
                let mut parts = Parts::of(&bad);
                let failed = some.iter().any(|&row| rows.opening(&mut parts, row, &root).is_err());
                assert!(failed, "byte {at} of {count} rows");
            }
            let short = rows.opening(&mut Parts::of(&openings[..6]), some[0], &root);
            assert_eq!(short, Err(format!("the proof ends within the opening of row {}", some[0])));
        }
    }

    #[test]
    fn rows_beyond_all_numbers_are_no_panic() {
        let rows = Rows { offset: 1 << 60, row_bytes: 96, rows: u64::MAX };
        assert_eq!(rows.end(), u64::MAX);
        let refused = rows.opening(&mut Parts::of(&[0; 4000]), u64::MAX - 1, &[0; 32]);
        assert_eq!(refused, Err(format!("row {} is not of its group", u64::MAX - 1)));
    }
}
