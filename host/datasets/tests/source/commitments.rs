//! What a subnet's commitments say, and what is never told of them.

use plimsoll_chain::{CommitmentField, NeuronRecord, RevealedCommitment, StoredCommitment};
use plimsoll_core::{BlockNumber, Hotkey, NotMine, StakeRao, Uid};
use plimsoll_datasets::source::{Committed, Form, Outcome, Redacted};
use proptest::prelude::*;

use crate::real::{commitments, decoy, flock};

fn hotkey(uid: u16) -> Hotkey {
    Hotkey([uid as u8; 32])
}

fn neuron(uid: u16) -> NeuronRecord {
    NeuronRecord {
        uid: Uid(uid),
        hotkey: hotkey(uid),
        coldkey: Hotkey([0xcc; 32]),
        stake_rao: StakeRao(0),
        validator_permit: false,
        axon: None,
        last_update: BlockNumber(0),
        incentive: None,
    }
}

fn stored(uid: u16, fields: Vec<CommitmentField>) -> Committed {
    let stored = StoredCommitment { deposit_rao: 0, block: BlockNumber(100 + u64::from(uid)), fields };
    Committed::stored(hotkey(uid), &stored)
}

fn raw(uid: u16, text: &str) -> Committed {
    stored(uid, vec![CommitmentField::Raw(text.as_bytes().to_vec())])
}

#[test]
fn all_commitments_of_a_real_subnet_are_read() {
    let all: Vec<_> = commitments("m").iter().zip(0u16..).map(|(text, uid)| raw(uid, text)).collect();
    let neurons: Vec<_> = (0..256).map(neuron).collect();
    let survey = flock().survey(&neurons, &all).unwrap();
    assert_eq!((survey.found.len(), survey.datasets().count(), survey.left_behind), (256, 252, 0));
    assert!(survey.datasets().all(|(_, place)| place.pinned && place.competition == "1"));
    assert_eq!(survey.found[7].block, Some(BlockNumber(107)));
    assert_eq!((survey.found[255].block, survey.found[255].outcome.is_committed()), (None, false));
}

#[test]
fn every_form_of_a_commitment_has_its_outcome() {
    let real = &commitments("m")[0];
    let [first, second] = [0, 1].map(|at| CommitmentField::Raw(commitments("m")[at].as_bytes().to_vec()));
    let forms = [
        raw(0, real),
        stored(1, vec![CommitmentField::BigRaw(real.as_bytes().to_vec())]),
        stored(2, vec![first, second]),
        stored(3, vec![]),
        stored(4, vec![CommitmentField::None]),
        raw(5, ""),
        stored(6, vec![CommitmentField::Timelocked { sealed: vec![1; 9], round: 77 }]),
        stored(7, vec![CommitmentField::Sha256([7; 32])]),
        stored(8, vec![CommitmentField::Unknown { tag: 200, rest: real.as_bytes().to_vec() }]),
        stored(9, vec![CommitmentField::ResetBondsFlag]),
        Committed::revealed(&RevealedCommitment {
            hotkey: hotkey(10),
            block: BlockNumber(5),
            bytes: real.as_bytes().to_vec(),
        }),
        raw(11, "a/../b:1:main"),
    ];
    let all: Vec<&Committed> = forms.iter().collect();
    let told: Vec<String> = flock().decode(&all).unwrap().iter().map(ToString::to_string).collect();
    let dataset = format!("{} at {}", real.split(':').next().unwrap(), real.split(':').nth(2).unwrap());
    for at in [0, 1, 2, 10] {
        assert_eq!(told[at], dataset);
    }
    for at in [3, 4, 5] {
        assert_eq!(told[at], "nothing is committed");
    }
    assert_eq!(told[6], "encrypted until drand's round 77");
    for at in [7, 8, 9] {
        assert_eq!(told[at], "of another form");
    }
    let raw = Redacted::of(b"a/../b:1:main");
    assert_eq!(
        told[11],
        format!("malformed: the first part is no repository `owner/name` of the hub ({raw})")
    );
    let revealed = &flock().decode(&[&forms[10]]).unwrap()[0];
    assert!(matches!(revealed, Outcome::Dataset { revealed: true, .. }));
}

