//! Filling, resuming and sealing.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use plimsoll_core::{Digest, Order, Pass, PlotSpace, SpaceError, Span};
use plimsoll_store::{FillOptions, Filling, IoChoice, StoreError};
use proptest::prelude::*;
use support::{eager, expected_region, fill, fill_rest, sealed, sealed_with, spec, spec_of};

#[test]
fn a_sealed_plot_holds_the_bytes_and_their_plain_hash() {
    let folder = tempfile::tempdir().unwrap();
    for (unit_bytes, units) in
        [(1, 1), (100_000, 33), (65_536, 40), (262_144, 9), (4096, 100), (1_000_003, 4)]
    {
        for io in [IoChoice::Auto, IoChoice::Buffered] {
            let path = folder.path().join(format!("{unit_bytes}-{io:?}.plot"));
            let spec = spec(unit_bytes, units);
            let plot = sealed_with(&path, &spec, &FillOptions { io, ..FillOptions::default() });
            let expected = expected_region(&spec);
            let mut found = vec![0; expected.len()];
            plot.region().read_at(0, &mut found).unwrap();
            assert!(found == expected, "{unit_bytes} bytes a unit, {io:?}");
            assert_eq!(plot.header().integrity_root, Digest::of(&expected), "{unit_bytes}, {io:?}");
            assert_eq!(plot.header().commitment, Some(Digest([9; 32])));
            assert_eq!(plot.header().spec, spec);
            assert!(!path.with_extension("plot.journal").exists());
        }
    }
}

#[test]
fn both_ways_in_write_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec_of(100_000, 20, 2_000_999);
    let files: Vec<Vec<u8>> = [IoChoice::Auto, IoChoice::Buffered]
        .into_iter()
        .map(|io| {
            let path = folder.path().join(format!("{io:?}.plot"));
            let filling =
                Filling::create_or_resume(&path, &spec, &FillOptions { io, ..FillOptions::default() })
                    .unwrap();
            let method = filling.io_method();
            let refused = method.why.starts_with("the file system refuses O_DIRECT");
            assert_eq!(method.direct, io == IoChoice::Auto && !refused, "{method}");
            fill_rest(&filling, 1).unwrap();
            filling.space().write_at(2_000_000, &[5; 999]).unwrap();
            drop(filling.seal(None).unwrap());
            fs::read(path).unwrap()
        })
        .collect();
    assert!(files[0] == files[1]);
}

#[test]
fn resuming_repeats_nothing_that_is_finished_and_trusts_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 30);
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    let space = filling.space();
    for first in [0, 20] {
        fill(&space, &spec, Span { first, count: 5 });
        filling.finished(0, Span { first, count: 5 }).unwrap();
    }
    filling.checkpoint().unwrap();
    // Reported, but never made durable.
    fill(&space, &spec, Span { first: 10, count: 5 });
    filling.finished(0, Span { first: 10, count: 5 }).unwrap();
    drop((filling, space));
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    assert_eq!(filling.remaining(0), [Span { first: 5, count: 15 }, Span { first: 25, count: 5 }]);
    assert_eq!(filling.remaining(1), []);
    fill_rest(&filling, 4).unwrap();
    let plot = filling.seal(None).unwrap();
    assert_eq!(plot.header().integrity_root, Digest::of(&expected_region(&spec)));
}

#[test]
fn a_resumed_file_equals_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole.plot"), folder.path().join("parts.plot"));
    let spec = spec(70_000, 50);
    drop(sealed(&whole, &spec));
    for step in 0..10 {
        let filling = Filling::create_or_resume(&parts, &spec, &eager()).unwrap();
        let span = Span { first: step * 5, count: 5 };
        fill(&filling.space(), &spec, span);
        filling.finished(0, span).unwrap();
        assert_eq!(filling.remaining(0).first().map(|s| s.first), (step < 9).then_some(step * 5 + 5));
        if step == 9 {
            drop(filling.seal(Some(Digest([9; 32]))).unwrap());
        }
    }
    assert!(fs::read(whole).unwrap() == fs::read(parts).unwrap());
}

