//! Which plugin plays which part, and getting them ready.
//!
//! A reference is `builtin:NAME` or a path; a pin is the BLAKE3 digest that the component must have.

use std::path::Path;
use std::sync::Arc;

use plimsoll_core::Digest;
use plimsoll_plugin::{Allocation, Challenge, Host, Incentive, PluginRef, Scheme};
use serde::{Deserialize, Serialize};

use crate::NodeError;

const BUILTIN: &str = "builtin:";

/// One plugin, as a configuration names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginChoice {
    /// `builtin:NAME`, or the path of a component.
    pub reference: String,
    /// What the component's BLAKE3 digest must be, where the operator pinned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Digest>,
    /// The plugin's own parameters: a JSON object.
    #[serde(default = "no_params")]
    pub params: serde_json::Value,
}

fn no_params() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

impl PluginChoice {
    /// The shipped plugin `name` with all defaults.
    #[must_use]
    pub fn builtin(name: &str) -> Self {
        Self { reference: format!("{BUILTIN}{name}"), pin: None, params: no_params() }
    }

    /// The same with parameters.
    #[must_use]
    pub fn with_params(mut self, params: serde_json::Value) -> Self {
        self.params = params;
        self
    }

    /// Finds the component: among the shipped ones, or on the disk.
    ///
    /// # Errors
    /// [`NodeError::UnknownBuiltin`] with the names there are, or [`NodeError::PluginFile`].
    pub fn resolve(&self) -> Result<PluginRef, NodeError> {
        let bytes: Arc<[u8]> = match self.reference.strip_prefix(BUILTIN) {
            Some(name) => plimsoll_bundle::find(name)
                .map(|builtin| Arc::from(builtin.component))
                .ok_or_else(|| unknown(name))?,
            None => read_component(Path::new(&self.reference))?,
        };
        Ok(PluginRef { name: self.reference.clone(), bytes, pin: self.pin })
    }
}

fn unknown(name: &str) -> NodeError {
    let names: Vec<&str> = plimsoll_bundle::builtins().iter().map(|builtin| builtin.name).collect();
    NodeError::UnknownBuiltin { name: name.into(), shipped: names.join(", ") }
}

fn read_component(path: &Path) -> Result<Arc<[u8]>, NodeError> {
    let failed = |reason: String| NodeError::PluginFile { path: path.into(), reason };
    let length = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if !length.is_file() {
        return Err(failed("not a regular file".into()));
    }
    if length.len() > LARGEST_COMPONENT_BYTES {
        let reason = format!("{} bytes, a component has at most {LARGEST_COMPONENT_BYTES}", length.len());
        return Err(failed(reason));
    }
    std::fs::read(path).map(Arc::from).map_err(|e| failed(e.to_string()))
}

/// What is not even read: the plugin host has its own, lower cap.
const LARGEST_COMPONENT_BYTES: u64 = 64 << 20;

/// The four plugins of a subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// How a miner divides its space.
    pub allocation: PluginChoice,
    /// Whom a validator audits.
    pub challenge: PluginChoice,
    /// How space is filled and proven.
    pub scheme: PluginChoice,
    /// What a proof earns.
    pub incentive: PluginChoice,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            allocation: PluginChoice::builtin("allocation-stake"),
            challenge: PluginChoice::builtin("challenge-uniform"),
            scheme: PluginChoice::builtin("proof-stream"),
            incentive: PluginChoice::builtin("incentive-proportional"),
        }
    }
}

impl Choices {
    /// Loads the proof scheme.
    ///
    /// # Errors
    /// What finding or loading it says.
    pub fn load_scheme(&self, host: &Host) -> Result<Scheme, NodeError> {
        Ok(host.load_scheme(&self.scheme.resolve()?, &self.scheme.params)?)
    }

    /// Loads the allocation policy.
    ///
    /// # Errors
    /// What finding or loading it says.
    pub fn load_allocation(&self, host: &Host) -> Result<Allocation, NodeError> {
        Ok(host.load_allocation(&self.allocation.resolve()?, &self.allocation.params)?)
    }

    /// Loads what a validator needs.
    ///
    /// # Errors
    /// What finding or loading one of them says.
    pub fn load_for_validator(&self, host: &Host) -> Result<ValidatorPlugins, NodeError> {
        Ok(ValidatorPlugins {
            scheme: self.load_scheme(host)?,
            challenge: host.load_challenge(&self.challenge.resolve()?, &self.challenge.params)?,
            incentive: host.load_incentive(&self.incentive.resolve()?, &self.incentive.params)?,
        })
    }
}

/// The three plugins that a validator's verdicts and weights depend on.
#[derive(Clone)]
pub struct ValidatorPlugins {
    /// Draws and verifies.
    pub scheme: Scheme,
    /// Chooses audits.
    pub challenge: Challenge,
    /// Weighs.
    pub incentive: Incentive,
}
