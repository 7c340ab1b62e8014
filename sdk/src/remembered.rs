//! What a rule remembers of each hotkey from one epoch to the next.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::{Hotkey, PluginError, Result};

const TAG_BYTES: usize = 4;
const MOST_HOTKEYS: usize = 16_384;

/// `N` numbers a hotkey, at most three; whoever is not known has zeros.
///
/// As bytes: a tag of four, then for each hotkey its 32 bytes and `N` numbers of eight, little-endian, hotkeys
/// ascending. It is keyed by hotkey, so nobody inherits from a recycled uid. All zeros are not kept, and of more
/// than 16,384 hotkeys those with the largest first numbers: under 1 MiB, whoever comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered<const N: usize> {
    tag: [u8; TAG_BYTES],
    numbers: BTreeMap<Hotkey, [u64; N]>,
}

impl<const N: usize> Remembered<N> {
    const ENTRY_BYTES: usize = {
        assert!(N > 0 && N <= 3, "more numbers would not fit into a rule's memory");
        32 + 8 * N
    };

    /// What the last epoch's outcome held, or nothing where `memory` is empty. `tag` tells rules, and versions of
    /// one rule, apart.
    ///
    /// # Errors
    /// [`PluginError::BadInput`] for a memory that [`Remembered::to_memory`] cannot have written under `tag`.
    pub fn recall(tag: [u8; TAG_BYTES], memory: &[u8]) -> Result<Self> {
        let foreign = || PluginError::BadInput("the memory was not written by this rule".into());
        if memory.is_empty() {
            return Ok(Self { tag, numbers: BTreeMap::new() });
        }
        let entries = memory.strip_prefix(&tag).ok_or_else(foreign)?.chunks_exact(Self::ENTRY_BYTES);
        if !entries.remainder().is_empty() {
            return Err(foreign());
        }
        let mut numbers = BTreeMap::new();
        for entry in entries {
            let hotkey = Hotkey(std::array::from_fn(|at| entry[at]));
            if numbers.last_key_value().is_some_and(|(last, _)| *last >= hotkey) {
                return Err(foreign());
            }
            let number = |n: usize| u64::from_le_bytes(std::array::from_fn(|at| entry[32 + 8 * n + at]));
            numbers.insert(hotkey, std::array::from_fn(number));
        }
        Ok(Self { tag, numbers })
    }

    /// The numbers of one hotkey.
    #[must_use]
    pub fn of(&self, hotkey: &Hotkey) -> Option<[u64; N]> {
        self.numbers.get(hotkey).copied()
    }

    /// Remembers new numbers.
    pub fn set(&mut self, hotkey: Hotkey, numbers: [u64; N]) {
        self.numbers.insert(hotkey, numbers);
    }

    /// Changes the numbers of all who are known: what time does to everyone.
    pub fn change_all(&mut self, change: impl Fn(&mut [u64; N])) {
        self.numbers.values_mut().for_each(change);
    }

    /// The bytes to hand to the next epoch.
    #[must_use]
    pub fn to_memory(&self) -> Vec<u8> {
        let mut kept: Vec<_> = self.numbers.iter().filter(|(_, numbers)| **numbers != [0; N]).collect();
        kept.sort_by_key(|(hotkey, numbers)| (Reverse(numbers[0]), **hotkey));
        kept.truncate(MOST_HOTKEYS);
        kept.sort();
        let mut memory = self.tag.to_vec();
        for (hotkey, numbers) in kept {
            memory.extend_from_slice(&hotkey.0);
            numbers.iter().for_each(|number| memory.extend_from_slice(&number.to_le_bytes()));
        }
        memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LARGEST_MEMORY_BYTES;
    use proptest::prelude::*;

    const TAG: [u8; 4] = *b"tst1";

    fn hotkey(n: u64) -> Hotkey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&n.to_be_bytes());
        Hotkey(key)
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_recalled(entries in prop::collection::btree_map(any::<u64>(), any::<[u64; 2]>(), 0..40)) {
            let mut before = Remembered::recall(TAG, &[]).unwrap();
            entries.iter().for_each(|(&n, &numbers)| before.set(hotkey(n), numbers));
            let after = Remembered::<2>::recall(TAG, &before.to_memory()).unwrap();
            for (&n, &numbers) in &entries {
                prop_assert_eq!(after.of(&hotkey(n)).unwrap_or_default(), numbers);
            }
            prop_assert_eq!(after.to_memory(), before.to_memory());
        }

        #[test]
        fn no_memory_is_a_panic(memory in prop::collection::vec(any::<u8>(), 0..200)) {
            for memory in [memory.clone(), [&TAG[..], &memory].concat()] {
                if let Ok(recalled) = Remembered::<1>::recall(TAG, &memory) {
                    prop_assert!(recalled.to_memory().len() <= memory.len().max(4));
                }
            }
        }
    }

    #[test]
    fn a_memory_under_another_tag_or_out_of_order_is_refused() {
        let mut two = Remembered::recall(TAG, &[]).unwrap();
        two.set(hotkey(1), [7]);
        two.set(hotkey(2), [8]);
        let bytes = two.to_memory();
        assert_eq!(bytes.len(), 4 + 2 * 40);
        let swapped = [&bytes[..4], &bytes[44..], &bytes[4..44]].concat();
        for foreign in [&swapped[..], &bytes[..83], &bytes[..3]] {
            assert!(matches!(Remembered::<1>::recall(TAG, foreign), Err(PluginError::BadInput(_))));
        }
        assert!(Remembered::<1>::recall(*b"tst2", &bytes).is_err());
    }

    #[test]
    fn the_largest_first_numbers_are_kept_and_fit() {
        let mut many = Remembered::recall(TAG, &[]).unwrap();
        (0..20_000u64).for_each(|n| many.set(hotkey(n), [n, 1, u64::MAX]));
        let memory = many.to_memory();
        assert!(memory.len() <= LARGEST_MEMORY_BYTES, "{}", memory.len());
        let kept = Remembered::<3>::recall(TAG, &memory).unwrap();
        assert_eq!(kept.of(&hotkey(20_000 - 16_384)), Some([20_000 - 16_384, 1, u64::MAX]));
        assert_eq!(kept.of(&hotkey(20_000 - 16_385)), None);
    }
}
