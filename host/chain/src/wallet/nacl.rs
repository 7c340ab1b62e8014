//! `$NACL` files: `$NACL`, a nonce of 24 bytes, and a secretbox (XSalsa20-Poly1305, the tag of 16 bytes first)
//! under Argon2i v1.3 of the password with a salt that is the same for everybody, t = 8, m = 512 MiB, p = 1.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use crypto_secretbox::{AeadInPlace, Key, KeyInit, Nonce, Tag, XSalsa20Poly1305};
use zeroize::Zeroizing;

use super::{Password, WalletProblem};

pub(super) const MAGIC: &[u8] = b"$NACL";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const MEMORY_KIB: u32 = 512 << 10;
const PASSES: u32 = 8;
const SALT: [u8; 16] =
    [0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1];

/// What a `$NACL` file holds. Takes 512 MiB of memory and some seconds.
pub(super) fn decrypt(file: &[u8], password: &Password) -> Result<Zeroizing<Vec<u8>>, WalletProblem> {
    let parts = Parts::of(file)?;
    parts.open(&*key(password)?)
}

/// A `$NACL` file. Takes as much as [`decrypt`].
pub(super) fn encrypt(plain: &[u8], password: &Password) -> Result<Vec<u8>, WalletProblem> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)
        .map_err(|error| plimsoll_core::KeypairError::Randomness(error.to_string()))?;
    seal(plain, &*key(password)?, nonce)
}

/// What follows the magic.
struct Parts<'a> {
    nonce: [u8; NONCE_BYTES],
    tag: [u8; TAG_BYTES],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(file: &'a [u8]) -> Result<Self, WalletProblem> {
        let parts = file.strip_prefix(MAGIC).and_then(|rest| {
            let (&nonce, rest) = rest.split_first_chunk()?;
            let (&tag, body) = rest.split_first_chunk()?;
            Some(Self { nonce, tag, body })
        });
        parts.ok_or(WalletProblem::ShortBox { bytes: file.len() })
    }

    fn open(&self, key: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, WalletProblem> {
        let mut plain = Zeroizing::new(self.body.to_vec());
        XSalsa20Poly1305::new(&Key::from(*key))
            .decrypt_in_place_detached(&Nonce::from(self.nonce), &[], &mut plain, &Tag::from(self.tag))
            .map_err(|_| WalletProblem::WrongPassword)?;
        Ok(plain)
    }
}

fn seal(plain: &[u8], key: &[u8; 32], nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, WalletProblem> {
    let mut body = Zeroizing::new(plain.to_vec());
    let tag = XSalsa20Poly1305::new(&Key::from(*key))
        .encrypt_in_place_detached(&Nonce::from(nonce), &[], &mut body)
        .map_err(|_| WalletProblem::ShortBox { bytes: plain.len() })?;
    Ok([MAGIC, &nonce, &tag, &body].concat())
}

fn key(password: &Password) -> Result<Zeroizing<[u8; 32]>, WalletProblem> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(WalletProblem::kdf)?;
    let blocks = params.block_count();
    // Asked for in a way that can be refused: half a gibibyte is not everywhere.
    let mut memory: Vec<Block> = Vec::new();
    memory.try_reserve_exact(blocks).map_err(|_| WalletProblem::NoMemory)?;
    memory.resize(blocks, Block::new());
    let mut key = Zeroizing::new([0; 32]);
    let hashed = Argon2::new(Algorithm::Argon2i, Version::V0x13, params).hash_password_into_with_memory(
        password.as_bytes(),
        &SALT,
        &mut key[..],
        &mut memory,
    );
    // The last block gives the key away.
    memory.fill(Block::new());
    std::hint::black_box(&memory);
    hashed.map_err(WalletProblem::kdf)?;
    Ok(key)
}

#[cfg(test)]
#[path = "nacl_tests.rs"]
mod tests;
