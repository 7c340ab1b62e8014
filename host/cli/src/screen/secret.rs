//! Secrets, from a terminal without echo or from a file that its owner alone can read; never from an argument, which
//! every process can see.

use std::fs::File;
use std::io::{IsTerminal as _, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure, OrFail as _};
use crate::global::Global;

/// The longest secret, in bytes: 24 words are less than 250.
const MAX_SECRET_BYTES: usize = 1024;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7f;

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
    let unseen = Unseen::begin()?;
    let _ = write!(std::io::stderr().lock(), "{prompt}: ");
    let typed = typed(&mut stdin.lock());
    drop(unseen);
    let _ = writeln!(std::io::stderr().lock());
    typed?.ok_or_else(|| Failure::new(Exit::Interrupted, "stopped on request; nothing was written"))
}

/// A line as a terminal gives it byte by byte: its keys for editing and stopping mean nothing to a terminal that
/// passes everything on. `None` for Ctrl-C.
fn typed(keys: &mut impl Read) -> Result<Option<Zeroizing<String>>, Failure> {
    // All of the room at once: a buffer that grows leaves copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES));
    let mut key = [0];
    loop {
        let n = keys.read(&mut key).or_fail(Exit::Error, || "cannot read the answer".into())?;
        match key[0] {
            _ if n == 0 => break,
            b'\r' | b'\n' | CTRL_D => break,
            CTRL_C => return Ok(None),
            CTRL_U => line.clear(),
            BACKSPACE | DELETE => {
                // All bytes of the last character.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if line.len() < MAX_SECRET_BYTES => line.push(byte),
            _ => {
                let message =
                    format!("the answer has more than {MAX_SECRET_BYTES} bytes; nothing was written");
                return Err(Failure::new(Exit::Usage, message));
            }
        }
    }
    let text = std::str::from_utf8(&line).or_fail(Exit::Usage, || "the answer is no text in UTF-8".into())?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// All of a file that its owner alone can read.
///
/// # Errors
/// [`Exit::Wallet`] where it is missing, others can read it, or it is too long or no text.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let cannot = |doing: &str| format!("cannot {doing} {}", path.display());
    // A pipe that nobody writes to does not block.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = File::from(opened.or_fail(Exit::Wallet, || cannot("open"))?);
    let metadata = file.metadata().or_fail(Exit::Wallet, || cannot("look at"))?;
    if !metadata.is_file() {
        let message =
            format!("{}: expected a file with the secret, found a folder, pipe or device", path.display());
        return Err(
            Failure::new(Exit::Wallet, message).hint("name the file itself; its owner alone may read it")
        );
    }
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

/// The terminal without echo, until this is dropped. Ctrl-C comes as a key meanwhile: a program that a signal ends
/// leaves the terminal as it is.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> Result<Self, Failure> {
        let failed = || "cannot make the terminal keep a secret".to_owned();
        let before = tcgetattr(std::io::stdin()).or_fail(Exit::Error, failed)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
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
    fn what_is_typed_can_be_corrected_and_stopped() {
        let typed = |keys: &str| typed(&mut keys.as_bytes()).unwrap().map(|text| text.to_string());
        assert_eq!(typed("pass\rmore").as_deref(), Some("pass"));
        assert_eq!(typed("pä\u{7f}\u{8}\u{7f}ok\n").as_deref(), Some("ok"));
        assert_eq!(typed("wrong\u{15}right\u{4}").as_deref(), Some("right"));
        assert_eq!(typed("half\u{3}\n"), None);
        assert_eq!(typed(""), Some(String::new()));
        let long = super::typed(&mut "x".repeat(1025).as_bytes()).unwrap_err();
        assert_eq!(long.message, "the answer has more than 1024 bytes; nothing was written");
    }

    #[test]
    fn neither_a_pipe_nor_a_folder_is_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&pipe, folder.path()] {
            let refused = read_secret(path).unwrap_err();
            assert!(refused.message.ends_with("found a folder, pipe or device"), "{refused}");
        }
    }

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
