//! The prototype's databases, as its generator leaves them behind.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};

use plimsoll_core::{Digest, Span};
use plimsoll_kernels::{HashKind, digest_of, seed_text};
use plimsoll_store::CancelFlag;
use plimsoll_store::seed_db::{DbKind, Restart, SeedDb, SeedDbReport};
use rusqlite::Connection;

const SEED: &str = "minervalidator";
const CHUNK: usize = 1000;

/// Text and state behind it, for chunks 0, 1, 2 …
fn chain(seed: &str, n: usize) -> Vec<(Vec<u8>, Digest)> {
    let mut state = digest_of(HashKind::Sha256, seed.as_bytes());
    (0..n)
        .map(|_| {
            let mut text = vec![0; CHUNK];
            seed_text(&state, &mut text);
            let hash = digest_of(HashKind::Sha256, &text);
            state.0.iter_mut().zip(hash.0).for_each(|(s, h)| *s ^= h);
            (text, state)
        })
        .collect()
}

struct Prototype {
    folder: tempfile::TempDir,
    path: PathBuf,
    connection: Connection,
    hashes: bool,
}

impl Prototype {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let connection = Connection::open(&path).unwrap();
        let table = format!(
            "CREATE TABLE IF NOT EXISTS DB{SEED} (id INTEGER PRIMARY KEY, data TEXT NOT NULL, rng_state BLOB NOT NULL)"
        );
        connection.execute(&table, []).unwrap();
        Self { folder, path, connection, hashes: name.starts_with("hashes-") }
    }

    fn row(&self, id: i64, (text, state): &(Vec<u8>, Digest)) {
        let text = if self.hashes {
            digest_of(HashKind::Sha256, text).to_string()
        } else {
            String::from_utf8(text.clone()).unwrap()
        };
        let insert = format!("INSERT OR REPLACE INTO DB{SEED} VALUES (?1, ?2, ?3)");
        self.connection.execute(&insert, (id, text, state.0.to_vec())).unwrap();
    }

    fn filled(name: &str, n: usize) -> Self {
        let db = Self::new(name);
        for (id, link) in (0..).zip(&chain(SEED, n)) {
            db.row(id, link);
        }
        db
    }

    fn run(&self, sql: &str) {
        self.connection.execute(&sql.replace("TABLE", &format!("DB{SEED}")), []).unwrap();
    }

    fn check(&self, rows: u64) -> SeedDbReport {
        SeedDb::open(&self.path).unwrap().check(Some(rows), Some(CHUNK as u32), &CancelFlag::new()).unwrap()
    }
}

fn span(first: u64, count: u64) -> Span {
    Span { first, count }
}

#[test]
fn the_chain_here_is_the_prototypes() {
    let chain = chain(SEED, 3);
    assert_eq!(&chain[0].0[..32], b"hkwj5CfgCUvl2EpMypHMWyzton8cQe04");
    assert_eq!(&chain[2].0[..32], b"7iI8lIuXlhU7g5dgAa8mb184x7A1TJuj");
    assert_eq!(chain[2].1.to_string(), "de12973bece65a85756873b107ca5e936776f634f229bedef6b8ffe1d4bdced9");
}

#[test]
fn data_and_hashes_that_match_their_seed_say_so() {
    for (name, kind) in [("data-5Abc", DbKind::Data), ("hashes-5Abc", DbKind::Hashes)] {
        let db = Prototype::filled(name, 8);
        let open = SeedDb::open(&db.path).unwrap();
        assert_eq!((open.seed(), open.kind()), (SEED, kind));
        let report = db.check(8);
        assert_eq!(report.findings(), Vec::<String>::new());
        assert!(report.matches_seed());
        assert_eq!((report.rows, report.matching.units()), (8, 8));
        let mut ids = Vec::new();
        open.each_row(|row| {
            ids.push(row.id);
            Ok(())
        })
        .unwrap();
        assert_eq!(ids, (0..8).collect::<Vec<i64>>());
    }
}

