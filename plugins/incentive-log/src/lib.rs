//! `incentive-log`: the logarithm of bandwidth and storage, the rule of Hippius and its Arion (subnet 75).
//!
//! node = 700/127 × (0.7 log2(1 + bandwidth) + 0.3 log2(1 + storage)) × uptime − 50 strikes − 100 integrity failures,
//! at least 0. A family is a coldkey: its ten best nodes count with 1, 0.8, 0.64 and so on. weight ← 0.7 weight +
//! 0.3 of what the node adds to its family, for every epoch with an audit; in 256ths of a point.
//!
//! Standings have no bandwidth: proven bytes a millisecond of the median answer stand for it. Storage is the bytes
//! proven, uptime the share of audits that were answered at all, a strike an answer after the deadline, an integrity
//! failure a wrong one. Left out: the clamp of changes, the newcomers' floor of 10 points, and the split of the pool
//! (1 % to miners at that commit). The average is kept by hotkey, not by family, so that nobody inherits.
//!
//! Integers: logarithms in 256ths, rounded down. Memory: the weight by hotkey.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use plimsoll_sdk::{Hotkey, IncentiveRule, Outcome, Plugin, Remembered, Result, Round, Standing};

plimsoll_sdk::parameters! {
    /// The logarithm of bandwidth and storage.
    pub struct Log {
        /// Thousandths of the logarithms' sum that go by bandwidth, the rest by storage.
        bandwidth_permille: u32 = 700, from 0 to 1_000;
        /// Thousandths that a node counts of what the one before it in its family counts.
        decay_permille: u32 = 800, from 0 to 1_000;
        /// Nodes of a family that count.
        family_nodes: u32 = 10, from 1 to 65_535;
        /// Thousandths of the old weight that stay after an epoch with an audit.
        keep_permille: u32 = 700, from 0 to 999;
    }
}

const TAG: [u8; 4] = *b"log1";
/// One point of a node's score.
const POINT: u64 = 256;
const SCALE: u64 = 700;
const HIGHEST_LOG2: u64 = 127;
const STRIKE_POINTS: u64 = 50;
const INTEGRITY_POINTS: u64 = 100;

impl Plugin for Log {
    const NAME: &'static str = "incentive-log";
    const SUMMARY: &'static str =
        "Pays the logarithm of bandwidth and storage, a family's further nodes ever less, as Hippius does.";
    const LIMITS: &'static str = "A thousand times the bytes earn hardly twice as much, so whoever splits a plot over \
        hotkeys wins: up to 4.5 times within a coldkey, without bound over many.";
    const REFERENCES: &'static [&'static str] = &[
        "https://github.com/thenervelab/thebrain, commit 5cd3fea, pallets/arion-pallet",
        "https://github.com/thenervelab/arion, commit aa57254, arion-pallet",
    ];
    const WAIVERS: &'static [(&'static str, &'static str)] = &[
        (
            "splitting",
            "a logarithm of half is hardly less than that of all, and each coldkey is a family of its own",
        ),
        (
            "splitting-coldkey",
            "a family's second node counts eight tenths of the first, and halving costs far less",
        ),
    ];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Log {
    /// In 256ths of a point.
    fn node(&self, miner: &Standing) -> u64 {
        let Standing { proven_bytes, issued, failed, late, absent, .. } = *miner;
        let bandwidth = proven_bytes / u64::from(miner.latency_p50_ms.max(1));
        let by_bandwidth = u64::from(self.bandwidth_permille);
        let blend =
            log2_of_1_plus(bandwidth) * by_bandwidth + log2_of_1_plus(proven_bytes) * (1000 - by_bandwidth);
        let raw = blend * SCALE / (1000 * HIGHEST_LOG2);
        let up = raw * u64::from(issued.saturating_sub(absent)) / u64::from(issued.max(1));
        let penalty = STRIKE_POINTS * u64::from(late) + INTEGRITY_POINTS * u64::from(failed);
        up.saturating_sub(penalty.saturating_mul(POINT))
    }

    /// What each asked node adds to its family, in 256ths of a point.
    fn parts(&self, standings: &[Standing]) -> BTreeMap<Hotkey, u64> {
        let mut families: BTreeMap<Hotkey, Vec<(Reverse<u64>, Hotkey)>> = BTreeMap::new();
        for miner in standings.iter().filter(|miner| miner.issued > 0) {
            families.entry(miner.coldkey).or_default().push((Reverse(self.node(miner)), miner.hotkey));
        }
        let mut parts = BTreeMap::new();
        for nodes in families.values_mut() {
            nodes.sort_unstable();
            let mut counts_millionths = 1_000_000;
            for (rank, (Reverse(score), hotkey)) in (0..).zip(nodes) {
                let counts = if rank < self.family_nodes { counts_millionths } else { 0 };
                parts.insert(*hotkey, *score * counts / 1_000_000);
                counts_millionths = counts_millionths * u64::from(self.decay_permille) / 1000;
            }
        }
        parts
    }

    fn moved(&self, before: u64, towards: u64) -> u64 {
        let keep = u64::from(self.keep_permille);
        (before.saturating_mul(keep) + towards * (1000 - keep)) / 1000
    }
}

/// log2(1 + x) in 256ths, rounded down: eight more bits by squaring eight times.
fn log2_of_1_plus(x: u64) -> u64 {
    let above = u128::from(x) + 1;
    let whole = above.ilog2();
    // From 1 to 2 as 63 bits behind the point.
    let mut rest = if whole <= 63 { above << (63 - whole) } else { above >> (whole - 63) };
    let mut log = u64::from(whole);
    for _ in 0..8 {
        rest = (rest * rest) >> 63;
        let bit = rest >> 64;
        rest >>= bit;
        log = log << 1 | u64::from(bit == 1);
    }
    log
}

