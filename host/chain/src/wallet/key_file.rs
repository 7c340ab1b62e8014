//! The JSON of Bittensor's key files: which fields there are, and that they agree.

use plimsoll_core::{Digest, Hotkey, Keypair};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::WalletProblem;

/// Every field of a key file. The texts stay in the file's own bytes, which are wiped after use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    private_key: Option<&'a str>,
    #[serde(borrow)]
    secret_seed: Option<&'a str>,
    #[serde(borrow)]
    secret_phrase: Option<&'a str>,
    #[serde(borrow)]
    public_key: Option<&'a str>,
    #[serde(borrow)]
    account_id: Option<&'a str>,
    #[serde(borrow)]
    ss58_address: Option<&'a str>,
    crypto_type: Option<u64>,
}

/// The key of a secret file, if all that the file says is of one key.
pub(super) fn secret_key(json: &[u8]) -> Result<Keypair, WalletProblem> {
    let fields = Fields::of(json)?;
    let (named, key) = fields.one_secret()?;
    for (field, hotkey) in fields.public_keys()? {
        agree((field, hotkey), (named, key.hotkey()))?;
    }
    Ok(key)
}

/// The key of a public file, if all that the file says is of one key.
pub(super) fn public_key(json: &[u8]) -> Result<Hotkey, WalletProblem> {
    let said = Fields::of(json)?.public_keys()?;
    let (&first, rest) = said.split_first().ok_or(WalletProblem::NoPublicKey)?;
    rest.iter().try_for_each(|&other| agree(other, first))?;
    Ok(first.1)
}

/// The JSON of a key, field by field what bittensor-wallet writes; without a phrase, none is there.
pub(super) fn secret_json(key: &Keypair, seed: &[u8; 32], phrase: &str) -> Zeroizing<String> {
    // Large enough from the start: a text that grows leaves copies behind.
    let mut json = Zeroizing::new(String::with_capacity(1024));
    json.push_str(r#"{"accountId":"0x"#);
    push_hex(&mut json, &key.hotkey().0);
    json.push_str(r#"","publicKey":"0x"#);
    push_hex(&mut json, &key.hotkey().0);
    json.push_str(r#"","privateKey":"0x"#);
    push_hex(&mut json, &key.to_private_key()[..]);
    if !phrase.is_empty() {
        json.push_str(r#"","secretPhrase":""#);
        json.push_str(phrase);
    }
    json.push_str(r#"","secretSeed":"0x"#);
    push_hex(&mut json, seed);
    json.push_str(r#"","ss58Address":""#);
    json.push_str(&key.hotkey().to_ss58());
    json.push_str(r#"","cryptoType":1}"#);
    json
}

/// The JSON of a public half.
pub(super) fn public_json(key: &Hotkey) -> String {
    let hex = Digest(key.0).to_string();
    format!(r#"{{"accountId":"0x{hex}","publicKey":"0x{hex}","ss58Address":"{key}","cryptoType":1}}"#)
}

fn push_hex(json: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            json.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
}

impl<'a> Fields<'a> {
    fn of(json: &'a [u8]) -> Result<Self, WalletProblem> {
        // What serde says about a wrong value repeats the value, which may be the secret: only say where.
        let parsed: Result<Self, _> = serde_json::from_slice(json);
        let fields = parsed
            .map_err(|error| WalletProblem::NoKeyFile { line: error.line(), column: error.column() })?;
        match fields.crypto_type {
            None | Some(1) => Ok(fields),
            Some(other) => Err(WalletProblem::Field {
                field: "cryptoType",
                why: format!("is {other}, expected 1, which is sr25519"),
            }),
        }
    }

    /// The key of the first secret; the others must be of the same.
    fn one_secret(&self) -> Result<(&'static str, Keypair), WalletProblem> {
        let mut keys = Vec::with_capacity(3);
        if let Some(text) = present(self.private_key) {
            let bytes = hex_bytes::<64>("privateKey", text)?;
            let key = Keypair::from_private_key(&bytes)
                .map_err(|error| WalletProblem::Field { field: "privateKey", why: error_text(&error) })?;
            keys.push(("privateKey", key));
        }
        if let Some(text) = present(self.secret_seed) {
            keys.push(("secretSeed", Keypair::from_seed(&*hex_bytes::<32>("secretSeed", text)?)));
        }
        if let Some(text) = present(self.secret_phrase) {
            let seed = Keypair::seed_of_mnemonic(text)
                .map_err(|error| WalletProblem::Field { field: "secretPhrase", why: error_text(&error) })?;
            keys.push(("secretPhrase", Keypair::from_seed(&seed)));
        }
        let mut keys = keys.into_iter();
        let (named, first) = keys.next().ok_or(WalletProblem::NoSecret)?;
        for (field, key) in keys {
            agree((field, key.hotkey()), (named, first.hotkey()))?;
        }
        Ok((named, first))
    }

    fn public_keys(&self) -> Result<Vec<(&'static str, Hotkey)>, WalletProblem> {
        let mut keys = Vec::with_capacity(3);
        for (field, text) in [("publicKey", self.public_key), ("accountId", self.account_id)] {
            if let Some(text) = present(text) {
                keys.push((field, Hotkey(*hex_bytes::<32>(field, text)?)));
            }
        }
        if let Some(text) = present(self.ss58_address) {
            let parsed = text.parse::<Hotkey>();
            // Whatever stands here is not repeated: it may be a secret in the wrong place.
            let why = || "is no SS58 address of Bittensor".to_owned();
            keys.push((
                "ss58Address",
                parsed.map_err(|_| WalletProblem::Field { field: "ss58Address", why: why() })?,
            ));
        }
        Ok(keys)
    }
}

/// Some tools write an empty text where they have nothing.
fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn error_text(error: &plimsoll_core::KeypairError) -> String {
    format!("cannot be used: {error}")
}

fn agree(one: (&'static str, Hotkey), other: (&'static str, Hotkey)) -> Result<(), WalletProblem> {
    if one.1 == other.1 {
        return Ok(());
    }
    Err(WalletProblem::Mismatch {
        field: one.0,
        found: one.1.to_ss58(),
        other: other.0,
        expected: other.1.to_ss58(),
    })
}

pub(super) fn hex_bytes<const N: usize>(
    field: &'static str,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, WalletProblem> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = Zeroizing::new([0u8; N]);
    hex::decode_to_slice(digits, &mut bytes[..]).map_err(|error| {
        let why = match error {
            // The library names the character and its place, and it may be one of a secret.
            hex::FromHexError::InvalidHexCharacter { .. } => "has a character that is no hex digit".into(),
            _ => format!("has {} hex digits, expected {}", digits.len(), 2 * N),
        };
        WalletProblem::Field { field, why }
    })?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "key_file_tests.rs"]
mod tests;
