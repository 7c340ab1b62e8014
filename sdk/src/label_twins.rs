//! The native twins of the host's memory-hard labels and scores: slow, obvious, from the definitions: RFC 7914
//! with PBKDF2 of one round, Salsa20 and ChaCha as their papers write them, byte by byte.

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use sha2::Digest as _;

use crate::labels::{LABEL_BYTES, LabelCost, ScryptForm};
use crate::scan::ScanKind;
use crate::{Digest, PluginError, Result};

/// See [`crate::labels::labels_of`].
pub(crate) fn labels_of(
    cost: &LabelCost,
    key: &Digest,
    label_bytes: u32,
    indices: &[u64],
) -> Result<Vec<u8>> {
    if !(1..=LABEL_BYTES).contains(&label_bytes) || indices.len() > 4096 {
        return Err(PluginError::BadInput(format!(
            "{} labels of {label_bytes} bytes: expected at most 4096, of 1 to {LABEL_BYTES} bytes",
            indices.len()
        )));
    }
    cost.check().map_err(|error| PluginError::BadInput(error.to_string()))?;
    let mut out = Vec::new();
    for index in indices {
        let password = [&key[..], &index.to_le_bytes(), &[0; 32]].concat();
        let label = match *cost {
            LabelCost::Scrypt { form, n, r, p } => {
                scrypt(form, &password, [n, r, p].map(|number| number as usize))
            }
            LabelCost::Argon2id { memory_kib, passes, lanes } => {
                argon2id(&password, [memory_kib, passes, lanes])?
            }
        };
        out.extend_from_slice(&label[..label_bytes as usize]);
    }
    Ok(out)
}

fn argon2id(password: &[u8], [memory_kib, passes, lanes]: [u32; 3]) -> Result<Vec<u8>> {
    let failed = |error| PluginError::BadInput(format!("argon2id: {error}"));
    let params = argon2::Params::new(memory_kib, passes, lanes, Some(32)).map_err(failed)?;
    let mut memory = vec![argon2::Block::default(); params.block_count()];
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut label = vec![0; 32];
    argon.hash_password_into_with_memory(password, &[0; 16], &mut label, &mut memory).map_err(failed)?;
    Ok(label)
}

fn scrypt(form: ScryptForm, password: &[u8], [n, r, p]: [usize; 3]) -> Vec<u8> {
    let mut blocks = pbkdf2(form, password, &[], p * 128 * r);
    for block in blocks.chunks_mut(128 * r) {
        let mixed = romix(form, block, n);
        block.copy_from_slice(&mixed);
    }
    pbkdf2(form, password, &blocks, 32)
}

fn hash(form: ScryptForm, bytes: &[u8]) -> Vec<u8> {
    match form {
        ScryptForm::Rfc7914 => sha2::Sha256::digest(bytes).to_vec(),
        ScryptForm::Spacemesh => sha3::Keccak512::digest(bytes).to_vec(),
    }
}

/// RFC 2104.
fn hmac(form: ScryptForm, key: &[u8], message: &[u8]) -> Vec<u8> {
    let block_bytes = match form {
        ScryptForm::Rfc7914 => 64,
        ScryptForm::Spacemesh => 72,
    };
    let mut block = if key.len() > block_bytes { hash(form, key) } else { key.to_vec() };
    block.resize(block_bytes, 0);
    let masked = |mask: u8| block.iter().map(|byte| byte ^ mask).collect::<Vec<u8>>();
    let inner = hash(form, &[&masked(0x36)[..], message].concat());
    hash(form, &[masked(0x5c), inner].concat())
}

/// RFC 8018 with one round.
fn pbkdf2(form: ScryptForm, password: &[u8], salt: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut block = 1_u32;
    while out.len() < len {
        out.extend(hmac(form, password, &[salt, &block.to_be_bytes()].concat()));
        block += 1;
    }
    out.truncate(len);
    out
}

