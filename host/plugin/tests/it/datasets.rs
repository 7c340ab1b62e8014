//! Dataset sources: answers that a contract forbids, secrets that are not told, and the two readings of a hub's names.

use plimsoll_core::{BlockNumber, CheckedRow, DatasetPlace, Decoded, NotMine};
use plimsoll_plugin::{COMMITMENT_BYTES, DatasetSourceInstance, Kind, PluginRef, conform};
use proptest::prelude::*;
use serde_json::json;

use crate::guests::{Guest, words};
use crate::samples::{host, plugin, sentence};

const COMMIT: &str = "784fbf1e78d16c512750e3bb5391fa6b338818ae";
const SECRET: &[u8] = b"AKIAIOSFODNN7EXAMPLE";

fn source(guest: Guest) -> DatasetSourceInstance {
    host().load_dataset_source(&plugin(guest.build()), &json!({})).unwrap().instance().unwrap()
}

/// What `decode` makes of an answer with these parts.
fn decoding(namespace: &str, revision: &str, pinned: bool, competition: &str, path: &str) -> String {
    let mut guest = Guest::of(Kind::Dataset);
    let [namespace, revision, competition, path] =
        [namespace, revision, competition, path].map(|text| guest.text(text.as_bytes()));
    let parts = [namespace.0, namespace.1, revision.0, revision.1, u32::from(pinned)];
    let rest = [competition.0, competition.1, path.0, path.1];
    let answer = [&[0, 0, 1, 0][..], &parts, &rest].concat();
    let result = source(guest.answer("decode", &words(&answer))).decode(b"anything", BlockNumber(1));
    result.map_or_else(|error| error.to_string(), |decoded| format!("{decoded:?}"))
}

