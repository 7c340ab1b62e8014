//! `allocation-even`: the same space for everyone.
//!
//! Each hotkey but the miner's own gets the same number of chunks; chunks that are left over go one each to
//! the first, so shares differ by one chunk at most and take all chunks under the cap.

use plimsoll_sdk::{AllocationPolicy, Neuron, Plugin, Result, Share, Space};

plimsoll_sdk::parameters! {
    /// The same space for everyone.
    pub struct Even {
        /// Whether only validators with a permit take part.
        permit_only: bool = false;
        /// Whether the miner keeps space for itself too.
        with_owner: bool = false;
    }
}

impl Plugin for Even {
    const NAME: &'static str = "allocation-even";
    const SUMMARY: &'static str =
        "Divides a miner's space evenly among all other hotkeys, whatever their stake.";
    const LIMITS: &'static str = "Ignores stake, so a validator gains space by registering more hotkeys.";
    const WAIVERS: &'static [(&'static str, &'static str)] =
        &[("splitting", "every hotkey gets the same space, so every further one gets it again")];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl AllocationPolicy for Even {
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>> {
        let takes_part = |neuron: &&Neuron| {
            (self.with_owner || !neuron.is_owner) && (neuron.validator_permit || !self.permit_only)
        };
        let equal: Vec<(u16, u64)> =
            neurons.iter().filter(takes_part).map(|neuron| (neuron.uid, 1)).collect();
        space.divide_by(&equal)
    }
}

plimsoll_sdk::export_plugin!(Even as allocation_policy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn chunks(config: &str) -> Vec<(u16, u64)> {
        let neuron = |uid: u16| Neuron {
            uid,
            hotkey: Hotkey([uid as u8; 32]),
            stake_rao: 1 << uid,
            validator_permit: uid.is_multiple_of(2),
            is_owner: uid == 2,
        };
        let neurons: Vec<Neuron> = (0..5).map(neuron).collect();
        let space = Space { available_bytes: 1000, cap_bytes: 109, chunk_bytes: 10 };
        let shares = from_json::<Even>(config).unwrap().allocate(&space, &neurons).unwrap();
        shares.iter().map(|share| (share.uid, share.bytes / 10)).collect()
    }

    #[test]
    fn the_laws_hold() {
        laws::allocation_policy::<Even>("{}");
        laws::allocation_policy::<Even>(r#"{"permit_only": true, "with_owner": true}"#);
    }

    #[test]
    fn shares_differ_by_one_chunk_at_most() {
        assert_eq!(chunks("{}"), [(0, 3), (1, 3), (3, 2), (4, 2)]);
        assert_eq!(chunks(r#"{"with_owner": true}"#), [(0, 2), (1, 2), (2, 2), (3, 2), (4, 2)]);
        assert_eq!(chunks(r#"{"permit_only": true}"#), [(0, 5), (4, 5)]);
    }
}