fn romix(form: ScryptForm, block: &[u8], n: usize) -> Vec<u8> {
    let mut x = block.to_vec();
    let mut rows = Vec::new();
    for _ in 0..n {
        rows.push(x.clone());
        x = block_mix(form, &x);
    }
    for _ in 0..n {
        let last = &x[x.len() - 64..];
        let row = u32::from_le_bytes([last[0], last[1], last[2], last[3]]) as usize % n;
        let mixed: Vec<u8> = x.iter().zip(&rows[row]).map(|(a, b)| a ^ b).collect();
        x = block_mix(form, &mixed);
    }
    x
}

fn block_mix(form: ScryptForm, blocks: &[u8]) -> Vec<u8> {
    let mut t = blocks[blocks.len() - 64..].to_vec();
    let (mut even, mut odd) = (Vec::new(), Vec::new());
    for (at, block) in blocks.chunks(64).enumerate() {
        let mixed: Vec<u8> = t.iter().zip(block).map(|(a, b)| a ^ b).collect();
        t = permuted(form, &mixed);
        if at % 2 == 0 { even.extend_from_slice(&t) } else { odd.extend_from_slice(&t) }
    }
    [even, odd].concat()
}

/// Eight rounds, and the input added.
fn permuted(form: ScryptForm, block: &[u8]) -> Vec<u8> {
    let words: Vec<u32> = block.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let mut x = words.clone();
    for _ in 0..4 {
        for column in 0..4 {
            let [a, b, c, d] = [0, 1, 2, 3].map(|row| column + 4 * row);
            match form {
                ScryptForm::Spacemesh => chacha_quarter(&mut x, [a, b, c, d]),
                // Column i of Salsa20 begins on the diagonal.
                ScryptForm::Rfc7914 => {
                    salsa_quarter(&mut x, [0, 4, 8, 12].map(|down| (5 * column + down) % 16));
                }
            }
        }
        for row in 0..4 {
            match form {
                ScryptForm::Spacemesh => {
                    let diagonal = [0, 1, 2, 3].map(|down| 4 * down + (row + down) % 4);
                    chacha_quarter(&mut x, diagonal);
                }
                ScryptForm::Rfc7914 => {
                    salsa_quarter(&mut x, [0, 1, 2, 3].map(|along| 4 * row + (row + along) % 4));
                }
            }
        }
    }
    x.iter().zip(&words).flat_map(|(a, b)| a.wrapping_add(*b).to_le_bytes()).collect()
}

fn chacha_quarter(x: &mut [u32], [a, b, c, d]: [usize; 4]) {
    for (to_d, to_b) in [(16, 12), (8, 7)] {
        x[a] = x[a].wrapping_add(x[b]);
        x[d] = (x[d] ^ x[a]).rotate_left(to_d);
        x[c] = x[c].wrapping_add(x[d]);
        x[b] = (x[b] ^ x[c]).rotate_left(to_b);
    }
}

fn salsa_quarter(x: &mut [u32], [a, b, c, d]: [usize; 4]) {
    x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
    x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
    x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
    x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
}

/// See [`crate::scan::scan_score`].
pub(crate) fn scan_score(kind: ScanKind, key: &Digest, record: &[u8]) -> Result<u64> {
    let image = match kind {
        ScanKind::Aes128 => {
            let wrong = |_| PluginError::BadInput(format!("aes128 scores 16 bytes, not {}", record.len()));
            let mut block: [u8; 16] = record.try_into().map_err(wrong)?;
            let mut half = [0; 16];
            half.copy_from_slice(&key[..16]);
            aes::Aes128::new(&Array(half)).encrypt_block((&mut block).into());
            block.to_vec()
        }
        ScanKind::Blake3 if (1..=64 << 10).contains(&record.len()) => {
            blake3::keyed_hash(key, record).as_bytes().to_vec()
        }
        ScanKind::Blake3 => {
            let message = format!("blake3 scores 1 byte to 64 KiB, not {} bytes", record.len());
            return Err(PluginError::BadInput(message));
        }
    };
    let mut first = [0; 8];
    first.copy_from_slice(&image[..8]);
    Ok(u64::from_le_bytes(first))
}
