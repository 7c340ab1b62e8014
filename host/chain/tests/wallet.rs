//! Wallets on a disk.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use plimsoll_chain::wallet::Wallet;
use plimsoll_chain::{ChainError, Fault};
use plimsoll_core::{Hotkey, Keypair};

const SECRET_FILE: &str = include_str!("vectors/hotkey.json");
const PUBLIC_FILE: &str = include_str!("vectors/hotkeypub.json");
const COLDKEY_PUBLIC_FILE: &str = include_str!("vectors/coldkeypub.json");
const ADDRESS: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";

/// A wallets folder with one wallet, `default`, as bittensor-wallet writes it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(home.path("default/hotkeys")).unwrap();
        home.put("default/hotkeys/default", SECRET_FILE);
        home.put("default/hotkeys/defaultpub.txt", PUBLIC_FILE);
        home.put("default/coldkeypub.txt", COLDKEY_PUBLIC_FILE);
        home
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    fn put(&self, inside: &str, text: &str) {
        fs::write(self.path(inside), text).unwrap();
        fs::set_permissions(self.path(inside), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn wallet(&self) -> Wallet {
        Wallet::at(self.folder.path(), "default", "default").unwrap()
    }

    fn problem(&self) -> String {
        said(&self.wallet().hotkey().unwrap_err())
    }
}

/// The text of a wallet's error, and no secret in it.
fn said(error: &ChainError) -> String {
    assert_eq!(error.fault(), Fault::Wallet);
    let text = error.to_string();
    for mark in ["0d6babae806a", "6c6a501aad3c", "awesome universe", "pill exile"] {
        assert!(!format!("{text} {error:?} {error:#?}").contains(mark), "{mark} in {text}");
    }
    text
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_wallet_of_bittensors_reads() {
    let home = Home::new();
    let wallet = home.wallet();
    assert_eq!(wallet.hotkey().unwrap().hotkey().to_ss58(), ADDRESS);
    assert_eq!(wallet.hotkey_address().unwrap().to_ss58(), ADDRESS);
    let coldkey = wallet.coldkey_address().unwrap().unwrap();
    assert_eq!(coldkey.to_ss58(), "5HKDjYzVZxUsvXyhDv1kS7eJfNiWTFN5cuvx22qpMXUcYbzw");
    assert!(!wallet.has_coldkey_file());
}

#[test]
fn a_wallet_without_public_halves_still_signs() {
    let home = Home::new();
    fs::remove_file(home.path("default/hotkeys/defaultpub.txt")).unwrap();
    fs::remove_file(home.path("default/coldkeypub.txt")).unwrap();
    assert_eq!(home.wallet().hotkey_address().unwrap().to_ss58(), ADDRESS);
    assert_eq!(home.wallet().coldkey_address().unwrap(), None);
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let home = Home::new();
    let path = home.path("default/hotkeys/default");
    for bits in [0o644, 0o640, 0o604, 0o660, 0o601, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        let path = path.display();
        assert_eq!(
            home.problem(),
            format!("{path}: others can read this key (mode {bits:04o}): run `chmod 600 {path}`")
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(home.wallet().hotkey().is_ok(), "the owner alone may read it");
}

#[test]
fn encrypted_keys_say_which_btcli_command_saves_them_again() {
    let home = Home::new();
    for (head, form) in [
        ("$NACL\u{1}\u{2}bytes", "$NACL"),
        ("$ANSIBLE_VAULT;1.1;AES256\n616263", "legacy $ANSIBLE_VAULT"),
        ("gAAAAABmZm9v", "legacy Fernet"),
    ] {
        home.put("default/hotkeys/default", head);
        assert_eq!(
            home.problem(),
            format!(
                "{}: this key is encrypted ({form}), and a miner or validator reads its hotkey unencrypted: save \
                 it again from its mnemonic with `btcli wallet regen-hotkey --wallet.name default \
                 --wallet.hotkey default --no-use-password`",
                home.path("default/hotkeys/default").display()
            )
        );
    }
}

#[test]
fn a_missing_wallet_or_hotkey_says_how_to_make_one_and_what_is_there() {
    let home = Home::new();
    let none = Wallet::at(home.folder.path(), "cold", "default").unwrap().hotkey().unwrap_err();
    assert_eq!(
        said(&none),
        format!(
            "{}: there is no wallet `cold` here: make one with `plimsoll wallet new --wallet.name cold`",
            home.path("cold").display()
        )
    );
    home.put("default/hotkeys/alpha", SECRET_FILE);
    let none = Wallet::at(home.folder.path(), "default", "miner").unwrap().hotkey().unwrap_err();
    assert_eq!(
        said(&none),
        format!(
            "{}: there is no hotkey `miner` in the wallet `default` (it has: alpha, default): make one with \
             `plimsoll wallet new --wallet.name default --wallet.hotkey miner`",
            home.path("default/hotkeys/miner").display()
        )
    );
}

#[test]
fn a_link_inside_the_wallet_is_followed_but_not_out_of_it_and_not_to_nothing() {
    let home = Home::new();
    let path = home.path("default/hotkeys/default");
    fs::rename(&path, home.path("default/hotkeys/real")).unwrap();
    symlink("real", &path).unwrap();
    assert!(home.wallet().hotkey().is_ok(), "inside");

    home.put("elsewhere", SECRET_FILE);
    fs::remove_file(&path).unwrap();
    symlink(home.path("elsewhere"), &path).unwrap();
    let target = fs::canonicalize(home.path("elsewhere")).unwrap();
    let out = format!("it leads to {}, outside the wallet: put the key itself there", target.display());
    assert!(home.problem().ends_with(&out), "{}", home.problem());

    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(home.problem().ends_with("it is a link that leads nowhere: put the key itself there"));
}

#[test]
fn a_folder_of_hotkeys_that_leads_elsewhere_is_refused() {
    let home = Home::new();
    fs::rename(home.path("default/hotkeys"), home.path("stolen")).unwrap();
    symlink(home.path("stolen"), home.path("default/hotkeys")).unwrap();
    assert!(home.problem().contains("outside the wallet"), "{}", home.problem());
    let new = Wallet::at(home.folder.path(), "default", "new").unwrap();
    assert!(said(&new.create_hotkey().unwrap_err()).contains("outside the wallet"));
    assert!(!home.path("stolen/new").exists());
}

#[test]
fn a_wallet_that_is_itself_a_link_reads() {
    let home = Home::new();
    fs::rename(home.path("default"), home.path("disk2")).unwrap();
    symlink(home.path("disk2"), home.path("default")).unwrap();
    assert!(home.wallet().hotkey().is_ok());
}

#[test]
fn the_coldkey_is_never_opened_under_any_name() {
    let home = Home::new();
    let path = home.path("default/hotkeys/default");
    home.put("default/coldkey", SECRET_FILE);
    assert!(home.wallet().has_coldkey_file());
    assert!(home.wallet().hotkey().is_ok(), "it does not matter that it lies there");
    let links: [fn(&Path, &Path); 2] = [
        |coldkey, path| symlink(coldkey, path).unwrap(),
        |coldkey, path| fs::hard_link(coldkey, path).unwrap(),
    ];
    for link in links {
        fs::remove_file(&path).unwrap();
        link(&home.path("default/coldkey"), &path);
        assert!(home.problem().contains("the wallet's coldkey under another name"), "{}", home.problem());
    }
}

#[test]
fn what_is_no_file_or_too_long_is_refused() {
    let home = Home::new();
    let path = home.path("default/hotkeys/default");
    home.put("default/hotkeys/default", &" ".repeat((64 << 10) + 1));
    assert!(home.problem().ends_with("it has more than 65536 bytes, a key file has fewer than a thousand"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(home.problem().ends_with("it is no ordinary file"), "{}", home.problem());
}

#[test]
fn a_new_hotkey_is_written_as_bittensor_does_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/wallets");
    let wallet = Wallet::at(&path, "fresh", "miner").unwrap();
    let made = wallet.create_hotkey().unwrap();
    for folder in ["", "fresh", "fresh/hotkeys"] {
        assert_eq!(mode(&path.join(folder)), 0o700, "{folder}");
    }
    assert_eq!(mode(&made.file), 0o600);
    assert_eq!(mode(&made.public_file), 0o600);
    assert_eq!(fs::read_dir(wallet.hotkeys()).unwrap().count(), 2, "nothing else was left behind");

    assert_eq!(wallet.hotkey().unwrap().hotkey(), made.keypair.hotkey());
    assert_eq!(wallet.hotkey_address().unwrap(), made.keypair.hotkey());
    let seed = Keypair::seed_of_mnemonic(made.mnemonic.reveal()).unwrap();
    assert_eq!(Keypair::from_seed(&seed).hotkey(), made.keypair.hotkey());
    assert_eq!(made.mnemonic.reveal().split(' ').count(), 12);

    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&made.file).unwrap()).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(SECRET_FILE).unwrap();
    let names = |json: &serde_json::Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&json), names(&theirs));
}

#[test]
fn a_new_hotkey_does_not_print_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let made = Wallet::at(folder.path(), "w", "h").unwrap().create_hotkey().unwrap();
    let printed = format!("{made:?} {:?} {:?}", made.mnemonic, made.keypair);
    // Two neighbours: a single word, such as `secret`, may be part of what is printed by right.
    let words: Vec<&str> = made.mnemonic.reveal().split(' ').collect();
    for pair in words.windows(2) {
        assert!(!printed.contains(&pair.join(" ")), "{printed}");
    }
    let private = made.keypair.to_private_key();
    let hex: String = private[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!printed.contains(&hex));
}

