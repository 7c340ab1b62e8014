//! Against files that bittensor-wallet 4.1.1 wrote (throw-away keys).

use proptest::prelude::*;

use super::*;

const SECRET_FILE: &str = include_str!("../../tests/vectors/hotkey.json");
const PUBLIC_FILE: &str = include_str!("../../tests/vectors/hotkeypub.json");
const COLDKEY_PUBLIC_FILE: &str = include_str!("../../tests/vectors/coldkeypub.json");
const ADDRESS: &str = "5GsAUr7PiTPLrFBpzsgtn2rqDUWmkwBkUNL3QBiNCzwLbU9e";
const PUBLIC: &str = "0xd45fd894b6eb08dc759fdba100055eced6113f38856df57e29c4d06851e39441";
const SECRETS: [&str; 3] = ["privateKey", "secretSeed", "secretPhrase"];
const PUBLICS: [&str; 3] = ["publicKey", "accountId", "ss58Address"];

fn vector() -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(SECRET_FILE).unwrap()
}

/// The vector with only some of its fields.
fn only(fields: &[&str]) -> String {
    let mut all = vector();
    all.retain(|name, _| fields.contains(&name.as_str()));
    serde_json::to_string(&all).unwrap()
}

/// The vector with one field changed.
fn with(field: &str, value: impl Into<serde_json::Value>) -> String {
    let mut all = vector();
    all.insert(field.into(), value.into());
    serde_json::to_string(&all).unwrap()
}

fn subset<'a>(of: &[&'a str], mask: usize) -> Vec<&'a str> {
    of.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, &name)| name).collect()
}

fn problem(json: &str) -> String {
    secret_key(json.as_bytes()).unwrap_err().to_string()
}

#[test]
fn the_file_of_bittensors_wallet_gives_its_hotkey() {
    assert_eq!(secret_key(SECRET_FILE.as_bytes()).unwrap().hotkey().to_ss58(), ADDRESS);
    assert_eq!(public_key(PUBLIC_FILE.as_bytes()).unwrap().to_ss58(), ADDRESS);
    assert_eq!(
        public_key(COLDKEY_PUBLIC_FILE.as_bytes()).unwrap().to_ss58(),
        "5HKDjYzVZxUsvXyhDv1kS7eJfNiWTFN5cuvx22qpMXUcYbzw"
    );
}

#[test]
fn any_one_secret_is_enough_with_or_without_public_fields() {
    for secrets in 1..8 {
        for publics in 0..8 {
            let fields = [subset(&SECRETS, secrets), subset(&PUBLICS, publics)].concat();
            let key = secret_key(only(&fields).as_bytes());
            assert_eq!(key.unwrap().hotkey().to_ss58(), ADDRESS, "{fields:?}");
        }
    }
}

#[test]
fn hex_reads_without_0x_and_empty_or_null_fields_count_as_absent() {
    assert!(secret_key(SECRET_FILE.replace("0x", "").as_bytes()).is_ok());
    for name in SECRETS {
        assert!(secret_key(with(name, "").as_bytes()).is_ok(), "{name}");
        assert!(secret_key(with(name, serde_json::Value::Null).as_bytes()).is_ok(), "{name}");
    }
    assert!(secret_key(with("note", "fields of other tools do not matter").as_bytes()).is_ok());
}

#[test]
fn a_file_without_any_secret_says_that_it_may_be_the_public_half() {
    let said =
        "there is no secret in this file (privateKey, secretSeed or secretPhrase): is it the public half?";
    assert_eq!(problem(PUBLIC_FILE), said);
    assert_eq!(problem("{}"), said);
    let none = public_key(b"{}").unwrap_err().to_string();
    assert_eq!(none, "there is no publicKey, accountId or ss58Address in this file");
}

#[test]
fn each_public_field_must_be_of_the_same_key() {
    let bob = Keypair::from_seed(&[9; 32]).hotkey();
    let bob_hex = Digest(bob.0).to_string();
    for name in PUBLICS {
        let value = if name == "ss58Address" { bob.to_ss58() } else { bob_hex.clone() };
        assert_eq!(
            problem(&with(name, value)),
            format!("`{name}` belongs to {bob}, but `privateKey` to {ADDRESS}: the file mixes two keys")
        );
    }
    let mixed = PUBLIC_FILE.replace(PUBLIC, &format!("0x{bob_hex}"));
    assert!(public_key(mixed.as_bytes()).unwrap_err().to_string().contains("mixes two keys"));
}

#[test]
fn each_secret_must_be_of_the_same_key() {
    let other = Keypair::from_seed(&[9; 32]);
    let seed = with("secretSeed", "09".repeat(32));
    assert_eq!(
        problem(&seed),
        format!(
            "`secretSeed` belongs to {}, but `privateKey` to {ADDRESS}: the file mixes two keys",
            other.hotkey()
        )
    );
    let phrase = "kidney mad shove black ostrich liberty accuse hint arch must sheriff glow";
    assert!(problem(&with("secretPhrase", phrase)).starts_with("`secretPhrase` belongs to 5"));
    let private = with("privateKey", hex::encode(&other.to_private_key()[..]));
    assert!(problem(&private).contains("but `privateKey` to 5"), "{}", problem(&private));
}

