//! The ledger itself: envelopes, determinism, the rules that differ by genesis, and its file.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

mod support;

use std::fs;

use plimsoll_chain::subnet::RegistrationRules;
use plimsoll_chain::{
    Call, Chain, ChainError, Extrinsic, Fault, Ledger, LedgerGenesis, LocalAdmin, MAX_BLOCKS_AT_ONCE,
    MAX_EPOCHS_AT_ONCE, Refusal, SubnetGenesis, SubnetRules,
};
use plimsoll_core::{BlockNumber, Digest, NetUid, StakeRao, Uid};
use proptest::prelude::*;
use support::{NETUID, genesis, key, sudo};

fn commit(text: &str) -> Call {
    Call::Commit { netuid: NETUID, bytes: text.into() }
}

fn refusal<T: std::fmt::Debug>(done: Result<T, ChainError>) -> Refusal {
    done.unwrap_err().refusal().cloned().unwrap()
}

fn ledger() -> Ledger {
    Ledger::new(genesis()).unwrap()
}

/// Everything about a ledger that a user can see.
async fn face(ledger: &Ledger) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        ledger.head().await.unwrap(),
        ledger.snapshot(NETUID).await.unwrap(),
        ledger.commitments(NETUID).await.unwrap(),
        ledger.weights(NETUID).await.unwrap(),
        ledger.figures(NETUID).unwrap()
    )
}

#[test]
fn a_replay_is_refused_and_so_is_a_nonce_out_of_turn() {
    let ledger = ledger();
    let first = Extrinsic::sign(&key(1), 0, ledger.genesis(), commit("a"));
    ledger.submit(&first).unwrap();
    let signer = key(1).hotkey();
    let replay = refusal(ledger.submit(&first));
    assert_eq!(replay, Refusal::StaleNonce { signer, expected: 1, found: 0 });
    assert_eq!(
        replay.to_string(),
        format!("{signer}'s next nonce is 1, this has 0: it is a replay or came out of turn")
    );
    let early = Extrinsic::sign(&key(1), 7, ledger.genesis(), commit("b"));
    assert_eq!(refusal(ledger.submit(&early)), Refusal::StaleNonce { signer, expected: 1, found: 7 });
}

#[test]
fn an_extrinsic_for_another_ledger_is_refused() {
    let ledger = ledger();
    let foreign = Extrinsic::sign(&key(1), 0, Digest([8; 32]), commit("a"));
    let refused = refusal(ledger.submit(&foreign)).to_string();
    assert!(refused.starts_with(&format!("it was signed for the chain that began with {}", Digest([8; 32]))));
    assert!(refused.ends_with("restart with the right endpoint"), "{refused}");
}

#[test]
fn a_forged_extrinsic_is_refused_and_changes_nothing() {
    let ledger = ledger();
    let mut forged = Extrinsic::sign(&key(1), 0, ledger.genesis(), commit("a"));
    forged.signer = key(2).hotkey();
    let signer = forged.signer;
    assert_eq!(refusal(ledger.submit(&forged)), Refusal::BadSignature { signer });
    assert_eq!(
        refusal(ledger.submit(&forged)).to_string(),
        format!("the signature is not {signer}'s over this call")
    );
    assert_eq!((ledger.nonce(&key(1).hotkey()), ledger.nonce(&signer)), (0, 0));
}

#[test]
fn a_refused_call_uses_up_its_nonce_unless_it_came_from_a_stranger() {
    let ledger = ledger();
    let refused = |byte: u8, call: Call| {
        let (key, genesis) = (key(byte), ledger.genesis());
        let extrinsic = Extrinsic::sign(&key, ledger.nonce(&key.hotkey()), genesis, call);
        refusal(ledger.submit(&extrinsic));
        ledger.nonce(&key.hotkey())
    };
    assert_eq!(refused(1, Call::Advance { blocks: 1 }), 1, "nobody can try it again later");
    assert_eq!(refused(50, commit("x")), 0, "nothing is remembered of strangers");
}

