//! Sizes as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes. Reads `2TB` (decimal), `2TiB` (binary), `64MiB`, `1.5 GiB`, or plain bytes;
/// prints the binary form with at most two decimals; serialises as plain bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// No number in front.
    #[error("`{0}` is no size: expected a number and a unit, such as 64MiB, 500GB or 2TiB")]
    Number(String),
    /// An unknown unit.
    #[error("`{0}` has the unknown unit `{1}`: use B, KB, MB, GB, TB, PB or KiB, MiB, GiB, TiB, PiB")]
    Unit(String, String),
    /// Beyond 64 bits.
    #[error("`{0}` is more bytes than 64 bits can count")]
    TooLarge(String),
}

const UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let cut =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(trimmed.len());
        let (number, unit) = (trimmed[..cut].replace('_', ""), trimmed[cut..].trim());
        let factor = match unit {
            "" => 1,
            _ => UNITS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))
                .map(|&(_, factor)| factor)
                .ok_or_else(|| ByteSizeError::Unit(text.into(), unit.into()))?,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let bad = || ByteSizeError::Number(text.into());
        let large = || ByteSizeError::TooLarge(text.into());
        if whole.is_empty() || fraction.contains('.') || fraction.len() > 9 {
            return Err(bad());
        }
        let whole: u64 = whole.parse().map_err(|_| large())?;
        let mut bytes = whole.checked_mul(factor).ok_or_else(large)?;
        if !fraction.is_empty() {
            let digits: u128 = fraction.parse().map_err(|_| bad())?;
            let scale = 10u128.pow(u32::try_from(fraction.len()).map_err(|_| bad())?);
            let part = u64::try_from(digits * u128::from(factor) / scale).map_err(|_| large())?;
            bytes = bytes.checked_add(part).ok_or_else(large)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, factor) = *UNITS[..5].iter().find(|(_, factor)| self.0 >= *factor).unwrap_or(&UNITS[10]);
        if self.0.is_multiple_of(factor) {
            return f.pad(&format!("{} {name}", self.0 / factor));
        }
        f.pad(&format!("{:.2} {name}", self.0 as f64 / factor as f64))
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bytes(u64),
            Text(String),
        }
        match Form::deserialize(from)? {
            Form::Bytes(bytes) => Ok(Self(bytes)),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// The seed prototype's human form: two decimals, `GB`, `MB`, `KB` meaning powers of 1024, else `bytes`.
#[must_use]
pub fn seed_human_size(bytes: f64) -> String {
    for (name, factor) in [("GB", 1u64 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] {
        let factor = factor as f64;
        if bytes >= factor {
            return format!("{:.2} {name}", bytes / factor);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("2TB", 2_000_000_000_000),
            ("64MiB", 64 << 20),
            ("1.5 GiB", 3 << 29),
            ("100_000", 100_000),
            ("7kb", 7000),
        ] {
            assert_eq!(text.parse::<ByteSize>(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_what_one_looks_like() {
        assert_eq!(
            "lots".parse::<ByteSize>().unwrap_err().to_string(),
            "`lots` has the unknown unit `lots`: use B, KB, MB, GB, TB, PB or KiB, MiB, GiB, TiB, PiB"
        );
        assert_eq!(
            "99999999TiB".parse::<ByteSize>().unwrap_err().to_string(),
            "`99999999TiB` is more bytes than 64 bits can count"
        );
        assert!(matches!(".5GB".parse::<ByteSize>(), Err(ByteSizeError::Number(_))));
    }

    #[test]
    fn the_seed_form_matches_its_readme() {
        assert_eq!(seed_human_size(17_503_128.0), "16.69 MB");
        assert_eq!(seed_human_size(350_062_551_040.0), "326.02 GB");
    }
}
