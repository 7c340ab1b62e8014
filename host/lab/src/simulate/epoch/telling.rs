//! What is told of one miner.

use plimsoll_core::Uid;

use super::super::costs::Bill;
use super::super::explained::{Explained, Opinion};
use super::super::round::{Finished, Scene};
use super::super::world::Watcher;
use super::Day;

impl Day<'_> {
    /// What everyone thinks of `uid`, as far as the rounds tell.
    pub(super) fn opinions(
        &self,
        validators: &[Watcher],
        scene: &Scene<'_>,
        finished: &[Option<Finished>],
        uid: Uid,
    ) -> Option<Explained> {
        let placed = scene.placed.iter().find(|placed| placed.uid == uid)?;
        let owner = &scene.owners[placed.owner];
        let key = &owner.keys[placed.key];
        let group = &self.prepared.scenario().miners[owner.group];
        let opinion = |(at, finished): (usize, &Option<Finished>)| {
            let watcher = &validators[at];
            let round = finished.as_ref();
            let own = round.and_then(|round| round.weights.as_ref());
            let weight = own.and_then(|weights| weights.iter().find(|weight| weight.0 == uid));
            Opinion {
                validator: watcher.name.clone(),
                vote: watcher.vote.word(),
                stake_share: scene.stake_shares[at],
                claimed_bytes: key
                    .claims
                    .get(at)
                    .copied()
                    .flatten()
                    .map_or(0, |registered| registered.claim.statement.claimed_bytes()),
                conduct: scene.conduct(placed.owner, placed.key, at),
                told: round.and_then(|round| round.told.clone()),
                weight: weight.map(|weight| weight.1),
                fault: round.and_then(|round| round.fault.clone()),
            }
        };
        Some(Explained {
            seed: 0,
            epoch: scene.epoch,
            uid,
            hotkey: key.hotkey,
            group: group.name.clone(),
            strategy: group.strategy.word(),
            miner: placed.owner,
            key: placed.key,
            claimed_bytes: key.claimed_bytes(),
            stored_bytes: owner.stored.disk_bytes,
            costs: self.prepared.tariff().costs(&Bill::default()),
            validators: finished.iter().enumerate().map(opinion).collect(),
            consensus: 0,
            incentive: 0,
            earned_rao: 0,
        })
    }
}
