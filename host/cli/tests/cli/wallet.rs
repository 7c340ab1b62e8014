//! `wallet new` and `wallet show`.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::Home;

const FILE: &str = ".bittensor/wallets/default/hotkeys/default";

#[test]
fn a_new_hotkey_is_shown_as_it_was_made() {
    let home = Home::new();
    let made = home.run("wallet new --json");
    assert_eq!(made.code, 0);
    let made = made.json();
    assert_eq!(made["file"], format!("[HOME]/{FILE}"));
    assert!(made.get("mnemonic").is_none() && made.as_object().unwrap().len() == 5, "{made}");
    let shown = home.run("wallet show --json").json();
    assert_eq!(shown["address"], made["address"]);
    assert_eq!(
        (&shown["unusable"], &shown["coldkey_on_this_machine"]),
        (&serde_json::Value::Null, &false.into())
    );
    let mode = std::fs::metadata(home.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_person_is_given_the_words_once() {
    let home = Home::new();
    let ran = home.run("wallet new --wallet.name ada --wallet.hotkey miner1");
    let words: Vec<&str> = ran.out.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((ran.code, words.len()), (0, 12), "{}", ran.out);
    let shown = home.run("wallet show --wallet.name ada --wallet.hotkey miner1");
    assert!(words.iter().all(|word| word.len() > 2) && !shown.out.contains(&words.join(" ")));
    assert!(shown.out.contains("hotkey   miner1 5"), "{}", shown.out);
}

#[test]
fn a_key_is_never_overwritten_and_a_missing_one_is_named() {
    let home = Home::new();
    let missing = home.run("wallet show --json");
    assert_eq!((missing.code, missing.json()["error"]["kind"].as_str()), (12, Some("wallet")));
    home.run("wallet new");
    let before = std::fs::read(home.path().join(FILE)).unwrap();
    let again = home.run("wallet new");
    assert_eq!(again.code, 12);
    assert!(again.err.contains("never overwritten"), "{}", again.err);
    assert_eq!(std::fs::read(home.path().join(FILE)).unwrap(), before);
}

#[test]
fn a_key_that_others_can_read_is_shown_as_unusable() {
    let home = Home::new();
    home.run("wallet new");
    std::fs::set_permissions(home.path().join(FILE), std::fs::Permissions::from_mode(0o644)).unwrap();
    let shown = home.run("wallet show");
    assert_eq!(shown.code, 0);
    assert!(shown.out.contains("the hotkey cannot sign") && shown.out.contains("chmod 600"), "{}", shown.out);
}
