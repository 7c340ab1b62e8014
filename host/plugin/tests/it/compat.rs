//! Components of contract 0.1.0, built once and never again: every host of 0.1.x loads them and runs them.

use std::path::Path;
use std::sync::Arc;

use plimsoll_core::{
    Answer, BlockNumber, CheckedRow, DatasetPlace, Decoded, Digest, NotMine, Share, Span, Statement, Uid,
    Verdict,
};
use plimsoll_plugin::{Kind, MemorySpace, PluginRef};
use serde_json::json;

use crate::samples::{budget, candidates, host, identity, neurons, round, space, standings};

/// Pinned, so that nobody builds them anew unawares: then they would no longer be old.
const PINS: [(Kind, &str); 5] = [
    (Kind::Allocation, "6b1edde1f832e3a971f41b9be8173e8d865738778bc85107aef902537da8e169"),
    (Kind::Challenge, "12099f13a839aecbc50b709c8e97dbe818f08e866f352e77bca34d81176f40a6"),
    (Kind::Proof, "060dbe45691d3fe58a5e486a3605b936995068bc9512146b09cdf20709369a0b"),
    (Kind::Incentive, "a09aafa6feb83a79893b219d8368af8d4c82b73c8a4f9199bf630f1cbee6de93"),
    (Kind::Dataset, "d2b459fc0f2f3b8955096b9ef4b758217d4510d11bd72f28226d99f06e54bce2"),
];

fn fixture(kind: Kind) -> PluginRef {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/compat-0.1.0");
    let bytes = std::fs::read(folder.join(format!("{kind}.wasm"))).unwrap();
    let pin = PINS.iter().find(|(of, _)| *of == kind).unwrap().1;
    PluginRef::new(format!("{kind}.wasm"), bytes).pinned(pin.parse().unwrap())
}

#[test]
fn plugins_of_every_kind_that_were_built_for_0_1_0_load_under_their_pins() {
    for (kind, pin) in PINS {
        let seen = host().inspect(&fixture(kind)).unwrap();
        assert_eq!((seen.kind, &*seen.contract_version), (kind, "0.1.0"));
        assert_eq!(seen.digest.to_string(), pin);
        assert_eq!(seen.descriptor.name, "my-plugin");
    }
}

#[test]
fn an_old_allocation_policy_divides() {
    let policy = host().load_allocation(&fixture(Kind::Allocation), &json!({"least_stake_tao": 1})).unwrap();
    let shares = policy.instance().unwrap().allocate(&space(), &neurons(6)).unwrap();
    // Uids 0, 2 and 4 have a permit, and 0 is the miner's own.
    assert_eq!(shares, [2, 4].map(|uid| Share { uid: Uid(uid), bytes: 500 }));
}

#[test]
fn an_old_challenge_strategy_chooses() {
    let strategy = host().load_challenge(&fixture(Kind::Challenge), &json!({"spread_ms": 0})).unwrap();
    let audits = strategy.instance().unwrap().choose(&round(), &Digest([1; 32]), &candidates(3), &budget());
    let audits = audits.unwrap();
    assert_eq!(audits.len(), 2);
    assert!(audits.iter().all(|audit| (audit.samples, audit.deadline_ms, audit.focus) == (8, 5_000, None)));
}

#[test]
fn an_old_proof_scheme_fills_draws_proves_and_verifies() {
    let scheme = host().load_scheme(&fixture(Kind::Proof), &json!({"unit_bytes": 4_096})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let layout = instance.plan(&identity(), 100_000).unwrap();
    assert_eq!((layout.unit_bytes, layout.units, layout.region_bytes), (4_096, 24, 98_304));
    let plot = Arc::new(MemorySpace::new(98_304));
    instance.fill(plot.clone(), &identity(), 0, Span { first: 0, count: 24 }).unwrap();
    let region = "4fc984f0fa76d71ec1a3a45a4f5da1ba521b206c50175ca1d932ae620ddc9c78";
    assert_eq!(Digest::of(&plot.to_vec()).to_string(), region, "another plot than it filled at its time");
    assert_eq!(instance.commit(plot.clone(), &identity(), &layout), Ok(None));
    let statement = Statement { identity: identity(), unit_bytes: 4_096, units: 24, commitment: None };
    let challenge = instance.draw(&statement, &Digest([9; 32]), 3, None).unwrap();
    let Answer::Proof(mut proof) = instance.prove(plot, &statement, &challenge).unwrap() else {
        panic!("a stream has no lottery")
    };
    assert_eq!(instance.verify(&statement, &challenge, &proof), Ok(Verdict::Valid));
    proof[40] ^= 1;
    assert!(matches!(instance.verify(&statement, &challenge, &proof), Ok(Verdict::Invalid(_))));
}

#[test]
fn an_old_incentive_rule_weighs() {
    let rule = host().load_incentive(&fixture(Kind::Incentive), &json!({})).unwrap();
    let mut standings = standings(3);
    (standings[1].issued, standings[1].passed, standings[1].failed) = (4, 3, 1);
    let outcome = rule.instance().unwrap().weigh(&round(), &standings, b"").unwrap();
    let weights: Vec<_> = outcome.weights.iter().map(|weight| (weight.uid, weight.value)).collect();
    assert_eq!(weights, [(Uid(0), 1 << 20), (Uid(1), 0), (Uid(2), 1 << 20)]);
    assert_eq!(outcome.memory, b"");
}

#[test]
fn an_old_dataset_source_reads_commitments_and_rows() {
    let source = host().load_dataset_source(&fixture(Kind::Dataset), &json!({"shared_rows": 9})).unwrap();
    let mut instance = source.instance().unwrap();
    let place = DatasetPlace {
        namespace: "orca/rows".into(),
        revision: "main".into(),
        pinned: false,
        competition: String::new(),
        path: "data.txt".into(),
    };
    assert_eq!(instance.decode(b"orca/rows@main", BlockNumber(7)).unwrap(), Decoded::Dataset(place));
    assert_eq!(instance.decode(b"orca", BlockNumber(7)).unwrap(), Decoded::NotMine(NotMine::Foreign));
    let rows = instance.check_rows(&[b"a", b"", b"\xff"], "").unwrap();
    // BLAKE3 of "a", cut.
    let a = 0x1776_2fdd_d969_a453_925d_6571_7ac3_eea2_u128.to_be_bytes();
    assert_eq!(rows[0], CheckedRow::Valid(a));
    assert!(matches!(&rows[1], CheckedRow::Flawed(_, finding) if finding.name == "empty"));
    assert!(matches!(&rows[2], CheckedRow::Invalid(finding) if finding.name == "no-utf8"));
    assert_eq!(instance.competition("").unwrap().map(|limits| limits.shared_rows), Some(9));
}
