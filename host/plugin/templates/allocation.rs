//! `sample-plugin`: the same space for every validator with a permit.

use plimsoll_sdk::{AllocationPolicy, Neuron, Plugin, Result, Share, Space};

plimsoll_sdk::parameters! {
    /// Parameters, as an operator sets them in a TOML table.
    pub struct Policy {
        /// TAO of stake below which a validator gets nothing.
        least_stake_tao: u32 = 0, from 0 to 100_000_000;
    }
}

const RAO_PER_TAO: u64 = 1_000_000_000;

impl Plugin for Policy {
    const NAME: &'static str = "sample-plugin";
    const SUMMARY: &'static str = "Divides a miner's space evenly among the validators that hold a permit.";
    const LIMITS: &'static str = "Ignores stake above the least, so it favours validators with little of it.";
    const WAIVERS: &'static [(&'static str, &'static str)] = &[(
        "splitting",
        "every hotkey with a permit gets the same space, so every further one gets it again",
    )];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl AllocationPolicy for Policy {
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>> {
        let least = u64::from(self.least_stake_tao) * RAO_PER_TAO;
        let takes_part =
            |neuron: &&Neuron| neuron.validator_permit && !neuron.is_owner && neuron.stake_rao >= least;
        let equal: Vec<(u16, u64)> =
            neurons.iter().filter(takes_part).map(|neuron| (neuron.uid, 1)).collect();
        space.divide_by(&equal)
    }
}

plimsoll_sdk::export_plugin!(Policy as allocation_policy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::laws;

    #[test]
    fn the_laws_hold() {
        laws::allocation_policy::<Policy>("{}");
        laws::allocation_policy::<Policy>(r#"{"least_stake_tao": 1000}"#);
    }
}
