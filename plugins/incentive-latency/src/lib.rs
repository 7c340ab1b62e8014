//! `incentive-latency`: bytes over response time, the rule of tensorage (subnet 7).
//!
//! score_i ← 0.9 score_i + 0.1 proven_i / (1 + t_i), t_i = (ms_i - fastest) / (slowest - fastest); weight = score.
//! t is 1 for all where all are equally fast. ms_i is the median of answers in time; who answered nothing counts
//! with 20 seconds, as there. Only who was asked in the epoch sets the fastest and the slowest.
//!
//! tensorage counts the chunks of 4 MiB that it believes a miner has; here it is the bytes that were proven, on
//! another scale only. Its estimate of them (+10 GB after a success, -1 GB after a failure) is left out, since
//! claims are committed to here. A miner that nobody asked keeps its score; who is not there loses a tenth an epoch.
//!
//! Integers: t in millionths, scores in bytes, both rounded down. Memory: the score by hotkey.

use plimsoll_sdk::{IncentiveRule, Outcome, Plugin, Remembered, Result, Round, Standing, Weight};

plimsoll_sdk::parameters! {
    /// Bytes over response time.
    pub struct Latency {
        /// Thousandths of the old score that stay after an epoch with an audit.
        keep_permille: u32 = 900, from 0 to 999;
        /// Milliseconds that count for a miner that answered nothing, and the most that count for any.
        silent_ms: u32 = 20_000, from 1 to 3_600_000;
    }
}

const TAG: [u8; 4] = *b"lat1";
const MILLION: u64 = 1_000_000;

const SLOWEST: &str = "times are measured against the slowest miner: one hotkey that never answers makes all other \
    answers look fast, and pays whoever is slow";

impl Plugin for Latency {
    const NAME: &'static str = "incentive-latency";
    const SUMMARY: &'static str = "Pays proven bytes over one plus the response time, between the fastest and the slowest, as tensorage does.";
    const LIMITS: &'static str = "Times count against the slowest and for half of the pay at most: a silent hotkey of \
        one's own makes one's slow answers look fast, and who regenerates quickly is paid as who reads.";
    const REFERENCES: &'static [&'static str] =
        &["https://github.com/tensorage/tensorage, commit d9cdd3f, neurons/validator.py"];
    const WAIVERS: &'static [(&'static str, &'static str)] =
        &[("splitting", SLOWEST), ("splitting-coldkey", SLOWEST)];
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }
}

impl Latency {
    fn time_ms(&self, miner: &Standing) -> u32 {
        let answered = miner.passed > 0 || miner.failed > 0;
        if answered { miner.latency_p50_ms.min(self.silent_ms) } else { self.silent_ms }
    }

    fn moved(&self, before: u64, towards: u64) -> u64 {
        let keep = u128::from(self.keep_permille);
        let sum = u128::from(before) * keep + u128::from(towards) * (1000 - keep);
        u64::try_from(sum / 1000).unwrap_or(u64::MAX)
    }
}

/// (ms - fastest) / (slowest - fastest) in millionths.
fn between(ms: u32, fastest: u32, slowest: u32) -> u64 {
    let above = u64::from(ms.saturating_sub(fastest)) * MILLION;
    above.checked_div(u64::from(slowest.saturating_sub(fastest))).unwrap_or(MILLION)
}

/// bytes / (1 + t).
fn slowed(bytes: u64, t_millionths: u64) -> u64 {
    let paid = u128::from(bytes) * u128::from(MILLION) / u128::from(MILLION + t_millionths);
    u64::try_from(paid).unwrap_or(bytes)
}

