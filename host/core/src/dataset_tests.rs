//! Which places are ones that a hub and a disk may be asked for.

use proptest::prelude::*;

use super::*;

const COMMIT: &str = "784fbf1e78d16c512750e3bb5391fa6b338818ae";

fn place() -> DatasetPlace {
    DatasetPlace {
        namespace: "flock-io/flock-off-s1-character-roleplay".into(),
        revision: COMMIT.into(),
        pinned: true,
        competition: "1".into(),
        path: "data.jsonl".into(),
    }
}

fn wrong(place: &DatasetPlace) -> String {
    place.check().expect_err("it passed")
}

#[test]
fn a_real_place_passes() {
    assert_eq!(place().check(), Ok(()));
    for revision in ["main", "refs/convert/parquet", "v1.0", "refs/pr/3"] {
        assert_eq!(DatasetPlace { revision: revision.into(), pinned: false, ..place() }.check(), Ok(()));
    }
    assert_eq!(DatasetPlace { path: "train/data 1.jsonl".into(), ..place() }.check(), Ok(()));
}

#[test]
fn a_namespace_outside_of_the_hubs_letters_is_refused() {
    let long = format!("a/{}", "b".repeat(97));
    for namespace in [
        "", "a", "/", "a/", "/a", "a/b/c", "a/../b", "../a", "a/..", "-a/b", "a-/b", "a/.b", "a/b.",
        "a--b/c", "a/b..c", "a/b.git", "a b/c", "a/b\n", "a/b\0", "ä/b", "a/b?x", "a/b#x", "a/%2e", "a\\b/c",
        &long,
    ] {
        let refusal = wrong(&DatasetPlace { namespace: namespace.into(), ..place() });
        assert_eq!(refusal, "its namespace is no `owner/name` of a repository on the hub", "{namespace:?}");
    }
    assert_eq!(DatasetPlace { namespace: format!("a/{}", "b".repeat(96)), ..place() }.check(), Ok(()));
}

#[test]
fn a_revision_that_git_does_not_name_is_refused() {
    let long = "a".repeat(129);
    for revision in [
        "", "a b", "a..b", "../a", "/a", "a/", "a//b", "-a", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b",
        ".a", "a.", "a/.b", "a.lock", "@", "a@{1}", "ä", "a\0", "a\n", &long,
    ] {
        let refusal = wrong(&DatasetPlace { revision: revision.into(), pinned: false, ..place() });
        assert_eq!(
            refusal, "its revision is no commit, branch or tag of at most 128 printable bytes",
            "{revision:?}"
        );
    }
}

#[test]
fn only_a_commit_is_pinned() {
    for revision in ["main", &COMMIT[1..], &COMMIT.to_uppercase(), &format!("{}g", &COMMIT[1..])] {
        assert!(wrong(&DatasetPlace { revision: revision.into(), ..place() }).contains("said to be pinned"));
    }
}

#[test]
fn a_path_that_leaves_its_folder_is_refused() {
    let long = "a".repeat(256);
    for path in [
        "", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/.", "./a", "a\\b", "a\0", "a\nb", "a\u{7f}",
        "\u{85}", &long,
    ] {
        let refusal = wrong(&DatasetPlace { path: path.into(), ..place() });
        assert!(refusal.starts_with("its path is no file in a repository"), "{path:?}: {refusal}");
    }
}