#[test]
fn sizes_come_from_the_rows_where_nobody_gives_them() {
    let data = Prototype::filled("data-5Abc", 5);
    let report = SeedDb::open(&data.path).unwrap().check(None, None, &CancelFlag::new()).unwrap();
    assert_eq!((report.chunk_bytes, report.expected_rows, report.matches_seed()), (1000, 5, true));
    let hashes = Prototype::filled("hashes-5Abc", 5);
    let error = SeedDb::open(&hashes.path).unwrap().check(None, None, &CancelFlag::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: hashes do not tell the size of their chunks: give it, or the partition.json",
            hashes.path.display()
        )
    );
}

#[test]
fn a_database_without_its_name_is_told_by_its_rows() {
    let db = Prototype::filled("hashes-5Abc", 3);
    let renamed = db.folder.path().join("renamed");
    std::fs::copy(&db.path, &renamed).unwrap();
    assert_eq!(SeedDb::open(&renamed).unwrap().kind(), DbKind::Hashes);
}

#[test]
fn the_resume_bug_is_told_from_other_damage() {
    for name in ["data-5Abc", "hashes-5Abc"] {
        // Interrupted at 5 and again at 8: each time the chain began anew.
        let db = Prototype::filled(name, 5);
        let chain = chain(SEED, 5);
        for (id, of) in [(5, 0), (6, 1), (7, 2), (8, 0), (9, 1)] {
            db.row(id, &chain[of]);
        }
        let report = db.check(10);
        assert_eq!(report.restarts, [Restart { at: 5, rows: 3 }, Restart { at: 8, rows: 2 }]);
        assert!(report.wrong.is_empty());
        assert_eq!(
            report.findings(),
            [
                "rows 5..8 repeat the chunks from 0 on: the prototype lost its state when it resumed",
                "rows 8..10 repeat the chunks from 0 on: the prototype lost its state when it resumed",
            ]
        );
    }
}

#[test]
fn the_row_that_shrinking_leaves_behind_is_told() {
    let db = Prototype::filled("data-5Abc", 10);
    // The prototype's shrink from 10 to 6 deletes `id > 6`.
    db.run("DELETE FROM TABLE WHERE id > 6");
    let report = db.check(6);
    assert!(report.is_shrink_leftover());
    assert_eq!(report.findings(), ["row 6 was left behind when the partition shrank to 6 rows"]);
    assert_eq!(report.matching.iter().collect::<Vec<_>>(), [span(0, 6)]);
}

#[test]
fn missing_wrong_and_surplus_rows_are_named() {
    let db = Prototype::filled("data-5Abc", 12);
    db.run("DELETE FROM TABLE WHERE id IN (2, 3, 7)");
    db.run("UPDATE TABLE SET data = substr(data, 2) || 'x' WHERE id = 5");
    db.run("UPDATE TABLE SET data = 'short' WHERE id = 6");
    db.run("UPDATE TABLE SET rng_state = x'00' WHERE id = 8");
    db.run("UPDATE TABLE SET data = CAST(data AS BLOB) WHERE id = 9");
    let report = db.check(10);
    assert_eq!(
        report.findings(),
        [
            "rows 5..7 differ from what the seed gives",
            "rows 9..10 differ from what the seed gives",
            "rows 8..9 are right, but the state stored beside them is not",
            "rows 2..4 are missing",
            "rows 7..8 are missing",
            "2 rows too many, with ids from 10 to 11",
        ]
    );
    assert_eq!(report.matching.units(), 3);
}

#[test]
fn a_database_cut_to_a_few_rows_does_not_pass() {
    let db = Prototype::filled("data-5Abc", 3);
    let report = db.check(10);
    assert_eq!(report.missing, [span(3, 7)]);
    assert!(!report.matches_seed());
    let empty = Prototype::new("data-5Abc").check(10);
    assert_eq!(empty.missing, [span(0, 10)]);
}

