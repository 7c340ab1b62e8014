//! Filling, resuming and sealing.

mod support;

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use plimsoll_core::{Digest, Order, Pass, PlotSpace, Span, SpaceError};
use plimsoll_store::{FillOptions, Filling, IoChoice, Plot, StoreError};
use proptest::prelude::*;
use support::{eager, expected_region, fill, fill_rest, sealed, sealed_with, spec, spec_of};

#[test]
fn a_sealed_plot_holds_the_bytes_and_their_plain_hash() {
    let folder = tempfile::tempdir().unwrap();
    for (unit_bytes, units) in [(1, 1), (100_000, 33), (65_536, 40), (262_144, 9), (4096, 100), (1_000_003, 4)] {
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
                Filling::create_or_resume(&path, &spec, &FillOptions { io, ..FillOptions::default() }).unwrap();
            assert_eq!(filling.io_method().direct, io == IoChoice::Auto, "{}", filling.io_method());
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
fn sealing_waits_for_every_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec(1000, 10), &FillOptions::default()).unwrap();
    fill(&filling.space(), filling.spec(), Span { first: 0, count: 7 });
    filling.finished(0, Span { first: 0, count: 7 }).unwrap();
    assert_eq!(
        filling.seal(None).unwrap_err().to_string(),
        format!("{}: pass 0 still lacks 3 units: fill them before sealing", path.display())
    );
    assert_eq!(
        Plot::open(&path).unwrap_err().to_string(),
        format!("{} is not complete yet: resume generating it first", path.display())
    );
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
    let levels: Vec<u64> = (0..5).map(|l| (0..9).filter(|&i| {
        region.integrity_nodes(l, i, 1).unwrap().is_ok()
    }).count() as u64).collect();
    assert_eq!(levels, [5, 3, 2, 1, 0]);
    assert!(matches!(space.write_at(0, &[1]), Err(SpaceError::Refused(_))));
    assert_eq!(filling.finish_tree().unwrap(), root);
}

#[test]
fn ranges_outside_of_the_plot_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec(1000, 10), &FillOptions::default()).unwrap();
    let space = filling.space();
    let outside = SpaceError::OutOfRange { offset: 9_999, len: 2, size_bytes: 10_000 };
    assert_eq!(space.write_at(9_999, &[0; 2]), Err(outside.clone()));
    assert_eq!(space.read_at(9_999, &mut [0; 2]), Err(outside));
    assert!(space.put(u64::MAX, 1, &mut |_| {}).is_err());
    assert!(matches!(space.put(0, (4 << 20) + 1, &mut |_| {}), Err(SpaceError::OutOfRange { .. })));
    for (pass, units, span) in [
        (0, 10, Span { first: 5, count: 6 }),
        (1, 0, Span { first: 0, count: 1 }),
        (0, 10, Span { first: u64::MAX, count: 2 }),
    ] {
        match filling.finished(pass, span).unwrap_err() {
            StoreError::OutOfRange { units: found, .. } => assert_eq!(found, units),
            other => panic!("{other}"),
        }
    }
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
fn another_specification_is_named_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(1000, 10);
    let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
    fill_rest(&filling, 5).unwrap();
    drop(filling);
    let before = fs::read(&path).unwrap();
    let mut others = vec![spec; 7];
    others[0].identity.netuid.0 = 4;
    others[1].identity.validator = plimsoll_core::Hotkey([5; 32]);
    others[2].scheme.plugin = Digest([0xab; 32]);
    others[3].scheme.params = Digest([0; 32]);
    others[4].layout.unit_bytes = 500;
    others[5].layout.region_bytes = 10_001;
    others[6].layout.passes[0].order = Order::Sequential;
    let fields =
        ["netuid", "validator", "plugin digest", "parameter digest", "unit size", "region size", "list of passes"];
    for (other, field) in others.iter().zip(fields) {
        match Filling::create_or_resume(&path, other, &FillOptions::default()).err().unwrap() {
            StoreError::OtherPlot { field: found, .. } => assert_eq!(found, field),
            error => panic!("{error}"),
        }
    }
    let text = Filling::create_or_resume(&path, &others[0], &FillOptions::default()).err().unwrap().to_string();
    assert_eq!(
        text,
        format!(
            "{} holds another plot: its netuid is 3, expected 4; use another folder, or start over with --restart",
            path.display()
        )
    );
    assert!(fs::read(&path).unwrap() == before);
    let restarted =
        Filling::create_or_resume(&path, &others[0], &FillOptions { restart: true, ..eager() }).unwrap();
    assert_eq!(restarted.remaining(0), [Span { first: 0, count: 10 }]);
}

#[test]
fn a_complete_plot_is_not_filled_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(1000, 10);
    drop(sealed(&path, &spec));
    let error = Filling::create_or_resume(&path, &spec, &FillOptions::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("{} is complete already: verify it, or start over with --restart", path.display())
    );
}

#[test]
fn a_file_that_is_no_plot_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    for (content, why) in [
        (vec![], "it is shorter than a header"),
        (vec![0; 9000], "the header is empty"),
        (vec![7; 9000], "it does not begin with PLIMPLOT"),
    ] {
        fs::write(&path, &content).unwrap();
        let error = Filling::create_or_resume(&path, &spec(1000, 10), &FillOptions::default()).err().unwrap();
        assert_eq!(error.to_string(), format!("{} is no readable plot: {why}", path.display()));
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_plot_that_was_cut_short_while_filling_is_filled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 10);
    let filling = Filling::create_or_resume(&path, &spec, &eager()).unwrap();
    let span = Span { first: 0, count: 9 };
    fill(&filling.space(), &spec, span);
    filling.finished(0, span).unwrap();
    drop(filling);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(50_000).unwrap();
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    assert_eq!(filling.remaining(0), [Span { first: 0, count: 10 }]);
    fill_rest(&filling, 10).unwrap();
    assert_eq!(filling.seal(None).unwrap().header().integrity_root, Digest::of(&expected_region(&spec)));
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
    space
        .put(1000, 1000, &mut |into| space.read_at(0, into).unwrap())
        .unwrap();
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