impl IncentiveRule for Log {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let before = Remembered::<1>::recall(TAG, memory)?;
        let parts = self.parts(standings);
        let mut after = before.clone();
        after.change_all(|[weight]| *weight = self.moved(*weight, 0));
        let mut weights = Vec::with_capacity(standings.len());
        for miner in standings {
            let [old] = before.of(&miner.hotkey).unwrap_or_default();
            let part = parts.get(&miner.hotkey);
            let new = match part {
                None if miner.proven_bytes > 0 => old,
                part => self.moved(old, part.copied().unwrap_or(0)),
            };
            after.set(miner.hotkey, [new]);
            let why = part.map_or_else(|| "not asked".into(), |part| format!("adds {part} to its family"));
            weights.push(miner.earns(new, format!("weight {old} became {new}, in 256ths of a point: {why}")));
        }
        Ok(Outcome { weights, memory: after.to_memory() })
    }
}

plimsoll_sdk::export_plugin!(Log as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, from_json, laws};

    fn miner(uid: u8, coldkey: u8, proven_bytes: u64) -> Standing {
        let any = laws::standings(&mut Draws::new("log", &[]), 1)[0];
        Standing {
            uid: uid.into(),
            hotkey: Hotkey([uid; 32]),
            coldkey: Hotkey([coldkey; 32]),
            proven_bytes,
            issued: 4,
            passed: 4,
            failed: 0,
            late: 0,
            absent: 0,
            latency_p50_ms: 16,
            ..any
        }
    }

    fn values(config: &str, standings: &[Standing]) -> Vec<u64> {
        laws::earnings::<Log>(config, &[standings]).remove(0)
    }

    const AT_ONCE: &str = r#"{"keep_permille": 0}"#;

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Log>("{}");
        laws::incentive_rule::<Log>(r#"{"keep_permille": 0, "decay_permille": 0, "family_nodes": 1}"#);
    }

    #[test]
    fn logarithms_have_eight_bits_behind_the_point() {
        // log2 of 1, 2, 3, 1000, 2^40 and 2^64: 0, 1, 1.58496, 9.96578, 40 and 64, times 256.
        let found = [0, 1, 2, 999, (1 << 40) - 1, u64::MAX].map(log2_of_1_plus);
        assert_eq!(found, [0, 256, 405, 2_551, 10_240, 16_384]);
    }

    #[test]
    fn a_node_is_paid_by_the_logarithms_of_its_bandwidth_and_storage() {
        // By hand: 2^36 - 1 bytes in 16 ms are 2^32 - 1 a millisecond; 0.7 × 32 + 0.3 × 36 = 33.2 bits, times
        // 700/127 = 182.992 points, in 256ths 46845.98. A thousandth of the bytes still earns 70 %.
        assert_eq!(values(AT_ONCE, &[miner(0, 0, (1 << 36) - 1)]), [46_845]);
        // 0.7 × 22 + 0.3 × 26 = 23.2 bits, 32735.7.
        assert_eq!(values(AT_ONCE, &[miner(0, 0, (1 << 26) - 1)]), [32_735]);
        assert_eq!(values("{}", &[miner(0, 0, (1 << 36) - 1)]), [46_845 * 3 / 10]);
    }

    #[test]
    fn wrong_late_and_missing_answers_cost_points_and_uptime() {
        let whole = miner(0, 0, (1 << 36) - 1);
        let with = |failed, late, absent| Standing { passed: 3, failed, late, absent, ..whole };
        let found = [with(1, 0, 0), with(0, 1, 0), with(0, 0, 1)].map(|miner| values(AT_ONCE, &[miner])[0]);
        assert_eq!(found, [46_845 - 25_600, 46_845 - 12_800, 46_845 * 3 / 4]);
    }

    #[test]
    fn a_familys_further_nodes_count_eight_tenths_each_and_the_eleventh_nothing() {
        let family: Vec<Standing> = (0..12).map(|uid| miner(uid, 7, (1 << 36) - 1)).collect();
        let found = values(AT_ONCE, &family);
        assert_eq!(found[..3], [46_845, 37_476, 29_980]);
        assert_eq!(found[9..], [46_845 * 134_217 / 1_000_000, 0, 0]);
        let strangers: Vec<Standing> = (0..3).map(|uid| miner(uid, uid, (1 << 36) - 1)).collect();
        assert_eq!(values(AT_ONCE, &strangers), [46_845; 3]);
    }

    #[test]
    fn who_was_not_asked_rests_and_who_is_away_forgets() {
        let (rule, mut draws): (Log, _) = (from_json("{}").unwrap(), Draws::new("log", &[]));
        let asked = miner(0, 0, (1 << 36) - 1);
        let unasked = Standing { issued: 0, passed: 0, latency_p50_ms: 0, ..asked };
        let mut memory = Vec::new();
        let mut found = Vec::new();
        for there in [&[asked][..], &[unasked], &[], &[unasked]] {
            let outcome = rule.weigh(&laws::round(&mut draws, 0), there, &memory).unwrap();
            found.extend(outcome.weights.iter().map(|weight| weight.value));
            memory = outcome.memory;
        }
        assert_eq!(found, [14_053, 14_053, 9_837]);
    }
}
