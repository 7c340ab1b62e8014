//! Commitments of the real shape, decoys, rows and limits.

use plimsoll_sdk::{Draws, Evaluation, from_json, laws};
use proptest::prelude::*;

use super::*;

const COMMIT: &str = "784fbf1e78d16c512750e3bb5391fa6b338818ae";
const ROW: &str = r#"{"system": "You are kind.", "conversations": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}"#;

fn flock() -> Flock {
    from_json("{}").unwrap()
}

fn decode(commitment: &str) -> Decoded {
    flock().decode(commitment.as_bytes(), 7_082_055).unwrap()
}

/// The finding's name, or `valid`.
fn found(line: &str) -> &'static str {
    match flock().check_row(line.as_bytes(), "1").unwrap() {
        CheckedRow::Valid(_) => "valid",
        CheckedRow::Flawed(_, finding) | CheckedRow::Invalid(finding) => finding.name,
    }
}

fn id(line: &str) -> [u8; 16] {
    flock().check_row(line.as_bytes(), "1").unwrap().id().unwrap_or_else(|| panic!("no row: {line}"))
}

#[test]
fn the_laws_hold() {
    let commitment = format!("flock-io/some.data_set:1:{COMMIT}");
    laws::dataset_source::<Flock>(
        "{}",
        &[&commitment, "a/b:20261121:main"],
        &[ROW, "{\"conversations\": []}"],
    );
    laws::dataset_source::<Flock>(
        r#"{"file": "train/data.jsonl", "competitions": [{"id": "x", "rows": 5, "shared_rows": 0}]}"#,
        &[&commitment],
        &[ROW],
    );
}

/// Strings like those of a real subnet: 252 repositories of 56 accounts, 53 to 71 bytes, competition 1.
fn subnet() -> Vec<String> {
    let mut draws = Draws::new("a subnet's commitments", &[]);
    let shape = [51, 20, 11, 10, 9, 9, 9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6, 5, 4, 3, 3, 3, 2, 2, 2, 2, 2, 2];
    let accounts = shape.into_iter().chain([1; 28]);
    let mut all = Vec::new();
    for (account, repositories) in accounts.enumerate() {
        for at in 0..repositories {
            let commit: String =
                (0..40).map(|_| char::from_digit(draws.below(16) as u32, 16).unwrap()).collect();
            let namespace = format!(
                "m{account:02}/{}{at}",
                &"dataset-no_9.x"[..1 + draws.below(14) as usize].trim_end_matches(['-', '.'])
            );
            all.push(format!("{namespace}:1:{commit}"));
        }
    }
    all
}

#[test]
fn every_commitment_of_a_real_subnets_shape_is_read_and_written_again() {
    let all = subnet();
    assert_eq!(all.len(), 252);
    for commitment in &all {
        let Decoded::Source(source) = decode(commitment) else { panic!("{commitment} is not read") };
        assert!(source.pinned && source.competition == "1" && source.path == "data.jsonl");
        let again = flock().encode(&source.namespace, &source.revision, &source.competition).unwrap();
        assert_eq!(again, commitment.as_bytes());
    }
}

#[test]
fn what_other_subnets_commit_to_is_not_read() {
    let hash = "b".repeat(64);
    let foreign = [
        format!("owner/model:name:{COMMIT}:{hash}:c00"),
        format!("owner/model:{COMMIT}:{hash}:c00"),
        format!("owner-model-{COMMIT}"),
        "owner/model:1".to_owned(),
        r#"{"id":"1","repo":"flock-io/x","bench":2.6,"rows":250,"pow":2}"#.to_owned(),
        r#"{"a":1:2}"#.to_owned(),
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi".to_owned(),
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG".to_owned(),
        format!("{}{}{}", "a".repeat(32), "0".repeat(32), "f".repeat(64)),
        "registry.example.com/team/image@sha256:0123".to_owned(),
        " ".to_owned(),
    ];
    for commitment in &foreign {
        assert_eq!(decode(commitment), Decoded::NotMine(NotMine::Foreign), "{commitment}");
    }
    assert_eq!(decode(""), Decoded::NotMine(NotMine::None));
    assert_eq!(flock().decode(&[0xff; 128], 1).unwrap(), Decoded::NotMine(NotMine::Foreign));
}

#[test]
fn a_part_that_is_wrong_is_named_and_never_quoted() {
    let part = |commitment: &str| match decode(commitment) {
        Decoded::NotMine(NotMine::Malformed(why)) => why,
        other => panic!("{commitment}: {other:?}"),
    };
    for namespace in [
        "", "owner", "a/b/c", "../b", "a/../b", "a b/c", "a/b.git", "a--b/c", "-a/b", "a/b\n", "a/b%2e",
        "ä/b",
    ] {
        let why = part(&format!("{namespace}:1:{COMMIT}"));
        assert_eq!(why, "the first part is no repository `owner/name` of the hub", "{namespace}");
    }
    for competition in ["", "a b", "ä", "../1", &"1".repeat(65)] {
        assert!(
            part(&format!("a/b:{competition}:main")).starts_with("the second part is no competition"),
            "{competition}"
        );
    }
    for commit in ["", "a b", "../..", "-x", "a..b", "a^", "x\0"] {
        assert_eq!(
            part(&format!("a/b:1:{commit}")),
            "the third part is no commit, branch or tag",
            "{commit}"
        );
    }
    let long = format!("{}/{}:1:{COMMIT}", "a".repeat(50), "b".repeat(50));
    assert_eq!(part(&long), "it is longer than 128 bytes");
    let secret = format!("{}:{}:{}", "K".repeat(32), "S".repeat(32), "T".repeat(62));
    assert!(!part(&secret).contains("KK"));
}

