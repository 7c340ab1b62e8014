//! Reading a wallet: only what is the wallet's own, only what nobody else can read.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use plimsoll_core::{Hotkey, Keypair};
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::key_file::{public_key, secret_key};
use super::{Encryption, Wallet, WalletProblem};
use crate::ChainError;

/// A key file has some 700 bytes.
const MAX_KEY_FILE_BYTES: u64 = 64 << 10;

impl Wallet {
    /// The hotkey, ready to sign.
    ///
    /// # Errors
    /// [`ChainError::Wallet`] where the file is missing, readable by others (`mode & 0o077`), encrypted, a
    /// link out of the wallet or to nothing, the coldkey under another name, or not of one sr25519 key.
    pub fn hotkey(&self) -> Result<Keypair, ChainError> {
        let path = self.hotkey_file();
        let (bytes, mode) = self.read_key_file(&path)?;
        if mode & 0o077 != 0 {
            return Err(wallet(&path, WalletProblem::Exposed { mode: mode & 0o7777, path: path.clone() }));
        }
        if let Some(form) = Encryption::of(&bytes) {
            let (name, hotkey) = (self.name().to_owned(), self.hotkey_name().to_owned());
            return Err(wallet(&path, WalletProblem::Encrypted { form, name, hotkey }));
        }
        secret_key(&bytes).map_err(|problem| wallet(&path, problem))
    }

    /// The hotkey's address: from its public half if that is there, else from the hotkey itself.
    ///
    /// # Errors
    /// [`ChainError::Wallet`].
    pub fn hotkey_address(&self) -> Result<Hotkey, ChainError> {
        match self.public_half(&self.hotkey_public_file())? {
            Some(address) => Ok(address),
            None => Ok(self.hotkey()?.hotkey()),
        }
    }

    /// The coldkey's address from `coldkeypub.txt`; `None` if the wallet has no such file.
    ///
    /// # Errors
    /// [`ChainError::Wallet`].
    pub fn coldkey_address(&self) -> Result<Option<Hotkey>, ChainError> {
        self.public_half(&self.coldkey_public_file())
    }

    fn public_half(&self, path: &Path) -> Result<Option<Hotkey>, ChainError> {
        if let Err(error) = path.symlink_metadata()
            && error.kind() == io::ErrorKind::NotFound
        {
            return Ok(None);
        }
        let (bytes, _) = self.read_key_file(path)?;
        public_key(&bytes).map(Some).map_err(|problem| wallet(path, problem))
    }

    /// The bytes of the coldkey's own file, if nobody else can read it.
    pub(super) fn read_coldkey_file(&self) -> Result<Zeroizing<Vec<u8>>, ChainError> {
        let path = self.coldkey_file();
        if !self.has_coldkey_file() {
            return Err(wallet(&path, WalletProblem::NoColdkey { name: self.name().to_owned() }));
        }
        let (bytes, mode) = self.read_any_file(&path, |_| Ok(()))?;
        if mode & 0o077 != 0 {
            return Err(wallet(&path, WalletProblem::Exposed { mode: mode & 0o7777, path: path.clone() }));
        }
        Ok(bytes)
    }

    /// The bytes and the mode of a file that is in this wallet, is no coldkey, and can be a key file.
    fn read_key_file(&self, path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), ChainError> {
        self.read_any_file(path, |found| self.refuse_coldkey(path, found))
    }

    /// The bytes and the mode of a file that is in this wallet, passes `check`, and can be a key file.
    fn read_any_file(
        &self,
        path: &Path,
        check: impl Fn(&Metadata) -> Result<(), ChainError>,
    ) -> Result<(Zeroizing<Vec<u8>>, u32), ChainError> {
        let fail = |problem| wallet(path, problem);
        let real = self.real_path(path)?;
        // The path has no link left in it; should one appear now, it is not followed. A pipe does not block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        check(&real.symlink_metadata().map_err(|error| fail(system("look at", error)))?)?;
        let opened = rustix::fs::open(&real, flags, Mode::empty());
        let file = File::from(opened.map_err(|errno| fail(system("open", errno.into())))?);
        let metadata = file.metadata().map_err(|error| fail(system("look at", error)))?;
        if !metadata.is_file() {
            return Err(fail(WalletProblem::NoFile));
        }
        check(&metadata)?;
        // The room for all of it at once: a buffer that grows leaves copies behind.
        let room = usize::try_from(MAX_KEY_FILE_BYTES).unwrap_or(usize::MAX) + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        let read = file.take(MAX_KEY_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| fail(system("read", error)))?;
        if bytes.len() as u64 > MAX_KEY_FILE_BYTES {
            return Err(fail(WalletProblem::TooLong { most: MAX_KEY_FILE_BYTES }));
        }
        Ok((bytes, metadata.mode()))
    }

    /// The file behind `path`, all links followed, if it is inside the wallet's own folder.
    pub(super) fn real_path(&self, path: &Path) -> Result<PathBuf, ChainError> {
        let folder = fs::canonicalize(self.folder()).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                wallet(self.folder(), WalletProblem::NoWallet { name: self.name().to_owned() })
            }
            _ => wallet(self.folder(), system("open", error)),
        })?;
        let real = fs::canonicalize(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if path.symlink_metadata().is_ok() => {
                wallet(path, WalletProblem::Dangling)
            }
            io::ErrorKind::NotFound => wallet(path, self.no_hotkey()),
            _ => wallet(path, system("open", error)),
        })?;
        if real.starts_with(&folder) {
            Ok(real)
        } else {
            Err(wallet(path, WalletProblem::Leaves { target: real }))
        }
    }

    fn refuse_coldkey(&self, path: &Path, found: &Metadata) -> Result<(), ChainError> {
        // Looks at the coldkey's name in the folder, never into the file.
        let coldkeys = [self.coldkey_file().symlink_metadata(), self.coldkey_file().metadata()];
        let is_coldkey = |coldkey: &Metadata| (coldkey.dev(), coldkey.ino()) == (found.dev(), found.ino());
        if coldkeys.iter().flatten().any(is_coldkey) {
            return Err(wallet(path, WalletProblem::Coldkey));
        }
        Ok(())
    }

    fn no_hotkey(&self) -> WalletProblem {
        let mut has: Vec<String> = fs::read_dir(self.hotkeys())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.ends_with("pub.txt") && !name.starts_with('.'))
            .collect();
        has.sort();
        WalletProblem::NoHotkey { name: self.name().to_owned(), hotkey: self.hotkey_name().to_owned(), has }
    }
}

pub(super) fn wallet(path: &Path, problem: WalletProblem) -> ChainError {
    ChainError::Wallet { path: path.to_owned(), problem }
}

pub(super) fn system(doing: &'static str, source: io::Error) -> WalletProblem {
    WalletProblem::System { doing, source }
}
