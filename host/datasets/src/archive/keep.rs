//! Which snapshots are kept.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_core::{BlockNumber, NetUid};

use super::manifest::Place;

/// A snapshot is kept if any of these says so, or if none is set. The newest of every subnet always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// The newest ones of each subnet.
    pub last: Option<u32>,
    /// Those of this block and later.
    pub since: Option<BlockNumber>,
    /// The first in each run of so many blocks.
    pub one_in_blocks: Option<u64>,
}

impl Retention {
    /// The places to keep.
    #[must_use]
    pub fn kept(&self, places: &[Place]) -> BTreeSet<Place> {
        if *self == Self::default() {
            return places.iter().copied().collect();
        }
        let mut subnets: BTreeMap<NetUid, BTreeSet<Place>> = BTreeMap::new();
        for place in places {
            subnets.entry(place.netuid).or_default().insert(*place);
        }
        let mut kept = BTreeSet::new();
        for all in subnets.values() {
            let last = self.last.unwrap_or(0).max(1) as usize;
            kept.extend(all.iter().rev().take(last));
            if let Some(since) = self.since {
                kept.extend(all.iter().filter(|place| place.block >= since));
            }
            if let Some(run) = self.one_in_blocks {
                let mut seen = BTreeSet::new();
                kept.extend(all.iter().filter(|place| seen.insert(place.block.0 / run.max(1))));
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(netuid: u16, block: u64) -> Place {
        Place { netuid: NetUid(netuid), block: BlockNumber(block) }
    }

    #[test]
    fn any_rule_keeps_and_the_newest_is_never_dropped() {
        let places: Vec<Place> = (0..10).map(|day| place(96, 7000 + 10 * day)).chain([place(2, 5)]).collect();
        let kept = |retention: Retention| {
            let kept = retention.kept(&places);
            kept.into_iter().map(|p| (p.netuid.0, p.block.0)).collect::<Vec<_>>()
        };
        assert_eq!(kept(Retention::default()).len(), 11);
        assert_eq!(kept(Retention { last: Some(0), ..Retention::default() }), [(2, 5), (96, 7090)]);
        assert_eq!(
            kept(Retention { last: Some(2), ..Retention::default() }),
            [(2, 5), (96, 7080), (96, 7090)]
        );
        let since = Retention { since: Some(BlockNumber(7080)), ..Retention::default() };
        assert_eq!(kept(since), [(2, 5), (96, 7080), (96, 7090)]);
        let every = Retention { one_in_blocks: Some(50), ..Retention::default() };
        assert_eq!(kept(every), [(2, 5), (96, 7000), (96, 7050), (96, 7090)]);
        assert_eq!(kept(Retention { one_in_blocks: Some(0), ..Retention::default() }).len(), 11);
    }
}
