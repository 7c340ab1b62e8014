//! A scenario: one TOML file that says who is there and by which rules.
//!
//! ```toml
//! about = "Free riders among honest miners, paid by proven bytes"
//! epochs = 200
//!
//! [plugins]
//! rule = "incentive-proportional"
//! scheme = "proof-stream"
//!
//! [[validators]]
//! name = "validators"
//! count = 3
//!
//! [[miners]]
//! name = "honest"
//! count = 20
//! bytes = "10TiB"
//!
//! [[miners]]
//! name = "free riders"
//! count = 4
//! bytes = "10TiB"
//! strategy.freeloader = { keep = 0.5 }
//! ```

mod bounds;
mod parties;
mod read;

use plimsoll_core::AuditBudget;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use parties::{Miners, Strategy, Validators, Vote};
pub use read::ScenarioError;

/// Who is there and by which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in one sentence.
    pub about: String,
    /// Epochs to live through.
    #[serde(default = "epochs")]
    pub epochs: u64,
    /// How proofs are judged.
    #[serde(default)]
    pub fidelity: Fidelity,
    /// Whether a plugin that breaks down ends the run; else its round is void and the run goes on.
    #[serde(default)]
    pub stop_on_fault: bool,
    /// The components.
    pub plugins: Plugins,
    /// The subnet's terms on the ledger.
    #[serde(default)]
    pub subnet: SubnetTerms,
    /// What a validator spends on one round.
    #[serde(default)]
    pub audits: AuditTerms,
    /// What resources cost.
    #[serde(default)]
    pub prices: Prices,
    /// The lines between validators and miners.
    #[serde(default)]
    pub network: NetworkTerms,
    /// Those who weigh.
    pub validators: Vec<Validators>,
    /// Those who are weighed.
    pub miners: Vec<Miners>,
}

/// How proofs are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fidelity {
    /// Drawn from the scheme's measured figures, in one step an audit.
    #[default]
    Sampled,
    /// Real units, real challenges, real proofs, all in memory: for small plots. Time is virtual all the same.
    Exact,
}

/// The components: names of shipped ones, or files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// The incentive rule.
    pub rule: String,
    /// Its parameters.
    #[serde(default = "no_params")]
    pub rule_params: Value,
    /// The proof scheme.
    pub scheme: String,
    /// Its parameters.
    #[serde(default = "no_params")]
    pub scheme_params: Value,
    /// The challenge strategy.
    #[serde(default = "uniform")]
    pub challenge: String,
    /// Its parameters.
    #[serde(default = "no_params")]
    pub challenge_params: Value,
    /// The allocation policy of all miners.
    #[serde(default = "by_stake")]
    pub allocation: String,
    /// Its parameters.
    #[serde(default = "no_params")]
    pub allocation_params: Value,
}

/// The subnet's terms: see the ledger for what each does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubnetTerms {
    /// Blocks of an epoch.
    pub tempo_blocks: u64,
    /// Milliseconds of a block.
    pub block_ms: u64,
    /// Places.
    pub max_neurons: u16,
    /// Blocks for which a newcomer cannot be deregistered.
    pub immunity_blocks: u64,
    /// What one block pays, in alpha times 10^9, before the owner's cut.
    pub alpha_per_block_rao: u64,
    /// What a registration costs at first, in alpha times 10^9.
    pub registration_rao: u64,
    /// Whether bonds follow Yuma3, the default of new subnets, or the classic form.
    pub yuma3: bool,
    /// What backs consensus, out of 65535.
    pub kappa: u16,
}

/// What an honest validator spends on one round: see [`AuditBudget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditTerms {
    /// Audits.
    pub audits: u32,
    /// Samples of one audit.
    pub samples: u32,
    /// CPU time for verifying all answers.
    pub verify_ms: u32,
    /// The longest deadline.
    pub deadline_ms: u32,
}

/// What resources cost, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    /// One tebibyte for one month on one's own disk.
    pub usd_per_tib_month: f64,
    /// One core for one hour.
    pub usd_per_core_hour: f64,
    /// One gibibyte over a line.
    pub usd_per_gib_traffic: f64,
    /// One alpha.
    pub usd_per_alpha: f64,
}

/// The lines between validators and miners.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkTerms {
    /// The least round trip, milliseconds.
    pub rtt_ms: u32,
    /// What is added to it, evenly from 0 to this, milliseconds.
    pub jitter_ms: u32,
    /// The chance that an audit or its answer is lost.
    pub loss: f64,
    /// Bytes a second of a miner's line.
    pub bytes_per_s: u64,
}

impl Scenario {
    /// What a strategy is asked to keep to.
    #[must_use]
    pub const fn budget(&self) -> AuditBudget {
        let AuditTerms { audits, samples, verify_ms, deadline_ms } = self.audits;
        AuditBudget { audits, samples, verify_ms, deadline_ms }
    }
}

impl Default for SubnetTerms {
    /// Bittensor's for a new subnet: 360 blocks of 12 seconds, 256 places, an alpha a block.
    fn default() -> Self {
        Self {
            tempo_blocks: 360,
            block_ms: 12_000,
            max_neurons: 256,
            immunity_blocks: 4_096,
            alpha_per_block_rao: 1_000_000_000,
            registration_rao: 100_000_000,
            yuma3: true,
            kappa: 32_767,
        }
    }
}

impl Default for AuditTerms {
    fn default() -> Self {
        Self { audits: 256, samples: 20, verify_ms: 60_000, deadline_ms: 5_000 }
    }
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            usd_per_tib_month: 2.0,
            usd_per_core_hour: 0.01,
            usd_per_gib_traffic: 0.002,
            usd_per_alpha: 5.0,
        }
    }
}

impl Default for NetworkTerms {
    fn default() -> Self {
        Self { rtt_ms: 40, jitter_ms: 60, loss: 0.001, bytes_per_s: 12_500_000 }
    }
}

const fn epochs() -> u64 {
    100
}

fn no_params() -> Value {
    Value::Object(serde_json::Map::new())
}

fn uniform() -> String {
    "challenge-uniform".into()
}

fn by_stake() -> String {
    "allocation-stake".into()
}
