//! One contract, every chain: what holds for the ledger in process holds for it through client and server, and for
//! the Bittensor client with a node before the ledger.

#![allow(clippy::unwrap_used, reason = "a failure here is the test's failure")]

#[path = "support/bittensor.rs"]
mod bittensor;
mod node;
mod support;

use bittensor::OverNode;
use node::TurnDown;
use plimsoll_chain::{Chain, ChainError, Delivered, Fault, LocalAdmin, Refusal, block_hash, genesis_hash};
use plimsoll_core::{BlockNumber, Digest, StakeRao, Uid};
use support::{NETUID, RATE_LIMIT_BLOCKS, Stage, key, sudo};

/// Runs each law on every chain, as tests of their own.
macro_rules! contract {
    ($($law:ident),+ $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $law() {
                super::$law(&*super::Stage::in_process().chain).await;
            })+
        }
        mod through_client_and_server {
            $(#[tokio::test]
            async fn $law() {
                super::$law(&*super::Stage::served().await.chain).await;
            })+
        }
        mod bittensor_over_mock {
            $(#[tokio::test]
            async fn $law() {
                super::$law(&super::OverNode::start(super::TurnDown::InBlock).await).await;
            })+
        }
        mod bittensor_over_mock_that_refuses_early {
            $(#[tokio::test]
            async fn $law() {
                super::$law(&super::OverNode::start(super::TurnDown::InQueue).await).await;
            })+
        }
    };
}

contract! {
    a_snapshot_is_of_one_block_and_tells_the_subnet,
    blocks_follow_from_the_seed_and_are_remembered,
    an_unknown_subnet_is_refused_everywhere,
    an_axon_is_seen_by_all_and_the_last_one_counts,
    an_address_that_nobody_reaches_is_no_axon,
    a_commitment_has_its_block_and_the_last_one_counts,
    a_commitment_has_at_most_128_bytes,
    weights_are_scaled_and_kept_by_validator,
    weights_are_checked_as_bittensor_checks_them,
    weights_are_limited_in_rate,
    a_miner_may_weigh_itself_only,
    strangers_are_refused,
    what_was_set_since_a_block_is_delivered_and_nothing_else_is,
    calls_of_one_key_at_once_all_happen,
    a_newcomer_registers_once,
    on_a_full_subnet_a_newcomer_takes_the_place_of_who_earns_least,
    every_tempo_an_epoch_pays_by_weights_and_gives_permits_by_stake,
    only_sudo_sets_stake_and_makes_blocks,
}

fn refusal<T: std::fmt::Debug>(done: Result<T, ChainError>) -> Refusal {
    let error = done.unwrap_err();
    assert_eq!(error.fault(), Fault::Chain);
    assert!(error.to_string().starts_with("the chain refused: "), "{error}");
    error.refusal().cloned().unwrap()
}

async fn pass(chain: &dyn LocalAdmin, blocks: u64) {
    chain.advance_by(&sudo(), u32::try_from(blocks).unwrap()).await.unwrap();
}

async fn a_snapshot_is_of_one_block_and_tells_the_subnet(chain: &dyn LocalAdmin) {
    pass(chain, 3).await;
    let head = chain.head().await.unwrap();
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    assert_eq!((snapshot.netuid, snapshot.block, snapshot.beacon), (NETUID, head.block, head.hash));
    assert_eq!((snapshot.tempo_blocks, snapshot.weights_rate_limit_blocks), (60, RATE_LIMIT_BLOCKS));
    let uids: Vec<_> = snapshot.neurons.iter().map(|n| n.uid.0).collect();
    assert_eq!(uids, [0, 1, 2, 3]);
    let validator = snapshot.neuron(&key(0).hotkey()).unwrap();
    assert_eq!(
        (validator.uid, validator.stake_rao, validator.validator_permit),
        (Uid(0), StakeRao(5000), true)
    );
    assert_eq!((validator.axon, validator.last_update), (None, BlockNumber(0)));
    assert_eq!(snapshot.at(Uid(3)).unwrap().hotkey, key(3).hotkey());
    assert!(snapshot.at(Uid(4)).is_none() && snapshot.neuron(&key(4).hotkey()).is_none());
    assert!(!chain.endpoint().is_empty());
}

