//! `sample-plugin`: commitments of the form `owner/name@revision`, a row a line of text.

use plimsoll_sdk::pure::{HashKind, digest_of};
use plimsoll_sdk::{
    CheckedRow, CompetitionLimits, DatasetSource, Decoded, Finding, NotMine, Plugin, PluginError, Result,
    RowId, Source, is_commit, is_repository, is_revision,
};

plimsoll_sdk::parameters! {
    /// Parameters, as an operator sets them in a TOML table.
    pub struct Lines {
        /// Rows of a file that count.
        rows: u32 = 1000, from 1 to 1_000_000;
        /// Rows that two datasets may share before they are copies.
        shared_rows: u32 = 100, from 0 to 1_000_000;
        /// The file in each repository.
        file: String = "data.txt".to_owned();
    }
}

/// There is one competition, and it has no name.
const COMPETITION: &str = "";

impl Plugin for Lines {
    const NAME: &'static str = "sample-plugin";
    const SUMMARY: &'static str = "Reads `owner/name@revision`, and takes every line of text for a row.";
    const LIMITS: &'static str = "Rows are compared byte by byte, so a blank more makes another row.";
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl DatasetSource for Lines {
    fn decode(&self, commitment: &[u8], _block: u64) -> Result<Decoded> {
        if commitment.is_empty() {
            return Ok(NotMine::None.into());
        }
        let Some((namespace, revision)) =
            str::from_utf8(commitment).ok().and_then(|text| text.split_once('@'))
        else {
            return Ok(NotMine::Foreign.into());
        };
        if !is_repository(namespace) {
            return Ok(NotMine::Malformed("the namespace is no repository `owner/name`".into()).into());
        }
        if !is_revision(revision) {
            return Ok(NotMine::Malformed("the revision is no commit, branch or tag".into()).into());
        }
        Ok(Decoded::Source(Source {
            namespace: namespace.to_owned(),
            pinned: is_commit(revision),
            revision: revision.to_owned(),
            competition: COMPETITION.to_owned(),
            path: self.file.clone(),
        }))
    }

    fn encode(&self, namespace: &str, revision: &str, competition: &str) -> Result<Vec<u8>> {
        if competition != COMPETITION {
            return Err(PluginError::BadInput("the only competition has no name".into()));
        }
        Ok(format!("{namespace}@{revision}").into_bytes())
    }

    fn check_row(&self, line: &[u8], _competition: &str) -> Result<CheckedRow> {
        if str::from_utf8(line).is_err() {
            return Ok(CheckedRow::Invalid(Finding::new("no-utf8", "the line is no text")));
        }
        let mut id: RowId = [0; 16];
        id.copy_from_slice(&digest_of(HashKind::Blake3, line)[..16]);
        Ok(match line.is_empty() {
            true => CheckedRow::Flawed(id, Finding::new("empty", "the line has nothing in it")),
            false => CheckedRow::Valid(id),
        })
    }

    fn competition(&self, id: &str) -> Result<Option<CompetitionLimits>> {
        let limits = CompetitionLimits {
            rows: self.rows,
            shared_rows: self.shared_rows,
            evaluation: None,
            window: None,
        };
        Ok((id == COMPETITION).then_some(limits))
    }
}

plimsoll_sdk::export_plugin!(Lines as dataset_source);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::dataset_source::<Lines>("{}", &["owner/name@main"], &["A line."]);
        laws::dataset_source::<Lines>(r#"{"file": "train.txt"}"#, &["a/b@v1.0"], &["A line."]);
    }
}
