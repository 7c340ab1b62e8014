//! Which datasets: conditions as `--filter` has them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What is known of a miner's dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The miner's uid.
    pub uid: u16,
    /// Its hotkey.
    pub hotkey: &'a str,
    /// Whose hotkey that is, where it is known.
    pub coldkey: Option<&'a str>,
    /// The repository's account, the part before the `/`.
    pub account: &'a str,
    /// The competition it was committed for.
    pub competition: &'a str,
    /// How many rows it has.
    pub n_rows: u64,
    /// How many of them have nothing wrong with them.
    pub n_valid: u64,
    /// The block it was committed at.
    pub block: u64,
    /// The most rows that it shares with another.
    pub overlap: u64,
    /// Its share among miners, out of 65535, where it is known.
    pub incentive: Option<u64>,
    /// Its stake in rao, where it is known.
    pub stake: Option<u64>,
}

/// Conditions that must all hold. An empty filter takes everything.
///
/// Its text is conditions behind one another with blanks between: `uid=1,5..9 account=flock rows=200..
/// block=..7000000 overlap=100..`. A list's items are alternatives, `a..b` holds both ends, one end may be left out. What
/// is not known meets no condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    uid: Option<Numbers>,
    hotkey: Option<BTreeSet<String>>,
    coldkey: Option<BTreeSet<String>>,
    account: Option<BTreeSet<String>>,
    competition: Option<BTreeSet<String>>,
    rows: Option<Numbers>,
    valid: Option<Numbers>,
    block: Option<Numbers>,
    overlap: Option<Numbers>,
    incentive: Option<Numbers>,
    stake: Option<Numbers>,
}

type Numbers = Vec<RangeInclusive<u64>>;

/// What is wrong in a filter's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A condition has no `=`.
    #[error("filter `{condition}`: expected name=value, as in uid=1,5..9")]
    NoValue {
        /// The condition.
        condition: String,
    },
    /// Nothing has this name.
    #[error(
        "filter `{name}`: expected one of uid, hotkey, coldkey, account, competition, rows, valid, block, overlap, incentive, stake"
    )]
    UnknownName {
        /// The name.
        name: String,
    },
    /// A name stands there twice.
    #[error("filter `{name}`: given twice, write its values as one list, as in uid=1,5..9")]
    Twice {
        /// The name.
        name: String,
    },
    /// A value is not what its name takes.
    #[error("filter `{name}`: expected a number or a range such as 5..9, 5.. or ..9, found `{found}`")]
    NotANumber {
        /// The name.
        name: String,
        /// The value.
        found: String,
    },
    /// A list's item is empty.
    #[error("filter `{name}`: a value is empty")]
    Empty {
        /// The name.
        name: String,
    },
}

impl Filter {
    /// Whether a dataset meets all conditions.
    pub fn takes(&self, facts: &Facts<'_>) -> bool {
        let within = |numbers: &Option<Numbers>, number: u64| {
            numbers.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)))
        };
        let known = |numbers: &Option<Numbers>, number: Option<u64>| {
            numbers.is_none() || number.is_some_and(|number| within(numbers, number))
        };
        let among =
            |names: &Option<BTreeSet<String>>, name| names.as_ref().is_none_or(|set| set.contains(name));
        within(&self.uid, u64::from(facts.uid))
            && among(&self.hotkey, facts.hotkey)
            && (self.coldkey.is_none() || facts.coldkey.is_some_and(|coldkey| among(&self.coldkey, coldkey)))
            && among(&self.account, facts.account)
            && among(&self.competition, facts.competition)
            && within(&self.rows, facts.n_rows)
            && within(&self.valid, facts.n_valid)
            && known(&self.incentive, facts.incentive)
            && known(&self.stake, facts.stake)
            && within(&self.block, facts.block)
            && within(&self.overlap, facts.overlap)
    }

    /// Whether a condition asks how many rows are shared, which takes comparing all datasets.
    #[must_use]
    pub const fn asks_overlap(&self) -> bool {
        self.overlap.is_some()
    }

    fn add(&mut self, condition: &str) -> Result<(), FilterError> {
        let parts = condition.split_once('=');
        let (name, value) = parts.ok_or_else(|| FilterError::NoValue { condition: condition.to_owned() })?;
        let twice = match name {
            "uid" => self.uid.replace(numbers(name, value)?).is_some(),
            "rows" => self.rows.replace(numbers(name, value)?).is_some(),
            "valid" => self.valid.replace(numbers(name, value)?).is_some(),
            "incentive" => self.incentive.replace(numbers(name, value)?).is_some(),
            "stake" => self.stake.replace(numbers(name, value)?).is_some(),
            "block" => self.block.replace(numbers(name, value)?).is_some(),
            "overlap" => self.overlap.replace(numbers(name, value)?).is_some(),
            "hotkey" => self.hotkey.replace(names(name, value)?).is_some(),
            "coldkey" => self.coldkey.replace(names(name, value)?).is_some(),
            "account" => self.account.replace(names(name, value)?).is_some(),
            "competition" => self.competition.replace(names(name, value)?).is_some(),
            _ => return Err(FilterError::UnknownName { name: name.to_owned() }),
        };
        if twice { Err(FilterError::Twice { name: name.to_owned() }) } else { Ok(()) }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        text.split_whitespace().try_for_each(|condition| filter.add(condition))?;
        Ok(filter)
    }
}

