//! How a plot is filled.

use std::time::Duration;

use crate::{CancelFlag, IoChoice};

/// How to fill.
#[derive(Debug, Clone)]
pub struct FillOptions {
    /// Throw away what is there and begin anew.
    pub restart: bool,
    /// Which way in.
    pub io: IoChoice,
    /// Stops every put once set.
    pub cancel: CancelFlag,
    /// Reserve the file's room on the disk before the first byte. Without it a disk that fills up is found
    /// only when a write fails.
    pub reserve: bool,
    /// A checkpoint is due after this many finished bytes, though not sooner than `checkpoint_spacing` after the
    /// one before,
    pub checkpoint_bytes: u64,
    /// or after this long.
    pub checkpoint_every: Duration,
    /// The file system's own journal is flushed with each checkpoint and holds up every writer: a fast disk is
    /// spared one every few hundred milliseconds.
    pub checkpoint_spacing: Duration,
}

impl Default for FillOptions {
    fn default() -> Self {
        Self {
            restart: false,
            io: IoChoice::Auto,
            cancel: CancelFlag::new(),
            reserve: true,
            checkpoint_bytes: 256 << 20,
            checkpoint_every: Duration::from_secs(5),
            checkpoint_spacing: Duration::from_secs(1),
        }
    }
}