#[test]
fn a_later_pass_may_rewrite_what_an_earlier_one_put() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = spec(65_536, 32);
    spec.layout.passes.push(Pass { name: "second".into(), units: 16, order: Order::Sequential });
    let filling =
        Filling::create_or_resume(&folder.path().join("a.plot"), &spec, &FillOptions::default()).unwrap();
    let space = filling.space();
    fill_rest(&filling, 8).unwrap();
    let mut expected = expected_region(&spec);
    for unit in 0..16u64 {
        let at = unit * 65_536 + 10;
        let mut old = [0; 100];
        space.read_at(at, &mut old).unwrap();
        assert_eq!(old, expected[at as usize..][..100]);
        let new = old.map(|b| !b);
        space.write_at(at, &new).unwrap();
        expected[at as usize..][..100].copy_from_slice(&new);
        filling.finished(1, Span { first: unit, count: 1 }).unwrap();
    }
    drop(space);
    let plot = filling.seal(None).unwrap();
    assert_eq!(plot.header().integrity_root, Digest::of(&expected));
}

#[test]
fn the_tree_is_served_once_it_is_complete_and_puts_are_refused_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec(65_536, 5), &FillOptions::default()).unwrap();
    fill_rest(&filling, 5).unwrap();
    let (space, region) = (filling.space(), filling.region());
    assert!(region.integrity_nodes(0, 0, 1).is_none());
    let root = filling.finish_tree().unwrap();
    assert_eq!(region.integrity_nodes(3, 0, 1).unwrap().unwrap(), [root.0]);
    let levels: Vec<u64> = (0..5)
        .map(|l| (0..9).filter(|&i| region.integrity_nodes(l, i, 1).unwrap().is_ok()).count() as u64)
        .collect();
    assert_eq!(levels, [5, 3, 2, 1, 0]);
    assert!(matches!(space.write_at(0, &[1]), Err(SpaceError::Refused(_))));
    assert_eq!(filling.finish_tree().unwrap(), root);
}

#[test]
fn a_cancelled_put_keeps_what_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let options = FillOptions::default();
    let filling = Filling::create_or_resume(&path, &spec(1000, 10), &options).unwrap();
    let space = filling.space();
    fill(&space, filling.spec(), Span { first: 0, count: 4 });
    filling.finished(0, Span { first: 0, count: 4 }).unwrap();
    options.cancel.cancel();
    assert_eq!(space.write_at(4000, &[0; 1000]), Err(SpaceError::Cancelled));
    filling.checkpoint().unwrap();
    drop((filling, space));
    let again = Filling::create_or_resume(&path, &spec(1000, 10), &FillOptions::default()).unwrap();
    assert_eq!(again.remaining(0), [Span { first: 4, count: 6 }]);
}

#[test]
fn a_plot_that_was_cut_short_while_filling_loses_only_what_was_behind_the_cut() {
    for (cut_at, kept) in [(50_000, 0), (4096 + 350_000, 3), (4096 + 1_000_000, 9), (1_007_616 + 40, 9)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.plot");
        let spec = spec(100_000, 10);
        let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
        for span in (Span { first: 0, count: 9 }).pieces(3) {
            fill(&filling.space(), &spec, span);
            filling.finished(0, span).unwrap();
        }
        drop(filling);
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(cut_at).unwrap();
        let left = [Span::between(kept, 10)];
        // The second time the file has its length again, and zeros where it was cut.
        for round in 0..2 {
            let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
            assert_eq!(filling.remaining(0), left, "cut at {cut_at}, round {round}");
        }
        // Nor does the older generation of the journal bring back what is gone.
        fs::write(folder.path().join("a.plot.journal"), "torn").unwrap();
        let older = Filling::create_or_resume(&path, &spec, &FillOptions::default());
        if kept < 9 {
            assert_eq!(
                older.as_ref().unwrap().remaining(0),
                left,
                "cut at {cut_at}, by the other generation"
            );
        }
        let filling = older.unwrap();
        fill_rest(&filling, 10).unwrap();
        assert_eq!(filling.seal(None).unwrap().header().integrity_root, Digest::of(&expected_region(&spec)));
    }
}

