//! How two rules pay the same round.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_core::{BlockNumber, Digest, Epoch, Round, Uid};
use plimsoll_plugin::Incentive;
use serde::Serialize;

use super::super::Weighed;

/// The version of a line.
const FORMAT: u32 = 1;
/// A whole, in parts per million.
const WHOLE_PPM: u128 = 1_000_000;

/// One round under the live rule and under the shadow: a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// 1.
    pub format: u32,
    /// Which round.
    pub epoch: Epoch,
    /// Its block.
    pub block: BlockNumber,
    /// The shadow.
    pub rule: RuleName,
    /// Half the sum of what each miner's share of all weights changes by: the part of the pay that would go to
    /// somebody else, in parts per million. All of it where only one of the two rules pays anyone.
    pub total_variation_ppm: u32,
    /// Miners whose share is larger under the shadow, the largest gain first.
    pub gains: Vec<Uid>,
    /// Miners whose share is smaller, the largest loss first.
    pub loses: Vec<Uid>,
    /// Every miner of the round.
    pub miners: Vec<Pair>,
    /// Why the shadow gave no weights; then nothing is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A rule with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleName {
    /// What it calls itself.
    pub name: String,
    /// BLAKE3 of its component.
    pub plugin: Digest,
    /// BLAKE3 of its parameters' canonical JSON.
    pub params_digest: Digest,
}

/// What a rule gives a miner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paid {
    /// Who.
    pub uid: Uid,
    /// Out of 65535.
    pub weight: u16,
    /// Why, as the rule says.
    pub reason: String,
}

/// A miner under both rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Who.
    pub uid: Uid,
    /// What goes on chain.
    pub live_weight: u16,
    /// Why.
    pub live_reason: String,
    /// What the shadow would set.
    pub shadow_weight: u16,
    /// Why.
    pub shadow_reason: String,
}

impl RuleName {
    pub(super) fn of(rule: &Incentive) -> Self {
        let name = rule.descriptor().name.clone();
        Self { name, plugin: rule.digest(), params_digest: rule.params_digest() }
    }
}

impl Difference {
    /// Compares what was paid with what the shadow says.
    pub(super) fn between(round: &Round, rule: RuleName, live: &[Paid], ours: &Weighed) -> Self {
        let weights: BTreeMap<Uid, u16> = ours.weights.iter().copied().collect();
        let reasons: BTreeMap<Uid, &str> = ours.raw.iter().map(|w| (w.uid, w.reason.as_str())).collect();
        let pair = |paid: &Paid| Pair {
            uid: paid.uid,
            live_weight: paid.weight,
            live_reason: paid.reason.clone(),
            shadow_weight: weights.get(&paid.uid).copied().unwrap_or(0),
            shadow_reason: reasons.get(&paid.uid).copied().unwrap_or_default().to_owned(),
        };
        let miners: Vec<Pair> = live.iter().map(pair).collect();
        let shares = Shares::of(&miners);
        let (gains, loses) = (shares.ranked(&miners, 1), shares.ranked(&miners, -1));
        let total_variation_ppm = shares.total_variation_ppm(&miners);
        let Round { epoch, block, .. } = *round;
        Self { format: FORMAT, epoch, block, rule, total_variation_ppm, gains, loses, miners, error: None }
    }

    /// A round in which the shadow broke down.
    pub(super) fn broken(round: &Round, rule: RuleName, why: String) -> Self {
        let Round { epoch, block, .. } = *round;
        Self {
            format: FORMAT,
            epoch,
            block,
            rule,
            total_variation_ppm: 0,
            gains: Vec::new(),
            loses: Vec::new(),
            miners: Vec::new(),
            error: Some(why),
        }
    }

    /// A line for each miner that is paid otherwise, and one for the round, which names the file with all.
    pub(super) fn log(&self, file: &Path) {
        let (epoch, rule, file) = (self.epoch, &self.rule.name, file.display());
        if let Some(error) = &self.error {
            tracing::warn!(%epoch, rule, error, %file, "the shadow rule gave no weights; the live ones stand");
            return;
        }
        for Pair { uid, live_weight, live_reason, shadow_weight, shadow_reason } in &self.miners {
            if live_weight != shadow_weight {
                tracing::info!(%epoch, %uid, live_weight, shadow_weight, live_reason, shadow_reason, "paid otherwise");
            }
        }
        let percent = f64::from(self.total_variation_ppm) / 10_000.0;
        tracing::info!(
            %epoch, rule, gains = some(&self.gains), loses = some(&self.loses), %file,
            "the shadow rule would pay {percent:.2} % to others"
        );
    }
}