#[tokio::test]
async fn min_stake_min_weights_and_the_largest_weight_are_kept_in_bittensors_order() {
    let mut genesis = genesis();
    let rules = &mut genesis.subnets[0].rules;
    (rules.weights_min_stake_rao, rules.min_weights, rules.max_weight) = (StakeRao(6000), 3, 32768);
    let ledger = Ledger::new(genesis).unwrap();
    let set = async |weights: &[(u16, u16)]| {
        let weights: Vec<_> = weights.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect();
        ledger.set_weights(&key(0), NETUID, &weights).await
    };
    assert_eq!(
        refusal(set(&[(1, 1), (1, 1)]).await).to_string(),
        "setting weights takes a stake of 6000 rao, this neuron has 5000"
    );
    ledger.set_stake(&sudo(), NETUID, key(0).hotkey(), StakeRao(6000), false).await.unwrap();
    assert_eq!(refusal(set(&[(1, 1), (1, 1)]).await), Refusal::NoPermit { uid: Uid(0) });
    ledger.set_stake(&sudo(), NETUID, key(0).hotkey(), StakeRao(6000), true).await.unwrap();
    assert_eq!(refusal(set(&[(9, 1), (9, 1)]).await), Refusal::DuplicateUid { uid: Uid(9) });
    assert_eq!(refusal(set(&[(9, 1)]).await), Refusal::NoSuchUid { uid: Uid(9), neurons: 4 });
    assert_eq!(refusal(set(&[(1, 1), (2, 1)]).await), Refusal::TooFewWeights { found: 2, least: 3 });
    assert_eq!(
        refusal(set(&[(1, 3), (2, 1), (3, 1)]).await).to_string(),
        "uid 1 gets more than 32768 of 65535 of all weight"
    );
    set(&[(0, 1), (1, 2), (2, 1)]).await.unwrap();
    ledger.advance(100);
    set(&[(0, 1)]).await.unwrap();
}

