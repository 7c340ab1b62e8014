//! What can be wrong with a wallet's file. No variant can hold a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What is wrong with a file or folder of a wallet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletProblem {
    /// No such wallet.
    #[error("there is no wallet `{name}` here: make one with `plimsoll wallet new --wallet.name {name}`")]
    NoWallet {
        /// Its name.
        name: String,
    },
    /// No such hotkey.
    #[error(
        "there is no hotkey `{hotkey}` in the wallet `{name}` ({}): make one with `plimsoll wallet new \
         --wallet.name {name} --wallet.hotkey {hotkey}`",
        listed(has)
    )]
    NoHotkey {
        /// The wallet's name.
        name: String,
        /// The hotkey's name.
        hotkey: String,
        /// The hotkeys that it has.
        has: Vec<String>,
    },
    /// Something of this name is there.
    #[error(
        "it exists already, and a key is never overwritten: choose another --wallet.hotkey, or move it away"
    )]
    Exists,
    /// Others can read the key.
    #[error("others can read this key (mode {mode:04o}): run `chmod 600 {}`", path.display())]
    Exposed {
        /// The permission bits.
        mode: u32,
        /// The file.
        path: PathBuf,
    },
    /// The key is encrypted.
    #[error(
        "this key is encrypted ({form}), and a miner or validator reads its hotkey unencrypted: save it again \
         from its mnemonic with `btcli wallet regen-hotkey --wallet.name {name} --wallet.hotkey {hotkey} \
         --no-use-password`"
    )]
    Encrypted {
        /// How.
        form: Encryption,
        /// The wallet's name.
        name: String,
        /// The hotkey's name.
        hotkey: String,
    },
    /// No such coldkey.
    #[error(
        "there is no coldkey in the wallet `{name}` on this machine, and a miner or validator needs none; where it \
         is wanted, `btcli wallet regen-coldkey --wallet.name {name}` makes it again from its mnemonic"
    )]
    NoColdkey {
        /// The wallet's name.
        name: String,
    },
    /// An encrypted coldkey, and no password.
    #[error("this coldkey is encrypted: give its password when asked, or in a file with --password-file")]
    NoPassword,
    /// Not this password.
    #[error("the password is wrong, or the file has changed since it was written")]
    WrongPassword,
    /// Something that cannot be a password.
    #[error("this cannot be a password: {why}")]
    Password {
        /// What is wrong with it.
        why: &'static str,
    },
    /// An encrypted file too short to be one.
    #[error("this is no whole encrypted key: it has {bytes} bytes, and the box alone takes 45")]
    ShortBox {
        /// Bytes of the file.
        bytes: usize,
    },
    /// Encrypted in a way that is not read.
    #[error(
        "this coldkey is encrypted in a way that is not read any more ({form}): save it again from its mnemonic \
         with `btcli wallet regen-coldkey --wallet.name {name}`, which encrypts it with $NACL"
    )]
    LegacyColdkey {
        /// How.
        form: Encryption,
        /// The wallet's name.
        name: String,
    },
    /// Too little memory to open or make an encrypted key.
    #[error("an encrypted coldkey takes 512 MiB of memory to open, and there is less: free some")]
    NoMemory,
    /// The password's key could not be computed.
    #[error("cannot make a key of the password: {why}")]
    Kdf {
        /// What the library said.
        why: String,
    },
    /// A link to somewhere else.
    #[error("it leads to {}, outside the wallet: put the key itself there", target.display())]
    Leaves {
        /// Where it leads.
        target: PathBuf,
    },
    /// A link to nothing.
    #[error("it is a link that leads nowhere: put the key itself there")]
    Dangling,
    /// The coldkey under another name.
    #[error("it is the wallet's coldkey under another name, which is never opened: put the hotkey there")]
    Coldkey,
    /// A folder, a pipe or the like.
    #[error("it is no ordinary file")]
    NoFile,
    /// Too long for a key.
    #[error("it has more than {most} bytes, a key file has fewer than a thousand")]
    TooLong {
        /// Bytes that are read.
        most: u64,
    },
    /// No JSON of a key. What the file holds is not repeated.
    #[error("this is no key file: the JSON of one breaks off at line {line}, column {column}")]
    NoKeyFile {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A field cannot be what it should be.
    #[error("`{field}` {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Only the public half.
    #[error(
        "there is no secret in this file (privateKey, secretSeed or secretPhrase): is it the public half?"
    )]
    NoSecret,
    /// Nothing that says whose key it is.
    #[error("there is no publicKey, accountId or ss58Address in this file")]
    NoPublicKey,
    /// Two fields tell of two keys.
    #[error("`{field}` belongs to {found}, but `{other}` to {expected}: the file mixes two keys")]
    Mismatch {
        /// One field.
        field: &'static str,
        /// Its address.
        found: String,
        /// The other.
        other: &'static str,
        /// Its address.
        expected: String,
    },
    /// The system gave no randomness.
    #[error("cannot make a key: {0}")]
    NoKey(#[from] plimsoll_core::KeypairError),
    /// The system would not do it.
    #[error("cannot {doing} it: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl WalletProblem {
    pub(super) fn kdf(error: argon2::Error) -> Self {
        Self::Kdf { why: error.to_string() }
    }
}

/// How an encrypted key file is encrypted, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `$NACL`: what btcli writes today.
    Nacl,
    /// `$ANSIBLE_VAULT;`: legacy.
    Ansible,
    /// `gAAAAA`: Fernet, legacy.
    Fernet,
}

impl Encryption {
    /// The encryption of a file that begins like this.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        [(&b"$NACL"[..], Self::Nacl), (b"$ANSIBLE_VAULT;", Self::Ansible), (b"gAAAAA", Self::Fernet)]
            .into_iter()
            .find_map(|(head, form)| bytes.starts_with(head).then_some(form))
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nacl => "$NACL",
            Self::Ansible => "legacy $ANSIBLE_VAULT",
            Self::Fernet => "legacy Fernet",
        })
    }
}

fn listed(has: &[String]) -> String {
    if has.is_empty() { "it has none".into() } else { format!("it has: {}", has.join(", ")) }
}