fn names(name: &str, value: &str) -> Result<BTreeSet<String>, FilterError> {
    let item = |item: &str| if item.is_empty() { None } else { Some(item.to_owned()) };
    let items: Option<_> = value.split(',').map(item).collect();
    items.ok_or_else(|| FilterError::Empty { name: name.to_owned() })
}

fn numbers(name: &str, value: &str) -> Result<Numbers, FilterError> {
    let item = |item: &str| {
        range(item).ok_or_else(|| FilterError::NotANumber { name: name.to_owned(), found: item.to_owned() })
    };
    value.split(',').map(item).collect()
}

/// `5`, `5..9`, `5..` or `..9`.
fn range(text: &str) -> Option<RangeInclusive<u64>> {
    // A sign would be taken by the number's parser.
    let number = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
    let Some((from, to)) = text.split_once("..") else {
        return number(text).map(|only| only..=only);
    };
    if from.is_empty() && to.is_empty() {
        return None;
    }
    let from = if from.is_empty() { Some(0) } else { number(from) };
    let to = if to.is_empty() { Some(u64::MAX) } else { number(to) };
    Some(from?..=to?).filter(|range| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts<'_> = Facts {
        uid: 7,
        hotkey: "5F",
        coldkey: Some("5C"),
        account: "flock",
        competition: "1",
        n_rows: 250,
        n_valid: 240,
        block: 7_082_055,
        overlap: 101,
        incentive: Some(300),
        stake: None,
    };

    fn takes(filter: &str) -> bool {
        filter.parse::<Filter>().unwrap().takes(&FACTS)
    }

    #[test]
    fn every_condition_must_hold_and_a_list_is_a_choice() {
        for yes in [
            "",
            "uid=7",
            "uid=1,5..9",
            "hotkey=5G,5F",
            "account=flock rows=250..",
            "competition=1 block=..7082055",
            "overlap=101..101 uid=7..",
            "coldkey=5C valid=240 incentive=1..",
            "  rows=..250\tuid=..7 ",
        ] {
            assert!(takes(yes), "{yes}");
        }
        for no in [
            "uid=8",
            "uid=1,8..9",
            "hotkey=5G",
            "account=Flock",
            "rows=251..",
            "block=..7082054",
            "uid=7 overlap=0",
            "valid=250..",
            "coldkey=5F",
            "incentive=..299",
            "stake=0..",
        ] {
            assert!(!takes(no), "{no}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told() {
        for (text, wanted) in [
            ("uid", "filter `uid`: expected name=value, as in uid=1,5..9"),
            (
                "Uid=1",
                "filter `Uid`: expected one of uid, hotkey, coldkey, account, competition, rows, valid, block, overlap, \
                 incentive, stake",
            ),
            ("uid=1 uid=2", "filter `uid`: given twice, write its values as one list, as in uid=1,5..9"),
            ("rows=x", "filter `rows`: expected a number or a range such as 5..9, 5.. or ..9, found `x`"),
            (
                "rows=9..5",
                "filter `rows`: expected a number or a range such as 5..9, 5.. or ..9, found `9..5`",
            ),
            ("rows=..", "filter `rows`: expected a number or a range such as 5..9, 5.. or ..9, found `..`"),
            ("uid=+1", "filter `uid`: expected a number or a range such as 5..9, 5.. or ..9, found `+1`"),
            ("account=a,,b", "filter `account`: a value is empty"),
        ] {
            assert_eq!(text.parse::<Filter>().unwrap_err().to_string(), wanted);
        }
    }
}
