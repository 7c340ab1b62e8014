//! The figures of the shipped schemes say of units what is so.

use std::sync::Arc;

use plimsoll_core::{Answer, Digest, Hotkey, Identity, NetUid, Span, Statement, Verdict};
use plimsoll_lab::simulate::{Audits, SchemeFigures, prepare};
use plimsoll_plugin::{MemorySpace, PluginRef, SchemeInstance};
use serde_json::{Value, json};

use crate::lab::{HOST, group, run, scenario};

const BYTES: u64 = 512 << 10;

fn identity(owner: u8) -> Identity {
    Identity { netuid: NetUid(7), owner: Hotkey([owner; 32]), validator: Hotkey([9; 32]) }
}

/// One miner's plot, and its commitment under another's name.
fn borrowed(instance: &mut SchemeInstance) -> (Arc<MemorySpace>, Statement) {
    let (owner, borrower) = (identity(1), identity(2));
    let layout = instance.plan(&owner, BYTES).unwrap();
    let plot = Arc::new(MemorySpace::new(layout.region_bytes as usize));
    for (pass, of) in (0..).zip(&layout.passes) {
        instance.fill(plot.clone(), &owner, pass, Span { first: 0, count: of.units }).unwrap();
    }
    let commitment = instance.commit(plot.clone(), &owner, &layout).unwrap();
    (plot, Statement { identity: borrower, unit_bytes: layout.unit_bytes, units: layout.units, commitment })
}

/// Whether somebody else's plot passes for one's own.
fn one_copy_answers(name: &str, params: &Value) -> bool {
    let shipped = plimsoll_bundle::find(name).unwrap();
    let scheme = HOST.load_scheme(&PluginRef::new(name, shipped.component), params).unwrap();
    let mut instance = scheme.instance().unwrap();
    let (plot, statement) = borrowed(&mut instance);
    let (_, challenge) = instance.draw_at_most(&statement, &Digest([5; 32]), 20, None).unwrap();
    match instance.prove(plot, &statement, &challenge) {
        Ok(Answer::Proof(proof)) => {
            instance.verify(&statement, &challenge, &proof).unwrap() == Verdict::Valid
        }
        Ok(Answer::NotEligible) | Err(_) => false,
    }
}

#[test]
fn one_copy_answers_for_others_exactly_where_the_figures_say_so() {
    let small = json!({ "sector_bytes": 65_536 });
    for (name, params) in [
        ("proof-stream", json!({})),
        ("proof-merkle", json!({})),
        ("proof-compact", json!({})),
        ("proof-seqpack", json!({})),
        ("proof-sdr", small),
    ] {
        let bound = SchemeFigures::shipped(name, &json!({})).unwrap().identity_bound;
        assert_eq!(one_copy_answers(name, &params), !bound, "{name}");
    }
}

/// As many as the scheme itself would draw of a plot of so many units.
fn drawn_at_most(name: &str, units: u64) -> u32 {
    let shipped = plimsoll_bundle::find(name).unwrap();
    let scheme = HOST.load_scheme(&PluginRef::new(name, shipped.component), &json!({})).unwrap();
    let mut instance = scheme.instance().unwrap();
    let unit_bytes = SchemeFigures::shipped(name, &json!({})).unwrap().unit_bytes as u32;
    let statement = Statement { identity: identity(1), unit_bytes, units, commitment: Some(Digest([4; 32])) };
    instance.draw_at_most(&statement, &Digest([5; 32]), 1 << 10, None).unwrap().0
}

#[test]
fn as_many_samples_are_drawn_as_the_schemes_themselves_would_draw() {
    for name in [
        "proof-stream",
        "proof-merkle",
        "proof-compact",
        "proof-seqpack",
        "proof-seed-v1",
        "proof-scrypt",
        "proof-sdr",
    ] {
        let figures = SchemeFigures::shipped(name, &json!({})).unwrap();
        let ratio = |bytes: u64| {
            f64::from(figures.most_samples) / f64::from(drawn_at_most(name, bytes / figures.unit_bytes))
        };
        let (small, large) = (ratio(1 << 30), ratio(1 << 40));
        assert!((0.75..1.45).contains(&large) && (0.5..1.45).contains(&small), "{name}: {small} and {large}");
        assert!(figures.most_samples >= 20, "as many as were measured");
    }
}

/// Units of a small plot, and bytes a unit for what the scheme keeps behind them.
const SMALL: [(&str, u64, u64); 7] = [
    ("proof-stream", 8, 0),
    ("proof-merkle", 64, 0),
    ("proof-compact", 64, 200),
    ("proof-seqpack", 4, 0),
    ("proof-seed-v1", 8, 64),
    ("proof-scrypt", 16, 0),
    ("proof-chia", 1, 65_536),
];

#[test]
fn an_honest_miner_passes_real_audits_as_often_as_the_figures_say_of_every_scheme() {
    for (name, units, behind_bytes) in SMALL {
        let figures = SchemeFigures::shipped(name, &json!({})).unwrap();
        assert_eq!(figures.not_eligible_fraction, 0.0, "{name}: else some of these would be absent");
        let bytes = units * (figures.unit_bytes + behind_bytes);
        let more = format!(
            "fidelity = \"exact\"\nplugins.allocation = \"allocation-permit\"\n[[validators]]\nname = \"v\"\n\
             [[miners]]\nname = \"honest\"\ncount = 2\nbytes = {bytes}\n"
        );
        let mut scenario = scenario(&more);
        (scenario.epochs, scenario.plugins.scheme) = (3, name.into());
        let run = run(&prepare(scenario, &HOST, figures).unwrap(), 2);
        assert_eq!(run.faults, [], "{name}");
        assert_eq!(group(&run, "honest").audits, Audits { passed: 6, ..Audits::default() }, "{name}");
    }
}
