//! What a scenario may have at most: so that no file, however it came here, takes all memory, wraps a sum, or begins
//! an epoch that nobody sees the end of.

use super::read::{Step, Wrong};
use super::{Miners, Scenario, Strategy};

use Step::{At, Key};

const MOST_EPOCHS: u64 = 1_000_000;
const MOST_TEMPO_BLOCKS: u64 = 1_000_000;
const MOST_BLOCK_MS: u64 = 1_000_000_000;
/// Every epoch keeps a few numbers of every group.
const MOST_GROUP_EPOCHS: u64 = 10_000_000;
/// As many as uids can tell apart.
const MOST_HOTKEYS: u64 = 1 << 16;
/// More than ten times all TAO that there can be, and no sum in rao wraps.
const MOST_STAKE_TAO: u128 = 10_000_000_000;
/// Of times in milliseconds, bytes and pay in rao: no sum of them wraps.
const MOST_SUM: u128 = 1 << 63;
const LEAST_PRICE: f64 = 1e-12;
const MOST_PRICE: f64 = 1e12;

impl Scenario {
    /// The first thing of which there is too much.
    pub(super) fn out_of_bounds(&self) -> Option<Wrong> {
        self.too_long().or_else(|| self.too_much_stake()).or_else(|| self.too_many_miners())
    }

    fn too_long(&self) -> Option<Wrong> {
        let subnet = &self.subnet;
        let section = |key| vec![Key("subnet"), Key(key)];
        for (path, key, found, most) in [
            (vec![Key("epochs")], "epochs", self.epochs, MOST_EPOCHS),
            (section("tempo_blocks"), "tempo_blocks", subnet.tempo_blocks, MOST_TEMPO_BLOCKS),
            (section("block_ms"), "block_ms", subnet.block_ms, MOST_BLOCK_MS),
        ] {
            if found > most {
                return Some(Wrong { path, what: format!("`{key}` must be {most} or less, it is {found}") });
            }
        }
        let groups = self.miners.len() as u64;
        if self.epochs.saturating_mul(groups) > MOST_GROUP_EPOCHS {
            let most = MOST_GROUP_EPOCHS / groups;
            let what = format!(
                "with {groups} [[miners]] tables `epochs` must be {most} or less, it is {}",
                self.epochs
            );
            return Some(Wrong { path: vec![Key("epochs")], what });
        }
        let blocks = u128::from(self.epochs) * u128::from(subnet.tempo_blocks);
        for (key, of_block, what) in [
            ("block_ms", subnet.block_ms, "milliseconds"),
            ("alpha_per_block_rao", subnet.alpha_per_block_rao, "rao"),
        ] {
            let all = blocks * u128::from(of_block);
            if all >= MOST_SUM {
                let what =
                    format!("`{key}` times {blocks} blocks are {all} {what}, and a run counts to 2^63");
                return Some(Wrong { path: section(key), what });
            }
        }
        None
    }

    fn too_much_stake(&self) -> Option<Wrong> {
        let mut all = 0;
        for (at, group) in self.validators.iter().enumerate() {
            all += u128::from(group.stake_tao) * u128::from(group.count);
            if all > MOST_STAKE_TAO {
                let what = format!(
                    "all validators have {all} TAO with these, at most {MOST_STAKE_TAO} can be counted"
                );
                return Some(Wrong { path: vec![Key("validators"), At(at), Key("stake_tao")], what });
            }
        }
        None
    }

    fn too_many_miners(&self) -> Option<Wrong> {
        let (mut hotkeys, mut bytes) = (0, 0);
        for (at, group) in self.miners.iter().enumerate() {
            let path = |key| vec![Key("miners"), At(at), Key(key)];
            let count = u64::from(group.count) * u64::from(group.hotkeys());
            hotkeys += count;
            if hotkeys > MOST_HOTKEYS {
                let many = match group.strategy {
                    Strategy::Sybil { hotkeys } if hotkeys > group.count => {
                        vec![Key("miners"), At(at), Key("strategy"), Key("sybil"), Key("hotkeys")]
                    }
                    _ => path("count"),
                };
                let what = format!(
                    "all miners have {hotkeys} hotkeys with the {count} of `{}`, at most {MOST_HOTKEYS} can be lived through",
                    group.name
                );
                return Some(Wrong { path: many, what });
            }
            bytes += u128::from(most_bytes(group)) * u128::from(count);
            if bytes >= MOST_SUM {
                let what = format!(
                    "all miners claim {bytes} bytes with those of `{}`, and a run counts to 2^63",
                    group.name
                );
                return Some(Wrong { path: path("bytes"), what });
            }
        }
        None
    }
}

/// What one hotkey of the group may come to claim.
fn most_bytes(group: &Miners) -> u64 {
    match group.strategy {
        Strategy::Growing { up_to, .. } => group.bytes.0.max(up_to.0),
        _ => group.bytes.0,
    }
}

