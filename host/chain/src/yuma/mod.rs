//! Yuma consensus: one epoch of a subnet as the chain computes it, bit for bit.
//!
//! [`epoch`] is a function of [`EpochRules`] and an [`EpochInput`] (stake, weights, bonds so far) and gives
//! an [`EpochOutcome`]: what each neuron gets, who may set weights next, and the bonds for the next epoch.
//! It does in this order what subtensor's `run_epoch` does at spec version 425 (June 2026):
//!
//! 1. stake is normalised; that of inactive neurons and of those without a permit does not decide;
//! 2. rows of weights count if they come from a permit, are not on oneself, and are newer than their miner;
//! 3. consensus: per miner, the largest weight that `kappa` of the active stake gives or exceeds;
//! 4. weights are clipped to it; stake times clipped weights, normalised, is the incentive;
//! 5. bonds move towards the clipped weights ([`BondRule`]), and earn dividends from the incentives;
//! 6. incentives and dividends, together as one whole, divide the emission.
//!
//! All numbers are [`Fixed`], with 32 bits behind the point, and every cut is where the chain makes it. The
//! tests compare every figure of 93 epochs of the chain's own code with tolerance zero.

mod bonds;
mod consensus;
mod epoch;
mod fixed;
mod input;
mod outcome;
mod payout;
mod rows;
mod upscale;

#[cfg(test)]
mod law_tests;

pub use consensus::weighted_median;
pub use epoch::epoch;
pub use fixed::Fixed;
pub use input::{BondRule, EpochInput, EpochNeuron, EpochRules, LiquidAlpha};
pub use outcome::EpochOutcome;
pub use rows::Rows;
pub use upscale::max_upscale;