async fn blocks_follow_from_the_seed_and_are_remembered(chain: &dyn LocalAdmin) {
    let seed = Digest([5; 32]);
    let mut hashes = vec![genesis_hash(&seed)];
    for height in 1..=5 {
        hashes.push(block_hash(&seed, BlockNumber(height), hashes.last().unwrap()));
    }
    assert_eq!(chain.head().await.unwrap().hash, hashes[0]);
    pass(chain, 5).await;
    let head = chain.head().await.unwrap();
    assert_eq!((head.block, head.hash), (BlockNumber(5), hashes[5]));
    for (height, hash) in (0..).zip(&hashes) {
        assert_eq!(chain.block_hash(BlockNumber(height)).await.unwrap(), Some(*hash), "{height}");
    }
    assert_eq!(chain.block_hash(BlockNumber(6)).await.unwrap(), None, "still to come");
    pass(chain, 5000).await;
    assert_eq!(chain.block_hash(BlockNumber(1)).await.unwrap(), None, "no longer remembered");
    assert_eq!(chain.block_hash(BlockNumber(0)).await.unwrap(), Some(hashes[0]), "it names the chain");
    assert!(chain.block_hash(BlockNumber(5004)).await.unwrap().is_some());
}

async fn an_unknown_subnet_is_refused_everywhere(chain: &dyn LocalAdmin) {
    let netuid = 8.into();
    let none = Refusal::NoSubnet { netuid };
    let all = chain.subnets().await.unwrap();
    assert_eq!(all.iter().map(|of| (of.netuid, of.neurons)).collect::<Vec<_>>(), [(NETUID, 4)]);
    assert_eq!(refusal(chain.snapshot(netuid).await), none);
    assert_eq!(refusal(chain.commitments(netuid).await), none);
    assert_eq!(refusal(chain.weights(netuid).await), none);
    assert_eq!(refusal(chain.subnet_figures(netuid).await), none);
    assert_eq!(refusal(chain.commit(&key(1), netuid, b"x").await), none);
    assert_eq!(refusal(chain.serve_axon(&key(1), netuid, "127.0.0.2:1".parse().unwrap()).await), none);
    assert_eq!(refusal(chain.set_weights(&key(0), netuid, &[]).await), none);
    assert_eq!(refusal(chain.register(&key(1), netuid, key(1).hotkey()).await), none);
    assert_eq!(none.to_string(), "there is no subnet 8 on this chain");
}

async fn an_axon_is_seen_by_all_and_the_last_one_counts(chain: &dyn LocalAdmin) {
    for at in ["127.0.0.2:8091", "[2001:db8::1]:443", "203.0.113.9:1"] {
        let at = at.parse().unwrap();
        chain.serve_axon(&key(2), NETUID, at).await.unwrap();
        let snapshot = chain.snapshot(NETUID).await.unwrap();
        assert_eq!(snapshot.at(Uid(2)).unwrap().axon, Some(at));
        assert_eq!(snapshot.at(Uid(1)).unwrap().axon, None);
    }
}

async fn an_address_that_nobody_reaches_is_no_axon(chain: &dyn LocalAdmin) {
    for at in ["127.0.0.1:0", "0.0.0.0:8091", "[::]:8091", "255.255.255.255:8091", "224.0.0.1:8091"] {
        let at = at.parse().unwrap();
        let refused = refusal(chain.serve_axon(&key(2), NETUID, at).await);
        assert_eq!(refused, Refusal::AxonAddress { at });
    }
    assert_eq!(chain.snapshot(NETUID).await.unwrap().at(Uid(2)).unwrap().axon, None);
}

async fn a_commitment_has_its_block_and_the_last_one_counts(chain: &dyn LocalAdmin) {
    assert_eq!(chain.commitments(NETUID).await.unwrap(), []);
    pass(chain, 2).await;
    chain.commit(&key(3), NETUID, b"first").await.unwrap();
    chain.commit(&key(1), NETUID, &[0, 255, 7]).await.unwrap();
    pass(chain, 1).await;
    chain.commit(&key(3), NETUID, b"second").await.unwrap();
    let all = chain.commitments(NETUID).await.unwrap();
    let all: Vec<_> = all.iter().map(|c| (c.hotkey, c.block.0, c.bytes.as_slice())).collect();
    assert_eq!(all, [(key(1).hotkey(), 2, &[0, 255, 7][..]), (key(3).hotkey(), 3, b"second")]);
}

