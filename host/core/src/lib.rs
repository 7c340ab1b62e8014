//! The words of Plimsoll, in reading order from the bottom up. No I/O, no async, no clock.
//!
//! Everything above this crate speaks in these types: every number that has a unit or an index space is a
//! newtype, every identifier prints and parses one way, and what a plugin decides is plain data here, so
//! that the floors above never see a WebAssembly type.

mod bytes;
mod digest;
mod hotkey;
mod subnet;

mod span;
mod statement;

mod dataset;
mod policy;
mod scheme;
mod weights;

mod space;

mod claims;
mod sr25519;

pub use bytes::{ByteSize, ByteSizeError, seed_human_size};
pub use claims::Claims;
pub use dataset::{
    COMPETITION_BYTES, CheckedRow, CompetitionLimits, DatasetPlace, DayWindow, Decoded, Evaluation,
    NAMESPACE_BYTES, NotMine, PATH_BYTES, REVISION_BYTES, RowFinding, is_a_key, is_commit, is_competition,
    is_file_path, is_repository, is_revision, looks_like_a_key,
};
pub use digest::{Digest, DigestError};
pub use hotkey::{Hotkey, Ss58Error};
pub use policy::{
    AllocationSpace, Audit, AuditBudget, Candidate, IncentiveOutcome, Neuron, Share, Standing, Weight,
};
pub use scheme::{Answer, Layout, LayoutError, Order, Pass, Verdict};
pub use space::{NodePlace, PlotSpace, RegionSpace, SpaceError};
pub use span::{Extent, Span, Spans};
pub use sr25519::{Keypair, KeypairError, Signature, verify_signature};
pub use statement::{Identity, Round, Statement};
pub use subnet::{BlockNumber, Epoch, NetUid, RAO_PER_TAO, StakeRao, Uid};
pub use weights::normalise_weights;
