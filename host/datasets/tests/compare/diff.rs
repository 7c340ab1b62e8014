use plimsoll_datasets::diff::{Diff, Line, diff};
use proptest::prelude::*;

use super::corpus::{Draws, row};

fn lines(rows: &[Vec<u8>]) -> Vec<Line<'_>> {
    rows.iter().map(|row| Line::read(row)).collect()
}

fn between(before: &[Vec<u8>], after: &[Vec<u8>]) -> Diff {
    diff(&lines(before), &lines(after))
}

fn rows(n_rows: usize) -> Vec<Vec<u8>> {
    let mut draws = Draws(1);
    (0..n_rows).map(|_| row(&draws.words(60))).collect()
}

#[test]
fn each_sort_of_change_is_told_by_its_places() {
    let before = rows(8);
    let mut after = before.clone();
    // Row 6 moves to the front, row 2 goes, row 4 is altered in two words, a new one comes last.
    let moved = after.remove(6);
    let altered = String::from_utf8(after[4].clone()).unwrap().replacen(' ', " quite ", 20);
    after[4] = altered.into_bytes();
    after.remove(2);
    after.insert(0, moved);
    after.push(row(&Draws(77).words(60)));
    let found = between(&before, &after);
    assert_eq!((&found.added[..], &found.removed[..]), (&[7][..], &[2][..]));
    assert_eq!(found.moved, [(6, 0)]);
    assert_eq!(found.changed.iter().map(|pair| (pair.before, pair.after)).collect::<Vec<_>>(), [(4, 4)]);
    assert!((0.5..1.0).contains(&found.changed[0].likeness));
    assert_eq!(found.n_unchanged, 5);
}

#[test]
fn the_same_row_written_otherwise_is_unchanged_and_a_broken_row_is_known_by_its_bytes() {
    let before = [b"{\"a\":1,\"b\":\"\\u0041\"}".to_vec(), b"{broken".to_vec()];
    let after = [b" {\"b\": \"A\", \"a\": 1}".to_vec(), b"{broken".to_vec()];
    assert_eq!(between(&before, &after), Diff { n_unchanged: 2, ..Diff::default() });
}

#[test]
fn of_several_likely_rows_the_most_alike_is_the_changed_one() {
    let words = Draws(3).words(60);
    let altered = |n_words: usize| {
        let mut words = words.clone();
        words[..n_words].iter_mut().for_each(|word| word.push_str("ish"));
        row(&words)
    };
    let found = between(&[altered(0)], &[altered(9), altered(1), altered(5)]);
    assert_eq!(found.changed.iter().map(|pair| (pair.before, pair.after)).collect::<Vec<_>>(), [(0, 1)]);
    assert_eq!(found.added, [0, 2]);
}

#[test]
fn a_repeated_row_counts_as_often_as_it_stands_there() {
    let one = rows(1).remove(0);
    let found = between(&[one.clone(), one.clone(), one.clone()], &[one.clone(), one]);
    assert_eq!((found.n_unchanged, &found.removed[..], &found.added[..]), (2, &[2][..], &[][..]));
}

/// The longest common run by the obvious quadratic table.
fn longest_common(before: &[u8], after: &[u8]) -> usize {
    let mut table = vec![vec![0; after.len() + 1]; before.len() + 1];
    for (i, left) in before.iter().enumerate() {
        for (j, right) in after.iter().enumerate() {
            table[i + 1][j + 1] =
                if left == right { table[i][j] + 1 } else { table[i][j + 1].max(table[i + 1][j]) };
        }
    }
    table[before.len()][after.len()]
}

fn shuffled(seed: u64, n_rows: u8) -> Vec<u8> {
    let mut draws = Draws(seed);
    let mut rows: Vec<u8> = (0..n_rows).collect();
    rows.sort_by_key(|_| draws.next());
    rows.truncate(draws.below(usize::from(n_rows) + 1));
    rows
}

proptest! {
    #[test]
    fn every_place_is_told_once_and_as_many_rows_as_possible_stayed(left in any::<u64>(), right in any::<u64>()) {
        let (before, after) = (shuffled(left, 12), shuffled(right, 12));
        // One digit says too little to be altered into another.
        let text = |rows: &[u8]| rows.iter().map(|row| format!("\"{row}\"").into_bytes()).collect::<Vec<_>>();
        let found = between(&text(&before), &text(&after));
        prop_assert!(found.changed.is_empty());
        prop_assert_eq!(found.n_unchanged, longest_common(&before, &after));
        prop_assert_eq!(found.n_unchanged + found.moved.len() + found.removed.len(), before.len());
        prop_assert_eq!(found.n_unchanged + found.moved.len() + found.added.len(), after.len());
        for (old, new) in &found.moved {
            prop_assert_eq!(before[*old], after[*new]);
        }
        prop_assert!(found.removed.iter().all(|place| !after.contains(&before[*place])));
        prop_assert!(found.added.iter().all(|place| !before.contains(&after[*place])));
    }
}
