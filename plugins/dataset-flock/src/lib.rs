//! `dataset-flock`: the datasets of FLock's subnet, where a miner commits to `namespace:competition_id:commit`.
//!
//! A commitment is read strictly: exactly three parts, a repository that the hub can have, a commit, branch or tag.
//! The subnet's own reader takes the first three of any number of parts for whatever they are, and so finds datasets
//! on subnets that have none. What looks like a key in the place of a branch or a competition is malformed, so that nobody
//! asks for it. `None` for a commit means the branch `main` there and here; only 40 lower-case
//! hexadecimal digits pin a dataset.
//!
//! A row is a line of JSON: `system`, a text, null or absent, and `conversations`, turns of user and assistant in
//! pairs. Two lines are the same row where Python's `json.dumps(json.loads(line), sort_keys=True)` prints the same,
//! which is how the subnet compares them; it compares also what breaks the schema, so that is a flaw, no end of a row.
//!
//! Limits have changed already, so they are parameters; the defaults are those of competition `1` and of the daily
//! ones that came after it.

mod competitions;
mod rows;

use plimsoll_sdk::{
    CheckedRow, CompetitionLimits, DatasetSource, Decoded, NotMine, Plugin, PluginError, Result, Source,
    is_commit, is_repository, is_revision, looks_like_a_key,
};

pub use competitions::Flock;
use rows::Reader;

/// The most bytes of a commitment: what the subnet's own tools write and the chain keeps in one field.
const LARGEST_BYTES: usize = 128;
/// The most bytes of a competition's identifier.
const COMPETITION_BYTES: usize = 64;
/// What the subnet's tools write for a commit that nobody named.
const NO_COMMIT: &str = "None";
/// What they take then.
const DEFAULT_BRANCH: &str = "main";

impl Plugin for Flock {
    const NAME: &'static str = "dataset-flock";
    const SUMMARY: &'static str =
        "Reads `namespace:competition_id:commit` and rows of JSON conversations, as FLock's subnet does.";
    const LIMITS: &'static str = "Says where a dataset is and what its rows are, not whether it is any good; the commitment holds no digest.";
    const REFERENCES: &'static [&'static str] = &[
        "https://github.com/FLock-io/FLock-subnet, flockoff/miners/data.py and flockoff/validator/chain.py",
    ];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl DatasetSource for Flock {
    fn decode(&self, commitment: &[u8], _block: u64) -> Result<Decoded> {
        if commitment.is_empty() {
            return Ok(NotMine::None.into());
        }
        let parts = str::from_utf8(commitment).ok().map(|text| text.split(':').collect::<Vec<_>>());
        // An owner's notice of a competition is JSON, which has colons too.
        let Some([namespace, competition, commit]) = parts.as_deref().filter(|_| commitment[0] != b'{')
        else {
            return Ok(NotMine::Foreign.into());
        };
        Ok(match self.place(namespace, competition, commit) {
            _ if commitment.len() > LARGEST_BYTES => malformed("it is longer than 128 bytes"),
            Ok(source) => Decoded::Source(source),
            Err(why) => malformed(why),
        })
    }

    fn encode(&self, namespace: &str, revision: &str, competition: &str) -> Result<Vec<u8>> {
        let commitment = format!("{namespace}:{competition}:{revision}").into_bytes();
        match self.decode(&commitment, 0)? {
            Decoded::Source(source) if source.revision == revision => Ok(commitment),
            Decoded::Source(_) => {
                Err(PluginError::BadInput(format!("`{revision}` is read as `{DEFAULT_BRANCH}`; name that")))
            }
            Decoded::NotMine(NotMine::Malformed(why)) => Err(PluginError::BadInput(why)),
            Decoded::NotMine(_) => Err(PluginError::BadInput("no part of it may hold a colon".into())),
        }
    }

    fn check_row(&self, line: &[u8], _competition: &str) -> Result<CheckedRow> {
        Ok(Reader::default().row(line))
    }

    fn check_rows(&self, lines: &[Vec<u8>], _competition: &str) -> Result<Vec<CheckedRow>> {
        let mut reader = Reader::default();
        Ok(lines.iter().map(|line| reader.row(line)).collect())
    }

    fn competition(&self, id: &str) -> Result<Option<CompetitionLimits>> {
        self.limits(id)
    }
}

impl Flock {
    /// Where the three parts of a commitment say that a dataset is, or which part is wrong.
    fn place(
        &self,
        namespace: &str,
        competition: &str,
        commit: &str,
    ) -> std::result::Result<Source, &'static str> {
        if !is_repository(namespace) {
            return Err("the first part is no repository `owner/name` of the hub");
        }
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !(1..=COMPETITION_BYTES).contains(&competition.len()) || !competition.bytes().all(is_known) {
            return Err("the second part is no competition: 1 to 64 letters, digits, `-`, `_` and `.`");
        }
        if looks_like_a_key(competition) {
            return Err("the second part looks like a key, not like a competition");
        }
        let revision = if commit == NO_COMMIT { DEFAULT_BRANCH } else { commit };
        if !is_revision(revision) {
            return Err("the third part is no commit, branch or tag");
        }
        if looks_like_a_key(revision) {
            return Err("the third part looks like a key, not like a branch");
        }
        Ok(Source {
            namespace: namespace.to_owned(),
            revision: revision.to_owned(),
            pinned: is_commit(revision),
            competition: competition.to_owned(),
            path: self.file.clone(),
        })
    }
}

fn malformed(why: &str) -> Decoded {
    NotMine::Malformed(why.to_owned()).into()
}

plimsoll_sdk::export_plugin!(Flock as dataset_source);

#[cfg(test)]
mod tests;
