//! Where a wallet's files are.

use std::path::{Path, PathBuf};

use crate::ChainError;

/// `--wallet.path` unless said otherwise; `~` is for [`expand_home`].
pub const DEFAULT_PATH: &str = "~/.bittensor/wallets";
/// `--wallet.name` unless said otherwise.
pub const DEFAULT_NAME: &str = "default";
/// `--wallet.hotkey` unless said otherwise.
pub const DEFAULT_HOTKEY: &str = "default";

const MAX_NAME_BYTES: usize = 128;

/// One hotkey of one wallet, by name. Nothing is opened until it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    folder: PathBuf,
    name: String,
    hotkey: String,
}

/// `text` with a leading `~` replaced by `home`: this crate does not look into the environment.
#[must_use]
pub fn expand_home(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

impl Wallet {
    /// The hotkey `hotkey` of the wallet `name` under the folder `path`.
    ///
    /// # Errors
    /// [`ChainError::WalletName`] where a name would lead elsewhere.
    pub fn at(path: &Path, name: &str, hotkey: &str) -> Result<Self, ChainError> {
        check_name("wallet", name)?;
        check_name("hotkey", hotkey)?;
        if hotkey.ends_with("pub.txt") {
            return Err(bad_name("hotkey", hotkey, "names that end in `pub.txt` are for public halves"));
        }
        Ok(Self { folder: path.join(name), name: name.to_owned(), hotkey: hotkey.to_owned() })
    }

    /// The wallet's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hotkey's name.
    #[must_use]
    pub fn hotkey_name(&self) -> &str {
        &self.hotkey
    }

    /// The wallet's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of its hotkeys.
    #[must_use]
    pub fn hotkeys(&self) -> PathBuf {
        self.folder.join("hotkeys")
    }

    /// The hotkey's file: secret.
    #[must_use]
    pub fn hotkey_file(&self) -> PathBuf {
        self.hotkeys().join(&self.hotkey)
    }

    /// The hotkey's public half.
    #[must_use]
    pub fn hotkey_public_file(&self) -> PathBuf {
        self.hotkeys().join(format!("{}pub.txt", self.hotkey))
    }

    /// The coldkey's public half.
    #[must_use]
    pub fn coldkey_public_file(&self) -> PathBuf {
        self.folder.join("coldkeypub.txt")
    }

    /// Whether the coldkey itself lies on this machine, where it does not belong. It is not opened.
    #[must_use]
    pub fn has_coldkey_file(&self) -> bool {
        self.coldkey_file().symlink_metadata().is_ok()
    }

    pub(super) fn coldkey_file(&self) -> PathBuf {
        self.folder.join("coldkey")
    }
}

fn check_name(kind: &'static str, name: &str) -> Result<(), ChainError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME_BYTES {
        "it is longer than 128 bytes"
    } else if name.contains(['/', '\\']) {
        "it has a path separator; folders go into --wallet.path"
    } else if name == "." || name.contains("..") {
        "it is or has a `.` that would lead to another folder; folders go into --wallet.path"
    } else if name.chars().any(char::is_control) {
        "it has a control character"
    } else {
        return Ok(());
    };
    Err(bad_name(kind, name, why))
}

fn bad_name(kind: &'static str, name: &str, why: &'static str) -> ChainError {
    ChainError::WalletName { kind, name: name.escape_debug().take(140).collect(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_files_are_where_bittensor_puts_them() {
        let wallet = Wallet::at(Path::new("/w"), DEFAULT_NAME, "miner1").unwrap();
        assert_eq!(wallet.hotkey_file(), Path::new("/w/default/hotkeys/miner1"));
        assert_eq!(wallet.hotkey_public_file(), Path::new("/w/default/hotkeys/miner1pub.txt"));
        assert_eq!(wallet.coldkey_public_file(), Path::new("/w/default/coldkeypub.txt"));
    }

    #[test]
    fn a_tilde_is_the_home_that_is_given() {
        let home = Path::new("/home/ada");
        assert_eq!(expand_home(DEFAULT_PATH, home), Path::new("/home/ada/.bittensor/wallets"));
        assert_eq!(expand_home("~", home), home);
        assert_eq!(expand_home("/keys/~x", home), Path::new("/keys/~x"));
        assert_eq!(expand_home("~bob/keys", home), Path::new("~bob/keys"));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_with_the_reason() {
        let said =
            |name: &str, hotkey: &str| Wallet::at(Path::new("/w"), name, hotkey).unwrap_err().to_string();
        assert_eq!(
            said("../other", "default"),
            "`../other` cannot be the name of a wallet: it has a path separator; folders go into --wallet.path"
        );
        assert!(said("default", "a/b").starts_with("`a/b` cannot be the name of a hotkey: it has a path"));
        assert!(said("a\\b", "x").contains("path separator"));
        for dots in ["..", ".", "a..b"] {
            assert!(said(dots, "x").contains("lead to another folder"), "{dots}");
        }
        assert!(said("", "x").contains("it is empty"));
        assert!(said("a\nb", "x").contains("`a\\nb` cannot be the name of a wallet: it has a control"));
        assert!(said(&"x".repeat(129), "x").contains("longer than 128 bytes"));
        assert!(said("default", "minerpub.txt").contains("for public halves"));
    }

    proptest! {
        #[test]
        fn every_name_that_passes_stays_inside_the_folder(name in "\\PC{0,12}|[./a\\\\]{1,6}") {
            if let Ok(wallet) = Wallet::at(Path::new("/w"), &name, &name) {
                let file = wallet.hotkey_file();
                let parts: Vec<_> = file.components().collect();
                prop_assert_eq!(parts.len(), 5, "{}", file.display());
                prop_assert!(parts[1..].iter().all(|p| matches!(p, std::path::Component::Normal(_))));
            }
        }
    }
}
