//! `incentive-ema`: the original prototype's moving average, of proven bytes, in integers.
//!
//! score_i ← 0.9 score_i + 0.1 proven_i for every epoch with an audit; weight = score. An epoch in which nobody
//! asked leaves the score of a miner that proved something before; who never did, or is not there at all, loses
//! a tenth with it. The prototype began at the top and ended where answers stopped; here everyone begins at zero,
//! so a fresh hotkey is worth nothing: after n epochs of passing a score has 1 - 0.9^n of the bytes (65 % after
//! 10, 90 % after 22), and loses a tenth with every epoch failed.
//!
//! Memory: a version byte, then for each hotkey with a score its 32 bytes and the score, ascending. It is keyed by
//! hotkey, so nobody inherits the score of a recycled uid; who comes back after some epochs finds what is left of
//! its own. At most 16,384 hotkeys are kept, those with the highest scores.

use plimsoll_sdk::{Digest, Hotkey, IncentiveRule, Outcome, Plugin, PluginError, Result, Round, Standing};
use std::collections::BTreeMap;

plimsoll_sdk::parameters! {
    /// A moving average of the bytes proven.
    pub struct Ema {
        /// Thousandths of the old score that stay after an epoch with an audit.
        keep_permille: u32 = 900, from 0 to 999;
    }
}

const VERSION: u8 = 1;
const ENTRY_BYTES: usize = 40;
const MOST_HOTKEYS: usize = 16_384;

impl Plugin for Ema {
    const NAME: &'static str = "incentive-ema";
    const SUMMARY: &'static str =
        "Pays each miner its moving average of proven bytes, nine tenths old and one tenth new every epoch.";
    const LIMITS: &'static str = "Slow on purpose: a miner that drops its plot still earns two thirds of its \
        score four epochs later.";
    const REFERENCES: &'static [&'static str] =
        &["https://github.com/unconst/storage-subnet, commit c5dd237, neurons/validator.py"];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Ema {
    fn score(&self, miner: &Standing, before: u64) -> u64 {
        if miner.issued == 0 && miner.proven_bytes > 0 {
            return before;
        }
        self.moved(before, miner.proven_bytes)
    }

    fn moved(&self, before: u64, towards: u64) -> u64 {
        let keep = u128::from(self.keep_permille);
        let sum = u128::from(before) * keep + u128::from(towards) * (1000 - keep);
        u64::try_from(sum / 1000).unwrap_or(u64::MAX)
    }
}

fn recall(memory: &[u8]) -> Result<BTreeMap<Hotkey, u64>> {
    let foreign = || PluginError::BadInput("the memory was not written by incentive-ema".into());
    let Some((&version, entries)) = memory.split_first() else { return Ok(BTreeMap::new()) };
    let (entries, rest) = entries.as_chunks::<ENTRY_BYTES>();
    if version != VERSION || !rest.is_empty() || !entries.is_sorted_by(|a, b| a[..32] < b[..32]) {
        return Err(foreign());
    }
    let entry = |entry: &[u8; ENTRY_BYTES]| {
        let key: Digest = std::array::from_fn(|at| entry[at]);
        (Hotkey(key), u64::from_le_bytes(std::array::from_fn(|at| entry[32 + at])))
    };
    Ok(entries.iter().map(entry).collect())
}

fn remember(scores: impl IntoIterator<Item = (Hotkey, u64)>) -> Vec<u8> {
    let mut kept: Vec<(Hotkey, u64)> = scores.into_iter().filter(|&(_, score)| score > 0).collect();
    kept.sort_by_key(|&(hotkey, score)| (std::cmp::Reverse(score), hotkey));
    kept.truncate(MOST_HOTKEYS);
    kept.sort();
    let entries = kept.iter().flat_map(|(hotkey, score)| [&hotkey.0[..], &score.to_le_bytes()].concat());
    std::iter::once(VERSION).chain(entries).collect()
}

impl IncentiveRule for Ema {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let before = recall(memory)?;
        // Who has no standing loses what an epoch of failing costs, and no more.
        let mut after: BTreeMap<Hotkey, u64> =
            before.iter().map(|(&hotkey, &score)| (hotkey, self.moved(score, 0))).collect();
        let mut weights = Vec::with_capacity(standings.len());
        for miner in standings {
            let old = before.get(&miner.hotkey).copied().unwrap_or(0);
            let new = self.score(miner, old);
            after.insert(miner.hotkey, new);
            let Standing { issued, passed, .. } = miner;
            let why =
                if *issued == 0 { "not asked".into() } else { format!("{passed} of {issued} audits passed") };
            weights.push(miner.earns(new, format!("score {old} became {new}: {why}")));
        }
        Ok(Outcome { weights, memory: remember(after) })
    }
}

