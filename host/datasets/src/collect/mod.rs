//! A subnet's datasets, from its commitments to the archive, in one run.
//!
//! ```text
//! chain, one block      -> commitments, read by the plugin           plan
//! archive               -> what is held already, by repository and commit
//! hub                   -> unpinned revisions, once each; files, a few at a time
//! plugin                -> each file's rows
//! archive, in batches   -> objects; at the end the snapshot, signed where there is a wallet
//! ```
//!
//! In reading order: [`CollectOptions`], [`plan`] and [`Plan`], [`collect`], [`Listener`], [`Summary`].
//!
//! A file is known by its repository and commit, never by the uid that named it, and nothing is deleted before what
//! replaces it is kept. A file that has arrived whole waits in `incoming/` until the archive has it, so a run that is
//! killed asks for none twice. What is wrong with one miner is that miner's outcome and never ends a run: that does the
//! own disk, the archive or the chain.

mod error;
mod options;

mod subnet;

mod judge;
mod plan;
mod wanted;

mod arriving;
mod ends;
mod incoming;
mod keeping;
mod run;
mod unpinned;
mod work;

mod kinds;
mod listener;
mod outcome;
mod summary;

mod evaluation;
mod presence;
mod repair;

pub use error::CollectError;
pub use evaluation::{EvaluationError, EvaluationSet, evaluation_set};
pub use kinds::{Class, kind_of};
pub use listener::{Listener, Silent};
pub use options::{CollectOptions, Selection, Since};
pub use outcome::{Kept, MinerOutcome, Told};
pub use plan::{Cost, Plan, plan, plan_only};
pub use presence::Asking;
pub use repair::{Mended, repair};
pub use run::{carry_out, collect};
pub use subnet::SubnetAt;
pub use summary::{MinerLine, Summary};