#[test]
fn fields_that_cannot_be_what_they_should_say_what_they_should_be() {
    assert_eq!(problem(&with("secretSeed", "0xab")), "`secretSeed` has 2 hex digits, expected 64");
    assert_eq!(problem(&with("privateKey", "abc")), "`privateKey` has 3 hex digits, expected 128");
    assert_eq!(
        problem(&with("secretSeed", "zz".repeat(32))),
        "`secretSeed` has a character that is no hex digit"
    );
    assert_eq!(
        problem(&with("privateKey", "ff".repeat(64))),
        "`privateKey` cannot be used: the private key is no sr25519 secret key"
    );
    assert_eq!(
        problem(&with("secretPhrase", "twelve words")),
        "`secretPhrase` cannot be used: the secret phrase is no valid mnemonic"
    );
    assert_eq!(problem(&with("cryptoType", 0)), "`cryptoType` is 0, expected 1, which is sr25519");
    assert_eq!(problem(&with("ss58Address", "5Alice")), "`ss58Address` is no SS58 address of Bittensor");
    assert_eq!(
        problem("{\"secretSeed\":\n  7}"),
        "this is no key file: the JSON of one breaks off at line 2, column 3"
    );
    assert!(problem("").starts_with("this is no key file"));
}

#[test]
fn a_new_file_has_the_fields_of_bittensors_and_reads_back() {
    let all = vector();
    let text = |name: &str| all[name].as_str().unwrap();
    let seed: [u8; 32] = hex::decode(&text("secretSeed")[2..]).unwrap().try_into().unwrap();
    let json = secret_json(&Keypair::from_seed(&seed), &seed, text("secretPhrase"));
    let ours: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(ours, all, "the same fields with the same values");
    assert!(json.len() <= 1024, "no copy was left behind while it grew");
    let public: serde_json::Value = serde_json::from_str(&public_json(&ADDRESS.parse().unwrap())).unwrap();
    assert_eq!(public, serde_json::from_str::<serde_json::Value>(PUBLIC_FILE).unwrap());
}

/// Every text by which a secret of the vector could be recognised.
fn secret_marks() -> Vec<String> {
    let all = vector();
    let text = |name: &str| all[name].as_str().unwrap().to_owned();
    let mut marks: Vec<String> = text("secretPhrase").split(' ').map(|word| format!("{word} ")).collect();
    for hex in [text("secretSeed"), text("privateKey")] {
        marks.push(hex[2..12].to_owned());
        marks.push(hex[hex.len() - 10..].to_owned());
    }
    marks
}

#[test]
fn no_error_ever_repeats_a_secret() {
    let all = vector();
    let text = |name: &str| all[name].as_str().unwrap().to_owned();
    let mut files = vec![SECRET_FILE[..SECRET_FILE.len() - 1].to_owned()];
    for name in SECRETS {
        // Each secret misspelt, of the wrong type, escaped, and in the place of every other field.
        files.push(with(name, format!("{}x", text(name))));
        files.push(with(name, text(name).replace(' ', "\t").replace("0x", "0x\n")));
        files.push(with(name, vec![text(name)]));
        for other in SECRETS.iter().chain(&PUBLICS).chain(&["cryptoType"]) {
            if *other != name {
                files.push(with(other, text(name)));
            }
        }
    }
    for file in files {
        let Err(error) = secret_key(file.as_bytes()) else { panic!("this file should be refused: {file}") };
        let said = format!("{error} {error:?} {error:#?}");
        for mark in secret_marks() {
            assert!(!said.contains(&mark), "`{mark}` in: {said}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_for_any_key_reads_back(entropy_seed: [u8; 32]) {
        let key = Keypair::from_seed(&entropy_seed);
        // Without a phrase: one that belongs to a given seed cannot be found.
        let json = secret_json(&key, &entropy_seed, "");
        prop_assert_eq!(secret_key(json.as_bytes()).unwrap().hotkey(), key.hotkey());
        prop_assert_eq!(public_key(public_json(&key.hotkey()).as_bytes()).unwrap(), key.hotkey());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(secret_key(&bytes).is_err());
    }

    #[test]
    fn a_flipped_bit_of_a_seed_alone_is_found_by_its_public_key(bit in 0usize..256) {
        let mut seed = [7u8; 32];
        let public = Keypair::from_seed(&seed).hotkey();
        seed[bit / 8] ^= 1 << (bit % 8);
        let json = format!(r#"{{"secretSeed":"{}","ss58Address":"{public}"}}"#, hex::encode(seed));
        prop_assert!(secret_key(json.as_bytes()).unwrap_err().to_string().contains("mixes two keys"));
    }
}