async fn a_commitment_has_at_most_128_bytes(chain: &dyn LocalAdmin) {
    chain.commit(&key(1), NETUID, &[1; 128]).await.unwrap();
    let refused = refusal(chain.commit(&key(1), NETUID, &[2; 129]).await);
    assert_eq!(refused.to_string(), "a commitment has at most 128 bytes, this has 129");
    assert_eq!(chain.commitments(NETUID).await.unwrap()[0].bytes, [1; 128]);
}

async fn weights_are_scaled_and_kept_by_validator(chain: &dyn LocalAdmin) {
    pass(chain, 4).await;
    assert_eq!(chain.weights(NETUID).await.unwrap(), []);
    chain.set_weights(&key(0), NETUID, &[(Uid(3), 1), (Uid(1), 2), (Uid(2), 0)]).await.unwrap();
    chain.set_weights(&key(1), NETUID, &[(Uid(1), 9)]).await.unwrap();
    let row = vec![(Uid(1), 65535), (Uid(2), 0), (Uid(3), 32768)];
    assert_eq!(chain.weights(NETUID).await.unwrap(), [(Uid(0), row), (Uid(1), vec![(Uid(1), 65535)])]);
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    let updates: Vec<_> = snapshot.neurons.iter().map(|n| n.last_update.0).collect();
    assert_eq!(updates, [4, 4, 0, 0]);
}

async fn weights_are_checked_as_bittensor_checks_them(chain: &dyn LocalAdmin) {
    let set = async |weights: &[(u16, u16)]| {
        let weights: Vec<_> = weights.iter().map(|&(uid, weight)| (Uid(uid), weight)).collect();
        refusal(chain.set_weights(&key(0), NETUID, &weights).await).to_string()
    };
    assert_eq!(set(&[(0, 1), (1, 1), (2, 1), (3, 1), (3, 1)]).await, "5 weights for 4 neurons");
    assert_eq!(set(&[(1, 1), (2, 1), (1, 2)]).await, "uid 1 is given a weight twice");
    assert_eq!(
        set(&[(1, 1), (4, 1)]).await,
        "uid 4 does not exist: the subnet has 4 neurons, counted from 0"
    );
    assert_eq!(set(&[]).await, "the subnet wants weights for at least 1 neurons, these are 0");
    assert_eq!(chain.weights(NETUID).await.unwrap(), [], "a refused call changes nothing");
}

async fn weights_are_limited_in_rate(chain: &dyn LocalAdmin) {
    let set = async || chain.set_weights(&key(0), NETUID, &[(Uid(1), 1)]).await;
    set().await.unwrap();
    assert_eq!(refusal(set().await), Refusal::RateLimited { wait_blocks: RATE_LIMIT_BLOCKS });
    pass(chain, RATE_LIMIT_BLOCKS - 1).await;
    let refused = refusal(set().await);
    assert_eq!(refused.to_string(), "weights were set too recently: wait 1 more blocks");
    assert!(refused.may_pass_later());
    pass(chain, 1).await;
    set().await.unwrap();
}

async fn a_miner_may_weigh_itself_only(chain: &dyn LocalAdmin) {
    let refused = refusal(chain.set_weights(&key(2), NETUID, &[(Uid(1), 1)]).await);
    assert_eq!(refused.to_string(), "uid 2 has no validator permit, so it may set no weights but its own");
    let with_itself = chain.set_weights(&key(2), NETUID, &[(Uid(2), 1), (Uid(1), 0)]).await;
    assert_eq!(refusal(with_itself), Refusal::NoPermit { uid: Uid(2) });
    chain.set_weights(&key(2), NETUID, &[(Uid(2), 1)]).await.unwrap();
}

async fn strangers_are_refused(chain: &dyn LocalAdmin) {
    let (stranger, hotkey) = (key(50), key(50).hotkey());
    let refused = Refusal::NotRegistered { netuid: NETUID, hotkey };
    assert_eq!(refusal(chain.commit(&stranger, NETUID, b"x").await), refused);
    assert_eq!(refusal(chain.serve_axon(&stranger, NETUID, "127.0.0.2:9".parse().unwrap()).await), refused);
    assert_eq!(refusal(chain.set_weights(&stranger, NETUID, &[(Uid(0), 1)]).await), refused);
    assert_eq!(
        refused.to_string(),
        format!("the hotkey {hotkey} is not registered on subnet 7: register it first")
    );
}