#[test]
fn a_key_in_the_place_of_a_branch_or_a_competition_is_asked_for_nowhere() {
    let malformed = |why: &str| Decoded::NotMine(NotMine::Malformed(why.to_owned()));
    for key in ["hf_QwErTyUiOpAsDfGhJkLzXcVbNm", "AKIAIOSFODNN7EXAMPLE", "sk-live_51HG8vDKj2nE4pQxYz"] {
        let third = decode(&format!("owner/name:1:{key}"));
        assert_eq!(third, malformed("the third part looks like a key, not like a branch"));
        let second = decode(&format!("owner/name:{key}:main"));
        assert_eq!(second, malformed("the second part looks like a key, not like a competition"));
    }
}

#[test]
fn only_a_commit_pins() {
    let source = |commit: &str| match decode(&format!("a/b:1:{commit}")) {
        Decoded::Source(source) => (source.revision, source.pinned),
        other => panic!("{commit}: {other:?}"),
    };
    assert_eq!(source(COMMIT), (COMMIT.to_owned(), true));
    assert_eq!(source("None"), ("main".to_owned(), false));
    assert_eq!(source("main"), ("main".to_owned(), false));
    assert_eq!(source(&COMMIT.to_uppercase()), (COMMIT.to_uppercase(), false));
    assert_eq!(source(&COMMIT[1..]), (COMMIT[1..].to_owned(), false));
    assert_eq!(source("refs/pr/1"), ("refs/pr/1".to_owned(), false));
    let refusal = flock().encode("a/b", "None", "1").unwrap_err().to_string();
    assert_eq!(refusal, "bad input: `None` is read as `main`; name that");
    assert_eq!(
        flock().encode("a/b:c", "main", "1").unwrap_err().to_string(),
        "bad input: no part of it may hold a colon"
    );
}

#[test]
fn a_row_is_known_by_what_python_prints_of_it() {
    let same = [
        r#"{"conversations": [{"content": "é", "role": "user"}, {"role": "assistant", "content": "1"}], "n": 1.0}"#,
        r#" {"n":1e0,"conversations":[{"role":"user","content":"\u00e9"},{"content":"1","role":"assistant"}]}"#,
        "\u{3000}{\"n\": 2, \"n\": 100e-2, \"conversations\": [{\"role\": \"user\", \"content\": \"\\u00E9\"}, {\"content\": \"1\", \"role\": \"assistant\"}]}\r",
    ];
    for line in same {
        assert_eq!((id(line), found(line)), (id(same[0]), "valid"), "{line}");
    }
    assert_eq!(id(ROW), RowId::of(ROW_AS_PYTHON_PRINTS_IT.as_bytes()).0);
    assert_ne!(id("1"), id("1.0"));
}

use plimsoll_json::RowId;

const ROW_AS_PYTHON_PRINTS_IT: &str = r#"{"conversations": [{"content": "Hi", "role": "user"}, {"content": "Hello", "role": "assistant"}], "system": "You are kind."}"#;

