//! Answers that a contract forbids.

use plimsoll_core::{Audit, Digest, Span, Uid};
use plimsoll_plugin::{Kind, PROOF_BYTES};
use serde_json::json;

use crate::guests::{Guest, words};
use crate::samples::{
    budget, candidates, host, identity, neurons, plugin, round, scheme, sentence, space, standings, statement,
};

fn allocating(shares: &[(u16, u64)]) -> String {
    let mut guest = Guest::of(Kind::Allocation);
    let bytes: Vec<u8> = shares
        .iter()
        .flat_map(|(uid, bytes)| [words(&[u32::from(*uid), 0]), bytes.to_le_bytes().to_vec()].concat())
        .collect();
    let (at, _) = guest.text(&bytes);
    let guest = guest.answer("allocate", &words(&[0, at, shares.len() as u32]));
    let policy = host().load_allocation(&plugin(guest.build()), &json!({})).unwrap();
    let result = policy.instance().unwrap().allocate(&space(), &neurons(4));
    result.map_or_else(|error| error.to_string(), |shares| format!("{} shares", shares.len()))
}

#[test]
fn shares_keep_to_cap_chunks_and_uids() {
    insta::assert_snapshot!(allocating(&[(0, 500), (1, 500)]), @"2 shares");
    insta::assert_snapshot!(allocating(&[(0, 600), (1, 500)]), @"plugin `sample.wasm` breaks its contract in `allocate`: the shares take 1100 bytes, the cap is 1000 bytes");
    insta::assert_snapshot!(allocating(&[(0, u64::MAX - 15), (1, u64::MAX - 15)]), @"plugin `sample.wasm` breaks its contract in `allocate`: the shares take 18446744073709551615 bytes, the cap is 1000 bytes");
    insta::assert_snapshot!(allocating(&[(0, 150)]), @"plugin `sample.wasm` breaks its contract in `allocate`: the share of uid 0 is 150 bytes, no multiple of the chunk size of 100 bytes");
    insta::assert_snapshot!(allocating(&[(2, 100), (2, 100)]), @"plugin `sample.wasm` breaks its contract in `allocate`: two shares for uid 2");
    insta::assert_snapshot!(allocating(&[(9, 100)]), @"plugin `sample.wasm` breaks its contract in `allocate`: a share for uid 9, which is not in the subnet");
}

fn audit(uid: u16, samples: u32, focus: Option<(u64, u64)>, deadline_ms: u32) -> Audit {
    let focus = focus.map(|(first, count)| Span { first, count });
    Audit { uid: Uid(uid), samples, focus, start_ms: 0, deadline_ms }
}

fn choosing(audits: &[Audit]) -> String {
    let mut guest = Guest::of(Kind::Challenge);
    let mut bytes = Vec::new();
    for audit in audits {
        bytes.extend(words(&[u32::from(audit.uid.0), audit.samples, u32::from(audit.focus.is_some()), 0]));
        let focus = audit.focus.unwrap_or(Span { first: 0, count: 0 });
        bytes.extend(focus.first.to_le_bytes());
        bytes.extend(focus.count.to_le_bytes());
        bytes.extend(words(&[0, audit.deadline_ms]));
    }
    let (at, _) = guest.text(&bytes);
    let guest = guest.answer("choose", &words(&[0, at, audits.len() as u32]));
    let strategy = host().load_challenge(&plugin(guest.build()), &json!({})).unwrap();
    let result = strategy.instance().unwrap().choose(&round(), &Digest([1; 32]), &candidates(3), &budget());
    result.map_or_else(|error| error.to_string(), |audits| format!("{audits:?}"))
}

