//! Bittensor's wallet folders: `PATH/NAME/{coldkeypub.txt, hotkeys/HOTKEY, hotkeys/HOTKEYpub.txt}`.
//!
//! A miner or validator signs with its hotkey, which Bittensor keeps unencrypted, readable by its owner only.
//! The hotkey's file is read whichever of its optional fields are there, and believed only if all of them
//! tell of one key. The `coldkey` file is never opened.
//!
//! Secrets are wiped from memory after use and appear in no error, log or debug text.

mod create;
mod folder;
mod key_file;
mod problem;
mod read;

pub use create::{Mnemonic, NewHotkey};
pub use folder::{DEFAULT_HOTKEY, DEFAULT_NAME, DEFAULT_PATH, Wallet, expand_home};
pub use problem::{Encryption, WalletProblem};