#[test]
fn a_place_is_one_that_a_hub_can_be_asked_for_or_none() {
    insta::assert_snapshot!(decoding("a/b", COMMIT, true, "1", "data.jsonl"), @r#"Dataset(DatasetPlace { namespace: "a/b", revision: "784fbf1e78d16c512750e3bb5391fa6b338818ae", pinned: true, competition: "1", path: "data.jsonl" })"#);
    insta::assert_snapshot!(decoding("a/../b", COMMIT, true, "1", "data.jsonl"), @"plugin `sample.wasm` breaks its contract in `decode`: its namespace is no `owner/name` of a repository on the hub");
    insta::assert_snapshot!(decoding("a/b", "main", true, "1", "data.jsonl"), @"plugin `sample.wasm` breaks its contract in `decode`: its revision is said to be pinned, but is no commit of 40 lower-case hexadecimal digits");
    insta::assert_snapshot!(decoding("a/b", &"a".repeat(129), false, "1", "data.jsonl"), @"plugin `sample.wasm` breaks its contract in `decode`: its revision is no commit, branch or tag of at most 128 printable bytes");
    insta::assert_snapshot!(decoding("a/b", "main", false, "a b", "data.jsonl"), @"plugin `sample.wasm` breaks its contract in `decode`: its competition has not at most 64 printable ASCII bytes");
    for path in ["/etc/passwd", "../data", "a\0b", "a\nb", ""] {
        let refused = decoding("a/b", "main", false, "1", path);
        assert!(refused.contains("its path is no file in a repository"), "{path:?}: {refused}");
    }
}

fn checking(row: &[u32], more: u32) -> String {
    let mut guest = Guest::of(Kind::Dataset);
    let (name, _) = guest.text(b"odd-turnNo Name");
    let (id, _) = guest.text(&[7; 40]);
    let row: Vec<u32> = row
        .iter()
        .map(|word| match *word {
            1_000 => id,
            2_000 => name,
            2_008 => name + 8,
            other => other,
        })
        .collect();
    let (at, _) = guest.text(&words(&row));
    let guest = guest.answer("check-rows", &words(&[0, at, 1 + more]));
    let result = source(guest).check_rows(&[b"{}"], "1");
    result.map_or_else(|error| error.to_string(), |rows| format!("{rows:?}"))
}

#[test]
fn a_row_has_sixteen_bytes_and_a_finding_a_name() {
    insta::assert_snapshot!(checking(&[0, 1_000, 16, 0, 0, 0, 0], 0), @"[Valid([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])]");
    insta::assert_snapshot!(checking(&[0, 1_000, 15, 0, 0, 0, 0], 0), @"plugin `sample.wasm` breaks its contract in `check-rows`: a row's identity has 15 bytes, not 16");
    insta::assert_snapshot!(checking(&[1, 1_000, 17, 2_000, 8, 2_000, 8], 0), @"plugin `sample.wasm` breaks its contract in `check-rows`: a row's identity has 17 bytes, not 16");
    insta::assert_snapshot!(checking(&[2, 2_000, 8, 2_000, 8, 0, 0], 0), @r#"[Invalid(RowFinding { name: "odd-turn", what: "odd-turn" })]"#);
    insta::assert_snapshot!(checking(&[2, 2_008, 7, 2_000, 8, 0, 0], 0), @"plugin `sample.wasm` breaks its contract in `check-rows`: a finding is called `No Name`, expected 1 to 32 lower-case letters, digits and dashes");
    insta::assert_snapshot!(checking(&[0, 1_000, 16, 0, 0, 0, 0, 0, 1_000, 16, 0, 0, 0, 0], 1), @"plugin `sample.wasm` breaks its contract in `check-rows`: 2 rows for 1 lines");
}

#[test]
fn a_line_that_is_too_long_is_no_row_and_the_plugin_is_not_asked() {
    let mut instance = source(Guest::of(Kind::Dataset).body("check-rows", "(unreachable)"));
    let rows = instance.check_rows(&[&vec![b'1'; (1 << 20) + 1]], "1").unwrap();
    assert!(matches!(&rows[..], [CheckedRow::Invalid(finding)] if finding.name == "too-long"));
    assert_eq!(instance.check_rows(&[], "1"), Ok(Vec::new()));
    let trap = sentence(instance.check_rows(&[b"1"], "1"));
    assert!(trap.contains("broke down in `check-rows`"), "{trap}");
}

fn competing(limits: &[u32]) -> String {
    let guest = Guest::of(Kind::Dataset).answer("competition", &words(&[&[0, 1][..], limits].concat()));
    let result = source(guest).competition("1");
    result.map_or_else(|error| error.to_string(), |limits| format!("{limits:?}"))
}

#[test]
fn limits_are_some_that_can_be_kept() {
    insta::assert_snapshot!(competing(&[250, 100, 0, 0, 0, 0, 0, 1 | 720 << 16, 750 | 690 << 16]), @"Some(CompetitionLimits { rows: 250, shared_rows: 100, evaluation: None, window: Some(DayWindow { opens_minute: 720, closes_minute: 750, pays_minute: 690 }) })");
    insta::assert_snapshot!(competing(&[0; 9]), @"plugin `sample.wasm` breaks its contract in `competition`: of a file no row counts, at least one must");
    insta::assert_snapshot!(competing(&[1, 0, 0, 0, 0, 0, 0, 1, 1440]), @"plugin `sample.wasm` breaks its contract in `competition`: its window names minute 1440 of a day of 1440");
    insta::assert_snapshot!(competing(&[1, 0, 1, 0, 0, 0, 0, 0, 0]), @"plugin `sample.wasm` breaks its contract in `competition`: its evaluation set: its namespace is no `owner/name` of a repository on the hub");
    let mut instance = source(Guest::of(Kind::Dataset).body("competition", "(unreachable)"));
    for id in ["x".repeat(65), "a\u{202e}b".into()] {
        assert_eq!(instance.competition(&id), Ok(None), "the plugin was asked");
    }
}

#[test]
fn a_reason_that_repeats_the_commitment_is_not_told() {
    let reason = |text: &[u8]| {
        let mut guest = Guest::of(Kind::Dataset);
        let (at, len) = guest.text(text);
        let answer = words(&[0, 0, 0, 0, 2, 0, at, len]);
        source(guest.answer("decode", &answer)).decode(SECRET, BlockNumber(1)).unwrap()
    };
    assert_eq!(reason(b"too long"), Decoded::NotMine(NotMine::Malformed("too long".into())));
    for told in [&b"no place: AKIAIOSFODNN7EXAMPLE"[..], b"it has NN7EXAMP in it"] {
        assert_eq!(reason(told), Decoded::NotMine(NotMine::Malformed(String::new())));
    }
    let mut guest = Guest::of(Kind::Dataset);
    let (at, len) = guest.text(b"cannot read AKIAIOSFODNN7EXAMPLE");
    let error =
        sentence(source(guest.answer("decode", &words(&[1, 0, 1, at, len]))).decode(SECRET, BlockNumber(1)));
    assert_eq!(
        error,
        "plugin `sample.wasm` could not decode: internal: its reason repeats the commitment and is not shown"
    );
}

#[test]
fn last_words_over_a_commitment_are_not_heard() {
    let said = |function: &'static str| {
        let mut guest = Guest::of(Kind::Dataset)
            .with("(import \"plimsoll:plugin/log@0.1.0\" \"log\" (func $log (param i32 i32 i32)))");
        let (at, len) = guest.text(SECRET);
        guest.body(
            function,
            &format!("(call $log (i32.const 4) (i32.const {at}) (i32.const {len})) (unreachable)"),
        )
    };
    let error = sentence(source(said("decode")).decode(SECRET, BlockNumber(1)));
    assert!(error.contains("broke down in `decode`: trap: ") && !error.contains("AKIA"), "{error}");
    let error = sentence(source(said("check-rows")).check_rows(&[b"1"], "1"));
    assert!(error.ends_with("its last words: AKIAIOSFODNN7EXAMPLE"), "{error}");
}

#[test]
fn one_commitment_that_breaks_a_plugin_down_is_told_alone() {
    // Traps on a commitment that begins with `!`.
    let guest = Guest::of(Kind::Dataset).body(
        "decode",
        "(if (i32.eq (i32.load8_u (local.get 0)) (i32.const 33)) (then (unreachable))) (i32.const 1536)",
    );
    let mut instance = source(guest);
    let asked: Vec<(&[u8], BlockNumber)> =
        [&b"a"[..], b"!", b"b"].map(|bytes| (bytes, BlockNumber(1))).into();
    let answers = instance.decode_all(&asked);
    let none = Ok(Decoded::NotMine(NotMine::None));
    assert_eq!((&answers[0], &answers[2]), (&none, &none));
    assert!(sentence(answers[1].clone()).contains("broke down in `decode`"));
    let long = vec![b'!'; COMMITMENT_BYTES + 1];
    let asked = [(&long[..], BlockNumber(1)), (b"a", BlockNumber(1))];
    assert_eq!(instance.decode_all(&asked)[0], Ok(Decoded::NotMine(NotMine::Foreign)));
}

#[test]
fn a_source_that_cannot_read_what_it_writes_is_found_out() {
    let mut guest = Guest::of(Kind::Dataset);
    let (at, len) = guest.text(b"a/b:1:main");
    let report = conform(host(), &plugin(guest.answer("encode", &words(&[0, at, len])).build()), &json!({}));
    let broken: Vec<_> = report.checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(broken[0].name, "what it encodes it decodes again");
    assert!(
        broken[0].why.as_ref().unwrap().ends_with("is not read any more: nothing is committed"),
        "{broken:?}"
    );
}

#[test]
fn the_shipped_source_keeps_the_laws() {
    let shipped = plimsoll_bundle::find("dataset-flock").unwrap();
    let report = conform(host(), &PluginRef::new("builtin:dataset-flock", shipped.component), &json!({}));
    let broken: Vec<_> = report.checks.iter().filter(|check| !check.passed).collect();
    assert!(report.passed(), "{broken:#?}");
    assert!(report.checks.len() >= 11, "{:#?}", report.checks);
}

proptest! {
    #[test]
    fn a_plugins_author_and_the_host_read_the_hubs_names_alike(text in "[-a-cA._/~@{}^:?*\\\\ ]{0,10}(lock|\\.git|/b)?") {
        let named = DatasetPlace {
            namespace: "a/b".into(),
            revision: "main".into(),
            pinned: false,
            competition: "1".into(),
            path: "data.jsonl".into(),
        };
        let passes = |place: DatasetPlace| place.check().is_ok();
        prop_assert_eq!(plimsoll_sdk::is_repository(&text), passes(DatasetPlace { namespace: text.clone(), ..named.clone() }));
        prop_assert_eq!(plimsoll_sdk::is_revision(&text), passes(DatasetPlace { revision: text.clone(), ..named.clone() }));
        prop_assert_eq!(plimsoll_sdk::is_competition(&text), passes(DatasetPlace { competition: text.clone(), ..named.clone() }));
        prop_assert_eq!(plimsoll_sdk::is_file_path(&text), passes(DatasetPlace { path: text, ..named }));
    }

    #[test]
    fn a_plugins_author_and_the_host_take_the_same_for_a_key(
        text in "(hf_|api_org_|AKIA|ASIA|AIza|s?k[-_]|rk_|gh[pos]_|github_pat_|glpat-|xox)?([a-zA-F0-9/._-]{0,30}|[a-f0-9]{38,42}|[x-z]{18,21}[0-9]{0,6})"
    ) {
        prop_assert_eq!(plimsoll_sdk::looks_like_a_key(&text), plimsoll_core::looks_like_a_key(&text));
    }
}
