//! Memory-hard labels against published numbers and other implementations.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::sync::atomic::Ordering;

use plimsoll_core::{Digest, Span};
use plimsoll_kernels::{
    Isa, KernelError, LABEL_BYTES, Label, LabelCost, ScryptForm, fill_labels, labels_by, labels_of,
};
use proptest::prelude::*;
use serde::Deserialize;
use support::Memory;

const KEY: Digest = Digest(*b"a key of thirty-two bytes, it is");

#[derive(Deserialize)]
struct Vector {
    commitment: String,
    scrypt: Sizes,
    label_bytes: u32,
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Sizes {
    n: u32,
    r: u32,
    p: u32,
}

const fn scrypt(form: ScryptForm, n: u32, r: u32, p: u32) -> LabelCost {
    LabelCost::Scrypt { form, n, r, p }
}

fn password(index: u64) -> Vec<u8> {
    [&KEY.0[..], &index.to_le_bytes(), &[0; 32]].concat()
}

/// The RFC's form by another crate.
fn by_another_crate(n: u32, r: u32, p: u32, index: u64) -> Vec<u8> {
    let params = scrypt::Params::new(n.ilog2() as u8, r, p).unwrap();
    let mut label = [0; 32];
    scrypt::scrypt(&password(index), &[], &params, &mut label).unwrap();
    label.to_vec()
}

#[test]
fn the_labels_of_spacemeshs_own_initialiser_come_out() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/spacemesh-labels.json")).unwrap();
    assert!(vectors.iter().any(|vector| vector.scrypt.n == 8192));
    for vector in vectors {
        let Sizes { n, r, p } = vector.scrypt;
        let cost = scrypt(ScryptForm::Spacemesh, n, r, p);
        let key = Digest::from_slice(&hex::decode(&vector.commitment).unwrap()).unwrap();
        let indices: Vec<u64> = (0..vector.labels.len() as u64).collect();
        for isa in Isa::usable() {
            let labels = labels_by(isa, &cost, &key, vector.label_bytes, &indices).unwrap();
            let labels: Vec<String> = labels.chunks(vector.label_bytes as usize).map(hex::encode).collect();
            assert_eq!(labels, vector.labels, "{isa}, n {n}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_implementation_gives_the_labels_of_another_crate(
        log2 in 1_u32..9,
        r in 1_u32..5,
        p in 1_u32..4,
        indices in prop::collection::vec(any::<u64>(), 0..20),
    ) {
        let cost = scrypt(ScryptForm::Rfc7914, 1 << log2, r, p);
        let known: Vec<u8> = indices.iter().flat_map(|&i| by_another_crate(1 << log2, r, p, i)).collect();
        for isa in Isa::usable() {
            prop_assert!(labels_by(isa, &cost, &KEY, 32, &indices).unwrap() == known, "{}", isa);
        }
    }

    #[test]
    fn all_implementations_agree_on_spacemeshs_form_of_any_size(
        log2 in 1_u32..9,
        r in 1_u32..5,
        p in 1_u32..4,
        indices in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let cost = scrypt(ScryptForm::Spacemesh, 1 << log2, r, p);
        let one_by_one: Vec<u8> = indices
            .iter()
            .flat_map(|&index| labels_by(Isa::Portable, &cost, &KEY, 32, &[index]).unwrap())
            .collect();
        for isa in Isa::usable() {
            prop_assert!(labels_by(isa, &cost, &KEY, 32, &indices).unwrap() == one_by_one, "{}", isa);
        }
    }

    #[test]
    fn spans_filled_in_any_order_give_the_plot_of_all_labels_and_the_smallest(
        label_bytes in 1_u32..=32,
        first in 0_u64..100,
        count in 0_u64..200,
        cut in 0_u64..200,
    ) {
        let (cost, cut) = (scrypt(ScryptForm::Spacemesh, 2, 1, 1), cut.min(count));
        let mut plot = Memory::new(vec![7; label_bytes as usize * 300]);
        plot.asks_twice = true;
        let second = Span { first: first + cut, count: count - cut };
        let smallest = [second, Span { first, count: cut }]
            .map(|span| fill_labels(&plot, &cost, &KEY, label_bytes, span, true).unwrap());
        let indices: Vec<u64> = (first..first + count).collect();
        let whole = labels_of(&cost, &KEY, LABEL_BYTES, &indices).unwrap();
        let short: Vec<u8> =
            whole.chunks(32).flat_map(|label| label[..label_bytes as usize].to_vec()).collect();
        let mut expected = vec![7; label_bytes as usize * 300];
        expected[first as usize * label_bytes as usize..][..short.len()].copy_from_slice(&short);
        prop_assert!(plot.bytes() == expected);
        let known = whole.chunks(32).zip(&indices).min().map(|(bytes, &index)| (bytes.to_vec(), index));
        let found = smallest.into_iter().flatten().min_by_key(|label| (label.bytes, label.index));
        prop_assert_eq!(found.map(|Label { index, bytes }| (bytes.to_vec(), index)), known);
    }
}

#[test]
fn labels_too_large_for_company_are_made_one_by_one_with_the_same_bytes() {
    // 8192 x 128 x 33 bytes are above a vector's share of 32 MiB.
    let cost = scrypt(ScryptForm::Rfc7914, 8192, 33, 1);
    assert!(cost.memory_bytes() < 40 << 20);
    assert_eq!(labels_of(&cost, &KEY, 32, &[3]).unwrap(), by_another_crate(8192, 33, 1, 3));
}

#[test]
fn argon2id_is_the_crates_with_sixteen_zero_bytes_of_salt() {
    let cost = LabelCost::Argon2id { memory_kib: 64, passes: 2, lanes: 2 };
    let params = argon2::Params::new(64, 2, 2, Some(32)).unwrap();
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut known = Vec::new();
    for index in [0, 9] {
        let mut label = [0; 32];
        let mut memory = vec![argon2::Block::default(); 64];
        argon.hash_password_into_with_memory(&password(index), &[0; 16], &mut label, &mut memory).unwrap();
        known.extend_from_slice(&label[..20]);
    }
    assert_eq!(labels_of(&cost, &KEY, 20, &[0, 9]).unwrap(), known);
}

#[test]
fn argon2id_labels_keep_their_bytes_from_version_to_version() {
    let cost = LabelCost::Argon2id { memory_kib: 64, passes: 1, lanes: 1 };
    let label = labels_of(&cost, &KEY, 16, &[1]).unwrap();
    assert_eq!(hex::encode(label), "578746685cedc3091e2961696957868f");
}

#[test]
fn a_long_plot_is_put_piece_by_piece_and_no_label_is_cut() {
    let cost = scrypt(ScryptForm::Spacemesh, 2, 1, 1);
    let count = (4 << 20) / 31 + 100;
    let plot = Memory::new(vec![0; count * 31]);
    fill_labels(&plot, &cost, &KEY, 31, Span { first: 0, count: count as u64 }, false).unwrap();
    assert_eq!(plot.puts.load(Ordering::Relaxed), 2);
    for index in [0, count - 101, count - 100, count - 1] {
        let label = labels_of(&cost, &KEY, 31, &[index as u64]).unwrap();
        assert_eq!(plot.bytes()[index * 31..][..31], label, "{index}");
    }
}

#[test]
fn labels_outside_of_the_region_are_refused_before_one_is_made() {
    let plot = Memory::new(vec![7; 100]);
    let fill = |label_bytes, first, count| {
        fill_labels(&plot, &LabelCost::SPACEMESH, &KEY, label_bytes, Span { first, count }, false)
    };
    for (first, count) in [(9, 2), (11, 0), (u64::MAX, 1), (0, u64::MAX)] {
        assert!(matches!(fill(10, first, count), Err(KernelError::Space(_))), "{first} {count}");
    }
    for label_bytes in [0, 33, u32::MAX] {
        let refused = fill(label_bytes, 0, 1).unwrap_err().to_string();
        assert_eq!(refused, format!("label-bytes must be from 1 to 32, not {label_bytes}"));
    }
    assert_eq!(plot.bytes(), vec![7; 100]);
}

#[test]
fn costs_that_cannot_be_are_refused_by_name() {
    let refused = |cost: LabelCost| labels_of(&cost, &KEY, 16, &[0]).unwrap_err().to_string();
    let rfc = |n, r, p| refused(scrypt(ScryptForm::Rfc7914, n, r, p));
    for n in [0, 1, 3, 8191] {
        assert_eq!(rfc(n, 1, 1), format!("n of scrypt must be a power of two, 2 or more, not {n}"));
    }
    assert_eq!(rfc(2, 0, 1), "r and p of scrypt must be 1 or more, not 0 and 1");
    assert_eq!(rfc(1 << 16, 1, 1), "n of scrypt must be below 65536 where r is 1 (RFC 7914), not 65536");
    assert_eq!(
        rfc(2, 1 << 10, 1 << 10),
        "p x 128 x r of scrypt must be at most 16777216 bytes, not 134217728"
    );
    assert_eq!(rfc(1 << 31, 8, 1), "a label must take at most 1073741824 bytes of memory, not 2199023255552");
    let argon = |memory_kib, passes, lanes| refused(LabelCost::Argon2id { memory_kib, passes, lanes });
    assert_eq!(argon(8, 0, 1), "passes and lanes of argon2id must be 1 or more, not 0 and 1");
    assert_eq!(argon(15, 1, 2), "memory of argon2id must be 8 KiB a lane or more, not 15 KiB for 2 lanes");
    assert!(argon(u32::MAX, 1, 1).starts_with("a label must take at most"));
    assert!(rfc(1 << 31, u32::MAX, u32::MAX).starts_with("p x 128 x r"));
}

#[test]
fn memory_and_work_of_spacemeshs_labels_are_what_the_figures_say() {
    let cost = LabelCost::SPACEMESH;
    assert_eq!(cost.permutations(), 32_768);
    assert!(cost.memory_bytes() >= 8 << 20 && cost.memory_bytes() < (8 << 20) + (16 << 10));
}
