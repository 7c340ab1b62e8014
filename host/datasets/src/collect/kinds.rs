//! Short names of what became of a miner's dataset, for counting and for the archive.

use plimsoll_core::NotMine;

use crate::fetch::{Kind, Refusal};

/// What a summary counts an outcome under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It is kept.
    Downloaded,
    /// It is kept, and has fewer valid rows than the run asked for.
    TooFew,
    /// It could not be had.
    Failed,
    /// There was no metadata to fetch by.
    Skipped,
    /// It was not asked for.
    NotAsked,
}

/// What was committed to, but not to a dataset.
const SKIPPED: [&str; 3] = ["foreign", "malformed", "encrypted"];
/// Left out by the run's own choice.
pub(super) const NOT_ASKED: &str = "not-asked";
/// Kept, with fewer valid rows than were asked for.
pub(super) const TOO_FEW: &str = "too-few-rows";
/// An object that the operator took down.
pub(super) const TAKEN_DOWN: &str = "taken-down";
/// The plugin broke down on the commitment.
pub(super) const UNDECIDED: &str = "undecided";
/// A name that the archive does not record.
pub(super) const UNRECORDABLE: &str = "unrecordable";

impl Class {
    /// The class of a failure as the archive has it.
    #[must_use]
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            NOT_ASKED => Self::NotAsked,
            TOO_FEW => Self::TooFew,
            _ if SKIPPED.contains(&kind) => Self::Skipped,
            _ => Self::Failed,
        }
    }
}

pub(super) fn of_not_mine(why: &NotMine) -> Option<&'static str> {
    match why {
        NotMine::None => None,
        NotMine::Foreign => Some("foreign"),
        NotMine::Malformed(_) => Some("malformed"),
        NotMine::Encrypted(_) => Some("encrypted"),
    }
}

/// The refusal's own name in lower-case letters and hyphens, such as `no-repository`.
#[must_use]
pub fn kind_of(refusal: &Refusal) -> String {
    let debug = format!("{refusal:?}");
    let name: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut kind = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            kind.push('-');
        }
        kind.push(letter.to_ascii_lowercase());
    }
    kind
}

/// What is recorded of a refusal. How far a broken connection came is not: the same failure must read the same, or
/// every day's record of it takes room.
pub(super) fn recorded(refusal: &Refusal) -> String {
    let text = match refusal.kind() {
        Kind::Connection => {
            "the hub did not answer, or not to the end; the next run goes on from there".into()
        }
        Kind::RateLimited => "the hub's limit was reached; the next run goes on from there".into(),
        _ => refusal.to_string(),
    };
    shortened(&text)
}

/// Without control characters and at most as long as the archive takes.
pub(super) fn shortened(text: &str) -> String {
    const MOST_BYTES: usize = 255;
    let mut short = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if short.len() + letter.len_utf8() > MOST_BYTES {
            break;
        }
        short.push(letter);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::NameFault;

    #[test]
    fn a_refusal_is_called_by_its_own_name() {
        for (refusal, kind) in [
            (Refusal::AbsentOrPrivate, "absent-or-private"),
            (Refusal::TooLarge { bytes: 2, cap: 1 }, "too-large"),
            (Refusal::WrongSha256 { expected: "a".into(), found: "b".into() }, "wrong-sha256"),
            (Refusal::Name(NameFault::Empty), "name"),
        ] {
            assert_eq!(kind_of(&refusal), kind);
            assert_eq!(Class::of_kind(kind), Class::Failed);
        }
        assert_eq!(Class::of_kind("malformed"), Class::Skipped);
        assert_eq!(Class::of_kind("not-asked"), Class::NotAsked);
    }

    #[test]
    fn the_same_failure_reads_the_same_every_day() {
        let stalled = |have| recorded(&Refusal::Stalled { seconds: 15, have });
        assert_eq!(stalled(1), stalled(99_999));
        assert_eq!(shortened(&"é".repeat(300)).len(), 254);
        assert_eq!(shortened("a\u{1b}[2J\nb"), "a[2Jb");
    }
}
