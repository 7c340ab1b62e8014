//! A claim in a kept state: of one without a plot only the number of units, the rest follows from its two keys.

use plimsoll_core::{Digest, Hotkey};
use plimsoll_node::validator::Claim;
use serde::{Deserialize, Serialize};

use super::world::{Registered, unfilled_claim};

#[derive(Serialize, Deserialize)]
pub(super) struct SavedClaim {
    /// 0 where there is no claim.
    pub(super) units: u64,
    /// Of a claim to a real plot.
    filled: Option<Filled>,
}

#[derive(Serialize, Deserialize)]
struct Filled {
    registration: Digest,
    commitment: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SavedRegistered {
    claim: SavedClaim,
    /// Where it is not as many as the units have.
    region_bytes: Option<u64>,
}

impl SavedClaim {
    pub(super) fn of(claim: &Claim) -> Self {
        let statement = &claim.statement;
        let (owner, validator) = (statement.identity.owner, statement.identity.validator);
        let follows = unfilled_claim(owner, validator, statement.units, statement.unit_bytes);
        let filled = Filled { registration: claim.registration, commitment: statement.commitment };
        Self { units: statement.units, filled: (follows != Some(*claim)).then_some(filled) }
    }

    pub(super) fn claim(&self, owner: Hotkey, validator: Hotkey, unit_bytes: u32) -> Option<Claim> {
        let mut claim = unfilled_claim(owner, validator, self.units, unit_bytes)?;
        if let Some(filled) = &self.filled {
            claim.registration = filled.registration;
            claim.statement.commitment = filled.commitment;
        }
        Some(claim)
    }
}

impl SavedRegistered {
    pub(super) fn of(registered: Option<&Registered>) -> Self {
        let none = Self { claim: SavedClaim { units: 0, filled: None }, region_bytes: None };
        registered.map_or(none, |&Registered { claim, region_bytes }| Self {
            claim: SavedClaim::of(&claim),
            region_bytes: (region_bytes != claim.statement.claimed_bytes()).then_some(region_bytes),
        })
    }

    pub(super) fn registered(&self, owner: Hotkey, validator: Hotkey, unit_bytes: u32) -> Option<Registered> {
        let claim = self.claim.claim(owner, validator, unit_bytes)?;
        let region_bytes = self.region_bytes.unwrap_or_else(|| claim.statement.claimed_bytes());
        Some(Registered { claim, region_bytes })
    }
}
