//! The laws of parameters.

use plimsoll_sdk::serde::Deserialize;
use plimsoll_sdk::{AllocationPolicy, Neuron, Parameters, Plugin, Result, Share, Space, laws};

use crate::{assert_breaks, broken};

macro_rules! policy {
    ($name:ident, $label:literal, $limits:literal, $config:ty) => {
        struct $name;
        impl Plugin for $name {
            const NAME: &'static str = $label;
            const SUMMARY: &'static str = "Gives nobody anything.";
            const LIMITS: &'static str = $limits;
            type Config = $config;
            fn new(_config: $config) -> Result<Self> {
                Ok(Self)
            }
        }
        impl AllocationPolicy for $name {
            fn allocate(&self, space: &Space, _neurons: &[Neuron]) -> Result<Vec<Share>> {
                space.chunks().map(|_| Vec::new())
            }
        }
    };
}

#[derive(Deserialize)]
#[serde(crate = "plimsoll_sdk::serde")]
struct Open {}
impl Parameters for Open {
    fn schema() -> String {
        r#"{"type": "object", "additionalProperties": false}"#.into()
    }
}

#[derive(Deserialize)]
#[serde(crate = "plimsoll_sdk::serde", deny_unknown_fields)]
struct OpenSchema {}
impl Parameters for OpenSchema {
    fn schema() -> String {
        r#"{"type": "object"}"#.into()
    }
}

plimsoll_sdk::parameters! {
    /// One number.
    struct Number {
        /// Any.
        number: u16 = 7, from 3 to 9;
    }
}

policy!(Honest, "sample", "Serves tests only.", Number);
policy!(Shouting, "Sample", "Serves tests only.", Number);
policy!(Terse, "sample", "tests only", Number);
policy!(TakesAnything, "sample", "Serves tests only.", Open);
policy!(SaysAnything, "sample", "Serves tests only.", OpenSchema);

#[test]
fn an_honest_plugin_passes_with_lawful_parameters_only() {
    assert_eq!(broken(|| laws::allocation_policy::<Honest>("{}")), "no law was broken");
    assert_breaks("configure works", || laws::allocation_policy::<Honest>(r#"{"number": 10}"#));
}

#[test]
fn faults_of_descriptor_and_parameters_are_caught() {
    assert!(broken(|| laws::allocation_policy::<Shouting>("{}")).contains("a name is lower-case"));
    assert_breaks("summary and limits are sentences", || laws::allocation_policy::<Terse>("{}"));
    let law = "an unknown parameter is refused by name";
    assert_breaks(law, || laws::allocation_policy::<TakesAnything>("{}"));
    let law = "the schema describes an object without further properties";
    assert_breaks(law, || laws::allocation_policy::<SaysAnything>("{}"));
}
