//! `allocation-stake`: space by stake, the original prototype's formula with its cap kept.
//!
//! share_i = (S_i + s) / Σ (S_j + s) of the whole chunks under the cap, s = 1 TAO of smoothing, so that a
//! hotkey without stake still gets something; whole chunks by the largest remainder, so the shares take all
//! chunks under the cap and never one more. All hotkeys take part, the miner's own too, as in the prototype.
//!
//! `compat = true` counts chunks as the prototype did: in float32, int(size / chunk) + 1. That always overshoots
//! the cap, by up to a chunk a hotkey (22 % for 256 hotkeys and 100 MB), and the host keeps to the cap: so the
//! prototype's counts are scaled back to it, by the largest remainder. The sum of stakes is exact here and rounded once; the prototype's tensor library sums in an order of
//! its own, which can change the last bit.

use plimsoll_sdk::{AllocationPolicy, Neuron, Plugin, Result, Share, Space};

plimsoll_sdk::parameters! {
    /// Space by stake.
    pub struct Stake {
        /// TAO that are added to everyone's stake, so that nobody goes without.
        smoothing_tao: u32 = 1, from 0 to 1_000_000;
        /// Whether the miner keeps space for itself too, as the prototype did.
        with_owner: bool = true;
        /// Count chunks in float32 and round up, as the prototype did, then scale the counts back to the cap.
        compat: bool = false;
    }
}

const RAO_PER_TAO: u64 = 1_000_000_000;

impl Plugin for Stake {
    const NAME: &'static str = "allocation-stake";
    const SUMMARY: &'static str =
        "Divides a miner's space among all hotkeys by stake plus one TAO, in whole chunks under the cap.";
    const LIMITS: &'static str = "Gives space to hotkeys that will never audit it, and moves with every change \
        of stake.";
    const REFERENCES: &'static [&'static str] = &[
        "https://github.com/unconst/storage-subnet, commit c5dd237, partition/allocate.py",
        "Hamilton's method of the largest remainder (Balinski and Young, Fair Representation, 1982)",
    ];
    const WAIVERS: &'static [(&'static str, &'static str)] = &[
        ("splitting", "each hotkey gets the smoothing once more, one TAO by default, as in the prototype"),
        ("owner", "the prototype counts the miner's own hotkey; `with_owner = false` leaves it out"),
    ];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl AllocationPolicy for Stake {
    fn allocate(&self, space: &Space, neurons: &[Neuron]) -> Result<Vec<Share>> {
        let neurons: Vec<&Neuron> =
            neurons.iter().filter(|neuron| self.with_owner || !neuron.is_owner).collect();
        if self.compat {
            let counts = self.prototype_counts(space, &neurons);
            let counts = neurons.iter().map(|neuron| neuron.uid).zip(counts);
            return space.divide_by(&counts.collect::<Vec<_>>());
        }
        let smoothing = u64::from(self.smoothing_tao) * RAO_PER_TAO;
        let weight = |neuron: &&Neuron| (neuron.uid, neuron.stake_rao.saturating_add(smoothing));
        space.divide_by(&neurons.iter().map(weight).collect::<Vec<_>>())
    }
}

impl Stake {
    /// Python and float32, step by step: the stake tensor, its sum, the fraction, the size, the count.
    fn prototype_counts(&self, space: &Space, neurons: &[&Neuron]) -> Vec<u64> {
        let smoothing = self.smoothing_tao as f32;
        let smoothed = |neuron: &&Neuron| (neuron.stake_rao as f64 / RAO_PER_TAO as f64) as f32 + smoothing;
        let stakes: Vec<f32> = neurons.iter().map(smoothed).collect();
        let sum = stakes.iter().map(|&stake| f64::from(stake)).sum::<f64>() as f32;
        let filling = space.cap_bytes as f32;
        let chunks =
            |stake: &f32| ((stake / sum * filling / space.chunk_bytes as f32) as u64).saturating_add(1);
        stakes.iter().map(chunks).collect()
    }
}

plimsoll_sdk::export_plugin!(Stake as allocation_policy);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn neuron(uid: u16, tao: u64) -> Neuron {
        let (hotkey, stake_rao) = (Hotkey([uid as u8; 32]), tao * RAO_PER_TAO);
        Neuron { uid, hotkey, stake_rao, validator_permit: false, is_owner: uid == 0 }
    }

    fn chunks(config: &str, space: &Space, neurons: &[Neuron]) -> Vec<(u16, u64)> {
        let shares = from_json::<Stake>(config).unwrap().allocate(space, neurons).unwrap();
        shares.iter().map(|share| (share.uid, share.bytes / space.chunk_bytes)).collect()
    }

    fn prototype_counts(cap_bytes: u64, neurons: &[Neuron]) -> Vec<u64> {
        let compat = from_json::<Stake>(r#"{"compat": true}"#).unwrap();
        compat.prototype_counts(&space(cap_bytes), &neurons.iter().collect::<Vec<_>>())
    }

    fn space(cap_bytes: u64) -> Space {
        Space { available_bytes: 350_062_551_040, cap_bytes, chunk_bytes: 100_000 }
    }

    #[test]
    fn the_laws_hold() {
        laws::allocation_policy::<Stake>("{}");
        laws::allocation_policy::<Stake>(r#"{"smoothing_tao": 0, "with_owner": false}"#);
        laws::allocation_policy::<Stake>(r#"{"compat": true}"#);
    }

    #[test]
    fn all_chunks_under_the_cap_are_given_by_stake_plus_one() {
        let neurons = [neuron(0, 0), neuron(1, 999), neuron(2, 2999)];
        assert_eq!(chunks("{}", &space(400_199_999), &neurons), [(0, 1), (1, 1000), (2, 3000)]);
        let without = r#"{"with_owner": false}"#;
        assert_eq!(chunks(without, &space(400_000_000), &neurons), [(1, 1000), (2, 3000)]);
    }

    #[test]
    fn compat_counts_as_the_published_code_does() {
        // The prototype's own example: two hotkeys without stake, 35006255 bytes: size 17503128, 176 chunks.
        let pair = [neuron(0, 0), neuron(1, 0)];
        assert_eq!(prototype_counts(35_006_255, &pair), [176, 176]);
        assert_eq!(chunks(r#"{"compat": true}"#, &space(35_006_255), &pair), [(0, 175), (1, 175)]);
    }

    #[test]
    fn compat_stays_under_the_cap_that_the_prototype_overshoots_by_the_known_amount() {
        // 256 hotkeys, 192 without stake, 100 MB: the prototype takes 22 % more than it was allowed.
        let neurons: Vec<Neuron> =
            (0..256).map(|uid| neuron(uid, if uid < 64 { 1000 * u64::from(uid + 1) } else { 0 })).collect();
        assert!((1200..1260).contains(&prototype_counts(100_000_000, &neurons).iter().sum::<u64>()));
        let scaled = chunks(r#"{"compat": true}"#, &space(100_000_000), &neurons);
        assert_eq!(scaled.iter().map(|&(_, n)| n).sum::<u64>(), 1000);
    }
}
