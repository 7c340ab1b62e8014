//! The five worlds, told apart by their exported interface.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::Kind;
use crate::bindings::allocation::exports::plimsoll::plugin::allocation_policy;
use crate::bindings::challenge::exports::plimsoll::plugin::challenge_strategy;
use crate::bindings::dataset::exports::plimsoll::plugin::dataset_source;
use crate::bindings::imports::plimsoll::plugin::types::Round;
use crate::bindings::incentive::exports::plimsoll::plugin::incentive_rule;
use crate::bindings::proof::exports::plimsoll::plugin::proof_scheme;
use crate::state::State;

/// The exported interface of one kind.
pub(crate) trait World: Send + Sync + 'static {
    /// Which kind.
    const KIND: Kind;
    /// Where its functions are in a component: looked up once.
    type Indices: Send + Sync;
    /// Its functions in one instance.
    type Exports: Send + Sync;

    fn indices(pre: &InstancePre<State>) -> wasmtime::Result<Self::Indices>;
    fn load(
        indices: &Self::Indices,
        store: &mut Store<State>,
        instance: &Instance,
    ) -> wasmtime::Result<Self::Exports>;
    /// The smallest question there is; the answer does not matter. For measuring what a call costs.
    fn ping(exports: &Self::Exports, store: &mut Store<State>) -> wasmtime::Result<()>;
}

macro_rules! world {
    ($(#[$doc:meta])* $name:ident, $interface:ident, $ping:expr) => {
        $(#[$doc])*
        pub(crate) enum $name {}

        impl World for $name {
            const KIND: Kind = Kind::$name;
            type Indices = $interface::GuestIndices;
            type Exports = $interface::Guest;

            fn indices(pre: &InstancePre<State>) -> wasmtime::Result<Self::Indices> {
                $interface::GuestIndices::new(pre)
            }

            fn load(
                indices: &Self::Indices,
                store: &mut Store<State>,
                instance: &Instance,
            ) -> wasmtime::Result<Self::Exports> {
                indices.load(store, instance)
            }

            fn ping(exports: &Self::Exports, store: &mut Store<State>) -> wasmtime::Result<()> {
                $ping(exports, store)
            }
        }
    };
}

world! {
    /// `allocation-policy`.
    Allocation, allocation_policy, |policy: &allocation_policy::Guest, store: &mut Store<State>| {
        let space = allocation_policy::Space { available_bytes: 0, cap_bytes: 0, chunk_bytes: 1 };
        policy.call_allocate(store, space, &[]).map(drop)
    }
}
world! {
    /// `challenge-strategy`.
    Challenge, challenge_strategy, |strategy: &challenge_strategy::Guest, store: &mut Store<State>| {
        let budget = challenge_strategy::Budget { audits: 0, samples: 1, verify_ms: 0, deadline_ms: 1 };
        strategy.call_choose(store, &first_round(), &vec![0; 32], &[], budget).map(drop)
    }
}
world! {
    /// `proof-scheme`.
    Proof, proof_scheme, |scheme: &proof_scheme::Guest, store: &mut Store<State>| {
        scheme.call_proves(store).map(drop)
    }
}
world! {
    /// `incentive-rule`.
    Incentive, incentive_rule, |rule: &incentive_rule::Guest, store: &mut Store<State>| {
        rule.call_weigh(store, &first_round(), &[], &[]).map(drop)
    }
}

world! {
    /// `dataset-source`.
    Dataset, dataset_source, |source: &dataset_source::Guest, store: &mut Store<State>| {
        source.call_competition(store, "").map(drop)
    }
}

fn first_round() -> Round {
    Round { epoch: 0, block: 0, beacon: vec![0; 32] }
}
