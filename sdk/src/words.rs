//! The words of the contract as plain Rust. Numbers are integers, keys and digests have 32 bytes, and
//! randomness and time only ever arrive as arguments.

use std::fmt;

/// Thirty-two bytes that name something.
pub type Digest = [u8; 32];

/// What a plugin's function gives: its answer, or why it could not tell.
pub type Result<T, E = PluginError> = std::result::Result<T, E>;

/// A raw 32-byte sr25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hotkey(pub [u8; 32]);

/// A run of bytes inside a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First byte, from the region's start.
    pub offset: u64,
    /// Number of bytes.
    pub len: u64,
}

/// A run of units: the smallest thing that a scheme fills, challenges and proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the first unit, 0-based.
    pub first: u64,
    /// Number of units.
    pub count: u64,
}

/// Whose space this is: `owner` keeps it for `validator` on subnet `netuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The subnet.
    pub netuid: u16,
    /// The miner.
    pub owner: Hotkey,
    /// Whom the miner keeps it for.
    pub validator: Hotkey,
}

/// One audit round. `beacon` is public randomness that nobody could know before `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// The validator's audit epoch.
    pub epoch: u64,
    /// The block that the beacon belongs to.
    pub block: u64,
    /// Public randomness: the block's hash.
    pub beacon: Digest,
}

/// The plugin could not do its work. A proof that fails is a verdict, never an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginError {
    /// The operator's fault: a parameter. Names it and says what it may be.
    BadConfig(String),
    /// The caller's fault: an argument that no honest host passes.
    BadInput(String),
    /// A request that this plugin does not serve.
    Unsupported(String),
    /// The disk's fault.
    Storage(String),
    /// The plugin's own fault.
    Internal(String),
}

impl Span {
    /// One past the last unit.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Whether it has units and all of them are below `units`.
    #[must_use]
    pub const fn is_within(&self, units: u64) -> bool {
        self.count > 0 && self.first < units && self.count <= units - self.first
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, message) = match self {
            Self::BadConfig(message) => ("bad config", message),
            Self::BadInput(message) => ("bad input", message),
            Self::Unsupported(message) => ("unsupported", message),
            Self::Storage(message) => ("storage", message),
            Self::Internal(message) => ("internal", message),
        };
        write!(f, "{class}: {message}")
    }
}

impl std::error::Error for PluginError {}

impl fmt::Debug for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hotkey({})", self.short())
    }
}

impl fmt::Display for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_ss58())
    }
}
