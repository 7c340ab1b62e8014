//! A broken law as a scenario that `plimsoll simulate` can live through.

use plimsoll_core::ByteSize;
use serde::Serialize;
use serde_json::{Map, Value};

/// Long enough for a moving average to settle.
const EPOCHS: u64 = 60;

/// Said of scenarios that run, but need an order of miners, an audit that is not made, or a look at the memory to show
/// what was found.
pub(super) const ONLY_EXACT: &str = " (in the exact case below: a simulation does not show it)";

/// A scenario file's contents, as far as a law needs them.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Scenario {
    about: String,
    epochs: u64,
    plugins: Plugins,
    validators: Vec<Validators>,
    miners: Vec<Miners>,
}

#[derive(Debug, Clone, Serialize)]
struct Plugins {
    rule: String,
    scheme: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_params: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation_params: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
struct Validators {
    name: String,
    count: u32,
    stake_tao: u64,
}

/// Miners of one kind.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Miners {
    name: String,
    count: u32,
    bytes: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    hotkeys: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hotkey_parts: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_coldkey: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    joins_epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves_epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comes_back: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<Strategy>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Strategy {
    Freeloader { keep: f64 },
}

/// The plugin under test, as a scenario names it.
#[derive(Debug, Clone)]
pub(in super::super) struct Tested {
    pub(in super::super) name: String,
    pub(in super::super) params: Value,
}

impl Tested {
    fn name(&self) -> String {
        self.name.strip_prefix("builtin:").unwrap_or(&self.name).to_owned()
    }

    fn params(&self) -> Option<Value> {
        (self.params != Value::Object(Map::new())).then(|| self.params.clone())
    }
}

impl Miners {
    /// `count` owners that claim `bytes` each and keep a share of it.
    pub(super) fn new(name: impl Into<String>, count: u32, bytes: u64, keep: f64) -> Self {
        let gib = bytes >> 30;
        // A file's numbers are signed.
        let bytes = match i64::try_from(bytes) {
            Ok(_) if bytes == gib << 30 && gib > 0 => Value::from(format!("{gib}GiB")),
            Ok(bytes) => Value::from(bytes.max(1)),
            Err(_) => Value::from(i64::MAX),
        };
        let strategy = (keep < 1.0).then_some(Strategy::Freeloader { keep });
        Self {
            name: name.into(),
            count,
            bytes,
            hotkeys: None,
            hotkey_parts: None,
            one_coldkey: None,
            joins_epoch: None,
            leaves_epoch: None,
            comes_back: None,
            strategy,
        }
    }

    /// Each of them has as many hotkeys as there are parts, for such parts of its bytes.
    pub(super) fn split(mut self, parts: &[u64], one_coldkey: bool) -> Self {
        let alike = parts.iter().all(|part| Some(part) == parts.first());
        self.hotkeys = Some(parts.len());
        self.hotkey_parts = (!alike).then(|| parts.to_vec());
        self.one_coldkey = one_coldkey.then_some(true);
        self
    }

    /// There from one epoch to another only.
    pub(super) fn for_epochs(mut self, from: u64, to: u64) -> Self {
        (self.joins_epoch, self.leaves_epoch, self.comes_back) = (Some(from), Some(to), Some(false));
        self
    }
}

impl Scenario {
    /// One validator weighs `miners` by the rule under test.
    pub(super) fn of_rule(tested: &Tested, about: &str, miners: Vec<Miners>) -> Self {
        let plugins = Plugins {
            rule: tested.name(),
            scheme: "proof-stream",
            allocation: None,
            rule_params: tested.params(),
            allocation_params: None,
        };
        let validators = vec![Validators { name: "validator".into(), count: 1, stake_tao: 10_000 }];
        Self { about: about.to_owned(), epochs: EPOCHS, plugins, validators, miners }
    }

    /// One miner divides its space by the policy under test among validators of these stakes.
    pub(super) fn of_policy(tested: &Tested, about: &str, bytes: u64, stakes: &[(String, u64)]) -> Self {
        let plugins = Plugins {
            rule: "incentive-proportional".into(),
            scheme: "proof-stream",
            allocation: Some(tested.name()),
            rule_params: None,
            allocation_params: tested.params(),
        };
        let validators = stakes.iter().map(|(name, stake_tao)| Validators {
            name: name.clone(),
            count: 1,
            stake_tao: (*stake_tao).max(1),
        });
        let (about, miners) = (about.to_owned(), vec![Miners::new("miner", 1, bytes, 1.0)]);
        Self { about, epochs: EPOCHS, plugins, validators: validators.collect(), miners }
    }

    /// The file: what was found, the scenario, and the exact case.
    pub(in super::super) fn to_toml(&self, figures: &str, case: &Value) -> String {
        let scenario = toml::to_string(self).unwrap_or_else(|e| format!("# no scenario: {e}\n"));
        let figures = figures.replace('\n', " ");
        format!(
            "# Written by `plimsoll plugin test`: {figures}\n# plimsoll simulate --scenario THIS_FILE\n\n{scenario}\n\
             # What the plugin was asked and answered, exactly:\n# {case}\n"
        )
    }
}

/// For messages: 2 GiB.
pub(super) fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}
