//! Who plays in the demo.

use serde::{Deserialize, Serialize};

/// What one of the six miners does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Keeps what it registered.
    Honest,
    /// Keeps what it registered: twice as much.
    Larger,
    /// Punched a hole into three of ten units after it had committed.
    Partial,
    /// Deleted the whole file after it had committed, and fills units anew when asked.
    Regenerator,
    /// Answers correctly, after the deadline.
    Late,
    /// Registered, then went away.
    Offline,
}

impl Role {
    /// The six, in the order of their uids.
    pub const ALL: [Role; 6] =
        [Role::Honest, Role::Larger, Role::Partial, Role::Regenerator, Role::Late, Role::Offline];

    /// The word of tables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Larger => "larger",
            Self::Partial => "partial",
            Self::Regenerator => "regenerator",
            Self::Late => "late",
            Self::Offline => "offline",
        }
    }

    /// What it does, after its name.
    #[must_use]
    pub const fn deed(self) -> &'static str {
        match self {
            Self::Honest => "keeps its plot",
            Self::Larger => "keeps a plot of twice the size",
            Self::Partial => "committed to a whole plot, then punched out 30 % of its units",
            Self::Regenerator => "committed to a whole plot, then deleted it; fills units anew when asked",
            Self::Late => "keeps its plot, and answers after the deadline",
            Self::Offline => "registered its plot, then went away",
        }
    }

    /// Whether it holds less than it claims.
    #[must_use]
    pub const fn holds_less(self) -> bool {
        matches!(self, Self::Partial | Self::Regenerator)
    }

    /// How many times the ordinary size its plot has.
    #[must_use]
    pub const fn size_factor(self) -> u64 {
        if matches!(self, Self::Larger) { 2 } else { 1 }
    }
}