#[test]
fn a_key_in_the_place_of_a_branch_is_told_from_a_branch() {
    let keys = [
        "hf_QwErTyUiOpAsDfGhJkLzXcVbNm123456",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-live_51HG8vDKj2nE4pQxYz",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCY1EXAMPLEKEY2x",
        "wJalrXUtnFEMI-K7MDENG_bPxRfiCY",
        "x7k2m9qw4n8r5t3v6z1y",
        "refs/pr/ghp_0123456789abcdef",
        &"0f".repeat(32),
    ];
    for key in keys {
        assert!(looks_like_a_key(key), "{key}");
        let revised = DatasetPlace { revision: key.into(), pinned: false, ..place() };
        assert_eq!(revised.check(), Ok(()), "the grammar alone lets it pass");
        assert_eq!(revised.check_secrets(), Err("its revision looks like a key, not like a branch"));
        let entered = DatasetPlace { competition: key.into(), ..place() };
        assert_eq!(entered.check_secrets(), Err("its competition looks like a key"));
    }
    let names = [
        "",
        "1",
        "main",
        "20261121",
        "YYYYMMDD",
        "refs/convert/parquet",
        "refs/pr/3",
        "v1.0",
        "hf_main",
        "sk-1",
        "feature/2026-11-21-my-longest-experiment-of-all",
        "myLongFeatureBranchName",
        "experiment20261121final",
        COMMIT,
        &COMMIT[..39],
        &COMMIT.to_uppercase(),
    ];
    for name in names {
        assert!(!looks_like_a_key(name), "{name}");
    }
    assert_eq!(place().check_secrets(), Ok(()));
}

#[test]
fn a_key_for_a_repository_is_told_from_a_repository() {
    for key in [
        "owner/hf_QwErTyUiOpAsDfGhJkLzXcVbNm",
        "AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI",
        "sk-live_51HG8vDKj2nE4pQxYz/q7",
    ] {
        let place = DatasetPlace { namespace: key.into(), ..place() };
        assert_eq!(place.check(), Ok(()), "the grammar alone lets it pass");
        assert_eq!(place.check_secrets(), Err("its namespace looks like a key, not like a repository"));
    }
    for name in
        ["sk-mohammad-alzahrani/data", "hf_community/x", "me/set-7f3a9c2e1b4d8f60a5c7", "xoxo/letters"]
    {
        assert!(!is_a_key(name), "{name}");
    }
}

#[test]
fn limits_name_what_cannot_be_kept() {
    let good = CompetitionLimits {
        rows: 250,
        shared_rows: 100,
        evaluation: Some(Evaluation {
            namespace: "flock-io/flock-off-s1-competition".into(),
            revision: "main".into(),
        }),
        window: Some(DayWindow { opens_minute: 720, closes_minute: 750, pays_minute: 690 }),
    };
    assert_eq!(good.check(), Ok(()));
    assert_eq!(
        CompetitionLimits { rows: 0, ..good.clone() }.check().unwrap_err(),
        "of a file no row counts, at least one must"
    );
    let elsewhere = Some(Evaluation { namespace: "../etc".into(), revision: "main".into() });
    assert!(
        CompetitionLimits { evaluation: elsewhere, ..good }
            .check()
            .unwrap_err()
            .starts_with("its evaluation set: ")
    );
    let late = Some(DayWindow { opens_minute: 0, closes_minute: 1440, pays_minute: 0 });
    assert_eq!(
        CompetitionLimits { window: late, ..good }.check().unwrap_err(),
        "its window names minute 1440 of a day of 1440"
    );
}

proptest! {
    #[test]
    fn what_passes_cannot_leave_a_folder_or_a_url(text in "[-a-c/._@~%?#\\\\ ]{0,12}") {
        let named = DatasetPlace { namespace: text.clone(), ..place() };
        if named.check().is_ok() {
            prop_assert_eq!(text.split('/').count(), 2);
            prop_assert!(!text.contains("..") && !text.contains(['%', '?', '#', '\\', ' ', '@', '~']));
        }
        let filed = DatasetPlace { path: text.clone(), ..place() };
        if filed.check().is_ok() {
            let parts = std::path::Path::new(&text).components();
            prop_assert!(parts.into_iter().all(|part| matches!(part, std::path::Component::Normal(_))));
        }
        let revised = DatasetPlace { revision: text.clone(), pinned: false, ..place() };
        if revised.check().is_ok() {
            prop_assert!(!text.contains("..") && !text.starts_with(['/', '-']) && !text.contains(' '));
        }
    }
}
