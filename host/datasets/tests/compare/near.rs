//! Rows of different miners that are nearly the same.

use plimsoll_datasets::RowId;
use plimsoll_datasets::contest::{LONGEST_ROW_BYTES, NearMiners, NearPairOfMiners, NearSearch};

use super::corpus::{Draws, row};

fn altered(words: &[String], draws: &mut Draws, n_changed: usize) -> Vec<String> {
    let mut words = words.to_vec();
    for at in 0..n_changed {
        words[at * 7 % 100] = draws.word();
    }
    words
}

fn searched(datasets: &[Vec<Vec<u8>>], likeness: f64) -> NearMiners {
    let mut search = NearSearch::default();
    for (place, rows) in datasets.iter().enumerate() {
        for row in rows {
            search.enter(place, RowId::of(row), row);
        }
    }
    search.find(datasets.len(), likeness)
}

#[test]
fn altered_copies_are_counted_for_each_two_miners_and_equal_rows_are_not() {
    let mut draws = Draws(11);
    let texts: Vec<Vec<String>> = (0..60).map(|_| draws.words(100)).collect();
    let original: Vec<Vec<u8>> = texts.iter().map(|words| row(words)).collect();
    // Thirty rows as they are, twenty altered a little, ten altered beyond recognition.
    let mut copied = original[..30].to_vec();
    copied.extend(texts[30..50].iter().map(|words| row(&altered(words, &mut draws, 3))));
    copied.extend(texts[50..].iter().map(|words| row(&altered(words, &mut draws, 60))));
    let own: Vec<Vec<u8>> = (0..60).map(|_| row(&draws.words(100))).collect();
    let datasets = [original.clone(), own, copied.clone(), original];
    let near = searched(&datasets, 0.8);
    let pair = |left, right| NearPairOfMiners { left, right, n_left: 20, n_right: 20 };
    assert_eq!(near.miners(1), [pair(0, 2), pair(2, 3)], "two that have the same rows have no near ones");
    assert_eq!(near.miners(21), []);
    assert_eq!((near.n_rows(), near.n_left_out(), near.n_skipped), (60 + 60 + 30, 0, 0));
    let examples = near.examples(0, 2, 50);
    assert_eq!(examples.len(), 20);
    assert!(examples.is_sorted_by(|a, b| a.likeness >= b.likeness) && examples[19].likeness >= 0.8);
    for example in &examples {
        assert!(datasets[0].iter().any(|row| row == example.left.1));
        assert!(copied.iter().any(|row| row == example.right.1) && example.likeness < 1.0);
    }
    assert_eq!(near.examples(0, 1, 5), []);
    assert_eq!(near.examples(2, 3, 50).len(), 20);
}

#[test]
fn who_has_both_rows_is_near_to_nobody_by_them() {
    let mut draws = Draws(12);
    let words = draws.words(100);
    let [one, other] = [row(&words), row(&altered(&words, &mut draws, 2))];
    let both = vec![one.clone(), other.clone(), one.clone()];
    assert_eq!(searched(&[both.clone(), vec![one.clone()]], 0.8).miners(1), []);
    let near = searched(&[both, vec![one], vec![other]], 0.8);
    assert_eq!(near.miners(1), [NearPairOfMiners { left: 1, right: 2, n_left: 1, n_right: 1 }]);
    assert_eq!(near.n_pairs_of_rows(), 1);
}

#[test]
fn a_row_that_is_too_long_is_left_out_and_counted_once() {
    let long = format!("\"{}\"", "x y z ".repeat(LONGEST_ROW_BYTES / 6 + 1)).into_bytes();
    let near = searched(&[vec![long.clone(), b"\"a\"".to_vec()], vec![long]], 0.8);
    assert_eq!((near.n_rows(), near.n_left_out()), (1, 1));
}
