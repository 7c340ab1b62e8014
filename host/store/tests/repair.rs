//! Comparing with what would be filled, and putting it back.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{Extent, Order, Pass, PlotSpace, Span};
use plimsoll_kernels::{HashKind, Tree, merkle_paths};
use plimsoll_store::scrub::{Badness, Depth, ScrubOptions, scrub};
use plimsoll_store::{CancelFlag, Comparing, Plot, StoreError};
use support::{fill, sealed, spec};

fn overwrite(path: &Path, region_offset: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, 4096 + region_offset).unwrap();
}

#[test]
fn what_was_changed_is_found_by_filling_again_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 20);
    drop(sealed(&path, &spec));
    let before = fs::read(&path).unwrap();
    overwrite(&path, 250_000, &[0; 9000]);
    overwrite(&path, 1_999_999, &[0]);
    let comparing = Arc::new(Comparing::new(Plot::open(&path).unwrap(), CancelFlag::new()).unwrap());
    let space: Arc<dyn PlotSpace> = Arc::<Comparing>::clone(&comparing);
    fill(&space, &spec, Span { first: 0, count: 20 });
    assert_eq!(comparing.compared_bytes(), 2_000_000);
    let bad = comparing.differing();
    assert_eq!(bad.len(), 2);
    assert_eq!(bad[0].units, Some(Span { first: 2, count: 1 }));
    assert_eq!(bad[0].region, Extent { offset: 249_856, len: 12_288 });
    assert_eq!(bad[1].region, Extent { offset: 1_998_848, len: 1152 });
    assert_eq!(bad[1].badness, Badness::Differs);
    drop((space, comparing));

    let plot = Plot::open_exclusive(&path).unwrap();
    let space = plot.repair_space().unwrap();
    for run in bad {
        fill(&space, &spec, run.units.unwrap());
    }
    plot.finish_repair().unwrap();
    assert!(scrub(&plot, &ScrubOptions::new(Depth::Full)).unwrap().is_clean());
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_part_compared_leaves_the_rest_unsaid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 20);
    drop(sealed(&path, &spec));
    overwrite(&path, 0, &[0; 10]);
    let comparing = Arc::new(Comparing::new(Plot::open(&path).unwrap(), CancelFlag::new()).unwrap());
    let space: Arc<dyn PlotSpace> = Arc::<Comparing>::clone(&comparing);
    fill(&space, &spec, Span { first: 5, count: 3 });
    assert_eq!((comparing.compared_bytes(), comparing.differing()), (300_000, vec![]));
    let covered = |first, count| comparing.covers(Span { first, count });
    assert!(covered(500_000, 300_000) && covered(600_001, 7) && covered(0, 0));
    assert!(!covered(500_000, 300_001) && !covered(499_999, 2) && !covered(0, 1_000));
}

#[test]
fn a_file_that_was_cut_short_is_refilled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 20);
    drop(sealed(&path, &spec));
    let before = fs::read(&path).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(4096 + 1_234_567).unwrap();
    let comparing = Arc::new(Comparing::new(Plot::open(&path).unwrap(), CancelFlag::new()).unwrap());
    let space: Arc<dyn PlotSpace> = Arc::<Comparing>::clone(&comparing);
    fill(&space, &spec, Span { first: 0, count: 20 });
    let bad = comparing.differing();
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].badness, Badness::Unreadable);
    assert_eq!(bad[0].units, Some(Span::between(12, 20)));
    drop((space, comparing));
    let plot = Plot::open_exclusive(&path).unwrap();
    fill(&plot.repair_space().unwrap(), &spec, bad[0].units.unwrap());
    plot.finish_repair().unwrap();
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_refill_that_differs_is_refused_and_the_tree_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(100_000, 20);
    drop(sealed(&path, &spec));
    let plot = Plot::open_exclusive(&path).unwrap();
    let tree = |path: &Path| fs::read(path).unwrap()[plot.geometry().tree_offset as usize..].to_vec();
    let before = tree(&path);
    let space = plot.repair_space().unwrap();
    space.write_at(300_000, &[1; 100_000]).unwrap();
    match plot.finish_repair().unwrap_err() {
        StoreError::RefillDiffers { expected, found, .. } => {
            assert_eq!(expected, plot.header().integrity_root);
            assert_ne!(found, expected);
        }
        other => panic!("{other}"),
    }
    assert!(tree(&path) == before);
    // The right bytes after all.
    fill(&space, &spec, Span { first: 3, count: 1 });
    plot.finish_repair().unwrap();
}

