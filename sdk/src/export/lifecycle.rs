//! `describe` and `configure`, and the one instance that they make.

use std::sync::OnceLock;

use crate::bindings::imports::types::PluginError as WirePluginError;
use crate::bindings::lifecycle::exports::plimsoll::plugin::lifecycle::{Descriptor, Guest};
use crate::plugin::from_json;
use crate::{Parameters, Plugin, PluginError};

/// What [`crate::export_plugin!`] implements: where the component's one plugin lives.
pub trait Exported: 'static {
    /// The plugin.
    type Plugin: Plugin;
    /// The version of the plugin's crate.
    const VERSION: &'static str;
    /// Empty until `configure` was called.
    fn instance() -> &'static OnceLock<Self::Plugin>;
}

/// The configured plugin.
pub(super) fn plugin<E: Exported>() -> Result<&'static E::Plugin, WirePluginError> {
    let missing = || WirePluginError::Internal("configure must be called before anything else".into());
    E::instance().get().ok_or_else(missing)
}

/// References, and behind them what is waived: the contract has no field of its own for it.
fn references<P: Plugin>() -> Vec<String> {
    let waived = P::WAIVERS.iter().map(|(law, reason)| format!("waives {law}: {reason}"));
    P::REFERENCES.iter().map(|&text| text.to_owned()).chain(waived).collect()
}

impl<E: Exported> Guest for E {
    fn describe() -> Descriptor {
        #[cfg(target_family = "wasm")]
        crate::log::install_panic_hook();
        Descriptor {
            name: E::Plugin::NAME.into(),
            version: E::VERSION.into(),
            summary: E::Plugin::SUMMARY.into(),
            limits: E::Plugin::LIMITS.into(),
            references: references::<E::Plugin>(),
            config_schema: <E::Plugin as Plugin>::Config::schema(),
        }
    }

    fn configure(config_json: String) -> Result<(), WirePluginError> {
        #[cfg(target_family = "wasm")]
        crate::log::install_panic_hook();
        let plugin = from_json(&config_json)?;
        let twice = |_| PluginError::Internal("configure was called twice".into());
        Ok(E::instance().set(plugin).map_err(twice)?)
    }
}