#[test]
fn hashes_that_are_no_hashes_are_wrong() {
    let db = Prototype::filled("hashes-5Abc", 4);
    db.run("UPDATE TABLE SET data = upper(data) WHERE id = 1");
    db.run("UPDATE TABLE SET data = 'zz' || substr(data, 3) WHERE id = 2");
    let report = db.check(4);
    assert_eq!(report.wrong.iter().collect::<Vec<_>>(), [span(1, 2)]);
}

#[test]
fn a_lone_row_far_out_costs_nothing() {
    let db = Prototype::filled("data-5Abc", 3);
    db.row(1 << 50, &chain(SEED, 1)[0]);
    db.row(-4, &chain(SEED, 1)[0]);
    let report = SeedDb::open(&db.path).unwrap().check(None, None, &CancelFlag::new()).unwrap();
    assert_eq!(report.surplus, [-4, 1 << 50]);
    assert_eq!(report.expected_rows, 3);
}

#[test]
fn a_database_whose_writer_was_killed_is_refused_with_what_to_do() {
    let db = Prototype::filled("data-5Abc", 300);
    // A transaction larger than the cache spills into the file; a copy of both is what a kill leaves.
    db.connection.execute_batch("PRAGMA cache_size = 1; BEGIN").unwrap();
    db.run("UPDATE TABLE SET data = 'x'");
    let copy = db.folder.path().join("data-copy");
    std::fs::copy(&db.path, &copy).unwrap();
    let journal = |path: &Path| PathBuf::from(format!("{}-journal", path.display()));
    std::fs::copy(journal(&db.path), journal(&copy)).unwrap();
    let text = refused(&copy);
    assert!(text.starts_with("FILE: FILE-journal lies beside it, so the program that wrote it"), "{text}");
    assert!(text.contains("run `sqlite3 COPY"), "{text}");
    // What the advice does.
    Connection::open(&copy).unwrap().query_row("select count(*) from sqlite_master", [], |_| Ok(())).unwrap();
    let report = SeedDb::open(&copy).unwrap().check(Some(300), Some(1000), &CancelFlag::new()).unwrap();
    assert!(report.matches_seed(), "{:?}", report.findings());
    // A journal that is done is none.
    std::fs::write(journal(&copy), [0; 512]).unwrap();
    SeedDb::open(&copy).unwrap();
}

fn refused(path: &Path) -> String {
    let error = SeedDb::open(path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "FILE")
}

#[test]
fn what_is_no_such_database_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data-5Abc");
    assert!(refused(&path).starts_with("FILE: cannot open: No such file"), "{}", refused(&path));
    std::fs::write(
        &path,
        "no database at all, only some text that is long enough to have a header ".repeat(9),
    )
    .unwrap();
    assert!(
        refused(&path).starts_with("FILE: SQLite cannot read it: file is not a database"),
        "{}",
        refused(&path)
    );
    for (sql, why) in [
        ("CREATE TABLE DB (id INTEGER)", "FILE: its table is named `DB`, expected DB and a seed"),
        (
            "CREATE TABLE \"DBa\"\"b\" (id INTEGER)",
            "FILE: its table is named `DBa\"b`, expected DB and a seed",
        ),
        (
            "CREATE TABLE DBa (id INTEGER); CREATE TABLE DBb (id INTEGER)",
            "FILE: it has 2 tables, expected one that is named DB and a seed",
        ),
    ] {
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_eq!(refused(&path), why);
    }
}

#[test]
fn a_database_cut_short_is_an_error_and_is_never_written_to() {
    let db = Prototype::filled("data-5Abc", 200);
    let whole = std::fs::read(&db.path).unwrap();
    let cut = db.folder.path().join("data-cut");
    std::fs::write(&cut, &whole[..whole.len() / 2 / 4096 * 4096]).unwrap();
    let error = SeedDb::open(&cut)
        .and_then(|db| db.check(Some(200), Some(CHUNK as u32), &CancelFlag::new()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("SQLite cannot read it: database disk image is malformed"), "{error}");
    assert!(std::fs::read(&db.path).unwrap() == whole);
}