/// The first of a list, for a line.
fn some(uids: &[Uid]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = uids.iter().take(SHOWN).map(ToString::to_string).collect();
    match uids.len().saturating_sub(SHOWN) {
        0 if shown.is_empty() => "nobody".into(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The sums that shares are parts of.
struct Shares {
    live: u128,
    shadow: u128,
}

impl Shares {
    fn of(miners: &[Pair]) -> Self {
        let sum = |of: fn(&Pair) -> u16| miners.iter().map(|pair| u128::from(of(pair))).sum();
        Self { live: sum(|pair| pair.live_weight), shadow: sum(|pair| pair.shadow_weight) }
    }

    /// What a miner's share grows by under the shadow, in parts of `live` · `shadow`, exact; a rule that pays nobody
    /// gives shares of nothing. At most 2^16 weights of 16 bits: no product comes near 128 bits.
    fn change(&self, pair: &Pair) -> i128 {
        let (before, after) = (u128::from(pair.live_weight), u128::from(pair.shadow_weight));
        let parts = |weight: u128, of: u128| i128::try_from(weight * of).unwrap_or(i128::MAX);
        parts(after, self.live.max(1)) - parts(before, self.shadow.max(1))
    }

    fn total_variation_ppm(&self, miners: &[Pair]) -> u32 {
        match (self.live, self.shadow) {
            (0, 0) => return 0,
            (0, _) | (_, 0) => return u32::try_from(WHOLE_PPM).unwrap_or(u32::MAX),
            _ => {}
        }
        let moved: u128 = miners.iter().map(|pair| self.change(pair).unsigned_abs()).sum();
        u32::try_from(moved * WHOLE_PPM / (2 * self.live * self.shadow)).unwrap_or(u32::MAX)
    }

    /// Who changes in the direction of `sign`, the largest change first.
    fn ranked(&self, miners: &[Pair], sign: i128) -> Vec<Uid> {
        let changes = miners.iter().map(|pair| (self.change(pair) * sign, pair.uid));
        let mut changed: Vec<(i128, Uid)> = changes.filter(|(change, _)| *change > 0).collect();
        changed.sort_by_key(|&(change, uid)| (std::cmp::Reverse(change), uid));
        changed.into_iter().map(|(_, uid)| uid).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(weights: &[(u16, u16)]) -> Vec<Pair> {
        let pair = |(uid, &(live_weight, shadow_weight)): (u16, &(u16, u16))| Pair {
            uid: Uid(uid),
            live_weight,
            live_reason: String::new(),
            shadow_weight,
            shadow_reason: String::new(),
        };
        (0..).zip(weights).map(pair).collect()
    }

    fn compared(weights: &[(u16, u16)]) -> (u32, Vec<u16>, Vec<u16>) {
        let miners = pairs(weights);
        let shares = Shares::of(&miners);
        let uids = |sign| shares.ranked(&miners, sign).iter().map(|uid| uid.0).collect();
        (shares.total_variation_ppm(&miners), uids(1), uids(-1))
    }

    #[test]
    fn a_distance_is_the_part_of_the_pay_that_goes_to_others() {
        assert_eq!(compared(&[(65535, 65535), (0, 0)]), (0, vec![], vec![]));
        assert_eq!(compared(&[(65535, 0), (0, 65535)]), (1_000_000, vec![1], vec![0]));
        // Halves become a third and two thirds: a sixth moves.
        assert_eq!(compared(&[(60000, 30000), (60000, 60000)]), (166_666, vec![1], vec![0]));
        // The same shares on another scale.
        assert_eq!(compared(&[(65534, 2), (32767, 1)]), (0, vec![], vec![]));
        assert_eq!(compared(&[(1, 0), (1, 0)]), (1_000_000, vec![], vec![0, 1]));
        assert_eq!(compared(&[(0, 0)]), (0, vec![], vec![]));
        assert_eq!(compared(&[]), (0, vec![], vec![]));
    }

    proptest! {
        #[test]
        fn a_distance_is_symmetric_and_between_nothing_and_all(
            weights in proptest::collection::vec((any::<u16>(), any::<u16>()), 0..50)
        ) {
            let turned: Vec<_> = weights.iter().map(|&(live, shadow)| (shadow, live)).collect();
            let ((there, gains, loses), (back, lost, gained)) = (compared(&weights), compared(&turned));
            prop_assert!(there <= 1_000_000);
            prop_assert_eq!((there, gains, loses), (back, gained, lost));
        }
    }

    #[test]
    fn a_long_list_is_cut_in_a_line() {
        assert_eq!(some(&[]), "nobody");
        assert_eq!(some(&[Uid(3), Uid(1)]), "3, 1");
        let many: Vec<Uid> = (0..12).map(Uid).collect();
        assert_eq!(some(&many), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
