//! A node that tells garbage wherever it is asked, in the middle of whole reads and writes.

use std::time::Duration;

use plimsoll_core::{BlockNumber, Uid};
use proptest::prelude::*;

use super::mock::{NETUID, key, stage_with};
use super::node::{Node, counting_epochs, prefix, without_timelock};
use super::vectors::runtime;
use crate::bittensor::Bittensor;
use crate::bittensor::runtime::{Runtime, account, number};
use crate::{Chain as _, ChainError};

const WEIGHTS: [(Uid, u16); 2] = [(Uid(1), 3), (Uid(2), 1)];

/// Every place that the client looks at, by the key of the value there.
fn places() -> Vec<Vec<u8>> {
    const OF_SUBNET: [&str; 16] = [
        "NetworksAdded",
        "SubnetworkN",
        "Tempo",
        "WeightsSetRateLimit",
        "ServingRateLimit",
        "MinAllowedWeights",
        "MaxWeightsLimit",
        "WeightsVersionKey",
        "CommitRevealWeightsEnabled",
        "RevealPeriodEpochs",
        "BlocksSinceLastStep",
        "ValidatorPermit",
        "LastUpdate",
        "Incentive",
        "SubnetEpochIndex",
        "LastEpochBlock",
    ];
    let hotkey = || account(&key(0).hotkey());
    let net = || number(NETUID.0);
    let mut all: Vec<_> = OF_SUBNET
        .iter()
        .map(|entry| match runtime().key("SubtensorModule", entry, vec![net()]) {
            Ok(key) => key,
            Err(_) => [prefix("SubtensorModule", entry), NETUID.0.to_le_bytes().to_vec()].concat(),
        })
        .collect();
    let parts = [
        ("SubtensorModule", "Keys", vec![net(), number(0u16)]),
        ("SubtensorModule", "Axons", vec![net(), hotkey()]),
        ("SubtensorModule", "Owner", vec![hotkey()]),
        ("SubtensorModule", "TotalHotkeyAlpha", vec![hotkey(), net()]),
        ("SubtensorModule", "Weights", vec![net(), number(0u16)]),
        ("SubtensorModule", "WeightCommits", vec![net(), hotkey()]),
        ("SubtensorModule", "TimelockedWeightCommits", vec![net(), number(0u64)]),
        ("SubtensorModule", "CommitRevealWeightsVersion", vec![]),
        ("SubtensorModule", "StakeThreshold", vec![]),
        ("Commitments", "CommitmentOf", vec![net(), hotkey()]),
        ("Commitments", "RevealedCommitments", vec![net(), hotkey()]),
        ("System", "Number", vec![]),
        ("Timestamp", "Now", vec![]),
    ];
    all.extend(parts.map(|(pallet, entry, parts)| runtime().key(pallet, entry, parts).unwrap()));
    all
}

/// Calls into the runtime that the client makes.
const CALLS: [&str; 5] = [
    "SubnetInfoRuntimeApi_get_selective_metagraph",
    "SubnetInfoRuntimeApi_get_all_dynamic_info",
    "Metadata_metadata_versions",
    "Metadata_metadata_at_version",
    "Metadata_metadata",
];

/// An answer, or an error of the kinds that there are for bad answers: never a panic, never another kind.
fn is_told<T>(done: Result<T, ChainError>) -> bool {
    match done {
        Ok(_) => true,
        Err(error) => matches!(
            error,
            ChainError::BadAnswer { .. }
                | ChainError::TakenBack { .. }
                | ChainError::NoAnswer { .. }
                | ChainError::Refused(_)
                | ChainError::Timelock { .. }
                | ChainError::NoNode { .. }
        ),
    }
}

async fn all_is_asked(chain: &Bittensor) -> bool {
    let hotkey = key(0).hotkey();
    is_told(chain.snapshot_with_commitments(NETUID).await)
        & is_told(chain.weights(NETUID).await)
        & is_told(chain.subnets().await)
        & is_told(chain.revealed_commitments(NETUID).await)
        & is_told(chain.delivered(&hotkey, NETUID, BlockNumber(0), &WEIGHTS).await)
        & is_told(chain.set_weights(&key(0), NETUID, &WEIGHTS).await)
        & is_told(chain.tend(&key(0), NETUID).await)
}

/// What the node's runtime is like: whether it has calls, hides weights, and how.
fn prepare(node: &Node, kind: u8) {
    node.ledger.advance(3);
    let mut inner = node.inner();
    inner.version.has_apis = kind & 1 == 0;
    inner.commit_reveal = kind >= 2;
    match kind / 2 {
        2 => inner.version.metadata = without_timelock().into(),
        3 => {
            inner.version.metadata = counting_epochs().into();
            inner.version.counts_epochs = true;
        }
        _ => {}
    }
}

fn run(kind: u8, spoil: impl FnOnce(&Node)) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (chain, node) = stage_with(|options| {
            options.reveals = Some(folder.path().to_owned());
            options.finality_timeout = Duration::from_millis(50);
            options.reach_timeout = Duration::from_millis(50);
        });
        prepare(&node, kind);
        chain.head().await.unwrap();
        if kind >= 4 {
            // A commit waits.
            chain.set_weights(&key(0), NETUID, &WEIGHTS).await.unwrap();
        }
        spoil(&node);
        all_is_asked(&chain).await
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn garbage_in_any_value_is_told_by_every_read_and_write(
        place in any::<prop::sample::Index>(),
        garbage in proptest::collection::vec(any::<u8>(), 0..60),
        kind in 0u8..8,
    ) {
        let places = places();
        let at = places[place.index(places.len())].clone();
        let told = run(kind, |node| drop(node.inner().overlay.insert(at, garbage)));
        prop_assert!(told);
    }

    #[test]
    fn garbage_from_any_call_is_told_by_every_read_and_write(
        call in prop::sample::select(&CALLS[..]),
        garbage in proptest::collection::vec(any::<u8>(), 0..60),
        upgraded: bool,
    ) {
        let told = run(0, |node| {
            let mut inner = node.inner();
            inner.canned.insert(call.into(), garbage);
            inner.version.spec += u32::from(upgraded);
        });
        prop_assert!(told);
    }

    #[test]
    fn garbage_in_place_of_metadata_is_an_error(
        garbage in proptest::collection::vec(any::<u8>(), 0..200),
        has_magic: bool,
    ) {
        let magic: &[u8] = if has_magic { b"meta\x10" } else { b"" };
        prop_assert!(Runtime::new(1, 1, &Default::default(), &[magic, &garbage].concat()).is_err());
    }
}