#[tokio::test]
async fn one_hotkey_has_a_place_and_nonces_of_its_own_on_every_subnet() {
    let mut genesis = genesis();
    let mut second = genesis.subnets[0].clone();
    (second.netuid, second.neurons) = (NetUid(8), Vec::new());
    genesis.subnets.push(second);
    let ledger = Ledger::new(genesis).unwrap();
    assert_eq!(ledger.register(&key(3), NetUid(8), key(3).hotkey()).await.unwrap(), Uid(0));
    ledger.commit(&key(3), NetUid(8), b"there").await.unwrap();
    assert_eq!(ledger.commitments(NETUID).await.unwrap(), []);
    assert_eq!(ledger.commitments(NetUid(8)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_signed_of_an_axon_is_not_kept() {
    let ledger = ledger();
    let scoped = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 8091, 5, 3);
    ledger.serve_axon(&key(1), NETUID, scoped.into()).await.unwrap();
    let axon = ledger.snapshot(NETUID).await.unwrap().at(Uid(1)).unwrap().axon;
    assert_eq!(axon, Some("[fe80::1]:8091".parse().unwrap()));
}

#[derive(Debug, Clone)]
enum Step {
    Pass(u32),
    Do(u8, Call),
}

fn any_step() -> impl Strategy<Value = Step> {
    let weight = (0u16..6, any::<u16>()).prop_map(|(uid, weight)| (Uid(uid), weight));
    let call = prop_oneof![
        "[a-z]{0,4}".prop_map(|text| commit(&text)),
        (1u16..9).prop_map(|port| Call::ServeAxon { netuid: NETUID, at: ([127, 0, 0, 1], port).into() }),
        proptest::collection::vec(weight, 0..5)
            .prop_map(|weights| Call::SetWeights { netuid: NETUID, weights }),
        any::<u8>().prop_map(|byte| Call::Register { netuid: NETUID, coldkey: key(byte).hotkey() }),
        // Not by sudo: refused, and then a nonce is gone.
        Just(Call::Advance { blocks: 1 }),
    ];
    prop_oneof![(0u32..30).prop_map(Step::Pass), (0u8..8, call).prop_map(|(who, call)| Step::Do(who, call))]
}

async fn play(ledger: &Ledger, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Pass(blocks) => drop(ledger.advance(*blocks)),
            Step::Do(who, call) => {
                let key = key(*who);
                let extrinsic =
                    Extrinsic::sign(&key, ledger.nonce(&key.hotkey()), ledger.genesis(), call.clone());
                // Some of these are refused, the same ones on every ledger.
                let _ = ledger.submit(&extrinsic);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_calls_give_the_same_ledger_also_through_its_file(
        steps in proptest::collection::vec(any_step(), 0..12), cut in 0usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.json");
            let (before, after) = steps.split_at(cut.min(steps.len()));
            let straight = ledger();
            play(&straight, &steps).await;

            let kept = Ledger::kept_in(&path, genesis()).unwrap();
            play(&kept, before).await;
            kept.save().unwrap();
            drop(kept);
            let kept = Ledger::kept_in(&path, genesis()).unwrap();
            play(&kept, after).await;
            prop_assert_eq!(face(&straight).await, face(&kept).await);
            for byte in 0..8 {
                prop_assert_eq!(straight.nonce(&key(byte).hotkey()), kept.nonce(&key(byte).hotkey()));
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn an_accepted_call_is_on_disk_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    let ledger = Ledger::kept_in(&path, genesis()).unwrap();
    ledger.commit(&key(1), NETUID, b"kept").await.unwrap();
    // A copy of the file is what a crash would leave.
    let copy = folder.path().join("copy.json");
    fs::copy(&path, &copy).unwrap();
    let after_crash = Ledger::kept_in(&copy, genesis()).unwrap();
    assert_eq!(after_crash.commitments(NETUID).await.unwrap()[0].bytes, b"kept");
    assert_eq!(after_crash.nonce(&key(1).hotkey()), 1);
}

#[tokio::test]
async fn a_call_that_cannot_be_kept_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let ledger = Ledger::kept_in(&inside.join("ledger.json"), genesis()).unwrap();
    fs::remove_dir_all(&inside).unwrap();
    let error = ledger.commit(&key(1), NETUID, b"lost").await.unwrap_err();
    assert_eq!(error.fault(), Fault::Disk);
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert_eq!(ledger.commitments(NETUID).await.unwrap(), []);
    assert_eq!(ledger.nonce(&key(1).hotkey()), 0);
}

#[test]
fn a_ledgers_file_belongs_to_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    let first = Ledger::kept_in(&path, genesis()).unwrap();
    let Err(error) = Ledger::kept_in(&path, genesis()) else { panic!("two ledgers on one file") };
    let said =
        format!("{}: another process keeps its ledger here; stop it or choose another file", path.display());
    assert_eq!(error.to_string(), said);
    drop(first);
    assert!(Ledger::kept_in(&path, genesis()).is_ok());
}

#[test]
fn a_ledger_goes_on_at_another_pace_but_not_under_other_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    Ledger::kept_in(&path, genesis()).unwrap().advance(0);
    let quicker = LedgerGenesis { block_ms: 5, ..genesis() };
    assert_eq!(Ledger::kept_in(&path, quicker).unwrap().block_ms(), 5);
    let other = LedgerGenesis { seed: Digest([1; 32]), ..genesis() };
    let Err(error) = Ledger::kept_in(&path, other) else { panic!("another seed is another ledger") };
    let said = error.to_string();
    assert!(said.contains("started with other settings: start it with the same seed"), "{said}");
}

#[test]
fn a_damaged_file_is_refused_at_every_cut_and_at_a_changed_digit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    let ledger = Ledger::kept_in(&path, genesis()).unwrap();
    ledger.submit(&Extrinsic::sign(&sudo(), 0, ledger.genesis(), Call::Advance { blocks: 41 })).unwrap();
    drop(ledger);
    let whole = fs::read_to_string(&path).unwrap();
    let problem = |text: &str| {
        fs::write(&path, text).unwrap();
        let Err(error) = Ledger::kept_in(&path, genesis()) else { panic!("this is damaged: {text}") };
        assert_eq!(error.fault(), Fault::Disk);
        error.to_string()
    };
    for cut in (0..whole.len()).step_by(37) {
        assert!(problem(&whole[..cut]).contains("this is no whole ledger file"), "cut at {cut}");
    }
    let changed = problem(&whole.replace("\"block\":41", "\"block\":42"));
    assert!(changed.contains("its state has the BLAKE3 "), "{changed}");
    let hint =
        "restore it from a copy, go on with the version that wrote it, or remove it to begin a new ledger";
    assert!(changed.ends_with(hint), "{changed}");
    let format = problem(&whole.replace("plimsoll-ledger/1", "plimsoll-ledger/9"));
    assert!(format.contains("its format is `plimsoll-ledger/9`, expected `plimsoll-ledger/1`"), "{format}");
    fs::write(&path, &whole).unwrap();
    let again = Ledger::kept_in(&path, genesis()).unwrap();
    assert_eq!(again.advance(1).block, BlockNumber(42));
}

#[test]
fn a_file_from_before_there_were_epochs_goes_on_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    let old = include_str!("vectors/ledger-before-epochs.json");
    fs::write(&path, old).unwrap();
    let genesis = || LedgerGenesis::development(NetUid(1));
    let ledger = Ledger::kept_in(&path, genesis()).unwrap();
    let figures = ledger.figures(NetUid(1)).unwrap();
    assert_eq!((figures.neurons.len(), figures.epoch_block), (2, None));
    // It was left at block 9, and its tempo is 30.
    ledger.advance(21);
    let figures = ledger.figures(NetUid(1)).unwrap();
    assert_eq!(figures.epoch_block, Some(BlockNumber(30)));
    assert!(figures.neurons[0].earned.validator_rao > 0, "it has the stake");
    ledger.save().unwrap();
    drop(ledger);
    let again = Ledger::kept_in(&path, genesis()).unwrap();
    assert_eq!(again.figures(NetUid(1)).unwrap(), figures);
    drop(again);

    fs::write(&path, old.replace("\"block\":9", "\"block\":8")).unwrap();
    let Err(error) = Ledger::kept_in(&path, genesis()) else { panic!("this was changed") };
    assert!(error.to_string().contains("its state has the BLAKE3 "), "{error}");
}