#[test]
fn a_plot_cut_short_is_filled_anew_where_bytes_are_not_a_units_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    // Something stands behind the units.
    let spec = spec_of(100_000, 10, 1_000_064);
    let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
    fill_rest(&filling, 3).unwrap();
    drop(filling);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4096 + 1_000_000).unwrap();
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    assert_eq!(filling.remaining(0), [Span { first: 0, count: 10 }]);
}

#[test]
fn a_torn_journal_costs_one_checkpoint_and_two_torn_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let generations = ["a.plot.journal", "a.plot.journal2"].map(|name| folder.path().join(name));
    let spec = spec(1000, 10);
    let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
    fill_rest(&filling, 4).unwrap();
    drop(filling);
    let left = || {
        let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default())?;
        Ok::<u64, StoreError>(filling.remaining(0).iter().map(|s| s.count).sum())
    };
    // Checkpoints were made at 4, 8 and 10 units.
    let whole = fs::read(&generations[0]).unwrap();
    for len in (0..whole.len()).step_by(7) {
        fs::write(&generations[0], &whole[..len]).unwrap();
        assert_eq!(left().unwrap(), 2, "{len} bytes of the journal");
    }
    let before = fs::read(&path).unwrap();
    fs::write(&generations[1], &whole[..50]).unwrap();
    let text = left().unwrap_err().to_string();
    assert!(text.starts_with(&format!("{}: the journal is damaged (", generations[1].display())), "{text}");
    assert!(
        text.ends_with("or remove the plot to have it filled anew; --restart would do that with all plots"),
        "{text}"
    );
    assert!(fs::read(&path).unwrap() == before && fs::read(&generations[1]).unwrap() == whole[..50]);
    fs::write(&generations[0], &whole).unwrap();
    assert_eq!(left().unwrap(), 0);
}

#[test]
fn a_journal_that_cannot_be_read_is_an_error_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let journal = folder.path().join("a.plot.journal");
    let spec = spec(1000, 10);
    let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
    fill_rest(&filling, 10).unwrap();
    drop(filling);
    let (before, kept) = (fs::read(&path).unwrap(), fs::read(&journal).unwrap());
    // Reading a folder fails as a disk does.
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    let text = Filling::create_or_resume(&path, &spec, &eager()).err().unwrap().to_string();
    assert!(text.starts_with(&format!("{}: cannot read the journal: ", journal.display())), "{text}");
    assert!(fs::read(&path).unwrap() == before);
    fs::remove_dir(&journal).unwrap();
    fs::write(&journal, kept).unwrap();
    assert_eq!(Filling::create_or_resume(&path, &spec, &eager()).unwrap().remaining(0), []);
}

#[test]
fn the_journal_of_another_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.plot", "b.plot"].map(|name| folder.path().join(name));
    let spec = spec(1000, 10);
    let filling = Filling::create_or_resume(&a, &spec, &eager()).unwrap();
    fill_rest(&filling, 10).unwrap();
    drop((filling, Filling::create_or_resume(&b, &spec, &FillOptions::default()).unwrap()));
    fs::copy(folder.path().join("a.plot.journal"), folder.path().join("b.plot.journal")).unwrap();
    let text = Filling::create_or_resume(&b, &spec, &FillOptions::default()).err().unwrap().to_string();
    assert!(text.contains("(it belongs to another plot)"), "{text}");
}

#[test]
fn what_a_crash_left_while_making_a_plot_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    for leftover in ["a.plot.new", "a.plot.journal", "a.plot.journal2", "a.plot.journal.0123456789abcdef.tmp"]
    {
        fs::write(folder.path().join(leftover), "torn").unwrap();
    }
    let filling = Filling::create_or_resume(&path, &spec(1000, 10), &eager()).unwrap();
    assert_eq!(filling.remaining(0).len(), 1);
    fill_rest(&filling, 4).unwrap();
    drop(filling.seal(None).unwrap());
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.plot", "a.plot.lock"]);
}

