//! What the real plugin knows of competitions.

use plimsoll_core::{BlockNumber, Digest, Hotkey, Uid};
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{CommitmentNote, Entry, Outcome, RawNote, Source};
use plimsoll_datasets::contest::{Rule, Rulebook};

use crate::real::flock;

fn entry(uid: u16, competition: &str) -> Entry {
    let (namespace, revision) = ("a/b".to_owned(), "0f".repeat(20));
    let source = Some(Source { namespace, revision, competition: competition.to_owned() });
    let note = CommitmentNote { block: BlockNumber(1), raw: RawNote::of(b"x"), source };
    let outcome = Outcome::Kept { object: Digest([1; 32]), bytes: 1, rows: 1, valid: 1, commit: [0; 20] };
    Entry { uid: Uid(uid), hotkey: Hotkey([1; 32]), coldkey: None, commitment: Some(note), outcome }
}

#[test]
fn each_competition_has_its_own_limits_and_an_unknown_one_has_none() {
    let entries = [entry(1, "1"), entry(2, "20261121"), entry(3, "20261399"), entry(4, "1")];
    let source = flock();
    let rulebook = Rulebook::of(Some(&source), None, &entries).unwrap();
    let known = |rows, shared| Rule { rows: Some(rows), shared_rows: Some(shared) };
    assert_eq!((rulebook.rule("1"), rulebook.rule("20261121")), (known(250, 100), known(100, 33)));
    assert_eq!((rulebook.rule("20261399"), rulebook.rule("?")), (Rule::default(), Rule::default()));
    let ids: Vec<RowId> = (0_u32..300).map(|row| RowId::of(&row.to_le_bytes())).collect();
    let used = entries.iter().map(|entry| rulebook.used(entry, ids.clone()).len());
    assert_eq!(used.collect::<Vec<_>>(), [250, 100, 300, 250]);
    let given = Rulebook::of(Some(&source), Some(7), &entries).unwrap();
    assert_eq!(given.rule("20261399"), Rule { rows: None, shared_rows: Some(7) });
    assert_eq!(given.rule("1"), known(250, 7));
    assert_eq!(Rulebook::of(None, None, &entries).unwrap().rule("1"), Rule::default());
}
