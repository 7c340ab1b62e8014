//! What each competition asks for.

use std::collections::BTreeMap;

use plimsoll_plugin::PluginError;

use crate::RowId;
use crate::archive::Entry;
use crate::source::Source;

/// What is known of one competition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rule {
    /// Of a file the first so many rows count; all where it is not known.
    pub rows: Option<u32>,
    /// Two datasets that share more rows than this are copies; nobody is judged where it is not known.
    pub shared_rows: Option<u32>,
}

/// The rules of all competitions of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Rulebook {
    limit: Option<u32>,
    rules: BTreeMap<String, Rule>,
}

impl Rulebook {
    /// Asks `source` once for each competition that a dataset of `entries` is kept of; without a source none is known.
    /// A `limit` takes the place of every competition's own.
    ///
    /// # Errors
    /// Where the plugin cannot even start. A competition that it breaks down on is one that it does not know.
    pub fn of<'e>(
        source: Option<&Source>,
        limit: Option<u32>,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<Self, PluginError> {
        let mut rules = BTreeMap::new();
        for entry in entries.into_iter().filter(|entry| entry.object().is_some()) {
            let id = competition_of(entry);
            if !rules.contains_key(id) {
                rules.insert(id.to_owned(), asked(source, id)?);
            }
        }
        Ok(Self::given(rules, limit))
    }

    /// Of rules that are known already, by their competitions.
    #[must_use]
    pub fn given(mut rules: BTreeMap<String, Rule>, limit: Option<u32>) -> Self {
        if let Some(limit) = limit {
            rules.values_mut().for_each(|rule| rule.shared_rows = Some(limit));
        }
        Self { limit, rules }
    }

    /// The rule of a competition.
    #[must_use]
    pub fn rule(&self, competition: &str) -> Rule {
        let none = Rule { rows: None, shared_rows: self.limit };
        self.rules.get(competition).copied().unwrap_or(none)
    }

    /// **The rows that count** of a dataset's rows: the first so many as its competition uses.
    #[must_use]
    pub fn used(&self, entry: &Entry, mut ids: Vec<RowId>) -> Vec<RowId> {
        ids.truncate(self.n_used(entry));
        ids
    }

    /// How many of a dataset's first rows count.
    #[must_use]
    pub fn n_used(&self, entry: &Entry) -> usize {
        self.rule(competition_of(entry)).rows.map_or(usize::MAX, |rows| rows as usize)
    }
}

/// The competition that a dataset was committed for; empty where it names none.
#[must_use]
pub fn competition_of(entry: &Entry) -> &str {
    let source = entry.commitment.as_ref().and_then(|note| note.source.as_ref());
    source.map_or("", |source| &source.competition)
}

fn asked(source: Option<&Source>, id: &str) -> Result<Rule, PluginError> {
    let Some(source) = source else { return Ok(Rule::default()) };
    match source.competition(id) {
        Ok(limits) => Ok(limits.map_or_else(Rule::default, |limits| Rule {
            rows: Some(limits.rows),
            shared_rows: Some(limits.shared_rows),
        })),
        Err(
            error @ (PluginError::Refused { .. } | PluginError::Fault { .. } | PluginError::Promise { .. }),
        ) => {
            tracing::warn!(%error, "nothing is known of a competition");
            Ok(Rule::default())
        }
        Err(error) => Err(error),
    }
}