#[test]
fn what_breaks_the_schema_is_a_row_with_a_named_flaw() {
    let with = |conversations: &str| format!(r#"{{"system": null, "conversations": {conversations}}}"#);
    let (user, assistant) =
        (r#"{"role": "user", "content": "a"}"#, r#"{"role": "assistant", "content": ""}"#);
    let cases = [
        ("[1]".to_owned(), "no-object"),
        (r#"{"system": 1}"#.to_owned(), "system"),
        ("{}".to_owned(), "no-conversations"),
        (with("{}"), "conversations"),
        (with("[]"), "no-turn"),
        (with("[1]"), "turn"),
        (with(r#"[{"content": "a"}]"#), "role"),
        (with(r#"[{"role": "user", "content": null}]"#), "content"),
        (with(&format!("[{assistant}, {user}]")), "role-order"),
        (with(&format!("[{user}, {user}]")), "role-order"),
        (with(r#"[{"role": "User", "content": "a"}]"#), "role-order"),
        (with(&format!("[{user}]")), "odd-turn"),
        (with(&format!("[{user}, {assistant}, {user}]")), "odd-turn"),
        (with(&format!("[{user}, {assistant}]")), "valid"),
    ];
    for (line, name) in &cases {
        assert_eq!(found(line), *name, "{line}");
        id(line);
    }
}

#[test]
fn what_is_no_row_has_no_identity() {
    let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    let digits = "9".repeat(5_000);
    for (line, name) in [
        ("", "blank"),
        ("\u{2028}\t", "blank"),
        ("{}\r{}", "line-end"),
        ("{oops}", "no-json"),
        ("\u{feff}{}", "no-json"),
        ("{\"a\": 1,}", "no-json"),
        (&deep, "no-json"),
        (&digits, "no-json"),
    ] {
        assert_eq!(found(line), name, "{line}");
        assert_eq!(flock().check_row(line.as_bytes(), "1").unwrap().id(), None);
    }
    let no_text = flock().check_row(b"\"\xff\"", "1").unwrap();
    assert!(matches!(no_text, CheckedRow::Invalid(finding) if finding.name == "no-json"));
}

#[test]
fn both_eras_have_their_limits() {
    let of = |id: &str| flock().competition(id).unwrap();
    let first = of("1").unwrap();
    assert_eq!((first.rows, first.shared_rows, first.window), (250, 100, None));
    let set =
        Evaluation { namespace: "flock-io/flock-off-s1-character-roleplay".into(), revision: COMMIT.into() };
    assert_eq!(first.evaluation, Some(set));
    let daily = of("20261121").unwrap();
    assert_eq!((daily.rows, daily.shared_rows), (100, 33));
    let window = daily.window.unwrap();
    assert_eq!((window.opens_minute, window.closes_minute, window.pays_minute), (720, 750, 690));
    assert_eq!(of("20280229"), Some(daily));
    for unknown in
        ["", "2", "YYYYMMDD", "20270229", "20261301", "20261100", "2026112", "202611211", "２０２６"]
    {
        assert_eq!(of(unknown), None, "{unknown}");
    }
}

#[test]
fn limits_are_an_operators_to_set_and_wrong_ones_are_named() {
    let set = r#"{"competitions": [{"id": "20261121", "rows": 7, "shared_rows": 0}, {"id": "YYYYMMDD", "rows": 9, "shared_rows": 1, "window": {"opens": "00:00", "closes": "23:59", "pays": "12:30"}}]}"#;
    let source: Flock = from_json(set).unwrap();
    let rows = |id: &str| source.competition(id).unwrap().map(|limits| limits.rows);
    assert_eq!((rows("20261121"), rows("20261122"), rows("1")), (Some(7), Some(9), None));
    let refused = |json: &str| from_json::<Flock>(json).err().map(|e| e.to_string()).unwrap_or_default();
    let one =
        |rest: &str| format!(r#"{{"competitions": [{{"id": "1", "rows": 1, "shared_rows": 0{rest}}}]}}"#);
    assert_eq!(
        refused(r#"{"file": "../x"}"#),
        "bad config: `file` must be the path of a file in a repository, it is `../x`"
    );
    let time = one(r#", "window": {"opens": "24:00", "closes": "12:30", "pays": "11:30"}"#);
    assert_eq!(refused(&time), "bad config: `window.opens` must be a time such as 12:30, it is `24:00`");
    let elsewhere = one(r#", "evaluation": {"namespace": "x", "revision": "main"}"#);
    assert_eq!(
        refused(&elsewhere),
        "bad config: competition `1`: `evaluation.namespace` must be `owner/name` on the hub, it is `x`"
    );
    assert!(refused(&one("").replace("\"rows\": 1", "\"rows\": 0")).contains("`rows` must be from 1 to"));
    assert!(refused(r#"{"competitions": [{"id": "1", "rows": 1, "shared_rows": 0}, {"id": "1", "rows": 1, "shared_rows": 0}]}"#).ends_with("has two called `1`"));
}

proptest! {
    #[test]
    fn no_commitment_panics_and_what_is_read_is_written_again(commitment in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[a-zA-Z0-9._-]{0,9}(/[a-z.-]{0,9}){0,2}(:[0-9a-f.~ -]{0,40}){0,3}",
        "[a-z]{1,9}/[a-z]{1,9}:[a-z0-9]{1,9}:[a-z0-9/]{1,40}",
    ]) {
        if let Decoded::Source(source) = decode(&commitment) {
            let again = flock().encode(&source.namespace, &source.revision, &source.competition).unwrap();
            prop_assert_eq!(decode(std::str::from_utf8(&again).unwrap()), Decoded::Source(source));
        }
    }

    #[test]
    fn blanks_and_the_order_of_keys_make_no_other_row(texts in proptest::collection::vec("\\PC{0,12}", 2), blank in "[ \t]{0,3}") {
        let quoted = |text: &String| plimsoll_sdk::serde_json::Value::from(text.as_str()).to_string();
        let [question, answer] = [quoted(&texts[0]), quoted(&texts[1])];
        let one = format!(r#"{{"conversations":[{{"role":"user","content":{question}}},{{"role":"assistant","content":{answer}}}],"system":null}}"#);
        let other = format!(r#"{blank}{{{blank}"system":{blank}null,"conversations":{blank}[{{"content":{question},"role":"user"}}{blank},{{"content":{answer},"role":"assistant"}}]}}{blank}"#);
        prop_assert_eq!((id(&one), found(&one)), (id(&other), "valid"));
    }
}
