//! Which weights are set.

use plimsoll_chain::NeuronRecord;
use plimsoll_core::{Digest, Hotkey, NetUid, StakeRao};

use super::*;

fn snapshot(neurons: &[(u16, u8)]) -> Snapshot {
    let neuron = |&(uid, key): &(u16, u8)| NeuronRecord {
        uid: Uid(uid),
        hotkey: Hotkey([key; 32]),
        coldkey: Hotkey([0; 32]),
        stake_rao: StakeRao(0),
        validator_permit: false,
        axon: None,
        last_update: BlockNumber(0),
        incentive: None,
    };
    Snapshot {
        netuid: NetUid(1),
        block: BlockNumber(1000),
        beacon: Digest([0; 32]),
        tempo_blocks: 100,
        weights_rate_limit_blocks: 20,
        block_ms: 0,
        neurons: neurons.iter().map(neuron).collect(),
        name: String::new(),
        commit_reveal: None,
    }
}

#[test]
fn a_uid_that_another_hotkey_took_over_gets_nothing_and_one_that_is_gone_is_left_out() {
    let last = LastRound {
        block: BlockNumber(8),
        weights: vec![(Uid(1), 10), (Uid(2), 20), (Uid(3), 30)],
        hotkeys: (1..=3).map(|uid| (Uid(uid), Hotkey([uid as u8; 32]))).collect(),
    };
    assert_eq!(due_now(&last, &snapshot(&[(1, 1), (2, 22)])), [(Uid(1), 10), (Uid(2), 0)]);
}

#[test]
fn the_lowest_other_uids_get_nothing_until_there_are_enough() {
    let (all, due) = (snapshot(&[(0, 0), (1, 1), (2, 2), (3, 3)]), [(Uid(2), 9), (Uid(0), 8)]);
    let with = |least| padded(&due, &all, least);
    assert_eq!(with(2), due);
    assert_eq!(with(3), [(Uid(2), 9), (Uid(0), 8), (Uid(1), 0)]);
    assert_eq!(with(4), [(Uid(2), 9), (Uid(0), 8), (Uid(1), 0), (Uid(3), 0)]);
    assert_eq!(with(99), with(4));
}

#[test]
fn weights_are_too_old_a_tempo_after_the_next_round_was_due() {
    let check = |round, period_blocks| Age { period_blocks }.check(BlockNumber(round), &snapshot(&[]));
    assert!(check(780, None).is_ok() && check(580, Some(300)).is_ok());
    assert_eq!(
        check(779, None).unwrap_err().to_string(),
        "the weights of the round at block 779 are 221 blocks old, and after 220 they are not set any more: the next \
         round's will be"
    );
    assert!(matches!(check(579, Some(300)), Err(NodeError::WeightsTooOld { most_blocks: 420, .. })));
}

#[test]
fn what_lasts_is_not_tried_again_with_the_same_weights() {
    let chain = |error| is_lasting(&NodeError::Chain(error));
    assert!(chain(ChainError::Timelock { why: String::new() }));
    assert!(!chain(ChainError::NoAnswer { endpoint: String::new(), asked: "x", why: String::new() }));
    assert!(!chain(ChainError::RevealJournal { path: "x".into(), why: String::new() }));
    assert!(is_lasting(&NodeError::WeightsRefused { refusal: Refusal::CommitmentSpace }));
}