#[test]
fn a_key_is_never_overwritten() {
    let home = Home::new();
    for name in ["default/hotkeys/default", "default/hotkeys/defaultpub.txt"] {
        let other = if name.ends_with("pub.txt") {
            "default/hotkeys/default"
        } else {
            "default/hotkeys/defaultpub.txt"
        };
        let kept = fs::read_to_string(home.path(other)).unwrap();
        fs::remove_file(home.path(other)).unwrap();
        let text = said(&home.wallet().create_hotkey().unwrap_err());
        assert_eq!(
            text,
            format!(
                "{}: it exists already, and a key is never overwritten: choose another --wallet.hotkey, or move it \
                 away",
                home.path(name).display()
            )
        );
        assert!(!home.path(other).exists(), "nothing was written");
        home.put(other, &kept);
    }
    assert_eq!(fs::read_to_string(home.path("default/hotkeys/default")).unwrap(), SECRET_FILE);
    let owner = Hotkey([3; 32]);
    assert!(said(&home.wallet().write_coldkey_address(&owner).unwrap_err()).contains("exists already"));
    assert_eq!(fs::read_to_string(home.path("default/coldkeypub.txt")).unwrap(), COLDKEY_PUBLIC_FILE);
}

#[test]
fn a_dangling_link_counts_as_a_key_that_is_there() {
    let home = Home::new();
    let wallet = Wallet::at(home.folder.path(), "default", "new").unwrap();
    symlink("nowhere", wallet.hotkey_file()).unwrap();
    assert!(said(&wallet.create_hotkey().unwrap_err()).contains("exists already"));
    assert!(!home.path("default/hotkeys/nowhere").exists());
}

#[test]
fn a_coldkeys_address_can_be_noted_in_a_new_wallet() {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::at(folder.path(), "w", "h").unwrap();
    let owner = Keypair::from_seed(&[4; 32]).hotkey();
    wallet.write_coldkey_address(&owner).unwrap();
    assert_eq!(wallet.coldkey_address().unwrap(), Some(owner));
}
