use proptest::prelude::*;

use super::*;

fn read(value: &str) -> Result<StoredCommitment, Garbled> {
    commitment_of(&hex::decode(value).unwrap())
}

/// Deposit 0 and block 1000 before `fields`.
fn fields(fields: &str) -> Vec<CommitmentField> {
    let stored = read(&format!("0000000000000000e8030000{fields}")).unwrap();
    assert_eq!((stored.deposit_rao, stored.block), (0, BlockNumber(1000)));
    stored.fields
}

#[test]
fn a_commitment_that_a_runtime_stored_reads_back() {
    let stored = read("00000000000000001100000004166e616d6573706163653a7265706f3a636f6d6d6974").unwrap();
    assert_eq!(stored.block, BlockNumber(17));
    assert_eq!(stored.fields, [CommitmentField::Raw(b"namespace:repo:commit".to_vec())]);
    assert_eq!(stored.bytes().unwrap(), b"namespace:repo:commit");
}

#[test]
fn every_form_of_a_field_reads() {
    use CommitmentField as F;
    let digest = |byte: u8| format!("04{:02x}{}", 0x82 + byte, hex::encode([0x22 + 0x11 * byte; 32]));
    assert_eq!(fields("0400"), [F::None]);
    assert_eq!(fields("0401"), [F::Raw(vec![])]);
    assert_eq!(fields("040668656c6c6f"), [F::Raw(b"hello".to_vec())]);
    assert_eq!(fields(&digest(0)), [F::BlakeTwo256([0x22; 32])]);
    assert_eq!(fields(&digest(1)), [F::Sha256([0x33; 32])]);
    assert_eq!(fields(&digest(2)), [F::Keccak256([0x44; 32])]);
    assert_eq!(fields(&digest(3)), [F::ShaThree256([0x55; 32])]);
    let sealed = F::Timelocked { sealed: vec![1, 2, 3], round: 12_345_678 };
    assert_eq!(fields("04860c0102034e61bc0000000000"), [sealed]);
    assert_eq!(fields("0487"), [F::ResetBondsFlag]);
    assert_eq!(fields("04880c616263"), [F::BigRaw(b"abc".to_vec())]);
    let raw = |text: &str| F::Raw(text.as_bytes().to_vec());
    assert_eq!(fields("08036162036364"), [raw("ab"), raw("cd")]);
    assert_eq!(fields("0c0261026287"), [raw("a"), raw("b"), F::ResetBondsFlag]);
    let longest = fields(&format!("0481{}", "07".repeat(128)));
    assert_eq!(longest, [F::Raw(vec![7; 128])]);
}

#[test]
fn raw_fields_join_and_a_commitment_without_one_has_no_bytes() {
    let bytes = |text: &str| read(&format!("0000000000000000e8030000{text}")).unwrap().bytes();
    assert_eq!(bytes("08036162036364"), Some(b"abcd".to_vec()));
    assert_eq!(bytes("0401"), Some(vec![]));
    assert_eq!(bytes("0487"), None);
}

#[test]
fn a_form_of_the_future_is_named_and_too_many_fields_are_refused() {
    let unknown = CommitmentField::Unknown { tag: 137, rest: vec![1, 2] };
    assert_eq!(fields("08026189 0102".replace(' ', "").as_str())[1], unknown);
    assert_eq!(fields("0489"), [CommitmentField::Unknown { tag: 137, rest: vec![] }]);
    let error = read("0000000000000000e8030000100261026202630264").unwrap_err();
    assert_eq!(error.to_string(), "a commitment of 4 fields, the most is 3");
}

#[test]
fn what_is_cut_short_or_too_long_says_so() {
    let said = |text: &str| read(text).unwrap_err().to_string();
    assert_eq!(said("00"), "it ends 7 bytes too early");
    assert_eq!(said("0000000000000000e8030000040668656c6c"), "it ends 1 bytes too early");
    assert_eq!(said("0000000000000000e803000004000000"), "2 bytes too many");
    let long = format!("0000000000000000e80300000488{}{}", "0508", "00".repeat(513));
    assert_eq!(said(&long), "a field of 513 bytes, the most is 512");
}

#[test]
fn revealed_commitments_lose_the_length_that_is_kept_with_them() {
    // Two entries: one with its length before it, one without.
    let value = "0810 0c616263 0700000000000000 0c ffffff 0900000000000000".replace(' ', "");
    let revealed = revealed_of(&hex::decode(value).unwrap()).unwrap();
    assert_eq!(revealed, [(b"abc".to_vec(), BlockNumber(7)), (vec![255; 3], BlockNumber(9))]);
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = commitment_of(&bytes);
        let _ = revealed_of(&bytes);
    }

    #[test]
    fn no_field_makes_the_reader_panic(tag: u8, rest in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut value = vec![0; 12];
        value.extend([4, tag]);
        value.extend(rest);
        if let Ok(stored) = commitment_of(&value) {
            prop_assert_eq!(stored.fields.len(), 1);
        }
    }
}
