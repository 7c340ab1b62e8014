//! `wallet new`, `wallet import` and `wallet show`.

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

const WORDS: &str = "awesome universe enter owner goat section spike process scissors race pill exile";
const SEED: &str = "0x0d6babae806aa94cc002a5cb8e12c4d9ada2232d99644ecce2ebb9c446d26bbb";
const ADDRESS: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";

fn private(home: &Home, name: &str, text: &str) {
    home.write(name, text);
    let path = home.path().join(name);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_hotkey_is_imported_from_its_words_or_its_seed_and_neither_is_printed() {
    let home = Home::new();
    private(&home, "words", &format!("{WORDS}\n"));
    private(&home, "seed", SEED);
    for (file, hotkey) in [("words", "a"), ("seed", "b")] {
        let ran = home.run(&format!("wallet import --from {file} --wallet.hotkey {hotkey} --json"));
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert_eq!(
            (ran.json()["address"].as_str(), ran.json()["kind"].as_str()),
            (Some(ADDRESS), Some("hotkey"))
        );
        assert!(!ran.out.contains("awesome") && !ran.out.contains(&SEED[2..]), "{}", ran.out);
        let shown = home.run(&format!("wallet show --wallet.hotkey {hotkey} --json")).json();
        assert_eq!((&shown["address"], &shown["unusable"]), (&ADDRESS.into(), &serde_json::Value::Null));
    }
    let again = home.run("wallet import --from seed --wallet.hotkey a");
    assert!(again.code == 12 && again.err.contains("never overwritten"), "{}", again.all());
}

#[test]
fn a_secret_that_others_can_read_or_that_nobody_can_be_asked_for_is_refused() {
    let home = Home::new();
    home.write("seed", SEED);
    std::fs::set_permissions(home.path().join("seed"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = home.run("wallet import --from seed");
    assert!(exposed.code == 12 && exposed.err.contains("chmod 600"), "{}", exposed.all());
    assert!(!exposed.err.contains(&SEED[2..]));
    let unasked = home.run("wallet import --json");
    assert_eq!((unasked.code, &unasked.json()["error"]["hint"]), (2, &"name a file with --from".into()));
    private(&home, "wrong", "0x1234");
    let wrong = home.run("wallet import --from wrong");
    assert!(wrong.code == 12 && !wrong.err.contains("1234"), "{}", wrong.all());
}

#[test]
fn a_coldkey_is_imported_encrypted_and_shown_by_its_address_alone() {
    let home = Home::new();
    private(&home, "words", WORDS);
    private(&home, "password", "a password\n");
    home.run("wallet new");
    let ran = home.run("wallet import --coldkey --from words --password-file password --json");
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!((&ran.json()["address"], &ran.json()["encrypted"]), (&ADDRESS.into(), &true.into()));
    let file = std::fs::read(home.path().join(".bittensor/wallets/default/coldkey")).unwrap();
    assert!(file.starts_with(b"$NACL"));
    let shown = home.run("wallet show");
    assert!(shown.out.contains(&format!("coldkey  {ADDRESS}")), "{}", shown.out);
    assert!(shown.out.contains("lies on this machine, encrypted, where nothing needs it"), "{}", shown.out);
    // With the password it is opened, which proves both; with another it is not.
    let opened = home.run("wallet show --open-coldkey --password-file password --json");
    assert_eq!((opened.code, &opened.json()["coldkey_opened"]), (0, &ADDRESS.into()), "{}", opened.all());
    private(&home, "other", "another password\n");
    let wrong = home.run("wallet show --open-coldkey --password-file other");
    assert!(wrong.code == 12 && wrong.err.contains("the password is wrong"), "{}", wrong.all());
    assert!(!format!("{}{}", opened.all(), wrong.all()).contains("a password"));

    // As wallets of before were encrypted: the command that saves it again, not one that cannot work.
    std::fs::write(
        home.path().join(".bittensor/wallets/default/coldkey"),
        "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
    )
    .unwrap();
    let shown = home.run("wallet show");
    let said = "not read any more (legacy $ANSIBLE_VAULT): save it again from its mnemonic with `btcli wallet regen-coldkey";
    assert!(shown.code == 0 && shown.out.contains(said), "{}", shown.all());
}

#[test]
fn folders_that_others_can_look_into_are_named() {
    let home = Home::new();
    home.run("wallet new");
    assert!(!home.run("wallet show").out.contains("others can look into"));
    let folder = home.path().join(".bittensor/wallets/default");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let shown = home.run("wallet show");
    assert!(shown.out.contains("default (mode 0755): run `chmod 700 "), "{}", shown.out);
}
