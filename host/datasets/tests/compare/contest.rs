//! Which rows count, and who can be whose copy.

use std::collections::BTreeMap;

use plimsoll_core::{BlockNumber, Digest, Hotkey, Uid};
use plimsoll_datasets::RowId;
use plimsoll_datasets::archive::{CommitmentNote, Entry, Outcome, RawNote, Source};
use plimsoll_datasets::contest::{Entered, Field, Part, Rule, Rulebook};
use plimsoll_datasets::overlap::Group;

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<RowId> {
    numbers.into_iter().map(|number| RowId::of(&number.to_le_bytes())).collect()
}

/// A miner that committed at its uid's block.
fn entry(uid: u16, competition: &str) -> Entry {
    let source = Source {
        namespace: format!("owner/set-{uid}"),
        revision: "0f".repeat(20),
        competition: competition.to_owned(),
    };
    let raw = RawNote::of(b"x");
    Entry {
        uid: Uid(uid),
        hotkey: Hotkey([1; 32]),
        coldkey: None,
        commitment: Some(CommitmentNote { block: BlockNumber(u64::from(uid)), raw, source: Some(source) }),
        outcome: Outcome::Kept { object: Digest([1; 32]), bytes: 1, rows: 1, valid: 1, commit: [0; 20] },
    }
}

fn rules() -> BTreeMap<String, Rule> {
    let rule = |rows, shared| Rule { rows: Some(rows), shared_rows: Some(shared) };
    [("1".to_owned(), rule(250, 100)), ("20261121".to_owned(), rule(100, 33))].into()
}

/// Of competition 1: uids 1 to 3 with 400 rows, 4 refused. Of the day's: 5 and 6. Of one that nobody knows: 7 and 8.
fn field(limit: Option<u32>) -> Field {
    let of = |uid, competition, rows: Vec<RowId>, is_refused| (entry(uid, competition), rows, is_refused);
    let all = [
        of(1, "1", ids(0..400), false),
        // 150 rows of uid 1's, of which 50 count in neither: 100 in both, which is allowed.
        of(2, "1", ids((1000..1150).chain(150..400)), false),
        // 101 of those that count.
        of(3, "1", ids((0..101).chain(2000..2300)), false),
        of(4, "1", ids(0..400), true),
        of(5, "20261121", ids(0..400), false),
        of(6, "20261121", ids((67..100).chain(3000..3400)), false),
        of(7, "late", ids(0..400), false),
        of(8, "late", ids(0..400), false),
    ];
    let rulebook = Rulebook::given(rules(), limit);
    let entered = all.iter().map(|(entry, ids, is_refused)| Entered {
        entry,
        ids: ids.clone(),
        is_refused: *is_refused,
    });
    Field::new(&rulebook, entered.collect()).unwrap()
}

fn uids(field: &Field, groups: &[Group]) -> Vec<Vec<u16>> {
    groups.iter().map(|group| group.places.iter().map(|place| field.uid(*place).0).collect()).collect()
}

#[test]
fn only_the_rows_that_a_competition_uses_are_compared() {
    let field = field(None);
    let shared = |left: u16, right: u16| {
        let place = |uid| field.place(Uid(uid)).unwrap();
        field.overlaps().shared(place(left), place(right))
    };
    // Rows 150 to 249 stand among the first 250 of both.
    assert_eq!((shared(1, 2), shared(1, 3)), (100, 101));
    assert_eq!((shared(5, 6), shared(1, 5), shared(1, 7), shared(7, 8)), (33, 100, 250, 400));
    assert_eq!((shared(1, 4), shared(4, 7)), (0, 0), "a refused file has no rows");
    assert_eq!(field.most_shared(field.place(Uid(5)).unwrap()), 100);
}

#[test]
fn nobody_is_a_copy_across_competitions_nor_of_one_that_is_not_known() {
    let field = field(None);
    for groups in [field.greedy_groups(None), field.components(None)] {
        assert_eq!(uids(&field, &groups), [[1, 3]]);
    }
    let parts: Vec<Part> = field.entrants().iter().map(|entrant| entrant.part).collect();
    let (judged, late) = (Part::Judged, Part::Unlimited);
    assert_eq!(parts, [judged, judged, judged, Part::Refused, judged, judged, late, late]);
    let verdicts = field.judge(&BTreeMap::new());
    let copies: Vec<Option<usize>> = verdicts.iter().map(|judged| judged.copy_of).collect();
    assert_eq!(copies, [None, None, Some(0), None, None, None, None, None]);
    assert!(field.are_rivals(0, 3) && !field.are_rivals(0, 4));
    assert_eq!(
        (field.allowed(0, 1), field.allowed(0, 4), field.allowed(4, 6)),
        (Some(100), Some(33), Some(33))
    );
    assert_eq!(field.allowed(6, 7), None);
}

#[test]
fn a_limit_that_is_given_holds_for_all_and_judges_those_that_were_not() {
    let field = field(Some(32));
    assert_eq!(uids(&field, &field.greedy_groups(None)), [vec![1, 2, 3], vec![5, 6], vec![7, 8]]);
    assert!(field.entrants().iter().all(|entrant| entrant.part != Part::Unlimited));
    // The same asked of one page alone.
    let own = self::field(None);
    assert_eq!(uids(&own, &own.components(Some(32))), [vec![1, 2, 3], vec![5, 6], vec![7, 8]]);
}

#[test]
fn a_refused_file_is_told_nothing_of_the_evaluation_set() {
    let field = field(None);
    let sets = [("1".to_owned(), ids(0..400).into_iter().collect())].into();
    let judged = field.judge(&sets);
    let of = |place: usize| (judged[place].n_in_evaluation, judged[place].only_evaluation_rows);
    assert_eq!((of(0), of(1)), ((Some(250), Some(true)), (Some(100), Some(false))));
    assert_eq!((of(3), of(4)), ((None, None), (None, None)));
}