async fn what_was_set_since_a_block_is_delivered_and_nothing_else_is(chain: &dyn LocalAdmin) {
    pass(chain, 4).await;
    let (validator, weights) = (key(0).hotkey(), [(Uid(1), 2), (Uid(2), 0), (Uid(3), 1)]);
    let delivered = async |since: u64, weights: &[(Uid, u16)]| {
        chain.delivered(&validator, NETUID, BlockNumber(since), weights).await.unwrap()
    };
    assert_eq!(delivered(0, &weights).await, Delivered::Not);
    chain.set_weights(&key(0), NETUID, &weights).await.unwrap();
    assert_eq!(delivered(4, &weights).await, Delivered::Set);
    assert_eq!(delivered(4, &[(Uid(3), 32_768), (Uid(1), 65_535)]).await, Delivered::Set);
    assert_eq!(delivered(5, &weights).await, Delivered::Not, "they are of an earlier round");
    assert_eq!(delivered(4, &[(Uid(1), 1), (Uid(3), 2)]).await, Delivered::Not, "others are set");
    pass(chain, RATE_LIMIT_BLOCKS).await;
    chain.set_weights(&key(0), NETUID, &[(Uid(2), 1)]).await.unwrap();
    assert_eq!(delivered(4, &weights).await, Delivered::Not, "others are set since");
    let stranger = key(50).hotkey();
    let of_stranger = chain.delivered(&stranger, NETUID, BlockNumber(0), &weights).await.unwrap();
    assert_eq!(of_stranger, Delivered::Not);
    let nowhere = chain.delivered(&validator, 8.into(), BlockNumber(0), &weights).await;
    assert_eq!(refusal(nowhere), Refusal::NoSubnet { netuid: 8.into() });
}

async fn calls_of_one_key_at_once_all_happen(chain: &dyn LocalAdmin) {
    let miner = key(1);
    let at = "127.0.0.2:8091".parse().unwrap();
    let done = tokio::join!(
        chain.serve_axon(&miner, NETUID, at),
        chain.commit(&miner, NETUID, b"a"),
        chain.commit(&miner, NETUID, b"b"),
        chain.commit(&miner, NETUID, b"c"),
        chain.set_weights(&miner, NETUID, &[(Uid(1), 1)]),
    );
    for done in [done.0, done.1, done.2, done.3, done.4] {
        done.unwrap();
    }
    assert_eq!(chain.snapshot(NETUID).await.unwrap().at(Uid(1)).unwrap().axon, Some(at));
    assert_eq!(chain.commitments(NETUID).await.unwrap().len(), 1);
    assert_eq!(chain.weights(NETUID).await.unwrap().len(), 1);
}

async fn a_newcomer_registers_once(chain: &dyn LocalAdmin) {
    let owner = key(200).hotkey();
    assert_eq!(chain.register(&key(10), NETUID, owner).await.unwrap(), Uid(4));
    let again = refusal(chain.register(&key(10), NETUID, owner).await);
    assert_eq!(again, Refusal::AlreadyRegistered { netuid: NETUID, hotkey: key(10).hotkey(), uid: Uid(4) });
    let refused = refusal(chain.register(&key(11), NETUID, owner).await);
    assert_eq!(refused, Refusal::TooManyRegistrations { netuid: NETUID, most: 1 });
    pass(chain, 1).await;
    assert_eq!(chain.register(&key(11), NETUID, owner).await.unwrap(), Uid(5));
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    let newcomer = snapshot.neuron(&key(10).hotkey()).unwrap();
    assert_eq!(
        (newcomer.coldkey, newcomer.stake_rao, newcomer.validator_permit),
        (owner, StakeRao(0), false)
    );
    chain.commit(&key(10), NETUID, b"here").await.unwrap();
}

