//! From the generated bindings to the SDK's traits: what [`crate::export_plugin!`] expands to.
//!
//! A kind's exporter lifts the arguments into plain types, checking every length, calls the trait, and
//! lowers the answer. Nothing here is meant to be named by a plugin.

mod convert;
pub(crate) mod crates;
mod dataset;
pub(crate) mod graphs;
mod handles;
mod kinds;
mod labels;
mod lifecycle;
mod proof;
mod scan;

#[cfg(target_family = "wasm")]
pub(crate) mod kernels;
#[cfg(target_family = "wasm")]
pub(crate) use kernels::log;
#[cfg(target_family = "wasm")]
pub(crate) use labels::labels_of;
#[cfg(target_family = "wasm")]
pub(crate) use scan::scan_score;

pub use lifecycle::Exported;

/// Exports `$plugin` as a component of its kind: `export_plugin!(MyRule as incentive_rule);`. The kinds are
/// `allocation_policy`, `challenge_strategy`, `proof_scheme`, `incentive_rule` and `dataset_source`.
///
/// Natively it expands to nothing, so that plugins can be tested, and linked side by side.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty as allocation_policy) => {
        $crate::export_plugin!(@ $plugin, allocation::export_allocation);
    };
    ($plugin:ty as challenge_strategy) => {
        $crate::export_plugin!(@ $plugin, challenge::export_challenge);
    };
    ($plugin:ty as proof_scheme) => {
        $crate::export_plugin!(@ $plugin, proof::export_proof);
    };
    ($plugin:ty as incentive_rule) => {
        $crate::export_plugin!(@ $plugin, incentive::export_incentive);
    };
    ($plugin:ty as dataset_source) => {
        $crate::export_plugin!(@ $plugin, dataset::export_dataset);
    };
    (@ $plugin:ty, $kind:ident::$export:ident) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            static INSTANCE: ::std::sync::OnceLock<$plugin> = ::std::sync::OnceLock::new();

            struct Component;
            impl $crate::export::Exported for Component {
                type Plugin = $plugin;
                const VERSION: &'static str = ::std::env!("CARGO_PKG_VERSION");
                fn instance() -> &'static ::std::sync::OnceLock<$plugin> {
                    &INSTANCE
                }
            }

            $crate::bindings::lifecycle::export_lifecycle!(
                Component with_types_in $crate::bindings::lifecycle
            );
            $crate::bindings::$kind::$export!(Component with_types_in $crate::bindings::$kind);
        };
    };
}
