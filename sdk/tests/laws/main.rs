//! Every law catches a plugin that breaks it: one honest plugin a kind, and one broken copy a fault.

mod allocation;
mod challenge;
mod dataset;
mod incentive;
mod parameters;
mod proof;

use std::panic::catch_unwind;

/// The sentence with which `laws` fail.
fn broken(laws: impl FnOnce() + std::panic::UnwindSafe) -> String {
    match catch_unwind(laws) {
        Ok(()) => "no law was broken".into(),
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

/// Asserts that `laws` fail with a sentence that names the plugin, the law and a counterexample.
#[track_caller]
fn assert_breaks(law: &str, laws: impl FnOnce() + std::panic::UnwindSafe) {
    let sentence = broken(laws);
    let (head, counterexample) = sentence.split_once("»: ").unwrap_or((&sentence, ""));
    assert_eq!(head, format!("sample breaks the law «{law}"));
    assert!(!counterexample.is_empty(), "{sentence}");
}

/// A plugin called `sample` without parameters whose faults are numbered.
macro_rules! sample {
    ($name:ident) => {
        struct $name<const FAULT: u8>;
        impl<const FAULT: u8> plimsoll_sdk::Plugin for $name<FAULT> {
            const NAME: &'static str = "sample";
            const SUMMARY: &'static str = "Is right, but for one fault.";
            const LIMITS: &'static str = "Serves tests only.";
            type Config = plimsoll_sdk::NoParameters;
            fn new(_config: plimsoll_sdk::NoParameters) -> plimsoll_sdk::Result<Self> {
                Ok(Self)
            }
        }
    };
}
use sample;
