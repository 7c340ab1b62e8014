//! Coldkeys and imported keys on a disk. Each key of a password takes 512 MiB and seconds: few are made, one at a time.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_chain::wallet::{KeyOrigin, Password, Wallet};
use plimsoll_chain::{ChainError, Fault};
use zeroize::Zeroizing;

const COLDKEY: &str = include_str!("vectors/coldkey_nacl.hex");
const COLDKEY_PLAIN: &str = include_str!("vectors/coldkey_plain.json");
const COLDKEY_PUBLIC_FILE: &str = include_str!("vectors/coldkeypub.json");
const COLDKEY_ADDRESS: &str = "5HKDjYzVZxUsvXyhDv1kS7eJfNiWTFN5cuvx22qpMXUcYbzw";
const PASSWORD: &str = "s3cret-pass-Word!9";
const WORDS: &str = "awesome universe enter owner goat section spike process scissors race pill exile";
const SEED: &str = "0x0d6babae806aa94cc002a5cb8e12c4d9ada2232d99644ecce2ebb9c446d26bbb";
const ADDRESS: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";
const HOTKEY_FILE: &str = include_str!("vectors/hotkey.json");

/// Held by the test that makes the key of a password.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path("default/hotkeys")).unwrap();
        home
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    fn put(&self, inside: &str, bytes: &[u8]) {
        fs::write(self.path(inside), bytes).unwrap();
        fs::set_permissions(self.path(inside), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn wallet(&self, name: &str) -> Wallet {
        Wallet::at(self.0.path(), name, "default").unwrap()
    }
}

fn password(text: &str) -> Password {
    Password::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn coldkey() -> Vec<u8> {
    let digits = COLDKEY.trim().as_bytes();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// The end of an error's text, after the file; no secret in any form of it.
fn said(error: &ChainError) -> String {
    assert_eq!(error.fault(), Fault::Wallet);
    let text = error.to_string();
    for mark in ["0d6babae806a", "54a13c05a06e", "ace0aeb5ebe4", "awesome universe", "kidney mad", PASSWORD] {
        assert!(!format!("{text} {error:?} {error:#?}").contains(mark), "{mark} in {text}");
    }
    text.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn an_encrypted_coldkey_of_bittensors_opens_with_its_password() {
    let home = Home::new();
    home.put("default/coldkey", &coldkey());
    home.put("default/coldkeypub.txt", COLDKEY_PUBLIC_FILE.as_bytes());
    let wallet = home.wallet("default");
    assert!(wallet.coldkey_is_encrypted().unwrap());
    assert_eq!(
        said(&wallet.coldkey(None).unwrap_err()),
        "this coldkey is encrypted: give its password when asked, or in a file with --password-file"
    );
    let _alone = alone();
    home.put("password", format!("{PASSWORD}\r\n").as_bytes());
    let from_file = Password::from_file(&home.path("password")).unwrap();
    let key = wallet.coldkey(Some(&from_file)).unwrap();
    assert_eq!(key.hotkey().to_ss58(), COLDKEY_ADDRESS);

    home.put("default/coldkeypub.txt", format!(r#"{{"ss58Address":"{ADDRESS}"}}"#).as_bytes());
    home.put("default/coldkey", COLDKEY_PLAIN.as_bytes());
    assert_eq!(
        said(&wallet.coldkey(None).unwrap_err()),
        format!(
            "`coldkey` belongs to {COLDKEY_ADDRESS}, but `coldkeypub.txt` to {ADDRESS}: the file mixes two keys"
        )
    );
}

#[test]
fn a_plain_coldkey_opens_without_a_password_unless_others_can_read_it() {
    let home = Home::new();
    let (wallet, path) = (home.wallet("default"), home.path("default/coldkey"));
    assert!(said(&wallet.coldkey(None).unwrap_err()).starts_with(
        "there is no coldkey in the wallet `default` on this machine, and a miner or validator needs none; where it \
         is wanted, `btcli wallet regen-coldkey --wallet.name default` makes it"
    ));
    home.put("default/coldkey", COLDKEY_PLAIN.as_bytes());
    assert!(!wallet.coldkey_is_encrypted().unwrap());
    assert_eq!(wallet.coldkey(None).unwrap().hotkey().to_ss58(), COLDKEY_ADDRESS);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = format!("others can read this key (mode 0644): run `chmod 600 {}`", path.display());
    assert_eq!(said(&wallet.coldkey(None).unwrap_err()), exposed);

    home.put("elsewhere", COLDKEY_PLAIN.as_bytes());
    fs::remove_file(&path).unwrap();
    symlink(home.path("elsewhere"), &path).unwrap();
    assert!(said(&wallet.coldkey(None).unwrap_err()).contains("outside the wallet"));
}

#[test]
fn legacy_coldkeys_are_refused_with_the_command_that_saves_them_again() {
    let home = Home::new();
    for (head, form) in
        [("$ANSIBLE_VAULT;1.1;AES256\n6162", "legacy $ANSIBLE_VAULT"), ("gAAAAABm", "legacy Fernet")]
    {
        home.put("default/coldkey", head.as_bytes());
        assert_eq!(
            said(&home.wallet("default").coldkey(Some(&password("x"))).unwrap_err()),
            format!(
                "this coldkey is encrypted in a way that is not read any more ({form}): save it again from its \
                 mnemonic with `btcli wallet regen-coldkey --wallet.name default`, which encrypts it with $NACL"
            )
        );
    }
}

#[test]
fn a_hotkey_imported_from_words_is_bittensors_file_and_one_from_a_seed_has_no_words() {
    let home = Home::new();
    let fields = |path: &Path| {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        json.as_object().unwrap().clone()
    };
    let wallet = home.wallet("words");
    let spaced = WORDS.replace(' ', "  ");
    let written = wallet.import_hotkey(&KeyOrigin::mnemonic(&format!(" {spaced}\n")).unwrap()).unwrap();
    assert_eq!(written.address.to_ss58(), ADDRESS);
    let theirs: serde_json::Value = serde_json::from_str(HOTKEY_FILE).unwrap();
    assert_eq!(fields(&written.file), *theirs.as_object().unwrap());
    assert_eq!((mode(&written.file), mode(&written.public_file)), (0o600, 0o600));
    for folder in ["words", "words/hotkeys"] {
        assert_eq!(mode(&home.path(folder)), 0o700, "{folder}");
    }
    for seed in [SEED, &SEED[2..]] {
        let wallet = home.wallet(&format!("seed{}", seed.len()));
        let written = wallet.import_hotkey(&KeyOrigin::seed(seed).unwrap()).unwrap();
        assert_eq!(wallet.hotkey().unwrap().hotkey().to_ss58(), ADDRESS);
        let mut without_words = theirs.as_object().unwrap().clone();
        without_words.remove("secretPhrase");
        assert_eq!(fields(&written.file), without_words);
    }
}

#[test]
fn a_coldkey_is_written_encrypted_or_plain_reads_back_and_is_never_overwritten() {
    let home = Home::new();
    let origin = KeyOrigin::mnemonic(WORDS).unwrap();
    let alone = alone();
    let wallet = home.wallet("sealed");
    let written = wallet.import_coldkey(&origin, Some(&password(PASSWORD))).unwrap();
    let bytes = fs::read(&written.file).unwrap();
    assert!(bytes.starts_with(b"$NACL"));
    assert_eq!((mode(&written.file), mode(&written.public_file)), (0o600, 0o600));
    assert_eq!(mode(&home.path("sealed")), 0o700);
    assert_eq!(wallet.coldkey_address().unwrap().unwrap().to_ss58(), ADDRESS);
    assert_eq!(wallet.coldkey(Some(&password(PASSWORD))).unwrap().hotkey().to_ss58(), ADDRESS);

    drop(alone);

    let plain = home.wallet("plain");
    plain.import_coldkey(&origin, None).unwrap();
    assert_eq!(plain.coldkey(None).unwrap().hotkey().to_ss58(), ADDRESS);

    for kept in ["coldkey", "coldkeypub.txt"] {
        let home = Home::new();
        home.put(&format!("default/{kept}"), b"mine");
        let wallet = home.wallet("default");
        assert!(said(&wallet.import_coldkey(&origin, None).unwrap_err()).contains("never overwritten"));
        assert_eq!(fs::read_dir(home.path("default")).unwrap().count(), 2, "{kept} and the hotkeys");
        assert_eq!(fs::read(home.path("default").join(kept)).unwrap(), b"mine");
    }
    // What is left of an import that was cut short after the public half.
    fs::remove_file(home.path("plain/coldkey")).unwrap();
    plain.import_coldkey(&origin, None).unwrap();
    assert_eq!(plain.coldkey(None).unwrap().hotkey().to_ss58(), ADDRESS);

    let hotkey = home.wallet("hot");
    hotkey.import_hotkey(&origin).unwrap();
    assert!(said(&hotkey.import_hotkey(&origin).unwrap_err()).contains("never overwritten"));
}

#[test]
fn words_and_seeds_that_are_none_are_refused_and_not_repeated() {
    let unsaid = |problem: plimsoll_chain::wallet::WalletProblem| {
        let text = problem.to_string();
        let all = format!("{text} {problem:?}");
        assert!(!all.contains("awesome") && !all.contains("0d6babae"), "{all}");
        text
    };
    let words = KeyOrigin::mnemonic(&WORDS.replace("exile", "pill")).unwrap_err();
    assert_eq!(unsaid(words), "cannot make a key: the secret phrase is no valid mnemonic");
    let short = KeyOrigin::seed(&SEED[..60]).unwrap_err();
    assert_eq!(unsaid(short), "`secretSeed` has 58 hex digits, expected 64");
    let odd = KeyOrigin::seed(&SEED.replace("bbb", "bbz")).unwrap_err();
    assert_eq!(unsaid(odd), "`secretSeed` has a character that is no hex digit");
    assert_eq!(format!("{:?}", KeyOrigin::seed(SEED).unwrap()), "KeyOrigin(5GsAUr7P, secret ***)");
}

#[test]
fn a_password_file_is_one_line_that_its_owner_alone_can_read() {
    let home = Home::new();
    let path = home.path("password");
    let from = |bytes: &[u8]| {
        home.put("password", bytes);
        Password::from_file(&path)
    };
    assert_eq!(format!("{:?}", from(PASSWORD.as_bytes()).unwrap()), "Password(***)");
    let refused = |bytes: &[u8]| said(&from(bytes).unwrap_err());
    assert_eq!(refused(b""), "this cannot be a password: it is empty");
    assert_eq!(refused(b"\n"), "this cannot be a password: it is empty");
    assert_eq!(refused(b"one\ntwo\n"), "this cannot be a password: the file has more than one line");
    assert_eq!(refused(b"\xff\xfe"), "this cannot be a password: the file is no text in UTF-8");
    assert_eq!(refused(&[b'x'; 1025]), "this cannot be a password: it is longer than 1024 bytes");
    assert_eq!(refused(&[b'x'; 5000]), "this cannot be a password: it is longer than 1024 bytes");
    home.put("password", PASSWORD.as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = said(&Password::from_file(&path).unwrap_err());
    assert_eq!(exposed, format!("others can read this key (mode 0644): run `chmod 600 {}`", path.display()));
    assert_eq!(said(&Password::from_file(home.0.path()).unwrap_err()), "it is no ordinary file");
    let (pipe, mode) = (home.path("pipe"), rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(said(&Password::from_file(&pipe).unwrap_err()), "it is no ordinary file");
    assert!(said(&Password::from_file(&home.path("none")).unwrap_err()).starts_with("cannot open it: "));
}
