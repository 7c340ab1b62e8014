use std::fs::File;
use std::io::Write;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use plimsoll_datasets::RowId;
use plimsoll_datasets::export::{
    COLUMNS, ExportRow, Exporter, Form, guarded, sorted, unguarded, write_csv, write_jsonl, write_parquet,
    write_sourced_jsonl,
};
use plimsoll_json::canonical;
use proptest::prelude::*;

use super::python::python;

const TEXTS: [&str; 8] = [
    r#"{"a": "x, \"y\"\n", "b": [1, 2.0]}"#,
    "-1",
    "\"=SUM(A1)\"",
    "NaN",
    "[]",
    r#""\ud83d\ude00""#,
    "null",
    "-Infinity",
];

fn rows() -> Vec<ExportRow<'static>> {
    let row = |(place, text): (u32, &'static str)| ExportRow {
        uid: (place % 3) as u16 * 100,
        hotkey: ["5FHneW46", "=cmd|' /C calc'!A0", "'quoted, \"so\"\r\n"][place as usize % 3],
        coldkey: [Some("5Cold"), None][place as usize % 2],
        incentive: [None, Some(65_535)][place as usize % 2],
        stake_rao: [Some(0), None, Some(21_000_000_000_000_000)][place as usize % 3],
        repo: ["owner/name", "@owner/rêve", "o/-"][place as usize % 3],
        commit: "784fbf1e78d16c512750e3bb5391fa6b338818ae",
        row: place,
        row_id: RowId::of(text.as_bytes()),
        text,
    };
    sorted((0..).zip(TEXTS).map(row))
}

fn cells(row: &ExportRow<'_>) -> Vec<String> {
    let ExportRow { uid, hotkey, coldkey, incentive, stake_rao, repo, commit, row, row_id, text } = row;
    let known = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let texts = [repo, commit].map(|text| (*text).to_owned());
    let numbers = [known(incentive.map(u64::from)), known(*stake_rao)];
    let who = [uid.to_string(), (*hotkey).to_owned(), coldkey.unwrap_or_default().to_owned()];
    [&who[..], &numbers, &texts, &[row.to_string(), row_id.to_string(), (*text).to_owned()]].concat()
}

fn opened(bytes: &[u8]) -> SerializedFileReader<File> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    SerializedFileReader::new(file).unwrap()
}

fn csv(rows: &[ExportRow<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    write_csv(rows, &mut out).unwrap();
    out
}

#[test]
fn python_reads_the_same_cells_out_of_the_csv() {
    let read = r#"
import csv, io, json, sys
file = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="")
print(json.dumps(list(csv.reader(file, strict=True))))"#;
    let rows = rows();
    let answer: Vec<Vec<String>> = serde_json::from_slice(&python(read, &csv(&rows))).unwrap();
    assert_eq!(answer[0], COLUMNS);
    assert_eq!(answer.len(), rows.len() + 1);
    for (found, row) in answer[1..].iter().zip(&rows) {
        for (found, cell) in found.iter().zip(cells(row)) {
            assert!(!found.starts_with(['=', '+', '-', '@', '\t', '\r']), "{found:?} could run");
            assert_eq!(unguarded(found), cell);
        }
    }
}

#[test]
fn the_parquet_file_is_read_back_cell_by_cell() {
    let rows = rows();
    let mut out = Vec::new();
    write_parquet(&rows, &mut out).unwrap();
    let reader = opened(&out);
    assert_eq!(reader.metadata().file_metadata().num_rows(), rows.len() as i64);
    let mut n_rows = 0;
    for (found, row) in reader.get_row_iter(None).unwrap().map(Result::unwrap).zip(&rows) {
        let fields: Vec<_> = found.get_column_iter().collect();
        assert_eq!(fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), COLUMNS);
        let said = fields.iter().map(|(_, field)| match field {
            Field::Str(text) => text.clone(),
            Field::Int(number) => number.to_string(),
            Field::Long(number) => number.to_string(),
            Field::Null => String::new(),
            other => panic!("{other:?}"),
        });
        assert_eq!(said.collect::<Vec<_>>(), cells(row));
        n_rows += 1;
    }
    assert_eq!(n_rows, rows.len());
}