#[test]
fn a_file_of_which_a_field_is_not_known_is_refused_by_its_name_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    drop(Ledger::kept_in(&path, genesis()).unwrap());
    let whole = fs::read_to_string(&path).unwrap();
    let (head, state) = whole.split_once("\"state\":").unwrap();
    let state = state.strip_suffix('}').unwrap();
    let digest = |state: &str| Digest::of(state.as_bytes()).to_string();
    assert!(head.contains(&digest(state)));
    for before in [
        "\"sudo\":",
        "\"netuid\":",
        "\"tempo_blocks\":",
        "\"kappa\":",
        "\"owner_cut\":",
        "\"half_life_blocks\":",
        "\"liquid\":",
        "\"hotkey\":",
        "\"nonces\":",
        "\"books\":",
        "\"pots\":",
    ] {
        let newer = state.replacen(before, &format!("\"stranger\":1,{before}"), 1);
        assert_ne!(newer, state, "{before}");
        let text = format!("{}\"state\":{newer}}}", head.replace(&digest(state), &digest(&newer)));
        fs::write(&path, &text).unwrap();
        let Err(error) = Ledger::kept_in(&path, genesis()) else { panic!("{before}: its field is lost") };
        let said = error.to_string();
        assert!(said.contains("this is no whole ledger file: unknown field `stranger`"), "{before}: {said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::write(&path, &whole).unwrap();
    assert!(Ledger::kept_in(&path, genesis()).is_ok());
}

#[test]
fn one_call_makes_no_more_blocks_than_there_may_be_and_no_more_epochs() {
    let most = |tempos: &[u64]| {
        let mut genesis = genesis();
        let first = genesis.subnets.remove(0);
        genesis.subnets = (0..)
            .map(NetUid)
            .zip(tempos)
            .map(|(netuid, &tempo_blocks)| {
                let rules = SubnetRules { tempo_blocks, ..first.rules };
                SubnetGenesis { netuid, rules, neurons: Vec::new() }
            })
            .collect();
        let ledger = Ledger::new(genesis).unwrap();
        let call = Call::Advance { blocks: u32::MAX };
        match refusal(ledger.submit(&Extrinsic::sign(&sudo(), 0, ledger.genesis(), call))) {
            Refusal::TooManyBlocks { most, .. } => most,
            other => panic!("{other}"),
        }
    };
    assert_eq!((most(&[360]), most(&[])), (MAX_BLOCKS_AT_ONCE, MAX_BLOCKS_AT_ONCE));
    assert_eq!((most(&[1]), most(&[30, 50])), (MAX_EPOCHS_AT_ONCE, 15_000));
    assert_eq!(most(&[u64::MAX]), MAX_BLOCKS_AT_ONCE);
}

#[tokio::test]
async fn coldkeys_pay_for_places_out_of_what_the_genesis_gives_them() {
    let mut genesis = genesis();
    let (rich, poor) = (key(200).hotkey(), key(201).hotkey());
    genesis.balances = [(rich, StakeRao(2_500_000_000)), (poor, StakeRao(1))].into();
    genesis.subnets[0].rules.registration =
        RegistrationRules { max_registrations_per_block: 3, ..RegistrationRules::bittensor() };
    let ledger = Ledger::new(genesis).unwrap();
    let refused = refusal(ledger.register(&key(10), NETUID, poor).await);
    assert_eq!(refused, Refusal::CannotPay { coldkey: poor, cost_rao: 1_000_000_000, balance_rao: 1 });
    ledger.register(&key(10), NETUID, rich).await.unwrap();
    assert_eq!(ledger.balance(&rich), StakeRao(1_500_000_000));
    ledger.register(&key(11), NETUID, rich).await.unwrap();
    assert_eq!((ledger.balance(&rich), ledger.balance(&poor)), (StakeRao(240_000_000), StakeRao(1)));
    let stranger = key(202).hotkey();
    let refused = refusal(ledger.register(&key(12), NETUID, stranger).await);
    assert!(matches!(refused, Refusal::CannotPay { balance_rao: 0, .. }), "{refused}");
}
