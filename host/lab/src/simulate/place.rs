//! The subnet: places, weights, consensus, pay.

use plimsoll_core::{Hotkey, Neuron, StakeRao, Uid};

use super::scenario::SubnetTerms;

/// A hotkey that got a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) uid: Uid,
    pub(super) cost_rao: u64,
    /// Whose place it was.
    pub(super) displaced: Option<Hotkey>,
}

/// What the last tempo made of one uid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Paid {
    pub(super) uid: Uid,
    pub(super) hotkey: Option<Hotkey>,
    pub(super) consensus: u16,
    pub(super) incentive: u16,
    pub(super) miner_rao: u64,
}

#[derive(Clone)]
struct Member {
    hotkey: Hotkey,
    stake_rao: u64,
    weights: Vec<(Uid, u16)>,
    paid: Paid,
}

#[derive(Clone)]
pub(super) struct Subnet {
    terms: SubnetTerms,
    members: Vec<Member>,
}

impl Subnet {
    pub(super) fn new(terms: SubnetTerms) -> Self {
        Self { terms, members: Vec::new() }
    }

    pub(super) fn register(&mut self, hotkey: Hotkey, _coldkey: Hotkey, stake_rao: u64, _block: u64) -> Option<Joined> {
        let cost_rao = self.terms.registration_rao;
        let member = Member { hotkey, stake_rao, weights: Vec::new(), paid: Paid::default() };
        if self.members.len() < usize::from(self.terms.max_neurons) {
            self.members.push(member);
            return Some(Joined { uid: Uid((self.members.len() - 1) as u16), cost_rao, displaced: None });
        }
        let (at, _) = self.members.iter().enumerate().filter(|(_, m)| m.stake_rao == 0).min_by_key(|(_, m)| m.paid.miner_rao)?;
        let displaced = Some(std::mem::replace(&mut self.members[at], member).hotkey);
        Some(Joined { uid: Uid(at as u16), cost_rao, displaced })
    }

    pub(super) fn neurons(&self) -> Vec<Neuron> {
        (0..)
            .zip(&self.members)
            .map(|(uid, member)| Neuron {
                uid: Uid(uid),
                hotkey: member.hotkey,
                stake_rao: StakeRao(member.stake_rao),
                validator_permit: member.stake_rao > 0,
                is_owner: false,
            })
            .collect()
    }

    pub(super) fn set_weights(&mut self, uid: Uid, weights: &[(Uid, u16)], _block: u64) {
        if let Some(member) = self.members.get_mut(usize::from(uid.0)) {
            member.weights = weights.to_vec();
        }
    }

    pub(super) fn end_tempo(&mut self, _block: u64) -> Vec<Paid> {
        let mut rank = vec![0u128; self.members.len()];
        for member in &self.members {
            let sum: u128 = member.weights.iter().map(|w| u128::from(w.1)).sum();
            for &(uid, weight) in &member.weights {
                rank[usize::from(uid.0)] += u128::from(member.stake_rao) * u128::from(weight) / sum.max(1);
            }
        }
        let total: u128 = rank.iter().sum::<u128>().max(1);
        let pot = u128::from(self.terms.alpha_per_block_rao * self.terms.tempo_blocks) * 41 / 100;
        for (at, member) in self.members.iter_mut().enumerate() {
            let part = |of: u128| (rank[at] * of / total) as u64;
            member.paid = Paid {
                uid: Uid(at as u16),
                hotkey: Some(member.hotkey),
                consensus: part(65535) as u16,
                incentive: part(65535) as u16,
                miner_rao: part(pot),
            };
        }
        self.figures()
    }

    pub(super) fn figures(&self) -> Vec<Paid> {
        self.members.iter().map(|member| member.paid).collect()
    }
}
