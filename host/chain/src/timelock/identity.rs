//! Sealing a 32-byte key to a round: FullIdent of Boneh and Franklin, with the round's message as the identity,
//! the beacon's key as the master key, and the beacon's signature as the identity's private key.
//!
//! With P the generator of G2, K the beacon's key, Q the message hashed to G1, and s random:
//! r = H3(s, key), U = r·P, V = s ⊕ H2(e(r·Q, K)), W = key ⊕ H4(s). Whoever has the signature S of Q finds
//! s = V ⊕ H2(e(S, U)), the key from W, and checks U. All of H2, H3, H4 are SHA-256; H3 is reduced modulo the
//! group order.

use blst::min_sig::{PublicKey, SecretKey};
use blst::{blst_fp12, blst_p1_affine, blst_p2_affine};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::quicknet::{DOMAIN, DrandRound, RoundSignature, public_key};

/// The order of the groups, big-endian.
const ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53,
    0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];
/// A base field element of blst, big-endian.
const FIELD_BYTES: usize = 48;

/// A sealed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealedKey {
    /// A point of G2, compressed.
    pub(super) u: [u8; 96],
    pub(super) v: [u8; 32],
    pub(super) w: [u8; 32],
}

/// Seals `key` with the randomness `s`. `None` if s and the key hash to the exponent 0, which nobody will see.
pub(super) fn seal_key(key: &[u8; 32], s: &[u8; 32], round: DrandRound) -> Option<SealedKey> {
    // blst calls an exponent a secret key: its public key is r·P, its signature of the message r·Q.
    let exponent = exponent(s, key)?;
    let multiple_of_q: blst_p1_affine = exponent.sign(&round.message(), DOMAIN, &[]).into();
    let pairing = hash_pairing(&multiple_of_q, &public_key()?.into());
    Some(SealedKey { u: exponent.sk_to_pk().to_bytes(), v: xor(s, &pairing), w: xor(key, &sha256(&[s])) })
}

/// The key, if `signature` is of the round it was sealed to and no bit has changed.
pub(super) fn open_key(sealed: &SealedKey, signature: &RoundSignature) -> Option<Zeroizing<[u8; 32]>> {
    let u = PublicKey::key_validate(&sealed.u).ok()?;
    let s = Zeroizing::new(xor(&sealed.v, &hash_pairing(&signature.point()?.into(), &u.into())));
    let key = Zeroizing::new(xor(&sealed.w, &sha256(&[&s[..]])));
    (exponent(&s, &key)?.sk_to_pk().to_bytes() == sealed.u).then_some(key)
}

/// H3: SHA-256 of both, as a big-endian number modulo the order.
fn exponent(s: &[u8; 32], key: &[u8; 32]) -> Option<SecretKey> {
    let mut number = Zeroizing::new(sha256(&[s, key]));
    // 2^256 is less than three times the order.
    while *number >= ORDER {
        let mut borrow = false;
        for (digit, order) in number.iter_mut().zip(ORDER).rev() {
            let (less, first) = digit.overflowing_sub(order);
            let (less, second) = less.overflowing_sub(u8::from(borrow));
            (*digit, borrow) = (less, first || second);
        }
    }
    SecretKey::deserialize(&number[..]).ok()
}

/// H2: SHA-256 of the pairing as arkworks writes it: c0 before c1 at each of the three floors of the field's
/// tower, each number little-endian. blst writes the middle floor outermost and numbers big-endian.
fn hash_pairing(p: &blst_p1_affine, q: &blst_p2_affine) -> [u8; 32] {
    let of_blst = Zeroizing::new(blst_fp12::miller_loop(q, p).final_exp().to_bendian());
    let mut hasher = Sha256::new();
    for top in 0..2 {
        for middle in 0..3 {
            for low in 0..2 {
                let start = FIELD_BYTES * ((2 * middle + top) * 2 + low);
                let mut number = Zeroizing::new([0; FIELD_BYTES]);
                number.copy_from_slice(&of_blst[start..start + FIELD_BYTES]);
                number.reverse();
                hasher.update(&number[..]);
            }
        }
    }
    hasher.finalize().into()
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

fn xor(one: &[u8; 32], other: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| one[i] ^ other[i])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// s, for a test that seals with somebody else's.
    pub(in crate::timelock) fn randomness_of(
        sealed: &SealedKey,
        signature: &RoundSignature,
    ) -> Zeroizing<[u8; 32]> {
        let u = PublicKey::key_validate(&sealed.u).unwrap();
        let pairing = hash_pairing(&signature.point().unwrap().into(), &u.into());
        Zeroizing::new(xor(&sealed.v, &pairing))
    }

    #[test]
    fn an_exponent_is_the_hash_modulo_the_order() {
        // Of 400 hashes, some are below the order, some between it and twice it, some above.
        let mut seen = [0; 3];
        for i in 0..400u16 {
            let s: [u8; 32] = std::array::from_fn(|at| i.to_le_bytes()[at % 2]);
            let hash = sha256(&[&s, &[9; 32]]);
            let twice = doubled(ORDER);
            let below = usize::from(hash >= ORDER) + usize::from(hash >= twice);
            seen[below] += 1;
            let reduced = exponent(&s, &[9; 32]).unwrap().to_bytes();
            let back = (0..below).fold(reduced, |number, _| sum(number, ORDER));
            assert_eq!(back, hash, "{i}");
        }
        assert!(seen.iter().all(|&n| n > 20), "{seen:?}");
    }

    fn doubled(number: [u8; 32]) -> [u8; 32] {
        sum(number, number)
    }

    fn sum(mut one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
        let mut carry = 0u16;
        for (digit, more) in one.iter_mut().zip(other).rev() {
            let total = u16::from(*digit) + u16::from(more) + carry;
            (*digit, carry) = (total.to_le_bytes()[0], total >> 8);
        }
        assert_eq!(carry, 0, "below 2^256");
        one
    }
}