plimsoll_sdk::export_plugin!(Ema as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, LARGEST_MEMORY_BYTES, from_json, laws};

    /// An epoch of one miner.
    #[derive(Clone, Copy, PartialEq)]
    enum Epoch {
        Pass,
        Fail,
        /// Nobody asked, and this many bytes stand from before.
        Unasked(u64),
        Away,
    }
    use Epoch::{Away, Fail, Pass, Unasked};

    fn scores(epochs: &[Epoch]) -> Vec<u64> {
        let (rule, mut draws): (Ema, _) = (from_json("{}").unwrap(), Draws::new("ema", &[]));
        let any = laws::standings(&mut draws, 1)[0];
        let mut memory = Vec::new();
        let mut scores = Vec::new();
        for &epoch in epochs {
            let (issued, passed, proven_bytes) = match epoch {
                Pass => (1, 1, 1000),
                Fail => (1, 0, 0),
                Unasked(bytes) => (0, 0, bytes),
                Away => (0, 0, 0),
            };
            let miner = Standing { issued, passed, claimed_bytes: 1000, proven_bytes, ..any };
            let there = if epoch == Away { &[][..] } else { &[miner] };
            let outcome = rule.weigh(&laws::round(&mut draws, 0), there, &memory).unwrap();
            scores.extend(outcome.weights.iter().map(|weight| weight.value));
            memory = outcome.memory;
        }
        scores
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Ema>("{}");
        laws::incentive_rule::<Ema>(r#"{"keep_permille": 0}"#);
    }

    #[test]
    fn a_score_moves_by_a_tenth_and_rests_where_nobody_asked() {
        let epochs = [Pass, Pass, Unasked(1000), Fail, Fail, Pass];
        assert_eq!(scores(&epochs), [100, 190, 190, 171, 153, 237]);
    }

    #[test]
    fn a_score_without_proven_bytes_does_not_rest() {
        assert_eq!(scores(&[Pass, Unasked(0), Unasked(0)]), [100, 90, 81]);
    }

    #[test]
    fn who_was_away_comes_back_to_what_failing_would_have_left() {
        assert_eq!(scores(&[Pass, Pass, Away, Away, Pass]), [100, 190, 237]);
        assert_eq!(scores(&[Pass, Pass, Fail, Fail, Pass]), [100, 190, 171, 153, 237]);
    }

    #[test]
    fn memory_stays_under_its_bound_while_miners_come_and_go() {
        let (rule, mut draws): (Ema, _) = (from_json("{}").unwrap(), Draws::new("ema", &[]));
        let any = laws::standings(&mut draws, 1)[0];
        let mut memory = Vec::new();
        for epoch in 0..5u64 {
            let miner = |n: u16| {
                let mut key = [0; 32];
                key[..8].copy_from_slice(&(epoch * 5000 + u64::from(n)).to_be_bytes());
                let (hotkey, proven_bytes) = (Hotkey(key), 1 << 40);
                Standing { uid: n, hotkey, issued: 1, passed: 1, claimed_bytes: 1 << 40, proven_bytes, ..any }
            };
            let standings: Vec<Standing> = (0..5000).map(miner).collect();
            memory = rule.weigh(&laws::round(&mut draws, epoch), &standings, &memory).unwrap().memory;
            assert!(memory.len() <= LARGEST_MEMORY_BYTES);
            assert_eq!(recall(&memory).unwrap().len(), MOST_HOTKEYS.min(5000 * (epoch as usize + 1)));
        }
    }

    #[test]
    fn memory_of_any_subnet_stays_under_its_bound_and_comes_back() {
        let scores: BTreeMap<Hotkey, u64> = (0..40_000u64)
            .map(|n| {
                let mut key = [0; 32];
                key[..8].copy_from_slice(&n.to_be_bytes());
                (Hotkey(key), n)
            })
            .collect();
        let memory = remember(scores.clone());
        assert!(memory.len() <= LARGEST_MEMORY_BYTES);
        let recalled = recall(&memory).unwrap();
        assert_eq!(recalled.len(), MOST_HOTKEYS);
        assert!(recalled.iter().all(|(hotkey, score)| scores[hotkey] == *score && *score >= 40_000 - 16_384));
    }

    #[test]
    fn memory_that_another_rule_wrote_is_refused() {
        let one = [&[VERSION][..], &[7; 40]].concat();
        assert_eq!(recall(&one).unwrap().len(), 1);
        for foreign in [&b"x"[..], &one[..40], &[&one[..], &[7; 40]].concat()] {
            assert!(matches!(recall(foreign), Err(PluginError::BadInput(_))));
        }
    }
}