#[test]
fn many_groups_are_read_back_and_copies_cost_next_to_nothing() {
    let texts: Vec<String> =
        (0..500).map(|number| format!("\"{}\"", format!("{:x}", number * 7_919).repeat(150))).collect();
    let row = |place: u32| {
        let text = &texts[place as usize % 500];
        ExportRow {
            uid: 1,
            hotkey: "5F",
            coldkey: None,
            incentive: None,
            stake_rao: None,
            repo: "o/n",
            commit: "main",
            row: place,
            row_id: RowId::of(text.as_bytes()),
            text,
        }
    };
    let rows: Vec<ExportRow<'_>> = (0..70_000).map(row).collect();
    let mut out = Vec::new();
    write_parquet(&rows, &mut out).unwrap();
    let n_bytes = out.len();
    let reader = opened(&out);
    assert_eq!((reader.num_row_groups(), reader.metadata().file_metadata().num_rows()), (2, 70_000));
    let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
    assert!(last.get_column_iter().any(|(_, field)| *field == Field::Str(texts[69_999 % 500].clone())));
    let n_text_bytes: usize = rows.iter().map(|row| row.text.len()).sum();
    assert!(n_bytes < n_text_bytes / 50, "{n_bytes} of {n_text_bytes}");
}

#[test]
fn jsonl_is_the_rows_and_with_sources_it_is_canonical_itself() {
    let rows = rows();
    let mut bare = Vec::new();
    write_jsonl(&rows, &mut bare).unwrap();
    let texts: Vec<&[u8]> = plimsoll_json::lines(&bare).map(|row| row.bytes).collect();
    assert_eq!(texts, rows.iter().map(|row| row.text.as_bytes()).collect::<Vec<_>>());
    let mut sourced = Vec::new();
    write_sourced_jsonl(&rows, &mut sourced).unwrap();
    let lines: Vec<_> = plimsoll_json::lines(&sourced).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(&rows) {
        assert_eq!(canonical(line.bytes).unwrap(), line.bytes);
        let mut parser = plimsoll_json::Parser::new();
        let object = parser.parse(line.bytes).unwrap().value().object().unwrap();
        assert!(object.get("hotkey").unwrap().text().unwrap().is(row.hotkey));
        assert_eq!(object.n_members(), COLUMNS.len());
    }
    let wanted = "{\"coldkey\": null, \"commit\": \"784fbf1e78d16c512750e3bb5391fa6b338818ae\", \"hotkey\": \
                  \"5FHneW46\", \"incentive\": 65535, \"repo\": \"owner/name\", \"row\": 3, \"row_id\": \"";
    assert!(sourced.split(|byte| *byte == b'\n').any(|line| line.starts_with(wanted.as_bytes())));
}

#[test]
fn the_order_of_the_rows_given_does_not_change_a_byte() {
    let mut backwards = rows();
    backwards.reverse();
    let backwards = sorted(backwards);
    let parquet = |rows: &[ExportRow<'_>]| {
        let mut out = Vec::new();
        write_parquet(rows, &mut out).unwrap();
        out
    };
    assert_eq!(csv(&rows()), csv(&backwards));
    assert_eq!(parquet(&rows()), parquet(&backwards));
}

#[test]
fn rows_given_in_parts_are_the_same_bytes() {
    let rows = rows();
    for form in [Form::Jsonl, Form::SourcedJsonl, Form::Csv, Form::Parquet] {
        let written = |parts: &[&[ExportRow<'_>]]| {
            let mut exporter = Exporter::new(form, Vec::new()).unwrap();
            parts.iter().for_each(|part| exporter.write(part).unwrap());
            exporter.finish().unwrap()
        };
        assert_eq!(written(&[&rows[..3], &[], &rows[3..]]), written(&[&rows]), "{form:?}");
    }
    let mut exporter = Exporter::new(Form::Csv, Vec::new()).unwrap();
    exporter.write(&rows).unwrap();
    assert_eq!(exporter.finish().unwrap(), csv(&rows));
}

#[test]
fn a_full_output_is_an_error_and_not_a_short_file() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = write_csv(&rows(), &mut Full).unwrap_err().to_string();
    assert_eq!(error, "cannot write the export: no storage space");
    assert!(write_jsonl(&rows(), &mut Full).is_err() && write_sourced_jsonl(&rows(), &mut Full).is_err());
    let error = write_parquet(&rows(), &mut Full).unwrap_err().to_string();
    assert!(error.starts_with("cannot write the Parquet file: "), "{error}");
}

proptest! {
    #[test]
    fn a_guard_can_be_taken_away(cell in "[-=+@'\\t\\r]{0,2}[a-z]{0,3}") {
        prop_assert!(!guarded(&cell).starts_with(['=', '+', '-', '@', '\t', '\r']));
        let guarded = guarded(&cell);
        prop_assert_eq!(unguarded(&guarded), &cell[..]);
    }
}
