//! What was looked at, and which one it is.

use std::fmt;

use plimsoll_core::NetUid;

use super::FindError;
use super::rank::{Candidate, LEAST_PERMILLE, NEAR_PERMILLE, sort};

/// All subnets that were read, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// By score.
    pub candidates: Vec<Candidate>,
    /// Subnets that could not be read, and why.
    pub unread: Vec<(NetUid, String)>,
}

/// How many of the best a sentence names.
const NAMED: usize = 3;
/// How many of those that could not be read.
const UNREAD_NAMED: usize = 8;

impl Choice {
    /// Ranks again, and says whether the first is the one: not while another that nobody could read may be.
    pub(super) fn decided(mut self, source_name: &str) -> Result<Self, FindError> {
        sort(&mut self.candidates);
        let score = |at: usize| self.candidates.get(at).map_or(0, Candidate::score_permille);
        let (best, second) = (score(0), score(1));
        let source_name = source_name.to_owned();
        let is_near = u64::from(second) * 1000 > u64::from(best) * u64::from(NEAR_PERMILLE);
        if best >= LEAST_PERMILLE && is_near {
            return Err(FindError::Ambiguous { source_name, choice: Box::new(self) });
        }
        if !self.unread.is_empty() {
            return Err(FindError::Unread { source_name, choice: Box::new(self) });
        }
        if best < LEAST_PERMILLE {
            return Err(FindError::NoneFound { source_name, choice: Box::new(self) });
        }
        Ok(self)
    }

    /// The subnet.
    #[must_use]
    pub fn netuid(&self) -> Option<NetUid> {
        self.candidates.first().map(|best| best.netuid)
    }

    /// The subnets that could not be read: `subnet 7`, `subnets 7, 9 and 12 more`.
    #[must_use]
    pub fn unread_in_short(&self) -> String {
        let named: Vec<String> =
            self.unread.iter().take(UNREAD_NAMED).map(|(netuid, _)| netuid.to_string()).collect();
        let subnets = if self.unread.len() == 1 { "subnet" } else { "subnets" };
        let more = match self.unread.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{subnets} {}{more}", named.join(", "))
    }

    /// The best few in one sentence, and those that could not be read.
    #[must_use]
    pub fn in_short(&self) -> String {
        match self.unread.is_empty() {
            true => self.best_in_short(),
            false => format!("{}; {} could not be read", self.best_in_short(), self.unread_in_short()),
        }
    }

    /// The best few in one sentence.
    pub(super) fn best_in_short(&self) -> String {
        let best: Vec<String> = self.candidates.iter().take(NAMED).map(ToString::to_string).collect();
        if best.is_empty() { "there is none".into() } else { best.join("; ") }
    }
}

/// One line for each that was looked at and has anything that speaks for it, and for each that could not be read.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (named, others): (Vec<_>, Vec<_>) =
            self.candidates.iter().partition(|candidate| candidate.datasets > 0);
        for candidate in named {
            writeln!(f, "{candidate}")?;
        }
        writeln!(f, "{} further subnets have no commitment that names a dataset", others.len())?;
        for (netuid, why) in &self.unread {
            writeln!(f, "subnet {netuid} could not be read: {why}")?;
        }
        Ok(())
    }
}
