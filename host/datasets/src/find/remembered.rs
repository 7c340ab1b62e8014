//! Which subnet a source's datasets were found on, so that not every run asks all subnets.
//!
//! It is a hint: whoever takes it looks whether the subnet's commitments still decode, and asks all subnets if not. A
//! file that is missing, damaged or of another program's making is no hint, and never an error.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use plimsoll_core::{BlockNumber, Digest, NetUid};
use serde::{Deserialize, Serialize};

use crate::source::Source;

/// Chains and sources that are remembered; the oldest are forgotten first.
const MOST: usize = 64;
/// A file that is larger is not ours.
const MOST_BYTES: u64 = 64 << 10;

/// A subnet that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The chain's first block.
    pub genesis: Digest,
    /// The plugin.
    pub plugin: Digest,
    /// Its parameters.
    pub params: Digest,
    /// The subnet.
    pub netuid: NetUid,
    /// When it was found.
    pub block: BlockNumber,
}

/// The file in a data folder.
#[derive(Debug, Clone)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// `found.json` of a data folder.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join("found.json") }
    }

    /// Where the source's datasets were found on this chain.
    #[must_use]
    pub fn recall(&self, genesis: Digest, source: &Source) -> Option<Remembered> {
        let (plugin, params) = (source.plugin().digest(), source.plugin().params_digest());
        self.all()
            .into_iter()
            .rev()
            .find(|of| (of.genesis, of.plugin, of.params) == (genesis, plugin, params))
    }

    /// Remembers it, in place of what was remembered of the same chain and source.
    ///
    /// # Errors
    /// What the disk says; the file is whole then, as it was before.
    pub fn remember(
        &self,
        genesis: Digest,
        source: &Source,
        netuid: NetUid,
        block: BlockNumber,
    ) -> std::io::Result<()> {
        let (plugin, params) = (source.plugin().digest(), source.plugin().params_digest());
        let new = Remembered { genesis, plugin, params, netuid, block };
        let mut all = self.all();
        all.retain(|of| (of.genesis, of.plugin, of.params) != (genesis, plugin, params));
        all.drain(..all.len().saturating_sub(MOST - 1));
        all.push(new);
        if let Some(folder) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let draft = self.path.with_extension(format!("json.{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        let written = file
            .write_all(&serde_json::to_vec(&all)?)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&draft, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written
    }

    fn all(&self) -> Vec<Remembered> {
        let is_ours = std::fs::metadata(&self.path).is_ok_and(|of| of.is_file() && of.len() <= MOST_BYTES);
        let text = if is_ours { std::fs::read(&self.path).unwrap_or_default() } else { Vec::new() };
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
