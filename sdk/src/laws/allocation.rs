//! Laws of allocation policies.

use std::collections::BTreeSet;

use super::plugin::configured;
use super::{ALLOCATION_LAWS, granted, law, neurons, unpanicked, waivers_are_of};
use crate::{AllocationPolicy, Draws, Neuron, Share, Space};

const CASES: u64 = 300;

/// Tests that shares stay within the cap, are multiples of the chunk size, name nobody twice and nobody
/// unknown; that the same input gives the same shares; that neither empty nor enormous input is a panic.
///
/// # Panics
/// Where a law is broken.
#[track_caller]
pub fn allocation_policy<P: AllocationPolicy>(config_json: &str) {
    let policy: P = configured(config_json);
    waivers_are_of::<P>(&ALLOCATION_LAWS);
    let mut draws = Draws::new("laws of allocation policies", &[]);
    for _ in 0..CASES {
        let neurons = neurons(&mut draws);
        let space = space(&mut draws);
        let case = (&space, &neurons);
        let shares = granted::<P, _>("allocate", &case, || policy.allocate(&space, &neurons));
        promises::<P>(&space, &neurons, &shares);
        let again = granted::<P, _>("allocate", &case, || policy.allocate(&space, &neurons));
        law::<P>("the same input gives the same shares", again == shares, || format!("{case:?}"));
    }
    let nothing = Space { available_bytes: 9, cap_bytes: 9, chunk_bytes: 0 };
    let refused =
        unpanicked::<P, _>("allocate", &nothing, || policy.allocate(&nothing, &neurons(&mut draws)));
    law::<P>("a chunk of zero bytes is refused", refused.is_err(), || format!("{refused:?}"));
}

fn space(draws: &mut Draws) -> Space {
    let chunk_bytes = [1, 100_000, 65_536, 1 << 30, u64::MAX][draws.below(5) as usize];
    let chunks = [0, 1, 7, 1000, 1 << 40][draws.below(5) as usize];
    let cap_bytes = chunk_bytes.saturating_mul(chunks).saturating_add(draws.below(chunk_bytes.min(1 << 20)));
    Space { available_bytes: cap_bytes.saturating_add(draws.below(1 << 30)), cap_bytes, chunk_bytes }
}

fn promises<P: AllocationPolicy>(space: &Space, neurons: &[Neuron], shares: &[Share]) {
    let case = || format!("{shares:?} of {space:?} among {neurons:?}");
    let sum: u128 = shares.iter().map(|share| u128::from(share.bytes)).sum();
    law::<P>("all shares together stay within the cap", sum <= u128::from(space.cap_bytes), case);
    let whole = shares.iter().all(|share| share.bytes % space.chunk_bytes == 0);
    law::<P>("a share is a whole number of chunks", whole, case);
    let named: BTreeSet<u16> = shares.iter().map(|share| share.uid).collect();
    law::<P>("nobody is named twice", named.len() == shares.len(), case);
    let known: BTreeSet<u16> = neurons.iter().map(|neuron| neuron.uid).collect();
    law::<P>("nobody unknown is named", named.is_subset(&known), case);
}
