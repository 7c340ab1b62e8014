//! What each call does, and when it is refused. A refused call changes nothing.

use plimsoll_core::{Hotkey, NetUid, StakeRao, Uid};

use super::state::State;
use super::{Call, MAX_BLOCKS_AT_ONCE, MAX_EPOCHS_AT_ONCE, Receipt};
use crate::Refusal;
use crate::subnet::Subnet;

impl State {
    /// Does `call` as `signer`, or refuses it.
    pub(super) fn apply(&mut self, signer: &Hotkey, call: &Call) -> Result<Receipt, Refusal> {
        let mut uid = None;
        match call {
            Call::Register { netuid, coldkey } => uid = Some(self.register(signer, *netuid, *coldkey)?),
            Call::ServeAxon { netuid, at } => self.subnet_mut(*netuid)?.serve_axon(signer, *at)?,
            Call::Commit { netuid, bytes } => self.subnet_mut(*netuid)?.commit(signer, bytes)?,
            Call::SetWeights { netuid, weights } => self.subnet_mut(*netuid)?.set_weights(signer, weights)?,
            Call::SetStake { netuid, hotkey, stake_rao, validator_permit } => {
                self.only_sudo(signer)?;
                self.subnet_mut(*netuid)?.set_stake(hotkey, *stake_rao, *validator_permit)?;
            }
            Call::Advance { blocks } => {
                self.only_sudo(signer)?;
                let most = self.most_blocks_at_once();
                if *blocks > most {
                    return Err(Refusal::TooManyBlocks { found: *blocks, most });
                }
                (0..*blocks).for_each(|_| self.next_block());
            }
        }
        Ok(Receipt { block: self.block, uid })
    }

    /// So many that no more than [`MAX_EPOCHS_AT_ONCE`] run among them, whatever the subnets' tempos.
    fn most_blocks_at_once(&self) -> u32 {
        let tempos = self.subnets.values().map(|subnet| subnet.rules().tempo_blocks);
        let Some(quickest) = tempos.min() else { return MAX_BLOCKS_AT_ONCE };
        let tempos = u64::from(MAX_EPOCHS_AT_ONCE) / self.subnets.len() as u64;
        let blocks = quickest.saturating_mul(tempos).max(1);
        u32::try_from(blocks).unwrap_or(u32::MAX).min(MAX_BLOCKS_AT_ONCE)
    }

    fn only_sudo(&self, signer: &Hotkey) -> Result<(), Refusal> {
        if self.genesis.sudo == Some(*signer) { Ok(()) } else { Err(Refusal::NotSudo { signer: *signer }) }
    }

    fn subnet_mut(&mut self, netuid: NetUid) -> Result<&mut Subnet, Refusal> {
        self.subnets.get_mut(&netuid).ok_or(Refusal::NoSubnet { netuid })
    }

    /// The hotkey's word is taken for whose coldkey pays: nothing here is worth stealing.
    fn register(&mut self, hotkey: &Hotkey, netuid: NetUid, coldkey: Hotkey) -> Result<Uid, Refusal> {
        let balance = self.balances.get(&coldkey).copied().unwrap_or_default();
        let registered = self.subnet_mut(netuid)?.register(*hotkey, coldkey, balance)?;
        if registered.cost_rao.0 > 0 {
            let left = StakeRao(balance.0.saturating_sub(registered.cost_rao.0));
            self.balances.insert(coldkey, left);
        }
        Ok(registered.uid)
    }
}
