//! Damage of every kind is found and named.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use plimsoll_core::{Digest, Extent, Span};
use plimsoll_store::scrub::{BadRun, Badness, Depth, Reading, Sample, ScrubOptions, ScrubReport, scrub};
use plimsoll_store::{Plot, PlotSpec, StoreError};
use support::{sealed, spec, spec_of};

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
}

fn check(path: &Path, depth: Depth) -> ScrubReport {
    scrub(&Plot::open(path).unwrap(), &ScrubOptions::new(depth)).unwrap()
}

fn sampled(sample: &str) -> Depth {
    Depth::Sampled { sample: sample.parse::<Sample>().unwrap(), seed: Digest([1; 32]) }
}

/// A plot of 21 groups and a bit, in units of 100,000 bytes.
fn plot(folder: &Path) -> (std::path::PathBuf, PlotSpec) {
    let path = folder.join("a.plot");
    let spec = spec_of(100_000, 14, 1_400_100);
    let plot = sealed(&path, &spec);
    assert_eq!(plot.geometry().groups(), 22);
    (path, spec)
}

#[test]
fn a_whole_plot_is_clean_at_every_depth() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    for (depth, checked) in [(Depth::Fast, 0), (Depth::Full, 1_400_100), (sampled("100%"), 1_400_100)] {
        let report = check(&path, depth);
        assert_eq!(report.findings(), Vec::<String>::new());
        assert!(report.is_clean() && report.is_region_whole());
        assert_eq!(report.checked_bytes, checked);
    }
}

#[test]
fn every_flipped_bit_of_the_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec_of(1000, 200, 200_100)));
    let len = fs::metadata(&path).unwrap().len();
    for at in (0..len).step_by(997).chain([0, 4095, 4096, len - 1]) {
        flip(&path, at);
        assert!(!check(&path, Depth::Full).is_clean(), "byte {at}");
        flip(&path, at);
    }
    assert!(check(&path, Depth::Full).is_clean());
}

#[test]
fn damage_of_the_region_is_named_by_units_bytes_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    // Two neighbouring groups, one far away, and the bytes behind the units in the last group.
    for at in [3 * 65_536, 5 * 65_536 - 1, 10 * 65_536 + 5, 1_400_099] {
        flip(&path, 4096 + at);
    }
    assert!(check(&path, Depth::Fast).is_clean(), "the tree itself is whole");
    let report = check(&path, Depth::Full);
    let run = |first, count, offset, len| BadRun {
        units: Some(Span { first, count }),
        region: Extent { offset, len },
        file_offset: 4096 + offset,
        badness: Badness::Differs,
    };
    assert_eq!(
        report.bad,
        [run(1, 3, 196_608, 131_072), run(6, 2, 655_360, 65_536), run(13, 1, 1_376_256, 23_844)]
    );
    assert_eq!(report.bad_bytes(), 131_072 + 65_536 + 23_844);
    assert_eq!(
        report.findings()[0],
        "units 1..4: 131072 bytes at byte 196608 of the region (byte 200704 of the file) differ"
    );
    assert_eq!(check(&path, sampled("100%")).bad.len(), 3);
}

#[test]
fn every_way_of_reading_finds_the_same_and_mapping_needs_the_plot_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    flip(&path, 4096 + 70_000);
    let expected = check(&path, Depth::Full);
    let options = ScrubOptions { reading: Reading::Mapped, ..ScrubOptions::new(Depth::Full) };
    let shared = Plot::open(&path).unwrap();
    assert_eq!(
        scrub(&shared, &options).unwrap_err().to_string(),
        format!("{} is open for reading: open it exclusively to map it", path.display())
    );
    drop(shared);
    let alone = Plot::open_exclusive(&path).unwrap();
    for reading in [Reading::Pread, Reading::Direct] {
        let options = ScrubOptions { reading, ..ScrubOptions::new(Depth::Full) };
        assert_eq!(scrub(&alone, &options).unwrap(), expected);
    }
    assert_eq!(scrub(&alone, &options).unwrap(), expected);
    assert_eq!(options.progress.load(Ordering::Relaxed), 1_400_100);
}

#[test]
fn a_truncated_file_is_no_signal_but_a_named_span() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let alone = Plot::open_exclusive(&path).unwrap();
    // In the middle of group 11, under an open plot.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(4096 + 11 * 65_536 + 100).unwrap();
    for reading in [Reading::Auto, Reading::Pread, Reading::Direct, Reading::Mapped] {
        let options = ScrubOptions { reading, ..ScrubOptions::new(Depth::Full) };
        let report = scrub(&alone, &options).unwrap();
        // Without a tree and without all bytes nothing proves the first eleven groups either.
        assert_eq!(report.bad[0].badness, Badness::Differs);
        let unreadable: Vec<&BadRun> =
            report.bad.iter().filter(|r| r.badness == Badness::Unreadable).collect();
        assert_eq!(unreadable.len(), 1);
        assert_eq!(unreadable[0].region, Extent { offset: 11 * 65_536, len: 1_400_100 - 11 * 65_536 });
        assert_eq!(unreadable[0].units, Some(Span::between(7, 14)));
        assert!(report.missing_bytes > 0 && !report.bad_nodes.is_empty());
    }
    let mut byte = [0];
    alone.region().read_at(0, &mut byte).unwrap();
    let text = alone.region().read_at(1_000_000, &mut byte).unwrap_err().to_string();
    assert_eq!(
        text,
        format!("{}: 1 bytes at 1000000: the file ends before that: it was truncated", path.display())
    );
}

