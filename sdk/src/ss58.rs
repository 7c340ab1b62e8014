//! A hotkey as people write it.
//!
//! SS58 as Substrate defines it: base58(prefix byte ‖ 32-byte key ‖ first two bytes of
//! BLAKE2b-512("SS58PRE" ‖ prefix ‖ key)); Bittensor uses the generic prefix 42.

use blake2::{Blake2b512, Digest as _};

use crate::Hotkey;

const PREFIX: u8 = 42;

impl Hotkey {
    /// The SS58 address with prefix 42.
    #[must_use]
    pub fn to_ss58(&self) -> String {
        let mut raw = [PREFIX; 35];
        raw[1..33].copy_from_slice(&self.0);
        let sum = Blake2b512::new().chain_update(b"SS58PRE").chain_update(&raw[..33]).finalize();
        raw[33..].copy_from_slice(&sum[..2]);
        bs58::encode(raw).into_string()
    }

    /// The first eight characters of the address: for sentences, never for comparison.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = self.to_ss58();
        text.truncate(8);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alice_has_the_address_that_substrate_gives_her() {
        let key = hex::decode("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d").unwrap();
        let alice = Hotkey(key.try_into().unwrap());
        assert_eq!(alice.to_ss58(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(alice.short(), "5GrwvaEF");
    }

    #[test]
    fn a_key_of_zeros_keeps_all_its_bytes() {
        // The address of the all-zero key, known from Substrate's own tools.
        assert_eq!(Hotkey([0; 32]).to_ss58(), "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM");
    }
}
