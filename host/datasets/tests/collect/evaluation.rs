//! The set that a competition's datasets are measured by.

use plimsoll_core::Evaluation;
use plimsoll_datasets::collect::{EvaluationError, EvaluationSet, evaluation_set};
use plimsoll_hub::{Access, Fault, Repo};

use crate::stage::{Stage, commit_of, files, flock, repo, rows};

async fn fetched(stage: &Stage, namespace: &str, revision: &str) -> Result<EvaluationSet, EvaluationError> {
    let of = Evaluation { namespace: namespace.into(), revision: revision.into() };
    evaluation_set(stage.data.path(), &of, "1", &stage.fetch(), &flock()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_set_is_fetched_once_checked_and_pinned() {
    let stage = Stage::new(0, [repo("judge/rows", "c", rows("w", 30))]);
    let set = fetched(&stage, "judge/rows", "main").await.unwrap();
    assert_eq!((set.rows, set.commit.as_str(), set.was_held), (30, commit_of("c").as_str(), false));
    let place = format!("evaluation/judge/rows/{}.jsonl", commit_of("c"));
    assert_eq!(set.path, stage.data.path().join(place));
    assert_eq!(std::fs::read_to_string(&set.path).unwrap(), rows("w", 30));
    assert_eq!(stage.requests(), (1, 1));
    let again = fetched(&stage, "judge/rows", &commit_of("c")).await.unwrap();
    assert_eq!((again.was_held, stage.requests()), (true, (0, 0)));
    assert_eq!(EvaluationSet { was_held: false, ..again }, set);
    // A run that collects leaves it where it is.
    stage.collect().await;
    assert!(set.path.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_set_of_rows_is_told_with_its_line() {
    let broken = rows("w", 2) + "\n{\"conversations\": [\n" + &rows("v", 1);
    let mut stage = Stage::new(0, [repo("a/broken", "b", broken), repo("a/empty", "e", "\n\n")]);
    stage.caps.tries = 1;
    let said = fetched(&stage, "a/broken", &commit_of("b")).await.unwrap_err().to_string();
    let named = format!("the evaluation set a/broken at {}: line 4 is no row: ", commit_of("b"));
    assert!(said.starts_with(&named), "{said}");
    let said = fetched(&stage, "a/empty", &commit_of("e")).await.unwrap_err().to_string();
    assert!(said.ends_with("it has no rows"), "{said}");
    stage.hub.put(Repo { access: Access::Gated { accepted: false }, ..repo("a/gated", "g", rows("w", 1)) });
    let said = fetched(&stage, "a/gated", &commit_of("g")).await.unwrap_err().to_string();
    assert!(said.starts_with("the evaluation set a/gated: the repository is gated"), "{said}");
    stage.hub.put(repo("a/other", "o", rows("w", 9)));
    stage.hub.fail("a/other", Fault::WrongByte(5), None);
    let said = fetched(&stage, "a/other", &commit_of("o")).await.unwrap_err().to_string();
    assert!(said.contains("wrong bytes: expected git blob SHA-1"), "{said}");
    assert!(matches!(fetched(&stage, "a/../b", "main").await, Err(EvaluationError::Name(_))));
    assert!(files(stage.data.path()).iter().all(|file| !file.to_string_lossy().contains("other")));
}
