//! Reading a coldkey: only where somebody asks for it by this name. Neither miner nor validator does.

use plimsoll_core::Keypair;

use super::key_file::secret_key;
use super::nacl::decrypt;
use super::read::wallet;
use super::{Encryption, Password, Wallet, WalletProblem};
use crate::ChainError;

impl Wallet {
    /// Whether the coldkey wants a password.
    ///
    /// # Errors
    /// [`ChainError::Wallet`] where there is no coldkey here, others can read it, or it cannot be read.
    pub fn coldkey_is_encrypted(&self) -> Result<bool, ChainError> {
        Ok(Encryption::of(&self.read_coldkey_file()?).is_some())
    }

    /// The coldkey, ready to sign. `password` is not looked at where the file is plain. A `$NACL` file takes 512 MiB
    /// of memory and some seconds.
    ///
    /// # Errors
    /// [`ChainError::Wallet`] as [`Wallet::hotkey`], and where the password is missing or wrong, the file is
    /// encrypted in a legacy way, or the coldkey is not that of `coldkeypub.txt`.
    pub fn coldkey(&self, password: Option<&Password>) -> Result<Keypair, ChainError> {
        let path = self.coldkey_file();
        let fail = |problem| wallet(&path, problem);
        let bytes = self.read_coldkey_file()?;
        let key = match (Encryption::of(&bytes), password) {
            (None, _) => secret_key(&bytes),
            (Some(Encryption::Nacl), None) => Err(WalletProblem::NoPassword),
            (Some(Encryption::Nacl), Some(password)) => {
                decrypt(&bytes, password).and_then(|json| secret_key(&json))
            }
            (Some(form), _) => Err(WalletProblem::LegacyColdkey { form, name: self.name().to_owned() }),
        };
        let key = key.map_err(fail)?;
        match self.coldkey_address()? {
            Some(address) if address != key.hotkey() => Err(fail(WalletProblem::Mismatch {
                field: "coldkey",
                found: key.hotkey().to_ss58(),
                other: "coldkeypub.txt",
                expected: address.to_ss58(),
            })),
            _ => Ok(key),
        }
    }
}
