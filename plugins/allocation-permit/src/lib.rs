//! `allocation-permit`: space by stake, for validators with a permit only.
//!
//! Only a hotkey with a validator permit can set weights, so only its audits can pay. share_i = (S_i + s) /
//! Σ (S_j + s) over the permitted that have the least stake, other than the miner itself, in whole chunks by the
//! largest remainder: all chunks under the cap, never one more; none at all where nobody has a permit.

use plimsoll_sdk::{AllocationPolicy, Neuron, Plugin, Result, Share, Space};

plimsoll_sdk::parameters! {
    /// Space by stake, for validators with a permit only.
    pub struct Permit {
        /// TAO that are added to everyone's stake, so that no validator goes without.
        smoothing_tao: u32 = 1, from 0 to 1_000_000;
        /// TAO of stake below which a validator gets nothing.
        least_stake_tao: u32 = 0, from 0 to 100_000_000;
    }
}

const RAO_PER_TAO: u64 = 1_000_000_000;

impl Plugin for Permit {
    const NAME: &'static str = "allocation-permit";
    const SUMMARY: &'static str = "Divides a miner's space by stake among the validators that hold a permit, in whole chunks under the cap.";
    const LIMITS: &'static str =
        "A validator that gains its permit between two plans gets no space, and sees none, until the next.";
    const WAIVERS: &'static [(&'static str, &'static str)] =
        &[("splitting", "each hotkey with a permit gets the smoothing once more, one TAO by default")];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl AllocationPolicy for Permit {
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>> {
        let [smoothing, least] =
            [self.smoothing_tao, self.least_stake_tao].map(|tao| u64::from(tao) * RAO_PER_TAO);
        let takes_part =
            |neuron: &&Neuron| neuron.validator_permit && !neuron.is_owner && neuron.stake_rao >= least;
        let weight = |neuron: &Neuron| (neuron.uid, neuron.stake_rao.saturating_add(smoothing));
        space.divide_by(&neurons.iter().filter(takes_part).map(weight).collect::<Vec<_>>())
    }
}

plimsoll_sdk::export_plugin!(Permit as allocation_policy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn chunks(config: &str, neurons: &[Neuron]) -> Vec<(u16, u64)> {
        let space = Space { available_bytes: 1 << 30, cap_bytes: 4_000_000, chunk_bytes: 1000 };
        let shares = from_json::<Permit>(config).unwrap().allocate(&space, neurons).unwrap();
        shares.iter().map(|share| (share.uid, share.bytes / 1000)).collect()
    }

    fn neuron(uid: u16, tao: u64, validator_permit: bool) -> Neuron {
        let (hotkey, stake_rao) = (Hotkey([uid as u8; 32]), tao * RAO_PER_TAO);
        Neuron { uid, hotkey, stake_rao, validator_permit, is_owner: uid == 0 }
    }

    #[test]
    fn the_laws_hold() {
        laws::allocation_policy::<Permit>("{}");
        laws::allocation_policy::<Permit>(r#"{"smoothing_tao": 0, "least_stake_tao": 1}"#);
    }

    #[test]
    fn only_the_permitted_get_space_by_stake() {
        let neurons = [neuron(0, 9, true), neuron(1, 999, true), neuron(2, 2999, true), neuron(3, 7, false)];
        assert_eq!(chunks("{}", &neurons), [(1, 1000), (2, 3000)]);
        assert_eq!(chunks(r#"{"least_stake_tao": 1000}"#, &neurons), [(2, 4000)]);
        assert_eq!(chunks("{}", &neurons[3..]), []);
    }
}
