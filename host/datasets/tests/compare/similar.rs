use plimsoll_datasets::similar::{Shingles, near_duplicates};

use super::corpus::{Draws, row};

/// 240 rows, and 120 copies of some with 2 to 40 of a hundred words replaced.
fn corpus() -> Vec<Vec<u8>> {
    let mut draws = Draws(5);
    let originals: Vec<Vec<String>> = (0..240).map(|_| draws.words(100)).collect();
    let mut rows: Vec<Vec<u8>> = originals.iter().map(|words| row(words)).collect();
    for copy in 0..120 {
        let mut words = originals[draws.below(240)].clone();
        for _ in 0..2 + copy % 39 {
            let at = draws.below(100);
            words[at] = draws.word();
        }
        rows.push(row(&words));
    }
    rows
}

/// All pairs, measured one by one.
fn exact(rows: &[Vec<u8>]) -> Vec<(usize, usize, f64)> {
    let shingles: Vec<Shingles> = rows.iter().map(|row| Shingles::of_row(row)).collect();
    let pairs = (0..rows.len()).flat_map(|left| (left + 1..rows.len()).map(move |right| (left, right)));
    pairs.map(|(left, right)| (left, right, shingles[left].likeness(&shingles[right]))).collect()
}

#[test]
fn precision_is_1_and_recall_is_what_the_bands_promise() {
    let rows = corpus();
    let texts: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    let exact = exact(&rows);
    for (threshold, least_recall) in [(0.5, 0.95), (0.7, 0.995), (0.8, 1.0)] {
        let wanted: Vec<_> = exact.iter().copied().filter(|(.., likeness)| *likeness >= threshold).collect();
        assert!(wanted.len() > 10, "{} pairs at {threshold}", wanted.len());
        let found = near_duplicates(&texts, threshold);
        assert_eq!(found.n_skipped, 0);
        let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.left, pair.right, pair.likeness)).collect();
        assert!(pairs.iter().all(|pair| wanted.contains(pair)), "precision is below 1 at {threshold}");
        let recall = pairs.len() as f64 / wanted.len() as f64;
        println!("threshold {threshold}: {} of {} pairs", pairs.len(), wanted.len());
        assert!(recall >= least_recall, "recall {recall} at {threshold}");
    }
}

#[test]
fn rows_that_say_something_else_are_no_pair() {
    let mut draws = Draws(9);
    let rows: Vec<Vec<u8>> = (0..200).map(|_| row(&draws.words(80))).collect();
    let texts: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    assert_eq!(near_duplicates(&texts, 0.5).pairs, []);
}

/// A thousand rows that are all alike are linked without measuring half a million pairs, and it is told.
#[test]
fn a_crowd_of_equals_costs_no_square() {
    let rows: Vec<Vec<u8>> =
        (0..1_000).map(|number| format!("[\"always the same\", {number}]").into_bytes()).collect();
    let texts: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
    let found = near_duplicates(&texts, 0.9);
    assert!(found.pairs.len() < 66_000 && found.n_skipped > 0, "{} pairs", found.pairs.len());
    let mut linked = vec![false; rows.len()];
    linked[0] = true;
    for pair in &found.pairs {
        linked[pair.right] |= linked[pair.left];
    }
    assert!(linked.iter().all(|linked| *linked));
}
