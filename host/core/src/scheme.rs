//! What a proof scheme answers.

use serde::{Deserialize, Serialize};

/// Whether a pass's units can be filled in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Any order, in parallel.
    Independent,
    /// Ascending, one span after another.
    Sequential,
}

/// One sweep over the region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// What it is called in progress lines.
    pub name: String,
    /// Number of units that it fills.
    pub units: u64,
    /// In which order.
    pub order: Order,
}

/// Exact sizes, from which the host preallocates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Bytes of one unit.
    pub unit_bytes: u32,
    /// Number of units that are claimed, challenged and proven.
    pub units: u64,
    /// Bytes of the whole region: units and whatever else the scheme keeps behind them.
    pub region_bytes: u64,
    /// Memory that filling needs beyond the host's own buffers.
    pub memory_bytes: u64,
    /// The sweeps, in order.
    pub passes: Vec<Pass>,
}

/// What a layout that a plugin planned gets wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Nothing fits.
    #[error("the plan has no unit: {capacity_bytes} bytes hold none of {unit_bytes} bytes")]
    Empty {
        /// What was there to plan with.
        capacity_bytes: u64,
        /// What one unit takes.
        unit_bytes: u32,
    },
    /// More than there is.
    #[error("the plan takes {region_bytes} bytes, only {capacity_bytes} were offered")]
    TooLarge {
        /// What the plan takes.
        region_bytes: u64,
        /// What was offered.
        capacity_bytes: u64,
    },
    /// Sizes that contradict each other.
    #[error("the plan says {units} units of {unit_bytes} bytes in a region of {region_bytes} bytes")]
    Incoherent {
        /// Units.
        units: u64,
        /// Bytes of one.
        unit_bytes: u32,
        /// Bytes of all.
        region_bytes: u64,
    },
    /// No pass, or one without units.
    #[error("the plan has no pass that fills anything")]
    NoPass,
}

impl Layout {
    /// Bytes of all units.
    #[must_use]
    pub const fn units_bytes(&self) -> u64 {
        self.units.saturating_mul(self.unit_bytes as u64)
    }

    /// Checks what a plugin planned for `capacity_bytes`.
    ///
    /// # Errors
    /// The first promise that the plan breaks.
    pub fn check(&self, capacity_bytes: u64) -> Result<(), LayoutError> {
        let Layout { unit_bytes, units, region_bytes, .. } = *self;
        if units == 0 || unit_bytes == 0 {
            return Err(LayoutError::Empty { capacity_bytes, unit_bytes });
        }
        if region_bytes > capacity_bytes {
            return Err(LayoutError::TooLarge { region_bytes, capacity_bytes });
        }
        let fits = u64::from(unit_bytes).checked_mul(units).is_some_and(|all| all <= region_bytes);
        if !fits {
            return Err(LayoutError::Incoherent { units, unit_bytes, region_bytes });
        }
        if self.passes.is_empty() || self.passes.iter().any(|p| p.units == 0) {
            return Err(LayoutError::NoPass);
        }
        Ok(())
    }
}

/// What a miner's side of a scheme answers to a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The proof's bytes.
    Proof(Vec<u8>),
    /// The challenge asks for nothing that this plot holds; not a failure in lottery-like schemes.
    NotEligible,
}

/// What a verifier says of a proof. A failed proof is a verdict; an error means "could not tell".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "reason")]
pub enum Verdict {
    /// The proof holds.
    Valid,
    /// It does not, and why.
    Invalid(String),
}
