//! Bittensor's wallet folders: `PATH/NAME/{coldkeypub.txt, hotkeys/HOTKEY, hotkeys/HOTKEYpub.txt}`.
//!
//! A miner or validator signs with its hotkey, which Bittensor keeps unencrypted, readable by its owner only.
//! The hotkey's file is read whichever of its optional fields are there, and believed only if all of them
//! tell of one key. The `coldkey` file is opened by nothing but [`Wallet::coldkey`], which no miner or validator
//! calls; an encrypted one wants its [`Password`].
//!
//! Secrets are wiped from memory after use and appear in no error, log or debug text.

mod folder;
mod problem;

mod key_file;
mod nacl;
mod origin;
mod password;

mod coldkey;
mod create;
mod import;
mod read;

pub use create::{Mnemonic, NewHotkey};
pub use folder::{DEFAULT_HOTKEY, DEFAULT_NAME, DEFAULT_PATH, Wallet, expand_home};
pub use import::WrittenKey;
pub use origin::KeyOrigin;
pub use password::Password;
pub use problem::{Encryption, WalletProblem};
