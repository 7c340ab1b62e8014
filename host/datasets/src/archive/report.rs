//! What a check found.

use std::fmt;

use plimsoll_core::{Digest, Hotkey, Uid};

use super::entry::Entry;
use super::manifest::Place;

/// How much is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Every stored byte against its block's digest, every snapshot, root and signature.
    #[default]
    Stored,
    /// That, and every object put together and compared with its digest.
    Objects,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// A pack or a block.
    Pack(String),
    /// An object that cannot be put together: fresh bytes repair it.
    Object {
        /// The object.
        object: Digest,
        /// What is wrong.
        why: String,
    },
    /// A dataset that a snapshot names is not kept any more: fetched again, it is there again.
    Gone {
        /// Subnet and block.
        place: Place,
        /// Whose it is.
        uid: Uid,
        /// The object.
        object: Digest,
    },
    /// A snapshot whose manifest or seal cannot be read or does not hold.
    Snapshot {
        /// Subnet and block.
        place: Place,
        /// What is wrong.
        why: String,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pack(why) => f.write_str(why),
            Self::Object { object, why } => write!(f, "object {object}: {why}"),
            Self::Gone { place, uid, object } => {
                let (netuid, block) = (place.netuid, place.block);
                write!(
                    f,
                    "object {object} of uid {uid} is not kept, which the snapshot of netuid {netuid} at block {block} names"
                )
            }
            Self::Snapshot { place, why } => {
                write!(f, "snapshot of netuid {} at block {}: {why}", place.netuid, place.block)
            }
        }
    }
}

/// A miner whose dataset must be fetched again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// The newest snapshot that names it.
    pub place: Place,
    /// Its entry there: who, and where the dataset was fetched from.
    pub entry: Entry,
}

impl Affected {
    /// Who, by the key that does not change hands.
    #[must_use]
    pub const fn hotkey(&self) -> Hotkey {
        self.entry.hotkey
    }
}

/// Where an object was fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The object.
    pub object: Digest,
    /// `owner/name`.
    pub namespace: String,
    /// The commit that was served: 40 hex digits.
    pub commit: String,
    /// The file's path in the repository.
    pub path: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Blocks whose digest was computed.
    pub blocks: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Objects that were looked at.
    pub objects: u64,
    /// Snapshots that were looked at.
    pub snapshots: u64,
    /// What is damaged.
    pub damages: Vec<Damage>,
    /// Miners whose dataset that concerns, by subnet and uid.
    pub affected: Vec<Affected>,
    /// Where objects that are damaged were fetched from.
    pub origins: Vec<Origin>,
    /// What is no damage, but is not needed either: what a crash left.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether everything is as it was written.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damages.is_empty()
    }
}
