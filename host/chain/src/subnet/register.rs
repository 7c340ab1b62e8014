//! Who gets a place, and who loses one for it.

use std::cmp::Reverse;

use plimsoll_core::{Hotkey, StakeRao, Uid};
use serde::{Deserialize, Serialize};

use super::{Member, RegistrationRules, Subnet, price};
use crate::Refusal;

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The place.
    pub uid: Uid,
    /// What it cost.
    pub cost_rao: StakeRao,
    /// Who had the place before.
    pub replaced: Option<Hotkey>,
}

impl Subnet {
    /// Gives `hotkey` a place: the next free one, or where the subnet is full that of the neuron with the
    /// least emission in the last epoch. Of equals the one registered first goes, then the lowest uid.
    /// Newcomers are spared while more than `min_non_immune` others can go; the owner's neuron always is.
    ///
    /// `balance_rao` is what the coldkey has; the caller takes the cost from it.
    ///
    /// # Errors
    /// [`Refusal::AlreadyRegistered`]; [`Refusal::TooManyRegistrations`] in this block;
    /// [`Refusal::CannotPay`]; [`Refusal::SubnetFull`] where nobody can go.
    pub fn register(
        &mut self,
        hotkey: Hotkey,
        coldkey: Hotkey,
        balance_rao: StakeRao,
    ) -> Result<Registered, Refusal> {
        let (netuid, cost_rao) = (self.netuid, self.books.cost_rao);
        if let Some(uid) = self.uid_of(&hotkey) {
            return Err(Refusal::AlreadyRegistered { netuid, hotkey, uid });
        }
        let most = self.rules.registration.max_registrations_per_block;
        if self.books.registered_in_block >= most {
            return Err(Refusal::TooManyRegistrations { netuid, most });
        }
        if balance_rao < cost_rao {
            let (cost_rao, balance_rao) = (cost_rao.0, balance_rao.0);
            return Err(Refusal::CannotPay { coldkey, cost_rao, balance_rao });
        }
        let newcomer = Member::newcomer(hotkey, coldkey, self.block);
        let most = self.rules.max_neurons;
        let free = u16::try_from(self.members.len()).ok().filter(|&uid| uid < most);
        let (uid, replaced) = match free {
            Some(uid) => {
                self.members.push(newcomer);
                (Uid(uid), None)
            }
            None => {
                let uid = self.least_earning().ok_or(Refusal::SubnetFull { netuid, most })?;
                self.forget_weights_for(uid);
                let before = std::mem::replace(&mut self.members[usize::from(uid.0)], newcomer);
                (uid, Some(before.hotkey))
            }
        };
        self.books.registered_in_block += 1;
        let paid = &mut self.books.totals.registrations_rao;
        *paid = paid.saturating_add(cost_rao.0);
        self.books.cost_rao = price::risen(cost_rao, &self.rules.registration);
        Ok(Registered { uid, cost_rao, replaced })
    }

    /// Who would lose its place to the next newcomer; `None` where nobody can.
    fn least_earning(&self) -> Option<Uid> {
        let RegistrationRules { immunity_blocks, min_non_immune, .. } = self.rules.registration;
        let age = |member: &Member| self.block.0.saturating_sub(member.registered.0);
        let others = || self.by_uid().filter(|(uid, _)| self.rules.owner != Some(*uid));
        let least = |spared: bool| {
            let these = others().filter(|(_, member)| (age(member) < immunity_blocks) == spared);
            let first = these
                .min_by_key(|(uid, member)| (member.last_epoch.emission_rao, Reverse(age(member)), *uid));
            first.map(|(uid, _)| uid)
        };
        let free = others().filter(|(_, member)| age(member) >= immunity_blocks).count();
        if free > usize::from(min_non_immune) { least(false) } else { least(true) }
    }

    /// What others gave the neuron that had this place is not the newcomer's.
    fn forget_weights_for(&mut self, uid: Uid) {
        let rows = self.members.iter_mut().filter_map(|member| member.weights.as_mut());
        for (_, weight) in rows.flat_map(|weighed| &mut weighed.row).filter(|cell| cell.0 == uid) {
            *weight = 0;
        }
    }
}