#[test]
fn who_left_the_subnet_has_no_dataset_in_it_and_a_uid_is_not_its_last_owners() {
    let [gone, new] = [raw(200, &commitments("m")[0]), raw(1, &commitments("m")[1])];
    let neurons = [NeuronRecord { uid: Uid(200), ..neuron(1) }, neuron(2)];
    let survey = flock().survey(&neurons, &[gone, new]).unwrap();
    assert_eq!(survey.left_behind, 1);
    let (found, place) = survey.datasets().next().unwrap();
    assert_eq!((found.uid, found.hotkey), (Uid(200), hotkey(1)));
    assert!(place.namespace.ends_with("set-1"));
}

#[test]
fn of_a_sealed_commitment_and_a_revealed_one_the_one_that_can_be_read_counts() {
    let real = commitments("m");
    let sealed = stored(1, vec![CommitmentField::Timelocked { sealed: vec![1; 9], round: 77 }]);
    let revealed = |block, text: &str| {
        let bytes = text.as_bytes().to_vec();
        Committed::revealed(&RevealedCommitment { hotkey: hotkey(1), block: BlockNumber(block), bytes })
    };
    let all = [revealed(7, &real[1]), sealed, revealed(6, &real[0]), revealed(8, "no dataset")];
    let survey = flock().survey(&[neuron(1)], &all).unwrap();
    assert_eq!(survey.found[0].block, Some(BlockNumber(7)));
    assert!(survey.found[0].outcome.place().unwrap().namespace.ends_with("set-1"));
}

/// Whatever is said of a commitment in any way.
fn all_said(committed: &Committed) -> String {
    let outcome = flock().decode(&[committed]).unwrap().remove(0);
    format!("{outcome} {outcome:?} {committed:?}")
}

#[test]
fn what_is_not_decoded_is_told_by_length_and_digest_alone() {
    for form in ["five parts", "dashes", "credentials", "json", "cid"] {
        let text = decoy(form, 3);
        let committed = raw(1, &text);
        let outcome = flock().decode(&[&committed]).unwrap().remove(0);
        assert_eq!(
            outcome,
            Outcome::NotMine { why: NotMine::Foreign, raw: Some(Redacted::of(text.as_bytes())) }
        );
        assert!(outcome.to_string().starts_with(&format!("of another form ({} bytes, blake3 ", text.len())));
    }
    let secret = "AKIAIOSFODNN7EXAMPLEwJalrXUtnFEMI";
    let said = all_said(&raw(1, &format!("{secret}:{secret}:{secret}")));
    assert!(said.contains("malformed") && !said.contains("AKIA") && !said.contains("wJal"), "{said}");
}

#[test]
fn a_secret_that_fits_the_grammar_is_not_told() {
    for (secret, is_dataset) in [
        ("hf_QwErTyUiOpAsDfGhJkLzXcVbNm123456", false),
        ("AKIAIOSFODNN7EXAMPLE", false),
        ("Tr0ub4dor&3", true),
    ] {
        let committed = raw(1, &format!("owner/name:1:{secret}"));
        let outcome = flock().decode(&[&committed]).unwrap().remove(0);
        assert_eq!(outcome.place().is_some(), is_dataset);
        let said = all_said(&committed);
        assert!(!said.contains(&secret[..8]), "{said}");
        let about = Redacted::of(secret.as_bytes()).to_string();
        assert_eq!(
            said.contains(&format!("owner/name at a branch or tag ({about}), unpinned")),
            is_dataset,
            "{said}"
        );
    }
    let said = all_said(&raw(1, "owner/name:sk-live_51HG8vDKj2nE4pQxYz:main"));
    assert!(said.contains("the second part looks like a key") && !said.contains("51HG8vDK"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_commitment_stops_the_others_and_no_secret_is_said(secret in "[A-Za-z0-9+/]{20,60}", around in "[:/ .-]{0,3}") {
        let text = format!("{around}{secret}{around}");
        let [bad, good] = [raw(1, &text), raw(2, &commitments("m")[9])];
        let outcomes = flock().decode(&[&bad, &good, &bad]).unwrap();
        prop_assert!(outcomes[1].place().is_some());
        prop_assert_eq!(&outcomes[0], &outcomes[2]);
        if outcomes[0].place().is_none() {
            let said = all_said(&bad);
            prop_assert!(!secret.as_bytes().windows(8).any(|part| said.contains(std::str::from_utf8(part).unwrap())), "{}", said);
            prop_assert!(matches!(&bad.form, Form::Plain(_)));
        }
    }
}
