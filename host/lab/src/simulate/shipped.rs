//! The scenarios that are shipped, and the figures to live through them.

use serde_json::Value;

use super::figures::{FiguresError, SchemeFigures};

/// A scenario that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShippedScenario {
    /// Its name: that of its file.
    pub name: &'static str,
    /// Its text.
    pub toml: &'static str,
}

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        &[$(ShippedScenario {
            name: $name,
            toml: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }),*]
    };
}

/// All of them: from the plainest to the most crowded, then those of rules that real subnets pay by, then a small one of
/// real proofs.
pub const SCENARIOS: &[ShippedScenario] = scenarios![
    "honest-only",
    "free-riders",
    "regenerators",
    "regenerators-sequential",
    "outsourcers",
    "sybils",
    "on-demand",
    "churn",
    "selective-and-clique",
    "copycats",
    "rule-ema",
    "rule-filetao",
    "rule-beta",
    "rule-latency",
    "rule-log",
    "exact-small",
];

/// What the shipped schemes were measured to do; the table says on which machine.
const FIGURES: &str = include_str!("figures/shipped.json");

impl SchemeFigures {
    /// The figures of a shipped scheme with these parameters.
    ///
    /// # Errors
    /// [`FiguresError::Unknown`], with those that there are.
    pub fn shipped(scheme: &str, params: &Value) -> Result<Self, FiguresError> {
        Self::from_compare(FIGURES, scheme, Some(params))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::*;

    #[test]
    fn every_shipped_scenario_can_be_read_and_has_figures() {
        for shipped in SCENARIOS {
            let scenario = Scenario::read(&format!("{}.toml", shipped.name), shipped.toml).unwrap();
            let plugins = &scenario.plugins;
            let figures = SchemeFigures::shipped(&plugins.scheme, &plugins.scheme_params).unwrap();
            assert_eq!(
                (figures.name, figures.params),
                (plugins.scheme.clone(), plugins.scheme_params.clone())
            );
            assert!(scenario.about.len() > 20 && !scenario.about.ends_with('.'), "{}", shipped.name);
        }
        let names: std::collections::BTreeSet<_> = SCENARIOS.iter().map(|shipped| shipped.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
    }

    #[test]
    fn other_parameters_than_those_measured_have_no_figures() {
        let error =
            SchemeFigures::shipped("proof-stream", &serde_json::json!({"unit_bytes": 4096})).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("there are no figures of `proof-stream with {\"unit_bytes\":4096}`"),
            "{text}"
        );
    }
}
