//! What the adversaries found.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_core::{Claims, Digest, Layout};
use plimsoll_plugin::PluginError;
use serde::Serialize;

use super::Options;
use crate::stats::Rate;

/// What an attack tries to refute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// A unique resource is occupied.
    Space,
    /// The given bytes can be read back.
    Retrievability,
    /// A unique copy is held.
    Replication,
    /// It was held all the time.
    Time,
    /// The verifier says valid to honest proofs, invalid to all others, and always says something. Every scheme
    /// claims this by being one.
    Soundness,
    /// The bytes are near the prover. No scheme can claim this: the contract has no flag for it.
    Locality,
}

/// How an attack ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A claim did not hold.
    Refuted,
    /// The claims held.
    Withstood,
    /// The scheme claims nothing that this attack tries to refute.
    NotClaimed,
    /// It could not be tried on this scheme or on so small a plot.
    NotTried,
    /// The scheme refused what the attack asked of it, such as a challenge or a commitment, so that it came to no end.
    Stopped,
}

/// One measured rate beside what theory says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Which adversary.
    pub case: String,
    /// How many of its answers passed, with the interval of 99.9 %.
    pub passed: Rate,
    /// The probability of passing that theory gives, where it gives one.
    pub theory: Option<f64>,
    /// The formula of the theory.
    pub formula: &'static str,
    /// Whether the theory lies in the interval.
    pub agrees: Option<bool>,
}

/// One attack and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The attack's name.
    pub attack: &'static str,
    /// What it tries to refute.
    pub against: Vec<Property>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the adversary did better than the property allows, claimed or not.
    pub succeeded: bool,
    /// The claimed properties that are refuted.
    pub refutes: Vec<Property>,
    /// One sentence.
    pub text: String,
    /// Measured rates.
    pub points: Vec<Point>,
    /// Further figures, with their units in their names.
    pub figures: BTreeMap<&'static str, f64>,
}

/// All that was found about one scheme.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// As the operator named it.
    pub scheme: String,
    /// BLAKE3 of the component.
    pub plugin_blake3: Digest,
    /// Its parameters.
    pub params: serde_json::Value,
    /// What it says a passing proof shows.
    pub claims: Claims,
    /// Sizes of the plot that was attacked.
    pub layout: Layout,
    /// How hard.
    pub options: Options,
    /// Units that an audit of `options.samples` really asks for, on average.
    pub units_drawn: f64,
    /// One attack after another.
    pub findings: Vec<Finding>,
    /// Whether the honest prover passed an audit at all. If not, nothing was attacked, and nothing is known.
    pub was_attacked: bool,
    /// Names of the attacks that refuted something claimed.
    pub refuted: Vec<&'static str>,
    /// How long it took.
    pub seconds: f64,
}

impl Property {
    /// Its name in texts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Retrievability => "retrievability",
            Self::Replication => "replication",
            Self::Time => "time",
            Self::Soundness => "soundness",
            Self::Locality => "locality",
        }
    }

    /// Whether a scheme with these claims claims it.
    #[must_use]
    pub const fn is_claimed(self, claims: &Claims) -> bool {
        match self {
            Self::Space => claims.space,
            Self::Retrievability => claims.retrievability,
            Self::Replication => claims.replication,
            Self::Time => claims.time,
            Self::Soundness => true,
            Self::Locality => false,
        }
    }
}

impl Outcome {
    /// As people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refuted => "REFUTED",
            Self::Withstood => "withstood",
            Self::NotClaimed => "not claimed",
            Self::NotTried => "not tried",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Point {
    pub(super) fn new(
        case: impl Into<String>,
        passed: Rate,
        theory: Option<f64>,
        formula: &'static str,
    ) -> Self {
        let agrees = theory.map(|p| passed.admits(p));
        Self { case: case.into(), passed, theory, formula, agrees }
    }
}

impl Finding {
    /// An attack that was carried out.
    pub(super) fn new(
        attack: &'static str,
        against: &[Property],
        claims: &Claims,
        succeeded: bool,
        text: impl Into<String>,
    ) -> Self {
        let claimed: Vec<Property> =
            against.iter().copied().filter(|property| property.is_claimed(claims)).collect();
        let outcome = match (claimed.is_empty(), succeeded) {
            (true, _) => Outcome::NotClaimed,
            (false, true) => Outcome::Refuted,
            (false, false) => Outcome::Withstood,
        };
        let refutes = if succeeded { claimed } else { Vec::new() };
        let (points, figures) = (Vec::new(), BTreeMap::new());
        let against = against.to_vec();
        Self { attack, against, outcome, succeeded, refutes, text: text.into(), points, figures }
    }

    /// An attack that could not be tried.
    pub(super) fn not_tried(attack: &'static str, against: &[Property], why: impl Into<String>) -> Self {
        let none = Self::new(attack, against, &Claims::default(), false, why);
        Self { outcome: Outcome::NotTried, ..none }
    }

    /// An attack that ended in what the plugin said of itself. A refusal is an answer; breaking down is not, and a
    /// scheme claims that it always gives one.
    pub(super) fn of_error(attack: &'static str, claims: &Claims, error: &PluginError) -> Option<Self> {
        let against = [Property::Soundness];
        match error {
            PluginError::Refused { .. } => {
                let none = Self::new(attack, &against, claims, false, error.to_string());
                Some(Self { outcome: Outcome::Stopped, ..none })
            }
            PluginError::Fault { .. } | PluginError::Promise { .. } => {
                Some(Self::new(attack, &against, claims, true, error.to_string()))
            }
            _ => None,
        }
    }

    pub(super) fn points(mut self, points: Vec<Point>) -> Self {
        self.points = points;
        self
    }

    pub(super) fn figure(mut self, name: &'static str, value: f64) -> Self {
        self.figures.insert(name, value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_claimed_can_be_refuted_and_soundness_always_is() {
        let claims = Claims { replication: true, ..Claims::default() };
        let of = |against: &[Property], succeeded| Finding::new("x", against, &claims, succeeded, "");
        let both = of(&[Property::Space, Property::Replication], true);
        assert_eq!((both.outcome, both.refutes), (Outcome::Refuted, vec![Property::Replication]));
        assert_eq!(of(&[Property::Replication], false).outcome, Outcome::Withstood);
        let space = of(&[Property::Space], true);
        assert_eq!((space.outcome, space.succeeded, space.refutes), (Outcome::NotClaimed, true, vec![]));
        assert_eq!(of(&[Property::Soundness], true).outcome, Outcome::Refuted);
        assert_eq!(of(&[Property::Locality], true).outcome, Outcome::NotClaimed);
        assert_eq!(Finding::not_tried("x", &[Property::Soundness], "").outcome, Outcome::NotTried);
    }
}
