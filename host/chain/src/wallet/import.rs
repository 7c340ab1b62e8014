//! Writing keys that existed before, and coldkeys.

use std::path::{Path, PathBuf};

use plimsoll_core::Hotkey;

use super::create::{make_folder, write_new};
use super::key_file::public_json;
use super::nacl::encrypt;
use super::read::wallet;
use super::{KeyOrigin, Password, Wallet, WalletProblem};
use crate::ChainError;

/// A key that is now on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenKey {
    /// Its address.
    pub address: Hotkey,
    /// The secret file.
    pub file: PathBuf,
    /// The public half.
    pub public_file: PathBuf,
}

impl Wallet {
    /// Writes the hotkey that `origin` gives, as [`Wallet::create_hotkey`] writes a new one.
    ///
    /// # Errors
    /// As [`Wallet::create_hotkey`].
    pub fn import_hotkey(&self, origin: &KeyOrigin) -> Result<WrittenKey, ChainError> {
        let (file, public_file) = (self.hotkey_file(), self.hotkey_public_file());
        refuse_existing(origin, &file, &public_file)?;
        make_folder(&self.hotkeys())?;
        self.real_path(&self.hotkeys())?;
        write_pair(origin, file, public_file, origin.json().as_bytes())
    }

    /// Writes the coldkey that `origin` gives and `coldkeypub.txt`: encrypted with `password`, and plain only
    /// where there is none. Takes 512 MiB of memory and some seconds. Never overwrites one.
    ///
    /// # Errors
    /// As [`Wallet::create_hotkey`], and [`WalletProblem::NoMemory`].
    pub fn import_coldkey(
        &self,
        origin: &KeyOrigin,
        password: Option<&Password>,
    ) -> Result<WrittenKey, ChainError> {
        let (file, public_file) = (self.coldkey_file(), self.coldkey_public_file());
        refuse_existing(origin, &file, &public_file)?;
        let json = origin.json();
        match password {
            None => {
                make_folder(self.folder())?;
                write_pair(origin, file, public_file, json.as_bytes())
            }
            Some(password) => {
                let sealed = encrypt(json.as_bytes(), password).map_err(|problem| wallet(&file, problem))?;
                make_folder(self.folder())?;
                write_pair(origin, file, public_file, &sealed)
            }
        }
    }
}

/// A public half of the very same key may be there: it is what an import leaves that was cut short.
fn refuse_existing(origin: &KeyOrigin, file: &Path, public_file: &Path) -> Result<(), ChainError> {
    if file.symlink_metadata().is_ok() {
        return Err(wallet(file, WalletProblem::Exists));
    }
    if public_file.symlink_metadata().is_ok() && !is_half_of(origin, public_file) {
        return Err(wallet(public_file, WalletProblem::Exists));
    }
    Ok(())
}

fn is_half_of(origin: &KeyOrigin, public_file: &Path) -> bool {
    let expected = public_json(&origin.keypair().hotkey());
    let is_file = public_file.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file && std::fs::read(public_file).is_ok_and(|found| found == expected.as_bytes())
}

fn write_pair(
    origin: &KeyOrigin,
    file: PathBuf,
    public_file: PathBuf,
    secret: &[u8],
) -> Result<WrittenKey, ChainError> {
    let address = origin.keypair().hotkey();
    // The public half first: if the power fails between the two, the import can be repeated.
    if !is_half_of(origin, &public_file) {
        write_new(&public_file, public_json(&address).as_bytes())?;
    }
    write_new(&file, secret)?;
    Ok(WrittenKey { address, file, public_file })
}
