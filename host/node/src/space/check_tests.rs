use plimsoll_core::{Hotkey, Identity, NetUid, Pass};
use plimsoll_store::{FillOptions, Filling, SchemeTag};

use super::*;

fn layout() -> Layout {
    let pass = Pass { name: "fill".into(), units: 50, order: Order::Independent };
    Layout { unit_bytes: 1000, units: 50, region_bytes: 50_100, memory_bytes: 0, passes: vec![pass] }
}

#[test]
fn asked_units_are_the_drawn_ones_with_neighbours_together() {
    let layout = Layout { unit_bytes: 1 << 20, ..layout() };
    let sample: Sample = "1/3".parse().unwrap();
    let seed = Digest([3; 32]);
    let asked: Vec<Span> = asked_units(&layout, Some((sample, seed))).collect();
    let plain: Vec<u64> = sample.draw(50, &seed).collect();
    assert_eq!(asked.iter().flat_map(|span| span.first..span.end()).collect::<Vec<_>>(), plain);
    // Four units of a mebibyte go to one worker at a time.
    assert!(asked.windows(2).all(|two| two[0].end() < two[1].first || two[0].count == 4), "{asked:?}");
    let all: Vec<Span> = asked_units(&layout, None).collect();
    assert_eq!((all.len(), all[12]), (13, Span { first: 48, count: 2 }));
}

#[test]
fn what_was_asked_for_and_not_put_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let zero = Digest([0; 32]);
    let spec = PlotSpec {
        identity: Identity { netuid: NetUid(1), owner: Hotkey([0; 32]), validator: Hotkey([1; 32]) },
        scheme: SchemeTag { name: "none".into(), plugin: zero, params: zero },
        layout: layout(),
    };
    let path = folder.path().join("a.plot");
    let filling = Filling::create_or_resume(&path, &spec, &FillOptions::default()).unwrap();
    filling.finished(0, Span { first: 0, count: 50 }).unwrap();
    let comparing = Comparing::new(filling.seal(None).unwrap(), CancelFlag::new()).unwrap();
    comparing.put(0, 50_000, &mut |_| {}).unwrap();
    let units: Spans = [Span { first: 3, count: 2 }].into_iter().collect();
    assert_eq!(
        gaps(&layout(), &comparing, &units, true),
        [
            "units 3..5 were not compared: the plugin did not fill all of them",
            "not all of the 100 bytes behind the units were compared: the plugin did not fill them",
        ]
    );
    assert_eq!(gaps(&layout(), &comparing, &Spans::new(), false), Vec::<String>::new());
}