#[test]
fn a_damaged_tree_is_made_again_from_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(100_000, 40)));
    let before = fs::read(&path).unwrap();
    let geometry = Plot::open(&path).unwrap().geometry();
    for level in 0..geometry.tree().levels() {
        overwrite(&path, geometry.node_offset(level, 0) - 4096, &[0xff; 32]);
    }
    Plot::open_exclusive(&path).unwrap().finish_repair().unwrap();
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_is_too_long_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(100_000, 20)));
    let before = fs::read(&path).unwrap();
    fs::write(&path, [&before[..], &[7; 5000]].concat()).unwrap();
    let plot = Plot::open_exclusive(&path).unwrap();
    assert!(!scrub(&plot, &ScrubOptions::new(Depth::Fast)).unwrap().is_clean());
    plot.finish_repair().unwrap();
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn leaves_that_cannot_be_read_are_made_from_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(100_000, 20)));
    let before = fs::read(&path).unwrap();
    let plot = Plot::open_exclusive(&path).unwrap();
    // A read behind the end fails as one of a bad sector does.
    OpenOptions::new().write(true).open(&path).unwrap().set_len(plot.geometry().tree_offset).unwrap();
    plot.finish_repair().unwrap();
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_that_was_cut_short_gets_its_room_reserved_again() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let made = sealed(&path, &spec(100_000, 20)).geometry().file_bytes;
    OpenOptions::new().write(true).open(&path).unwrap().set_len(8192).unwrap();
    let plot = Plot::open_exclusive(&path).unwrap();
    drop(plot.repair_space().unwrap());
    let there = fs::metadata(&path).unwrap();
    assert_eq!(there.len(), made);
    assert!(there.blocks() * 512 >= made, "{} of {made} bytes are reserved", there.blocks() * 512);
}

#[test]
fn nodes_remembered_of_damaged_bytes_are_forgotten_when_these_are_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let spec = spec(1 << 16, 8);
    drop(sealed(&path, &spec));
    // Four subtrees of 1024 leaves: the path of leaf 0 has the node of the second one.
    let over = Extent { offset: 0, len: 1 << 18 };
    let tree = Tree { kind: HashKind::Sha256, leaf_bytes: 64, over };
    let region = Plot::open(&path).unwrap().region();
    let right = merkle_paths(region.as_ref(), &tree, &[0]).unwrap();
    drop(region);

    overwrite(&path, 70_000, b"rotten");
    let plot = Plot::open_exclusive(&path).unwrap();
    assert_ne!(merkle_paths(plot.region().as_ref(), &tree, &[0]).unwrap(), right);
    let space = plot.repair_space().unwrap();
    support::fill(&space, &spec, Span { first: 1, count: 1 });
    plot.finish_repair().unwrap();
    assert_eq!(merkle_paths(plot.region().as_ref(), &tree, &[0]).unwrap(), right);
}

#[test]
fn repair_needs_the_plot_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    drop(sealed(&path, &spec(1000, 2)));
    let shared = Plot::open(&path).unwrap();
    assert_eq!(
        shared.repair_space().err().unwrap().to_string(),
        format!("{} is open for reading: open it exclusively to repair it", path.display())
    );
    assert!(matches!(shared.finish_repair(), Err(StoreError::NotExclusive { .. })));
    assert!(matches!(Plot::open_exclusive(&path), Err(StoreError::Locked { .. })));
    let region = shared.region();
    drop(shared);
    assert!(matches!(Plot::open_exclusive(&path), Err(StoreError::Locked { .. })), "a region holds the lock");
    drop(region);
    Plot::open_exclusive(&path).unwrap();
}

#[test]
fn comparing_is_refused_where_a_later_pass_rewrote_the_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let mut spec = spec(1000, 2);
    spec.layout.passes.push(Pass { name: "second".into(), units: 1, order: Order::Sequential });
    let filling = plimsoll_store::Filling::create_or_resume(&path, &spec, &support::eager()).unwrap();
    support::fill_rest(&filling, 2).unwrap();
    filling.finished(1, Span { first: 0, count: 1 }).unwrap();
    let plot = filling.seal(None).unwrap();
    let text = Comparing::new(plot, CancelFlag::new()).err().unwrap().to_string();
    assert_eq!(
        text,
        format!(
            "{}: it was filled in 2 passes, of which only the last one's bytes are there: fill a second plot and compare the roots",
            path.display()
        )
    );
}

#[test]
fn a_cancelled_comparison_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let cancel = CancelFlag::new();
    let comparing = Comparing::new(sealed(&path, &spec(1000, 2)), cancel.clone()).unwrap();
    cancel.cancel();
    assert_eq!(comparing.put(0, 1, &mut |_| {}), Err(plimsoll_core::SpaceError::Cancelled));
}
