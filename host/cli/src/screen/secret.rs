//! Secrets, from a terminal without echo or from a file that its owner alone can read; never from an argument, which
//! every process can see.

use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;

/// The longest secret, in bytes: 24 words are less than 250.
const MAX_SECRET_BYTES: usize = 1024;

/// What somebody types behind `prompt`, unseen. `instead` is the flag that names a file.
///
/// # Errors
/// [`Exit::Usage`] where nobody can be asked.
pub(crate) fn ask_secret(global: &Global, prompt: &str, instead: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = std::io::stdin();
    if global.json || !stdin.is_terminal() {
        let asker =
            if global.json { "with --json nothing is asked" } else { "standard input is no terminal" };
        let message = format!("{prompt}: this is asked for, but {asker}");
        return Err(Failure::new(Exit::Usage, message).hint(format!("name a file with {instead}")));
    }
    let _ = write!(std::io::stderr().lock(), "{prompt}: ");
    let unseen = Unseen::begin()?;
    let mut text = Zeroizing::new(String::with_capacity(MAX_SECRET_BYTES));
    let read = stdin.lock().take(MAX_SECRET_BYTES as u64).read_line(&mut text);
    drop(unseen);
    let _ = writeln!(std::io::stderr().lock());
    read.or_fail(Exit::Error, || "cannot read the answer".into())?;
    Ok(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// All of a file that its owner alone can read.
///
/// # Errors
/// [`Exit::Wallet`] where it is missing, others can read it, or it is too long or no text.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let cannot = |doing: &str| format!("cannot {doing} {}", path.display());
    let file = File::open(path).or_fail(Exit::Wallet, || cannot("open"))?;
    let metadata = file.metadata().or_fail(Exit::Wallet, || cannot("look at"))?;
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let message = format!("{}: others can read this secret (mode {mode:04o})", path.display());
        return Err(Failure::new(Exit::Wallet, message).hint(format!("run `chmod 600 {}`", path.display())));
    }
    // All of the room at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES + 2));
    let read = file.take(MAX_SECRET_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.or_fail(Exit::Wallet, || cannot("read"))?;
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= MAX_SECRET_BYTES);
    let text = text.ok_or_else(|| {
        let message =
            format!("{}: this is no secret: a text of at most 1024 bytes is expected", path.display());
        Failure::new(Exit::Wallet, message)
    })?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// The terminal without echo, until this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> Result<Self, Failure> {
        let failed = || "cannot make the terminal keep a secret".to_owned();
        let before = tcgetattr(std::io::stdin()).or_fail(Exit::Error, failed)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &unseen).or_fail(Exit::Error, failed)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_read_only_where_nobody_else_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed");
        std::fs::write(&path, " 0xabc\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read_secret(&path).unwrap_err();
        assert!(refused.message.ends_with("others can read this secret (mode 0640)"), "{refused}");
        assert_eq!(refused.hint.unwrap(), format!("run `chmod 600 {}`", path.display()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(*read_secret(&path).unwrap(), "0xabc");
        std::fs::write(&path, "x".repeat(1025)).unwrap();
        assert!(read_secret(&path).unwrap_err().message.contains("at most 1024 bytes"));
    }
}
