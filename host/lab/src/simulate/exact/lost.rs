//! Which units of a plot a miner does not keep.

use plimsoll_core::{Digest, Identity, Layout, Span, Spans};

use super::super::agents::share_of;
use super::super::streams::{Purpose, Streams};
use crate::attack::plot::GROUP_BYTES;

/// The units that a miner of `identity` does not keep, who keeps `share` of them.
///
/// It drops runs of units that cover whole groups of the integrity tree, as whoever wants to prove what is left must:
/// a path through a group is hashed from all its bytes. So the share is rounded down to whole groups of 64 KiB; in a
/// plot of one group, to units. Which runs it keeps is drawn from the run's seed once: who keeps more keeps the same
/// ones and others.
pub(super) fn lost(streams: &Streams, identity: &Identity, layout: &Layout, share: f64) -> Spans {
    if share >= 1.0 {
        return Spans::new();
    }
    let run = GROUP_BYTES.div_ceil(u64::from(layout.unit_bytes).max(1));
    let run = if layout.units > run { run } else { 1 };
    let mut runs: Vec<Span> = Span::between(0, layout.units).pieces(run).collect();
    let text = [&identity.netuid.0.to_le_bytes()[..], &identity.owner.0, &identity.validator.0].concat();
    let digest = Digest::of(&text).0;
    let (words, _) = digest.as_chunks::<8>();
    let name: [u64; 4] = std::array::from_fn(|at| u64::from_le_bytes(words[at]));
    let mut draws = streams.stream(Purpose::Kept, name);
    // Fisher and Yates.
    for last in (1..runs.len()).rev() {
        // Below a length.
        runs.swap(last, draws.below(last as u64 + 1) as usize);
    }
    let kept = share_of(runs.len() as u64, share);
    runs.into_iter().skip(usize::try_from(kept).unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Hotkey, NetUid, Order, Pass};
    use proptest::prelude::*;

    fn layout(unit_bytes: u32, units: u64) -> Layout {
        let pass = Pass { name: "fill".into(), units, order: Order::Independent };
        let region_bytes = units * u64::from(unit_bytes);
        Layout { unit_bytes, units, region_bytes, memory_bytes: 0, passes: vec![pass] }
    }

    fn lost_of(owner: u8, unit_bytes: u32, units: u64, share: f64) -> Spans {
        let identity = Identity { netuid: NetUid(1), owner: Hotkey([owner; 32]), validator: Hotkey([9; 32]) };
        lost(&Streams::new(3), &identity, &layout(unit_bytes, units), share)
    }

    #[test]
    fn shares_are_rounded_down_to_whole_groups_where_there_are_some() {
        assert_eq!(lost_of(1, 16_384, 64, 0.75).units(), 16);
        assert_eq!(lost_of(1, 16_384, 64, 0.9).units(), 8, "14 of 16 groups are kept");
        assert!(lost_of(1, 16_384, 64, 0.75).iter().all(|run| run.first % 4 == 0 && run.count % 4 == 0));
        assert_eq!(lost_of(1, 16_384, 4, 0.75).units(), 1, "a plot of one group is divided by units");
        assert_eq!(lost_of(1, 1 << 18, 10, 0.75).units(), 3);
        assert_eq!((lost_of(1, 1024, 640, 1.0).units(), lost_of(1, 1024, 640, 0.0).units()), (0, 640));
    }

    #[test]
    fn each_miner_loses_others_and_always_the_same() {
        assert_eq!(lost_of(1, 1 << 16, 64, 0.5), lost_of(1, 1 << 16, 64, 0.5));
        assert_ne!(lost_of(1, 1 << 16, 64, 0.5), lost_of(2, 1 << 16, 64, 0.5));
    }

    proptest! {
        #[test]
        fn who_keeps_more_keeps_the_same_and_more(
            units in 1u64..300, bits in 9u32..19, less in 0.0..1.0f64, more in 0.0..1.0f64,
        ) {
            let (less, more) = (less.min(more), less.max(more));
            let (many, few) = (lost_of(1, 1 << bits, units, less), lost_of(1, 1 << bits, units, more));
            prop_assert!((0..units).all(|unit| !few.contains(unit) || many.contains(unit)));
            prop_assert!(many.units() <= units && many.units() as f64 >= (units as f64 * (1.0 - less)).floor());
        }
    }
}