impl IncentiveRule for Latency {
    fn weigh(&self, _round: &Round, standings: &[Standing], memory: &[u8]) -> Result<Outcome> {
        let before = Remembered::<1>::recall(TAG, memory)?;
        let times = || standings.iter().filter(|miner| miner.issued > 0).map(|miner| self.time_ms(miner));
        let (fastest, slowest) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let mut after = before.clone();
        after.change_all(|[score]| *score = self.moved(*score, 0));
        let weigh = |miner: &Standing| -> Weight {
            let [old] = before.of(&miner.hotkey).unwrap_or_default();
            let (new, why) = if miner.issued > 0 {
                let (ms, t) = (self.time_ms(miner), between(self.time_ms(miner), fastest, slowest));
                let new = self.moved(old, slowed(miner.proven_bytes, t));
                (
                    new,
                    format!(
                        "{} bytes in {ms} ms, {t} millionths of the way to the slowest",
                        miner.proven_bytes
                    ),
                )
            } else if miner.proven_bytes > 0 {
                (old, "not asked".to_owned())
            } else {
                (self.moved(old, 0), "not asked, and nothing proven".to_owned())
            };
            after.set(miner.hotkey, [new]);
            miner.earns(new, format!("score {old} became {new}: {why}"))
        };
        let weights = standings.iter().map(weigh).collect();
        Ok(Outcome { weights, memory: after.to_memory() })
    }
}

plimsoll_sdk::export_plugin!(Latency as incentive_rule);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::{Draws, Hotkey, laws};

    fn miner(uid: u8, proven_bytes: u64, ms: u32) -> Standing {
        let any = laws::standings(&mut Draws::new("latency", &[]), 1)[0];
        let (issued, passed) = (4, if proven_bytes > 0 { 4 } else { 0 });
        Standing {
            uid: uid.into(),
            hotkey: Hotkey([uid; 32]),
            claimed_bytes: 8_000,
            proven_bytes,
            issued,
            passed,
            failed: 0,
            late: 0,
            absent: issued - passed,
            latency_p50_ms: ms,
            ..any
        }
    }

    #[test]
    fn the_laws_hold() {
        laws::incentive_rule::<Latency>("{}");
        laws::incentive_rule::<Latency>(r#"{"keep_permille": 0, "silent_ms": 1}"#);
    }

    #[test]
    fn bytes_are_divided_by_one_plus_the_time_between_the_fastest_and_the_slowest() {
        // By hand: t = 0, 1/4 and 1, so 8000/1, 8000/1.25 and 8000/2; a tenth of each at first.
        let crowd = [miner(0, 8_000, 100), miner(1, 8_000, 200), miner(2, 8_000, 500)];
        assert_eq!(
            laws::earnings::<Latency>("{}", &[&crowd, &crowd]),
            [[800, 640, 400], [1_520, 1_216, 760]]
        );
        assert_eq!(laws::earnings::<Latency>(r#"{"keep_permille": 0}"#, &[&crowd]), [[8_000, 6_400, 4_000]]);
    }

    #[test]
    fn where_all_are_equally_fast_all_are_halved() {
        let crowd = [miner(0, 8_000, 70), miner(1, 4_000, 70)];
        assert_eq!(laws::earnings::<Latency>(r#"{"keep_permille": 0}"#, &[&crowd]), [[4_000, 2_000]]);
    }

    #[test]
    fn a_silent_hotkey_makes_a_slow_miner_look_fast() {
        let slow = [miner(0, 8_000, 100), miner(1, 8_000, 1_100)];
        assert_eq!(laws::earnings::<Latency>(r#"{"keep_permille": 0}"#, &[&slow]), [[8_000, 4_000]]);
        // t of the slow one falls from 1 to 1000/19900 = 0.050251, and 8000/1.050251 = 7617.2.
        let with_a_silent_one = [slow[0], slow[1], miner(2, 0, 0)];
        assert_eq!(
            laws::earnings::<Latency>(r#"{"keep_permille": 0}"#, &[&with_a_silent_one]),
            [[8_000, 7_617, 0]]
        );
    }

    #[test]
    fn who_was_not_asked_rests_and_who_is_away_loses_a_tenth() {
        let (one, other) = (miner(0, 10_000, 5), miner(1, 10_000, 5));
        let unasked = Standing { issued: 0, passed: 0, absent: 0, latency_p50_ms: 0, ..one };
        let values = laws::earnings::<Latency>("{}", &[&[one, other], &[unasked], &[unasked, other]]);
        // One asked alone is the fastest and the slowest; the other's 500 became 450 while it was away.
        assert_eq!(values, [vec![500, 500], vec![500], vec![500, 905]]);
    }
}
