//! Weights that nobody can read until a round of the drand beacon, and everybody can after it.
//!
//! A Bittensor subnet with commit-reveal takes weights sealed like this and opens them by itself: a validator
//! [seals](TimelockedWeights::seal) its weights to a [`DrandRound`] shortly after the first block in which the
//! chain may open them ([`EpochSchedule`]), and has nothing more to do.
//!
//! - Beacon: drand's `quicknet`, a round each 3 s, signatures on G1 of BLS12-381 and its key on G2
//!   ([`RoundSignature`]).
//! - Sealing: identity-based encryption, "FullIdent" of Boneh and Franklin (CRYPTO 2001, section 4.2) with the
//!   round as the identity, of a key for AES-256-GCM.
//! - Bytes: those of PyPI `bittensor-drand` 2.0.0, which seals with the `tle` crate of
//!   github.com/ideal-lab5/timelock. Fixed outputs of it are among the tests.
//!
//! Nothing here asks a clock or the network: moments and signatures come from the caller.

mod cipher;
mod identity;
mod payload;
mod quicknet;
mod schedule;
mod sealed;

pub use payload::{COMMIT_REVEAL_VERSION, MAX_COMMIT_BYTES, TimelockedWeights};
pub use quicknet::{DrandRound, QUICKNET_GENESIS_S, QUICKNET_PERIOD_S, RoundSignature};
pub use schedule::EpochSchedule;
pub use sealed::{open, seal};
