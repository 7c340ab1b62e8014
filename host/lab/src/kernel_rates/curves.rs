//! BLS12-381: sums and pairings from bytes, and commitments to blocks, against blst on points that it has read.

use std::error::Error;
use std::hint::black_box;

use blst::{MultiPoint as _, blst_fp12, blst_p1_affine, blst_p2_affine, min_pk, min_sig};
use plimsoll_core::Span;
use plimsoll_kernels::curve::{
    ELEMENT_BYTES, G1_BYTES, G2_BYTES, SCALAR_BYTES, commit_blocks, g1_sum, generator, hash_to_g1,
    pairing_check,
};
use plimsoll_plugin::MemorySpace;

use super::kernel::{Done, Kernel, prepared};

const DOMAIN: &[u8] = b"PLIMSOLL-BENCH-BLS12381G1_XMD:SHA-256_SSWU_RO_";
/// Points of one sum, and bits of each of its scalars: an audit's.
const POINTS: usize = 20;
const BITS: usize = 80;
/// Elements of a block, and blocks of one call.
const ELEMENTS: usize = 32;
const BLOCKS: usize = 64;
const BLOCK_BYTES: usize = ELEMENTS * ELEMENT_BYTES;
const CRATE: &str = "crate blst";

pub(super) fn kernels() -> Vec<Kernel> {
    let hashing = || {
        black_box(hash_to_g1(DOMAIN, black_box(b"message"))?);
        Ok(())
    };
    let summing = prepared(terms, |Terms { points, wide, .. }| {
        let sum = g1_sum(black_box(points), black_box(wide))?;
        expect(sum.is_some())
    });
    let pairing = prepared(pairs, |(g1, g2): &mut (Vec<u8>, Vec<u8>)| {
        expect(pairing_check(black_box(g1), black_box(g2))?)
    });
    let committing = prepared(blocks, |plot: &mut MemorySpace| {
        let (all, behind) = (Span { first: 0, count: BLOCKS as u64 }, (BLOCKS * BLOCK_BYTES) as u64);
        Ok(commit_blocks(black_box(plot), DOMAIN, ELEMENTS as u32, all, behind)?)
    });
    let sums = format!("bls12-381 sum of {POINTS} points, scalars of {BITS} bits");
    let commitments = format!("bls12-381 commitments, blocks of {ELEMENTS} elements");
    vec![
        Kernel::of_items("bls12-381 hash to G1", 1, "points", hashing),
        Kernel::of_items(sums, POINTS as u64, "points", summing).against(CRATE, crate_sums()),
        Kernel::of_items("bls12-381 check of 2 pairings", 2, "pairings", pairing)
            .against(CRATE, crate_pairs()),
        Kernel::of_bytes(commitments, (BLOCKS * BLOCK_BYTES) as u64, committing)
            .against(format!("{CRATE}, one sum a block"), crate_commits()),
    ]
}

fn expect(is_right: bool) -> Done {
    if is_right { Ok(()) } else { Err("a right equation does not hold".into()) }
}

fn said(error: blst::BLST_ERROR) -> Box<dyn Error> {
    format!("{error:?}").into()
}

/// Points and their scalars: of 32 bytes each as the kernel takes them, and of 10 as blst does.
struct Terms {
    points: Vec<u8>,
    wide: Vec<u8>,
    short: Vec<u8>,
}

fn terms() -> Result<Terms, Box<dyn Error>> {
    let mut short = vec![0; POINTS * BITS / 8];
    blake3::Hasher::new().finalize_xof().fill(&mut short);
    let widened = |scalar: &[u8]| {
        let mut wide = [0; SCALAR_BYTES];
        wide[..scalar.len()].copy_from_slice(scalar);
        wide
    };
    let wide = short.chunks(BITS / 8).flat_map(widened).collect();
    Ok(Terms { points: generators(POINTS)?, wide, short })
}

fn generators(count: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let points: Result<Vec<_>, _> = (0..count as u32).map(|index| generator(DOMAIN, index)).collect();
    Ok(points?.concat())
}

/// e(P, Q) and e(-P, Q), whose product is one.
fn pairs() -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let point = generator(DOMAIN, 0)?;
    let aggregate = min_pk::AggregatePublicKey::from_public_key(&of_g1(&point)?);
    let mut negative = aggregate;
    // P - P - P.
    negative.sub_aggregate(&aggregate);
    negative.sub_aggregate(&aggregate);
    let g2 = of_g2()?.serialize();
    Ok(([point, negative.to_public_key().serialize()].concat(), [g2, g2].concat()))
}

fn of_g1(bytes: &[u8]) -> Result<min_pk::PublicKey, Box<dyn Error>> {
    min_pk::PublicKey::deserialize(bytes).map_err(said)
}

/// Some point of G2.
fn of_g2() -> Result<min_sig::PublicKey, Box<dyn Error>> {
    let secret = min_sig::SecretKey::key_gen(&[7; 32], &[]).map_err(said)?;
    Ok(secret.sk_to_pk())
}

fn read_g1(points: &[u8]) -> Result<Vec<blst_p1_affine>, Box<dyn Error>> {
    points.chunks(G1_BYTES).map(|point| of_g1(point).map(blst_p1_affine::from)).collect()
}

fn crate_sums() -> impl FnMut() -> Done {
    prepared(terms, |Terms { points, short, .. }| {
        let points = read_g1(black_box(points))?;
        black_box(points.as_slice().mult(black_box(short), BITS));
        Ok(())
    })
}

fn crate_pairs() -> impl FnMut() -> Done {
    prepared(pairs, |(g1, g2): &mut (Vec<u8>, Vec<u8>)| {
        let mut product = blst_fp12::default();
        for (p, q) in black_box(g1).chunks(G1_BYTES).zip(black_box(g2).chunks(G2_BYTES)) {
            let (p, q) = (of_g1(p)?, min_sig::PublicKey::deserialize(q).map_err(said)?);
            p.validate().and_then(|()| q.validate()).map_err(said)?;
            product *= blst_fp12::miller_loop(&blst_p2_affine::from(q), &blst_p1_affine::from(p));
        }
        expect(product.final_exp() == blst_fp12::default())
    })
}

/// Blocks and room for their commitments.
fn blocks() -> Result<MemorySpace, Box<dyn Error>> {
    let mut bytes = vec![0; BLOCKS * BLOCK_BYTES];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes.resize(BLOCKS * (BLOCK_BYTES + G1_BYTES), 0);
    Ok(MemorySpace::with(bytes))
}

fn crate_commits() -> impl FnMut() -> Done {
    let make = || Ok((read_g1(&generators(ELEMENTS)?)?, blocks()?.to_vec()));
    prepared(make, |(generators, bytes): &mut (Vec<blst_p1_affine>, Vec<u8>)| {
        for block in bytes[..BLOCKS * BLOCK_BYTES].chunks(BLOCK_BYTES) {
            black_box(generators.as_slice().mult(black_box(&widened(block)), 8 * SCALAR_BYTES - 1));
        }
        Ok(())
    })
}

/// Elements of 31 bytes as scalars of 32.
fn widened(block: &[u8]) -> Vec<u8> {
    block.chunks(ELEMENT_BYTES).flat_map(|element| [element, &[0]].concat()).collect()
}