async fn on_a_full_subnet_a_newcomer_takes_the_place_of_who_earns_least(chain: &dyn LocalAdmin) {
    let owner = key(200).hotkey();
    for byte in [10, 11] {
        chain.register(&key(byte), NETUID, owner).await.unwrap();
        pass(chain, 1).await;
    }
    chain.set_weights(&key(0), NETUID, &[(Uid(1), 9), (Uid(2), 1), (Uid(4), 5), (Uid(5), 5)]).await.unwrap();
    pass(chain, 58).await;
    let hotkey = key(3).hotkey();
    assert_eq!(chain.register(&key(12), NETUID, owner).await.unwrap(), Uid(3), "nobody weighed uid 3");
    let refused = refusal(chain.commit(&key(3), NETUID, b"x").await);
    assert_eq!(refused, Refusal::NotRegistered { netuid: NETUID, hotkey });
    assert_eq!(chain.snapshot(NETUID).await.unwrap().at(Uid(3)).unwrap().hotkey, key(12).hotkey());
}

async fn every_tempo_an_epoch_pays_by_weights_and_gives_permits_by_stake(chain: &dyn LocalAdmin) {
    let before = chain.subnet_figures(NETUID).await.unwrap();
    assert_eq!((before.netuid, before.epoch_block, before.neurons.len()), (NETUID, None, 4));
    pass(chain, 1).await;
    chain.set_weights(&key(0), NETUID, &[(Uid(2), 3), (Uid(3), 1)]).await.unwrap();
    pass(chain, 58).await;
    assert_eq!(chain.subnet_figures(NETUID).await.unwrap().epoch_block, None);
    pass(chain, 1).await;
    let figures = chain.subnet_figures(NETUID).await.unwrap();
    assert_eq!(figures.epoch_block, Some(BlockNumber(60)));
    let earned: Vec<_> = figures.neurons.iter().map(|neuron| neuron.earned).collect();
    // 60 blocks of 0.41 alpha, by thirds and one.
    assert!(earned[2].miner_rao.abs_diff(18_450_102_960) < 100_000, "{earned:?}");
    assert!(earned[3].miner_rao.abs_diff(6_150_034_320) < 100_000, "{earned:?}");
    assert!(earned[0].validator_rao.abs_diff(24_600_137_280) < 100_000, "{earned:?}");
    assert_eq!(earned[1].total_rao(), 0);
    let permits: Vec<_> =
        chain.snapshot(NETUID).await.unwrap().neurons.iter().map(|neuron| neuron.validator_permit).collect();
    assert_eq!(permits, [true; 4], "everyone has stake, and there are permits for 64");
}

async fn only_sudo_sets_stake_and_makes_blocks(chain: &dyn LocalAdmin) {
    let (miner, hotkey) = (key(1), key(1).hotkey());
    let not_sudo = Refusal::NotSudo { signer: hotkey };
    assert_eq!(refusal(chain.set_stake(&miner, NETUID, hotkey, StakeRao(9), true).await), not_sudo);
    assert_eq!(refusal(chain.advance_by(&miner, 1).await), not_sudo);
    assert_eq!(not_sudo.to_string(), format!("only the ledger's sudo key may do this, {hotkey} is not it"));

    chain.set_stake(&sudo(), NETUID, hotkey, StakeRao(9), true).await.unwrap();
    let snapshot = chain.snapshot(NETUID).await.unwrap();
    let neuron = snapshot.at(Uid(1)).unwrap();
    assert_eq!((neuron.stake_rao, neuron.validator_permit), (StakeRao(9), true));
    chain.set_weights(&miner, NETUID, &[(Uid(2), 1), (Uid(3), 1)]).await.unwrap();

    assert_eq!(chain.advance_by(&sudo(), 2).await.unwrap(), BlockNumber(2));
    let much = refusal(chain.advance_by(&sudo(), 60_001).await);
    let said = "a ledger advances by at most 60000 blocks at once, not by 60001";
    assert_eq!(much.to_string(), said, "a thousand epochs of 60 blocks");
    let stranger = key(50).hotkey();
    let unknown = refusal(chain.set_stake(&sudo(), NETUID, stranger, StakeRao(1), true).await);
    assert_eq!(unknown, Refusal::NotRegistered { netuid: NETUID, hotkey: stranger });
}

#[test]
fn a_chain_can_be_held_without_knowing_which_it_is() {
    let stage = Stage::in_process();
    let chain: std::sync::Arc<dyn Chain> = stage.chain;
    assert_eq!(chain.endpoint(), "in process");
}
