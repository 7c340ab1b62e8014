//! Who is there: validators and what they vote, miners and what they do.

use plimsoll_core::ByteSize;
use serde::{Deserialize, Serialize};

/// Validators of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validators {
    /// For tables.
    pub name: String,
    /// How many.
    #[serde(default = "one")]
    pub count: u32,
    /// Stake of each, in TAO.
    #[serde(default = "stake")]
    pub stake_tao: u64,
    /// How they weigh.
    #[serde(default)]
    pub vote: Vote,
}

/// How a validator comes to its weights.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Vote {
    /// Audits and asks the rule.
    #[default]
    Honest,
    /// Audits nobody and sets last epoch's consensus.
    Copy,
    /// Audits nobody and gives everything to one group of miners.
    Clique {
        /// The group's name.
        miners: String,
    },
}

/// Miners of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miners {
    /// For tables.
    pub name: String,
    /// How many owners.
    #[serde(default = "one")]
    pub count: u32,
    /// What each claims over all validators; a sybil under each of its hotkeys.
    pub bytes: ByteSize,
    /// Hotkeys of each, with plots of their own, over which its bytes are divided.
    #[serde(default = "one")]
    pub hotkeys: u32,
    /// Parts of the bytes, one for each of the hotkeys; all alike where there are none.
    #[serde(default)]
    pub hotkey_parts: Vec<u64>,
    /// Whether one coldkey owns all of them; else each has one of its own.
    #[serde(default)]
    pub one_coldkey: bool,
    /// What it does.
    #[serde(default)]
    pub strategy: Strategy,
    /// The epoch in which it joins.
    #[serde(default)]
    pub joins_epoch: u64,
    /// The epoch in which it leaves for good.
    #[serde(default)]
    pub leaves_epoch: Option<u64>,
    /// Whether it registers anew, for what that costs, when it loses its place.
    #[serde(default = "yes")]
    pub comes_back: bool,
}

/// What a miner does. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Strategy {
    /// Keeps what it claims.
    #[default]
    Honest,
    /// Honest, and claims more each epoch, as far as earnings pay for it.
    Growing {
        /// Bytes more an epoch.
        bytes_per_epoch: ByteSize,
        /// Where it stops.
        up_to: ByteSize,
    },
    /// Honest on a disk that fails.
    Flaky {
        /// The chance that the disk fails in an epoch.
        fails: f64,
        /// Epochs until it is replaced and filled again.
        repair_epochs: u64,
    },
    /// Keeps a share and hopes.
    Freeloader {
        /// The share.
        keep: f64,
    },
    /// Keeps a share and makes the rest anew when it is asked.
    Regenerator {
        /// The share.
        #[serde(default)]
        keep: f64,
        /// Cores for one audit.
        cores: u32,
    },
    /// One store for all of the group, somewhere else; each answers through it.
    Outsourcer {
        /// The round trip there.
        rtt_ms: u32,
        /// The line there.
        bytes_per_s: u64,
    },
    /// Several hotkeys for one copy.
    Sybil {
        /// Hotkeys of one owner.
        hotkeys: u32,
    },
    /// Nothing on disks: cold storage, from which asked units are fetched.
    OnDemand {
        /// The round trip there.
        rtt_ms: u32,
        /// The line there.
        bytes_per_s: u64,
        /// What a tebibyte costs there in a month, in dollars.
        usd_per_tib_month: f64,
    },
    /// Keeps what it holds for validators with much stake, and answers only those.
    Selective {
        /// The least share of all validators' stake.
        stake_from: f64,
    },
}

impl Vote {
    /// The word of a scenario file and of tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Copy => "copy",
            Self::Clique { .. } => "clique",
        }
    }
}

impl Miners {
    /// Hotkeys of one owner.
    #[must_use]
    pub const fn hotkeys(&self) -> u32 {
        match self.strategy {
            Strategy::Sybil { hotkeys } => hotkeys,
            _ => self.hotkeys,
        }
    }

    /// What hotkey number `key` claims where its owner claims `bytes`, rounded down.
    #[must_use]
    pub fn part_of(&self, key: u32, bytes: u64) -> u64 {
        if matches!(self.strategy, Strategy::Sybil { .. }) {
            return bytes;
        }
        let parts = || self.hotkey_parts.iter().copied().map(u128::from);
        let (part, all) = match parts().nth(key as usize) {
            Some(part) => (part, parts().sum()),
            None => (1, u128::from(self.hotkeys)),
        };
        // A part of 64 bits: it is no more than the whole.
        u64::try_from(u128::from(bytes) * part / all.max(1)).unwrap_or(bytes)
    }
}

impl Strategy {
    /// The word of a scenario file and of tables.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Growing { .. } => "growing",
            Self::Flaky { .. } => "flaky",
            Self::Freeloader { .. } => "freeloader",
            Self::Regenerator { .. } => "regenerator",
            Self::Outsourcer { .. } => "outsourcer",
            Self::Sybil { .. } => "sybil",
            Self::OnDemand { .. } => "on-demand",
            Self::Selective { .. } => "selective",
        }
    }

    /// Whether it keeps what it claims, as well as its disks let it.
    #[must_use]
    pub const fn is_honest(&self) -> bool {
        matches!(self, Self::Honest | Self::Growing { .. } | Self::Flaky { .. })
    }
}

const fn one() -> u32 {
    1
}

const fn stake() -> u64 {
    10_000
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miners(more: &str) -> Miners {
        toml::from_str(&format!("name = \"some\"\nbytes = 1000\n{more}")).unwrap()
    }

    fn parts(miners: &Miners, bytes: u64) -> Vec<u64> {
        (0..miners.hotkeys()).map(|key| miners.part_of(key, bytes)).collect()
    }

    #[test]
    fn bytes_are_divided_over_hotkeys_and_a_sybil_claims_them_under_each() {
        assert_eq!(parts(&miners(""), 1000), [1000]);
        assert_eq!(parts(&miners("hotkeys = 3"), 1000), [333; 3]);
        assert_eq!(parts(&miners("hotkeys = 3\nhotkey_parts = [1, 0, 3]"), 1000), [250, 0, 750]);
        assert_eq!(parts(&miners("strategy.sybil = { hotkeys = 2 }"), 1000), [1000; 2]);
        let largest = miners(&format!("hotkeys = 2\nhotkey_parts = [{0}, {0}]", i64::MAX));
        assert_eq!(parts(&largest, u64::MAX), [u64::MAX / 2; 2]);
    }
}
