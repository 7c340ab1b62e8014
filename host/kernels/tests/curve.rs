//! BLS12-381: known answers, and another implementation beside every function.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, Scalar};
use plimsoll_core::Span;
use plimsoll_kernels::curve::{
    ELEMENT_BYTES, G1_BYTES, combine_blocks, commit_blocks, g1_sum, generator, generators_sum, hash_to_g1,
    is_in_g1, pairing_check,
};
use proptest::prelude::*;
use sha2_of_bls12_381::Sha256;
use support::{Memory, some_bytes};

const DOMAIN: &[u8] = b"a domain for tests";

fn other_hash(domain: &[u8], message: &[u8]) -> G1Projective {
    <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], domain)
}

fn bytes(point: &G1Projective) -> [u8; G1_BYTES] {
    G1Affine::from(point).to_uncompressed()
}

/// A point that needs no hash: the base point, `n` times.
fn point(n: u64) -> G1Projective {
    G1Projective::from(G1Affine::generator()) * Scalar::from(n)
}

fn scalars(all: &[Scalar]) -> Vec<u8> {
    all.iter().flat_map(Scalar::to_bytes).collect()
}

fn points(all: &[G1Projective]) -> Vec<u8> {
    all.iter().flat_map(bytes).collect()
}

#[test]
fn messages_hash_to_the_points_of_rfc_9380() {
    // RFC 9380, appendix J.9.1.
    let domain = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
    let answers = [
        (
            "",
            "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1\
             08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
        ),
        (
            "abc",
            "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903\
             0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
        ),
    ];
    for (message, expected) in answers {
        assert_eq!(hex::encode(hash_to_g1(domain, message.as_bytes()).unwrap()), expected);
    }
}