/// What is wrong with a price: with others its sums would be infinite, or no numbers.
pub(super) fn price(found: f64, path: Vec<Step>) -> Option<Wrong> {
    let is_price = found == 0.0 || (LEAST_PRICE..=MOST_PRICE).contains(&found);
    (!is_price).then(|| {
        let key = super::read::name(&path);
        let what =
            format!("{key} must be 0 dollars, or from {LEAST_PRICE:e} to {MOST_PRICE:e}, it is {found:?}");
        Wrong { path, what }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a scenario with these lines among its own, behind its name.
    fn said(top: &str, validators: &str, miners: &str) -> String {
        let text = format!(
            "about = \"x\"\n{top}\nplugins.rule = \"r\"\nplugins.scheme = \"s\"\n[[validators]]\nname = \"v\"\n{validators}\n\
             [[miners]]\nname = \"m\"\n{miners}\n"
        );
        match Scenario::read("s", &text) {
            Ok(_) => "good".into(),
            Err(error) => error.to_string(),
        }
    }

    const SMALL: &str = "bytes = 1";

    #[test]
    fn a_run_that_nobody_would_see_the_end_of_is_refused_at_its_line() {
        assert_eq!(
            said("epochs = 1_000_001", "", SMALL),
            "s:2:10: `epochs` must be 1000000 or less, it is 1000001"
        );
        assert_eq!(
            said("subnet.tempo_blocks = 9_000_000_000_000_000_000", "", SMALL),
            "s:2:23: `tempo_blocks` must be 1000000 or less, it is 9000000000000000000"
        );
        assert_eq!(
            said("subnet.block_ms = 1_000_000_001", "", SMALL),
            "s:2:19: `block_ms` must be 1000000000 or less, it is 1000000001"
        );
        let long = "epochs = 1_000_000\nsubnet = { tempo_blocks = 1_000_000, block_ms = 1_000_000_000 }";
        assert_eq!(
            said(long, "", SMALL),
            "s:3:49: `block_ms` times 1000000000000 blocks are 1000000000000000000000 milliseconds, and a run counts to 2^63"
        );
        assert_eq!(
            said("subnet.alpha_per_block_rao = 9_000_000_000_000_000_000", "", SMALL),
            "s:2:30: `alpha_per_block_rao` times 36000 blocks are 324000000000000000000000 rao, and a run counts to 2^63"
        );
        let groups: String = (0..10).map(|n| format!("\n[[miners]]\nname = \"{n}\"\nbytes = 1")).collect();
        assert_eq!(
            said("epochs = 1_000_000", "", &(SMALL.to_owned() + &groups)),
            "s:2:10: with 11 [[miners]] tables `epochs` must be 909090 or less, it is 1000000"
        );
        assert_eq!(said("epochs = 1_000_000", "", SMALL), "good");
    }

    #[test]
    fn more_hotkeys_than_memory_holds_are_refused_at_their_line() {
        let late = "bytes = 1\njoins_epoch = 1\n";
        let sybil =
            |hotkeys: &str| said("", "", &format!("{late}strategy.sybil = {{ hotkeys = {hotkeys} }}"));
        assert_eq!(
            sybil("4_000_000_000"),
            "s:12:30: all miners have 4000000000 hotkeys with the 4000000000 of `m`, at most 65536 can be lived through"
        );
        assert_eq!(sybil("65_536"), "good");
        assert_eq!(
            said("", "", &format!("{late}count = 4_000_000_000")),
            "s:12:9: all miners have 4000000000 hotkeys with the 4000000000 of `m`, at most 65536 can be lived through"
        );
        let both = format!(
            "{late}count = 256\nstrategy.sybil = {{ hotkeys = 256 }}\n[[miners]]\nname = \"n\"\n{late}"
        );
        assert_eq!(
            said("", "", &both),
            "s:14:1: all miners have 65537 hotkeys with the 1 of `n`, at most 65536 can be lived through"
        );
    }

    #[test]
    fn sums_that_would_wrap_are_refused() {
        assert_eq!(
            said("", "", "bytes = 9_000_000_000_000_000_000\nstrategy.sybil = { hotkeys = 4 }"),
            "s:10:9: all miners claim 36000000000000000000 bytes with those of `m`, and a run counts to 2^63"
        );
        let growing = "bytes = 1\ncount = 2\nstrategy.growing = { bytes_per_epoch = 1, up_to = 9_000_000_000_000_000_000 }";
        assert_eq!(
            said("", "", growing),
            "s:10:9: all miners claim 18000000000000000000 bytes with those of `m`, and a run counts to 2^63"
        );
        assert_eq!(said("", "", "bytes = 9_000_000_000_000_000_000"), "good");
        assert_eq!(
            said("", "count = 3\nstake_tao = 9_000_000_000", SMALL),
            "s:8:13: all validators have 27000000000 TAO with these, at most 10000000000 can be counted"
        );
    }

    #[test]
    fn prices_that_no_sum_comes_of_are_refused() {
        let alpha = |price: &str| said(&format!("prices.usd_per_alpha = {price}"), "", SMALL);
        let cold = |price: &str| {
            let strategy = format!("{{ rtt_ms = 1, bytes_per_s = 1, usd_per_tib_month = {price} }}");
            said("", "", &format!("bytes = 1\nstrategy.on-demand = {strategy}"))
        };
        for (price, it_is) in
            [("nan", "NaN"), ("inf", "inf"), ("-1.0", "-1.0"), ("1e308", "1e308"), ("5e-324", "5e-324")]
        {
            let end = format!("must be 0 dollars, or from 1e-12 to 1e12, it is {it_is}");
            assert_eq!(alpha(price), format!("s:2:24: `usd_per_alpha` {end}"));
            assert_eq!(cold(price), format!("s:11:73: `usd_per_tib_month` {end}"));
        }
        for price in ["0.0", "1e-12", "1e12", "2"] {
            assert_eq!((alpha(price), cold(price)), ("good".to_owned(), "good".to_owned()));
        }
    }
}
