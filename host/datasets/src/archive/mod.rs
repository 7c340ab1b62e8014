//! The archive of a data folder: every dataset that was ever collected, each distinct line once.
//!
//! ```text
//! archive/lock            who writes: one process at a time
//! archive/readers         held by whoever reads, so that packs are not removed meanwhile
//! archive/index.redb      where every piece, object and snapshot is; one transaction commits a batch
//! archive/packs/*.pack    blocks of pieces, appended and never changed
//! ```
//!
//! An object is a file, named by the BLAKE3 of its bytes. It is kept as a recipe: the numbers of its pieces, which
//! are its lines with their ends. A snapshot of a subnet at a block is an object too: a manifest, whose pieces are
//! its entries, so that what did not change since the day before is kept once. Nothing is ordered by time.
//!
//! What is deliberately absent: the network, JSON (rows come with their ids), and any judgement of a dataset.

mod bytes;
mod cache;
mod error;
mod file;
mod lines;
mod lock;

mod block;
mod index;
mod pack;
mod recipe;

mod entry;
mod manifest;
mod note;
mod standing;
mod tree;

mod batch;
mod seals;
mod store;
mod view;
mod wanted;

mod days;
mod restore;
mod sizes;
mod written;

mod check;
mod drop;
mod gc;
mod keep;
mod rebuild;
mod report;
mod tidy;

pub use batch::Batch;
pub use days::{Change, DayDiff, Visit};
pub use drop::Dropped;
pub use entry::{Entry, Outcome};
pub use error::{ArchiveError, BlockFault};
pub use file::{NewFile, Put, Witness};
pub use gc::Collected;
pub use keep::Retention;
pub use manifest::{Manifest, Place, Seal, SnapshotFacts};
pub use note::{CommitmentNote, RawNote, Source, shown_namespace};
pub use rebuild::Rebuilt;
pub use report::{Affected, Damage, Depth, Origin, Report};
pub use restore::RowsOfMiner;
pub use sizes::StoredBytes;
pub use standing::Standing;
pub use store::{Archive, Snapshot};
pub use tree::{EntryPath, entries_root, verify_entry};
pub use written::{Checkout, Stale};