#[test]
fn a_lost_tree_is_told_from_lost_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let tree_offset = Plot::open(&path).unwrap().geometry().tree_offset;
    OpenOptions::new().write(true).open(&path).unwrap().set_len(tree_offset).unwrap();
    let report = check(&path, Depth::Full);
    assert!(report.is_region_whole(), "{:?}", report.bad);
    assert!(!report.is_clean());
    assert!(report.findings()[0].starts_with("the file was cut short by "), "{:?}", report.findings());
}

#[test]
fn damage_of_the_tree_is_named_and_is_no_damage_of_the_region() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let geometry = Plot::open(&path).unwrap().geometry();
    let levels = geometry.tree().levels();
    for level in 0..levels {
        for index in 0..geometry.tree().nodes_at(level) {
            let at = geometry.node_offset(level, index);
            flip(&path, at);
            let fast = check(&path, Depth::Fast);
            let blamed = |report: &ScrubReport| {
                report.bad_nodes.iter().any(|n| n.level == level && n.nodes.contains(index))
            };
            assert!(blamed(&fast), "level {level} node {index}: {:?}", fast.bad_nodes);
            let nodes: u64 = fast.bad_nodes.iter().map(|n| n.nodes.count).sum();
            assert!(nodes <= 2, "at most a pair of leaves: {:?}", fast.bad_nodes);
            let full = check(&path, Depth::Full);
            assert!(full.is_region_whole() && blamed(&full), "level {level} node {index}");
            assert_eq!(full.bad_nodes.iter().map(|n| n.nodes.count).sum::<u64>(), 1);
            flip(&path, at);
        }
    }
}

#[test]
fn damage_of_region_and_tree_together_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let geometry = Plot::open(&path).unwrap().geometry();
    flip(&path, 4096 + 5 * 65_536);
    flip(&path, geometry.node_offset(0, 15));
    let report = check(&path, Depth::Full);
    assert_eq!(report.bad.len(), 1);
    assert_eq!(report.bad[0].region, Extent { offset: 5 * 65_536, len: 65_536 });
    assert!(report.bad_nodes.iter().any(|n| n.nodes.contains(15)));
    let sampled = check(&path, sampled("100%"));
    assert_eq!(sampled.bad, report.bad);
    assert_eq!(sampled.bad_nodes.len(), 1);
}

#[test]
fn another_plots_region_under_this_header_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let header = fs::read(&path).unwrap()[..4096].to_vec();
    let other = folder.path().join("b.plot");
    let mut other_spec = spec_of(100_000, 14, 1_400_100);
    other_spec.layout.units = 13;
    other_spec.layout.passes[0].units = 13;
    drop(sealed(&other, &other_spec));
    OpenOptions::new().write(true).open(&other).unwrap().write_all_at(&header, 0).unwrap();
    assert!(!check(&other, Depth::Fast).is_clean());
    assert_eq!(check(&other, sampled("1/4")).bad.iter().map(|r| r.region.len).sum::<u64>(), 6 * 65_536);
}

#[test]
fn a_sample_is_the_same_for_the_same_seed_and_says_what_it_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(65_536, 100)));
    flip(&path, 4096 + 40 * 65_536);
    let found = |seed: u8| {
        let sample = Sample::Ratio { part: 1, whole: 4 };
        check(&path, Depth::Sampled { sample, seed: Digest([seed; 32]) })
    };
    assert_eq!(found(1), found(1));
    let hits = (0..80).filter(|&seed| !found(seed).is_clean()).count();
    // 20 expected with a standard deviation of 3.9.
    assert!((5..=40).contains(&hits), "{hits} of 80");
    let confidence = found(1).confidence.unwrap();
    assert_eq!((confidence.groups, confidence.sampled), (100, 25));
    assert!((confidence.seen_fraction - 0.168).abs() < 0.001, "{confidence:?}");
    assert_eq!(check(&path, sampled("10GiB")).confidence.unwrap().seen_fraction, 0.0);
}

#[test]
fn a_commitment_other_than_the_registered_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    let with = |commitment| {
        let options = ScrubOptions { commitment: Some(commitment), ..ScrubOptions::new(Depth::Fast) };
        scrub(&Plot::open(&path).unwrap(), &options).unwrap().findings()
    };
    assert!(with(Some(Digest([9; 32]))).is_empty());
    assert_eq!(with(None), ["the commitment in the header is not the registered one, none"]);
    assert_eq!(with(Some(Digest([8; 32]))).len(), 1);
}

#[test]
fn a_damaged_header_slot_and_padding_are_found_and_healed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    flip(&path, 33);
    flip(&path, Plot::open(&path).unwrap().geometry().tree_offset - 1);
    assert_eq!(
        check(&path, Depth::Fast).findings(),
        [
            "header slot 0 is damaged or behind; the other one holds",
            "the 732 bytes at byte 1404196 of the file should be zero"
        ]
    );
    Plot::open_exclusive(&path).unwrap().finish_repair().unwrap();
    assert!(check(&path, Depth::Full).is_clean());
}

#[test]
fn a_cancelled_check_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = plot(folder.path());
    for depth in [Depth::Fast, Depth::Full, sampled("50%")] {
        let options = ScrubOptions::new(depth);
        options.cancel.cancel();
        let result = scrub(&Plot::open(&path).unwrap(), &options);
        assert!(matches!(result, Err(StoreError::Cancelled)));
    }
}
