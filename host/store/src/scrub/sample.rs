//! How much of a plot a sample covers, and which groups.

use std::fmt;
use std::str::FromStr;

use plimsoll_core::{ByteSize, Digest};

use crate::{GROUP_BYTES, StoreError};

/// A part of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// `5%`, `0.01%`: in millionths of the whole.
    Percent {
        /// 10,000 are one percent.
        millionths: u32,
    },
    /// `1/10`.
    Ratio {
        /// Above the line; at least 1.
        part: u64,
        /// Below it; at least `part`.
        whole: u64,
    },
    /// `10GiB`.
    Bytes(u64),
}

impl FromStr for Sample {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).ok_or_else(|| StoreError::BadSample { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Sample> {
    if let Some(percent) = text.strip_suffix('%') {
        let (whole, fraction) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 4 {
            return None;
        }
        let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
        let millionths = whole.parse::<u32>().ok()?.checked_mul(10_000)?.checked_add(fraction)?;
        return (1..=1_000_000).contains(&millionths).then_some(Sample::Percent { millionths });
    }
    if let Some((part, whole)) = text.split_once('/') {
        let (part, whole) = (part.trim().parse().ok()?, whole.trim().parse().ok()?);
        return (part > 0 && part <= whole).then_some(Sample::Ratio { part, whole });
    }
    let ByteSize(bytes) = text.parse().ok()?;
    (bytes > 0).then_some(Sample::Bytes(bytes))
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Percent { millionths } => write!(f, "{}%", f64::from(millionths) / 10_000.0),
            Self::Ratio { part, whole } => write!(f, "{part}/{whole}"),
            Self::Bytes(bytes) => ByteSize(bytes).fmt(f),
        }
    }
}

impl Sample {
    /// Groups of 64 KiB that cover this part of `groups`; at least one.
    #[must_use]
    pub fn groups_of(&self, groups: u64) -> u64 {
        let share = |part: u64, whole: u64| {
            u64::try_from((u128::from(groups) * u128::from(part)).div_ceil(whole.into())).unwrap_or(groups)
        };
        let wanted = match *self {
            Self::Percent { millionths } => share(millionths.into(), 1_000_000),
            Self::Ratio { part, whole } => share(part, whole),
            Self::Bytes(bytes) => bytes.div_ceil(GROUP_BYTES),
        };
        wanted.clamp(1, groups.max(1))
    }

    /// The groups, in ascending order: every set of that size is equally likely over all seeds. (Selection
    /// sampling, Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.)
    #[must_use]
    pub fn draw(&self, groups: u64, seed: &Digest) -> Draw {
        let randomness = blake3::Hasher::new_keyed(&seed.0).finalize_xof();
        let wanted = self.groups_of(groups).min(groups);
        Draw { index: 0, groups, wanted, randomness, block: Box::new([0; BLOCK_BYTES]), used: BLOCK_BYTES }
    }
}

/// Bytes of randomness that are made at once.
const BLOCK_BYTES: usize = 4096;

/// A sample's groups, one after another.
#[derive(Debug)]
pub struct Draw {
    index: u64,
    groups: u64,
    /// How many are still to come.
    wanted: u64,
    randomness: blake3::OutputReader,
    block: Box<[u8; BLOCK_BYTES]>,
    /// Bytes of the block that were used.
    used: usize,
}

impl Draw {
    fn word(&mut self) -> u64 {
        if self.used == BLOCK_BYTES {
            self.randomness.fill(self.block.as_mut());
            self.used = 0;
        }
        let word = self.block[self.used..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        self.used += 8;
        word
    }
}

impl Iterator for Draw {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.wanted > 0 && self.index < self.groups {
            let (index, left) = (self.index, self.groups - self.index);
            self.index += 1;
            // A number below `left`, all equally likely but for one part in 2^64.
            let dice = ((u128::from(self.word()) * u128::from(left)) >> 64) as u64;
            if dice < self.wanted {
                self.wanted -= 1;
                return Some(index);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn samples_read_as_people_write_them() {
        for (text, sample, of_1000) in [
            ("5%", Sample::Percent { millionths: 50_000 }, 50),
            ("0.05%", Sample::Percent { millionths: 500 }, 1),
            ("100%", Sample::Percent { millionths: 1_000_000 }, 1000),
            ("1/10", Sample::Ratio { part: 1, whole: 10 }, 100),
            ("1MiB", Sample::Bytes(1 << 20), 16),
            ("10GiB", Sample::Bytes(10 << 30), 1000),
        ] {
            assert_eq!(text.parse::<Sample>().unwrap(), sample, "{text}");
            assert_eq!(sample.groups_of(1000), of_1000, "{text}");
        }
    }

    #[test]
    fn what_is_no_sample_says_what_one_looks_like() {
        for text in ["0%", "101%", "-5%", "5 %%", "2/1", "0/3", "1/0", "some", "", "0", "1.00001%"] {
            let error = text.parse::<Sample>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "`{text}` is no sample: expected a share such as 5%, a ratio such as 1/10, or an amount such as 10GiB"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn a_draw_has_its_size_ascends_and_depends_on_the_seed_only(
            groups in 1u64..2000, part in 1u64..50, extra in 0u64..50, seed: [u8; 32],
        ) {
            let sample = Sample::Ratio { part, whole: part + extra };
            let drawn: Vec<u64> = sample.draw(groups, &Digest(seed)).collect();
            prop_assert_eq!(drawn.len() as u64, sample.groups_of(groups));
            prop_assert!(drawn.windows(2).all(|w| w[0] < w[1]) && *drawn.last().unwrap() < groups);
            prop_assert_eq!(drawn, sample.draw(groups, &Digest(seed)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_draw_from_more_groups_than_fit_into_memory_begins_at_once() {
        let whole = Sample::Ratio { part: 1, whole: 1 };
        assert_eq!(whole.draw(1 << 44, &Digest([1; 32])).take(3).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn every_group_is_drawn_about_equally_often() {
        let mut counts = [0u32; 50];
        for round in 0..2000u64 {
            let seed = Digest::of(&round.to_le_bytes());
            Sample::Ratio { part: 1, whole: 5 }.draw(50, &seed).for_each(|i| counts[i as usize] += 1);
        }
        // 400 expected with a standard deviation of 18: six of them on either side.
        assert!(counts.iter().all(|c| (292..=508).contains(c)), "{counts:?}");
    }
}
