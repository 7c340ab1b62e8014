//! `plimsoll datasets evaluation`.

use plimsoll_core::{ByteSize, Evaluation};
use plimsoll_datasets::collect::{EvaluationError, EvaluationSet, evaluation_set};

use super::hub;
use crate::exit::{Exit, Failure};
use crate::flags::{DataFlags, FetchFlags, SourceFlags};
use crate::global::Global;

/// Fetch the rows that a competition's datasets are measured by
///
/// They are checked as datasets are and stay in the data folder, for `datasets validate --evaluation FILE`. A branch is
/// resolved once, and the file is known by its commit.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository, such as flock-io/rows or flock-io/rows@main [default: the one that the source names]
    #[arg(value_name = "OWNER/NAME[@REVISION]")]
    repository: Option<String>,
    /// The competition
    #[arg(long, value_name = "ID", default_value = "1")]
    competition: String,
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    fetch: FetchFlags,
    #[command(flatten)]
    source: SourceFlags,
}

pub(crate) async fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let config = global.config(&[&args.data, &args.fetch, &args.source])?;
    let (fetch, source) = (hub::client(&config)?, hub::source(&config)?);
    let of = match &args.repository {
        Some(text) => named(text),
        None => {
            source.competition(&args.competition)?.and_then(|limits| limits.evaluation).ok_or_else(|| {
                let name = source.plugin().name();
                let message =
                    format!("{name} names no evaluation set for competition `{}`", args.competition);
                Failure::new(Exit::Usage, message)
                    .hint("name the repository: owner/name or owner/name@revision")
            })?
        }
    };
    let folder = &config.collecting.data_dir;
    let set = evaluation_set(folder, &of, &args.competition, &fetch, &source).await?;
    global.emit(&set, || {
        let EvaluationSet { namespace, commit, path, bytes, rows, was_held, .. } = &set;
        let how = if *was_held { "held already" } else { "fetched" };
        format!("{namespace} at {commit}: {rows} rows, {}, {how}\n{}", ByteSize(*bytes), path.display())
    })
}

/// A repository, and the revision behind an `@`; `main` where there is none.
fn named(text: &str) -> Evaluation {
    let (namespace, revision) = text.split_once('@').unwrap_or((text, "main"));
    Evaluation { namespace: namespace.to_owned(), revision: revision.to_owned() }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Own(error) => error.into(),
            EvaluationError::Name(_) | EvaluationError::NoFile { .. } => Self::of(Exit::Usage, &error),
            _ => Self::of(Exit::Error, &error),
        }
    }
}
