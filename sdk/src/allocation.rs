//! Allocation policies: how a miner divides its space among validators.

use crate::{Hotkey, Plugin, PluginError, Result};

/// One neuron of the subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neuron {
    /// Its place in the subnet.
    pub uid: u16,
    /// Its key.
    pub hotkey: Hotkey,
    /// What stands behind it, in rao: a thousand-millionth of a TAO.
    pub stake_rao: u64,
    /// Whether it may set weights.
    pub validator_permit: bool,
    /// Whether it is the miner that divides its space.
    pub is_owner: bool,
}

/// The space that is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free bytes of the disk.
    pub available_bytes: u64,
    /// Bytes that all shares together may take.
    pub cap_bytes: u64,
    /// A share is a whole number of these.
    pub chunk_bytes: u64,
}

/// What one validator gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Whose.
    pub uid: u16,
    /// How many bytes; a multiple of the chunk size.
    pub bytes: u64,
}

/// How space is divided. The host refuses shares that exceed the cap, name a uid twice or one that is not
/// there, or are no multiples of the chunk size. [`crate::laws::allocation_policy`] tests the same.
pub trait AllocationPolicy: Plugin {
    /// The shares; who is not named gets nothing.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for a chunk size of zero.
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>>;
}

impl Space {
    /// Whole chunks under the cap.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for a chunk size of zero.
    pub fn chunks(&self) -> Result<u64> {
        self.cap_bytes
            .checked_div(self.chunk_bytes)
            .ok_or_else(|| PluginError::BadInput("a chunk has zero bytes".into()))
    }

    /// The shares of whole chunks by weight, largest remainder first and of equal ones the lower uid, all chunks
    /// under the cap and never more; who gets none is left out, and the order of `weights` does not matter. See
    /// [`divide`].
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for a chunk size of zero.
    pub fn divide_by(&self, weights: &[(u16, u64)]) -> Result<Vec<Share>> {
        let mut weights = weights.to_vec();
        weights.sort_unstable();
        let chunks = divide(self.chunks()?, &weights.iter().map(|&(_, weight)| weight).collect::<Vec<_>>());
        let shares = weights.iter().zip(chunks).filter(|&(_, chunks)| chunks > 0);
        Ok(shares.map(|(&(uid, _), chunks)| Share { uid, bytes: chunks * self.chunk_bytes }).collect())
    }
}

/// Divides `total` by `weights` with the method of the largest remainder (Hamilton): each part is its exact
/// share rounded down or up, and the parts sum up to `total` (to 0 where no weight is above 0). Equal
/// remainders go to the earlier.
#[must_use]
pub fn divide(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let part = |weight: u64| u64::try_from(exact(weight) / sum).unwrap_or(total);
    let mut parts: Vec<u64> = weights.iter().map(|&weight| part(weight)).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&at| std::cmp::Reverse(exact(weights[at]) % sum));
    let left = total - parts.iter().sum::<u64>();
    for at in by_remainder.into_iter().zip(0..left).map(|(at, _)| at) {
        parts[at] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_textbook_case_comes_out() {
        // Hamilton's method on five parties and ten seats.
        assert_eq!(divide(10, &[47, 16, 158, 81, 98]), [1, 0, 4, 2, 3]);
        assert_eq!(divide(7, &[0, 0]), [0, 0]);
        assert_eq!(divide(3, &[1, 1]), [2, 1]);
    }

    proptest! {
        #[test]
        fn shares_do_not_depend_on_the_order_of_weights(
            weights in proptest::collection::btree_map(any::<u16>(), prop_oneof![Just(1), 0..9u64], 0..20),
            chunks in 0..50u64,
        ) {
            let space = Space { available_bytes: 7 * chunks, cap_bytes: 7 * chunks, chunk_bytes: 7 };
            let one: Vec<(u16, u64)> = weights.into_iter().collect();
            let other: Vec<(u16, u64)> = one.iter().rev().copied().collect();
            prop_assert_eq!(space.divide_by(&one), space.divide_by(&other));
        }

        #[test]
        fn parts_sum_up_and_are_the_exact_share_rounded(
            total: u64,
            weights in proptest::collection::vec(prop_oneof![Just(0), 1..1000u64, any::<u64>()], 1..40),
        ) {
            let parts = divide(total, &weights);
            let sum: u128 = weights.iter().map(|&w| u128::from(w)).sum();
            prop_assert_eq!(parts.iter().map(|&p| u128::from(p)).sum::<u128>(), if sum == 0 { 0 } else { u128::from(total) });
            for (&part, &weight) in parts.iter().zip(&weights) {
                let floor = (u128::from(total) * u128::from(weight)).checked_div(sum).unwrap_or(0);
                prop_assert!(u128::from(part) == floor || u128::from(part) == floor + 1);
            }
        }
    }
}
