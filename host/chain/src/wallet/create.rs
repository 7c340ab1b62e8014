//! Making a hotkey.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use plimsoll_core::{Hotkey, Keypair};
use zeroize::Zeroizing;

use super::key_file::{public_json, secret_json};
use super::read::{system, wallet};
use super::{Wallet, WalletProblem};
use crate::ChainError;

/// The words from which a key can be made again. Shown to its owner once; never printed by accident.
pub struct Mnemonic(Zeroizing<String>);

/// A hotkey that was just made and is on disk.
pub struct NewHotkey {
    /// Ready to sign.
    pub keypair: Keypair,
    /// Twelve words, to be written down.
    pub mnemonic: Mnemonic,
    /// The secret file.
    pub file: PathBuf,
    /// The public half.
    pub public_file: PathBuf,
}

impl Mnemonic {
    /// The words.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(***)")
    }
}

impl fmt::Debug for NewHotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewHotkey({}, {})", self.keypair.hotkey(), self.file.display())
    }
}

impl Wallet {
    /// Makes a new hotkey and writes both its files as bittensor-wallet does: mode 0600, in folders that are
    /// made with mode 0700. What is there is never overwritten. The key survives a power cut after this.
    ///
    /// # Errors
    /// [`ChainError::Wallet`] where a file of this name exists, or the folder cannot be written.
    pub fn create_hotkey(&self) -> Result<NewHotkey, ChainError> {
        let (file, public_file) = (self.hotkey_file(), self.hotkey_public_file());
        for path in [&file, &public_file] {
            if path.symlink_metadata().is_ok() {
                return Err(wallet(path, WalletProblem::Exists));
            }
        }
        let no_key = |error| wallet(&file, WalletProblem::NoKey(error));
        let words = Keypair::fresh_mnemonic().map_err(no_key)?;
        let seed = Keypair::seed_of_mnemonic(&words).map_err(no_key)?;
        let keypair = Keypair::from_seed(&seed);
        make_folder(&self.hotkeys())?;
        self.real_path(&self.hotkeys())?;
        write_new(&file, secret_json(&keypair, &seed, &words).as_bytes())?;
        write_new(&public_file, public_json(&keypair.hotkey()).as_bytes())?;
        Ok(NewHotkey { keypair, mnemonic: Mnemonic(words), file, public_file })
    }

    /// Writes `coldkeypub.txt`, so that the wallet says who owns its hotkeys. Never overwrites one.
    ///
    /// # Errors
    /// As [`Wallet::create_hotkey`].
    pub fn write_coldkey_address(&self, coldkey: &Hotkey) -> Result<(), ChainError> {
        make_folder(self.folder())?;
        write_new(&self.coldkey_public_file(), public_json(coldkey).as_bytes())
    }
}

/// Makes the folder and those above it that are missing, for the owner only, and durably.
pub(super) fn make_folder(path: &Path) -> Result<(), ChainError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(wallet(path, system("make", error))),
        Ok(()) => flush_folder(parent.unwrap_or(Path::new("."))),
    }
}

/// Writes a file of mode 0600 whole or not at all, and only where there is none.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), ChainError> {
    let fail = |error| wallet(path, system("write", error));
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).map_err(fail)?;
    fresh.write_all(bytes).map_err(fail)?;
    fresh.as_file().sync_all().map_err(fail)?;
    fresh.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => wallet(path, WalletProblem::Exists),
        _ => fail(error.error),
    })?;
    flush_folder(folder)
}

fn flush_folder(folder: &Path) -> Result<(), ChainError> {
    let flushed = fs::canonicalize(folder).and_then(File::open).and_then(|folder| folder.sync_all());
    flushed.map_err(|error| wallet(folder, system("flush", error)))
}