#[test]
fn audits_keep_to_the_budget_and_to_what_is_there() {
    insta::assert_snapshot!(choosing(&[audit(2, 8, Some((4, 12)), 5_000)]), @"[Audit { uid: Uid(2), samples: 8, focus: Some(Span { first: 4, count: 12 }), start_ms: 0, deadline_ms: 5000 }]");
    insta::assert_snapshot!(choosing(&[audit(0, 1, None, 1), audit(1, 1, None, 1), audit(2, 1, None, 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: 3 audits, the budget is 2");
    insta::assert_snapshot!(choosing(&[audit(3, 1, None, 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 3, which is no candidate");
    insta::assert_snapshot!(choosing(&[audit(0, 0, None, 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 0 with 0 samples, 1 to 8 are possible");
    insta::assert_snapshot!(choosing(&[audit(0, 9, None, 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 0 with 9 samples, 1 to 8 are possible");
    insta::assert_snapshot!(choosing(&[audit(0, 1, None, 5_001)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 0 with a deadline of 5001 ms, 1 to 5000 ms are possible");
    insta::assert_snapshot!(choosing(&[audit(0, 1, Some((10, 7)), 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 0 with its focus on 7 units from unit 10, it has 16 units");
    insta::assert_snapshot!(choosing(&[audit(0, 1, Some((u64::MAX, 2)), 1)]), @"plugin `sample.wasm` breaks its contract in `choose`: an audit of uid 0 with its focus on 2 units from unit 18446744073709551615, it has 16 units");
}

fn weighing(weights: &[(u16, u64)], memory_bytes: u32) -> String {
    let mut guest = Guest::of(Kind::Incentive).memory_pages(40);
    let (reason, len) = guest.text("because \u{202e}esuaceb".as_bytes());
    let mut bytes = Vec::new();
    for (uid, value) in weights {
        bytes.extend(words(&[u32::from(*uid), 0]));
        bytes.extend(value.to_le_bytes());
        bytes.extend(words(&[reason, len]));
    }
    let (at, _) = guest.text(&bytes);
    let guest = guest.answer("weigh", &words(&[0, at, weights.len() as u32, 0, memory_bytes]));
    let rule = host().load_incentive(&plugin(guest.build()), &json!({})).unwrap();
    let result = rule.instance().unwrap().weigh(&round(), &standings(3), &[]);
    result.map_or_else(|error| error.to_string(), |outcome| format!("{:?}", outcome.weights))
}

#[test]
fn weights_keep_to_standings_and_their_memory_to_its_size() {
    insta::assert_snapshot!(weighing(&[(1, 7)], 1 << 20), @r#"[Weight { uid: Uid(1), value: 7, reason: "because \\u{202e}esuaceb" }]"#);
    insta::assert_snapshot!(weighing(&[(1, 7), (1, 8)], 0), @"plugin `sample.wasm` breaks its contract in `weigh`: two weights for uid 1");
    insta::assert_snapshot!(weighing(&[(3, 7)], 0), @"plugin `sample.wasm` breaks its contract in `weigh`: a weight for uid 3, which has no standing");
    insta::assert_snapshot!(weighing(&[], (1 << 20) + 1), @"plugin `sample.wasm` breaks its contract in `weigh`: the memory has 1048577 bytes, at most 1048576");
}

#[test]
fn a_plan_fits_or_is_no_plan() {
    let plan = |unit_bytes: u32, units: u64, region_bytes: u64| {
        let mut guest = Guest::of(Kind::Proof);
        let (name, len) = guest.text(b"fill");
        let mut pass = words(&[name, len]);
        pass.extend(units.to_le_bytes());
        pass.extend(words(&[0, 0]));
        let (passes, _) = guest.text(&pass);
        let mut answer = words(&[0, 0, unit_bytes, 0]);
        answer.extend(units.to_le_bytes());
        answer.extend(region_bytes.to_le_bytes());
        answer.extend(0u64.to_le_bytes());
        answer.extend(words(&[passes, 1]));
        let result = scheme(guest.answer("plan", &answer).build()).plan(&identity(), 1_000);
        result.map_or_else(|error| error.to_string(), |layout| format!("{layout:?}"))
    };
    insta::assert_snapshot!(plan(100, 10, 1_000), @r#"Layout { unit_bytes: 100, units: 10, region_bytes: 1000, memory_bytes: 0, passes: [Pass { name: "fill", units: 10, order: Independent }] }"#);
    insta::assert_snapshot!(plan(100, 11, 1_100), @"plugin `sample.wasm` breaks its contract in `plan`: the plan takes 1100 bytes, only 1000 were offered");
    insta::assert_snapshot!(plan(100, 11, 1_000), @"plugin `sample.wasm` breaks its contract in `plan`: the plan says 11 units of 100 bytes in a region of 1000 bytes");
    insta::assert_snapshot!(plan(100, 0, 0), @"plugin `sample.wasm` breaks its contract in `plan`: the plan has no unit: 1000 bytes hold none of 100 bytes");
}

#[test]
fn what_crosses_the_wire_stays_small() {
    let long = Guest::of(Kind::Proof).answer("draw", &words(&[0, 0, PROOF_BYTES as u32 + 1]));
    let result = scheme(long.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` breaks its contract in `draw`: the challenge has 65537 bytes, at most 65536");
    let long = Guest::of(Kind::Proof).answer("prove", &words(&[0, 0, 0, PROOF_BYTES as u32 + 1]));
    let region = std::sync::Arc::new(plimsoll_plugin::MemorySpace::new(1 << 20));
    let result = scheme(long.build()).prove(region.clone(), &statement(), b"");
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` breaks its contract in `prove`: the proof has 65537 bytes, at most 65536");
    let short = Guest::of(Kind::Proof).answer("commit", &words(&[0, 1, 0, 31]));
    let layout = plimsoll_core::Layout {
        unit_bytes: 65_536,
        units: 16,
        region_bytes: 1 << 20,
        memory_bytes: 0,
        passes: Vec::new(),
    };
    let result = scheme(short.build()).commit(region, &identity(), &layout);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` breaks its contract in `commit`: a commitment of 31 bytes, not 32");
}

#[test]
fn a_long_reason_is_cut_and_changes_no_verdict() {
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(&[b'x'; 2_000]);
    let guest = guest.answer("verify", &words(&[0, 1, at, len]));
    let verdict = scheme(guest.build()).verify(&statement(), b"", b"").unwrap();
    assert_eq!(verdict, plimsoll_core::Verdict::Invalid("x".repeat(512) + "…"));
}

#[test]
fn a_refusal_is_the_plugins_answer() {
    let mut guest = Guest::of(Kind::Proof);
    let (at, len) = guest.text(b"only units of 100 KiB");
    let guest = guest.answer("draw", &words(&[1, 2, at, len]));
    let result = scheme(guest.build()).draw(&statement(), &Digest([9; 32]), 4, None);
    insta::assert_snapshot!(sentence(result), @"plugin `sample.wasm` could not draw: unsupported: only units of 100 KiB");
}
