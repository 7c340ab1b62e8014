//! The rows that all datasets of a competition are measured by, fetched as any dataset is.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::{BlockNumber, Decoded, Evaluation};
use serde::Serialize;

use super::CollectError;
use super::run::blocking;
use crate::fetch::{Commit, Fetch, NameFault, Namespace, Outcome, Refusal, Revision, Wanted};
use crate::source::Source;

/// An evaluation set that is on the disk, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluationSet {
    /// `owner/name`.
    pub namespace: String,
    /// The commit that was served.
    pub commit: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256, in hex.
    pub sha256: String,
    /// Rows of it.
    pub rows: usize,
    /// Whether it was there already.
    pub was_held: bool,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// It has a name that no repository or revision has.
    #[error("the evaluation set {0}")]
    Name(#[from] NameFault),
    /// The plugin does not say which file of a repository holds rows.
    #[error("{source_name} does not say which file of {namespace} holds its rows")]
    NoFile {
        /// The plugin.
        source_name: String,
        /// The repository.
        namespace: String,
    },
    /// The hub's.
    #[error("the evaluation set {namespace}: {refusal}")]
    Refused {
        /// The repository.
        namespace: String,
        /// Why.
        refusal: Refusal,
    },
    /// What came is no set of rows.
    #[error("the evaluation set {namespace} at {commit}: {why}")]
    NoRows {
        /// The repository.
        namespace: String,
        /// The commit.
        commit: String,
        /// What is wrong, and in which line.
        why: String,
    },
    /// The own disk's, or the plugin's.
    #[error(transparent)]
    Own(#[from] CollectError),
}

/// Fetches the set into `evaluation/OWNER/NAME/COMMIT.jsonl` of the data folder, where it stays; one that is there is
/// checked and not asked for again. Every line must be a row of the competition, and there must be one.
///
/// # Errors
/// [`EvaluationError`]: whose fault it is.
pub async fn evaluation_set(
    data_dir: &Path,
    of: &Evaluation,
    competition: &str,
    fetch: &Arc<Fetch>,
    source: &Source,
) -> Result<EvaluationSet, EvaluationError> {
    let repository = Namespace::parse(&of.namespace)?;
    let path = file_of(source, of, competition)?;
    let refused = |refusal| EvaluationError::Refused { namespace: of.namespace.clone(), refusal };
    let commit = match Revision::parse(&of.revision)? {
        Revision::Pinned(commit) => commit,
        Revision::Unpinned(name) => fetch.resolve(&repository, &name).await.map_err(refused)?,
    };
    let folder = data_dir.join("evaluation").join(repository.as_str());
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(CollectError::disk(&folder, "create"))?;
    let name = format!("{commit}.jsonl");
    let wanted = Wanted { repository, revision: Revision::Pinned(commit.clone()), path, folder, name };
    let fetched = match fetch.file(&wanted).await.map_err(CollectError::from)? {
        Outcome::Fetched(fetched) => fetched,
        Outcome::Refused(refusal) => return Err(refused(refusal)),
    };
    let (file, source, competition) = (fetched.path.clone(), source.clone(), competition.to_owned());
    let rows = blocking(move || rows_of(&file, &source, &competition)).await?;
    let rows = rows.map_err(|why| no_rows(of, &commit, why))?;
    Ok(EvaluationSet {
        namespace: of.namespace.clone(),
        commit: commit.to_string(),
        path: fetched.path,
        bytes: fetched.bytes,
        sha256: fetched.sha256,
        rows,
        was_held: fetched.was_held,
    })
}

fn no_rows(of: &Evaluation, commit: &Commit, why: String) -> EvaluationError {
    EvaluationError::NoRows { namespace: of.namespace.clone(), commit: commit.to_string(), why }
}

/// The file that a repository keeps its rows in: what the plugin reads out of what it writes itself.
fn file_of(source: &Source, of: &Evaluation, competition: &str) -> Result<String, EvaluationError> {
    let decoded = source.plugin().instance().and_then(|mut instance| {
        let commitment = instance.encode("owner/name", "main", competition)?;
        instance.decode(&commitment, BlockNumber(0))
    });
    match decoded {
        Ok(Decoded::Dataset(place)) => Ok(place.path),
        Ok(Decoded::NotMine(_)) | Err(_) => Err(EvaluationError::NoFile {
            source_name: source.plugin().name().to_owned(),
            namespace: of.namespace.clone(),
        }),
    }
}

/// How many rows there are, or which line is none.
fn rows_of(path: &Path, source: &Source, competition: &str) -> Result<Result<usize, String>, CollectError> {
    let bytes = std::fs::read(path).map_err(CollectError::disk(path, "read"))?;
    let file = source.check_file(&bytes, competition)?;
    if let Some(fault) = &file.fault {
        return Ok(Err(fault.to_string()));
    }
    let invalid = file.rows.iter().find(|row| row.checked.id().is_none());
    if let Some(row) = invalid {
        let why = row.checked.finding().map_or("", |finding| &finding.what);
        return Ok(Err(format!("line {} is no row: {why}", row.line)));
    }
    Ok(if file.rows.is_empty() { Err("it has no rows".to_owned()) } else { Ok(file.rows.len()) })
}
