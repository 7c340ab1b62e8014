//! Against a coldkey that bittensor-wallet 4.1.1 encrypted (throw-away key and password), with the key that its
//! password gives. Making that takes half a gibibyte and seconds; the tests of whole files do it.

use super::*;

const FILE: &str = include_str!("../../tests/vectors/coldkey_nacl.hex");
const PLAIN: &str = include_str!("../../tests/vectors/coldkey_plain.json");
const PASSWORD: &str = "s3cret-pass-Word!9";
const KEY: &str = "6f27de4f815240f652f1aeae871d96185b5e5c02a97cd5332b1fb647b8ecee39";

fn file() -> Vec<u8> {
    hex::decode(FILE.trim()).unwrap()
}

fn known_key() -> [u8; 32] {
    hex::decode(KEY).unwrap().try_into().unwrap()
}

#[test]
fn a_box_of_bittensors_opens_and_is_sealed_again_byte_for_byte() {
    let file = file();
    let parts = Parts::of(&file).unwrap();
    let plain = parts.open(&known_key()).unwrap();
    assert_eq!(std::str::from_utf8(&plain).unwrap(), PLAIN);
    assert_eq!(seal(&plain, &known_key(), parts.nonce).unwrap(), file);
}

#[test]
fn another_key_and_every_changed_byte_are_found_and_told_as_one() {
    let said = |file: &[u8], key: &[u8; 32]| Parts::of(file).unwrap().open(key).unwrap_err().to_string();
    let wrong = "the password is wrong, or the file has changed since it was written";
    let mut other = known_key();
    other[31] ^= 1;
    assert_eq!(said(&file(), &other), wrong);
    for at in MAGIC.len()..file().len() {
        let mut changed = file();
        changed[at] ^= 1;
        assert_eq!(said(&changed, &known_key()), wrong, "byte {at}");
    }
}

#[test]
fn a_file_without_room_for_nonce_and_tag_is_refused_before_any_memory_is_taken() {
    let password = Password::new(Zeroizing::new(PASSWORD.to_owned())).unwrap();
    for len in [5, 28, 44] {
        let said = decrypt(&file()[..len], &password).unwrap_err().to_string();
        assert_eq!(
            said,
            format!("this is no whole encrypted key: it has {len} bytes, and the box alone takes 45")
        );
    }
    assert_eq!(Parts::of(&file()[..45]).unwrap().body, b"");
}
