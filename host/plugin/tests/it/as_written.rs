//! The templates of `plugin new`, compiled here as they are: their own law tests run with ours.

#[path = "../../templates/allocation.rs"]
mod allocation;
#[path = "../../templates/challenge.rs"]
mod challenge;
#[path = "../../templates/dataset.rs"]
mod dataset;
#[path = "../../templates/incentive.rs"]
mod incentive;
#[path = "../../templates/proof.rs"]
mod proof;
