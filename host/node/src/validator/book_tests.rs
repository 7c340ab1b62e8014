use plimsoll_core::{Identity, NetUid};
use proptest::prelude::*;

use super::*;
use crate::validator::Outcome;

fn key(n: u8) -> Hotkey {
    Hotkey([n; 32])
}

fn entrant(uid: u16, registration: u8) -> Entrant {
    let owner = key(uid as u8);
    let identity = Identity { netuid: NetUid(7), owner, validator: key(200) };
    let statement = Statement { identity, unit_bytes: 1 << 20, units: 100, commitment: None };
    Entrant {
        member: Member { uid: Uid(uid), hotkey: owner, coldkey: key(100) },
        claim: Claim { registration: Digest([registration; 32]), statement },
    }
}

fn tally(outcomes: &[Outcome]) -> Tally {
    let mut tally = Tally::default();
    for &outcome in outcomes {
        tally.add(outcome, Some(10));
    }
    tally
}

fn tallies(of: &[(u16, &[Outcome])]) -> BTreeMap<Uid, Tally> {
    of.iter().map(|(uid, outcomes)| (Uid(*uid), tally(outcomes))).collect()
}

use Outcome::{Absent, Failed, Late, NoVerdict, Passed};

#[test]
fn proven_bytes_are_the_claim_times_the_share_passed() {
    let book = Book::default();
    let standings =
        book.standings(&[entrant(1, 1)], &tallies(&[(1, &[Passed, Failed, Late, Absent, NoVerdict])]));
    let got = &standings[0];
    assert_eq!((got.issued, got.passed, got.failed, got.late, got.absent), (4, 1, 1, 1, 1));
    assert_eq!(got.proven_bytes, 25 << 20);
}

#[test]
fn a_round_without_verdict_leaves_a_miner_exactly_where_it_stood() {
    let mut book = Book::default();
    let entrants = [entrant(1, 1)];
    let counted = tallies(&[(1, &[Passed, Passed, Failed, NoVerdict])]);
    let before = book.standings(&entrants, &counted);
    book.close(Epoch(0), &entrants, &counted, vec![]);
    let undecided = tallies(&[(1, &[NoVerdict, NoVerdict])]);
    assert_eq!(book.standings(&entrants, &undecided), before);
    book.close(Epoch(1), &entrants, &undecided, vec![]);
    let history = book.history(&key(1)).unwrap();
    assert_eq!((history.issued, history.last_epoch), (3, Some(Epoch(0))));
}

#[test]
fn a_miner_that_nobody_asked_has_no_counts_and_keeps_what_it_proved() {
    let mut book = Book::default();
    let entrants = [entrant(1, 1)];
    assert_eq!(book.standings(&entrants, &BTreeMap::new())[0].proven_bytes, 0);
    book.close(Epoch(0), &entrants, &tallies(&[(1, &[Passed, Failed])]), vec![]);
    let unasked = &book.standings(&entrants, &BTreeMap::new())[0];
    assert_eq!((unasked.issued, unasked.passed, unasked.proven_bytes), (0, 0, 50 << 20));
}

#[test]
fn a_changed_registration_resets_the_history() {
    let mut book = Book::default();
    book.close(Epoch(0), &[entrant(1, 1)], &tallies(&[(1, &[Passed])]), vec![]);
    assert_eq!(book.candidates(&[entrant(1, 1)])[0].passed, 1);
    assert_eq!(book.candidates(&[entrant(1, 2)])[0].passed, 0);
    assert_eq!(book.standings(&[entrant(1, 2)], &BTreeMap::new())[0].proven_bytes, 0);
    book.close(Epoch(1), &[entrant(1, 2)], &BTreeMap::new(), vec![]);
    assert_eq!(book.history(&key(1)).unwrap().issued, 0);
}

#[test]
fn a_uid_that_another_hotkey_took_over_inherits_nothing() {
    let mut book = Book::default();
    book.close(Epoch(0), &[entrant(1, 1)], &tallies(&[(1, &[Passed])]), vec![]);
    let mut heir = entrant(2, 9);
    heir.member.uid = Uid(1);
    assert_eq!(book.candidates(&[heir])[0].issued, 0);
    assert_eq!(book.standings(&[heir], &BTreeMap::new())[0].proven_bytes, 0);
}

#[test]
fn a_void_round_uses_up_its_epoch_and_nothing_else() {
    let mut book = Book::default();
    book.close(Epoch(4), &[entrant(1, 1)], &tallies(&[(1, &[Passed])]), vec![1]);
    let before = book.clone();
    book.open(Epoch(5));
    assert_eq!(book.next_epoch(), Epoch(6));
    assert_eq!(book.memory(), before.memory());
    assert_eq!(book.history(&key(1)), before.history(&key(1)));
}

proptest! {
    #[test]
    fn nobody_proves_more_than_it_claims(bytes: u64, issued in 1u32.., passed: u32) {
        let passed = passed.min(issued);
        let part = part_of(bytes, passed, issued);
        prop_assert!(part <= bytes);
        prop_assert!(u128::from(part) * u128::from(issued) <= u128::from(bytes) * u128::from(passed));
        prop_assert_eq!(part_of(bytes, issued, issued), bytes);
    }
}
