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

/// A round in which the verifier broke down over uid 1's proof and told of uid 2.
fn broken_for_one() -> BTreeMap<Uid, Tally> {
    let mut round = tallies(&[(1, &[NoVerdict]), (2, &[Passed])]);
    round.get_mut(&Uid(1)).unwrap().broken = 1;
    round
}

#[test]
fn whose_proofs_alone_break_the_verifier_three_rounds_in_a_row_counts_as_absent() {
    let mut book = Book::default();
    let entrants = [entrant(1, 1), entrant(2, 2)];
    book.close(Epoch(0), &entrants, &tallies(&[(1, &[Passed]), (2, &[Passed])]), vec![]);
    let stood = book.standings(&entrants, &broken_for_one());
    assert_eq!((stood[0].passed, stood[0].proven_bytes), (1, 100 << 20), "once may be the plugin's fault");
    for epoch in 1..u64::from(SUSPECT_ROUNDS) {
        assert!(book.suspects(&entrants, &broken_for_one()).is_empty(), "epoch {epoch}");
        assert_eq!(book.standings(&entrants, &broken_for_one()), stood);
        book.close(Epoch(epoch), &entrants, &broken_for_one(), vec![]);
    }
    for epoch in [3, 4] {
        assert_eq!(book.suspects(&entrants, &broken_for_one()), [Uid(1)].into());
        let got = &book.standings(&entrants, &broken_for_one())[0];
        assert_eq!((got.issued, got.passed, got.absent, got.proven_bytes), (1, 0, 1, 0));
        book.close(Epoch(epoch), &entrants, &broken_for_one(), vec![]);
    }
    let history = book.history(&key(1)).unwrap();
    assert_eq!((history.issued, history.passed, history.absent), (3, 1, 2));
    // Unasked it has proven nothing any more; one proof that can be judged makes all well again.
    assert_eq!(book.standings(&entrants, &BTreeMap::new())[0].proven_bytes, 0);
    book.close(Epoch(5), &entrants, &tallies(&[(1, &[Passed]), (2, &[Passed])]), vec![]);
    assert!(book.suspects(&entrants, &broken_for_one()).is_empty());
    assert_eq!(book.standings(&entrants, &broken_for_one())[0].proven_bytes, 100 << 20);
}

#[test]
fn a_verifier_that_tells_of_nobody_makes_nobody_a_suspect() {
    let mut book = Book::default();
    let entrants = [entrant(1, 1), entrant(2, 2)];
    book.close(Epoch(0), &entrants, &tallies(&[(1, &[Passed]), (2, &[Passed])]), vec![]);
    let mut round = tallies(&[(1, &[NoVerdict]), (2, &[Absent])]);
    round.get_mut(&Uid(1)).unwrap().broken = 1;
    for epoch in 1..9 {
        assert!(book.suspects(&entrants, &round).is_empty());
        book.close(Epoch(epoch), &entrants, &round, vec![]);
    }
    assert_eq!(book.standings(&entrants, &round)[0].proven_bytes, 100 << 20);
}

#[test]
fn audits_that_were_never_sent_cost_a_miner_nothing_however_often() {
    let mut book = Book::default();
    let entrants = [entrant(1, 1), entrant(2, 2)];
    book.close(Epoch(0), &entrants, &tallies(&[(1, &[Passed]), (2, &[Passed])]), vec![]);
    let mut unsent = tallies(&[(2, &[Passed])]);
    unsent.entry(Uid(1)).or_default().enter_unsent();
    for epoch in 1..9 {
        let got = &book.standings(&entrants, &unsent)[0];
        assert_eq!((got.issued, got.passed, got.proven_bytes), (1, 1, 100 << 20));
        book.close(Epoch(epoch), &entrants, &unsent, vec![]);
    }
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
