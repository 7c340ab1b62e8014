//! Whatever a wallet's files hold, no error, debug text or source of an error repeats a secret of them.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use std::error::Error;
use std::fmt::Debug;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_chain::wallet::{KeyOrigin, Password, Wallet};
use zeroize::Zeroizing;

const SECRET_FILE: &str = include_str!("vectors/hotkey.json");
const WORDS: &str = "awesome universe enter owner goat section spike process scissors race pill exile";
const SEED: &str = "0d6babae806aa94cc002a5cb8e12c4d9ada2232d99644ecce2ebb9c446d26bbb";
const PRIVATE: &str = "6c6a501aad3c3e126fadb247a697f800e7a565ef72d9b5141a88e5d6fe0b130b\
                       45cfdb662a4bdfb1b172483a76fc2105728ca6678f41f7fd79267500de9f0fbb";
const PASSWORD: &str = "s3cret-pass-Word!9";

/// All by which a secret could be recognised: runs of 8 hex digits, pairs of words, the password.
fn marks() -> Vec<String> {
    let mut marks = vec![PASSWORD.to_owned()];
    for hex in [SEED, PRIVATE] {
        marks.extend((0..=hex.len() - 8).map(|at| hex[at..at + 8].to_owned()));
    }
    let words: Vec<&str> = WORDS.split(' ').collect();
    marks.extend(words.windows(2).map(|pair| pair.join(" ")));
    marks.extend(words.windows(2).map(|pair| pair.join("\\t")));
    marks
}

struct Said {
    marks: Vec<String>,
    texts: usize,
    errors: usize,
}

impl Said {
    /// Looks at a result in every form it can be shown in.
    fn result<T: Debug, E: Error>(&mut self, of: &str, result: &Result<T, E>) {
        match result {
            Ok(value) => self.text(of, &format!("{value:?} {value:#?}")),
            Err(error) => {
                self.errors += 1;
                self.text(of, &format!("{error} {error:?} {error:#?}"));
                let mut source = error.source();
                while let Some(inner) = source {
                    self.text(of, &format!("{inner} {inner:?}"));
                    source = inner.source();
                }
            }
        }
    }

    fn text(&mut self, of: &str, text: &str) {
        self.texts += 1;
        for mark in &self.marks {
            assert!(!text.contains(mark.as_str()), "`{mark}` of {of} in: {text}");
        }
    }
}

/// Key files that hold secrets, whole and broken in every way that a reader may trip over.
fn hostile_files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = vec![SECRET_FILE.into()];
    files.extend((0..SECRET_FILE.len()).step_by(23).map(|len| SECRET_FILE[..len].into()));
    for at in (0..SECRET_FILE.len()).step_by(17) {
        for byte in [b'"', b'\\', 0xff] {
            let mut file = SECRET_FILE.as_bytes().to_vec();
            file[at] = byte;
            files.push(file);
        }
    }
    for secret in [WORDS, SEED, PRIVATE, PASSWORD] {
        let fields = [
            "privateKey",
            "secretSeed",
            "secretPhrase",
            "publicKey",
            "accountId",
            "ss58Address",
            "cryptoType",
        ];
        for field in fields {
            files.push(format!(r#"{{"{field}":"{secret}"}}"#).into());
            files.push(format!(r#"{{"{field}":["{secret}"]}}"#).into());
            files.push(format!(r#"{{"{secret}":1,"{field}":{{"{secret}":"{secret}"}}}}"#).into());
            files.push(
                SECRET_FILE
                    .replacen(&format!("\"{field}\":"), &format!("\"{field}\":\"{secret}\","), 1)
                    .into(),
            );
        }
        for head in ["", "$NACL", "$ANSIBLE_VAULT;", "gAAAAA", "\u{feff}", "-----BEGIN "] {
            files.push(format!("{head}{secret}").into());
        }
        files.push(secret.replace(' ', "\t").into());
    }
    files
}

fn put(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_file_of_a_wallet_makes_it_say_a_secret() {
    let home = tempfile::tempdir().unwrap();
    let wallet = Wallet::at(home.path(), "w", "h").unwrap();
    fs::create_dir_all(wallet.hotkeys()).unwrap();
    let mut said = Said { marks: marks(), texts: 0, errors: 0 };
    for file in hostile_files() {
        let name = format!("the file {}", file.escape_ascii());
        for mode in [0o600, 0o644] {
            put(&wallet.hotkey_file(), &file, mode);
            put(&wallet.hotkey_public_file(), &file, mode);
            said.result(&name, &wallet.hotkey());
            said.result(&name, &wallet.hotkey_address());
            fs::remove_file(wallet.hotkey_public_file()).unwrap();
            said.result(&name, &wallet.hotkey_address());
            fs::remove_file(wallet.hotkey_file()).unwrap();

            put(&wallet.coldkey_public_file(), &file, mode);
            said.result(&name, &wallet.coldkey_address());
            put(&wallet.folder().join("coldkey"), &file, mode);
            said.result(&name, &wallet.coldkey_is_encrypted());
            said.result(&name, &wallet.coldkey(None));
            put(&home.path().join("password"), &file, mode);
            said.result(&name, &Password::from_file(&home.path().join("password")));
        }
        let text = String::from_utf8_lossy(&file).into_owned();
        said.result(&name, &KeyOrigin::mnemonic(&text));
        said.result(&name, &KeyOrigin::seed(&text));
        said.result(&name, &Password::new(Zeroizing::new(text)));
    }
    assert!(said.errors > 3000 && said.texts > said.errors, "{} errors, {} texts", said.errors, said.texts);
}

#[test]
fn what_was_imported_or_opened_does_not_show_its_secret() {
    let home = tempfile::tempdir().unwrap();
    let mut said = Said { marks: marks(), texts: 0, errors: 0 };
    for (name, origin) in [("words", KeyOrigin::mnemonic(WORDS)), ("seed", KeyOrigin::seed(SEED))] {
        let wallet = Wallet::at(home.path(), name, "h").unwrap();
        said.result(name, &origin);
        let origin = origin.unwrap();
        for _ in 0..2 {
            said.result(name, &wallet.import_hotkey(&origin));
            said.result(name, &wallet.import_coldkey(&origin, None));
        }
        said.result(name, &wallet.hotkey());
        said.result(name, &wallet.coldkey(None));
        said.text(name, &format!("{wallet:?} {:?}", origin.keypair()));
    }
    assert_eq!(said.errors, 4, "the second imports");
}
