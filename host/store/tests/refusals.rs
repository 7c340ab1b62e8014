//! What a filling refuses, and how it says so.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::fs;

use plimsoll_core::{Digest, Order, SpaceError, Span};
use plimsoll_store::{FillOptions, Filling, Plot, StoreError};
use support::{eager, fill, fill_rest, sealed, spec};

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
    let fields = [
        "netuid",
        "validator",
        "plugin digest",
        "parameter digest",
        "unit size",
        "region size",
        "list of passes",
    ];
    for (other, field) in others.iter().zip(fields) {
        match Filling::create_or_resume(&path, other, &FillOptions::default()).err().unwrap() {
            StoreError::OtherPlot { field: found, .. } => assert_eq!(found, field),
            error => panic!("{error}"),
        }
    }
    let text =
        Filling::create_or_resume(&path, &others[0], &FillOptions::default()).err().unwrap().to_string();
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
fn what_is_no_plot_is_not_deleted_by_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.plot");
    let restart = FillOptions { restart: true, ..FillOptions::default() };
    for content in [b"dear diary".to_vec(), vec![0; 9000]] {
        fs::write(&path, &content).unwrap();
        let text = Filling::create_or_resume(&path, &spec(1000, 10), &restart).err().unwrap().to_string();
        assert!(
            text.ends_with(
                "no header slot begins with PLIMPLOT, so it is not deleted: move it away yourself"
            ),
            "{text}"
        );
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    // A plot with one slot left is one.
    fs::remove_file(&path).unwrap();
    drop(sealed(&path, &spec(1000, 10)));
    let mut bytes = fs::read(&path).unwrap();
    bytes[..2048].fill(0);
    fs::write(&path, bytes).unwrap();
    Filling::create_or_resume(&path, &spec(1000, 10), &restart).unwrap();
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
