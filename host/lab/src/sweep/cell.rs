//! One way to live: a scenario with everything decided, and the figures of its scheme.

use plimsoll_core::Digest;
use serde_json::json;

use crate::LabError;
use crate::simulate::{Fidelity, Scenario, SchemeFigures, choice};

/// What runs that were kept are told apart by, beside everything that went in. To be raised with every change of
/// the engine that changes a run: a test holds it against runs of today.
pub const ENGINE: u32 = 2;

/// One cell of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The incentive rule, as it was named.
    pub rule: String,
    /// The proof scheme, as it was named.
    pub scheme: String,
    /// What its cheaters do.
    pub strategy: String,
    /// Keys that the sweep changed, and to what.
    pub settings: Vec<(String, String)>,
    /// The whole scenario.
    pub scenario: Scenario,
    /// What its scheme was measured to do.
    pub figures: SchemeFigures,
    digest: Digest,
    content: Digest,
}

impl Cell {
    /// A cell of `scenario`. The plugins that it names are looked at, not loaded.
    ///
    /// # Errors
    /// A plugin that is not there.
    pub fn new(
        strategy: String,
        settings: Vec<(String, String)>,
        scenario: Scenario,
        figures: SchemeFigures,
    ) -> Result<Self, LabError> {
        let (rule, scheme) = (scenario.plugins.rule.clone(), scenario.plugins.scheme.clone());
        let (digest, content) = digests(&scenario, &figures)?;
        Ok(Self { rule, scheme, strategy, settings, scenario, figures, digest, content })
    }

    /// BLAKE3 of everything that a run depends on but the seed.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What runs are made by.
    #[must_use]
    pub fn engine() -> String {
        format!("{}, engine {ENGINE}", env!("CARGO_PKG_VERSION"))
    }

    /// What a run is called, whatever engine makes it.
    #[must_use]
    pub fn name(&self, seed: u64) -> Digest {
        Digest::of(&[&self.content.0[..], &seed.to_le_bytes()].concat())
    }

    /// What a finished run is kept under.
    #[must_use]
    pub fn key(&self, seed: u64) -> Digest {
        Digest::of(&[&self.digest.0[..], &seed.to_le_bytes()].concat())
    }
}

/// BLAKE3 of the canonical JSON (keys sorted, no blanks) of the scenario without its description, of the figures, of
/// the plugins' own BLAKE3 and of the engine's version; and the same without the engine.
fn digests(scenario: &Scenario, figures: &SchemeFigures) -> Result<(Digest, Digest), LabError> {
    let plugins = &scenario.plugins;
    let mut named = vec![&plugins.rule, &plugins.challenge, &plugins.allocation];
    if scenario.fidelity == Fidelity::Exact {
        named.push(&plugins.scheme);
    }
    let blake3 = |name: &&String| -> Result<Digest, LabError> {
        let plugin = choice(name, &json!({})).resolve().map_err(Box::new)?;
        Ok(Digest::of(&plugin.bytes))
    };
    let plugins: Vec<Digest> = named.iter().map(blake3).collect::<Result<_, _>>()?;
    let nameless = Scenario { about: String::new(), ..scenario.clone() };
    let mut all = json!({
        "engine": [env!("CARGO_PKG_VERSION"), ENGINE.to_string()],
        "scenario": nameless,
        "figures": figures,
        "plugins": plugins,
    });
    // A map of `serde_json` is sorted by its keys.
    let whole = Digest::of(all.to_string().as_bytes());
    all["engine"] = json!(null);
    Ok((whole, Digest::of(all.to_string().as_bytes())))
}