#[test]
fn the_base_point_is_the_one_of_the_standard() {
    // The ZCash protocol specification, section 5.4.9.2: x and y of the generator of G1.
    let base = "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb\
                08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    let base = hex::decode(base).unwrap();
    assert!(is_in_g1(&base));
    let seven = g1_sum(&base, &scalars(&[Scalar::from(7)])).unwrap().unwrap();
    assert_eq!(seven, bytes(&point(7)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sums_are_those_of_another_implementation(
        terms in proptest::collection::vec((0_u64..4, any::<[u64; 4]>(), any::<bool>()), 1..40),
        short in any::<bool>(),
    ) {
        // Few points: so that the same one, its opposite and infinity meet often.
        let some: Vec<G1Projective> =
            terms.iter().map(|&(n, _, negative)| if negative { -point(n) } else { point(n) }).collect();
        let by: Vec<Scalar> = terms
            .iter()
            .map(|(_, words, _)| {
                if short { Scalar::from_raw([words[0], words[1], 0, 0]) } else { Scalar::from_raw(*words) }
            })
            .collect();
        let expected = some.iter().zip(&by).fold(G1Projective::identity(), |sum, (p, s)| sum + p * s);
        let sum = g1_sum(&points(&some), &scalars(&by)).unwrap().unwrap();
        prop_assert_eq!(sum, bytes(&expected));
    }

    #[test]
    fn sums_of_generators_are_those_of_another_implementation(
        by in proptest::collection::vec(any::<[u64; 4]>(), 0..20),
    ) {
        let by: Vec<Scalar> = by.into_iter().map(Scalar::from_raw).collect();
        let expected = (0_u32..).zip(&by).fold(G1Projective::identity(), |sum, (index, s)| {
            sum + other_hash(DOMAIN, &index.to_le_bytes()) * s
        });
        prop_assert_eq!(generators_sum(DOMAIN, &scalars(&by)).unwrap().unwrap(), bytes(&expected));
    }

    #[test]
    fn a_combination_of_blocks_opens_the_combination_of_their_commitments(
        elements in 1_u32..9,
        indices in proptest::collection::vec(0_u64..7, 1..6),
        coefficients in any::<[[u64; 4]; 6]>(),
    ) {
        let plot = committed(elements, 7);
        let by: Vec<Scalar> = coefficients.into_iter().take(indices.len()).map(Scalar::from_raw).collect();
        let combined = combine_blocks(&plot, elements, &indices, &scalars(&by)).unwrap();
        let all = plot.bytes();
        let block = |index: u64| &all[index as usize * elements as usize * ELEMENT_BYTES..];
        for (place, found) in combined.as_chunks::<32>().0.iter().enumerate() {
            let expected = indices.iter().zip(&by).fold(Scalar::zero(), |sum, (&index, s)| {
                let mut wide = [0; 32];
                wide[..31].copy_from_slice(&block(index)[place * ELEMENT_BYTES..][..ELEMENT_BYTES]);
                sum + Scalar::from_bytes(&wide).unwrap() * s
            });
            prop_assert_eq!(*found, expected.to_bytes());
        }
        let from = 7 * elements as usize * ELEMENT_BYTES;
        let opened: Vec<u8> =
            indices.iter().flat_map(|&i| all[from + i as usize * G1_BYTES..][..G1_BYTES].to_vec()).collect();
        let left = g1_sum(&opened, &scalars(&by)).unwrap().unwrap();
        prop_assert_eq!(left, generators_sum(DOMAIN, &combined).unwrap().unwrap());
    }
}

/// `blocks` blocks of noise with their commitments behind them.
fn committed(elements: u32, blocks: u64) -> Memory {
    let from = blocks as usize * elements as usize * ELEMENT_BYTES;
    let plot = Memory::new(some_bytes(from + blocks as usize * G1_BYTES, 9));
    for span in [Span { first: 3, count: blocks - 3 }, Span { first: 0, count: 4 }] {
        commit_blocks(&plot, DOMAIN, elements, span, from as u64).unwrap();
    }
    plot
}

#[test]
fn the_commitment_of_a_block_is_the_sum_of_its_elements_times_the_generators() {
    let (elements, blocks) = (3, 5);
    let plot = committed(elements, blocks).bytes();
    let from = 5 * 3 * ELEMENT_BYTES;
    for index in 0..blocks as usize {
        let mut expected = G1Projective::identity();
        for place in 0..elements {
            let at = (index * 3 + place as usize) * ELEMENT_BYTES;
            let mut wide = [0; 32];
            wide[..31].copy_from_slice(&plot[at..at + 31]);
            let element = Scalar::from_bytes(&wide).unwrap();
            expected += other_hash(DOMAIN, &place.to_le_bytes()) * element;
        }
        assert_eq!(plot[from + index * G1_BYTES..][..G1_BYTES], bytes(&expected), "block {index}");
    }
    assert_eq!(generator(DOMAIN, 2).unwrap(), bytes(&other_hash(DOMAIN, &[2, 0, 0, 0])));
}

#[test]
fn what_is_no_point_or_no_scalar_is_told_apart() {
    let good = bytes(&point(5));
    let one = scalars(&[Scalar::one()]);
    assert_eq!(g1_sum(&good, &one).unwrap().unwrap(), good);
    for bit in 0..8 * G1_BYTES {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(g1_sum(&bad, &one).unwrap(), None, "bit {bit}");
        assert!(!is_in_g1(&bad), "bit {bit}");
    }
    let mut infinity = [0; G1_BYTES];
    infinity[0] = 0x40;
    assert!(is_in_g1(&infinity) && is_in_g1(&good) && !is_in_g1(&good[1..]));
    let mut order = (-Scalar::one()).to_bytes();
    assert!(g1_sum(&good, &order).unwrap().is_some());
    order[0] += 1;
    assert_eq!(g1_sum(&good, &order).unwrap(), None);
    assert_eq!(generators_sum(DOMAIN, &order).unwrap(), None);
}

/// On the curve y^2 = x^3 + 4, outside of the group: the first x from 1 up that has a y.
fn outside_of_the_group() -> [u8; G1_BYTES] {
    let candidates = (1_u8..=255).map(|x| {
        let mut compressed = [0; 48];
        (compressed[0], compressed[47]) = (0x80, x);
        G1Affine::from_compressed_unchecked(&compressed)
    });
    let mut found = candidates
        .filter_map(Option::from)
        .filter(|p: &G1Affine| bool::from(p.is_on_curve()) && !bool::from(p.is_torsion_free()));
    found.next().unwrap().to_uncompressed()
}

#[test]
fn a_point_outside_of_the_group_is_summed_rightly_and_told_by_the_group_check() {
    let stray = outside_of_the_group();
    assert!(!is_in_g1(&stray));
    let affine = G1Affine::from_uncompressed_unchecked(&stray).unwrap();
    for n in [1_u64, 2, 5, 1 << 40] {
        let expected = G1Projective::from(affine) * Scalar::from(n);
        let sum = g1_sum(&stray, &scalars(&[Scalar::from(n)])).unwrap().unwrap();
        assert_eq!(sum, bytes(&expected), "{n} times");
        let long = -Scalar::from(n);
        let sum = g1_sum(&[stray, stray].concat(), &scalars(&[long, long])).unwrap().unwrap();
        assert_eq!(sum, bytes(&(G1Projective::from(affine) * long).double()), "-{n} times, twice");
    }
    assert!(!pairing_check(&stray, &G2Affine::generator().to_uncompressed()).unwrap());
}

#[test]
fn the_points_of_order_three_are_refused_in_every_sum() {
    // x = 0: three times (0, ±2) is infinity, for which the tables of multiples have no place.
    let mut compressed = [0; 48];
    compressed[0] = 0x80;
    let third = G1Projective::from(G1Affine::from_compressed_unchecked(&compressed).unwrap());
    assert_eq!((third.double(), third.double() + third), (-third, G1Projective::identity()));
    for third in [third, -third] {
        assert!(bool::from(G1Affine::from(third).is_on_curve()) && !is_in_g1(&bytes(&third)));
        for beside in [0, 1, 20, 40] {
            let some: Vec<G1Projective> = (1..=beside).map(point).chain([third]).collect();
            let by = vec![Scalar::from(5); some.len()];
            assert_eq!(g1_sum(&points(&some), &scalars(&by)).unwrap(), None, "beside {beside}");
        }
    }
}

#[test]
fn pairings_cancel_where_the_exponents_do() {
    let base = G2Affine::generator();
    let g2 = |n: u64| G2Affine::from(base * Scalar::from(n)).to_uncompressed();
    let check =
        |left: &[G1Projective], right: &[[u8; 192]]| pairing_check(&points(left), &right.concat()).unwrap();
    assert!(check(&[point(6), -point(2)], &[g2(1), g2(3)]));
    assert!(!check(&[point(6), -point(2)], &[g2(1), g2(4)]));
    assert!(check(&[point(2), point(3), -point(1)], &[g2(5), g2(1), g2(13)]));
    assert!(check(&[], &[]) && check(&[G1Projective::identity()], &[g2(9)]));
    assert!(!check(&[point(1)], &[g2(1)]));
}

#[test]
fn wrong_arguments_are_refused_in_words() {
    let said = |error: Result<_, plimsoll_kernels::KernelError>| -> String {
        let refused: Result<Option<[u8; G1_BYTES]>, _> = error;
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        said(g1_sum(&[0; 97], &[0; 64])),
        "1 points and 2 scalars (and 1 bytes over): expected as many of both"
    );
    assert_eq!(said(generators_sum(b"", &[0; 32])), "a domain of 0 bytes, expected 1 to 255");
    assert_eq!(said(generators_sum(&[7; 256], &[])), "a domain of 256 bytes, expected 1 to 255");
    assert_eq!(said(generators_sum(DOMAIN, &[0; 33])), "scalars of 33 bytes in all: expected 32 for each");
    assert_eq!(said(generators_sum(DOMAIN, &[0; 32 * 129])), "129 generators, expected at most 128");
    let plot = Memory::new(vec![0; 31 * 4 + 2 * 96]);
    let commit =
        |elements, units, at| commit_blocks(&plot, DOMAIN, elements, units, at).unwrap_err().to_string();
    let two = Span { first: 0, count: 2 };
    assert_eq!(commit(0, two, 62), "blocks of 0 elements, expected 1 to 128");
    assert_eq!(commit(129, two, 62), "blocks of 129 elements, expected 1 to 128");
    assert_eq!(commit(2, two, 100), "commitments from 100 lie over the blocks, which end at 124");
    assert_eq!(commit(2, two, 125), "192 bytes at 125 are outside of a region of 316 bytes");
    let combine = |blocks: &[u64], by: &[u8]| combine_blocks(&plot, 2, blocks, by).unwrap_err().to_string();
    assert_eq!(
        combine(&[1, 2], &[0; 33]),
        "1 coefficients (and 1 bytes over) for 2 blocks: expected as many of both"
    );
    assert_eq!(combine(&[1], &[0xff; 32]), "a coefficient is not below the group order");
    assert_eq!(
        combine(&[u64::MAX], &[0; 32]),
        format!("62 bytes at {} are outside of a region of 316 bytes", u64::MAX)
    );
}
