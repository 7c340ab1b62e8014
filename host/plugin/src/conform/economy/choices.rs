//! Random cases that shrink by themselves.
//!
//! A law draws its case from a sequence of choices. When it is broken, its numbers are made smaller for as long as the
//! law stays broken: whatever the case is made of shrinks with them, and needs no code of its own. The method is that of
//! Hypothesis (MacIver and Donaldson, "Test-case reduction via test-case generation", ECOOP 2020), without leaving
//! choices out: so a law draws the same number of choices whatever they are, and uses as many as it needs; and smaller
//! numbers must mean simpler cases.

use super::super::cases::Numbers;

/// Random cases of one law.
const CASES: u32 = 40;
/// Attempts at making a broken case smaller.
const ATTEMPTS: u32 = 600;

/// Where a case comes from: fresh numbers, or those of an earlier case.
pub(super) struct Choices<'a> {
    from: From<'a>,
    taken: Vec<u64>,
}

enum From<'a> {
    Fresh(&'a mut Numbers),
    Again(&'a [u64]),
}

impl Choices<'_> {
    /// A number below `n`, which is 1 or more; 0 where an earlier case has no more numbers.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let at = self.taken.len();
        let number = match &mut self.from {
            From::Fresh(numbers) => numbers.below(n),
            From::Again(earlier) => earlier.get(at).copied().unwrap_or(0).min(n.saturating_sub(1)),
        };
        self.taken.push(number);
        number
    }

    pub(super) fn small(&mut self, n: u32) -> u32 {
        u32::try_from(self.below(u64::from(n))).unwrap_or(0)
    }

    pub(super) fn place(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or(0)
    }

    pub(super) fn chance(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Of any magnitude up to 2^`bits`, each as likely as the others; at least 1.
    pub(super) fn magnitude(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits + 1);
        1 + self.below(1 << bits)
    }
}

/// Tries `law` on random cases; the smallest in which it is broken, if there is one.
///
/// # Errors
/// What `law` gives where the plugin breaks down in a random case.
pub(super) fn smallest<T>(
    purpose: &str,
    law: impl Fn(&mut Choices<'_>) -> Result<Option<T>, String>,
) -> Result<Option<T>, String> {
    let mut numbers = Numbers::new(purpose);
    for _ in 0..CASES {
        let mut choices = Choices { from: From::Fresh(&mut numbers), taken: Vec::new() };
        if let Some(broken) = law(&mut choices)? {
            let taken = choices.taken;
            return Ok(Some(Shrinking { taken, broken, left: ATTEMPTS, law }.smallest()));
        }
    }
    Ok(None)
}

struct Shrinking<T, L> {
    taken: Vec<u64>,
    broken: T,
    left: u32,
    law: L,
}

impl<T, L: Fn(&mut Choices<'_>) -> Result<Option<T>, String>> Shrinking<T, L> {
    fn smallest(mut self) -> T {
        loop {
            let before = self.taken.clone();
            (0..self.taken.len()).for_each(|at| self.lower(at));
            if self.taken == before || self.left == 0 {
                return self.broken;
            }
        }
    }

    /// The smallest number at `at`: zero, or what halving the distance finds.
    fn lower(&mut self, at: usize) {
        let mut too_low = None;
        loop {
            let Some(&now) = self.taken.get(at) else { return };
            let next = match too_low {
                None => 0,
                Some(low) => low + (now - low) / 2,
            };
            if next >= now || too_low == Some(next) {
                return;
            }
            let mut lower = self.taken.clone();
            lower[at] = next;
            if !self.attempt(&lower) {
                too_low = Some(next);
            }
        }
    }

    /// Whether the law is broken with these choices too, and they are simpler as they were used.
    fn attempt(&mut self, choices: &[u64]) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let mut again = Choices { from: From::Again(choices), taken: Vec::new() };
        let Ok(Some(broken)) = (self.law)(&mut again) else { return false };
        let simpler = (again.taken.len(), &again.taken) < (self.taken.len(), &self.taken);
        if simpler {
            (self.taken, self.broken) = (again.taken, broken);
        }
        simpler
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_law_comes_down_to_its_smallest_case() {
        // Broken by a list with a number of 100 or more at its end, and by none shorter than three.
        let law = |choices: &mut Choices<'_>| {
            let len = 1 + choices.place(9);
            let mut list: Vec<u64> = (0..9).map(|_| choices.below(1000)).collect();
            list.truncate(len);
            Ok((len > 2 && list[len - 1] >= 100).then_some(list))
        };
        assert_eq!(smallest("list", law), Ok(Some(vec![0, 0, 100])));
    }

    #[test]
    fn a_law_that_holds_has_no_case_and_a_breakdown_is_told() {
        assert_eq!(smallest("holds", |choices| Ok((choices.below(9) > 8).then_some(()))), Ok(None));
        let breaks = |choices: &mut Choices<'_>| match choices.below(9) {
            0 => Err("it broke down".to_owned()),
            _ => Ok(None::<()>),
        };
        assert_eq!(smallest("breaks", breaks), Err("it broke down".to_owned()));
    }

    #[test]
    fn magnitudes_reach_from_one_to_their_bound() {
        let mut numbers = Numbers::new("magnitudes");
        let mut choices = Choices { from: From::Fresh(&mut numbers), taken: Vec::new() };
        let found: Vec<u64> = (0..400).map(|_| choices.magnitude(20)).collect();
        assert!(found.iter().all(|it| (1..=1 << 20).contains(it)));
        assert!(found.contains(&1) && found.iter().any(|it| *it > 1 << 19));
    }
}
