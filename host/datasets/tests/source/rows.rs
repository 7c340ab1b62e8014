//! A file's rows by the plugin.

use plimsoll_core::CheckedRow;
use plimsoll_datasets::source::{CheckedFile, FILE_ROWS};
use plimsoll_json::{FileError, RowId, canonical, identify};
use proptest::prelude::*;

use crate::real::flock;

fn row(question: &str) -> String {
    let question = serde_json::Value::from(question);
    format!(
        r#"{{"system": null, "conversations": [{{"role": "user", "content": {question}}}, {{"role": "assistant", "content": "Yes."}}]}}"#
    )
}

fn checked(file: &[u8]) -> CheckedFile {
    flock().check_file(file, "1").unwrap()
}

#[test]
fn a_file_is_told_row_by_row() {
    let odd = r#"{"conversations": [{"role": "user", "content": "Alone"}]}"#;
    let file = format!("{}\r\n\n{}\n{{oops\n{odd}\n", row("One"), row("Two"));
    let found = checked(file.as_bytes());
    assert_eq!((found.rows.len(), found.n_valid(), found.n_invalid(), found.fault), (4, 2, 1, None));
    assert_eq!(found.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4, 5]);
    assert_eq!(&file[found.rows[3].range.clone()], odd);
    assert_eq!(found.findings().into_iter().collect::<Vec<_>>(), [("no-json", 1), ("odd-turn", 1)]);
    assert_eq!(found.ids().len(), 3, "a row with a flaw is compared all the same");
}

#[test]
fn rows_are_known_by_what_the_library_knows_them_by() {
    let file: String = (0..700).map(|at| row(&format!("Nº {at}")) + "\n").collect();
    assert_eq!(checked(file.as_bytes()).ids(), identify(file.as_bytes()).ids().unwrap());
}

#[test]
fn a_file_of_more_than_one_calls_lines_and_bytes_is_told_whole() {
    let long = row(&"x".repeat(900_000));
    let endless = row(&"y".repeat(1 << 20));
    let lines: Vec<String> =
        (0..6).map(|_| long.clone()).chain([endless]).chain((0..5_000).map(|at| at.to_string())).collect();
    let found = checked(lines.join("\n").as_bytes());
    assert_eq!(found.rows.len(), 5_007);
    let id = found.rows[0].checked.id();
    assert!(id.is_some() && found.rows[..6].iter().all(|row| row.checked.id() == id));
    let CheckedRow::Flawed(id, finding) = &found.rows[6].checked else {
        panic!("{:?}", found.rows[6].checked)
    };
    assert_eq!(
        RowId(*id),
        RowId::of(&canonical(lines[6].as_bytes()).unwrap()),
        "known, though not looked at"
    );
    assert_eq!(finding.name, "too-long");
    assert!(finding.what.ends_with("at most 1048576 are looked at"), "{}", finding.what);
    assert_eq!(found.findings()["no-object"], 5_000);
}

#[test]
fn a_copy_that_was_made_long_is_the_row_that_it_was() {
    let original = row("Copied");
    let id = checked(original.as_bytes()).rows[0].checked.clone();
    assert!(matches!(id, CheckedRow::Valid(_)));
    let blanks = original.replacen(": ", &format!(":{}", " ".repeat(2 << 20)), 1);
    let escapes = "\\u0079".repeat(1 << 18);
    let plain = checked(row(&"y".repeat(1 << 18)).as_bytes()).rows[0].checked.clone();
    let escaped = row(&"y".repeat(1 << 18)).replace(&"y".repeat(1 << 18), &escapes);
    let twice = original.replacen('{', &format!("{{\"system\": \"{}\", ", "z".repeat(1 << 20)), 1);
    for (long, expected) in [(blanks, id.clone()), (escaped, plain), (twice, id)] {
        assert!(long.len() > 1 << 20);
        assert_eq!(checked(long.as_bytes()).rows[0].checked, expected);
    }
    let noise = checked(&vec![b'x'; 2 << 20]);
    assert!(matches!(&noise.rows[0].checked, CheckedRow::Invalid(finding) if finding.name == "too-long"));
}

#[test]
fn a_file_of_more_rows_than_anybody_looks_at_is_refused_before_they_are_gathered() {
    let file = b"1\r".repeat(FILE_ROWS + 1);
    let found = checked(&file);
    assert_eq!((found.rows.len(), found.fault), (0, Some(FileError::TooManyRows { limit: FILE_ROWS })));
    assert_eq!(found.fault.unwrap().to_string(), "the file has more than 1048576 rows: none is looked at");
}

#[test]
fn a_file_that_the_loader_refuses_is_told_and_its_rows_are_still_looked_at() {
    let mut file = vec![0xEF, 0xBB, 0xBF];
    file.extend(row("One").bytes());
    let found = checked(&file);
    assert_eq!(
        found.fault.unwrap().to_string(),
        "the file begins with a byte order mark: save it as plain UTF-8"
    );
    assert_eq!(found.rows.len(), 1);
    assert_eq!(checked(b"").rows.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_told_and_what_is_json_is_known_as_the_library_knows_it(file in proptest::collection::vec(
        prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'"'), Just(b'1'), Just(b' '), Just(b','), any::<u8>()], 0..300
    )) {
        let found = checked(&file);
        prop_assert_eq!(found.ids(), identify(&file).readable_ids());
    }
}