#[test]
fn many_workers_fill_one_plot() {
    let folder = tempfile::tempdir().unwrap();
    let spec = spec(100_000, 120);
    let filling = Filling::create_or_resume(&folder.path().join("a.plot"), &spec, &eager()).unwrap();
    let next = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                let space = filling.space();
                loop {
                    let first = next.fetch_add(7, std::sync::atomic::Ordering::Relaxed);
                    if first >= 120 {
                        break;
                    }
                    let span = Span::between(first, (first + 7).min(120));
                    for one in span.pieces(if first.is_multiple_of(2) { 1 } else { 7 }) {
                        fill(&space, &spec, one);
                    }
                    filling.finished(0, span).unwrap();
                }
            });
        }
    });
    let plot = filling.seal(None).unwrap();
    assert_eq!(plot.header().integrity_root, Digest::of(&expected_region(&spec)));
}

#[test]
fn a_kernel_may_read_while_it_puts() {
    let folder = tempfile::tempdir().unwrap();
    let filling =
        Filling::create_or_resume(&folder.path().join("a.plot"), &spec(1000, 10), &FillOptions::default())
            .unwrap();
    let space = filling.space();
    space.write_at(0, &[6; 1000]).unwrap();
    space.put(1000, 1000, &mut |into| space.read_at(0, into).unwrap()).unwrap();
    let mut back = [0; 2000];
    space.read_at(0, &mut back).unwrap();
    assert_eq!(back, [6; 2000]);
}

/// Puts of any size and order, reads in between, checkpoints in between: the same as a plain array.
#[derive(Debug, Clone)]
enum Step {
    Put { at: u32, len: u32, byte: u8 },
    Read { at: u32, len: u32 },
    Checkpoint,
}

fn steps(size: u32) -> impl Strategy<Value = Vec<Step>> {
    let place = move || {
        (0..size, prop_oneof![1u32..200, 1u32..70_000, Just(65_536), 200_000u32..1_200_000])
            .prop_map(move |(at, len)| (at, len.min(size - at)))
    };
    let aligned = (0..size / 65_536, 1u32..20)
        .prop_map(move |(group, n)| (group * 65_536, (n * 65_536).min(size - group * 65_536)));
    let put = prop_oneof![place(), aligned];
    let step = prop_oneof![
        6 => (put, any::<u8>()).prop_map(|((at, len), byte)| Step::Put { at, len, byte }),
        2 => place().prop_map(|(at, len)| Step::Read { at, len }),
        1 => Just(Step::Checkpoint),
    ];
    proptest::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_order_of_puts_and_reads_is_that_of_an_array(steps in steps(2_000_001), direct: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.plot");
        let spec = spec_of(1000, 2000, 2_000_001);
        let io = if direct { IoChoice::Auto } else { IoChoice::Buffered };
        let filling = Filling::create_or_resume(&path, &spec, &FillOptions { io, ..FillOptions::default() }).unwrap();
        let space: Arc<dyn PlotSpace> = filling.space();
        let mut array = vec![0u8; 2_000_001];
        for (n, step) in (0u64..).zip(&steps) {
            match *step {
                Step::Put { at, len, byte } => {
                    let range = at as usize..(at + len) as usize;
                    array[range.clone()].iter_mut().zip(0u8..=255).for_each(|(b, i)| *b = byte ^ i);
                    array[range.clone()].iter_mut().for_each(|b| *b = b.wrapping_mul(3).wrapping_add(byte));
                    space.write_at(at.into(), &array[range]).unwrap();
                }
                Step::Read { at, len } => {
                    let mut found = vec![0; len as usize];
                    space.read_at(at.into(), &mut found).unwrap();
                    prop_assert!(found == array[at as usize..(at + len) as usize]);
                }
                Step::Checkpoint => {
                    filling.finished(0, Span { first: n, count: 1 }).unwrap();
                    filling.checkpoint().unwrap();
                }
            }
        }
        filling.finished(0, Span { first: 0, count: 2000 }).unwrap();
        drop(space);
        let plot = filling.seal(None).unwrap();
        prop_assert_eq!(plot.header().integrity_root, Digest::of(&array));
        let mut found = vec![0; array.len()];
        fs::File::open(&path).unwrap().read_exact_at(&mut found, 4096).unwrap();
        prop_assert!(found == array);
    }
}
