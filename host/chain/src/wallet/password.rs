//! The password of an encrypted coldkey.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::WalletProblem;
use super::read::{system, wallet};
use crate::ChainError;

/// The longest password, in bytes.
const MAX_PASSWORD_BYTES: usize = 1024;

/// A password. Wiped after use and never printed; never taken from an argument, which every process can see.
pub struct Password(Zeroizing<String>);

impl Password {
    /// What somebody typed.
    ///
    /// # Errors
    /// [`WalletProblem::Password`] where it is empty or too long.
    pub fn new(text: Zeroizing<String>) -> Result<Self, WalletProblem> {
        match text.len() {
            0 => Err(WalletProblem::Password { why: "it is empty" }),
            1..=MAX_PASSWORD_BYTES => Ok(Self(text)),
            _ => Err(WalletProblem::Password { why: "it is longer than 1024 bytes" }),
        }
    }

    /// The first and only line of a file that its owner alone can read, for `--password-file`.
    ///
    /// # Errors
    /// [`ChainError::Wallet`].
    pub fn from_file(path: &Path) -> Result<Self, ChainError> {
        let fail = |problem| wallet(path, problem);
        // A pipe that nobody writes to does not block.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = rustix::fs::open(path, flags, Mode::empty());
        let file = File::from(opened.map_err(|errno| fail(system("open", errno.into())))?);
        let metadata = file.metadata().map_err(|error| fail(system("look at", error)))?;
        if !metadata.is_file() {
            return Err(fail(WalletProblem::NoFile));
        }
        let mode = metadata.mode();
        if mode & 0o077 != 0 {
            return Err(fail(WalletProblem::Exposed { mode: mode & 0o7777, path: path.to_owned() }));
        }
        // All of the room at once: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSWORD_BYTES + 4));
        let read = file.take(MAX_PASSWORD_BYTES as u64 + 3).read_to_end(&mut bytes);
        read.map_err(|error| fail(system("read", error)))?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line)
            .map_err(|_| fail(WalletProblem::Password { why: "the file is no text in UTF-8" }))?;
        if text.contains(['\n', '\r']) {
            return Err(fail(WalletProblem::Password { why: "the file has more than one line" }));
        }
        Self::new(Zeroizing::new(text.to_owned())).map_err(fail)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}
